"""The publication of one message, which ``async def`` code can await."""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Generator

from ._messages import Entry, parse_identifier

if t.TYPE_CHECKING:
    import asyncio


class Observer(t.Protocol):
    """Is notified of what was published."""

    def published(self, publication: Publication) -> None:
        """Record a message that was published."""
        ...

    def log(self, level: str, message: str) -> None:
        """Log an error that no code waits for."""
        ...


class Publication:
    """A message that is being published, or was.

    In synchronous code it is done when ``publish`` returns. In ``async def`` code await it to get
    the identifier or the error. If you do not, the message is sent all the same, in order, and an
    error is logged.

    :param channel: the name of the channel.
    :param text: the data as JSON.
    """

    __slots__ = (
        "_error",
        "_futures",
        "_is_done",
        "_lock",
        "channel",
        "entry",
        "is_awaited",
        "text",
    )

    def __init__(self, channel: str, text: str) -> None:
        self.channel = channel
        """The name of the channel."""
        self.text = text
        """The data as JSON."""
        self.entry: Entry | None = None
        """What was stored."""
        self._error: Exception | None = None
        self._is_done = False
        self.is_awaited = False
        self._lock = threading.Lock()
        self._futures: list[asyncio.Future[None]] = []

    @property
    def id(self) -> str:
        """The identifier of the message.

        :raises RuntimeError: it is not published yet. In ``async def`` code await it first.
        :raises Unavailable: it could not be published.
        """
        self.raise_error()
        if self.entry is None:
            raise RuntimeError(
                "The message is not published yet: 'await channels.publish(...)' returns its"
                " identifier."
            )
        return self.entry.identifier

    def set_outcome(self, outcome: str | Exception, hub: Observer) -> None:
        """Set the identifier or the error, in any thread.

        :param outcome: what the transport returned for the message.
        :param hub: the channels of the application.
        """
        if isinstance(outcome, Exception):
            self._error = outcome
        else:
            order = parse_identifier(outcome) or (0, 0)
            self.entry = Entry(outcome, order, self.text)
            hub.published(self)
        with self._lock:
            self._is_done = True
            futures, self._futures = self._futures, []
        if self._error is not None and not self.is_awaited:
            hub.log("error", f"A message on {self.channel!r} was not published: {self._error}")
        for future in futures:
            try:
                future.get_loop().call_soon_threadsafe(_set_done, future)
            except RuntimeError:
                pass  # the loop is closed, so no task waits

    def __await__(self) -> Generator[object, None, str]:
        """Wait until the message is published; return its identifier.

        :raises Unavailable: it could not be published.
        """
        self.is_awaited = True
        future: asyncio.Future[None] | None = None
        with self._lock:
            if not self._is_done:
                import asyncio

                future = asyncio.get_running_loop().create_future()
                self._futures.append(future)
        if future is not None:
            yield from future
        return self.id

    def raise_error(self) -> None:
        """Raise the error of a message that could not be published."""
        if self._error is not None:
            raise self._error


def _set_done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
