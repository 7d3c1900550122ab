"""Background tasks: functions that run after the response, while the client does not wait."""

from __future__ import annotations

import threading
import time
import typing as t
from collections.abc import Callable, Iterable, Mapping
from contextvars import copy_context
from functools import partial

from .._core.awaitables import wait_if_awaitable
from .._core.current import _app_variable, _cv_request, get_request_context
from .._core.threads import background as background_threads
from ..ctx import AppContext, RequestContext

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ..wrappers import Response

WAITING_TASKS: t.Final = "flask.background"
"""Key of a WSGI environment: the list of tasks that start after the response."""


class _Lifespan(t.Protocol):
    def stop_at_exit(self, app: App) -> None: ...
    def stop_now(self, app: App) -> None: ...


class App(t.Protocol):
    """An application with startup, shutdown and background tasks."""

    _got_first_request: bool

    @property
    def config(self) -> Mapping[str, int]: ...
    @property
    def _lifespan(self) -> _Lifespan: ...
    def app_context(self) -> AppContext: ...
    def ensure_sync(self, func: Callable[..., object]) -> Callable[..., object]: ...
    def _start_on_loop(self, tasks: Iterable[BackgroundTask]) -> bool: ...
    def _log(self, level: str, message: str) -> None: ...


class BackgroundTask:
    """A function with its arguments and a copy of its context.

    :param app: the application.
    :param function: synchronous or ``async def``.
    :param arguments: its positional arguments.
    :param keywords: its keyword arguments.
    """

    def __init__(
        self,
        app: App,
        function: Callable[..., object],
        arguments: tuple[object, ...],
        keywords: dict[str, object],
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
        """Call the function in its own contexts, and log its exceptions."""
        app = self.app
        # The contexts of the request that added the task are popped, or will be at any time.
        _cv_request.set(None)
        _app_variable.set(None)
        try:
            with self._request_context or app.app_context():
                function = app.ensure_sync(self.function)
                wait_if_awaitable(function(*self.arguments, **self.keywords))
        except Exception:
            app._log("exception", f"Exception in the background task {self.name}")

    def run_in_context(self) -> None:
        """Call the function in a thread that has no context yet."""
        self.context.run(self.run)


class BackgroundTasks:
    """The background tasks of one application that run in worker threads.

    The application is an argument of the methods and not an attribute, to avoid a reference cycle.
    """

    def __init__(self) -> None:
        self._running: set[BackgroundTask] = set()
        self._changed = threading.Condition()

    def add(
        self,
        app: App,
        function: Callable[..., object],
        arguments: tuple[object, ...],
        keywords: dict[str, object],
    ) -> None:
        """Start a task after the response, or at once if no response is due."""
        task = BackgroundTask(app, function, arguments, keywords)
        context: RequestContext | None = get_request_context(None)
        if context is not None:
            context = context._find_awaiting()
        if context is None:
            self.start(app, [task])
        else:
            context.request.environ.setdefault(WAITING_TASKS, []).append(task)

    def start_after(self, app: App, environ: WSGIEnvironment, response: Response | None) -> None:
        """Start the tasks of a request when the server closes the response (PEP 3333).

        :param app: the application.
        :param environ: the request's WSGI environment.
        :param response: the response.
        """
        if response is None:  # what an override or a hook returned; the server gets an error
            self.start_waiting(app, environ)
        elif "asgi.scope" not in environ:  # under ASGI the tasks start when the response is sent
            response.call_on_close(partial(self.start_waiting, app, environ))

    def start_waiting(self, app: App, environ: WSGIEnvironment) -> None:
        """Start the tasks of a request now."""
        waiting: list[BackgroundTask] | None = environ.get(WAITING_TASKS)
        if waiting:
            tasks = waiting.copy()
            waiting.clear()  # a test client keeps the environment
            self.start(app, tasks)

    def start(self, app: App, tasks: Iterable[BackgroundTask]) -> None:
        """Start tasks on the server's event loop if there is one, or else in worker threads."""
        if not app._start_on_loop(tasks):
            app._lifespan.stop_at_exit(app)
            for task in tasks:
                self._start_in_thread(app, task)

    def _start_in_thread(self, app: App, task: BackgroundTask) -> None:
        def work() -> None:
            try:
                task.run_in_context()
            finally:
                with self._changed:
                    self._running.discard(task)
                    self._changed.notify_all()

        with self._changed:
            self._running.add(task)
        background_threads.start(work, app)

    def drain(self, app: App) -> None:
        """Wait for the tasks in threads, at most ``BACKGROUND_TASK_SHUTDOWN_TIMEOUT`` seconds."""
        end = time.monotonic() + app.config["BACKGROUND_TASK_SHUTDOWN_TIMEOUT"]
        with self._changed:
            while self._running:
                left = end - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            late = [task.name for task in self._running]
        if late:
            log_late_tasks(app, late)


def log_late_tasks(app: App, names: list[str]) -> None:
    """Log a warning about tasks that have not ended in time."""
    app._log(
        "warning",
        f"Serving ends while background tasks are still running: {', '.join(sorted(names))}."
        " BACKGROUND_TASK_SHUTDOWN_TIMEOUT is the number of seconds that they have.",
    )
