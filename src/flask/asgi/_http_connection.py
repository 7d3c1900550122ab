"""One HTTP request and its answer, between WSGI and ASGI: the body in, head and parts out.

Here the application's side is synchronous, as WSGI wants it, and the server's side is ASGI's.
"""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType

from werkzeug.http import HTTP_STATUS_CODES

from .._core.bounded_cache import store
from .._core.waiting import wait
from ._request_body import Message, Receive, RequestBody, Send
from ._thread_executor import ThreadExecutor

Headers: t.TypeAlias = list[tuple[str, str]]
ExcInfo: t.TypeAlias = tuple[type[BaseException], BaseException, TracebackType]
ResponseMessages: t.TypeAlias = tuple[Message, Message] | None
"""The two messages of an answer; ``None`` if it was streamed and is sent."""


class ConnectionLost(Exception):
    """The client has gone while its answer was being sent."""


class HttpConnection(RequestBody):
    """One request and its answer: reads the body, collects the head, sends.

    :param receive: gives the server's next message.
    :param send: takes a message for the server.
    """

    _send: Send
    status: str | None = None
    """Status line, once the application has given one."""
    headers: Headers
    """The answer's headers."""
    is_started: bool = False
    """Whether the head has been sent."""
    is_on_loop: bool = True
    """Whether the lifecycle runs on the loop, and not in a thread."""
    call_in_thread: Callable[..., t.Any] | None = None
    """Closes a streamed body, if that must not happen where the body is sent."""
    executor: ThreadExecutor | None = None
    """The work in a thread that runs the lifecycle."""
    on_disconnect: Callable[[], t.Any] | None = None
    """Called when the client disconnected; it may cancel what the lifecycle awaits."""
    watch_task: asyncio.Task[None] | None = None
    """Waits for the client's going."""
    written: bytes = b""
    """What the application wrote by ``start_response``'s return value."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive  # PERF: the base's initialiser written out, 0.1 us
        self._send = send
        self.receive_error = None

    # WSGI's side ---------------------------------------------------------------------------------

    def start_response(
        self, status: str, headers: Headers, exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """Take status and headers (PEP 3333)."""
        if self.status is not None:
            if exc_info is None:
                raise AssertionError("start_response() was called twice for one request.")
            if self.is_started:
                try:
                    raise exc_info[1].with_traceback(exc_info[2])
                finally:
                    del exc_info
        self.status = status
        self.headers = headers
        return self.write

    def write(self, data: bytes) -> None:
        """Take a part of the body ahead of the others."""
        self.written += data

    # ASGI's side ---------------------------------------------------------------------------------

    def make_start_message(self) -> Message:
        """Make the message that begins the answer."""
        status = self.status
        if status is None:
            raise AssertionError("The WSGI application did not call start_response().")
        return {
            "type": "http.response.start",
            "status": _STATUSES.get(status) or int(status.partition(" ")[0]),
            "headers": [ENCODED_HEADERS[pair] for pair in self.headers],
        }

    async def send_chunk(self, part: bytes, more: bool) -> None:
        """Send a part of a streamed body, the head before the first one."""
        if self.is_disconnected:
            raise ConnectionLost
        try:
            if not self.is_started:
                self.is_started = True
                await self._send(self.make_start_message())
            await self._send({"type": "http.response.body", "body": part, "more_body": more})
        except OSError:  # what newer servers raise (ASGI 2.4)
            self.is_disconnected = True
            raise ConnectionLost from None
        if more and self.is_on_loop:
            await asyncio.sleep(0)  # a generator that never waits must not keep the loop

    # In the executor -------------------------------------------------------------------------------

    def send_body(self, body: Iterable[bytes]) -> ResponseMessages:
        """Send a body part by part, unless it is one: then return it with its head."""
        whole: bytes | None
        if type(body) is list and len(body) == 1 and not self.written:
            whole = body[0]
        else:
            try:
                if isinstance(body, (list, tuple)):
                    whole = b"".join([self.written, *body])
                else:
                    whole = self._send_chunks(iter(body))
            finally:
                close = getattr(body, "close", None)
                if close is not None:
                    close() if self.call_in_thread is None else self.call_in_thread(close)
        if whole is None:
            return None
        return self.make_start_message(), {"type": "http.response.body", "body": whole}

    def _send_chunks(self, parts: Iterator[bytes]) -> bytes | None:
        """Send a body part by part; return it instead, if the first part is all of it."""
        first = self.written + next(parts, b"")
        length = self._content_length()
        if length is not None and len(first) >= length:
            return first
        if first:
            wait(self.send_chunk(first, True))
        for part in parts:
            if part:
                wait(self.send_chunk(part, True))
        if not self.is_started:
            return b""
        self.on_disconnect = None  # all is done; the end is only said
        wait(self.send_chunk(b"", False))
        return None

    def _content_length(self) -> int | None:
        """Return the body's length, if the head tells it."""
        for name, value in self.headers if self.status is not None else ():
            if name.lower() == "content-length" and value.isdecimal():
                return int(value)
        return None

    # The client may go ---------------------------------------------------------------------------

    def watch_for_disconnect(self) -> None:
        """Begin to watch for the client's going, unless somebody is receiving anyway."""
        if self.is_disconnected:
            self._notify_disconnect()
        elif self.watch_task is None and self.can_watch:
            self.watch_task = asyncio.get_running_loop().create_task(self._watch())

    def cancel_task_on_disconnect(self) -> None:
        """Start to watch: from now on a disconnect cancels the running task."""
        task = asyncio.current_task()
        self.on_disconnect = (
            None if task is None else task.cancel
        )  # a server may have no real tasks
        self.watch_for_disconnect()

    async def _watch(self) -> None:
        try:
            is_disconnected = await self.wait_for_disconnect()
        except Exception as error:  # who cannot be heard has gone
            self.receive_error = error
            is_disconnected = self.is_disconnected = True
        if is_disconnected:
            self._notify_disconnect()

    def _notify_disconnect(self) -> None:
        if self.on_disconnect is not None:
            self.on_disconnect()

    def stop_watching(self) -> None:
        """End the watch; nothing is cancelled from now on."""
        self.on_disconnect = None
        if self.watch_task is not None:
            self.watch_task.cancel()
            self.watch_task = None


_STATUSES = {f"{code} {name.upper()}": code for code, name in HTTP_STATUS_CODES.items()}


# Headers as ASGI wants them ----------------------------------------------------------------------
#
# PERF: most answers have headers that were sent before: 0.03 us each, 0.25 us without.

_MAX_ENTRIES = 5000  # what differs from answer to answer must not pile up
_MAX_ENTRY_SIZE = 800  # bytes: two texts of 100 characters together, and all that is made of them


class _EncodedHeaders(dict[tuple[str, str], tuple[bytes, bytes]]):
    """Headers as ASGI wants them, by what WSGI has; filled as they are met."""

    def __missing__(self, pair: tuple[str, str]) -> tuple[bytes, bytes]:
        name, value = pair
        made = (name.lower().encode("latin-1"), value.encode("latin-1"))
        if made[0] != b"set-cookie":  # it differs from client to client, and may be secret
            store(self, pair, made, _MAX_ENTRIES, _MAX_ENTRY_SIZE)
        return made


class _ContentLengthHeaders(dict[int, tuple[bytes, bytes]]):
    """The ``Content-Length`` header for each length; filled as they are met."""

    def __missing__(self, length: int) -> tuple[bytes, bytes]:
        made = (b"content-length", b"%d" % length)
        store(self, length, made, _MAX_ENTRIES, _MAX_ENTRY_SIZE)
        return made


ENCODED_HEADERS: t.Final = _EncodedHeaders()
CONTENT_LENGTH_HEADERS: t.Final = _ContentLengthHeaders()
