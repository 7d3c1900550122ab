"""WebSockets to an application in this process, for tests.

A `WebsocketConnection` is for ``async`` tests, a `WebsocketSession` for synchronous ones.
"""

from __future__ import annotations

import json
import typing as t
from types import TracebackType

from werkzeug.datastructures import Headers

from .._core.json_functions import Json
from .connection import AsgiCallable, Connection, LoopThread, Message


class WebsocketRefused(Exception):
    """The application did not accept a WebSocket.

    :param status: the HTTP status of the response.
    :param headers: the response's headers.
    :param body: its body.
    """

    def __init__(self, status: int, headers: Headers | None = None, body: bytes = b"") -> None:
        super().__init__(f"The application refused the WebSocket with the status {status}.")
        self.status = status
        self.headers = headers or Headers()
        self.body = body

    @property
    def text(self) -> str:
        """The body of the response as text."""
        return self.body.decode()


class WebsocketClosed(Exception):
    """The application has closed the WebSocket.

    :param code: the close code (RFC 6455 section 7.4).
    :param reason: the reason in the close frame.
    """

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"The application has closed the WebSocket, with code {code}. {reason}")
        self.code = code
        self.reason = reason


class WebsocketConnection:
    """A WebSocket of an ``async`` test: ``async with client.websocket("/path") as it:``.

    :param app: the application.
    :param scope: the scope of the connection.
    """

    headers: Headers
    """The headers of the response to the handshake."""
    subprotocol: str | None
    """The subprotocol that the application chose."""

    def __init__(self, app: AsgiCallable, scope: Message) -> None:
        self._connection = Connection(app, scope)
        self._is_over = False
        self.headers = Headers()
        self.subprotocol = None

    async def __aenter__(self) -> t.Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.close()

    async def connect(self) -> None:
        """Open the WebSocket.

        :raises WebsocketRefused: the application refused it.
        """
        self._connection.send({"type": "websocket.connect"})
        self._connection.start()
        message = await self._connection.receive()
        if message is not None and message["type"] == "websocket.accept":
            self.subprotocol = message.get("subprotocol")
            self.headers = _headers_of(message)
            return
        self._is_over = True
        if message is None:
            raise AssertionError("The application ended without a response to the handshake.")
        if message["type"] == "websocket.close":
            await self._connection.end()
            raise WebsocketRefused(403)
        body = await self._connection.receive()
        await self._connection.end()
        raise WebsocketRefused(
            message["status"], _headers_of(message), (body or {}).get("body", b"")
        )

    async def send(self, data: str | bytes) -> None:
        """Send a message: a text, or bytes."""
        kind = "text" if isinstance(data, str) else "bytes"
        self._connection.send({"type": "websocket.receive", kind: data})

    async def send_json(self, value: t.Any) -> None:
        """Send a value as JSON."""
        await self.send(json.dumps(value))

    async def receive(self) -> str | bytes:
        """Receive a message.

        :raises WebsocketClosed: the application has closed the WebSocket.
        """
        message = await self._connection.receive()
        if message is None:
            raise WebsocketClosed(1006, "It ended without a word.")
        if message["type"] == "websocket.close":
            self._is_over = True
            code = message.get("code", 1000)
            self._connection.send({"type": "websocket.disconnect", "code": code})
            await self._connection.end()
            raise WebsocketClosed(code, message.get("reason") or "")
        text = message.get("text")
        data: str | bytes = message["bytes"] if text is None else text
        return data

    async def receive_json(self) -> Json:
        """Receive a message, and read it as JSON."""
        return json.loads(await self.receive())

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the WebSocket; raise the error of the application, if there was one."""
        if not self._is_over:
            self._is_over = True
            self._connection.send({"type": "websocket.disconnect", "code": code, "reason": reason})
            await self._connection.end()


def _headers_of(message: Message) -> Headers:
    pairs = message.get("headers", ())
    return Headers([(n.decode("latin-1"), v.decode("latin-1")) for n, v in pairs])


class WebsocketSession:
    """A WebSocket of a synchronous test; see ``websocket_connect``.

    :param loop: the event loop on which the application runs.
    :param app: the application.
    :param scope: the scope of the connection.
    """

    def __init__(self, loop: LoopThread, app: AsgiCallable, scope: Message) -> None:
        async def make() -> WebsocketConnection:
            return WebsocketConnection(app, scope)

        self._loop = loop
        self._connection: WebsocketConnection = loop.run(make())
        loop.run(self._connection.connect())

    @property
    def headers(self) -> Headers:
        """The headers of the response to the handshake."""
        return self._connection.headers

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that the application chose."""
        return self._connection.subprotocol

    def send(self, data: str | bytes) -> None:
        """Send a text or bytes."""
        self._loop.run(self._connection.send(data))

    def send_json(self, value: object) -> None:
        """Send a value, written as JSON."""
        self._loop.run(self._connection.send_json(value))

    def receive(self) -> str | bytes:
        """Receive the next message.

        :raises WebsocketClosed: the application has closed the WebSocket.
        """
        return self._loop.run(self._connection.receive())

    def receive_json(self) -> Json:
        """Receive the next message, read as JSON."""
        return self._loop.run(self._connection.receive_json())

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the WebSocket, and wait for the handler's end; raise its error."""
        self._loop.run(self._connection.close(code, reason))

    def __enter__(self) -> t.Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()
