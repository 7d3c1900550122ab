"""WebSockets over the connections of WSGI servers, and a warning about Hypercorn's WSGI mode."""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Iterable
from io import BytesIO

from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import NotImplemented as CannotBeServed

from .._core.awaitables import is_async_view
from .._core.current import get_request_context

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from ._app_protocol import WebSocketApplication

_NO_SOCKET = (
    "A WebSocket was refused: this WSGI server offers no connection for it. 'flask run' does, and"
    " gunicorn with '--threads'; servers for ASGI serve WebSockets anyway."
)
_NO_WSPROTO = (
    "A WebSocket was refused: under WSGI they need wsproto, which is not installed. Install it"
    " with:\n\n    pip install 'wsproto>=1.2' 'greenlet>=3.1'"
)
_HYPERCORN_SERVES_WSGI = (
    "Hypercorn serves this application as WSGI: WebSockets are refused, and an async view holds a"
    " thread while it runs. Put 'asgi:' in front of the application's name, as in"
    " 'hypercorn asgi:shop:app'."
)


def serve_upgrade_request(
    app: WebSocketApplication, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes] | None:
    """Serve a WebSocket over the connection of a WSGI server.

    :param app: the application.
    :param environ: the WSGI environment of a request with an ``Upgrade`` header.
    :param start_response: takes the response that refuses the handshake.
    :returns: ``None`` if this is not a handshake for one of the application's WebSockets. It is an
        HTTP request then.
    """
    if environ["HTTP_UPGRADE"].lower() != "websocket" or not _is_for_websocket(app, environ):
        return None
    socket = environ.get("werkzeug.socket")
    if socket is None and environ["wsgi.multithread"]:  # a WebSocket holds its thread
        socket = environ.get("gunicorn.socket")
    if socket is None:
        return _refuse(app, _NO_SOCKET, start_response)
    try:
        from ._wsgi_upgrade import serve_upgrade
    except ImportError:
        return _refuse(app, _NO_WSPROTO, start_response)
    return serve_upgrade(app, environ, socket, start_response)


def _is_for_websocket(app: WebSocketApplication, environ: WSGIEnvironment) -> bool:
    """Return whether a handshake is for one of our WebSockets.

    An extension may have its own views that use the socket.
    """
    try:
        adapter = app.create_url_adapter(app.websocket_class(environ, None))
        rule = None if adapter is None else adapter.match(return_rule=True)[0]
    except HTTPException:
        return False
    finally:
        environ.pop("werkzeug.request", None)
    return getattr(rule, "is_websocket", False)


def _refuse(
    app: WebSocketApplication, reason: str, start_response: StartResponse
) -> Iterable[bytes]:
    app._log("error", reason)
    return CannotBeServed()({"REQUEST_METHOD": "GET"}, start_response)


def warn_about_hypercorn(app: WebSocketApplication) -> None:
    """Warn if Hypercorn serves async views or WebSockets as WSGI."""
    if "hypercorn.app_wrappers" not in sys.modules:
        return
    environ = getattr(get_request_context(None), "_known", {})
    if (
        # Hypercorn sends no name; only its WSGI environment has both of these.
        type(environ.get("wsgi.input")) is BytesIO
        and environ.get("wsgi.errors") is sys.stdout
        and (app._has_websockets or any(map(is_async_view, app.view_functions.values())))
    ):
        app._log("warning", _HYPERCORN_SERVES_WSGI)
