"""Server-sent events: how a generator of events becomes a stream of bytes.

The format is that of the WHATWG HTML standard, section 9.2 "Server-sent events".
"""

from __future__ import annotations

import typing as t
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from dataclasses import dataclass

from .._core.current import current_app
from .._core.threads import events as event_threads
from .._core.waiting import has_server_loop
from .threaded_steps import ThreadedSteps

if t.TYPE_CHECKING:
    import asyncio

_OVER = object()

_FIRST = b": \n\n"  # sent at once, so the client knows that it is connected


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event for the client."""

    data: object = None
    """A text, possibly of several lines; anything else is written as JSON. ``None``: no data."""
    event: str | None = None
    """The name of the event; ``None``: ``message``."""
    id: str | int | None = None
    """The client sends it as ``Last-Event-ID`` when it reconnects."""
    retry: int | None = None
    """Milliseconds after which the client should reconnect."""
    comment: str | None = None
    """A comment, which the client ignores."""

    def encode(self) -> bytes:
        """Return the bytes of the event.

        :raises ValueError: name or id contains a line break or a null character.
        """
        lines: list[str] = []
        if self.comment is not None:
            lines += [f": {line}" for line in _lines_of(self.comment)]
        if self.event is not None:
            lines.append(f"event: {_one_line('event', self.event)}")
        if self.id is not None:
            lines.append(f"id: {_one_line('id', str(self.id))}")
        if self.retry is not None:
            lines.append(f"retry: {int(self.retry)}")
        if self.data is not None:
            text = self.data if isinstance(self.data, str) else current_app.json.dumps(self.data)
            lines += [f"data: {line}" for line in _lines_of(text)]
        return ("\n".join(lines) + "\n\n").encode()


def _lines_of(text: str) -> list[str]:
    """Split a text into lines at the three line breaks of the standard."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _one_line(what: str, text: str) -> str:
    if "\n" in text or "\r" in text or "\0" in text:
        raise ValueError(f"The {what} of a server-sent event must be one line; it is {text!r}.")
    return text


def _encode(event: object) -> bytes:
    """Return the bytes for a value that the generator yielded.

    Only a `ServerSentEvent` has a name, an id or a delay. A dict is always data, because its keys
    may come from a user.
    """
    if not isinstance(event, ServerSentEvent):
        event = ServerSentEvent(data=event)
    encoded: bytes = event.encode()
    return encoded


def encode_events(
    events: Iterable[object] | AsyncIterable[object], retry: int | None, heartbeat: float | None
) -> Iterator[bytes] | AsyncIterator[bytes]:
    """Return the encoded events, with comments between them.

    :param events: the events.
    :param retry: milliseconds after which the client should reconnect.
    :param heartbeat: seconds without an event after which a comment is sent.
    """
    first = _FIRST if retry is None else ServerSentEvent(retry=retry).encode()
    if isinstance(events, AsyncIterable):
        return _encode_awaited(aiter(events), first, heartbeat)
    if heartbeat is None and not has_server_loop():
        return _encode_each(iter(events), first)
    app = current_app._get_current_object()
    steps = ThreadedSteps(iter(events), event_threads, app)
    return _encode_awaited(steps, first, heartbeat)


async def _encode_awaited(
    events: AsyncIterator[object], first: bytes, heartbeat: float | None
) -> AsyncIterator[bytes]:
    """Yield the bytes of events, and comments as heartbeats."""
    import asyncio

    step: asyncio.Task[object] | None = None
    try:
        yield first
        while True:
            # In a task, so the step continues while the heartbeat is sent.
            step = asyncio.ensure_future(_next_of(events))
            while not (await asyncio.wait({step}, timeout=heartbeat))[0]:
                yield _FIRST
            event = step.result()
            if event is _OVER:
                return
            yield _encode(event)
    finally:
        if step is not None and not step.done():
            step.cancel()
            await asyncio.wait({step})
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()
        del step  # avoid a reference cycle


async def _next_of(events: AsyncIterator[object]) -> object:
    return await anext(events, _OVER)


def _encode_each(events: Iterator[object], first: bytes) -> Iterator[bytes]:
    try:
        yield first
        yield from map(_encode, events)
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()
