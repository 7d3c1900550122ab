"""The test client for ``async`` tests: sends requests over ASGI on the test's event loop."""

from __future__ import annotations

import typing as t
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse
from werkzeug.wrappers import Request as BaseRequest
from werkzeug.wrappers import Response as BaseResponse
from werkzeug.wsgi import get_current_url

from .._http.environ_scope import make_scope
from ..typing import AnyApp
from .client import FlaskClient
from .connection import Connection, Lifespan
from .websocket import WebsocketConnection

_REDIRECTS = frozenset({301, 302, 303, 305, 307, 308})


class _Requests(FlaskClient):
    """Builds requests and stores cookies, as `FlaskClient` does; sends nothing."""

    def open(self, *args: object, **kwargs: t.Any) -> t.Any:
        """Return the request instead of sending it."""
        kwargs.pop("buffered", None)
        request = self._request_of(args[0]) if args else None
        return self._request_from_builder_args(args, kwargs) if request is None else request


class StreamedResponse:
    """A response whose body is read while the application sends it.

    :param status: the HTTP status.
    :param headers: the headers.
    :param parts: yields the body.
    """

    def __init__(self, status: int, headers: Headers, parts: AsyncIterator[bytes]) -> None:
        self.status_code = status
        self.headers = headers
        self._parts = parts

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._parts


class AsyncFlaskClient:
    """Sends requests to an application over ASGI in ``async`` tests, and stores its cookies.

    An ``async with`` block runs the application's lifespan, as an ASGI server does:
    ``before_serving`` functions run at its beginning, ``after_serving`` functions at its end.

    :param app: the application.
    :param response_wrapper: the class of the application's responses.
    :param use_cookies: store cookies, and send them with the next requests.
    """

    def __init__(
        self,
        app: AnyApp,
        response_wrapper: type[BaseResponse] | None = None,
        use_cookies: bool = True,
    ) -> None:
        self.application = app
        self._requests = _Requests(app, response_wrapper, use_cookies=use_cookies)
        self._lifespan: Lifespan | None = None
        self.session_transaction = self._requests.session_transaction
        self.set_cookie = self._requests.set_cookie
        self.get_cookie = self._requests.get_cookie
        self.delete_cookie = self._requests.delete_cookie

    async def __aenter__(self) -> t.Self:
        self._lifespan = Lifespan(self.application)
        await self._lifespan.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        lifespan, self._lifespan = self._lifespan, None
        if lifespan is not None:
            await lifespan.stop()

    async def open(
        self, *args: t.Any, follow_redirects: bool = False, **kwargs: t.Any
    ) -> TestResponse:
        """Send a request and read the whole response.

        :param args: as for ``FlaskClient.open``, with ``kwargs``.
        :param follow_redirects: follow them; ``history`` of the response has the earlier responses.
        """
        request = self._requests.open(*args, **kwargs)
        history: list[TestResponse] = []
        while True:
            response = await self._ask(request)
            response.history = tuple(history)
            if not follow_redirects:
                return response
            if response.status_code not in _REDIRECTS:
                response.call_on_close(request.input_stream.close)  # as the other client does
                return response
            history.append(response)
            if len(history) > 20:
                raise RuntimeError(f"Redirected more than 20 times, last to {response.location}.")
            request = t.cast("t.Any", self._requests.resolve_redirect(response))

    async def _ask(self, request: BaseRequest) -> TestResponse:
        async with self._connected(request) as (connection, status, headers):
            parts = [part async for part in connection.parts()]
        response = self._requests.response_wrapper(parts, status, headers, request=request)
        response.json_module = self.application.json
        return response

    @asynccontextmanager
    async def _connected(
        self, request: BaseRequest
    ) -> AsyncIterator[tuple[Connection, str, Headers]]:
        environ = request.environ
        self._requests._add_cookies_to_wsgi(environ)
        connection = Connection(self.application, make_scope(environ))
        connection.send_body(environ.get("wsgi.input"))
        connection.start()
        status, pairs = await connection.head()
        headers = Headers(pairs)
        url = urlsplit(get_current_url(environ))
        self._requests._update_cookies_from_response(
            url.hostname or "localhost", url.path, headers.getlist("Set-Cookie")
        )
        try:
            yield connection, status, headers
        finally:
            connection.disconnect()
            await connection.end()

    @asynccontextmanager
    async def stream(self, *args: object, **kwargs: object) -> AsyncIterator[StreamedResponse]:
        """Send a request and read the response while the application sends it.

        At the end of the block the client disconnects.

        :param args: as for `open`, with ``kwargs``.
        """
        request = self._requests.open(*args, **kwargs)
        async with self._connected(request) as (connection, status, headers):
            yield StreamedResponse(int(status.split()[0]), headers, connection.parts())

    def websocket(
        self, path: str, *, subprotocols: t.Iterable[str] = (), **kwargs: t.Any
    ) -> WebsocketConnection:
        """Return a WebSocket; ``async with`` opens and closes it.

        :param path: the path.
        :param subprotocols: the subprotocols of the client, the preferred one first.
        :param kwargs: as for `open`.
        """
        scope = self._requests._websocket_scope(path, subprotocols, kwargs)
        return WebsocketConnection(self.application, scope)

    async def get(self, *args: t.Any, **kwargs: t.Any) -> TestResponse:
        """Send a ``GET`` request; see `open`."""
        return await self.open(*args, method="GET", **kwargs)

    async def head(self, *args: t.Any, **kwargs: t.Any) -> TestResponse:
        """Send a ``HEAD`` request; see `open`."""
        return await self.open(*args, method="HEAD", **kwargs)

    async def post(self, *args: t.Any, **kwargs: t.Any) -> TestResponse:
        """Send a ``POST`` request; see `open`."""
        return await self.open(*args, method="POST", **kwargs)

    async def put(self, *args: t.Any, **kwargs: t.Any) -> TestResponse:
        """Send a ``PUT`` request; see `open`."""
        return await self.open(*args, method="PUT", **kwargs)

    async def patch(self, *args: t.Any, **kwargs: t.Any) -> TestResponse:
        """Send a ``PATCH`` request; see `open`."""
        return await self.open(*args, method="PATCH", **kwargs)

    async def delete(self, *args: t.Any, **kwargs: t.Any) -> TestResponse:
        """Send a ``DELETE`` request; see `open`."""
        return await self.open(*args, method="DELETE", **kwargs)

    async def options(self, *args: t.Any, **kwargs: t.Any) -> TestResponse:
        """Send a ``OPTIONS`` request; see `open`."""
        return await self.open(*args, method="OPTIONS", **kwargs)
