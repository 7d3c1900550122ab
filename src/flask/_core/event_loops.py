"""Event loops for threads that have none: how they start, and how they are closed.

Such a loop runs only while its thread waits for an awaitable. asyncio postpones some work, such as
closing an asynchronous generator that lost its last reference. That work is done before the loop
stops.
"""

from __future__ import annotations

import os
import sys
import types
import typing as t
from collections.abc import Callable

if t.TYPE_CHECKING:
    import asyncio


_HOOK: t.Final = "_asyncgen_finalizer_hook"
"""The attribute that asyncio's loops install as the finalizer each time they run. PERF: to replace
it once takes 3,800 machine instructions less for each awaited view than to install another
finalizer each time."""


class _AbandonedGenerators:
    """Notices asynchronous generators that lose their last reference before their end.

    The loop creates a task that closes each of them, and stops before that task has run.

    :param loop: the loop.
    """

    any: bool = False
    """Whether a generator was abandoned."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._close: Callable[..., object] | None = getattr(loop, _HOOK, None)
        self.must_watch = self._close is None
        """Whether `watch` has to be called each time the loop runs, because it is not asyncio's."""
        if not self.must_watch:
            setattr(loop, _HOOK, self._notice)

    def watch(self) -> None:
        """Install the finalizer, if the loop does not install it itself."""
        if self.must_watch:
            self._close = sys.get_asyncgen_hooks().finalizer
            sys.set_asyncgen_hooks(finalizer=self._notice)

    def _notice(self, generator: object) -> None:
        self.any = True
        if self._close is not None:
            self._close(generator)


class ThreadLoop:
    """An event loop for a thread that has none. It is closed by `close`, or by a `LoopCloser`.

    PERF: a call takes 25 us on such a loop, and 290 us on a loop that is created for it.
    """

    loop: asyncio.AbstractEventLoop
    """The loop."""
    asyncio: types.ModuleType
    """The module. PERF: an import in each call takes 1,200 instructions more."""

    def __init__(self) -> None:
        import asyncio  # 9 ms that an application without async functions never needs

        self.asyncio = asyncio
        self.loop = asyncio.new_event_loop()
        self.abandoned = _AbandonedGenerators(self.loop)
        self._process = os.getpid()

    def close_abandoned(self) -> None:
        """Run the loop until all abandoned generators are closed, including nested ones."""
        while self.abandoned.any:
            self.abandoned.any = False
            self.loop.run_until_complete(_wait_for_closing(self.abandoned.watch))

    def close(self, getpid: Callable[[], int] = os.getpid) -> None:
        """Cancel the loop's tasks, close its generators, and close the loop, unless it is running.

        :param getpid: bound here, because the modules may be cleared when the process ends.
        """
        if self._process != getpid():
            # A forked process shares the parent's selector. close() would unregister files from it,
            # and the parent would wait forever.
            self.loop._closed = True  # type: ignore[attr-defined]
            return
        # It may be running at the end of the process, in another thread.
        if self.loop.is_running() or self.loop.is_closed():
            return
        import asyncio

        if asyncio._get_running_loop() is None:
            close_loop(self.loop)
        else:
            self.loop.close()
        vars(self.loop).pop(_HOOK, None)  # avoid a reference cycle


class LoopCloser:
    """Closes a thread's loop when the thread ends: the thread's state has the only reference.

    The loop itself may live longer. The traceback of an error that was raised in an async function
    refers to it, and the garbage collector would finalize the loop's sockets before the loop.

    :param thread_loop: the loop of the thread.
    """

    def __init__(self, thread_loop: ThreadLoop) -> None:
        self._close = thread_loop.close

    def __del__(self) -> None:
        self._close()


async def _wait_for_closing(watch: Callable[[], None]) -> None:
    """Wait for the tasks that close asynchronous generators.

    asyncio logs what they raise, as for any task that is not awaited.
    """
    import asyncio

    watch()
    await asyncio.sleep(0)  # the loop creates the tasks now
    closing = {task for task in asyncio.all_tasks() if type(task.get_coro()) is _Closing}
    if closing:
        await asyncio.wait(closing)


def close_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop that is not running, with its tasks and generators.

    The tasks are cancelled.

    :param loop: the loop.
    """
    loop.run_until_complete(_end_tasks())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(_end_tasks())
    loop.close()


async def _end_tasks() -> None:
    """Cancel the tasks of a loop, and wait for them. Tasks that close a generator go on."""
    import asyncio

    loop = asyncio.get_running_loop()
    end = loop.time() + _LONGEST_END
    await asyncio.sleep(0)
    while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in tasks:
            if type(task.get_coro()) is not _Closing:
                task.cancel()
        left = end - loop.time()
        if left <= 0:
            return
        await asyncio.wait(tasks, timeout=left)
        await asyncio.sleep(0)  # the loop creates tasks for generators that they abandoned


async def _nothing() -> t.AsyncGenerator[None, None]:
    yield


def _find_closing_class() -> type:
    closing = _nothing().aclose()
    closing.close()
    return type(closing)


_Closing: t.Final = _find_closing_class()
"""The class of the awaitable that closes an asynchronous generator."""
_LONGEST_END = 10.0
"""Seconds that the tasks of a thread have to end when the thread ends."""
