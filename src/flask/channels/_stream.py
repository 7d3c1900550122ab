"""A response of server-sent events with the messages of a channel."""

from __future__ import annotations

import typing as t
from collections.abc import AsyncGenerator

from ..helpers import ServerSentEvent, stream_events

if t.TYPE_CHECKING:
    from ..wrappers import Response
    from ._subscription import Subscription

RESYNC: t.Final = "resync"
"""The name of the event that replaces messages which are missing."""


def make_stream(
    subscription: Subscription, event: str | None, retry: int | None, heartbeat: float | None
) -> Response:
    """Return the response for a subscription that has not begun.

    :param subscription: the messages.
    :param event: the name of each event; ``None``: ``message``.
    :param retry: milliseconds after which the client should reconnect.
    :param heartbeat: seconds without an event after which a comment is sent.
    """
    return stream_events(_events(subscription, event), retry=retry, heartbeat=heartbeat)


async def _events(
    subscription: Subscription, event: str | None
) -> AsyncGenerator[ServerSentEvent, None]:
    """Yield the messages as events.

    The first event has only an identifier, so a client that reconnects before the first message
    misses nothing.
    """
    async with subscription as messages:
        if messages.position is not None:
            yield ServerSentEvent(id=messages.position)
        async for message in messages:
            name = RESYNC if message.is_resync else event
            yield ServerSentEvent(message.json, event=name, id=message.id)
