"""The WebSocket, as handlers meet it: a request that became a conversation."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Awaitable, Coroutine, Iterator

from werkzeug.datastructures import Headers

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

    def _do(self, doing: Coroutine[t.Any, t.Any, t.Any]) -> t.Any:
        # A coroutine may have been called by a plain wrapper, in a thread or on a loop of its own.
        if self._awaits or is_in_coroutine(3):
            return self._on_its_loop(doing)
        return wait_on_loop(self._channel.loop, doing)

    def _on_its_loop(self, doing: Coroutine[t.Any, t.Any, t.Any]) -> Coroutine[t.Any, t.Any, t.Any]:
        loop, running = self._channel.loop, asyncio._get_running_loop()
        return doing if running in {loop, None} or loop is None else await_on_loop(loop, doing)

    @property
    def is_accepted(self) -> bool:
        """Whether the handshake was accepted, and the connection is still open."""
        return self._channel.state == "open"

    @property
    def requested_subprotocols(self) -> list[str]:
        """The subprotocols that the client offers, the preferred one first."""
        names = self.environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "").split(",")
        return [name.strip() for name in names if name.strip()]

    def accept(self, headers: t.Any = None, subprotocol: str | None = None) -> Awaitable[None]:
        """Accept the handshake; `receive` and `send` do so too.

        :param headers: of the answer to the handshake: a mapping, or pairs.
        :param subprotocol: one of `requested_subprotocols`.
        """
        return t.cast("Awaitable[None]", self._do(self._accept(headers, subprotocol)))

    def receive(self) -> Awaitable[str | bytes]:
        """Receive a message.

        :raises WebsocketDisconnect: the client has gone.
        """
        return t.cast("Awaitable[str | bytes]", self._do(self._receive()))

    def send(self, data: str | bytes) -> Awaitable[None]:
        """Send a message: a text, or bytes.

        :raises WebsocketDisconnect: the client has gone.
        :raises WebsocketStateError: it was closed.
        """
        return t.cast("Awaitable[None]", self._do(self._send(data)))

    def receive_json(self) -> Awaitable[t.Any]:
        """Receive a message, and read it as JSON.

        :raises ValueError: it is no JSON.
        """
        return t.cast("Awaitable[t.Any]", self._do(self._receive_json()))

    def send_json(self, *args: t.Any, **kwargs: t.Any) -> Awaitable[None]:
        """Send a value as JSON, as ``jsonify`` would write it."""
        return t.cast("Awaitable[None]", self._do(self._send_json(*args, **kwargs)))

    def close(self, code: int = 1000, reason: str = "") -> t.Any:
        """Close it.

        Before it is accepted, that refuses the handshake with a 403.

        :param code: see RFC 6455 section 7.4.
        :param reason: at most 123 bytes.
        :raises ValueError: such a code, or such words, cannot be sent.
        """
        check_close_frame(code, reason)
        return self._do(self._channel.close(code, reason))

    def __iter__(self) -> Iterator[str | bytes]:
        """Yield each message until the client disconnects; for synchronous functions."""
        while True:
            try:
                yield wait_on_loop(self._channel.loop, self._receive())
            except (WebsocketDisconnect, WebsocketStateError):
                return

    def __aiter__(self) -> t.Self:
        """Yield each message, until the client has gone."""
        return self

    async def __anext__(self) -> str | bytes:
        try:
            message: str | bytes = await self._on_its_loop(self._receive())
            return message
        except (WebsocketDisconnect, WebsocketStateError):
            raise StopAsyncIteration from None

    # As coroutines -------------------------------------------------------------------------------

    async def _accept(self, headers: t.Any = None, subprotocol: str | None = None) -> None:
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

    async def _send_json(self, *args: t.Any, **kwargs: t.Any) -> None:
        if args and kwargs:
            raise TypeError("send_json() takes values, or names with values, not both.")
        value = args[0] if len(args) == 1 else args or kwargs
        await self._send(self.json_module.dumps(value))


class WebsocketContext(RequestContext):
    """Makes a WebSocket current: ``websocket`` works, and all that works in a request.

    :param app: the application.
    :param websocket: the WebSocket.
    """

    _is_websocket = True

    def __init__(
        self,
        app: AnyApp,
        environ: WSGIEnvironment,
        request: t.Any = None,
        session: t.Any = None,
    ) -> None:
        super().__init__(app, environ, request, session)
        self._after = ()  # no hook waits for a response

    @property
    def websocket(self) -> Websocket:
        """The WebSocket."""
        return t.cast("Websocket", self.request)

    def pop(self, exc: BaseException | None = None) -> None:
        """Undo a push; the last one runs the teardown functions.

        :param exc: the error to tell them.
        """
        is_last = bool(self._pushed) and not self._pushed[2]  # type: ignore[index]
        try:
            if is_last:
                self.app.do_teardown_websocket(exc)
        finally:
            super().pop(exc)
