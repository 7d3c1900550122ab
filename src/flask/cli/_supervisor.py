"""How ``flask serve`` handles a process that fails.

A worker that fails is replaced, after a longer wait each time. The workers stop when the main
process has ended.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import typing as t
from multiprocessing.process import BaseProcess
from threading import Thread

from granian.server import Server

_LIVED: t.Final = 60.0
"""A worker that fails after this many seconds does not count as a repeated failure."""
_LONGEST_WAIT: t.Final = 8.0
"""Maximum seconds before a worker that fails repeatedly is replaced."""
_MOST_FAILURES: t.Final = 4
"""Consecutive failures. With one more the server ends, if no other worker is alive."""


class ResilientServer(Server):  # type: ignore[misc, valid-type, unused-ignore]
    """Granian's server, which continues with the other workers when one fails repeatedly.

    Granian itself ends when a worker fails twice within 5.5 seconds.
    """

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._failures: dict[int, int] = {}  # consecutive failures, by the worker's index

    def _respawn_workers(self, workers: list[int], *args: t.Any, **kwargs: t.Any) -> None:
        """Replace workers; if there is no ``delay`` argument, they have failed."""
        if "delay" not in kwargs and not self._wait_for(workers):
            return
        super()._respawn_workers(workers, *args, **kwargs)
        self.respawned_wrks.clear()  # Granian would end if a worker in it fails again

    def _wait_for(self, workers: list[int]) -> bool:
        """Wait before workers are replaced; return whether to replace them."""
        now = time.monotonic()
        most = 0
        for index in set(workers):
            has_lived = now - self.wrks[index].birth > _LIVED
            self._failures[index] = 1 if has_lived else self._failures.get(index, 0) + 1
            most = max(most, self._failures[index])
        if most > _MOST_FAILURES and not any(worker.is_alive() for worker in self.wrks):
            self.interrupt_children.extend(workers)  # so the exit code is 1
            self.signal_handler_interrupt()
            return False
        end = now + min(_LONGEST_WAIT, 0.5 * 2 ** (most - 2) if most > 1 else 0)
        while (left := end - time.monotonic()) > 0 and not self._is_called():
            self.main_loop_interrupt.wait(left)
            self.main_loop_interrupt.clear()
        if self._is_called() or self.interrupt_children:
            self.main_loop_interrupt.set()  # the main loop must handle the signal
        return not self.interrupt_signal

    def _is_called(self) -> bool:
        return bool(self.interrupt_signal or self.reload_signal)


def end_with_main_process(graceful_timeout: float) -> None:
    """Stop this worker when the main process has ended, for example by ``SIGKILL``.

    :param graceful_timeout: seconds that running requests have to end then.
    """
    main = multiprocessing.parent_process()
    if main is not None:  # it is None in tests
        Thread(
            target=_wait_and_stop, args=(main, graceful_timeout), name="flask-main", daemon=True
        ).start()


def _wait_and_stop(main: BaseProcess, graceful_timeout: float) -> None:
    main.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(graceful_timeout)
    os._exit(1)
