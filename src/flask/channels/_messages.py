"""Messages, and the identifiers by which a listener resumes."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Sequence

Order: t.TypeAlias = tuple[int, int]
"""The two numbers of an identifier. Those of one channel increase."""

_IDENTIFIER = re.compile(r"([0-9]{1,20})-([0-9]{1,20})")
_LARGEST = 2**64 - 1  # of the two numbers in Redis Streams; nothing can follow it


def parse_identifier(text: str) -> Order | None:
    """Return the numbers of an identifier; ``None`` if the text is not one.

    :param text: what a client has sent, such as its ``Last-Event-ID``.
    """
    match = _IDENTIFIER.fullmatch(text)
    if match is None:
        return None
    first, second = int(match[1]), int(match[2])
    return (first, second) if first < _LARGEST and second < _LARGEST else None


class Entry:
    """A message as a transport keeps it. All listeners of a process share it.

    :param identifier: its identifier.
    :param order: the numbers of the identifier.
    :param text: the data as JSON; ``None``: a listener has to fetch the current state.
    """

    __slots__ = ("identifier", "order", "text")

    def __init__(self, identifier: str, order: Order, text: str | None) -> None:
        self.identifier = identifier
        self.order = order
        self.text = text

    def as_resync(self) -> Entry:
        """Return the message that replaces this one and those before it."""
        return Entry(self.identifier, self.order, None)


class Page(t.NamedTuple):
    """A part of a channel's history."""

    entries: Sequence[Entry]
    """The messages after the identifier that was asked for, the oldest first."""
    end: Entry
    """The place after which the next page begins."""
    is_last: bool
    """Whether there were no more messages."""
    is_gone: bool = False
    """Whether the history no longer has the identifier. `end` is the end of the channel then."""


class Message:
    """A message of a channel, as a listener receives it.

    :param channel: the name of the channel.
    :param entry: what the transport keeps.
    :param loads: parses JSON.
    """

    __slots__ = ("_data", "_entry", "_loads", "channel")

    channel: str
    """The name of the channel."""

    def __init__(self, channel: str, entry: Entry, loads: Callable[[str], object]) -> None:
        self.channel = channel
        self._entry = entry
        self._loads = loads
        self._data: object = _UNPARSED

    @property
    def id(self) -> str:
        """The identifier. A listener that reconnects passes the last one."""
        return self._entry.identifier

    @property
    def data(self) -> t.Any:
        """The data; ``None`` in a `is_resync` message.

        No other listener shares the object.
        """
        if self._data is _UNPARSED:
            text = self._entry.text
            self._data = None if text is None else self._loads(text)
        return self._data

    @property
    def is_resync(self) -> bool:
        """Whether messages are missing before this one, which has no data.

        The listener has to fetch the current state. What follows is complete again.
        """
        return self._entry.text is None

    @property
    def json(self) -> str:
        """The data as it was published, as JSON; ``null`` for a resync."""
        return self._entry.text or "null"

    def __repr__(self) -> str:
        what = "resync" if self.is_resync else self.json[:80]
        return f"<Message {self.id} of {self.channel!r}: {what}>"


_UNPARSED: t.Final = object()
