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
from ._request_body import Body, Message, Receive, Send
from ._thread_executor import ThreadExecutor

Headers: t.TypeAlias = list[tuple[str, str]]
ExcInfo: t.TypeAlias = tuple[type[BaseException], BaseException, TracebackType]
Answer: t.TypeAlias = tuple[Message, Message] | None
"""The two messages of an answer; ``None`` if it was streamed and is sent."""


class ClientGone(Exception):
    """The client has gone while its answer was being sent."""


class Exchange(Body):
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
    call: Callable[..., t.Any] | None = None
    """Closes a streamed body, if that must not happen where the body is sent."""
    executor: ThreadExecutor | None = None
    """The work in a thread that runs the lifecycle."""
    cancel: Callable[[], t.Any] | None = None
    """Called when the client disconnected; it may cancel what the lifecycle awaits."""
    watcher: asyncio.Task[None] | None = None
    """Waits for the client's going."""
    written: bytes = b""
    """What the application wrote by ``start_response``'s return value."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive  # PERF: the base's initialiser written out, 0.1 us
        self._send = send
        self.fault = None

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

    def make_head(self) -> Message:
        """Make the message that begins the answer."""
        status = self.status
        if status is None:
            raise AssertionError("The WSGI application did not call start_response().")
        return {
            "type": "http.response.start",
            "status": _STATUSES.get(status) or int(status.partition(" ")[0]),
            "headers": [ENCODED[pair] for pair in self.headers],
        }

    async def send_part(self, part: bytes, more: bool) -> None:
        """Send a part of a streamed body, the head before the first one."""
        if self.is_gone:
            raise ClientGone
        try:
            if not self.is_started:
                self.is_started = True
                await self._send(self.make_head())
            await self._send({"type": "http.response.body", "body": part, "more_body": more})
        except OSError:  # what newer servers raise (ASGI 2.4)
            self.is_gone = True
            raise ClientGone from None
        if more and self.is_on_loop:
            await asyncio.sleep(0)  # a generator that never waits must not keep the loop

    # In the executor -------------------------------------------------------------------------------

    def send_body(self, body: Iterable[bytes]) -> Answer:
        """Send a body part by part, unless it is one: then return it with its head."""
        whole: bytes | None
        if type(body) is list and len(body) == 1 and not self.written:
            whole = body[0]
        else:
            try:
                if isinstance(body, (list, tuple)):
                    whole = b"".join([self.written, *body])
                else:
                    whole = self._stream(iter(body))
            finally:
                close = getattr(body, "close", None)
                if close is not None:
                    close() if self.call is None else self.call(close)
        if whole is None:
            return None
        return self.make_head(), {"type": "http.response.body", "body": whole}

    def _stream(self, parts: Iterator[bytes]) -> bytes | None:
        """Send a body part by part; return it instead, if the first part is all of it."""
        first = self.written + next(parts, b"")
        length = self._length()
        if length is not None and len(first) >= length:
            return first
        if first:
            wait(self.send_part(first, True))
        for part in parts:
            if part:
                wait(self.send_part(part, True))
        if not self.is_started:
            return b""
        self.cancel = None  # all is done; the end is only said
        wait(self.send_part(b"", False))
        return None

    def _length(self) -> int | None:
        """Return the body's length, if the head tells it."""
        for name, value in self.headers if self.status is not None else ():
            if name.lower() == "content-length" and value.isdecimal():
                return int(value)
        return None

    # The client may go ---------------------------------------------------------------------------

    def watch_client(self) -> None:
        """Begin to watch for the client's going, unless somebody is receiving anyway."""
        if self.is_gone:
            self._lose_client()
        elif self.watcher is None and self.may_be_watched:
            self.watcher = asyncio.get_running_loop().create_task(self._watch_and_cancel())

    def watch_for_task(self) -> None:
        """Start to watch: from now on a disconnect cancels the running task."""
        task = asyncio.current_task()
        self.cancel = None if task is None else task.cancel  # a server may have no real tasks
        self.watch_client()

    async def _watch_and_cancel(self) -> None:
        try:
            is_gone = await self.watch()
        except Exception as error:  # who cannot be heard has gone
            self.fault = error
            is_gone = self.is_gone = True
        if is_gone:
            self._lose_client()

    def _lose_client(self) -> None:
        if self.cancel is not None:
            self.cancel()

    def stop_watching(self) -> None:
        """End the watch; nothing is cancelled from now on."""
        self.cancel = None
        if self.watcher is not None:
            self.watcher.cancel()
            self.watcher = None


_STATUSES = {f"{code} {name.upper()}": code for code, name in HTTP_STATUS_CODES.items()}


# Headers as ASGI wants them ----------------------------------------------------------------------
#
# PERF: most answers have headers that were sent before: 0.03 us each, 0.25 us without.

_MOST_KEPT = 5000  # what differs from answer to answer must not pile up
_LARGEST_KEPT = 800  # bytes: two texts of 100 characters together, and all that is made of them


class _Encoded(dict[tuple[str, str], tuple[bytes, bytes]]):
    """Headers as ASGI wants them, by what WSGI has; filled as they are met."""

    def __missing__(self, pair: tuple[str, str]) -> tuple[bytes, bytes]:
        name, value = pair
        made = (name.lower().encode("latin-1"), value.encode("latin-1"))
        if made[0] != b"set-cookie":  # it differs from client to client, and may be secret
            store(self, pair, made, _MOST_KEPT, _LARGEST_KEPT)
        return made


class _Lengths(dict[int, tuple[bytes, bytes]]):
    """The ``Content-Length`` header for each length; filled as they are met."""

    def __missing__(self, length: int) -> tuple[bytes, bytes]:
        made = (b"content-length", b"%d" % length)
        store(self, length, made, _MOST_KEPT, _LARGEST_KEPT)
        return made


ENCODED: t.Final = _Encoded()
LENGTHS: t.Final = _Lengths()
