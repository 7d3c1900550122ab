"""One HTTP request over ASGI: receives its body, and sends its response as ASGI messages.

The application's side is synchronous, as in WSGI. The server's side awaits ``receive`` and
``send``.
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
"""The two messages of a complete response; ``None`` if the response was streamed, and is sent."""


class ConnectionLost(Exception):
    """The client disconnected while its response was being sent."""


class HttpConnection(RequestBody):
    """One request and its response.

    As a `RequestBody` it is the request's ``wsgi.input``.

    :param receive: returns the server's next message.
    :param send: takes a message for the server.
    """

    _send: Send
    status: str | None = None
    """The status line, when the application has passed one to `start_response`."""
    headers: Headers
    """The headers of the response."""
    is_started: bool = False
    """Whether status and headers were sent."""
    is_on_loop: bool = True
    """Whether the lifecycle runs on the loop, and not in a thread."""
    call_in_thread: Callable[..., object] | None = None
    """Calls a function in a thread; ``None`` if a streamed body is closed where it is sent."""
    executor: ThreadExecutor | None = None
    """The executor that runs the lifecycle, if it is a thread."""
    on_disconnect: Callable[[], object] | None = None
    """Called when the client disconnects; it may cancel what the lifecycle awaits."""
    at_disconnect: tuple[Callable[[], object], ...] = ()
    """Further functions that are called then; see `call_at_disconnect`."""
    watch_task: asyncio.Task[None] | None = None
    """Waits for the client to disconnect."""
    written: bytes = b""
    """What is sent before the chunks of the body."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._buffer = b""
        self._is_receiving = self.is_complete = self.is_disconnected = False
        self._watch_event = None
        self.receive_error = None

    # The application's side (WSGI) ---------------------------------------------------------------

    def start_response(
        self, status: str, headers: Headers, exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """Take status and headers (PEP 3333).

        :param status: the status line, such as ``200 OK``.
        :param headers: pairs of name and value.
        :param exc_info: the error, if this replaces a response that failed.
        :returns: a function that writes bytes ahead of the body.
        :raises AssertionError: a second call without ``exc_info``.
        :raises BaseException: the error of ``exc_info``, if headers were sent.
        """
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
        """Add a chunk ahead of the body (PEP 3333)."""
        self.written += data

    # The server's side (ASGI) --------------------------------------------------------------------

    def make_start_message(self) -> Message:
        """Return the message with status and headers.

        :raises AssertionError: the application has not called `start_response`.
        """
        status = self.status
        if status is None:
            raise AssertionError("The WSGI application did not call start_response().")
        return {
            "type": "http.response.start",
            "status": _STATUSES.get(status) or int(status.partition(" ")[0]),
            "headers": [ENCODED_HEADERS.get(pair) or encode_header(pair) for pair in self.headers],
        }

    async def send_chunk(self, chunk: bytes, more: bool) -> None:
        """Send a chunk of a streamed body; before the first one, status and headers.

        :param chunk: the bytes.
        :param more: whether another chunk follows.
        :raises ConnectionLost: the client disconnected.
        """
        if self.is_disconnected:
            raise ConnectionLost
        try:
            if not self.is_started:
                self.is_started = True
                await self._send(self.make_start_message())
            await self._send({"type": "http.response.body", "body": chunk, "more_body": more})
        except OSError:  # newer servers raise it (ASGI 2.4)
            self.is_disconnected = True
            raise ConnectionLost from None
        if more and self.is_on_loop:
            # Neither a generator that never waits nor a server that buffers may block the loop.
            await asyncio.sleep(0)

    # Called by the executor ----------------------------------------------------------------------

    def send_body(self, body: Iterable[bytes]) -> ResponseMessages:
        """Send a body chunk by chunk, and close it.

        :param body: what the WSGI application returned.
        :returns: the messages, if the response is complete and nothing of it was sent.
        :raises ConnectionLost: the client disconnected.
        """
        complete: bytes | None
        if type(body) is list and len(body) == 1 and not self.written:
            complete = body[0]
        else:
            try:
                if isinstance(body, (list, tuple)):
                    complete = b"".join([self.written, *body])
                else:
                    complete = self._send_chunks(iter(body))
            finally:
                close = getattr(body, "close", None)
                if close is not None:
                    close() if self.call_in_thread is None else self.call_in_thread(close)
        if complete is None:
            return None
        return self._make_messages(complete)

    def _send_chunks(self, chunks: Iterator[bytes]) -> bytes | None:
        """Send a body chunk by chunk; return it instead if the first chunk is the whole body."""
        first = self.written or next(chunks, b"")
        if self._is_whole_body(first):
            return first
        if first:
            wait(self.send_chunk(first, True))
        for chunk in chunks:
            if chunk:
                wait(self.send_chunk(chunk, True))
        if not self.is_started:
            return b""
        self.on_disconnect = None  # only the last message is left, which cancels nothing
        wait(self.send_chunk(b"", False))
        return None

    def _is_whole_body(self, chunk: bytes) -> bool:
        """Return whether a chunk has as many bytes as ``Content-Length`` announces."""
        for name, value in self.headers if self.status is not None else ():
            if name.lower() == "content-length" and value.isdecimal():
                return len(chunk) >= int(value)
        return False

    def _make_messages(self, body: bytes) -> ResponseMessages:
        return self.make_start_message(), {"type": "http.response.body", "body": body}

    # A client that disconnects -------------------------------------------------------------------

    def watch_for_disconnect(self) -> None:
        """Start to watch for a disconnect, unless a message is being received already."""
        if self.is_disconnected:
            self._notify_disconnect()
        elif self.watch_task is None and self.can_watch:
            self.watch_task = asyncio.get_running_loop().create_task(self._watch())

    def cancel_task_on_disconnect(self) -> None:
        """Start to watch: from now on a disconnect cancels the running task."""
        task = asyncio.current_task()  # `None` under a server that has no tasks
        self.on_disconnect = None if task is None else task.cancel
        self.watch_for_disconnect()

    async def _watch(self) -> None:
        try:
            is_disconnected = await self.wait_for_disconnect()
        except Exception as error:  # a connection that cannot be received from is lost
            self.receive_error = error
            is_disconnected = self.is_disconnected = True
        if is_disconnected:
            self._notify_disconnect()

    def call_at_disconnect(self, function: Callable[[], object]) -> None:
        """Call a function on the loop when the client disconnects, and watch for that.

        :param function: must not wait.
        """
        self.at_disconnect += (function,)
        loop = self._get_loop()
        if loop is not None:
            loop.call_soon_threadsafe(self._watch_for, function)

    def do_not_call(self, function: Callable[[], object]) -> None:
        """Remove a function that `call_at_disconnect` has added."""
        self.at_disconnect = tuple(each for each in self.at_disconnect if each != function)

    def _get_loop(self) -> asyncio.AbstractEventLoop | None:
        return asyncio._get_running_loop() if self.loop is None else self.loop

    def _watch_for(self, function: Callable[[], object]) -> None:
        if function in self.at_disconnect:  # the response may be sent already
            self.watch_for_disconnect()

    def _notify_disconnect(self) -> None:
        for function in self.at_disconnect:
            function()
        if self.on_disconnect is not None:
            self.on_disconnect()

    def stop_watching(self) -> None:
        """Stop to watch; from now on a disconnect cancels nothing."""
        self.on_disconnect = None
        if self.watch_task is not None:
            self.watch_task.cancel()
            self.watch_task = None


_STATUSES = {f"{code} {name.upper()}": code for code, name in HTTP_STATUS_CODES.items()}


def _do_nothing() -> None:
    pass


# Headers as ASGI requires them -------------------------------------------------------------------
#
# PERF: most headers were sent before: 0.03 us each, 0.25 us without the cache.

_MAX_ENTRIES = 5000  # values may differ from response to response
_MAX_ENTRY_SIZE = 800  # bytes of memory: two texts of 100 characters, and their encoded copies


ENCODED_HEADERS: t.Final[dict[tuple[str, str], tuple[bytes, bytes]]] = {}
"""A cache: the headers of WSGI to those of ASGI; see `encode_header`."""
CONTENT_LENGTH_HEADERS: t.Final[dict[int, tuple[bytes, bytes]]] = {}
"""A cache: lengths in bytes to ``Content-Length`` headers; see `encode_content_length`.

Both are dicts, and no subclasses with ``__missing__``: CPython looks up ``__getitem__`` of a
subclass each time.
"""


def encode_header(pair: tuple[str, str]) -> tuple[bytes, bytes]:
    """Return a header as ASGI requires it, and keep it in `ENCODED_HEADERS`.

    :param pair: its name and its value.
    """
    name, value = pair
    encoded = (name.lower().encode("latin-1"), value.encode("latin-1"))
    if encoded[0] != b"set-cookie":  # it differs from client to client, and may be secret
        store(ENCODED_HEADERS, pair, encoded, _MAX_ENTRIES, _MAX_ENTRY_SIZE)
    return encoded


def encode_content_length(length: int) -> tuple[bytes, bytes]:
    """Return a ``Content-Length`` header, and keep it in `CONTENT_LENGTH_HEADERS`.

    :param length: the number of bytes.
    """
    encoded = (b"content-length", b"%d" % length)
    store(CONTENT_LENGTH_HEADERS, length, encoded, _MAX_ENTRIES, _MAX_ENTRY_SIZE)
    return encoded
