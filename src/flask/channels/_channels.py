"""The extension object: what an application publishes and subscribes with."""

from __future__ import annotations

import sys
import typing as t
import weakref
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager

from .._core.current import get_app_context, get_request_context
from .._core.waiting import can_wait_here, is_in_coroutine, wait
from .._http.streaming import HEARTBEAT
from ._hub import Hub
from ._messages import Message
from ._publication import Publication
from ._settings import DEFAULTS, check_name
from ._stop_signals import stop_at_signals
from ._stream import make_stream
from ._subscription import Subscription

if t.TYPE_CHECKING:
    from ..app import Flask
    from ..wrappers import Response

_KEY: t.Final = "channels"
_NO_APP = (
    "No application is current, and this Channels object belongs to {number} of them. Use it in a"
    " request, or in a block of 'with app.app_context():'."
)


class Channels:
    """Messages to the listeners in every process of an application.

    ``CHANNELS_URL`` decides how far they reach: ``memory://`` to the threads and event loops of
    this process, ``redis://...`` to every process on every machine.

    :param app: the application; or call `init_app` later.
    """

    def __init__(self, app: Flask | None = None) -> None:
        self._apps: weakref.WeakSet[Flask] = weakref.WeakSet()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Add channels to an application.

        The settings are read at startup, so they may be set after this call.

        :param app: the application.
        """
        for key, value in DEFAULTS.items():
            app.config.setdefault(key, value)
        self._apps.add(app)
        if _KEY in app.extensions:
            return
        hub = app.extensions[_KEY] = Hub(app)

        def check_settings() -> None:
            assert hub.transport  # a wrong setting is an error at startup
            stop_at_signals()

        app.before_serving(check_settings)
        app.after_serving(hub.close)
        stop_at_signals()

    def publish(self, channel: str, data: object) -> Publication:
        """Send a message to all listeners of a channel.

        Synchronous code gets the result when the message is stored. ``async def`` code awaits the
        result, so that the event loop goes on: ``await channels.publish(...)``. Messages that are
        not awaited are sent too, in order.

        :param channel: the name, at most 200 bytes.
        :param data: what the application's JSON provider can write, at most
            ``CHANNELS_MESSAGE_SIZE`` bytes.
        :returns: the publication; its ``id`` is the identifier of the message.
        :raises ValueError: the name is not possible, or the message is too large.
        :raises TypeError: JSON has no such type.
        :raises Unavailable: Redis has not answered within ``CHANNELS_TIMEOUT`` seconds. The message
            may have been published nevertheless.
        """
        hub = self._find_hub()
        publication = Publication(check_name(channel), hub.encode(data))
        if _has_running_loop():
            waits_here = not is_in_coroutine() and can_wait_here()
            hub.transport.publish_soon(publication)
            if waits_here:
                wait(publication)
            return publication
        publication.is_awaited = True  # an error is raised here
        publication.set_outcome(hub.transport.publish([(channel, publication.text)])[0], hub)
        publication.raise_error()
        return publication

    def subscribe(self, channel: str, *, after: str | None = None) -> Subscription:
        """Listen to a channel, in a ``with`` or ``async with`` block.

        Inside the block, iterate over the `Message` objects. A message that is published when the
        block has begun is not missed. If the client of the request disconnects, or the server
        stops, the iteration ends.

        :param channel: the name, at most 200 bytes.
        :param after: the identifier of the last message that the listener has received. It gets
            what it has missed first; or, if the history no longer has that, one message with
            `Message.is_resync`.
        :raises ValueError: the name is not possible.
        """
        return Subscription(self._find_hub(), check_name(channel), after)

    def stream(
        self,
        channel: str,
        *,
        after: str | None = None,
        event: str | None = None,
        retry: int | None = None,
        heartbeat: float | None = HEARTBEAT,
    ) -> Response:
        """Return a response of server-sent events with the messages of a channel.

        The data of each event is JSON. If messages are missing, the client gets an event with the
        name ``resync`` instead.

        :param channel: the name, at most 200 bytes.
        :param after: where the client resumes; by default what it sends as ``Last-Event-ID``.
        :param event: the name of the events; by default ``message``.
        :param retry: milliseconds after which the client should reconnect.
        :param heartbeat: seconds without an event after which a comment is sent; ``None``: never.
        :raises ValueError: the name is not possible.
        :raises RuntimeError: no request is active.
        """
        if after is None:
            context = get_request_context(None)
            after = context and context.request.headers.get("Last-Event-ID")
        return make_stream(self.subscribe(channel, after=after), event, retry, heartbeat)

    def listeners(self, channel: str) -> t.Any:
        """Return the number of a channel's listeners, in all processes.

        A process that is killed is counted for at most 30 seconds more.

        :param channel: the name of the channel.
        :returns: the number; in ``async def`` code an awaitable of it.
        :raises ValueError: the name is not possible.
        :raises Unavailable: Redis has not answered within ``CHANNELS_TIMEOUT`` seconds.
        """
        hub = self._find_hub()
        check_name(channel)
        if _has_running_loop():
            counting = _count(hub, channel)
            return counting if is_in_coroutine() else wait(counting)
        return hub.count(channel) + hub.transport.count_elsewhere(channel)

    @contextmanager
    def recorded(self) -> Iterator[list[Message]]:
        """Record what this process publishes in a ``with`` block; for tests.

        The messages are delivered too.

        :returns: a list that each message is added to.
        """
        hub = self._find_hub()
        messages: list[Message] = []
        hub.recorders.append(messages)
        try:
            yield messages
        finally:
            hub.recorders[:] = [each for each in hub.recorders if each is not messages]

    def _find_hub(self) -> Hub:
        """Return the channels of the current application, or of the only one.

        :raises RuntimeError: neither exists.
        """
        context = get_app_context(None)
        if context is not None:
            hub: Hub | None = context.app.extensions.get(_KEY)
            if hub is not None:
                return hub
        apps = list(self._apps)
        if len(apps) != 1:
            raise RuntimeError(_NO_APP.format(number=len(apps)))
        only: Hub = apps[0].extensions[_KEY]
        return only


def _has_running_loop() -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None


async def _count(hub: Hub, channel: str) -> int:
    counting: Awaitable[int] = hub.call(hub.transport.count_elsewhere, channel)
    return hub.count(channel) + await counting
