"""A WebSocket under WSGI: an ASGI server for one connection, on the socket of a WSGI server.

It runs on the event loop of the request's thread, uses wsproto for the protocol, and calls
``asgi_app``. So a WebSocket is the same under both protocols. Importing this module needs wsproto,
which the extra "asgi" installs.
"""

from __future__ import annotations

import asyncio
import atexit
import binascii
import socket as sockets
import ssl
import threading
import typing as t
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus

from h11 import ProtocolError
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from .._core.waiting import wait_long
from .._http.environ_scope import make_scope
from ._app_protocol import AsgiApplication
from ._request_body import Message as AsgiMessage
from ._scope import Scope

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_SCHEMES = {"http": "ws", "https": "wss"}
_RECEIVE_SIZE = 65536
_CLOSE_TIMEOUT = 2.0  # seconds for the client's close frame; at exit, for all handlers
_EXIT_CLOSE_TIMEOUT = 0.1  # seconds for the client's close frame when the process ends
_ABNORMAL_CLOSURE = 1006  # RFC 6455 section 7.4.1
_PROTOCOL_ERROR = 1002
_MESSAGE_TOO_BIG = 1009
_DEFAULT_MAX_MESSAGE = 16 * 1024 * 1024  # bytes of a message, as with uvicorn and Hypercorn
_EMPTY_LENGTHS = {None, "", "0"}


def serve_upgrade(
    app: AsgiApplication,
    environ: WSGIEnvironment,
    socket: sockets.socket,
    start_response: StartResponse,
) -> Iterable[bytes]:
    """Serve a WebSocket to its end.

    :param app: the application.
    :param environ: the WSGI environment of the handshake.
    :param socket: the connection. It is shut down at the end, unless the handshake was refused.
    :param start_response: takes the response that refuses the handshake.
    :returns: the body of that response; empty if the handshake was accepted.
    """
    if not app._got_first_request:
        app._start_serving()
    scope = make_scope(environ, "websocket")
    scope["scheme"] = _SCHEMES.get(scope["scheme"], "ws")
    fault = _find_handshake_error(environ)
    if fault is not None:
        answer = _refuse(start_response, 400, [], f"{fault}\n".encode())
        return () if environ["REQUEST_METHOD"] == "HEAD" else answer
    protocol = WSConnection(ConnectionType.SERVER)
    try:
        protocol.initiate_upgrade_connection(scope["headers"], "/")
    except (RemoteProtocolError, ProtocolError) as error:
        hint = getattr(error, "event_hint", None)
        status, headers = (400, []) if hint is None else (hint.status_code, hint.headers)
        return _refuse(start_response, status, headers, f"{error}\n".encode())
    connection = SocketConnection(socket, protocol, app.config["WEBSOCKET_MAX_MESSAGE_SIZE"])
    timeout = socket.gettimeout()
    socket.setblocking(False)
    try:
        wait_long(connection.serve(app, scope))
    except asyncio.CancelledError:
        pass  # the process ends, and the close frame was sent
    finally:
        socket.settimeout(timeout)
        if connection.is_accepted:
            _shut_down(socket)
    if not connection.is_accepted:
        return _refuse(start_response, connection.status, connection.headers, connection.body)
    # The connection is shut down, so the server takes the client for disconnected. The status is
    # for the server's log.
    start_response("101 Switching Protocols", [])
    return ()


def _find_handshake_error(environ: WSGIEnvironment) -> str | None:
    """Return what is wrong with a handshake that wsproto accepts (RFC 6455 section 4.2.1)."""
    if environ["REQUEST_METHOD"] != "GET":
        return "The handshake of a WebSocket is a GET request."
    if environ["SERVER_PROTOCOL"] == "HTTP/1.0":
        return "A WebSocket needs HTTP/1.1."
    if environ.get("CONTENT_LENGTH") not in _EMPTY_LENGTHS or "HTTP_TRANSFER_ENCODING" in environ:
        return "The handshake of a WebSocket has no body."  # it would be parsed as frames
    try:
        key = binascii.a2b_base64(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""), strict_mode=True)
    except ValueError:
        key = b""
    return None if len(key) == 16 else "Sec-WebSocket-Key must be one, of 16 bytes in Base64."


def _refuse(
    start_response: StartResponse,
    status: int,
    headers: Iterable[tuple[bytes, bytes]],
    body: bytes,
) -> Iterable[bytes]:
    pairs = [(name.decode("latin-1").title(), value.decode("latin-1")) for name, value in headers]
    if not any(name == "Content-Length" for name, _ in pairs):
        pairs += [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Refused"
    start_response(f"{status} {phrase}", pairs)
    return (body,)


def _shut_down(socket: sockets.socket) -> None:
    try:
        socket.shutdown(sockets.SHUT_RDWR)
    except OSError:
        pass  # the client has closed the connection


class SocketConnection:
    """The server of one WebSocket: it translates between ASGI messages and the bytes of a socket.

    :param socket: the connection; it must not block.
    :param protocol: the parser, which has read the handshake.
    :param limit: maximum size of a message in bytes; ``None``: 16 MiB.
    """

    is_accepted: bool = False
    """Whether the handshake was accepted."""
    status: int = 403
    """HTTP status of the refusal."""
    headers: Iterable[tuple[bytes, bytes]] = ()
    """Headers of the refusal."""
    body: bytes = b""
    """Body of the refusal."""

    def __init__(self, socket: sockets.socket, protocol: WSConnection, limit: int | None) -> None:
        self._socket = socket
        self._protocol = protocol
        self._limit = _DEFAULT_MAX_MESSAGE if limit is None else limit
        self._inbox: deque[AsgiMessage] = deque([{"type": "websocket.connect"}])
        self._events: Iterator[Event] = iter(())  # in the bytes that arrived
        self._message = bytearray()  # the message that is not complete yet
        self._disconnect_message: AsgiMessage | None = (
            None  # once there is nothing to receive any more
        )
        self._unsent = bytearray()
        self._send_lock = asyncio.Lock()

    async def serve(self, app: AsgiApplication, scope: Scope) -> None:
        """Call the application, and close the connection when it returns.

        :param app: the application.
        :param scope: the ASGI scope of the connection.
        """
        task = asyncio.current_task()
        assert task is not None
        _open_connections.add(task)
        try:
            await app.asgi_app(scope, self.receive, self.send)
        finally:
            # The loop stops after this. A task that still receives would take the close frame.
            background = set(app._asgi.tasks)
            try:
                await _cancel_tasks(asyncio.all_tasks() - {task} - background)
                await self._wait_for_close_frame()
            finally:
                _open_connections.remove(task)
            await _wait_for(asyncio.all_tasks() & background)

    async def _wait_for_close_frame(self) -> None:
        """Wait a limited time for the client's close frame (RFC 6455 section 7.1.1)."""
        try:
            async with asyncio.timeout(
                _EXIT_CLOSE_TIMEOUT if _open_connections.is_exiting else _CLOSE_TIMEOUT
            ):
                while self._disconnect_message is None and self._is_closing:
                    await self._read()
        except (TimeoutError, OSError):
            pass

    @property
    def _is_closing(self) -> bool:
        return self._protocol.state is ConnectionState.LOCAL_CLOSING

    # To the application --------------------------------------------------------------------------

    async def receive(self) -> AsgiMessage:
        """Return the next ASGI message."""
        while not self._inbox:
            if self._disconnect_message is not None:
                return self._disconnect_message
            try:
                await self._read()
            except OSError:  # the client sent a ping and did not wait for the pong
                self._disconnect(_ABNORMAL_CLOSURE)
        return self._inbox.popleft()

    async def _read(self) -> None:
        """Handle the next event; events are parsed one at a time."""
        for event in self._events:
            await self._handle_event(event)
            return
        data = await self._receive_bytes()
        if not data:
            self._disconnect(_ABNORMAL_CLOSURE)
        elif not self.is_accepted:
            self._disconnect(
                _PROTOCOL_ERROR
            )  # a client must wait for the response (RFC 6455 section 4.1)
        else:
            self._protocol.receive_data(data)
            self._events = self._protocol.events()

    async def _handle_event(self, event: Event) -> None:
        if isinstance(event, Message):
            if self._is_closing:
                return
            data: str | bytes = event.data
            # Fragments are joined at once: an object for each fragment takes 50 bytes more.
            self._message += data.encode() if isinstance(data, str) else data
            if len(self._message) > self._limit:  # the rest is not waited for
                self._message = bytearray()
                self._inbox.append({"type": "websocket.disconnect", "code": _MESSAGE_TOO_BIG})
                await self._send_event(CloseConnection(_MESSAGE_TOO_BIG))
            elif event.message_finished:
                part, self._message = self._message, bytearray()
                if isinstance(event, TextMessage):
                    self._inbox.append({"type": "websocket.receive", "text": part.decode()})
                else:
                    self._inbox.append({"type": "websocket.receive", "bytes": bytes(part)})
        elif isinstance(event, Ping):
            await self._send_event(event.response())
        elif isinstance(event, CloseConnection):
            if self._protocol.state in {ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING}:
                await self._send_event(event.response())
            self._disconnect(event.code, event.reason or "")

    def _disconnect(self, code: int, reason: str = "") -> None:
        if self._disconnect_message is None:
            self._disconnect_message = {
                "type": "websocket.disconnect",
                "code": int(code),
                "reason": reason,
            }

    # To the client -------------------------------------------------------------------------------

    async def send(self, message: AsgiMessage) -> None:
        """Send an ASGI message of the application.

        :param message: the message.
        :raises OSError: the client disconnected.
        """
        kind = message["type"]
        if kind == "websocket.send":
            text = message.get("text")
            await self._send_event(
                BytesMessage(message["bytes"]) if text is None else TextMessage(text)
            )
        elif kind == "websocket.accept":
            await self._send_event(
                AcceptConnection(message["subprotocol"], extra_headers=message["headers"])
            )
            self.is_accepted = True
        elif kind == "websocket.close":
            if self.is_accepted:
                await self._send_event(CloseConnection(message["code"], message["reason"] or None))
        elif kind == "websocket.http.response.start":
            self.status = message["status"]
            self.headers = message["headers"]
        else:
            self.body += message["body"]

    async def _send_event(self, event: Event) -> None:
        if self._disconnect_message is not None:
            raise BrokenPipeError("The client disconnected.")
        try:
            self._unsent += self._protocol.send(event)
        except LocalProtocolError as error:
            raise BrokenPipeError(str(error)) from None
        # If a sender is cancelled in the middle of a message, the next sender sends the rest.
        async with self._send_lock:
            while self._unsent:
                await self._send_bytes()

    # The socket ----------------------------------------------------------------------------------

    async def _receive_bytes(self) -> bytes:
        loop = asyncio.get_running_loop()
        while True:
            try:
                return self._socket.recv(_RECEIVE_SIZE)
            except (BlockingIOError, ssl.SSLWantReadError):
                await _wait_until_ready(loop.add_reader, loop.remove_reader, self._socket)
            except OSError:
                return b""

    async def _send_bytes(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            sent = self._socket.send(self._unsent)
            del self._unsent[:sent]
        except (BlockingIOError, ssl.SSLWantWriteError):
            await _wait_until_ready(loop.add_writer, loop.remove_writer, self._socket)
        except OSError:
            self._disconnect(_ABNORMAL_CLOSURE)
            raise


async def _wait_until_ready(
    add: Callable[..., object], remove: Callable[..., object], socket: sockets.socket
) -> None:
    ready = asyncio.Event()
    add(socket, ready.set)
    try:
        await ready.wait()
    finally:
        remove(socket)


async def _cancel_tasks(tasks: set[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await _wait_for(tasks)


async def _wait_for(tasks: set[asyncio.Task[object]]) -> None:
    if tasks:
        await asyncio.wait(tasks)


# The process ends -------------------------------------------------------------------------------


class _OpenConnections:
    """The open WebSockets of this process. When the process ends, their handlers are cancelled."""

    is_exiting: bool = False
    """Whether the process ends."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()
        self._changed = threading.Condition()

    def add(self, task: asyncio.Task[object]) -> None:
        with self._changed:
            if not self._tasks:
                # Registered again each time: the last registered function runs first, and this
                # one must run before ``after_serving`` functions.
                atexit.unregister(self.close_all)
                atexit.register(self.close_all)
            self._tasks.add(task)

    def remove(self, task: asyncio.Task[object]) -> None:
        with self._changed:
            self._tasks.discard(task)
            self._changed.notify_all()

    def close_all(self) -> None:
        with self._changed:
            self.is_exiting = True
            for task in self._tasks:
                task.get_loop().call_soon_threadsafe(task.cancel)
            self._changed.wait_for(lambda: not self._tasks, _CLOSE_TIMEOUT)


_open_connections = _OpenConnections()
