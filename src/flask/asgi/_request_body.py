"""The body of a request: a stream that receives more from the server as it is read.

Nothing is read before the view reads it, and only the rest of one message is kept. A small body
with a length is an exception: it arrives before the request takes a thread.
"""

from __future__ import annotations

import asyncio
import threading
import typing as t
from collections.abc import Awaitable, Callable, Mapping

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
"""Bytes of the largest body that arrives before the request takes a thread."""
_LOOP_TIMEOUT = 0.05  # seconds that a thread may wait to learn of the server's loop
_CANNOT_WAIT = (
    "The body of the request was read in a task that the view has started, before all of it had"
    " arrived; a task cannot wait for it. Read it in the view, before it starts the task."
)
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})  # as a rule


class MessageReceiver:
    """What hears a server's messages, and may fail in it."""

    __slots__ = ("receive_error",)

    receive_error: Exception | None
    """What the server's ``receive`` raised while nobody waited for it."""

    def raise_receive_error(self) -> None:
        """Raise what went wrong in receiving, if something did."""
        receive_error, self.receive_error = self.receive_error, None
        if receive_error is not None:
            try:
                raise receive_error
            finally:
                del receive_error  # its traceback holds this frame


class RequestBody(MessageReceiver):
    """Reads ``http.request`` messages; what ``wsgi.input`` is.

    While nobody reads, `wait_for_disconnect` may: then it learns that the client has gone.

    :param receive: gives the server's next message.
    """

    is_disconnected: bool = False
    """Whether the client has gone."""
    is_complete: bool = False
    """Whether the last message of the body has been received."""
    loop: asyncio.AbstractEventLoop | None = None
    """The server's loop, once the view has waited: there messages arrive, whoever reads."""
    loop_is_known: threading.Event | None = None
    """Set when `loop` is set, for a thread that waits for it."""
    reserved: int = 0
    """Bytes of memory that `buffer_small_body` has reserved."""

    # PERF: on the class, since most requests change none of them.
    _may_wait_for_loop: bool = True
    """Whether somebody who asks for the loop too early would wait a moment."""
    _buffer: bytes = b""
    _watched_message: Message | None = None
    _watch_event: asyncio.Event | None = None
    _is_receiving: bool = False

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    # What a stream of bytes offers (PEP 3333, "Input and Error Streams") -------------------------

    def read(self, size: int | None = -1, /) -> bytes:
        """Read bytes; fewer than asked for only at the end.

        :param size: how many; ``-1`` or ``None`` reads to the end.
        :raises werkzeug.exceptions.ClientDisconnected: the client has gone (400).
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

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read up to the end of the line.

        :param size: at most so many bytes.
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
        """Read the lines that are left.

        :param hint: stop after so many bytes.
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

    async def buffer_small_body(self, config: Mapping[str, t.Any], length: str | bytes) -> None:
        """Wait for a small body to arrive, so that no thread waits for it.

        COMPAT: also for an async view if the server's ``receive`` is not a Python function. Granian
        delivers messages from its own threads, and a task of the view could not wait for them.

        A body that is larger, exceeds the memory limit, or will be refused, is read as it arrives.
        If the client disconnects meanwhile, reading the body raises the error.

        :param config: has the limits.
        :param length: the ``Content-Length`` header.
        """
        if len(length) > 5 or not (length.isascii() and length.isdigit()):
            return
        size = int(length)
        limit = config["MAX_CONTENT_LENGTH"]
        if size > MAX_SMALL_BODY or (limit is not None and size > limit):
            return
        if _buffered_bytes.used + size > config["ASGI_BODY_MEMORY_SIZE"]:
            return
        self.reserved = size
        _buffered_bytes.used += size
        parts: list[bytes] = []
        try:
            while not self.is_complete and size >= 0:  # a server may send more than was announced
                parts.append(self._handle_message(await self._receive()))
                size -= len(parts[-1])
        except ClientDisconnected:
            pass
        self._buffer = b"".join(parts)

    def release_memory(self) -> None:
        """Release the memory that `buffer_small_body` has reserved."""
        _buffered_bytes.used -= self.reserved
        self.reserved = 0

    async def buffer_whole_body(self, limit: int | None, environ: WSGIEnvironment) -> None:
        """Read the whole body before anything runs.

        For an async view without greenlet, which has no other way to wait for it. A body that is
        too large is left for the request to refuse.
        """
        length = environ.get("CONTENT_LENGTH")
        if limit is not None and length is not None and length.isdecimal() and int(length) > limit:
            return
        if length is None and environ["REQUEST_METHOD"] in _WITHOUT_BODY:
            return
        parts = [self._buffer]
        size = 0
        while not self.is_complete and (limit is None or size <= limit):
            try:
                parts.append(self._handle_message(await self._receive()))
            except ClientDisconnected:
                break
            size += len(parts[-1])
        self._buffer = b"".join(parts)

    # Messages ------------------------------------------------------------------------------------

    def _read_message(self) -> bytes:
        """Return the bytes of the next message; the caller's driver waits for it."""
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
        """Wait for a message; on the server's loop, even if another one runs here."""
        if waiting.can_wait_here():
            return waiting.wait(receive())
        loop = self._find_loop()
        if loop is not None and loop is asyncio._get_running_loop():
            return _receive_without_waiting(receive())
        message: Message = wait_on_loop(loop, self._receive_next())
        return message

    def _find_loop(self) -> asyncio.AbstractEventLoop | None:
        """Return the server's loop, even a moment before the view waits; ``None``: unknown."""
        if waiting.is_in_greenlet():  # in a task that began at once, before the view waits
            return asyncio._get_running_loop()
        if self.loop is None and self._may_wait_for_loop:
            # In a thread that the view has started, and is about to wait for. A view that joins
            # the thread instead never waits: hence the limit, and only once.
            self._may_wait_for_loop = False
            known = self.loop_is_known = threading.Event()
            if self.loop is None:
                known.wait(_LOOP_TIMEOUT)
        return self.loop

    async def _receive_next(self) -> Message:
        """Receive, or take what `wait_for_disconnect` has; on the loop, where it cannot begin meanwhile."""
        return await (
            self._receive() if self._watch_event is None else self._take_watched_message()
        )

    def _handle_message(self, message: Message) -> bytes:
        """Return the bytes of a message."""
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
        """Take the message that `wait_for_disconnect` has, or will have."""
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
        """Whether nobody is receiving already."""
        return not self._is_receiving and self._watch_event is None and not self.is_disconnected

    async def wait_for_disconnect(self) -> bool:
        """Wait for the client's going; tell whether it has gone.

        At most one message of the body is kept meanwhile; until it is read nothing can be known.
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
                return False  # a server that goes on sending will not tell
            is_last = not message.get("more_body", False)
            self._watched_message = message
            taken.set()
            while self._watched_message is not None and not is_last:
                taken.clear()
                await taken.wait()


def _receive_without_waiting(awaitable: Awaitable[Message]) -> Message:
    """Return a message that is there already: the loop is held up, and cannot bring one.

    :raises RuntimeError: there is none.
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
    """How many bytes of small bodies are in memory, for all requests of this process."""

    used: int = 0


_buffered_bytes: t.Final = _BufferedBytes()
