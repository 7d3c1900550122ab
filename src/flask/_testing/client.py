"""The test client and the builder of WSGI environments; `flask.testing` re-exports them."""

from __future__ import annotations

import importlib
import typing as t
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from copy import copy
from functools import cache
from io import SEEK_END
from types import TracebackType
from urllib.parse import urlsplit

import werkzeug.test
from werkzeug.datastructures import Headers
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request as BaseRequest
from werkzeug.wsgi import get_current_url

from .._app.background import WAITING_TASKS
from .._http.environ_scope import make_scope
from ..sessions import SessionMixin
from ..typing import AnyApp
from .connection import Connection, LoopThread, Message
from .websocket import WebsocketSession

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class EnvironBuilder(werkzeug.test.EnvironBuilder):
    """Builds a WSGI environment for an application.

    Like Werkzeug's builder, but the base URL is that of the application's configuration.

    :param app: the application.
    :param path: a path or a whole URL.
    :param base_url: the URL at which the application is mounted. By default it consists of
        ``PREFERRED_URL_SCHEME``, ``SERVER_NAME`` and ``APPLICATION_ROOT``.
    :param subdomain: added before ``SERVER_NAME``; not with ``base_url``.
    :param url_scheme: instead of ``PREFERRED_URL_SCHEME``; not with ``base_url``.
    :param args: as for Werkzeug's builder, with ``kwargs``. The application's provider writes
        ``json``.
    :raises AssertionError: ``base_url`` and ``subdomain`` or ``url_scheme`` are both given.
    """

    __module__ = "flask.testing"  # the public module

    app: AnyApp
    """The application."""

    def __init__(
        self,
        app: AnyApp,
        path: str = "/",
        base_url: str | None = None,
        subdomain: str | None = None,
        url_scheme: str | None = None,
        *args: t.Any,
        **kwargs: t.Any,
    ) -> None:
        if base_url is not None and (subdomain or url_scheme):
            raise AssertionError('Cannot pass "subdomain" or "url_scheme" with "base_url".')
        if base_url is None:
            base_url, path = self._find_base_url(app, path, subdomain, url_scheme)
        self.app = app
        super().__init__(path, base_url, *args, **kwargs)

    @staticmethod
    def _find_base_url(
        app: AnyApp, path: str, subdomain: str | None, url_scheme: str | None
    ) -> tuple[str, str]:
        """Return base URL and path, from a path or a whole URL and the configuration."""
        host = app.config.get("SERVER_NAME") or "localhost"
        if subdomain:
            host = f"{subdomain}.{host}"
        url = urlsplit(path)
        scheme = url.scheme or url_scheme or app.config["PREFERRED_URL_SCHEME"]
        root = app.config["APPLICATION_ROOT"].lstrip("/")
        base_url = f"{scheme}://{url.netloc or host}/{root}"
        if url.scheme or url.netloc:
            path = url.path + (f"?{url.query}" if url.query else "")
        return base_url, path

    def json_dumps(self, obj: object, **kwargs: object) -> str:
        """Write the ``json`` argument, with the application's provider."""
        text: str = self.app.json.dumps(obj, **kwargs)
        return text


@cache
def _get_werkzeug_version() -> str:
    # 4 ms that no request needs
    version: str = importlib.import_module("importlib.metadata").version("werkzeug")
    return version


_GIVEN_COOKIES: t.Final = "flask.given_cookies"
"""Key of an environment: the ``Cookie`` header before the client added its own cookies."""


def _as_given(environ: WSGIEnvironment) -> WSGIEnvironment:
    """Return an environment without the cookies that the client added when it sent it."""
    if _GIVEN_COOKIES not in environ:
        return environ
    environ = {**environ, "HTTP_COOKIE": environ[_GIVEN_COOKIES]}
    del environ[_GIVEN_COOKIES]
    if not environ["HTTP_COOKIE"]:
        del environ["HTTP_COOKIE"]
    return environ


def _build(builder: werkzeug.test.EnvironBuilder) -> BaseRequest:
    """Return the request of a builder, and close the files that the builder opened."""
    with closing(builder):
        return builder.get_request()


class FlaskClient(Client):
    """Sends requests to an application without a server; stores cookies.

    In a ``with`` block the context of the last request stays current until the next request or the
    end of the block. So a test can inspect ``request``, ``session`` and ``g``.

    :param args: the application, and other arguments of Werkzeug's client, with ``kwargs``.
    :param asgi: send requests over ASGI, on an event loop in another thread.
    """

    __module__ = "flask.testing"  # the public module

    application: AnyApp
    asgi: bool = False
    """Whether requests are sent over ASGI; otherwise over WSGI."""
    environ_base: WSGIEnvironment
    """Entries of every request's environment."""
    preserve_context: bool
    """Whether the context of the last request stays current."""

    def __init__(self, *args: t.Any, asgi: bool | None = None, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        if asgi is not None:
            self.asgi = asgi
        self._loop: LoopThread | None = None
        agent = f"Werkzeug/{_get_werkzeug_version()}"
        self.environ_base = {"REMOTE_ADDR": "127.0.0.1", "HTTP_USER_AGENT": agent}
        self.preserve_context = False
        # Contexts that stay current: of the request that is being sent, and of the last one.
        self._new_contexts: list[t.ContextManager[object]] = []
        self._context_stack = ExitStack()

    @contextmanager
    def session_transaction(self, *args: object, **kwargs: object) -> Iterator[SessionMixin]:
        """Open the client's session, to read and change it.

        It is saved when the block ends.

        :param args: the request in which it is opened, as for ``test_request_context``.
        :raises TypeError: the client stores no cookies.
        :raises RuntimeError: the application opened no session.
        """
        if self._cookies is None:
            raise TypeError("Cookies are disabled. Create a client with 'use_cookies=True'.")
        app = self.application
        context = app.test_request_context(*args, **kwargs)
        interface = app.session_interface  # SESSION_STORE may set it when a context is created
        request = context.request
        self._add_cookies_to_wsgi(request.environ)

        with context:
            session = interface.open_session(app, request)
        if session is None:
            raise RuntimeError("Session backend did not open a session.")
        yield session

        if interface.is_null_session(session):
            return
        response = app.response_class()
        with context:
            interface.save_session(app, session, response)
        self._update_cookies_from_response(
            request.host.partition(":")[0], request.path, response.headers.getlist("Set-Cookie")
        )

    def _copy_environ(self, other: WSGIEnvironment) -> WSGIEnvironment:
        """Return an environment with the client's entries; those of ``other`` take precedence."""
        environ = {**self.environ_base, **other}
        if self.preserve_context:
            environ["werkzeug.debug.preserve_context"] = self._new_contexts.append
        return environ

    def _request_from_builder_args(
        self, args: tuple[t.Any, ...], kwargs: dict[str, t.Any]
    ) -> BaseRequest:
        """Return a request from the arguments of ``EnvironBuilder`` after the application."""
        kwargs["environ_base"] = self._copy_environ(kwargs.get("environ_base", {}))
        return _build(EnvironBuilder(self.application, *args, **kwargs))

    def open(
        self,
        *args: object,
        buffered: bool = False,
        follow_redirects: bool = False,
        **kwargs: t.Any,
    ) -> TestResponse:
        """Send a request.

        :param args: the arguments of `EnvironBuilder` after the application, with ``kwargs``; or
            one builder, environment or request.
        :param buffered: read the whole body and close it at once.
        :param follow_redirects: follow them; ``history`` of the response has the earlier responses.
        """
        request = self._request_of(args[0]) if args else None
        if request is None:
            request = self._request_from_builder_args(args, kwargs)
        # The contexts of the request before.
        self._context_stack.close()
        response = super().open(request, buffered=buffered, follow_redirects=follow_redirects)
        while self._new_contexts:
            self._context_stack.enter_context(self._new_contexts.pop(0))
        response.json_module = self.application.json
        return response

    def run_wsgi_app(
        self, environ: WSGIEnvironment, buffered: bool = False
    ) -> tuple[t.Iterable[bytes], str, Headers]:
        """Send the request of an environment, over WSGI or ASGI."""
        if not self.asgi:
            waiting: list[object] = []
            environ[WAITING_TASKS] = waiting  # the client starts them, as a server does at the end
            try:
                return super().run_wsgi_app(environ, buffered)
            finally:
                if waiting:  # only with applications of this package
                    self.application._lifespan.background.start_waiting(self.application, environ)
        self._add_cookies_to_wsgi(environ)
        status, headers, parts = self._ask(environ)
        url = urlsplit(get_current_url(environ))
        cookies = headers.getlist("Set-Cookie")
        self._update_cookies_from_response(url.hostname or "localhost", url.path, cookies)
        return list(parts) if buffered else parts, status, headers

    def _ask(self, environ: WSGIEnvironment) -> tuple[str, Headers, Iterator[bytes]]:
        """Send a request over ASGI; the body is read while the caller iterates over it."""
        loop = self._get_loop()
        connection = loop.run(self._connect(environ))
        status, headers = loop.run(connection.head())
        first = loop.run(connection.next_part())
        return status, Headers(headers), _iterate(loop, connection, first)

    async def _connect(self, environ: WSGIEnvironment) -> Connection:
        connection = Connection(self.application, make_scope(environ))
        connection.send_body(environ.get("wsgi.input"))
        connection.start()
        return connection

    def _add_cookies_to_wsgi(self, environ: WSGIEnvironment) -> None:
        """Merge the client's cookies with those of the request's ``Cookie`` header.

        If both have a cookie of one name, the one of the header is sent.
        """
        given = environ.get("HTTP_COOKIE", "")
        super()._add_cookies_to_wsgi(environ)
        if self._cookies is None:
            return
        kept = environ.get("HTTP_COOKIE", "")
        if kept:
            environ[_GIVEN_COOKIES] = given
        if given:
            names = {pair.partition("=")[0].strip() for pair in given.split(";")}
            pairs = [pair for pair in kept.split("; ") if pair.partition("=")[0] not in names]
            environ["HTTP_COOKIE"] = "; ".join([given, *filter(None, pairs)])

    def resolve_redirect(self, response: TestResponse, buffered: bool = False) -> TestResponse:
        """Follow a redirect.

        A 307 or 308 needs the same body again, and the cookies may have changed.
        """
        environ = response.request.environ = _as_given(response.request.environ)
        body = environ["wsgi.input"]
        if body.seekable():
            end = body.seek(0, SEEK_END)
            length = environ.get("CONTENT_LENGTH")
            body.seek(max(0, end - int(length)) if length else 0)
        return super().resolve_redirect(response, buffered)

    def websocket_connect(
        self, path: str, *, subprotocols: t.Iterable[str] = (), **kwargs: t.Any
    ) -> WebsocketSession:
        """Open a WebSocket; a ``with`` block closes it at its end.

        :param path: the path.
        :param subprotocols: the subprotocols of the client, the preferred one first.
        :param kwargs: as for a request: ``headers``, ``query_string`` and so on.
        :raises WebsocketRefused: the application refused it; the error has status, headers and
            body.
        """
        scope = self._websocket_scope(path, subprotocols, kwargs)
        return WebsocketSession(self._get_loop(), self.application, scope)

    def _websocket_scope(
        self, path: str, subprotocols: t.Iterable[str], kwargs: dict[str, t.Any]
    ) -> Message:
        environ = self._request_from_builder_args((path,), kwargs).environ
        self._add_cookies_to_wsgi(environ)
        environ["wsgi.url_scheme"] = "wss" if environ["wsgi.url_scheme"] == "https" else "ws"
        if subprotocols:
            environ["HTTP_SEC_WEBSOCKET_PROTOCOL"] = ", ".join(subprotocols)
        return {**make_scope(environ, "websocket"), "subprotocols": list(subprotocols)}

    def _get_loop(self) -> LoopThread:
        if self._loop is None:
            self._loop = LoopThread()
        return self._loop

    def _request_of(self, given: object) -> BaseRequest | None:
        """Return the request of a builder or an environment, or a copy of a request."""
        if isinstance(given, werkzeug.test.EnvironBuilder):
            builder = copy(given)
            builder.environ_base = self._copy_environ(builder.environ_base or {})  # type: ignore[arg-type]
            return _build(builder)
        if isinstance(given, dict):
            base = self._copy_environ({})
            app = self.application
            given = _as_given(given)
            return _build(EnvironBuilder.from_environ(given, app=app, environ_base=base))
        if isinstance(given, BaseRequest):
            request = copy(given)
            request.environ = self._copy_environ(_as_given(request.environ))
            return request
        return None

    def __enter__(self) -> t.Self:
        is_nested, self.preserve_context = self.preserve_context, True
        if is_nested:
            raise RuntimeError("Cannot nest client invocations")
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.preserve_context = False
        self._context_stack.close()


def _iterate(loop: LoopThread, connection: Connection, part: bytes | None) -> Iterator[bytes]:
    """Yield the parts of a body; the client disconnects if the iteration ends early."""
    try:
        while part is not None:
            if part:
                yield part
            part = loop.run(connection.next_part())
    except GeneratorExit:
        connection.disconnect()
        loop.run(connection.end())
