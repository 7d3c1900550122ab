"""Warns, in debug mode, when code on the event loop blocks it: then all other requests wait.

A thread looks at the stack of the loop's thread if a step of a request takes too long. A step is
what runs between two points at which the request awaits. Outside of debug mode this module is not
imported.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import typing as t
from collections.abc import Callable, Coroutine, Generator
from types import CodeType, FrameType

from werkzeug.exceptions import HTTPException

from .._core.user_code import PYTHON, THIS_PACKAGE, find_library
from ..typing import AnyApp
from ._scope import Scope, make_environ

LIMIT: t.Final = 0.1
"""Seconds that a step may take."""
_MAX_PLACES = 1000  # that are remembered

_ADVICE = (
    "All other requests of this process wait meanwhile. Await it, call it with"
    " asyncio.to_thread(), or define the function with 'def', so that it runs in a thread."
)


class _Step:
    """What runs on a loop now.

    :param app: its logger gets the warning.
    :param describe: returns what the step belongs to.
    """

    __slots__ = ("app", "began", "describe")

    def __init__(self, app: AnyApp, describe: Callable[[], str]) -> None:
        self.app = app
        self.describe = describe
        self.began = time.monotonic()


class LoopWatch:
    """The steps that run now, and the thread that looks at them; one for a process.

    The thread sleeps, without waking up, while no step runs.

    :param limit: seconds that a step may take.
    """

    def __init__(self, limit: float = LIMIT) -> None:
        self.steps: dict[int, _Step] = {}
        """The current step of each thread that runs a loop."""
        self._limit = limit
        self._is_needed = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._places: set[tuple[CodeType, int]] = set()

    def begin(self, app: AnyApp, describe: Callable[[], str]) -> _Step | None:
        """Note that a step begins in this thread; return the one that it is a part of.

        :param app: the application.
        :param describe: returns what the step belongs to, such as ``"The view 'index'"``.
        """
        thread = threading.get_ident()
        outer = self.steps.get(thread)
        self.steps[thread] = _Step(app, describe)
        if not self._is_needed.is_set():
            if self._pid != os.getpid():  # the first step, also after a fork
                self._pid = os.getpid()
                self._thread = threading.Thread(
                    target=self._run, name="flask-loop-watch", daemon=True
                )
                self._thread.start()
            self._is_needed.set()
        return outer

    def end(self, outer: _Step | None) -> None:
        """Note that the step of this thread ends.

        :param outer: what `begin` returned.
        """
        if outer is None:
            del self.steps[threading.get_ident()]
        else:
            self.steps[threading.get_ident()] = outer

    def _run(self) -> None:
        """Look at the steps that take too long; called in the thread."""
        reported: set[_Step] = set()
        while True:
            self._is_needed.wait()
            time.sleep(self._limit)
            self._look(reported)
            if not self.steps:
                reported.clear()  # an idle thread holds nothing
                self._is_needed.clear()
                if self.steps:  # one has begun meanwhile
                    self._is_needed.set()

    def _look(self, reported: set[_Step]) -> None:
        """Report the steps that take too long, unless they are reported already."""
        running = dict(self.steps)
        reported &= set(running.values())
        frames = sys._current_frames() if running else {}
        now = time.monotonic()
        for thread, step in running.items():
            is_late = now - step.began >= self._limit and step not in reported
            # The step may have ended before the stack was taken.
            if is_late and self.steps.get(thread) is step and thread in frames:
                reported.add(step)
                self._report(step, frames[thread])

    def _report(self, step: _Step, frame: FrameType) -> None:
        """Log a warning, once for each place."""
        place = find_place(frame, step.app.root_path)
        if place is None:
            return
        key = (place.f_code, place.f_lineno)
        if key in self._places or len(self._places) >= _MAX_PLACES:
            return
        self._places.add(key)
        code = place.f_code
        step.app.logger.warning(
            "%s has blocked the event loop for more than %d ms at %s:%d, in %s(). %s",
            *(step.describe(), self._limit * 1000, code.co_filename, key[1], code.co_name, _ADVICE),
        )


watch: t.Final = LoopWatch()
"""The watch of this process."""


# What is watched ----------------------------------------------------------------------------------


async def watch_request(app: AnyApp, scope: Scope, serving: Coroutine[t.Any, t.Any, None]) -> None:
    """Serve a request or a WebSocket, and warn if it blocks the loop.

    :param app: the application.
    :param scope: what the server says about the connection.
    :param serving: serves it.
    """
    await _Steps(app, lambda: _describe_request(app, scope), serving)


async def watch_task(app: AnyApp, name: str, running: Coroutine[t.Any, t.Any, object]) -> None:
    """Run a background task, and warn if it blocks the loop.

    :param app: the application.
    :param name: the name of the task.
    :param running: runs it.
    """
    await _Steps(app, lambda: f"The background task {name!r}", running)


class _Steps:
    """Runs a coroutine, and reports the beginning and the end of each step."""

    def __init__(
        self, app: AnyApp, describe: Callable[[], str], coroutine: Coroutine[t.Any, t.Any, object]
    ) -> None:
        self._app = app
        self._describe = describe
        self._coroutine = coroutine

    def __await__(self) -> Generator[t.Any, t.Any, None]:
        value: t.Any = None
        error: BaseException | None = None
        while True:
            outer = watch.begin(self._app, self._describe)
            try:
                if error is None:
                    awaited = self._coroutine.send(value)
                else:
                    awaited = self._coroutine.throw(error)
            except StopIteration:
                return
            finally:
                error = None  # avoid a reference cycle
                watch.end(outer)
            try:
                value = yield awaited
            except BaseException as raised:
                error = raised


def _describe_request(app: AnyApp, scope: Scope) -> str:
    is_websocket = scope["type"] == "websocket"
    method = scope.get("method", "GET")
    environ = make_environ({"scheme": "ws", **scope} if is_websocket else scope, None)
    try:
        adapter = app.url_map.bind_to_environ(environ)
        endpoint = adapter.match(method=method, websocket=is_websocket)[0]
    except (HTTPException, LookupError, ValueError):
        return f"The request {method} {scope['path']!r}"
    return f"The {'WebSocket handler' if is_websocket else 'view'} {endpoint!r}"


# Where --------------------------------------------------------------------------------------------


def find_place(frame: FrameType | None, root: str = "") -> FrameType | None:
    """Return the innermost frame of the application's code.

    If there is none, it is the innermost one of an installed package. Frames of this package, of
    the standard library and of templates do not count.

    :param frame: the innermost frame of a thread.
    :param root: the root path of the application.
    """
    in_package: FrameType | None = None
    while frame is not None:
        name = frame.f_code.co_filename
        is_template = "debug_info" in frame.f_globals and "blocks" in frame.f_globals
        if not is_template and not name.startswith("<"):
            library = find_library(name, root)
            if library is None:
                return frame
            if library not in (PYTHON, THIS_PACKAGE):
                in_package = in_package or frame
        frame = frame.f_back
    return in_package
