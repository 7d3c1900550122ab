"""Startup and shutdown: what runs before the first request and after the last one.

An ASGI server announces both (``asgi/_lifespan``). Under WSGI, startup runs at the first request,
and shutdown when the process ends.
"""

from __future__ import annotations

import atexit
import threading
import typing as t
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar

from .._core.awaitables import wait_if_awaitable
from .._http.streaming import iterate_sync
from .background import App, BackgroundTasks
from .setup_checks import Function, setupmethod

if t.TYPE_CHECKING:
    import asyncio

MakeGenerator: t.TypeAlias = Callable[[], Iterator[object] | AsyncIterator[object]]
"""A generator function, synchronous or ``async``."""
Generating = t.TypeVar("Generating", bound=MakeGenerator)

PREPARATIONS: t.Final[list[Callable[[App], None]]] = []
"""Functions of optional packages. Each examines an application before it serves a request."""

is_starting: ContextVar[bool] = ContextVar("flask.is_starting", default=False)
"""Whether this code runs in startup. A request that is sent there does not wait for startup."""

_END = object()


class Lifespan:
    """Startup and shutdown of one application.

    The application is an argument of the methods and not an attribute, to avoid a reference cycle.
    """

    at_loop_end: tuple[object, asyncio.Task[None]] | None = None
    """A key, and the task that runs shutdown when startup's loop ends, if nothing else does."""

    def __init__(self) -> None:
        self.before: list[Callable[[], object]] = []
        """Functions that run before the first request, in order of registration."""
        self.after: list[Callable[[], object]] = []
        """Functions that run after the last request, in order of registration."""
        self.around: list[MakeGenerator] = []
        """Each returns a generator that runs to its ``yield`` before the first request."""
        self.is_due = True
        """Whether startup has not run yet."""
        self.background = BackgroundTasks()
        self._started: list[Iterator[object]] = []  # generators that wait for shutdown
        self._lock = threading.RLock()
        self._stops_at_exit = False

    @property
    def has_shutdown(self) -> bool:
        """Whether shutdown runs any function of the application."""
        return bool(self.after or self.around)

    def start(self, app: App) -> bool:
        """Run startup, once.

        :returns: whether this call ran it.
        """
        if not self.is_due or is_starting.get():
            return False
        with self._lock:
            if not self.is_due:
                return False
            token = is_starting.set(True)
            try:
                self._run_startup(app)
            except BaseException:
                self._finish_generators(app)
                raise
            finally:
                is_starting.reset(token)
            self.is_due = False
            return True

    def _run_startup(self, app: App) -> None:
        for prepare in PREPARATIONS:
            prepare(app)
        for function in self.before:
            with app.app_context():
                wait_if_awaitable(app.ensure_sync(function)())
        for make_generator in self.around:
            with app.app_context():
                generator = iterate_sync(make_generator())
                next(generator)
                self._started.append(generator)

    def stop(self, app: App) -> None:
        """Run shutdown, if startup has run. The first error is raised at the end."""
        with self._lock:
            if self.is_due:
                return
            self.is_due = True
            self.at_loop_end = None
            failures = self._finish_generators(app)
            for function in self.after:
                try:
                    with app.app_context():
                        wait_if_awaitable(app.ensure_sync(function)())
                except Exception as error:
                    failures.append(error)
        if failures:
            try:
                raise failures[0]
            finally:
                failures.clear()  # avoid a reference cycle

    def _finish_generators(self, app: App) -> list[Exception]:
        """Run the ``while_serving`` generators to their end, newest first."""
        failures: list[Exception] = []
        while self._started:
            generator = self._started.pop()
            try:
                with app.app_context():
                    if next(generator, _END) is not _END:
                        raise RuntimeError(
                            f"A 'while_serving' generator yielded more than once: {generator!r}."
                        )
            except Exception as error:
                failures.append(error)
        return failures

    def start_by_request(self, app: App) -> None:
        """Run startup at the first request, if no ASGI server has run it."""
        if is_starting.get():
            return  # a request that startup sends; other requests wait for the end of startup
        if self.is_due:
            self.start(app)
            if self.has_shutdown:
                self.stop_at_exit(app)
        app._got_first_request = True

    def stop_at_exit(self, app: App) -> None:
        """Run shutdown when the process ends."""
        if not self._stops_at_exit:
            self._stops_at_exit = True
            atexit.register(_stop, weakref.ref(app))

    def stop_now(self, app: App) -> None:
        """Run shutdown at the end of the process."""
        self._stops_at_exit = False
        self.background.drain(app)
        self.stop(app)


def _stop(reference: weakref.ref[App]) -> None:
    app = reference()
    if app is not None:
        app._lifespan.stop_now(app)


# The methods of an application: functions that ``flask.Flask`` binds ------------------------------


class _App(App, t.Protocol):
    @property
    def _lifespan(self) -> Lifespan: ...
    def _check_setup_finished(self, f_name: str) -> None: ...


def get_before_serving_funcs(self: _App) -> list[Callable[[], object]]:
    """Functions that run before the first request, in order of registration."""
    return self._lifespan.before


def get_after_serving_funcs(self: _App) -> list[Callable[[], object]]:
    """Functions that run after the last request, in order of registration."""
    return self._lifespan.after


def get_while_serving_gens(self: _App) -> list[MakeGenerator]:
    """Generator functions that run around serving; see `while_serving`."""
    return self._lifespan.around


@setupmethod
def before_serving(self: _App, f: Function) -> Function:
    """Call a function once, before the first request.

    The application is current then. Under ASGI it runs on the server's loop.
    """
    self._lifespan.before.append(f)
    return f


@setupmethod
def after_serving(self: _App, f: Function) -> Function:
    """Call a function once, after the last request."""
    self._lifespan.after.append(f)
    return f


@setupmethod
def while_serving(self: _App, f: Generating) -> Generating:
    """Run a generator function, synchronous or ``async``, around serving.

    The part before its ``yield`` runs before the first request, the rest after the last one.
    """
    self._lifespan.around.append(f)
    return f


def add_background_task(
    self: _App, func: Callable[..., object], *args: object, **kwargs: object
) -> None:
    """Call a function after the response; the client does not wait for it.

    The context is copied: the function sees the request, the application and every context
    variable as they are now, and its own ``g``. Outside a request it starts at once. A
    coroutine function runs on the server's loop, a synchronous one in a thread. What it raises
    is logged. At shutdown, tasks have ``BACKGROUND_TASK_SHUTDOWN_TIMEOUT`` seconds to end.

    :param func: the function, synchronous or ``async def``.
    :param args: its positional arguments.
    :param kwargs: its keyword arguments.
    """
    self._lifespan.background.add(self, func, args, kwargs)
