"""What a transport offers, and what it uses: the contract that memory and Redis share."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from .._core.threads import Threads
from ._messages import Entry, Page
from ._publication import Publication
from ._settings import Settings

THREADS: t.Final = Threads(
    "channels", 8, None, "They wait for Redis on behalf of 'async def' code."
)
"""Calls of Redis by code on an event loop. A thread that has nothing to do ends."""


class Listeners(t.Protocol):
    """The listeners of an application in this process, which a transport delivers to."""

    @property
    def settings(self) -> Settings:
        """The settings of the application."""
        ...

    @property
    def config(self) -> Mapping[str, int]:
        """The settings that limit `THREADS`."""
        ...

    def count(self, channel: str) -> int:
        """Return how many listeners a channel has here."""
        ...

    def counts(self) -> dict[str, int]:
        """Return how many listeners each channel has here."""
        ...

    def deliver(self, channel: str, entries: Sequence[Entry]) -> None:
        """Give messages to the listeners of a channel."""
        ...

    def wake_all(self) -> None:
        """Let listeners that could not read ask again."""
        ...

    def published(self, publication: Publication) -> None:
        """Record what was stored."""
        ...

    def log(self, level: str, message: str) -> None:
        """Log a message with the logger of the application."""
        ...

    def _log(self, level: str, message: str) -> None:
        """Log a message of `THREADS`."""


class Transport(t.Protocol):
    """Where messages are kept, and how they reach the listeners of other processes."""

    may_block: bool
    """Whether the methods wait for another process. `changed` never does."""

    def publish(self, messages: Sequence[tuple[str, str]]) -> list[str | Exception]:
        """Store messages in order; return the identifier of each, or its error.

        :param messages: pairs of channel and text.
        """
        ...

    def publish_soon(self, publication: Publication) -> None:
        """Store a message without waiting for it, after those that came earlier.

        :raises Unavailable: too many messages wait already.
        """
        ...

    def open(self, channel: str) -> Entry:
        """Receive a channel's messages from now on; return the place where they begin.

        :raises Unavailable: Redis has not answered.
        """
        ...

    def read(self, channel: str, after: Entry, limit: int) -> Page:
        """Return a page of the history.

        :param channel: the name of the channel.
        :param after: the place after which the page begins.
        :param limit: maximum number of messages.
        :raises Unavailable: Redis has not answered.
        """
        ...

    def count_elsewhere(self, channel: str) -> int:
        """Return the number of listeners in other processes.

        :raises Unavailable: Redis has not answered.
        """
        ...

    def changed(self, channel: str, count: int) -> None:
        """Note the number of listeners in this process."""
        ...

    def end(self) -> None:
        """Stop to receive. `open` begins again."""
        ...

    def forget(self) -> None:
        """Forget connections and threads, in a forked process that does not have them."""
        ...
