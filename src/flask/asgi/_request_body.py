"""The body of a request: a stream that receives messages from the server as it is read.

Nothing is received before the view reads, and at most one message is in memory. An exception is a
small body with a ``Content-Length``: it is received before the request takes a thread.
"""

from __future__ import annotations

import asyncio
import math
import threading
import typing as t
from collections.abc import Awaitable, Callable, Mapping
from types import BuiltinMethodType

from werkzeug.exceptions import ClientDisconnected

from .._core import waiting
from ._scope import ScopeError
from ._thread_executor import wait_on_loop

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Message: t.TypeAlias = t.MutableMapping[str, t.Any]
Receive: t.TypeAlias = Callable[[], Awaitable[Message]]
Send: t.TypeAlias = Callable[[Message], Awaitable[None]]

MAX_SMALL_BODY: t.Final = 65_536
"""Bytes of the largest body that is received before the request takes a thread."""
_LOOP_TIMEOUT = 0.05  # seconds that a thread waits until the server's loop is known
_CANNOT_WAIT = (
    "The body of the request was read in a task that the view has started, before all of it had"
    " arrived; a task cannot wait for it. Read it in the view, before it starts the task."
)
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})  # unless there is a length


class TrackedReceive:
    """A server's ``receive`` that knows whether the body is complete.

    :param receive: returns the server's next message.
    """

    __slots__ = ("_receive", "is_complete")

    is_complete: bool
    """Whether the last message of the body has been received, or the client disconnected."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.is_complete = False

    async def __call__(self) -> Message:
        """Return the next message."""
        message = await self._receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            self.is_complete = True
        return message


SERVER_RECEIVES: t.Final = frozenset({BuiltinMethodType, TrackedReceive})
"""The types of a ``receive`` that gets its messages from threads of the server, as in Granian."""


class MessageReceiver:
    """Receives a server's messages, and keeps an error that occurs while no code reads.

    PERF: no slot, because CPython 3.13 specializes no access to attributes of an object that has
    both slots and a dict, as a `RequestBody` would have.
    """

    __slots__ = ()

    receive_error: Exception | None
    """What the server's ``receive`` raised in a task that watches the connection."""

    def raise_receive_error(self) -> None:
        """Raise `receive_error`, if there is one."""
        receive_error = self.receive_error
        self.receive_error = None  # type: ignore[misc]  # the subclasses have the attribute
        if receive_error is not None:
            try:
                raise receive_error
            finally:
                del receive_error  # avoid a reference cycle


class RequestBody(MessageReceiver):
    """Reads ``http.request`` messages; the ``wsgi.input`` of a request.

    While the view does not read, `wait_for_disconnect` may receive messages to notice a disconnect.

    :param receive: returns the server's next message.
    """

    is_disconnected: bool
    """Whether the client disconnected."""
    is_complete: bool
    """Whether the last message of the body has been received."""
    loop: asyncio.AbstractEventLoop | None = None
    """The server's loop, on which messages arrive; set when the view waits."""
    loop_is_known: threading.Event | None = None
    """Is set when `loop` is, for a thread that waits for that."""
    reserved: int = 0
    """Bytes that `buffer_small_body` has reserved."""

    _may_wait_for_loop: bool = True
    """Whether a thread that needs the loop before the view waits has not waited for it yet."""
    _watched_message: Message | None = None

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._buffer = b""
        self._is_receiving = self.is_complete = self.is_disconnected = False
        self._watch_event: asyncio.Event | None = None

    # What a stream of bytes offers (PEP 3333, "Input and Error Streams") -------------------------

    def read(self, size: int | None = -1, /) -> bytes:
        """Read bytes. Fewer than requested are returned only at the end.

        :param size: the number of bytes; ``-1`` or ``None`` reads to the end.
        :raises werkzeug.exceptions.ClientDisconnected: the client disconnected (400).
        """
        if size is None or size < 0:
            parts = [self._buffer]
            while not self.is_complete:
                parts.append(self._read_message())
            self._buffer = b""
            return b"".join(parts)
        buffer = self._buffer
        if not buffer and size and not self.is_complete:
            buffer = self._read_message()  # PERF: usually all of it
        if len(buffer) < size and not self.is_complete:
            parts = [buffer]
            missing = size - len(buffer)
            while missing > 0 and not self.is_complete:
                part = self._read_message()
                parts.append(part)
                missing -= len(part)
            buffer = b"".join(parts)
        self._buffer = buffer[size:]
        return buffer[:size]

    def peek(self, size: int) -> bytes:
        """Read bytes, and leave them to be read again.

        :param size: the number of bytes.
        :raises werkzeug.exceptions.ClientDisconnected: the client disconnected (400).
        """
        if size and not self._buffer and not self.is_complete:
            self._buffer = self._read_message()  # PERF: usually all of it; `read` copies it twice
        if len(self._buffer) < size:
            data = self.read(size)
            self._buffer = data + self._buffer
        return self._buffer[:size]

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read up to the end of the line.

        :param size: maximum number of bytes; ``-1`` or ``None``: no maximum.
        :raises werkzeug.exceptions.ClientDisconnected: the client disconnected (400).
        """
        limit = -1 if size is None else size
        start = 0
        while True:
            end = self._buffer.find(b"\n", start) + 1
            if end or self.is_complete or 0 <= limit <= len(self._buffer):
                break
            start = len(self._buffer)
            self._buffer += self._read_message()
        end = end or len(self._buffer)
        if 0 <= limit < end:
            end = limit
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        return line

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        """Read the remaining lines.

        :param hint: stop after the line that reaches this number of bytes; ``-1``: read all.
        :raises werkzeug.exceptions.ClientDisconnected: the client disconnected (400).
        """
        lines: list[bytes] = []
        size = 0
        for line in self:
            lines.append(line)
            size += len(line)
            if 0 < hint <= size:
                break
        return lines

    def __iter__(self) -> t.Iterator[bytes]:
        return iter(self.readline, b"")

    async def buffer_small_body(self, config: Mapping[str, int], length: str | bytes) -> None:
        """Receive a small body, so that no thread waits for it.

        COMPAT: also for an async view if the server's ``receive`` is not a Python function. Granian
        delivers messages from its own threads, and a task of the view could not wait for them.

        Other bodies are received as they are read: those that are larger, that exceed the memory
        limit, or that the request is going to refuse. If the client disconnects, the view gets the
        error when it reads.

        :param config: the application's settings, with the limits.
        :param length: the ``Content-Length`` header.
        """
        if len(length) > 5 or not (length.isascii() and length.isdigit()):
            return
        size = int(length)
        limit: int | None = config["MAX_CONTENT_LENGTH"]
        if size > MAX_SMALL_BODY or (limit is not None and size > limit):
            return
        if _buffered_bytes.used + size > config["ASGI_BODY_MEMORY_SIZE"]:
            return
        self.reserved = size
        _buffered_bytes.used += size
        await self._fill_buffer(size, self._receive)

    def release_memory(self) -> None:
        """Release the bytes that `buffer_small_body` has reserved."""
        _buffered_bytes.used -= self.reserved
        self.reserved = 0

    async def buffer_whole_body(self, limit: int | None, environ: WSGIEnvironment) -> None:
        """Receive the whole body before the request runs.

        For an async view without greenlet, which cannot wait for the body. A body that is too large
        is not received; the request refuses it.

        :param limit: maximum number of bytes; ``None``: no maximum.
        :param environ: the WSGI environment of the request.
        """
        length = environ.get("CONTENT_LENGTH")
        if limit is not None and length is not None and length.isdecimal() and int(length) > limit:
            return
        if length is None and environ["REQUEST_METHOD"] in _WITHOUT_BODY:
            return
        await self._fill_buffer(math.inf if limit is None else limit, self._receive)

    async def _fill_buffer(self, limit: float, receive: Receive) -> bool:
        """Receive into the buffer until the body is complete, or larger than a limit.

        :param limit: number of bytes. A server may send more of them than the client announced.
        :param receive: returns the next message.
        :returns: ``False`` if the client disconnected; reading raises the error.
        """
        parts = [self._buffer]
        size = 0
        try:
            while not self.is_complete and size <= limit:
                part = self._handle_message(await receive())
                parts.append(part)
                size += len(part)
        except ClientDisconnected:
            return False
        finally:
            self._buffer = b"".join(parts)
        return True

    # Messages ------------------------------------------------------------------------------------

    def _read_message(self) -> bytes:
        """Return the bytes of the next message; the caller's executor waits for it."""
        if self.is_disconnected:
            raise ClientDisconnected()
        if self._watch_event is not None:
            return self._handle_message(self._wait(self._take_watched_message))
        self._is_receiving = True
        try:
            message = self._wait(self._receive)
        finally:
            self._is_receiving = False
        return self._handle_message(message)

    def _wait(self, receive: Receive) -> Message:
        """Wait for a message on the server's loop, even if another loop runs in this thread."""
        if waiting.can_wait_here():
            return waiting.wait(receive(), is_checked=True)
        loop = self._find_loop()
        if loop is not None and loop is asyncio._get_running_loop():
            return _receive_without_waiting(receive())
        message: Message = wait_on_loop(loop, self._receive_next())
        return message

    def _find_loop(self) -> asyncio.AbstractEventLoop | None:
        """Return the server's loop; ``None`` if it is unknown because the view has not waited."""
        if waiting.is_in_greenlet():  # an eager task, which runs before the view waits
            return asyncio._get_running_loop()
        if self.loop is None and self._may_wait_for_loop:
            # The view has started this thread. Usually it is about to await the thread, and then
            # the event is set. But a view that joins the thread blocks the loop and never waits:
            # hence the timeout. The thread waits for the event once, not in a loop.
            self._may_wait_for_loop = False
            known = self.loop_is_known = threading.Event()
            if self.loop is None:
                known.wait(_LOOP_TIMEOUT)
        return self.loop

    async def _receive_next(self) -> Message:
        """Receive a message, or take the one of `wait_for_disconnect`; called on the loop."""
        return await (
            self._receive() if self._watch_event is None else self._take_watched_message()
        )

    def _handle_message(self, message: Message) -> bytes:
        """Return the bytes of a message, and note the end of the body or of the connection.

        :raises werkzeug.exceptions.ClientDisconnected: the client disconnected.
        :raises ScopeError: the message is of another type.
        """
        kind = message["type"]
        if kind == "http.request":
            self.is_complete = not message.get("more_body", False)
            part: bytes = message.get("body", b"")
            return part
        if kind == "http.disconnect":
            self.is_disconnected = True
            raise ClientDisconnected()
        raise ScopeError(
            f"The server sent the message {kind!r} where 'http.request' or 'http.disconnect'"
            " is due."
        )

    async def _take_watched_message(self) -> Message:
        """Take the message of `wait_for_disconnect`; wait until there is one."""
        taken = self._watch_event
        assert taken is not None
        while self._watched_message is None:
            taken.clear()
            await taken.wait()
        message, self._watched_message = self._watched_message, None
        taken.set()
        return message

    @property
    def can_watch(self) -> bool:
        """Whether `wait_for_disconnect` may start: no other code receives, nor will."""
        return not self._is_receiving and self._watch_event is None and not self.is_disconnected

    async def wait_for_disconnect(self) -> bool:
        """Wait until the client disconnects.

        At most one message of the body is kept in memory. While the view does not read it, a
        disconnect is not noticed.

        :returns: ``False`` if the server does not report disconnects.
        """
        self._watch_event = taken = asyncio.Event()
        is_last = self.is_complete
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.is_disconnected = True
                if not is_last:
                    self._watched_message = message
                    taken.set()
                return True
            if is_last:
                return False  # a server that continues after the end reports no disconnect
            is_last = not message.get("more_body", False)
            self._watched_message = message
            taken.set()
            while self._watched_message is not None and not is_last:
                taken.clear()
                await taken.wait()


def _receive_without_waiting(awaitable: Awaitable[Message]) -> Message:
    """Return a message that has arrived. The caller blocks the loop, so no other can arrive.

    :raises RuntimeError: no message has arrived.
    """
    steps = awaitable.__await__()
    try:
        next(steps)
    except StopIteration as done:
        message: Message = done.value
        return message
    finally:
        close = getattr(steps, "close", None)
        if close is not None:
            close()
    raise RuntimeError(_CANNOT_WAIT)


class _BufferedBytes:
    """The memory of small bodies, for all requests of this process."""

    used: int = 0
    """Bytes that requests have reserved."""


_buffered_bytes: t.Final = _BufferedBytes()
