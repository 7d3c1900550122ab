"""Worker threads of this process, started as they are needed and ended when they are not.

They are daemons: a thread that hangs does not keep the process from ending. Whoever must wait for
work to end waits for the work, not for the threads.
"""

from __future__ import annotations

import os
import threading
import typing as t
from collections.abc import Callable
from queue import Empty, SimpleQueue

IDLE_SECONDS: t.Final = 10.0
"""How long a thread waits for more work before it ends."""

Work = Callable[[], t.Any]


class Threads:
    """A number of threads that take work from one queue."""

    def __init__(self) -> None:
        self._begin()
        if hasattr(os, "register_at_fork"):  # threads do not live on in a forked process
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._queue: SimpleQueue[Work] = SimpleQueue()
        self._count = 0  # threads that run
        self._idle = 0  # threads that wait for work which nobody has promised them yet
        self._backlog = 0  # work that no thread has been promised

    def start(self, work: Work, most: int) -> None:
        """Let a thread do some work; it must handle its own errors.

        :param most: start no thread beyond so many; the work waits for one then.
        """
        with self._lock:
            self._queue.put(work)
            if self._idle:
                self._idle -= 1
                return
            if self._count >= most:
                self._backlog += 1
                return
            self._count += 1
        threading.Thread(target=self._run, name="flask-worker", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                work = self._queue.get(timeout=IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if self._queue.empty():
                        self._count -= 1
                        self._idle -= 1
                        return
                continue
            try:
                work()
            finally:
                del work  # an idle thread holds nothing
                with self._lock:
                    if self._backlog:
                        self._backlog -= 1
                    else:
                        self._idle += 1


threads = Threads()
"""The threads of this process."""
