"""HTTP over ASGI: a scope becomes a WSGI call in a driver, its answer becomes messages.

The one lifecycle runs, through ``wsgi_app`` and whatever middleware stands around it. This file
reads top to bottom in the order of events.
"""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType

from werkzeug.http import HTTP_STATUS_CODES

from .._background import BACKGROUND
from .._waiting import wait
from ..typing import AnyApp
from ._choice import may_block
from ._drivers import DONE, ThreadVisit, begin, has_fibers
from ._input import Body, Receive, Send
from ._scope import Scope, make_environ

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_new_object = object.__new__

Headers: t.TypeAlias = list[tuple[str, str]]
ExcInfo: t.TypeAlias = tuple[type[BaseException], BaseException, TracebackType]


class ClientGone(Exception):
    """The client has gone while its answer was being sent."""


async def serve_http(app: AnyApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one HTTP request of an ASGI server."""
    # PERF: 0.1 us less than a call of the class, which goes through C. What every request reads is
    # set here, since CPython 3.11 reads class attributes the slow way.
    exchange = _new_object(Exchange)
    exchange._receive = receive
    exchange._send = send
    exchange.status = None
    exchange.written = b""
    environ = make_environ(scope, exchange)
    if app._awaits_start:
        await app._start_on_the_loop()
    has_waited = True
    try:
        if not has_fibers or may_block(app, environ):
            body = await _answer_in_a_thread(app, environ, exchange)
        else:
            # PERF: what on_the_loop does, without a coroutine for a request that never waits.
            fiber = begin(_answer, app, environ, exchange)
            if fiber.yielded is DONE:
                has_waited = False
            else:
                exchange.cancel = _canceller()
                exchange.watch_client()
                await fiber.go_on()
            body = fiber.take_result()
        if has_waited:
            exchange.stop_watching()
        if body is not None:
            await send(exchange.make_head())
            try:
                await send({"type": "http.response.body", "body": body})
            except OSError:  # what newer servers raise for a client that has gone (ASGI 2.4)
                pass
    except asyncio.CancelledError:
        if not exchange.is_gone:
            raise  # the server's wish
    except ClientGone:
        pass
    finally:
        if has_waited:
            exchange.stop_watching()
            if exchange.is_gone:
                _uncancel()
        if BACKGROUND in environ:
            app._start_background(environ.pop(BACKGROUND))


async def _answer_in_a_thread(
    app: AnyApp, environ: WSGIEnvironment, exchange: Exchange
) -> bytes | None:
    """Answer in a worker thread: the request may block, or there is no greenlet."""
    if not has_fibers and not may_block(app, environ):
        await exchange.read_ahead(app.config["MAX_CONTENT_LENGTH"], environ)
    exchange.is_on_loop = False
    visit = ThreadVisit(exchange.watch_client)
    exchange.cancel = visit.cancel
    body: bytes | None = await visit.run(
        app.config["ASGI_THREADS"], _answer, app, environ, exchange
    )
    return body


def _canceller() -> Callable[[], t.Any] | None:
    """Return what cancels the task that is running; ``None`` if the server has no real tasks."""
    task = asyncio.current_task()
    return None if task is None else task.cancel


def _uncancel() -> None:
    """Take back our own cancelling of the server's task, which is about to end well."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        task.uncancel()


class Exchange(Body):
    """One request and its answer: reads the body, collects the head, sends."""

    _send: Send
    status: str | None = None
    """Status line, once the application has given one."""
    headers: Headers
    """The answer's headers."""
    is_started: bool = False
    """Whether the head has been sent."""
    is_on_loop: bool = True
    """Whether the lifecycle runs on the loop, and not in a thread."""
    cancel: Callable[[], t.Any] | None = None
    """Cancels what the lifecycle is waiting for."""
    watcher: asyncio.Task[None] | None = None
    """Waits for the client's going."""
    written: bytes = b""
    """What the application wrote by ``start_response``'s return value."""

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

    def make_head(self) -> dict[str, t.Any]:
        """Make the message that begins the answer."""
        status = self.status
        if status is None:
            raise AssertionError("The WSGI application did not call start_response().")
        # PERF: a loop, and a look-up that may fail: 0.1 us less than a list comprehension.
        headers: list[tuple[bytes, bytes]] = []
        for header in self.headers:
            try:
                headers.append(_HEADERS[header])
            except KeyError:
                headers.append(_encode(header))
        return {
            "type": "http.response.start",
            "status": _STATUSES.get(status) or int(status[:3]),
            "headers": headers,
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

    # The client may go ---------------------------------------------------------------------------

    def watch_client(self) -> None:
        """Begin to watch for the client's going, unless somebody is receiving anyway."""
        if self.watcher is None and self.may_be_watched:
            self.watcher = asyncio.get_running_loop().create_task(self._watch_and_cancel())

    async def _watch_and_cancel(self) -> None:
        if await self.watch() and self.cancel is not None:
            self.cancel()

    def stop_watching(self) -> None:
        """End the watch; nothing is cancelled from now on."""
        self.cancel = None
        if self.watcher is not None:
            self.watcher.cancel()
            self.watcher = None


_STATUSES = {f"{code} {name.upper()}": code for code, name in HTTP_STATUS_CODES.items()}

_HEADERS: dict[tuple[str, str], tuple[bytes, bytes]] = {}
"""Headers as ASGI wants them; filled as they are met.

PERF: most answers have headers that were sent before: 0.1 us each, 0.25 us without.
"""

_MOST_HEADERS = 5000  # what differs from answer to answer must not pile up
_LONGEST_KEPT = 100


def _encode(header: tuple[str, str]) -> tuple[bytes, bytes]:
    name, value = header
    made = (name.lower().encode("latin-1"), value.encode("latin-1"))
    if len(value) < _LONGEST_KEPT and name != "Set-Cookie":
        if len(_HEADERS) >= _MOST_HEADERS:
            _HEADERS.clear()
        _HEADERS[header] = made
    return made


# In the driver ----------------------------------------------------------------------------------


def _answer(app: AnyApp, environ: WSGIEnvironment, exchange: Exchange) -> bytes | None:
    """Call the application and return its body; ``None`` if it was streamed and is sent."""
    body: Iterable[bytes] = app.wsgi_app(environ, exchange.start_response)
    if type(body) is list and len(body) == 1 and not exchange.written:
        part: bytes = body[0]
        return part
    try:
        if isinstance(body, (list, tuple)):
            return b"".join([exchange.written, *body])
        return _stream(exchange, iter(body))
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()


def _stream(exchange: Exchange, parts: Iterator[bytes]) -> bytes | None:
    """Send a body part by part; return it instead, if the first part is all of it."""
    first = exchange.written + next(parts, b"")
    length = _length_of(exchange)
    if length is not None and len(first) >= length:
        return first
    if first:
        wait(exchange.send_part(first, True))
    for part in parts:
        if part:
            wait(exchange.send_part(part, True))
    if not exchange.is_started:
        return b""
    exchange.cancel = None  # all is done; the end is only said
    wait(exchange.send_part(b"", False))
    return None


def _length_of(exchange: Exchange) -> int | None:
    """Return the body's length, if the head tells it."""
    for name, value in exchange.headers if exchange.status is not None else ():
        if name.lower() == "content-length" and value.isdecimal():
            return int(value)
    return None
