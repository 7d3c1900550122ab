"""The life of an application: what happens before the first request and after the last one.

An ASGI server tells both moments (``asgi/_lifespan``). Under WSGI the first request is the
beginning, and the end of the process is the end.
"""

from __future__ import annotations

import atexit
import threading
import time
import typing as t
import weakref
from collections.abc import Callable, Iterable
from contextvars import ContextVar, copy_context
from functools import partial

from .._core.awaitables import wait_if_awaitable
from .._core.current import _cv_app, _cv_request, get_request_context
from .._core.threads import background
from .._http.streaming import iterate_sync
from ..ctx import RequestContext
from ..typing import AnyApp
from .scaffold import setupmethod
from .serving import ServingApp

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Function = t.TypeVar("Function", bound=Callable[..., t.Any])

is_beginning: ContextVar[bool] = ContextVar("flask.is_beginning", default=False)
"""Whether this is the beginning itself: a request that is made in it does not wait for its end."""


class LivingApp(ServingApp):
    """An application that is told when serving begins and ends."""

    before_serving_funcs: list[Callable[[], t.Any]]
    """Called before the first request, in order of registration."""
    after_serving_funcs: list[Callable[[], t.Any]]
    """Called after the last request, in order of registration."""
    while_serving_gens: list[Callable[[], t.Any]]
    """Each makes a generator whose first half runs before the first request."""

    _at_loop_end: tuple[object, t.Any] | None = None
    """What runs shutdown at the end of the startup's loop, if nothing else does; and its key."""
    _awaits_start: bool = True
    """Whether serving has not begun yet."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self.before_serving_funcs = []
        self.after_serving_funcs = []
        self.while_serving_gens = []
        self._halves_left: list[t.Any] = []
        self._life_lock = threading.RLock()
        self._background: set[BackgroundTask] = set()
        self._background_is_idle = threading.Condition()
        self._ends_at_exit = False

    # Registers -----------------------------------------------------------------------------------

    @setupmethod
    def before_serving(self, f: Function) -> Function:
        """Call a function once, before the first request.

        The application is current then. Under ASGI it runs on the server's loop.
        """
        self.before_serving_funcs.append(f)
        return f

    @setupmethod
    def after_serving(self, f: Function) -> Function:
        """Call a function once, after the last request."""
        self.after_serving_funcs.append(f)
        return f

    @setupmethod
    def while_serving(self, f: Function) -> Function:
        """Run a generator around serving.

        What stands before its ``yield`` runs before the first request, what stands behind it
        after the last one. It may be ``async``.
        """
        self.while_serving_gens.append(f)
        return f

    # Beginning and end ---------------------------------------------------------------------------

    def _begin_serving(self) -> bool:
        """Run the startup functions before the first request, once.

        :returns: whether they ran in this call.
        """
        if not self._awaits_start or is_beginning.get():
            return False
        with self._life_lock:
            if not self._awaits_start:
                return False
            token = is_beginning.set(True)
            try:
                self._begin()
            except BaseException:
                self._end_halves()
                raise
            finally:
                is_beginning.reset(token)
            self._awaits_start = False
            return True

    def _begin(self) -> None:
        for function in self.before_serving_funcs:
            with self.app_context():
                wait_if_awaitable(self.ensure_sync(function)())
        for make in self.while_serving_gens:
            with self.app_context():
                half = iterate_sync(make())
                next(half)
                self._halves_left.append(half)

    def _end_serving(self) -> None:
        """Do what is to be done after the last request; the first error is raised at the end."""
        with self._life_lock:
            if self._awaits_start:
                return
            self._awaits_start = True
            self._at_loop_end = None
            failures = self._end_halves()
            for function in self.after_serving_funcs:
                try:
                    with self.app_context():
                        wait_if_awaitable(self.ensure_sync(function)())
                except Exception as error:
                    failures.append(error)
        if failures:
            try:
                raise failures[0]
            finally:
                failures.clear()  # their tracebacks hold this frame

    def _end_halves(self) -> list[Exception]:
        """Run the second halves of the ``while_serving`` generators, the newest first."""
        failures: list[Exception] = []
        while self._halves_left:
            half = self._halves_left.pop()
            try:
                with self.app_context():
                    if next(half, _END) is not _END:
                        raise RuntimeError(
                            f"A 'while_serving' generator yielded more than once: {half!r}."
                        )
            except Exception as error:
                failures.append(error)
        return failures

    def _meet_first_request(self) -> None:
        """Begin serving, if no ASGI server has; the end of the process ends it then."""
        if is_beginning.get():
            return  # others shall wait until that is done
        if self._awaits_start:
            self._begin_serving()
            if self.after_serving_funcs or self.while_serving_gens:
                self._end_at_exit()
        self._got_first_request = True

    def _end_at_exit(self) -> None:
        """Let the process's end be the end of serving."""
        if not self._ends_at_exit:
            self._ends_at_exit = True
            atexit.register(_end_of, weakref.ref(self))

    # Work after the response ---------------------------------------------------------------------

    def add_background_task(
        self, func: Callable[..., t.Any], *args: t.Any, **kwargs: t.Any
    ) -> None:
        """Call a function after the response; the client does not wait for it.

        The context is copied: the function sees the request, the application and every context
        variable as they are now, with a ``g`` of its own. Outside a request it starts at once. A
        coroutine function runs on the server's loop, a plain one in a thread. What it raises is
        logged. When serving ends, tasks have ``BACKGROUND_TASK_SHUTDOWN_TIMEOUT`` seconds left.

        :param func: the function, plain or ``async def``.
        :param args: what it is called with, with ``kwargs``.
        """
        task = BackgroundTask(self, func, args, kwargs)
        context = get_request_context(None)
        if context is not None:
            context = context._find_awaiting()
        if context is None:
            self._start_background([task])
            return
        context.request.environ.setdefault(BACKGROUND, []).append(task)

    def _start_waiting(self, environ: WSGIEnvironment, response: t.Any = None) -> None:
        """Start the tasks that wait for a response, when the server closes it (PEP 3333).

        :param environ: of their request.
        :param response: the response; without it they start at once.
        """
        if response is not None:
            if "asgi.scope" not in environ:  # there the server's side starts them
                response.call_on_close(partial(self._start_waiting, environ))
        elif BACKGROUND in environ:
            waiting: list[BackgroundTask] = environ[BACKGROUND]
            tasks = waiting.copy()
            waiting.clear()  # a test client has it, too
            self._start_background(tasks)

    def _start_background(self, tasks: Iterable[BackgroundTask]) -> None:
        """Start tasks in worker threads; ``asgi`` has the other places."""
        self._end_at_exit()
        for task in tasks:
            self._start_in_a_thread(task)

    def _start_in_a_thread(self, task: BackgroundTask) -> None:
        def work() -> None:
            try:
                task.run_in_context()
            finally:
                with self._background_is_idle:
                    self._background.discard(task)
                    self._background_is_idle.notify_all()

        with self._background_is_idle:
            self._background.add(task)
        background.start(work, self)

    def _drain_threads(self) -> None:
        """Wait for the tasks in threads, no longer than the configuration says."""
        end = time.monotonic() + self.config["BACKGROUND_TASK_SHUTDOWN_TIMEOUT"]
        with self._background_is_idle:
            while self._background:
                left = end - time.monotonic()
                if left <= 0:
                    break
                self._background_is_idle.wait(left)
            late = [task.name for task in self._background]
        if late:
            self._tell_of_late_tasks(late)

    def _tell_of_late_tasks(self, names: list[str]) -> None:
        self._log(
            "warning",
            f"Serving ends while background tasks are still running: {', '.join(sorted(names))}."
            " BACKGROUND_TASK_SHUTDOWN_TIMEOUT says how long is waited for them.",
        )


_END = object()


def _end_of(reference: weakref.ref[LivingApp]) -> None:
    """End the serving of an application, if it still lives, with the process."""
    app = reference()
    if app is not None:
        app._ends_at_exit = False
        app._drain_threads()
        app._end_serving()


BACKGROUND: t.Final = "flask.background"
"""Key of a WSGI environment: the tasks that wait for the response."""


class BackgroundTask:
    """A function, its arguments, and the context in which it was handed over.

    :param app: the application.
    :param function: plain or ``async def``.
    :param arguments: its positional arguments.
    :param keywords: its keyword arguments.
    """

    def __init__(
        self,
        app: AnyApp,
        function: Callable[..., t.Any],
        arguments: tuple[t.Any, ...],
        keywords: dict[str, t.Any],
    ) -> None:
        self.app = app
        self.function = function
        self.arguments = arguments
        self.keywords = keywords
        self.context = copy_context()
        current: RequestContext | None = _cv_request.get(None)
        self._request_context = None if current is None else current.copy()

    @property
    def name(self) -> str:
        """The function's name, for messages."""
        return getattr(self.function, "__qualname__", repr(self.function))

    def run(self) -> None:
        """Call the function, in contexts of its own; log what it raises."""
        app = self.app
        # The request that handed the task over has gone, or will go at any time.
        _cv_request.set(None)
        _cv_app.set(None)
        try:
            with self._request_context or app.app_context():
                function = app.ensure_sync(self.function)
                wait_if_awaitable(function(*self.arguments, **self.keywords))
        except Exception:
            app._log("exception", f"Exception in the background task {self.name}")

    def run_in_context(self) -> None:
        """Call the function in a thread that has no context of its own."""
        self.context.run(self.run)
