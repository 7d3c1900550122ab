"""WSGI middleware that reloads pages in the browser, and the request handler that adds it.

It is outside of the debugger, so that a page with an error is reloaded too.
"""

from __future__ import annotations

import threading
import time
import typing as t
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler
from werkzeug.wsgi import ClosingIterator

from ._pages import (
    EMPTY_EVENT,
    EVENTS_HEADERS,
    EVENTS_PATH,
    FIRST_EVENT,
    HEARTBEAT,
    SCRIPT_HEADERS,
    SCRIPT_PATH,
    Change,
    Pages,
    find_since,
    read_script,
    replace_length,
    wants_page,
)

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_Started: t.TypeAlias = tuple[t.Any, ...]
"""The arguments of ``start_response``."""


class BrowserReload:
    """Adds the script to pages, and serves it with its events.

    :param app: the application, maybe inside the debugger.
    :param pages: the open pages.
    """

    def __init__(self, app: WSGIApplication, pages: Pages) -> None:
        self.app = app
        self._pages = pages

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        path = environ.get("PATH_INFO")
        if path == SCRIPT_PATH:
            script = read_script()
            start_response("200 OK", [*SCRIPT_HEADERS, ("Content-Length", str(len(script)))])
            return [script]
        if path == EVENTS_PATH:
            start_response("200 OK", [*EVENTS_HEADERS])
            query, last = environ.get("QUERY_STRING", ""), environ.get("HTTP_LAST_EVENT_ID")
            return self._stream(find_since(query, last))

        def find_header(name: str) -> str | None:
            value = environ.get(f"HTTP_{name.upper().replace('-', '_')}")
            return None if value is None else str(value)

        if not wants_page(environ["REQUEST_METHOD"], find_header):
            return self.app(environ, start_response)
        for name in ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE"):
            environ.pop(name, None)  # a cached page has the version of another process
        is_complete = "HTTP_SEC_FETCH_DEST" in environ
        return _Exchange(start_response).run(self.app, environ, self._pages.version, is_complete)

    def _stream(self, since: str) -> Iterator[bytes]:
        yield FIRST_EVENT
        while not self._pages.is_closed:
            self._pages.wait(since, HEARTBEAT)
            event = self._pages.read(since)
            if event is None:
                yield EMPTY_EVENT
            else:
                since = event[0]
                yield event[1]


class _Exchange:
    """One request for a page."""

    def __init__(self, start_response: StartResponse) -> None:
        self._start_response = start_response
        self._waiting: _Started | None = None  # status and headers, until the body is known
        self._is_started = False

    def _start(self, *started: t.Any) -> Callable[[bytes], object]:
        if self._is_started:  # an error, after the response has begun
            return self._start_response(*started)
        self._waiting = started
        return self._write

    def _write(self, data: bytes) -> None:
        self._send_start()(data)

    def _send_start(self) -> Callable[[bytes], object]:
        assert self._waiting is not None, "start_response() was not called"
        self._is_started = True
        return self._start_response(*self._waiting)

    def run(
        self, app: WSGIApplication, environ: WSGIEnvironment, version: str, is_complete: bool
    ) -> Iterable[bytes]:
        """Return the body, with the script if it is a page."""
        body = app(environ, self._start)
        close = getattr(body, "close", None)
        closing = [] if close is None else [close]
        try:
            rest = iter(body)
            first = next(rest, b"")  # a generator calls start_response() now
            if self._is_started or self._waiting is None:
                return ClosingIterator(chain([first], rest), closing)
            status, headers = self._waiting[:2]
            change = Change(int(status[:3]), headers)
            if not change.is_possible:
                self._send_start()
                return ClosingIterator(chain([first], rest), closing)
            page = change.insert(b"".join(chain([first], rest)), version, is_complete)
            self._waiting = (status, replace_length(headers, len(page)), *self._waiting[2:])
            self._send_start()
        except BaseException:
            for function in closing:
                function()
            raise
        return ClosingIterator([page], closing)


class Requests:
    """The requests that Werkzeug's server is answering.

    Before a restart they may end, and the server accepts no others. The listening socket stays
    open, so these wait for the next process.
    """

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()
        self.servers: list[BaseWSGIServer] = []
        """The server, when it has accepted a connection."""

    def add(self, change: int) -> None:
        """Note that a request begins or ends.

        :param change: 1 or -1.
        """
        with self._changed:
            self._count += change
            self._changed.notify_all()

    def finish(self, timeout: float) -> None:
        """Accept no further connections, and wait for the requests that have begun.

        :param timeout: maximum seconds.
        """
        for server in self.servers:
            server.get_request = _accept_nothing  # type: ignore[method-assign]
        with self._changed:
            self._changed.wait_for(lambda: self._count == 0, timeout)


def _accept_nothing() -> t.NoReturn:
    time.sleep(0.005)  # the server tries it again and again
    raise OSError


def create_request_handler(
    requests: Requests, pages: Pages | None, base: type[WSGIRequestHandler] | None
) -> type[WSGIRequestHandler]:
    """Return a request handler for Werkzeug's server that notes requests and adds the middleware.

    :param requests: what notes them.
    :param pages: the open pages; ``None``: the middleware is not added.
    :param base: the class that the user passes to ``app.run()``.
    """
    middleware = None if pages is None else BrowserReload(_no_application, pages)
    parent: t.Any = base or WSGIRequestHandler

    class Handler(parent):  # type: ignore[misc]
        """Serves with the middleware, and does not log its requests."""

        def setup(self) -> None:
            if self.server not in requests.servers:
                requests.servers.append(self.server)
            app = self.server.app
            if middleware is not None and app is not middleware:
                middleware.app = app
                self.server.app = middleware
            super().setup()

        def run_wsgi(self) -> None:
            requests.add(1)
            try:
                super().run_wsgi()
            finally:
                requests.add(-1)

        def log_request(self, *args: object, **options: object) -> None:
            if not str(getattr(self, "path", "")).startswith(EVENTS_PATH):
                super().log_request(*args, **options)

    return Handler


def _no_application(environ: WSGIEnvironment, start_response: StartResponse) -> t.NoReturn:
    raise AssertionError("The server's application has not been wrapped")
