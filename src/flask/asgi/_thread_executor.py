"""Runs synchronous code in a worker thread, and its awaitables on the server's loop.

The lifecycle is synchronous, and calls ``wait`` for everything awaitable. Two executors can run it
while the server's loop continues:

- A ``WorkerGreenlet`` (``_greenlet_executor``) runs it on the loop. ``wait`` runs the awaitable in
  the greenlet, step by step. When a step has to wait, the greenlet switches to the loop.
- A `ThreadExecutor` runs it in a worker thread. ``wait`` passes the awaitable to the loop, and the
  thread waits.

With both, every awaitable runs on the server's loop, in the context of the request. This module
also re-exports what the greenlet executor offers, because greenlet may not be installed.
"""

from __future__ import annotations

import asyncio
import threading
import typing as t
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context, copy_context
from functools import partial

from .._core import waiting
from .._core.threads import App, Threads, views
from ._outcomes import LoopOutcome, Outcome, ThreadOutcome

if t.TYPE_CHECKING:
    from ._greenlet_executor import WorkerGreenlet, run_in_greenlet, start_in_greenlet

    has_greenlets: bool
    """Whether greenlet is installed, so that work can run on the loop."""
else:
    try:
        from ._greenlet_executor import WorkerGreenlet, run_in_greenlet, start_in_greenlet

        has_greenlets = True
    except ImportError:  # the extra "asgi" is not installed: everything runs in threads, slower
        WorkerGreenlet = run_in_greenlet = start_in_greenlet = None
        has_greenlets = False

__all__ = [
    "Outcome",
    "ThreadExecutor",
    "WorkerGreenlet",
    "await_on_loop",
    "has_greenlets",
    "is_being_cancelled",
    "run_in_greenlet",
    "start_in_greenlet",
    "wait_on_loop",
]

Result = t.TypeVar("Result")

_ABANDONED = "The client disconnected or the server stops, so this request is abandoned."


class ThreadExecutor:
    """Runs one piece of work in a worker thread.

    :param on_wait: called on the loop whenever the work awaits something there, or has to wait for
        a thread.
    :param pool: the thread pool.
    :param can_refuse: the work may be refused, and it does not run if its client disconnects before
        it starts.
    :param loop: runs the awaitables of the work; by default the running loop.
    """

    is_abandoned: bool = False
    """Whether the caller no longer waits for the work, which may await nothing from then on."""
    may_cancel: Callable[[Context], bool] | None = None
    """Returns whether a disconnect cancels the work; ``None``: it does."""

    # On the class, since most work changes few of them.
    _pending: LoopOutcome | None = None
    _task: asyncio.Task[None] | None = None
    _must_cancel: bool = False
    _context: Context | None = None
    _queued: tuple[Callable[[], None], ThreadOutcome] | None = None

    def __init__(
        self,
        on_wait: Callable[[], None] | None = None,
        pool: Threads = views,
        can_refuse: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.pool = pool
        self.loop = asyncio.get_running_loop() if loop is None else loop
        self.on_wait = on_wait
        self.can_refuse = can_refuse
        self._lock = threading.Lock()

    async def run(self, app: App, function: Callable[..., Result], *arguments: object) -> Result:
        """Run synchronous code in a thread, in a copy of the caller's context.

        If all threads are busy, the work waits in the queue.

        :param app: the application of the work.
        :param function: the work.
        :param arguments: its positional arguments.
        :returns: what the work returned.
        :raises PoolFull: the queue is full.
        :raises BaseException: what the work raised.
        """
        done = ThreadOutcome(loop=self.loop)
        context = self._context = copy_context()
        work = partial(self._run_in_thread, partial(context.run, function, *arguments), done)
        try:
            if not self.pool.start(work, app, self.can_refuse):
                self._queued = (work, done)
                if self.on_wait is not None:
                    self.on_wait()
            result, error = await done
        except asyncio.CancelledError:
            self.abandon()  # the thread continues, and runs the teardown functions
            self._withdraw()
            raise
        finally:
            self._queued = None  # avoid a reference cycle
            del done, work
        if error is None:
            returned: Result = result
            return returned
        try:
            raise error
        finally:
            del error  # avoid a reference cycle

    def _run_in_thread(self, work: Callable[[], object], done: ThreadOutcome) -> None:
        waiting.set_thread_executor(self)
        try:
            outcome: Outcome = (work(), None)
        except BaseException as error:
            outcome = (None, error)
        finally:
            waiting.set_thread_executor(None)
        try:
            self.loop.call_soon_threadsafe(done.arrive, outcome)
        except RuntimeError:
            pass  # the loop is closed, so no task waits for the work
        finally:
            del outcome, done, work  # avoid a reference cycle

    def wait(self, awaitable: Awaitable[Result]) -> Result:
        """Wait, in the thread, for an awaitable that runs on the server's loop.

        :param awaitable: what to await.
        :returns: its result.
        :raises asyncio.CancelledError: the work was abandoned.
        :raises BaseException: the error of the awaitable.
        """
        context = copy_context()
        pending = LoopOutcome()
        with self._lock:
            if self.is_abandoned:
                _close_coroutine(awaitable)
                raise asyncio.CancelledError(_ABANDONED)
            self._pending = pending
        try:
            self.loop.call_soon_threadsafe(self._start_on_loop, awaitable, pending, context)
            outcome = pending.wait()
        except RuntimeError:  # the loop is closed
            outcome = None
        finally:
            self._pending = None
            del pending
        if outcome is None:
            raise asyncio.CancelledError(_ABANDONED)
        result, error = outcome
        del outcome  # avoid a reference cycle
        waiting.copy_variables(context)
        if error is None:
            returned: Result = result
            return returned
        try:
            raise error
        finally:
            del error  # avoid a reference cycle

    def _start_on_loop(
        self, awaitable: Awaitable[object], pending: LoopOutcome, context: Context
    ) -> None:
        """Await something on the loop, for the thread."""
        if pending.is_cancelled:
            _close_coroutine(awaitable)
            return
        if self._must_cancel:
            self._must_cancel = False
            _close_coroutine(awaitable)
            pending.arrive((None, asyncio.CancelledError()))
            return
        running = awaitable
        if has_greenlets:  # synchronous code that the awaitable calls may wait, too
            running = run_in_greenlet(waiting.wait, awaitable)
        outcome: list[Outcome] = []
        self._task = self.loop.create_task(_store_outcome(running, outcome), context=context)
        # Coroutines that a cancelled task has not started are closed, or Python warns about them.
        unused = (running, awaitable)
        self._task.add_done_callback(partial(self._return_outcome, pending, outcome, unused))
        if self.on_wait is not None:
            self.on_wait()

    def _return_outcome(
        self,
        pending: LoopOutcome,
        outcome: list[Outcome],
        unused: tuple[Awaitable[object], ...],
        task: asyncio.Task[None],
    ) -> None:
        self._task = None
        if task.cancelled():
            for awaitable in unused:
                _close_coroutine(awaitable)
            outcome.append((None, asyncio.CancelledError()))
        if not pending.is_cancelled:
            pending.arrive(outcome.pop())
        outcome.clear()

    def handle_disconnect(self) -> None:
        """Handle, on the loop, a disconnect of the client.

        Work that has not started does not run. For other work, what it awaits is cancelled if
        cancelling is allowed.
        """
        if self._withdraw():
            return
        if self.may_cancel is None or (
            self._context is not None and self.may_cancel(self._context)
        ):
            self.cancel()

    def _withdraw(self) -> bool:
        """Remove the work from the queue if it may be refused; return whether it was there."""
        if self._queued is None or not self.can_refuse:
            return False
        work, done = self._queued
        if not self.pool.withdraw(work):
            return False
        done.cancel()
        return True

    def allow_cancel(self, is_disconnected: bool) -> None:
        """Let a disconnect cancel what the work awaits from now on; called in the thread.

        :param is_disconnected: the client has disconnected already, so the next await is cancelled.
        """
        self.may_cancel = None
        if is_disconnected:
            self._must_cancel = True

    def cancel_waiting(self) -> None:
        """Cancel what the work awaits on the loop now; called on the loop."""
        if self._task is not None:
            self.cancel()

    def cancel(self) -> None:
        """Cancel what the work awaits on the loop now, or else awaits next; called on the loop.

        If the awaitable itself calls this, it is not cancelled.
        """
        if self._task is None:
            self._must_cancel = True
        elif self._task is not asyncio.current_task():
            self._task.cancel()

    def abandon(self) -> None:
        """Cancel what the work awaits, now and later; called on the loop."""
        with self._lock:
            self.is_abandoned = True
            pending = self._pending
        self.cancel()
        if pending is not None:
            pending.cancel()


def wait_on_loop(loop: asyncio.AbstractEventLoop | None, awaitable: Awaitable[Result]) -> Result:
    """Wait for an awaitable that must run on one loop, such as the server's ``receive``.

    A thread that a view or a handler has started has no executor, and may run another loop.

    :param loop: the loop; ``None``: any loop.
    :param awaitable: what to await.
    :returns: its result.
    :raises asyncio.CancelledError: the request was abandoned.
    """
    if loop is None or loop is asyncio._get_running_loop():
        return waiting.wait(awaitable)
    executor = waiting.get_thread_executor() or ThreadExecutor(loop=loop)
    return executor.wait(awaitable)


async def await_on_loop(
    loop: asyncio.AbstractEventLoop, awaitable: Coroutine[object, None, Result]
) -> Result:
    """Await, on one loop, a coroutine that must run on another loop.

    :param loop: the other loop, which runs in another thread.
    :param awaitable: the coroutine.
    :returns: its result.
    """
    outcome: list[Outcome] = []
    running = asyncio.run_coroutine_threadsafe(_store_outcome(awaitable, outcome), loop)
    await asyncio.wrap_future(running)
    result, error = outcome.pop()
    if error is None:
        returned: Result = result
        return returned
    try:
        raise error
    finally:
        del error  # avoid a reference cycle


async def _store_outcome(awaitable: Awaitable[object], outcome: list[Outcome]) -> None:
    """Await an awaitable, and append its outcome to a list.

    The task must not hold the outcome. Awaitables of a server may hold the task where the garbage
    collector does not see it, and through the task the frames of an error.
    """
    try:
        outcome.append((await awaitable, None))
    except BaseException as error:
        if type(error) is asyncio.CancelledError:
            raise
        outcome.append((None, error))


def is_being_cancelled() -> bool:
    """Return whether the running task was cancelled, and not only an awaitable inside it."""
    # Without asyncio, as under Hypercorn's worker for trio, there is no task.
    task = None if asyncio._get_running_loop() is None else asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _close_coroutine(awaitable: Awaitable[object]) -> None:
    """Close a coroutine that is not going to be awaited, so that Python does not warn about it."""
    if isinstance(awaitable, Coroutine):
        awaitable.close()
