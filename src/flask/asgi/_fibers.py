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

_Coroutine = types.CoroutineType

Work: t.TypeAlias = Callable[..., t.Any]

_MOST_KEPT = 200  # idle fibers of a thread, 12 KB each; beyond that they are thrown away


async def _await(awaitable: Awaitable[t.Any]) -> t.Any:
    return await awaitable


class Fiber(greenlet):  # type: ignore[misc]
    """A greenlet that does one piece of work after another.

    PERF: 0.8 us for a piece of work; a new greenlet for each takes 6.6 us.
    """

    # PERF: slots, and one for the outcome; 0.4 us less than entries of the greenlet's dict.
    __slots__ = ("back", "idle", "outcome")

    back: t.Any
    """The greenlet of the loop's task; work that has to wait goes on there."""
    idle: list[Fiber]
    """The fibers of its thread that are free; it goes back there.

    PERF: kept here, 0.04 us; what belongs to a thread is looked up slowly."""
    outcome: tuple[t.Any, BaseException | None] | None
    """What the work returned, and what it raised; until somebody takes it."""

    def run(self, function: Work, arguments: tuple[t.Any, ...]) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Do what there is to do, and go back."""
        while True:
            try:
                self.outcome = (function(*arguments), None)
            except BaseException as error:
                self.outcome = (None, error)
            del function, arguments  # an idle fiber holds nothing
            function, arguments = self.back.switch(self)

    def begin(self, function: Work, arguments: tuple[t.Any, ...]) -> t.Any:
        """Start work.

        :returns: the fiber itself, if the work is done; else what the task shall yield to the loop.
        """
        self.back = current = getcurrent()
        # The task's context and not a copy: both see every change.
        self.gr_context = current.gr_context  # type: ignore[misc]
        return self.switch(function, arguments)

    @types.coroutine
    def go_on(self, yielded: t.Any) -> Generator[t.Any, t.Any, None]:
        """Let the task wait in the fiber's stead, until the work is done."""
        while yielded is not self:
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
        result, error = self.outcome  # type: ignore[misc]
        self.outcome = None
        idle = self.idle
        if len(idle) < _MOST_KEPT:
            idle.append(self)
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
        is_coroutine = type(awaitable) is _Coroutine
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
        self.idle: list[Fiber] = []


_fibers = _Fibers()


def get_fiber() -> Fiber:
    """Return a fiber that is free."""
    idle = _fibers.idle
    if idle:
        return idle.pop()
    fiber = Fiber()
    fiber.idle = idle
    return fiber


async def on_the_loop(function: Work, *arguments: t.Any) -> t.Any:
    """Run synchronous code in a fiber of this thread's running loop."""
    fiber = get_fiber()
    yielded = fiber.begin(function, arguments)
    if yielded is not fiber:
        await fiber.go_on(yielded)
    return fiber.take_result()


def _steps_of(awaitable: Awaitable[t.Any]) -> t.Any:
    """Return what drives an awaitable: an object with ``send`` and ``throw``."""
    steps = awaitable.__await__()
    return steps if hasattr(steps, "throw") else _await(awaitable)


_waiting.get_greenlet = getcurrent
_waiting.fiber_class = Fiber
