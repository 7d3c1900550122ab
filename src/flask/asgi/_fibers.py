"""Fibers: greenlets that run synchronous code on the server's loop, one piece after another.

Importing this room needs greenlet, the extra "asgi".
"""

from __future__ import annotations

import threading
import types
import typing as t
from collections.abc import Awaitable, Callable, Generator

from greenlet import getcurrent, greenlet  # type: ignore

from .. import _waiting

Work: t.TypeAlias = Callable[..., t.Any]

_MOST_KEPT = 200  # idle fibers of a thread, 12 KB each; beyond that they are thrown away


async def _await(awaitable: Awaitable[t.Any]) -> t.Any:
    return await awaitable


class Fiber(greenlet):  # type: ignore[misc]
    """A greenlet that does one piece of work after another.

    PERF: 0.8 us for a piece of work; a new greenlet for each takes 6.6 us.
    """

    # PERF: slots; 0.2 us less than entries of the greenlet's dict.
    __slots__ = ("arguments", "back", "failure", "function", "is_done", "result")

    function: Work
    """What to run."""
    arguments: tuple[t.Any, ...]
    """What to call it with."""
    result: t.Any
    """What the work returned."""
    failure: BaseException | None
    """What the work raised."""
    is_done: bool
    """Whether the work is done, and the fiber free for other work."""
    back: t.Any
    """The greenlet of the loop's task; work that has to wait goes on there."""

    def run(self) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Do what there is to do, and go back."""
        while True:
            try:
                self.result = self.function(*self.arguments)
                self.failure = None
            except BaseException as error:
                self.result = None
                self.failure = error
            self.function = self.arguments = None  # type: ignore[assignment]
            self.is_done = True
            self.back.switch()

    def begin(self, function: Work, arguments: tuple[t.Any, ...]) -> t.Any:
        """Start work.

        :returns: what the task shall yield to the loop, if the work is not `is_done`.
        """
        self.function = function
        self.arguments = arguments
        self.is_done = False
        self.back = current = getcurrent()
        # The task's context and not a copy: both see every change.
        self.gr_context = current.gr_context  # type: ignore[misc]
        return self.switch()

    @types.coroutine
    def go_on(self, yielded: t.Any) -> Generator[t.Any, t.Any, None]:
        """Let the task wait in the fiber's stead, until the work is done."""
        while not self.is_done:
            try:
                value = yield yielded
            except BaseException as error:
                self.back = getcurrent()
                yielded = self.throw(error)
            else:
                self.back = getcurrent()
                yielded = self.switch(value)

    def take_result(self) -> t.Any:
        """Return what the work returned, or raise what it raised; free the fiber."""
        error, result = self.failure, self.result
        self.failure = self.result = self.back = None
        free = _fibers.free
        if len(free) < _MOST_KEPT:
            free.append(self)
        if error is None:
            return result
        try:
            raise error
        finally:
            del error  # its traceback holds this frame

    def wait(self, awaitable: Awaitable[t.Any]) -> t.Any:
        """Wait, in the fiber, for something awaitable; see ``_waiting.wait``.

        It runs here, step by step, as a task of the loop would run it. What it yields is for
        the loop; the task yields it, and is resumed when it is time.
        """
        # PERF: a coroutine, the usual case, is not asked for its steps.
        is_coroutine = type(awaitable) is types.CoroutineType
        steps: t.Any = awaitable if is_coroutine else _steps_of(awaitable)
        try:
            yielded = steps.send(None)
            while True:
                try:
                    value = self.back.switch(yielded)
                except BaseException as error:  # the task was cancelled
                    yielded = steps.throw(error)
                else:
                    yielded = steps.send(value)
        except StopIteration as stop:
            return stop.value


class _Fibers(threading.local):
    """The fibers of one thread; a greenlet never leaves its thread."""

    def __init__(self) -> None:
        self.free: list[Fiber] = []


_fibers = _Fibers()


def get_fiber() -> Fiber:
    """Return a fiber that is free."""
    try:
        return _fibers.free.pop()
    except IndexError:
        return Fiber()


async def on_the_loop(function: Work, *arguments: t.Any) -> t.Any:
    """Run synchronous code in a fiber of this thread's running loop."""
    fiber = get_fiber()
    yielded = fiber.begin(function, arguments)
    if not fiber.is_done:
        await fiber.go_on(yielded)
    return fiber.take_result()


def _steps_of(awaitable: Awaitable[t.Any]) -> t.Any:
    """Return what drives an awaitable: an object with ``send`` and ``throw``."""
    steps = awaitable.__await__()
    return steps if hasattr(steps, "throw") else _await(awaitable)


def _find_fiber() -> Fiber | None:
    """Return the fiber whose code is running, if it is a fiber's."""
    current = getcurrent()
    return current if type(current) is Fiber else None


_waiting.find_driver = _find_fiber
