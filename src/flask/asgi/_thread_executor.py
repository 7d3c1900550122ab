"""The drivers: they run synchronous code beside the server's loop, and wait for it.

The lifecycle is synchronous and calls ``wait`` where it meets something awaitable. Two drivers can
run it so that the server's loop goes on meanwhile:

- a ``WorkerGreenlet`` is a greenlet *on* the loop. ``wait`` runs the awaitable itself; only if that must
  really wait for something, the greenlet is left and the loop goes on.
- a `ThreadVisit` is the work's stay in a worker *thread*. ``wait`` hands the awaitable to the
  loop, and the thread waits.

Either way everything awaitable runs on the server's loop, in the context of the request.
"""

from __future__ import annotations

import asyncio
import threading
import typing as t
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError
from concurrent.futures import Future as ThreadFuture
from contextvars import Context, copy_context
from functools import partial

from .._core import waiting
from .._core.threads import App, Threads, views

try:
    from . import _greenlet_executor
except ImportError:  # the extra "asgi" is not installed: threads do it all, only slower
    _greenlet_executor = None  # type: ignore[assignment]

Work: t.TypeAlias = Callable[..., t.Any]
Outcome: t.TypeAlias = tuple[t.Any, BaseException | None]
"""What work returned, and what it raised."""

has_greenlets: bool = _greenlet_executor is not None
"""Whether greenlet is installed, so that work can run on the loop."""
start_in_greenlet: t.Any = getattr(_greenlet_executor, "start_in_greenlet", None)
"""Starts work in a greenlet; ``None`` without greenlet, as the next ones."""
WorkerGreenlet: t.Any = getattr(_greenlet_executor, "WorkerGreenlet", None)
"""What `start_in_greenlet` returns of work that waits."""
run_in_greenlet: t.Any = getattr(_greenlet_executor, "run_in_greenlet", None)
"""Runs synchronous code in a greenlet."""

_NOBODY_WAITS = "The client has gone, or the server stops: nobody waits for this request any more."


# In a worker thread -----------------------------------------------------------------------------


class ThreadVisit:
    """One piece of work in a worker thread.

    :param on_wait: called on the loop whenever the work awaits something there, or has to wait for
        a thread.
    :param pool: the thread pool.
    :param can_refuse: the work may be refused, and it does not run if its client disconnects before
        it starts.
    :param loop: runs the awaitables of the work; by default the running loop.
    """

    is_over: bool = False
    """Whether nobody waits for the work any more; what it waits for is given up."""
    may_cancel: Callable[[Context], bool] | None = None
    """Returns whether a disconnect cancels the work; ``None``: it does."""

    # PERF: on the class, since most work changes few of them.
    _answer: ThreadFuture[t.Any] | None = None
    _task: asyncio.Task[None] | None = None
    _must_cancel: bool = False
    _context: Context | None = None
    _queued: tuple[Callable[[], None], asyncio.Future[Outcome]] | None = None

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

    async def run(self, app: App, function: Work, *arguments: t.Any) -> t.Any:
        """Run synchronous code in a thread, with the context of the caller.

        If all threads are busy, the work waits in the queue.

        :param app: the application of the work.
        :raises PoolFull: the queue is full.
        """
        done: asyncio.Future[Outcome] = self.loop.create_future()
        context = self._context = copy_context()
        work = partial(self._in_the_thread, partial(context.run, function, *arguments), done)
        try:
            if not self.pool.start(work, app, self.can_refuse):
                self._queued = (work, done)
                if self.on_wait is not None:
                    self.on_wait()
            result, error = await done
        except asyncio.CancelledError:
            self.end()  # the thread goes on to its teardowns by itself
            self._withdraw()
            raise
        finally:
            self._queued = None  # avoid a reference cycle
            del done, work
        if error is None:
            return result
        try:
            raise error
        finally:
            del error  # its traceback holds this frame

    def _in_the_thread(self, work: Work, done: asyncio.Future[Outcome]) -> None:
        waiting.set_thread_executor(self)
        try:
            outcome: Outcome = (work(), None)
        except BaseException as error:
            outcome = (None, error)
        finally:
            waiting.set_thread_executor(None)
        try:
            self.loop.call_soon_threadsafe(_hand_over, done, outcome)
        except RuntimeError:
            pass  # the loop is closed: nobody waits any more
        finally:
            del outcome, done, work  # they hold the error, whose traceback holds this frame

    def wait(self, awaitable: Awaitable[t.Any]) -> t.Any:
        """Wait, in the thread, for something that runs on the server's loop."""
        context = copy_context()
        answer: ThreadFuture[Outcome] = ThreadFuture()
        with self._lock:
            if self.is_over:
                _close(awaitable)
                raise asyncio.CancelledError(_NOBODY_WAITS)
            self._answer = answer
        try:
            self.loop.call_soon_threadsafe(self._begin, awaitable, answer, context)
            result, error = answer.result()
        except (CancelledError, RuntimeError):  # given up; or the loop is closed
            raise asyncio.CancelledError(_NOBODY_WAITS) from None
        finally:
            self._answer = None
            del answer
        waiting.copy_variables(context)
        if error is None:
            return result
        try:
            raise error
        finally:
            del error  # its traceback holds this frame

    def _begin(
        self, awaitable: Awaitable[t.Any], answer: ThreadFuture[Outcome], context: Context
    ) -> None:
        """Await something on the loop, for the thread."""
        if answer.cancelled():
            _close(awaitable)
            return
        if self._must_cancel:
            self._must_cancel = False
            _close(awaitable)
            answer.set_result((None, asyncio.CancelledError()))
            return
        doing = awaitable
        if has_greenlets:  # what runs on the loop may meet synchronous code that waits
            doing = run_in_greenlet(waiting.wait, awaitable)
        outcome: list[Outcome] = []
        self._task = self.loop.create_task(_put_outcome(doing, outcome), context=context)
        # What the task never came to is closed: it would complain that nobody awaited it.
        unused = (doing, awaitable)
        self._task.add_done_callback(partial(self._hand_back, answer, outcome, unused))
        if self.on_wait is not None:
            self.on_wait()

    def _hand_back(
        self,
        answer: ThreadFuture[Outcome],
        outcome: list[Outcome],
        unused: tuple[Awaitable[t.Any], ...],
        task: asyncio.Task[None],
    ) -> None:
        self._task = None
        if task.cancelled():
            for awaitable in unused:
                _close(awaitable)
            outcome.append((None, asyncio.CancelledError()))
        if not answer.cancelled():
            answer.set_result(outcome.pop())
        outcome.clear()

    def lose_client(self) -> None:
        """Handle, on the loop, that the client has disconnected.

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

    def let_cancel(self, is_gone: bool) -> None:
        """Let a disconnect cancel what the work awaits from now on; called in the thread.

        :param is_gone: the client has disconnected already, so the next await is cancelled.
        """
        self.may_cancel = None
        if is_gone:
            self._must_cancel = True

    def cancel_waiting(self) -> None:
        """Cancel what the work awaits on the loop now; called on the loop."""
        if self._task is not None:
            self.cancel()

    def cancel(self) -> None:
        """Cancel what the work waits for on the loop, now or next; called on the loop.

        What calls this itself runs, and waits for nothing.
        """
        if self._task is None:
            self._must_cancel = True
        elif self._task is not asyncio.current_task():
            self._task.cancel()

    def end(self) -> None:
        """Let the work wait for nothing any more; called on the loop."""
        with self._lock:
            self.is_over = True
            answer = self._answer
        self.cancel()
        if answer is not None:
            answer.cancel()


def wait_on(loop: asyncio.AbstractEventLoop | None, awaitable: Awaitable[t.Any]) -> t.Any:
    """Wait for something that one loop alone can do, such as what a server sends or receives.

    In a thread that a view or a handler has started no driver is found, and in one where somebody
    runs another loop that loop is.

    :param loop: the loop; ``None``: any.
    """
    if loop is None or loop is asyncio._get_running_loop():
        return waiting.wait(awaitable)
    driver = waiting.get_thread_executor() or ThreadVisit(loop=loop)
    return driver.wait(awaitable)


async def await_on(
    loop: asyncio.AbstractEventLoop, awaitable: Coroutine[t.Any, t.Any, t.Any]
) -> t.Any:
    """Await, on one loop, something that has to run on another loop.

    :param loop: the other loop, which runs in another thread.
    :param awaitable: what runs on it.
    """
    outcome: list[Outcome] = []
    doing = asyncio.run_coroutine_threadsafe(_put_outcome(awaitable, outcome), loop)
    await asyncio.wrap_future(doing)
    result, error = outcome.pop()
    if error is None:
        return result
    try:
        raise error
    finally:
        del error  # avoid a reference cycle


def _hand_over(done: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not done.done():
        done.set_result(outcome)


async def _put_outcome(awaitable: Awaitable[t.Any], outcome: list[Outcome]) -> None:
    """Await something, and put what comes of it into a list.

    It is not returned: a server's own awaitables may hold the task where the collector does not
    see it, and with the task its result, and the frames of the error there.
    """
    try:
        outcome.append((await awaitable, None))
    except BaseException as error:
        if type(error) is asyncio.CancelledError:
            raise
        outcome.append((None, error))


def is_being_cancelled() -> bool:
    """Tell whether the running task was cancelled, and not something else that it awaits."""
    # Without asyncio, as under Hypercorn's worker for trio, nothing runs that could be cancelled.
    task = None if asyncio._get_running_loop() is None else asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _close(awaitable: Awaitable[t.Any]) -> None:
    """Throw away something awaitable that nobody will await."""
    if isinstance(awaitable, Coroutine):
        awaitable.close()
