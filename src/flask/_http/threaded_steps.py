"""Run the steps of a synchronous iterator in threads, so that it does not block an event loop."""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Iterable, Iterator
from contextvars import Context, copy_context
from functools import partial

from .._core.threads import App, Threads, Work
from .._core.waiting import Executor, set_thread_executor

if t.TYPE_CHECKING:
    import asyncio

Outcome: t.TypeAlias = tuple[object, BaseException | None]
"""The return value of a step, and the error that it raised."""

_END: t.Final = object()


class ThreadedSteps:
    """An asynchronous iterator that runs the steps of a synchronous one in threads.

    Between two steps it occupies no thread. All steps run in one copy of the context.

    :param iterable: its steps may block. Its ``close``, if it has one, is also called in a thread.
    :param pool: the threads.
    :param app: the application that the iterator belongs to.
    :param executor: runs the awaitables of a step; ``None``: the thread's own event loop.
    """

    def __init__(
        self,
        iterable: Iterable[object],
        pool: Threads,
        app: App,
        executor: Executor | None = None,
    ) -> None:
        self._iterable = iterable
        self._iterator: Iterator[object] | None = None
        self._pool = pool
        self._app = app
        self._executor = executor
        self._context: Context | None = None
        self._lock = threading.Lock()
        self._is_running = False
        self._is_closed = False

    def __aiter__(self) -> t.Self:
        return self

    async def __anext__(self) -> object:
        item = await self._do(self._next, can_leave=True)
        if item is _END:
            raise StopAsyncIteration
        return item

    async def aclose(self) -> None:
        """Close the iterator in a thread; if a step is running, at its end."""
        with self._lock:
            must_close = not self._is_closed and not self._is_running
            self._is_closed = True
        close = getattr(self._iterable, "close", None)
        if must_close and close is not None:
            await self._do(close, can_leave=False)

    async def _do(self, call: Work, can_leave: bool) -> object:
        """Call a function in a thread.

        :param can_leave: do not call it if the caller is cancelled before a thread is free.
        """
        import asyncio

        if self._context is None:
            self._context = copy_context()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Outcome] = loop.create_future()
        work = partial(self._work, call, loop, done)
        try:
            self._pool.start(work, self._app)
            result, error = await done
        except asyncio.CancelledError:
            if can_leave:
                self._pool.withdraw(work)
            raise
        finally:
            del done, work  # avoid a reference cycle
        if error is not None:
            try:
                raise error
            finally:
                del error  # avoid a reference cycle
        return result

    # In a thread ---------------------------------------------------------------------------------

    def _next(self) -> object:
        with self._lock:
            if self._is_closed:  # by another thread in the meantime
                return _END
            self._is_running = True
        try:
            if self._iterator is None:
                self._iterator = iter(self._iterable)
            return next(self._iterator, _END)
        finally:
            with self._lock:
                self._is_running = False
                must_close = self._is_closed
            if must_close:
                self._close()

    def _work(
        self, call: Work, loop: asyncio.AbstractEventLoop, done: asyncio.Future[Outcome]
    ) -> None:
        context = t.cast("Context", self._context)
        set_thread_executor(self._executor)
        outcome: Outcome
        try:
            outcome = (context.run(call), None)
        except BaseException as error:
            outcome = (None, error)
        finally:
            set_thread_executor(None)
        try:
            loop.call_soon_threadsafe(_set_result, done, outcome)
        except RuntimeError:  # the loop is closed, so no task waits for the result
            with self._lock:
                must_close, self._is_closed = not self._is_closed, True
            if must_close:
                context.run(self._close)
        finally:
            del done, outcome  # avoid a reference cycle

    def _close(self) -> None:
        """Close the iterator; an error is logged, because no caller can handle it."""
        close = getattr(self._iterable, "close", None)
        try:
            if close is not None:
                close()
        except Exception:
            self._app._log("exception", "Exception at the end of a disconnected stream")


def _set_result(done: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not done.done():
        done.set_result(outcome)
