"""Runs synchronous code in greenlets on the server's loop, so that it can wait for awaitables.

A greenlet that waits switches to the loop's task, and the loop continues. Importing this module
needs greenlet, which the extra "asgi" installs.
"""

from __future__ import annotations

import asyncio
import os
import threading
import types
import typing as t
from collections.abc import Callable, Generator
from functools import partial

from greenlet import getcurrent, greenlet  # type: ignore

from .._core import waiting
from .._core.waiting import DONE

Result = t.TypeVar("Result")
Switch: t.TypeAlias = Callable[..., t.Any]
"""Continues another greenlet with a value, and returns what it switches back with."""

_MAX_IDLE = 200  # idle greenlets of a thread, 12 KB each; further ones end


class WorkerGreenlet(greenlet):  # type: ignore[misc]
    """A greenlet that runs one piece of work after another; see `start_in_greenlet`.

    PERF: 0.8 us for work that awaits, of which 0.35 us are the two switches. A new greenlet for
    each piece of work takes 6.6 us.
    """

    # PERF: slots, and one for each part of the outcome; 0.4 us less than entries of the greenlet's
    # dict.
    __slots__ = ("awaited", "raised", "returned", "steps", "switch_back", "yielded")

    switch_back: Switch
    """Switches to the greenlet of the loop's task, which continues while the work waits."""
    yielded: object
    """What the task yields to the loop first, if the work waits."""
    returned: object
    """What the work returned, until the task takes it."""
    raised: BaseException | None
    """What the work raised, until the task takes it."""
    awaited: object
    """The result of the last awaitable."""
    steps: Generator[object, object, None] | None
    """Awaits the next awaitable; ``None`` while it awaits."""

    def run(self) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Run work, switch back, and wait for more work; never returns."""
        while True:
            function, first, second = self.switch_back(DONE)
            try:
                # PERF: two arguments; any number of them goes through C, 0.1 us more.
                self.returned = function(first, second)
            except BaseException as error:
                self.raised = error
            del function, first, second  # an idle greenlet holds no request

    @types.coroutine
    def finish(self) -> Generator[object, object, t.Any]:
        """Let the loop's task wait for what the work waits for, until the work is done.

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

    def take_outcome(self: t.Any, idle: list[WorkerGreenlet]) -> t.Any:
        """Make the greenlet idle.

        :param idle: the idle greenlets of this thread.
        :returns: what the work returned.
        :raises BaseException: what it raised.
        """
        self.gr_context = None  # an idle greenlet holds no request
        if len(idle) < _MAX_IDLE:
            idle.append(self)
        else:
            self.end()
        error = self.raised
        if error is None:
            result = self.returned
            self.returned = None
            return result
        self.raised = None
        try:
            raise error
        finally:
            del error  # avoid a reference cycle

    def end(self: t.Any) -> None:
        """End an idle greenlet. Its own stack refers to it, so it would stay in memory."""
        self.steps = None  # avoid a reference cycle
        self.parent = getcurrent()  # the greenlet that continues when this one ends
        self.throw()


_by_root_greenlet: dict[object, tuple[list[WorkerGreenlet], Switch]] = {}
"""For each thread's root greenlet: the thread's idle greenlets, and a switch to the root greenlet.

The event loop of a thread runs in its root greenlet.

PERF: `_ThreadGreenlets` has the same; a look-up here takes 0.05 us less.
"""


class _ThreadGreenlets(threading.local):
    """The greenlets of one thread; a greenlet cannot continue in another thread."""

    def __init__(self) -> None:
        self.idle: list[WorkerGreenlet] = []
        root: t.Any = getcurrent()
        while root.parent is not None:
            root = root.parent
        self.root = root
        _by_root_greenlet[root] = (self.idle, root.switch)
        self._at_end = _EndIdleGreenlets(self.idle, partial(_by_root_greenlet.pop, root, None))


class _EndIdleGreenlets:
    """Ends the idle greenlets of a thread when the thread ends.

    :param idle: the greenlets.
    :param forget: removes the thread from `_by_root_greenlet`. It is an argument, because the
        names of this module may be cleared when the process ends.
    """

    def __init__(self, idle: list[WorkerGreenlet], forget: Callable[[], object]) -> None:
        self._idle = idle
        self._forget = forget

    def __del__(self) -> None:
        self._forget()
        while self._idle:
            worker = self._idle.pop()
            try:
                worker.end()
            except (RuntimeError, ValueError):  # greenlet was unloaded, or this is another thread
                return


_thread_greenlets = _ThreadGreenlets()


def start_in_greenlet(function: Callable[..., object], first: object, second: object) -> t.Any:
    """Start synchronous code in a greenlet of this thread.

    :param function: the work.
    :param first: its first argument.
    :param second: its second argument.
    :returns: what the work returned; or, if the work waits, the `WorkerGreenlet`, whose
        ``finish()`` must be awaited.
    :raises BaseException: what the work raised.
    """
    current = getcurrent()
    try:
        idle, switch_back = _by_root_greenlet[current]
    except KeyError:  # the first work of the thread, or work that starts other work
        idle, switch_back = _thread_greenlets.idle, current.switch
    worker: t.Any
    if idle:
        worker = idle.pop()
    else:
        # The parent is the root. Another worker as the parent might have to end before this one.
        worker = WorkerGreenlet(None, _thread_greenlets.root)
        worker.raised = worker.steps = None
        # Up to its first work: a greenlet holds the arguments of its first switch until it ends.
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
    # PERF: take_outcome inlined, 0.1 us. The limit is not checked: this one was idle before.
    idle.append(worker)
    worker.gr_context = None
    result = worker.returned
    worker.returned = None
    return result


async def run_in_greenlet(function: Callable[..., Result], *arguments: object) -> Result:
    """Run synchronous code in a greenlet on the running loop.

    :param function: the work.
    :param arguments: its positional arguments.
    :returns: what the work returned.
    :raises BaseException: what it raised.
    """
    result = start_in_greenlet(_call, function, arguments)
    if type(result) is WorkerGreenlet:
        result = await result.finish()
    return result  # type: ignore[no-any-return]


def _call(function: Callable[..., Result], arguments: tuple[object, ...]) -> Result:
    return function(*arguments)


class _ForkedGreenlet(WorkerGreenlet):
    """The class of a greenlet in a forked process.

    The process was forked in the greenlet. `waiting.wait` does not use it there, because the loop
    that would continue does not run in the new process.
    """

    __slots__ = ()


def _mark_forked_greenlet() -> None:
    current = getcurrent()
    if type(current) is WorkerGreenlet:
        current.__class__ = _ForkedGreenlet


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_mark_forked_greenlet)

waiting.get_greenlet = getcurrent
waiting.get_task = asyncio.current_task
waiting.greenlet_class = WorkerGreenlet
