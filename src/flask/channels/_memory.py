"""Channels in the memory of one process, for its threads and event loops."""

from __future__ import annotations

import secrets
import threading
import time
import typing as t
from collections import OrderedDict, deque
from collections.abc import Sequence
from itertools import islice

from ._messages import Entry, Page
from ._publication import Publication
from ._transport import Listeners

MOST_CHANNELS: t.Final = 10_000
"""Channels without listeners whose history is kept; the one that was unused longest goes first."""


class _Channel:
    """The history of one channel.

    :param limit: messages that are kept.
    """

    def __init__(self, limit: int) -> None:
        # Random, so an identifier of another process or of a dropped history is unknown.
        self.first = secrets.randbits(60)
        self.count = 0
        self.listeners = 0
        self.used = time.monotonic()
        self.entries: deque[Entry] = deque(maxlen=limit)

    def add(self, text: str) -> Entry:
        self.count += 1
        entry = Entry(f"{self.first}-{self.count}", (self.first, self.count), text)
        self.entries.append(entry)
        return entry

    def end(self) -> Entry:
        return Entry(f"{self.first}-{self.count}", (self.first, self.count), None)


class MemoryTransport:
    """Keeps the messages of each channel in a bounded queue.

    :param hub: the listeners of this process.
    """

    may_block = False

    def __init__(self, hub: Listeners) -> None:
        self._hub = hub
        self._settings = hub.settings
        self._channels: OrderedDict[str, _Channel] = OrderedDict()
        self._lock = threading.RLock()

    def _find(self, name: str) -> _Channel:
        """Return a channel as the one that was used last."""
        channel = self._channels.get(name)
        now = time.monotonic()
        if channel is None:
            self._remove_unused(now)
            channel = self._channels[name] = _Channel(self._settings.history)
        else:
            self._channels.move_to_end(name)
        channel.used = now
        return channel

    def _remove_unused(self, now: float) -> None:
        oldest = now - self._settings.lifetime
        extra = len(self._channels) - MOST_CHANNELS + 1
        removed: list[str] = []
        for name, channel in self._channels.items():
            if extra <= len(removed) and channel.used >= oldest:
                break
            if not channel.listeners:
                removed.append(name)
        for name in removed:
            del self._channels[name]

    def publish(self, messages: Sequence[tuple[str, str]]) -> list[str | Exception]:
        """Store messages and deliver them. Under the lock, so that all see the same order."""
        identifiers: list[str | Exception] = []
        with self._lock:
            for name, text in messages:
                entry = self._find(name).add(text)
                identifiers.append(entry.identifier)
                self._hub.deliver(name, (entry,))
        return identifiers

    def publish_soon(self, publication: Publication) -> None:
        """Store a message at once: that does not wait."""
        outcome = self.publish([(publication.channel, publication.text)])[0]
        publication.set_outcome(outcome, self._hub)

    def open(self, channel: str) -> Entry:
        """Return the end of a channel."""
        with self._lock:
            return self._find(channel).end()

    def read(self, channel: str, after: Entry, limit: int) -> Page:
        """Return a page of the history; it is gone if messages after the identifier are."""
        with self._lock:
            found = self._find(channel)
            first, number = after.order
            missing = found.count - number
            if first != found.first or not 0 <= missing <= len(found.entries):
                return Page((), found.end(), is_last=True, is_gone=True)
            start = len(found.entries) - missing
            entries = list(islice(found.entries, start, start + limit))
            end = entries[-1] if entries else after
            return Page(entries, end, is_last=len(entries) == missing)

    def count_elsewhere(self, channel: str) -> int:
        """Return 0: there are no other processes."""
        return 0

    def changed(self, channel: str, count: int) -> None:
        """Keep the history of a channel as long as it has listeners."""
        with self._lock:
            self._find(channel).listeners = count

    def end(self) -> None:
        """Do nothing; the history stays."""

    def forget(self) -> None:
        """Replace the lock: a thread of the parent process may have held it."""
        self._lock = threading.RLock()
