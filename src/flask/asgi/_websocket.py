"""The WebSocket that handlers use, and its context."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Awaitable, Coroutine, Iterator

from werkzeug.datastructures import Headers

from .. import typing as ft
from .._core.waiting import is_in_coroutine
from ..ctx import RequestContext
from ..typing import AnyApp
from ..wrappers import Request
from ._thread_executor import await_on_loop, wait_on_loop
from ._websocket_channel import (
    WebSocketChannel,
    WebsocketDisconnect,
    WebsocketStateError,
    check_close_frame,
)

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ..sessions import SessionMixin

Result = t.TypeVar("Result")


class Websocket(Request):
    """A WebSocket, with a URL and headers like a request.

    Handlers use it through the proxy ``flask.websocket``. An ``async def`` function awaits its
    methods. A synchronous function calls them, and they return when they are done.

    :param environ: the WSGI environment of the handshake.
    :param channel: its messages.
    """

    _awaits: bool = True
    """Whether the function that is running awaits the methods."""

    def __init__(self, environ: WSGIEnvironment, channel: WebSocketChannel) -> None:
        super().__init__(environ)
        self._channel = channel

    def _call(self, coroutine: Coroutine[object, None, Result]) -> Awaitable[Result]:
        """Return the coroutine; in a synchronous function, wait for it and return its result.

        The type is the one that an ``async def`` function gets.
        """
        # A synchronous wrapper may have called the coroutine, in a thread or on another loop.
        if self._awaits or is_in_coroutine(3):
            return self._on_its_loop(coroutine)
        return wait_on_loop(self._channel.loop, coroutine)  # type: ignore[arg-type]

    def _on_its_loop(
        self, coroutine: Coroutine[object, None, Result]
    ) -> Coroutine[object, None, Result]:
        loop, running = self._channel.loop, asyncio._get_running_loop()
        return (
            coroutine if running in {loop, None} or loop is None else await_on_loop(loop, coroutine)
        )

    @property
    def is_accepted(self) -> bool:
        """Whether the handshake was accepted, and the connection is still open."""
        return self._channel.state == "open"

    @property
    def requested_subprotocols(self) -> list[str]:
        """The subprotocols that the client offers, the preferred one first."""
        names = self.environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "").split(",")
        return [name.strip() for name in names if name.strip()]

    def accept(
        self, headers: ft.HeadersValue | None = None, subprotocol: str | None = None
    ) -> Awaitable[None]:
        """Accept the handshake. `receive` and `send` accept it too, if that is still to be done.

        :param headers: headers of the response to the handshake: a mapping, or pairs.
        :param subprotocol: one of `requested_subprotocols`.
        :raises ValueError: the client does not offer the subprotocol.
        :raises WebsocketStateError: the handshake was accepted or refused before.
        """
        return self._call(self._accept(headers, subprotocol))

    def receive(self) -> Awaitable[str | bytes]:
        """Receive a message.

        :returns: ``str`` for a text message, ``bytes`` for a binary one.
        :raises WebsocketDisconnect: the client disconnected.
        :raises WebsocketStateError: the application has closed the WebSocket.
        """
        return self._call(self._receive())

    def send(self, data: str | bytes) -> Awaitable[None]:
        """Send a message.

        :param data: ``str`` for a text message, ``bytes`` for a binary one.
        :raises WebsocketDisconnect: the client disconnected.
        :raises WebsocketStateError: the application has closed the WebSocket.
        :raises TypeError: the data is of another type.
        """
        return self._call(self._send(data))

    def receive_json(self) -> Awaitable[t.Any]:
        """Receive a message and parse it as JSON.

        :returns: the parsed value.
        :raises ValueError: the message is not JSON.
        :raises WebsocketDisconnect: the client disconnected.
        """
        return self._call(self._receive_json())

    def send_json(self, *args: object, **kwargs: object) -> Awaitable[None]:
        """Send a value as JSON.

        :param args: the value, or several values, which become a list, as with ``jsonify``.
        :param kwargs: instead: names and values, which become an object.
        :raises TypeError: both are given.
        :raises WebsocketDisconnect: the client disconnected.
        """
        return self._call(self._send_json(*args, **kwargs))

    def close(self, code: int = 1000, reason: str = "") -> t.Any:
        """Close the WebSocket. Before the handshake is accepted, this refuses it with a 403.

        :param code: the code of the close frame (RFC 6455 section 7.4).
        :param reason: the text of the close frame, at most 123 bytes in UTF-8.
        :raises ValueError: a close frame cannot have this code or this reason.
        :raises WebsocketDisconnect: the client disconnected.
        """
        check_close_frame(code, reason)
        return self._call(self._channel.close(code, reason))

    def __iter__(self) -> Iterator[str | bytes]:
        """Yield each message until the client disconnects; for synchronous functions."""
        while True:
            try:
                yield wait_on_loop(self._channel.loop, self._receive())
            except (WebsocketDisconnect, WebsocketStateError):
                return

    def __aiter__(self) -> t.Self:
        """Yield each message until the client disconnects; for ``async def`` functions."""
        return self

    async def __anext__(self) -> str | bytes:
        try:
            return await self._on_its_loop(self._receive())
        except (WebsocketDisconnect, WebsocketStateError):
            raise StopAsyncIteration from None

    # As coroutines -------------------------------------------------------------------------------

    async def _accept(
        self, headers: ft.HeadersValue | None = None, subprotocol: str | None = None
    ) -> None:
        if subprotocol is not None and subprotocol not in self.requested_subprotocols:
            raise ValueError(
                f"The client did not ask for the subprotocol {subprotocol!r}, but for"
                f" {self.requested_subprotocols}."
            )
        pairs = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in Headers(headers or ())
        ]
        await self._channel.send(
            {"type": "websocket.accept", "subprotocol": subprotocol, "headers": pairs}
        )

    async def _receive(self) -> str | bytes:
        if self._channel.state == "handshake":
            await self._accept()
        return await self._channel.receive()

    async def _send(self, data: str | bytes) -> None:
        if self._channel.state == "handshake":
            await self._accept()
        if isinstance(data, str):
            await self._channel.send({"type": "websocket.send", "text": data})
        elif isinstance(data, bytes | bytearray | memoryview):
            await self._channel.send({"type": "websocket.send", "bytes": bytes(data)})
        else:
            raise TypeError(
                f"A WebSocket sends str or bytes, not {type(data).__name__}; there is send_json()."
            )

    async def _receive_json(self) -> t.Any:
        return self.json_module.loads(await self._receive())

    async def _send_json(self, *args: object, **kwargs: object) -> None:
        if args and kwargs:
            raise TypeError("send_json() takes values, or names with values, not both.")
        value = args[0] if len(args) == 1 else args or kwargs
        await self._send(self.json_module.dumps(value))


class WebsocketContext(RequestContext):
    """The context of a WebSocket: the proxy ``websocket`` works, and so do those of a request.

    :param app: the application.
    :param environ: the WSGI environment of the handshake.
    :param request: the WebSocket.
    :param session: the session; ``None``: it is opened on demand.
    """

    _is_websocket = True

    def __init__(
        self,
        app: AnyApp,
        environ: WSGIEnvironment,
        request: Request | None = None,
        session: SessionMixin | None = None,
    ) -> None:
        super().__init__(app, environ, request, session)
        self._after = ()  # no hook waits for a response

    @property
    def websocket(self) -> Websocket:
        """The WebSocket."""
        return t.cast("Websocket", self.request)

    def pop(self, exc: BaseException | None = None) -> None:
        """Undo a push; the last one runs the teardown functions.

        :param exc: the unhandled error, for the teardown functions.
        """
        is_last = bool(self._pushed) and not self._pushed[2]  # type: ignore[index]
        try:
            if is_last:
                self.app.do_teardown_websocket(exc)
        finally:
            super().pop(exc)
