"""The channel of one WebSocket: a table of its states, and its incoming and outgoing messages.

This module handles ASGI messages, and does not use the application.
"""

from __future__ import annotations

import asyncio
import sys
import typing as t
from collections.abc import Callable, Iterable

from ._request_body import Message, MessageReceiver, Receive, Send
from ._scope import Scope, ScopeError
from ._thread_executor import is_being_cancelled

TRANSITIONS: dict[tuple[str, str], str] = {
    # state, message            -> next state
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
    ("closed", "websocket.receive"): "closed",  # the client sent it before it got the close frame
    ("closed", "websocket.disconnect"): "closed",
    ("disconnected", "websocket.disconnect"): "disconnected",
}
"""Which messages are possible in which state, and the state after each.

``denial``: an HTTP response refuses the handshake (ASGI, "Websocket Denial Response").
"""

_MAX_INBOX_MESSAGES = 16  # that the handler has not received; then the client has to wait
_MAX_INBOX_SIZE = 1024 * 1024  # bytes of memory of these messages, without the last one
_MESSAGE_TOO_BIG = 1009  # RFC 6455 section 7.4.1
_NO_STATUS = 1005
_ABNORMAL_CLOSURE = 1006

_SENDABLE_CODES = (range(1000, 1004), range(1007, 1015), range(3000, 5000))
"""The codes that a close frame may have (RFC 6455 section 7.4, and the list of IANA)."""
_MAX_REASON = 123  # bytes: a control frame has 125 (RFC 6455 section 5.5)


_Task: t.TypeAlias = "asyncio.Task[object] | None"  # `None` in a thread


class WebsocketDisconnect(asyncio.CancelledError):
    """The client of a WebSocket disconnected.

    It is a cancellation, so ``except Exception`` does not catch it. If the handler does not catch
    it, the handler ends and nothing is logged.

    :param code: the code of the close frame (RFC 6455 section 7.4); 1005 if there was none.
    :param reason: the text of the close frame.
    """

    def __init__(self, code: int = _NO_STATUS, reason: str = "") -> None:
        super().__init__(f"The client disconnected with code {code}.")
        self.code = code
        self.reason = reason


class WebsocketStateError(RuntimeError):
    """A method of a WebSocket was called that its state does not allow."""


class WebSocketChannel(MessageReceiver):
    """One WebSocket, between the server and the handler.

    :param scope: what the server says about the connection.
    :param receive: returns the server's next message.
    :param send: takes a message for the server.
    :param limit: maximum size of a message in bytes; ``None``: no limit.
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
        *("at_disconnect", "can_refuse", "cancel", "code", "loop", "on_open", "reason"),
        *("receive_error", "state", "task"),
    )

    state: str
    """One of the states of `TRANSITIONS`."""
    code: int
    """The code of the close frame."""
    reason: str
    """The text of the close frame."""
    can_refuse: bool
    """Whether the server can send an HTTP response instead of the handshake."""
    cancel: Callable[[], object] | None
    """Cancels the handler."""
    at_disconnect: tuple[Callable[[], object], ...]
    """Functions that are called when the client disconnects."""
    on_open: Callable[[], object]
    """Called when the handshake was accepted."""
    loop: asyncio.AbstractEventLoop | None
    """The server's loop, on which messages are sent and received."""
    task: asyncio.Task[object] | None
    """The handler's task; ``None`` in a thread."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limit: int | None) -> None:
        self.state = "connecting"
        self.code = _NO_STATUS
        self.reason = ""
        self.can_refuse = "websocket.http.response" in (scope.get("extensions") or ())
        self.cancel = None
        self.at_disconnect = ()
        self.on_open = lambda: None
        self.receive_error = None
        self.loop = asyncio._get_running_loop()
        self.task = None
        self._receive = receive
        self._send = send
        self._limit = limit
        self._inbox: list[str | bytes] = []  # a deque takes 0.6 KB, and this is short
        self._inbox_size = 0  # bytes of memory of the messages in it
        self._changed = asyncio.Event()  # a message arrived, or the state changed
        self._has_space: asyncio.Event | None = None  # a message was removed from a full inbox
        self._readers: set[_Task] = set()
        self._yielding: set[_Task] = set()
        # Whether the handler was in _yield_to_loop when the client disconnected.
        self._is_cancel_pending = False
        self._listener: asyncio.Task[None] | None = None

    # States --------------------------------------------------------------------------------------

    def advance(self, kind: str) -> None:
        """Change to the state after a message.

        :param kind: the type of the message.
        :raises WebsocketStateError: the message is not possible in the current state.
        """
        following = TRANSITIONS.get((self.state, kind))
        if following is None:
            raise WebsocketStateError(
                f"{kind!r} is not possible on a WebSocket that is {self.state!r}; possible are"
                f" {', '.join(event for state, event in TRANSITIONS if state == self.state)}."
            )
        self.state = following

    async def send(self, message: Message) -> None:
        """Send a message.

        :param message: an ASGI message.
        :raises WebsocketDisconnect: the client disconnected.
        :raises WebsocketStateError: the message is not possible in the current state.
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
        except OSError:  # newer servers raise it (ASGI 2.4)
            self._disconnect(_ABNORMAL_CLOSURE, "")
            raise WebsocketDisconnect(self.code) from None
        except asyncio.CancelledError:
            if self.state != "disconnected":
                raise  # by the server, or by the handler itself
            raise WebsocketDisconnect(self.code, self.reason) from None

    async def _yield_to_loop(self) -> None:
        """Let the loop run once, so that a handler that only sends notices a disconnect.

        COMPAT: Granian and Hypercorn accept messages for a client that has disconnected, and do not
        wait. So a handler that sends in a loop would never let the loop run. One pass of the loop
        is enough for the task that receives.

        A disconnect in this pass does not cancel the handler here. The next method that it calls
        raises the error, or the loop cancels it at its next wait.
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
        """Receive the first message.

        :raises ScopeError: it is not ``websocket.connect``.
        """
        message = await self._receive()
        try:
            self.advance(message["type"])
        except WebsocketStateError as error:
            raise ScopeError(f"The server began with the message {message['type']!r}.") from error

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame, and stop to receive.

        :param code: see `check_close_frame`.
        :param reason: likewise.
        :raises WebsocketDisconnect: the client disconnected.
        :raises WebsocketStateError: the WebSocket is closed.
        """
        listener = self._listener
        if listener is not None and listener is not asyncio.current_task():
            # COMPAT: Granian sends no close frame while a task is receiving. It does not wake a
            # task whose `receive` was cancelled, so the task cannot be awaited. One pass of the
            # loop delivers the cancellation.
            listener.cancel()
            await asyncio.sleep(0)
        await self.send({"type": "websocket.close", "code": code, "reason": reason})
        self.code = code
        self.reason = reason
        self._changed.set()

    async def refuse(
        self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes
    ) -> None:
        """Refuse the handshake with an HTTP response, or with a 403 if the server cannot send it.

        :param status: the HTTP status.
        :param headers: pairs of name and value.
        :param body: the whole body.
        :raises WebsocketDisconnect: the client disconnected.
        """
        if not self.can_refuse:
            await self.send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        kind = "websocket.http.response"
        await self.send({"type": f"{kind}.start", "status": status, "headers": list(headers)})
        await self.send({"type": f"{kind}.body", "body": body, "more_body": False})

    # Incoming messages ---------------------------------------------------------------------------

    async def receive(self) -> str | bytes:
        """Return the data of the next message.

        :raises WebsocketDisconnect: the client disconnected.
        :raises WebsocketStateError: the application has closed the WebSocket.
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
                del reader  # avoid a reference cycle
        if self._has_space is not None:
            self._has_space.set()
        data = self._inbox.pop(0)
        self._inbox_size -= sys.getsizeof(data)
        return data

    def listen(self) -> None:
        """Start to receive, so that a disconnect is noticed at once."""
        self._listener = asyncio.get_running_loop().create_task(self._listen())

    def stop_listening(self) -> None:
        """Stop to receive; from now on a disconnect cancels nothing."""
        self.cancel = None
        if self._listener is not None:
            self._listener.cancel()
            self._listener = None

    async def _listen(self) -> None:
        """Receive until the client disconnects. An error counts as a disconnect."""
        try:
            await self._receive_all()
        except OSError:  # servers raise it if the client disconnected
            self._disconnect(_ABNORMAL_CLOSURE, "")
        except asyncio.CancelledError:
            if not is_being_cancelled():  # the server cancelled its own receive()
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
            del message, text, data  # so that they are not in memory while this waits
            self._changed.set()
            while len(self._inbox) >= _MAX_INBOX_MESSAGES or self._inbox_size >= _MAX_INBOX_SIZE:
                self._has_space = asyncio.Event()
                await self._has_space.wait()

    async def close_and_disconnect(self, code: int, timeout: float | None = None) -> None:
        """Close the WebSocket; the handler gets a `WebsocketDisconnect`.

        :param code: the code for the client and the handler.
        :param timeout: seconds to wait for a client that does not read; ``None``: no limit.
        """
        try:
            if timeout is None:
                await self.close(code, "")
            else:  # asyncio.timeout() needs a task, and some servers call this without one
                closing = asyncio.ensure_future(self.close(code, ""))
                await asyncio.wait({closing}, timeout=timeout)
                if closing.done():
                    closing.result()
                else:
                    closing.cancel()
        except (WebsocketDisconnect, WebsocketStateError):
            return  # the client disconnected in the meantime, or the handler has ended
        self._disconnect(code, "")

    def _disconnect(self, code: int, reason: str) -> None:
        """Handle a disconnect.

        A handler that receives is woken, and gets a `WebsocketDisconnect`. A handler that waits for
        something else is cancelled. A handler that runs now gets the error at its next call.
        """
        self.state = "disconnected"
        self.code = code
        self.reason = reason
        self._changed.set()
        for function in self.at_disconnect:
            function()
        if self._is_in(self._yielding):
            self._is_cancel_pending = True
        elif not (self._is_in(self._readers) or self._is_running()) and self.cancel is not None:
            self.cancel()

    def call_at_disconnect(self, function: Callable[[], object]) -> None:
        """Call a function on the loop when the client disconnects.

        :param function: must not wait.
        """
        self.at_disconnect += (function,)
        if self.state == "disconnected":
            function()

    def do_not_call(self, function: Callable[[], object]) -> None:
        """Remove a function that `call_at_disconnect` has added before."""
        self.at_disconnect = tuple(each for each in self.at_disconnect if each != function)

    def _is_in(self, tasks: set[_Task]) -> bool:
        return bool(tasks) if self.task is None else self.task in tasks

    def _is_running(self) -> bool:
        return self.task is not None and self.task is asyncio.current_task()


def _is_larger(data: str | bytes, limit: int) -> bool:
    """Return whether data has more bytes, encoded as UTF-8, than a limit.

    A text is encoded only if its length does not answer the question.
    """
    if len(data) > limit or isinstance(data, bytes) or len(data) * 4 <= limit or data.isascii():
        return len(data) > limit
    return len(data.encode("utf-8", "surrogatepass")) > limit


def check_close_frame(code: int, reason: str) -> None:
    """Check the content of a close frame. Servers handle invalid ones differently.

    :param code: one of RFC 6455 section 7.4 that may be sent.
    :param reason: a text of at most 123 bytes in UTF-8 (RFC 6455 section 5.5).
    :raises ValueError: the code or the reason is not allowed.
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
