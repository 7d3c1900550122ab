"""One listener: its bounded queue, and how it waits in threads and on event loops."""

from __future__ import annotations

import threading
import typing as t
from collections import deque
from collections.abc import Iterable

from ._messages import Entry, Order, Page

if t.TYPE_CHECKING:
    import asyncio


class Waiter:
    """What one thread or one task waits for; it is woken once.

    :param loop: the event loop of the task; ``None``: a thread waits.
    """

    __slots__ = ("_lock", "future", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.loop = loop
        if loop is None:
            self._lock = threading.Lock()
            self._lock.acquire()
        else:
            self.future: asyncio.Future[None] = loop.create_future()

    def block(self, timeout: float | None) -> None:
        """Block the thread until the waiter is woken.

        :param timeout: at most this many seconds.
        """
        self._lock.acquire(timeout=-1 if timeout is None else max(timeout, 0))

    def release(self) -> None:
        """Wake the thread."""
        self._lock.release()


def wake(waiters: Iterable[Waiter]) -> None:
    """Wake threads and tasks. Each loop is called once, however many of its tasks are woken.

    :param waiters: they are in no listener any more.
    """
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for waiter in waiters:
        if waiter.loop is None:
            waiter.release()
        else:
            by_loop.setdefault(waiter.loop, []).append(waiter.future)
    for loop, futures in by_loop.items():
        try:
            loop.call_soon_threadsafe(_set_results, futures)
        except RuntimeError:
            pass  # the loop is closed, so none of its tasks waits


def _set_results(futures: Iterable[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


class Listener:
    """The messages of a channel that wait for one reader.

    A listener that begins, or resumes, is behind: it reads pages of the history, while new messages
    are collected. The last page and the collected messages overlap, and the order of identifiers
    says where.

    :param channel: the name of the channel.
    :param limit: maximum number of messages that wait.
    """

    __slots__ = (
        "_backlog",
        "_has_overflowed",
        "_limit",
        "_lock",
        "_order",
        "_queue",
        "_waiters",
        "channel",
        "has_ended",
        "is_behind",
    )

    def __init__(self, channel: str, limit: int) -> None:
        self.channel = channel
        self.has_ended = False
        """Whether no message follows: the client disconnected, or the server stops."""
        self.is_behind = True
        """Whether a page of the history has to be read before the collected messages."""
        self._limit = limit
        self._order: Order = (0, 0)  # of the last message in the queue, or of the last page
        self._queue: deque[Entry] = deque()
        self._backlog: deque[Entry] = deque()  # from the history; it is before the queue
        self._has_overflowed = False  # while it was behind
        self._waiters: list[Waiter] = []
        self._lock = threading.Lock()

    def put(self, entries: Iterable[Entry]) -> list[Waiter]:
        """Add new messages; never waits.

        :returns: what the caller has to `wake`.
        """
        with self._lock:
            if self.has_ended:
                return []
            for entry in entries:
                if self.is_behind:
                    self._collect(entry)
                elif entry.text is None or entry.order > self._order:
                    self._add(entry)
            if self.is_behind or not self._queue:
                return []
            woken, self._waiters = self._waiters, []
            return woken

    def _collect(self, entry: Entry) -> None:
        if len(self._queue) >= self._limit:
            self._queue.clear()  # the history has them
            self._has_overflowed = True
        self._queue.append(entry)

    def _add(self, entry: Entry) -> None:
        if len(self._queue) >= self._limit:
            self._queue.clear()
            entry = entry.as_resync()
        self._queue.append(entry)
        self._order = entry.order

    def accept(self, page: Page) -> None:
        """Add a page of the history. After the last one, the listener is no longer behind."""
        with self._lock:
            self._backlog.extend(page.entries)
            if page.is_gone:
                self._backlog.append(page.end.as_resync())
            self._order = page.end.order
            if page.is_last and not self._has_overflowed:
                self.is_behind = False
                collected, self._queue = self._queue, deque()
                for entry in collected:
                    if entry.order > self._order:
                        self._add(entry)
            else:
                self._queue.clear()
                self._has_overflowed = False

    def take(self) -> Entry | None:
        """Return the next message, if there is one; never waits."""
        with self._lock:
            if self._backlog:
                return self._backlog.popleft()
            if self._queue and not self.is_behind:
                return self._queue.popleft()
            return None

    def add_waiter(self, waiter: Waiter) -> bool:
        """Let the next message wake a waiter.

        :returns: ``False`` if there is a message already, or the listener has ended.
        """
        with self._lock:
            if self.has_ended or (self._queue and not self.is_behind):
                return False
            self._waiters.append(waiter)
            return True

    def remove_waiter(self, waiter: Waiter) -> None:
        """Remove a waiter that no longer waits."""
        with self._lock:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def wake(self) -> list[Waiter]:
        """Return all waiters, so that each looks again what there is."""
        with self._lock:
            woken, self._waiters = self._waiters, []
            return woken

    def end(self) -> None:
        """End the listener at once: messages that wait are dropped, and readers are woken."""
        with self._lock:
            self.has_ended = True
            self._queue.clear()
            self._backlog.clear()
            woken, self._waiters = self._waiters, []
        wake(woken)
