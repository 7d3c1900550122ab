"""Fibers: greenlets that run synchronous code on the server's loop, one piece after another.

Importing this room needs greenlet, the extra "asgi".
"""

from __future__ import annotations

import os
import threading
import types
import typing as t
from collections.abc import Callable, Generator
from functools import partial

from greenlet import getcurrent, greenlet  # type: ignore

from .._core import waiting
from .._core.waiting import DONE

Work: t.TypeAlias = Callable[..., t.Any]

_MOST_KEPT = 200  # idle fibers of a thread, 12 KB each; beyond that they are thrown away


class Fiber(greenlet):  # type: ignore[misc]
    """A greenlet that does one piece of work after another; see `begin`.

    PERF: 0.8 us for a piece of work that awaits, of which 0.35 us are the two switches; a new
    greenlet for each takes 6.6 us.
    """

    # PERF: slots, and one for each part of the outcome; 0.4 us less than entries of the greenlet's
    # dict.
    __slots__ = ("awaited", "go_back", "raised", "returned", "steps", "yielded")

    go_back: t.Any
    """Switches to the greenlet of the loop's task; that goes on while the work waits."""
    yielded: t.Any
    """What the task shall yield to the loop first, if the work waits."""
    returned: t.Any
    """What the work returned; until somebody takes it."""
    raised: BaseException | None
    """What it raised; until somebody takes it."""
    awaited: t.Any
    """What was just awaited returned."""
    steps: t.Any
    """What awaits next; ``None`` while it awaits."""

    def run(self) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Do what there is to do, and go back."""
        while True:
            function, first, second = self.go_back(DONE)
            try:
                # PERF: two arguments; any number goes through C, 0.1 us more.
                self.returned = function(first, second)
            except BaseException as error:
                self.raised = error
            del function, first, second  # an idle fiber holds nothing

    @types.coroutine
    def go_on(self) -> Generator[t.Any, t.Any, t.Any]:
        """Let the task wait in the fiber's stead, until the work is done.

        :returns: what the work returned.
        :raises BaseException: what it raised.
        """
        yielded, self.yielded = self.yielded, None
        while yielded is not DONE:
            try:
                value = yield yielded
            except BaseException as error:
                self.go_back = getcurrent().switch
                yielded = self.throw(error)
            else:
                self.go_back = getcurrent().switch
                yielded = self.switch(value)
        return self.end_work(_fibers.idle)

    def end_work(self, idle: list[Fiber]) -> t.Any:
        """Be free for other work; return what this one returned, or raise what it raised.

        :param idle: the fibers of this thread that are free.
        """
        fiber: t.Any = self
        fiber.gr_context = None  # an idle fiber holds nothing of a request
        if len(idle) < _MOST_KEPT:
            idle.append(self)
        else:
            fiber.end()
        error = self.raised
        if error is None:
            result = self.returned
            self.returned = None
            return result
        self.raised = None
        try:
            raise error
        finally:
            del error  # its traceback holds this frame

    def end(self) -> None:
        """End a fiber that has no work; its own stack holds it, so nobody else would."""
        fiber: t.Any = self
        fiber.steps = None  # it holds the fiber, too
        fiber.parent = getcurrent()  # where it goes when it ends
        fiber.throw()


_places: dict[t.Any, tuple[list[Fiber], t.Any]] = {}
"""By the greenlet that a thread began with, where its loop runs: the thread's free fibers, and the
way back to the greenlet.

PERF: what `_Fibers` knows too; 0.05 us less than asking that.
"""


class _Fibers(threading.local):
    """The fibers of one thread; a greenlet never leaves its thread."""

    def __init__(self) -> None:
        self.idle: list[Fiber] = []
        thread = getcurrent()
        while thread.parent is not None:
            thread = thread.parent
        self.thread: t.Any = thread
        _places[thread] = (self.idle, thread.switch)
        self._end = _End(self.idle, partial(_places.pop, thread, None))


class _End:
    """Ends the idle fibers of a thread when the thread ends; nobody could later.

    :param idle: the fibers.
    :param forget: forgets the thread; it may be called when the process ends and this module's
        names are gone.
    """

    def __init__(self, idle: list[Fiber], forget: Callable[[], t.Any]) -> None:
        self._idle = idle
        self._forget = forget

    def __del__(self) -> None:
        self._forget()
        while self._idle:
            fiber = self._idle.pop()
            try:
                fiber.end()
            except (RuntimeError, ValueError):  # greenlet has ended, or it is another thread
                return


_fibers = _Fibers()


def begin(function: Work, first: t.Any, second: t.Any) -> t.Any:
    """Begin work in a fiber that is free.

    :returns: what the work returned; or the fiber, if the work waits and shall go on
        (`Fiber.go_on`).
    :raises BaseException: what the work raised.
    """
    current = getcurrent()
    try:
        idle, go_back = _places[current]
    except KeyError:  # the thread's first work, or work that begins other work
        idle, go_back = _fibers.idle, current.switch
    if idle:
        fiber = idle.pop()
    else:
        # Under no other fiber, which may have to end under this one.
        fiber = Fiber(None, _fibers.thread)
        fiber.raised = fiber.steps = None
        # Up to its first work: what a greenlet is started with it holds until it ends.
        fiber.go_back = current.switch
        fiber.switch()
    fiber.go_back = go_back
    # The task's context and not a copy: both see every change.
    fiber.gr_context = current.gr_context
    yielded = fiber.switch(function, first, second)
    if yielded is not DONE:
        fiber.yielded = yielded
        return fiber
    if fiber.raised is not None:
        return fiber.end_work(idle)
    # PERF: the same written out, 0.1 us; what never waited is never more than was there before.
    idle.append(fiber)
    fiber.gr_context = None
    result = fiber.returned
    fiber.returned = None
    return result


async def on_the_loop(function: Work, *arguments: t.Any) -> t.Any:
    """Run synchronous code in a fiber of this thread's running loop."""
    result = begin(_call, function, arguments)
    return await result.go_on() if type(result) is Fiber else result


def _call(function: Work, arguments: tuple[t.Any, ...]) -> t.Any:
    return function(*arguments)


class _Forked(Fiber):
    """What a forked process has of the fiber that it was forked in: no loop would go on there."""

    __slots__ = ()


def _leave_fiber_to_parent() -> None:
    current: t.Any = getcurrent()
    if type(current) is Fiber:
        current.__class__ = _Forked


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_fiber_to_parent)

waiting.get_greenlet = getcurrent
waiting.greenlet_class = Fiber
