"""Greenlets: greenlets that run synchronous code on the server's loop, one piece after another.

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

_MAX_IDLE = 200  # idle greenlets of a thread, 12 KB each; beyond that they are thrown away


class WorkerGreenlet(greenlet):  # type: ignore[misc]
    """A greenlet that does one piece of work after another; see `start_in_greenlet`.

    PERF: 0.8 us for a piece of work that awaits, of which 0.35 us are the two switches; a new
    greenlet for each takes 6.6 us.
    """

    # PERF: slots, and one for each part of the outcome; 0.4 us less than entries of the greenlet's
    # dict.
    __slots__ = ("awaited", "raised", "returned", "steps", "switch_back", "yielded")

    switch_back: t.Any
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
            function, first, second = self.switch_back(DONE)
            try:
                # PERF: two arguments; any number goes through C, 0.1 us more.
                self.returned = function(first, second)
            except BaseException as error:
                self.raised = error
            del function, first, second  # an idle worker holds nothing

    @types.coroutine
    def finish(self) -> Generator[t.Any, t.Any, t.Any]:
        """Let the task wait in the worker's stead, until the work is done.

        :returns: what the work returned.
        :raises BaseException: what it raised.
        """
        yielded, self.yielded = self.yielded, None
        while yielded is not DONE:
            try:
                value = yield yielded
            except BaseException as error:
                self.switch_back = getcurrent().switch
                yielded = self.throw(error)
            else:
                self.switch_back = getcurrent().switch
                yielded = self.switch(value)
        return self.take_outcome(_thread_greenlets.idle)

    def take_outcome(self, idle: list[WorkerGreenlet]) -> t.Any:
        """Be free for other work; return what this one returned, or raise what it raised.

        :param idle: the greenlets of this thread that are free.
        """
        worker: t.Any = self
        worker.gr_context = None  # an idle worker holds nothing of a request
        if len(idle) < _MAX_IDLE:
            idle.append(self)
        else:
            worker.end()
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
        """End a worker that has no work; its own stack holds it, so nobody else would."""
        worker: t.Any = self
        worker.steps = None  # it holds the worker, too
        worker.parent = getcurrent()  # where it goes when it ends
        worker.throw()


_by_root_greenlet: dict[t.Any, tuple[list[WorkerGreenlet], t.Any]] = {}
"""For each thread's root greenlet: the thread's idle greenlets, and a switch to the root greenlet.

The event loop of a thread runs in its root greenlet.

PERF: `_ThreadGreenlets` has the same; a look-up here takes 0.05 us less.
"""


class _ThreadGreenlets(threading.local):
    """The greenlets of one thread; a greenlet never leaves its thread."""

    def __init__(self) -> None:
        self.idle: list[WorkerGreenlet] = []
        thread = getcurrent()
        while thread.parent is not None:
            thread = thread.parent
        self.thread: t.Any = thread
        _by_root_greenlet[thread] = (self.idle, thread.switch)
        self._end = _IdleGreenlets(self.idle, partial(_by_root_greenlet.pop, thread, None))


class _IdleGreenlets:
    """Ends the idle greenlets of a thread when the thread ends; nobody could later.

    :param idle: the greenlets.
    :param forget: forgets the thread; it may be called when the process ends and this module's
        names are gone.
    """

    def __init__(self, idle: list[WorkerGreenlet], forget: Callable[[], t.Any]) -> None:
        self._idle = idle
        self._forget = forget

    def __del__(self) -> None:
        self._forget()
        while self._idle:
            worker = self._idle.pop()
            try:
                worker.end()
            except (RuntimeError, ValueError):  # greenlet has ended, or it is another thread
                return


_thread_greenlets = _ThreadGreenlets()


def start_in_greenlet(function: Work, first: t.Any, second: t.Any) -> t.Any:
    """Begin work in a worker that is free.

    :returns: what the work returned; or the worker, if the work waits and shall go on
        (`WorkerGreenlet.finish`).
    :raises BaseException: what the work raised.
    """
    current = getcurrent()
    try:
        idle, switch_back = _by_root_greenlet[current]
    except KeyError:  # the thread's first work, or work that begins other work
        idle, switch_back = _thread_greenlets.idle, current.switch
    if idle:
        worker = idle.pop()
    else:
        # Under no other worker, which may have to end under this one.
        worker = WorkerGreenlet(None, _thread_greenlets.thread)
        worker.raised = worker.steps = None
        # Up to its first work: what a greenlet is started with it holds until it ends.
        worker.switch_back = current.switch
        worker.switch()
    worker.switch_back = switch_back
    # The task's context and not a copy: both see every change.
    worker.gr_context = current.gr_context
    yielded = worker.switch(function, first, second)
    if yielded is not DONE:
        worker.yielded = yielded
        return worker
    if worker.raised is not None:
        return worker.take_outcome(idle)
    # PERF: the same written out, 0.1 us; what never waited is never more than was there before.
    idle.append(worker)
    worker.gr_context = None
    result = worker.returned
    worker.returned = None
    return result


async def run_in_greenlet(function: Work, *arguments: t.Any) -> t.Any:
    """Run synchronous code in a worker of this thread's running loop."""
    result = start_in_greenlet(_call, function, arguments)
    return await result.finish() if type(result) is WorkerGreenlet else result


def _call(function: Work, arguments: tuple[t.Any, ...]) -> t.Any:
    return function(*arguments)


class _ForkedGreenlet(WorkerGreenlet):
    """What a forked process has of the worker that it was forked in: no loop would go on there."""

    __slots__ = ()


def _mark_forked_greenlet() -> None:
    current: t.Any = getcurrent()
    if type(current) is WorkerGreenlet:
        current.__class__ = _ForkedGreenlet


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_mark_forked_greenlet)

waiting.get_greenlet = getcurrent
waiting.greenlet_class = WorkerGreenlet
