"""The channel of one WebSocket: its states as a table, its incoming and outgoing messages.

This file knows ASGI's messages and nothing of applications.
"""

from __future__ import annotations

import asyncio
import sys
import typing as t
from collections import deque
from collections.abc import Callable, Iterable

from ._request_body import Message, MessageReceiver, Receive, Send
from ._scope import Scope, ScopeError
from ._thread_executor import is_being_cancelled

TRANSITIONS: dict[tuple[str, str], str] = {
    # state, message            -> the state after it
    ("connecting", "websocket.connect"): "handshake",
    ("handshake", "websocket.accept"): "open",
    ("handshake", "websocket.close"): "closed",
    ("handshake", "websocket.http.response.start"): "denial",
    ("handshake", "websocket.disconnect"): "disconnected",
    ("denial", "websocket.http.response.body"): "closed",
    ("denial", "websocket.disconnect"): "disconnected",
    ("open", "websocket.receive"): "open",
    ("open", "websocket.send"): "open",
    ("open", "websocket.close"): "closed",
    ("open", "websocket.disconnect"): "disconnected",
    ("closed", "websocket.receive"): "closed",  # was under way already
    ("closed", "websocket.disconnect"): "closed",
    ("disconnected", "websocket.disconnect"): "disconnected",
}
"""Which message may come or go in which state, and what follows."""

_MAX_INBOX_MESSAGES = 16  # messages that nobody has asked for yet; then the client has to wait
_MAX_INBOX_SIZE = 1024 * 1024  # of memory that these take, the last one not counted
_MESSAGE_TOO_BIG = 1009  # RFC 6455 section 7.4.1
_NO_STATUS = 1005
_ABNORMAL_CLOSURE = 1006

_SENDABLE_CODES = (range(1000, 1004), range(1007, 1015), range(3000, 5000))
"""What may be sent (RFC 6455 section 7.4, and IANA's list): the others only say what happened."""
_MAX_REASON = 123  # bytes: a control frame has 125 (RFC 6455 section 5.5)
_SLICES = 5  # of timeout: a process that was held up itself loses one, and not all of it


class WebsocketDisconnect(asyncio.CancelledError):
    """The client of a WebSocket has gone.

    Like every cancellation it passes ``except Exception``; where nobody takes it, the handler ends
    and nothing is logged.

    :param code: the client's closing code (RFC 6455 section 7.4).
    :param reason: its words.
    """

    def __init__(self, code: int = _NO_STATUS, reason: str = "") -> None:
        super().__init__(f"The client has gone, with code {code}.")
        self.code = code
        self.reason = reason


class WebsocketStateError(RuntimeError):
    """Something was asked of a WebSocket that its state does not allow."""


class WebSocketChannel(MessageReceiver):
    """One WebSocket, as the server gives it.

    :param scope: what the server tells of the connection.
    :param receive: gives the server's next message.
    :param send: takes a message for the server.
    :param limit: largest message that is taken, in bytes; ``None`` is no limit.
    """

    __slots__ = (
        *(
            "_inbox",
            "_limit",
            "_listener",
            "_changed",
            "_is_cancel_pending",
            "_readers",
            "_receive",
        ),
        *("_yielding", "_has_space", "_send", "_inbox_size"),
        *("can_refuse", "cancel", "code", "loop", "on_open", "reason", "state", "task"),
    )

    state: str
    """One of the states of `TRANSITIONS`."""
    code: int
    """With what code it was closed."""
    reason: str
    """With what words."""
    can_refuse: bool
    """Whether the server takes an HTTP response instead of a handshake."""
    cancel: Callable[[], t.Any] | None
    """Cancels the handler."""
    on_open: Callable[[], object]
    """Called when the handshake was accepted."""
    loop: asyncio.AbstractEventLoop | None
    """The server's loop: there everything comes and goes."""
    task: asyncio.Task[t.Any] | None
    """The handler's task; ``None`` in a thread."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limit: int | None) -> None:
        self.state = "connecting"
        self.code = _NO_STATUS
        self.reason = ""
        self.can_refuse = "websocket.http.response" in (scope.get("extensions") or ())
        self.cancel = None
        self.on_open = lambda: None
        self.receive_error = None
        self.loop = asyncio._get_running_loop()
        self.task = None
        self._receive = receive
        self._send = send
        self._limit = limit
        self._inbox: deque[str | bytes] = deque()
        self._inbox_size = 0  # bytes of memory of what is in it
        self._changed = asyncio.Event()  # something came in, or nothing will any more
        self._has_space = asyncio.Event()  # something was taken out
        self._readers: set[asyncio.Task[t.Any] | None] = set()
        self._yielding: set[asyncio.Task[t.Any] | None] = set()
        self._is_cancel_pending = (
            False  # the handler rested when the client went, and was not told yet
        )
        self._listener: asyncio.Task[None] | None = None

    # Steps ---------------------------------------------------------------------------------------

    def advance(self, kind: str) -> None:
        """Go to the state that follows a message."""
        following = TRANSITIONS.get((self.state, kind))
        if following is None:
            raise WebsocketStateError(
                f"{kind!r} is not possible on a WebSocket that is {self.state!r}; possible are"
                f" {', '.join(event for state, event in TRANSITIONS if state == self.state)}."
            )
        self.state = following

    async def send(self, message: Message) -> None:
        """Send a message.

        :raises WebsocketDisconnect: the client has gone.
        :raises WebsocketStateError: it is not the time for this message.
        """
        if self.state == "disconnected":
            raise self._make_disconnect()
        self.advance(message["type"])
        try:
            await self._send(message)
            if message["type"] == "websocket.send":
                await self._yield_to_loop()
            elif message["type"] == "websocket.accept":
                self.on_open()
        except OSError:  # what newer servers raise (ASGI 2.4)
            self._disconnect(_ABNORMAL_CLOSURE, "")
            raise WebsocketDisconnect(self.code) from None
        except asyncio.CancelledError:
            if self.state != "disconnected":
                raise  # the server's wish, or the handler's
            raise WebsocketDisconnect(self.code, self.reason) from None

    async def _yield_to_loop(self) -> None:
        """Let the loop go on: who only sends must not keep it from hearing the client's going.

        COMPAT: Granian and Hypercorn take at once what nobody will get any more. Who is not
        cancelled in here learns it from the next thing that it asks for, or is cancelled there.
        """
        yielding = asyncio.current_task()
        self._yielding.add(yielding)
        try:
            await asyncio.sleep(0)
        finally:
            self._yielding.discard(yielding)
            del yielding
        if self._is_cancel_pending:
            asyncio.get_running_loop().call_soon(self._run_pending_cancel)

    def _run_pending_cancel(self) -> None:
        if self._is_cancel_pending and self.cancel is not None:
            self.cancel()
        self._is_cancel_pending = False

    def _make_disconnect(self) -> WebsocketDisconnect:
        self._is_cancel_pending = False
        return WebsocketDisconnect(self.code, self.reason)

    async def connect(self) -> None:
        """Receive the message with which everything begins."""
        message = await self._receive()
        try:
            self.advance(message["type"])
        except WebsocketStateError as error:
            raise ScopeError(f"The server began with the message {message['type']!r}.") from error

    async def close(self, code: int, reason: str) -> None:
        """Close it, and take no message any more."""
        listener = self._listener
        if listener is not None and listener is not asyncio.current_task():
            # COMPAT: Granian sends no close while somebody is receiving, and does not wake whose
            # receiving is cancelled: it cannot be waited for.
            listener.cancel()
            await asyncio.sleep(0)
        await self.send({"type": "websocket.close", "code": code, "reason": reason})
        self.code = code
        self.reason = reason
        self._changed.set()

    async def refuse(
        self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes
    ) -> None:
        """Answer the handshake with an HTTP response, or, if the server cannot, with a 403."""
        if not self.can_refuse:
            await self.send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        kind = "websocket.http.response"
        await self.send({"type": f"{kind}.start", "status": status, "headers": list(headers)})
        await self.send({"type": f"{kind}.body", "body": body, "more_body": False})

    # What comes in -------------------------------------------------------------------------------

    async def receive(self) -> str | bytes:
        """Return the next data that the client sent.

        :raises WebsocketDisconnect: the client has gone.
        :raises WebsocketStateError: we have closed the WebSocket.
        """
        while not self._inbox:
            if self.state == "disconnected":
                raise self._make_disconnect()
            if self.state != "open":
                self.advance("websocket.receive")
                raise WebsocketStateError("A WebSocket was read after it was closed.")
            reader = asyncio.current_task()
            self._readers.add(reader)
            try:
                self._changed.clear()
                await self._changed.wait()
            finally:
                self._readers.discard(reader)
                del reader  # the task may hold the error whose traceback holds this frame
        self._has_space.set()
        data = self._inbox.popleft()
        self._inbox_size -= sys.getsizeof(data)
        return data

    def listen(self) -> None:
        """Begin to receive, so that the client's going is seen at once."""
        self._listener = asyncio.get_running_loop().create_task(self._listen())

    def stop_listening(self) -> None:
        """End receiving; nothing is cancelled from now on."""
        self.cancel = None
        if self._listener is not None:
            self._listener.cancel()
            self._listener = None

    async def _listen(self) -> None:
        """Hear the client to its end; whatever ends that, the handler learns it."""
        try:
            await self._receive_all()
        except OSError:  # the server's way to say that the client has gone
            self._disconnect(_ABNORMAL_CLOSURE, "")
        except asyncio.CancelledError:
            if not is_being_cancelled():  # the server's receive() was
                self._disconnect(_ABNORMAL_CLOSURE, "")
            raise
        except Exception as error:
            self.receive_error = error
            self._disconnect(_ABNORMAL_CLOSURE, "")

    async def _receive_all(self) -> None:
        while True:
            message = await self._receive()
            kind = message["type"]
            if kind == "websocket.disconnect":
                if self.state in {"handshake", "denial", "open"}:
                    self._disconnect(message.get("code") or _NO_STATUS, message.get("reason") or "")
                return
            try:
                self.advance(kind)
            except WebsocketStateError:
                self._disconnect(1002, f"The server sent {kind!r} at the wrong time.")
                return
            if self.state != "open":
                continue
            text = message.get("text")
            data: str | bytes = message.get("bytes") or b"" if text is None else text
            if self._limit is not None and _is_larger(data, self._limit):
                await self.close_and_disconnect(_MESSAGE_TOO_BIG)
                return
            self._inbox.append(data)
            self._inbox_size += sys.getsizeof(data)
            del message, text, data  # this frame holds none while it waits
            self._changed.set()
            while len(self._inbox) >= _MAX_INBOX_MESSAGES or self._inbox_size >= _MAX_INBOX_SIZE:
                self._has_space.clear()
                await self._has_space.wait()

    async def close_and_disconnect(self, code: int, timeout: float | None = None) -> None:
        """Close it from our side; to the handler it is as if the client had gone.

        :param code: to tell the client, and the handler.
        :param timeout: seconds to wait for a client that does not read; ``None``: for ever.
        """
        try:
            if timeout is None:
                await self.close(code, "")
            else:  # in a task of its own: a server may have no real one here
                closing = asyncio.ensure_future(self.close(code, ""))
                for _ in range(_SLICES):
                    await asyncio.wait({closing}, timeout=timeout / _SLICES)
                if closing.done():
                    closing.result()
                else:
                    closing.cancel()
        except WebsocketDisconnect:
            return  # it has gone just now
        self._disconnect(code, "")

    def _disconnect(self, code: int, reason: str) -> None:
        """The client has gone: wake who reads, cancel a handler that waits for something else.

        A handler that is running here is told by an error.
        """
        self.state = "disconnected"
        self.code = code
        self.reason = reason
        self._changed.set()
        if self._is_in(self._yielding):
            self._is_cancel_pending = True
        elif not (self._is_in(self._readers) or self._is_running()) and self.cancel is not None:
            self.cancel()

    def _is_in(self, tasks: set[asyncio.Task[t.Any] | None]) -> bool:
        return bool(tasks) if self.task is None else self.task in tasks

    def _is_running(self) -> bool:
        return self.task is not None and self.task is asyncio.current_task()


def _is_larger(data: str | bytes, limit: int) -> bool:
    """Return whether data has more encoded bytes than a limit; a short text is not encoded."""
    if len(data) > limit or isinstance(data, bytes) or len(data) * 4 <= limit or data.isascii():
        return len(data) > limit
    return len(data.encode("utf-8", "surrogatepass")) > limit


def check_close_frame(code: int, reason: str) -> None:
    """Hold what shall be said at the end to the protocol.

    Each server would do something else with it, and some would send it.
    """
    if not any(code in codes for codes in _SENDABLE_CODES):
        raise ValueError(
            f"A WebSocket cannot be closed with the code {code!r}; 1000 is the usual one, an"
            " application has 4000 to 4999 for itself (RFC 6455 section 7.4)."
        )
    if len(reason.encode()) > _MAX_REASON:
        raise ValueError(
            f"A WebSocket's closing reason has at most {_MAX_REASON} bytes, and this one has"
            f" {len(reason.encode())}: {reason!r}."
        )
