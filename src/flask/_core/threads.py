"""Worker threads of this process, which start when needed and end when idle.

Each purpose has its own pool, so one kind of work never waits for another kind. The threads are
daemons: a thread that hangs does not prevent the process from ending. Code that must wait until
work is done waits for the work, not for the threads.
"""

from __future__ import annotations

import os
import threading
import typing as t
from collections import OrderedDict
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue

IDLE_SECONDS: t.Final = 10.0
"""How long a thread waits for more work before it ends."""

Work = Callable[[], object]


class App(t.Protocol):
    """The application that the work belongs to."""

    @property
    def config(self) -> Mapping[str, int]:
        """The settings that limit a pool."""
        ...

    def _log(self, level: str, message: str) -> None:
        """Log that a pool is full."""


class PoolFull(Exception):
    """All threads of a pool are busy, and its queue is full."""


class Threads:
    """A thread pool for one purpose, with a queue.

    :param purpose: the kind of work, for messages.
    :param most: maximum number of threads: a number, or the name of the setting.
    :param queue: maximum amount of waiting work that can be refused, likewise; ``None``: no
        maximum.
    :param advice: what to do when there are too few.
    """

    def __init__(self, purpose: str, most: int | str, queue: int | str | None, advice: str) -> None:
        self.purpose = purpose
        self.most = most
        self.queue = queue
        self.advice = advice
        self._begin()
        if hasattr(os, "register_at_fork"):  # a forked process has none of the parent's threads
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._handed: SimpleQueue[Work] = SimpleQueue()  # for threads that are idle
        self._waiting: OrderedDict[Work, None] = OrderedDict()  # for the next thread that is free
        self._count = 0  # threads that run
        self._idle = 0  # threads that wait, without those that have work in the queue
        self._logged: set[str] = set()

    def start(self, work: Work, app: App, can_refuse: bool = False) -> bool:
        """Run a function in a thread; it must handle its own errors.

        :param work: the function.
        :param app: the application; its settings apply, and its logger gets the warnings.
        :param can_refuse: refuse the work if the queue is full.
        :returns: whether a thread runs it at once. Otherwise it waits for a thread; see `withdraw`.
        :raises PoolFull: the work is refused.
        :raises RuntimeError: the system cannot start a thread, and the pool has none.
        """
        with self._lock:
            if self._idle:
                self._idle -= 1
                self._handed.put(work)
                return True
            most = _limit(self.most, app)
            if self._count < most:
                self._count += 1
                self._waiting[work] = None
                state = "starts"
            elif (
                not can_refuse
                or self.queue is None
                or (len(self._waiting) < _limit(self.queue, app))
            ):
                self._waiting[work] = None
                state = "waits"
            else:
                state = "refused"
        if state == "starts":
            self._start_thread(work)
            return True
        self._warn(app, state, most)
        if state == "refused":
            raise PoolFull
        return False

    def withdraw(self, work: Work) -> bool:
        """Remove work that no thread has started; return whether there was such work."""
        with self._lock:
            return self._waiting.pop(work, self) is None

    def _start_thread(self, work: Work) -> None:
        try:
            threading.Thread(target=self._run, name="flask-worker", daemon=True).start()
        except RuntimeError:  # no more threads; then another thread of the pool runs the work
            with self._lock:
                self._count -= 1
                if not self._count:
                    self._waiting.pop(work, None)
                    raise

    def _run(self) -> None:
        while True:
            work: Work | None = None
            with self._lock:
                if self._waiting:
                    work = self._waiting.popitem(last=False)[0]
                else:
                    self._idle += 1
            while work is None:
                try:
                    work = self._handed.get(timeout=IDLE_SECONDS)
                except Empty:
                    with self._lock:
                        if self._handed.empty():
                            self._count -= 1
                            self._idle -= 1
                            return
            try:
                work()
            except BaseException:  # this ends the thread; the pool may start another one
                with self._lock:
                    self._count -= 1
                raise
            finally:
                del work  # an idle thread must not keep a request in memory

    def _warn(self, app: App, state: str, most: int) -> None:
        """Log that work waits or is refused, once per process."""
        if state in self._logged:
            return
        self._logged.add(state)
        what = "work is refused" if state == "refused" else "work waits for one of them"
        app._log(
            "warning",
            f"All {most} threads for {self.purpose} are busy: {what}. {self.advice} This is logged"
            " once.",
        )


def _limit(limit: int | str, app: App) -> int:
    number: int = limit if isinstance(limit, int) else app.config[limit]
    return number


views: t.Final = Threads(
    "synchronous views under ASGI",
    "ASGI_THREADS",
    "ASGI_QUEUE_SIZE",
    "ASGI_THREADS is the number of threads, ASGI_QUEUE_SIZE the number of requests that may wait."
    " An async view needs no thread.",
)
"""Requests with synchronous views under ASGI, and the steps of synchronous iterators."""

events: t.Final = Threads(
    "server-sent events", 1000, None, "An asynchronous generator of events needs no thread."
)
"""The steps of synchronous generators of server-sent events. A step may wait for any time."""

background: t.Final = Threads(
    "background tasks", 16, None, "An 'async def' task under ASGI needs no thread."
)
"""Synchronous background tasks; under WSGI, all background tasks."""

lifespan: t.Final = Threads(
    "startup and shutdown", 16, None, "They run in threads only if greenlet is not installed."
)
"""Startup and shutdown under ASGI, without greenlet."""

websockets: t.Final = Threads(
    "synchronous WebSocket handlers", 1000, 0, "An 'async def' handler needs no thread."
)
"""Synchronous WebSocket handlers, which run as long as the client is connected."""
