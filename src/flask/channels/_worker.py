"""Sends to Redis, in order and in batches, what code on event loops has published.

The same thread notes how many listeners a channel has in this process: a listener must not wait
when it begins or ends. The thread ends when there is nothing to do.
"""

from __future__ import annotations

import threading
import time
import typing as t
from collections import deque

from ._publication import Publication
from ._settings import Unavailable
from ._transport import THREADS, Listeners

_MOST_WAITING: t.Final = 10_000
_MOST_BYTES: t.Final = 64 * 1024 * 1024
_BATCH: t.Final = 200


class Sender(t.Protocol):
    """What sends to Redis; it may block."""

    def send(self, messages: list[tuple[str, str]]) -> list[str | Exception]:
        """Store messages."""
        ...

    def send_counts(self, channels: set[str]) -> None:
        """Note the numbers of listeners of channels; an error is not raised."""
        ...


class Worker:
    """A queue of messages, and of channels to count, and at most one thread that sends.

    :param hub: the channels of the application.
    :param sender: sends a batch.
    """

    def __init__(self, hub: Listeners, sender: Sender) -> None:
        self._hub = hub
        self._sender = sender
        self.forget()

    def forget(self) -> None:
        """Begin with an empty queue, in a forked process."""
        self._lock = threading.Lock()
        self._is_idle = threading.Condition(self._lock)
        self._waiting: deque[tuple[Publication, float]] = deque()
        self._size = 0
        self._changed: set[str] = set()
        self._is_running = False

    def publish(self, publication: Publication) -> None:
        """Send a message soon; the publication gets the outcome.

        :raises Unavailable: too many messages wait already.
        """
        with self._lock:
            size = self._size + len(publication.text)
            if len(self._waiting) >= _MOST_WAITING or size > _MOST_BYTES:
                raise Unavailable(
                    f"{len(self._waiting)} messages wait for Redis already, so no other one is"
                    " accepted. Await each publication, so that your code is not faster than Redis."
                )
            self._size = size
            self._waiting.append((publication, time.monotonic()))
        self._start()

    def send_count(self, channel: str) -> None:
        """Send the number of a channel's listeners soon."""
        with self._lock:
            self._changed.add(channel)
        self._start()

    def wait(self, timeout: float) -> None:
        """Wait until nothing is left to send.

        :param timeout: at most this many seconds.
        """
        with self._lock:
            self._is_idle.wait_for(lambda: not self._is_running, timeout)

    def _start(self) -> None:
        with self._lock:
            if self._is_running:
                return
            self._is_running = True
        try:
            THREADS.start(self._run, self._hub)
        except RuntimeError:  # the system cannot start a thread
            with self._lock:
                self._is_running = False
                self._is_idle.notify_all()
            raise

    def _run(self) -> None:
        while True:
            with self._lock:
                batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
                self._size -= sum(len(publication.text) for publication, _ in batch)
                changed, self._changed = self._changed, set()
                if not batch and not changed:
                    self._is_running = False
                    self._is_idle.notify_all()
                    return
            if batch:
                self._publish(batch)
            if changed:
                self._sender.send_counts(changed)

    def _publish(self, batch: list[tuple[Publication, float]]) -> None:
        """Send a batch. What has waited for too long is not sent: its caller has given up."""
        timeout = self._hub.settings.timeout
        oldest = time.monotonic() - timeout
        fresh = []
        for publication, since in batch:
            if since < oldest:
                error = Unavailable(f"The message has waited {timeout:g} seconds for Redis.")
                publication.set_outcome(error, self._hub)
            else:
                fresh.append(publication)
        if not fresh:
            return
        outcomes = self._sender.send([(each.channel, each.text) for each in fresh])
        for publication, outcome in zip(fresh, outcomes, strict=True):
            publication.set_outcome(outcome, self._hub)
