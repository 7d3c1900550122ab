"""A WSGI application served over ASGI, each request in a thread.

``flask serve`` uses it for the interface WSGI. Granian's own WSGI environment does not distinguish
``X_Name`` from ``X-Name``, and its body ends silently when the client disconnects. Its ASGI
interface reports both. See ``docs/decisions/0031``.

A request takes a thread when a small body has arrived, so slow clients hold connections and no
threads. Time, bytes and waiting requests are limited.
"""

from __future__ import annotations

import asyncio
import time
import typing as t
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from queue import SimpleQueue
from threading import Thread

from werkzeug.exceptions import ClientDisconnected

from ._http_connection import ConnectionLost, HttpConnection
from ._request_body import Message, Receive, Send
from ._scope import Scope, make_environ

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Result = t.TypeVar("Result")

_MAX_BUFFERED: t.Final = 65_536
"""Bytes of a body that are read before a thread is taken."""
_MAX_BUFFERED_TOTAL: t.Final = 64 * 1024 * 1024
"""Maximum bytes of all bodies that are read this way; beyond it the response is a 503."""
_MIN_RATE: t.Final = 1024
"""Bytes per second that a client has to send after the timeout."""
_MAX_WAITING: t.Final = 1000
"""Maximum number of requests that wait for a thread; others get a 503."""


class ThreadedWsgi:
    """An ASGI application that calls a WSGI application in threads.

    :param app: the WSGI application.
    :param threads: maximum number of concurrent requests.
    :param timeout: seconds that a client has to send a body, and one more for each KiB; also to
        receive a chunk of a streamed response.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], threads: int, timeout: float) -> None:
        self.app = app
        self.threads = threads
        self.timeout = timeout
        self.buffered = 0
        """Bytes of bodies that were read before a thread was taken."""
        # Without a lock, since only the loop puts and starts.
        self._queue: SimpleQueue[tuple[_Request, WSGIEnvironment]] = SimpleQueue()
        self._started = 0  # threads
        self._count = 0  # requests that have a thread, or wait for one
        self._all_done = asyncio.Event()
        self._finished: deque[_Request] = deque()  # by threads
        self._is_notified = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3).

        :raises ValueError: it is a WebSocket, which a WSGI application cannot serve.
        """
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._serve_lifespan(receive, send)
                return
            raise ValueError(f"A WSGI application cannot serve {scope['type']!r}.")
        request = _Request(receive, send, self)
        environ = make_environ(scope, request)
        del environ["asgi.scope"]  # what is called is WSGI
        try:
            if _has_body(scope, environ):
                status = await request.read_small_body()
                if status is not None:
                    await _refuse(send, status)
                    return
            await self._run(request, environ)
        finally:
            self.buffered -= request.buffered

    async def _run(self, request: _Request, environ: WSGIEnvironment) -> None:
        """Run the request in a thread, and send the response that it returns."""
        if self._count >= self.threads:
            if self._count >= self.threads + _MAX_WAITING:
                await _refuse(request._send, 503)
                return
            request.watch_for_disconnect()
        self._count += 1
        if self._count > self._started < self.threads:
            self._started += 1
            Thread(target=self._run_thread, name="flask-serve", daemon=True).start()
        self._queue.put((request, environ))
        del environ  # so that only the thread holds it
        try:
            await request.done
        finally:
            request.is_abandoned = True
            request.stop_watching()
        if request.complete_body is not None:
            await request.send_complete(request.complete_body)

    def _run_thread(self) -> None:
        """Handle requests in a thread."""
        get = self._queue.get
        while True:
            request, environ = get()
            request.run(environ)
            self._finished.append(request)
            if not self._is_notified:  # one wake-up of the loop for all that are ready
                self._is_notified = True
                try:
                    request.server_loop.call_soon_threadsafe(self._set_results)
                except RuntimeError:
                    return  # the loop is closed, so no task waits for the request
            del request, environ  # an idle thread holds nothing

    def _set_results(self) -> None:
        self._is_notified = False
        while self._finished:
            request = self._finished.popleft()
            self._count -= 1
            if not request.done.done():
                if request.error is None:
                    request.done.set_result(None)
                else:
                    request.done.set_exception(request.error)
            request.error = None  # avoid a reference cycle
        if not self._count:
            self._all_done.set()

    async def _serve_lifespan(self, receive: Receive, send: Send) -> None:
        """Serve the lifespan: a server that stops waits for the threads."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        while self._count:
            self._all_done.clear()
            await self._all_done.wait()
        await send({"type": "lifespan.shutdown.complete"})


def _has_body(scope: Scope, environ: WSGIEnvironment) -> bool:
    """Return whether a request may have a body (RFC 9112 section 6; optional in HTTP/2)."""
    if scope["http_version"][0] == "1":
        length = environ.get("CONTENT_LENGTH")
        return length != "0" if length is not None else "HTTP_TRANSFER_ENCODING" in environ
    return environ.get("CONTENT_LENGTH") != "0"


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


class _TooManyBytes(Exception):
    """The bodies of all requests together take too much memory."""


class _Request(HttpConnection):
    """One request: its body as ``wsgi.input``, and its response.

    :param receive: returns the server's next message.
    :param send: takes a message for the server.
    :param server: the application that serves it.
    """

    is_on_loop = False
    buffered: int = 0
    """Bytes of the body that were received before a thread was taken."""
    is_body_incomplete: bool = False
    """Whether the client disconnected before its body was complete, and no thread reads it yet."""
    is_abandoned: bool = False
    """Whether the client disconnected or the server stops, so the response is not needed."""
    complete_body: bytes | None = None
    """The body of the response, if the loop sends it."""
    error: Exception | None = None
    """What the application raised."""

    def __init__(self, receive: Receive, send: Send, server: ThreadedWsgi) -> None:
        super().__init__(receive, send)
        self.server = server
        self.server_loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self.server_loop.create_future()
        self._waited = 0.0
        self._received = 0

    # On the loop ---------------------------------------------------------------------------------

    async def read_small_body(self) -> int | None:
        """Read a body, or its beginning.

        :returns: the status of a refusal, or ``None``.
        """
        try:
            # The application gets the error of an incomplete body when it reads.
            self.is_body_incomplete = not await self._fill_buffer(
                _MAX_BUFFERED - 1, self._receive_into_buffer
            )
        except TimeoutError:
            return 408
        except _TooManyBytes:
            return 503
        return None

    async def _receive_into_buffer(self) -> Message:
        """Receive a message, and count its bytes.

        :raises TimeoutError: the client sends too slowly.
        :raises _TooManyBytes: the bodies of all requests take too much memory.
        """
        message = await self._receive_in_time()
        size = len(message.get("body", b""))
        self.buffered += size
        self.server.buffered += size
        if self.server.buffered > _MAX_BUFFERED_TOTAL and message.get("more_body", False):
            raise _TooManyBytes
        return message

    async def _receive_in_time(self) -> Message:
        """Receive a message.

        :raises TimeoutError: the client sends too slowly.
        """
        allowed = self.server.timeout + self._received / _MIN_RATE - self._waited
        begun = time.monotonic()
        try:
            async with asyncio.timeout(allowed):
                message = await self._receive_next()
        finally:
            self._waited += time.monotonic() - begun
        self._received += len(message.get("body", b""))
        return message

    async def send_complete(self, body: bytes) -> None:
        """Send a response, or the rest of it, at once."""
        if self.is_disconnected:
            return
        try:
            if not self.is_started:
                self.is_started = True
                await self._send(self.make_start_message())
            await self._send({"type": "http.response.body", "body": body})
        except OSError:  # the client disconnected (ASGI 2.4)
            self.is_disconnected = True

    async def _send_in_time(self, part: bytes) -> None:
        """Send a chunk of a response; give up on a client that does not receive it."""
        try:
            async with asyncio.timeout(self.server.timeout):
                await self.send_chunk(part, True)
        except TimeoutError:
            self.is_disconnected = True
            raise ConnectionLost from None

    def _get_loop(self) -> asyncio.AbstractEventLoop:
        return self.server_loop

    async def _begin_watching(self) -> None:
        self.watch_for_disconnect()

    # In the thread -------------------------------------------------------------------------------

    def run(self, environ: WSGIEnvironment) -> None:
        """Call the application and send the response; never raises."""
        try:
            # A request whose client disconnected before a thread was free does not run.
            if self.is_body_incomplete or not (self.is_disconnected or self.is_abandoned):
                self._call(environ)
        except ConnectionLost:
            pass
        except Exception as error:
            self.error = error
        except BaseException as error:  # it would end the loop
            self.error = RuntimeError(f"The application raised {error!r}.")
            self.error.__cause__ = error

    def _call(self, environ: WSGIEnvironment) -> None:
        iterable = self.server.app(environ, self.start_response)
        try:
            if isinstance(iterable, (list, tuple)):
                complete_body = b"".join(iterable)
                if self.status is None:
                    self.make_start_message()  # raises
                self.complete_body = complete_body
            else:
                self._send_parts(iter(iterable))
        finally:
            close = getattr(iterable, "close", None)
            if close is not None:
                close()

    def _send_parts(self, parts: Iterator[bytes]) -> None:
        """Send a body chunk by chunk; at once, if the first chunk is the complete body."""
        for part in parts:
            if not self.is_started and self._is_whole_body(part):
                self._on_loop(self.send_complete(part))
                return
            if part:
                self.write(part)
        if self.status is None:
            self.make_start_message()  # raises
        self._on_loop(self.send_complete(b""))

    def write(self, data: bytes) -> None:
        """Send a chunk of the body."""
        if not self.is_started:
            self._on_loop(self._begin_watching())  # only a disconnect may end the stream
        if self.is_abandoned:
            raise ConnectionLost
        self._on_loop(self._send_in_time(data))

    def _read_message(self) -> bytes:
        """Return the bytes of the body's next message."""
        if self.is_disconnected:
            raise ClientDisconnected()
        try:
            return self._handle_message(self._on_loop(self._receive_in_time()))
        except TimeoutError:  # and at each later read, since no time is left
            raise ClientDisconnected("The body came too slowly.") from None

    def _on_loop(self, coroutine: Coroutine[object, None, Result]) -> Result:
        """Wait in the thread for something that runs on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.server_loop).result()
