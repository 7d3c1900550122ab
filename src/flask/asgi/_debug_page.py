"""The debug page under ASGI: the response to an unhandled error in debug mode.

The lifecycle is the same with and without it. The error still goes to the server, which logs it, as
it does without a page. There is no interactive console.
"""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Callable, Coroutine
from contextlib import suppress

from .._core.current import BY_CLIENT
from ._app_protocol import WebSocketApplication
from ._http_connection import HttpConnection
from ._request_body import Message, Receive, Send
from ._scope import Scope, make_environ

Serve: t.TypeAlias = Callable[
    [WebSocketApplication, Scope, Receive, Send], Coroutine[t.Any, t.Any, None]
]


def make_debugged(serve: Serve) -> Serve:
    """Return a function that serves a request, and responds to an unhandled error with a page.

    :param serve: serves the request.
    """

    async def serve_debugged(
        app: WebSocketApplication, scope: Scope, receive: Receive, send: Send
    ) -> None:
        is_started = False

        async def send_noted(message: Message) -> None:
            nonlocal is_started
            is_started = True
            await send(message)

        if BY_CLIENT in scope:  # test clients raise the error
            await serve(app, scope, receive, send)
            return
        try:
            await serve(app, scope, receive, send_noted)
        except Exception as error:
            if not is_started and app.debug and not app.testing:
                # The server gets the application's error, whatever happens to the page.
                with suppress(Exception):
                    await _send_page(app, scope, receive, send, error)
            raise

    return serve_debugged


async def _send_page(
    app: WebSocketApplication, scope: Scope, receive: Receive, send: Send, error: Exception
) -> None:
    from .._debug.report import make_page  # imports Jinja

    environ = make_environ(scope, HttpConnection(receive, send))
    # In a thread, because it reads files and calls repr() of any objects.
    page = await asyncio.to_thread(make_page, error, environ, app.config, 1)
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in page.headers]
    headers.append((b"content-length", b"%d" % len(page.body)))
    body = b"" if scope["method"] == "HEAD" else page.body
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
