"""Outcomes that pass between a worker thread and the server's loop: one class for each way."""

from __future__ import annotations

import asyncio
import threading
import typing as t
from collections.abc import Callable
from contextvars import Context

Outcome: t.TypeAlias = tuple[t.Any, BaseException | None]
"""What work returned, and what it raised."""


class ThreadOutcome(asyncio.Future[Outcome]):
    """The outcome of work in a thread, for one task that awaits it.

    The task continues in the step of the loop in which the outcome arrives.

    PERF: with any other future it continues in the next step, after another call of ``select``: 9 %
    of a request with a synchronous view.
    """

    _waiter: tuple[Callable[[t.Any], object], Context | None] | None = None
    """Continues the task, and the context to do it in."""

    def add_done_callback(
        self, fn: Callable[[t.Any], object], /, *, context: Context | None = None
    ) -> None:
        """Take the function that continues the task, or another one."""
        if self._waiter is None and not self.done():
            self._waiter = (fn, context)
        else:
            super().add_done_callback(fn, context=context)

    def cancel(self, msg: t.Any = None) -> bool:
        """Cancel the future, and let its task continue with the error."""
        is_cancelled = super().cancel(msg)
        if is_cancelled and self._waiter is not None:
            function, context = self._waiter
            self._waiter = None
            self.get_loop().call_soon(function, self, context=context)
        return is_cancelled

    def arrive(self, outcome: Outcome) -> None:
        """Set the outcome and continue the task; a callback of the loop, never called by a task.

        :param outcome: what the work returned and raised.
        """
        if self.done():
            return
        self.set_result(outcome)
        if self._waiter is not None:
            function, context = self._waiter
            self._waiter = None
            if context is None:
                function(self)
            else:
                context.run(function, self)


class LoopOutcome:
    """The outcome of an awaitable on the loop, for a thread that waits for it.

    A future of ``concurrent.futures`` has a condition and takes 1.9 KB, which a thread of an idle
    WebSocket would hold.
    """

    __slots__ = ("_arrived", "_outcome", "is_cancelled")

    is_cancelled: bool
    """Whether no outcome is going to arrive."""

    def __init__(self) -> None:
        self.is_cancelled = False
        self._outcome: Outcome | None = None
        self._arrived = threading.Lock()  # held until the outcome arrives
        self._arrived.acquire()

    def wait(self) -> Outcome | None:
        """Wait in the thread; return ``None`` if the outcome was cancelled."""
        self._arrived.acquire()
        outcome, self._outcome = self._outcome, None
        return outcome

    def arrive(self, outcome: Outcome) -> None:
        """Set the outcome; called on the loop, at most once."""
        self._outcome = outcome
        self._arrived.release()

    def cancel(self) -> None:
        """Let the thread continue without an outcome, unless there is one; called on the loop."""
        if self._arrived.locked() and not self.is_cancelled:
            self.is_cancelled = True
            self._arrived.release()
