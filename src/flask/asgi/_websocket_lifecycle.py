"""One WebSocket, from the handshake to the last teardown, in order of events.

As in ``_app/lifecycle``, the steps are synchronous, and an executor runs them. Steps that a
subclass may override are functions here, and `flask.Flask` binds them as methods.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from werkzeug.exceptions import Forbidden, HTTPException
from werkzeug.wrappers import Response as BaseResponse

from .. import typing as ft
from .._app.request_checks import explain_error
from .._app.teardown import call_teardown_functions
from .._core.awaitables import is_async_callable, wait_if_awaitable
from .._core.current import get_request_context
from .._core.hook_scopes import scopes_inward, scopes_outward
from .._core.waiting import wait
from ..signals import got_request_exception

if t.TYPE_CHECKING:
    from ._app_protocol import WebSocketApplication
    from ._websocket import Websocket, WebsocketContext

_SECURE = frozenset({"https", "wss"})
_OTHER_SCHEME = (
    "WebSockets are not open to pages of {origin}: pages of this host use the scheme {scheme}. If a"
    " proxy terminates TLS, let it send 'X-Forwarded-Proto', or list the origin in"
    " WEBSOCKET_ORIGINS."
)
_NORMAL = 1000  # RFC 6455 section 7.4.1
_POLICY_VIOLATION = 1008
_INTERNAL_ERROR = 1011


def import_websocket_class() -> type[Websocket]:
    """Import the class of WebSockets, which needs asyncio."""
    from ._websocket import Websocket

    return Websocket


# 1. Hooks before, the handler, hooks after -------------------------------------------------------


def run_websocket(app: WebSocketApplication, context: WebsocketContext) -> None:
    """Serve one WebSocket to its end; always tear down.

    :param app: the application.
    :param context: the context of the WebSocket.
    """
    websocket = context.websocket
    error: BaseException | None = None
    try:
        try:
            context.push()
            response = app.full_dispatch_websocket(websocket)
        except Exception as raised:
            error = raised
            response = app.handle_websocket_exception(raised)
        _end_websocket(websocket, response)
    except BaseException as raised:
        if websocket._channel.state != "disconnected":  # a disconnect is not an error
            error = raised
        raise
    finally:
        try:
            context.pop(error)
        finally:
            error = None  # avoid a reference cycle


def full_dispatch_websocket(
    self: WebSocketApplication, websocket: Websocket
) -> BaseResponse | None:
    """Call hooks and handler; an early error goes to its error handler.

    :returns: the response that refuses the handshake; ``None`` if it was accepted.
    """
    answer: t.Any
    try:
        self.check_websocket_origin(websocket)
        answer = self.preprocess_websocket(websocket)
        if answer is None:
            answer = self.dispatch_websocket(websocket)
    except Exception as error:
        if websocket._channel.state != "handshake":
            raise
        answer = self.handle_user_exception(error)
    try:
        response = None if answer is None else self.make_response(answer)
        postprocessed: BaseResponse | None = self.postprocess_websocket(websocket, response)
        return postprocessed
    finally:
        del answer  # it may be the error: avoid a reference cycle


def check_websocket_origin(self: WebSocketApplication, websocket: Websocket) -> None:
    """Refuse a page of another site, which could act with the user's cookies.

    ``WEBSOCKET_ORIGINS`` is an allowed origin or a list of them. ``"*"`` allows all, ``None`` only
    the application's scheme and host. A client without an ``Origin`` header, such as one that is
    not a browser, is allowed.

    :raises werkzeug.exceptions.Forbidden: the origin is not allowed.
    """
    origin = websocket.environ.get("HTTP_ORIGIN")
    if origin is None:
        return
    allowed = self.config["WEBSOCKET_ORIGINS"]
    if allowed is None:
        # An origin is a scheme and a host (RFC 6454 section 6.2). urlsplit() finds a host in other
        # texts too, and raises an error for some.
        scheme, _, host = origin.lower().partition("://")
        own_scheme = _find_scheme(websocket)
        own_host = _without_default_port(own_scheme, websocket.host.lower())
        if host and _without_default_port(scheme, host) == own_host:
            if scheme == own_scheme:
                return
            raise Forbidden(_OTHER_SCHEME.format(origin=origin, scheme=own_scheme))
    elif isinstance(allowed, str):  # as the environment gives it; a part of it is not enough
        if allowed in {origin, "*"}:
            return
    elif origin in allowed or "*" in allowed:
        return
    raise Forbidden(f"WebSockets are not open to pages of {origin}.")


def _find_scheme(websocket: Websocket) -> str:
    """Return the scheme over which pages of this host are loaded.

    A proxy that terminates TLS sends it in a header. No page can set that header, so the header
    need not come from a trusted proxy.
    """
    proxied: str = websocket.environ.get("HTTP_X_FORWARDED_PROTO", "")
    is_secure = websocket.scheme in _SECURE or proxied.partition(",")[0].strip() == "https"
    return "https" if is_secure else "http"


def _without_default_port(scheme: str, host: str) -> str:
    return host.removesuffix(":443" if scheme == "https" else ":80")


def preprocess_websocket(
    self: WebSocketApplication, websocket: Websocket
) -> ft.ResponseReturnValue | None:
    """Call the hooks that run before the handler, until one returns a value.

    :returns: that value, which refuses the handshake.
    """
    scopes = scopes_inward(websocket.endpoint)
    for scope in scopes:
        for prepare in self.url_value_preprocessors.get(scope, ()):
            prepare(websocket.endpoint, websocket.view_args)
    for scope in scopes:
        for before in self.before_websocket_funcs.get(scope, ()):
            answer: ft.ResponseReturnValue | None = _call_hook(self, websocket, before)
            if answer is not None:
                return answer
    return None


def dispatch_websocket(
    self: WebSocketApplication, websocket: Websocket
) -> ft.ResponseReturnValue | None:
    """Call the handler.

    :returns: what it returns; before the handshake was accepted, that refuses it.
    """
    if websocket.routing_exception is not None:
        raise websocket.routing_exception
    handler = self.view_functions[t.cast("str", websocket.endpoint)]
    websocket._awaits = is_async_callable(handler)
    answer: ft.ResponseReturnValue | None = wait_if_awaitable(
        self.ensure_sync(handler)(**(websocket.view_args or {}))
    )
    return answer


def postprocess_websocket(
    self: WebSocketApplication, websocket: Websocket, response: BaseResponse | None
) -> BaseResponse | None:
    """Call the ``after_websocket`` functions, newest first.

    :param response: the response that refuses the handshake; ``None`` if it was accepted.
    """
    for scope in scopes_outward(websocket.endpoint):
        for after in reversed(self.after_websocket_funcs.get(scope, ())):
            response = _call_hook(self, websocket, after, response)
    return response


def _call_hook(
    app: WebSocketApplication,
    websocket: Websocket,
    function: Callable[..., object],
    *values: object,
) -> t.Any:
    """Call a hook; the WebSocket's methods suit its kind, synchronous or ``async def``."""
    websocket._awaits = is_async_callable(function)
    return wait_if_awaitable(app.ensure_sync(function)(*values))


# 2. An unhandled error ---------------------------------------------------------------------------


def handle_websocket_exception(self: WebSocketApplication, e: Exception) -> BaseResponse | None:
    """Respond to an unhandled error.

    Before the handshake as `handle_exception` does. Afterwards the WebSocket is closed: with 1008
    for an HTTP error below 500, and with 1011 for every other error, which is logged too.
    """
    websocket = get_request_context().websocket
    if websocket._channel.state == "handshake":
        response: BaseResponse = self.handle_exception(e)
        return response
    is_refusal = isinstance(e, HTTPException) and (e.code or 500) < 500
    try:
        if not is_refusal:
            _report(self, e)
    finally:  # last, since some servers fail in it if the client disconnected in the meantime
        if websocket.is_accepted:
            _close(websocket, _POLICY_VIOLATION if is_refusal else _INTERNAL_ERROR)
    return None


def _report(app: WebSocketApplication, error: Exception) -> None:
    """Raise an error again, or log it, as the configuration says."""
    explain_error(error)
    got_request_exception.send(app, _async_wrapper=app.ensure_sync, exception=error)
    setting = app.config["PROPAGATE_EXCEPTIONS"]
    if app.testing or app.debug if setting is None else setting:
        try:
            raise error
        finally:
            del error  # avoid a reference cycle
    app.log_exception((type(error), error, error.__traceback__))


# 3. The end --------------------------------------------------------------------------------------


def _end_websocket(websocket: Websocket, response: BaseResponse | None) -> None:
    """Refuse the handshake with a response, or close what is open."""
    channel = websocket._channel
    if channel.state == "handshake" and response is not None:
        pairs = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in response.get_wsgi_headers(websocket.environ)
        ]
        wait(channel.refuse(response.status_code, pairs, response.get_data()))
    elif channel.state in {"handshake", "open"}:
        _close(websocket, _NORMAL)


def _close(websocket: Websocket, code: int) -> None:
    from ._websocket_channel import WebsocketDisconnect

    try:
        wait(websocket._channel.close(code, ""))
    except WebsocketDisconnect:
        pass  # the client disconnected in the meantime


def do_teardown_websocket(self: WebSocketApplication, exc: BaseException | None = None) -> None:
    """Call all ``teardown_websocket`` functions, newest first.

    :param exc: the unhandled error.
    """
    scopes = scopes_outward(get_request_context().request.endpoint)
    registered = [self.teardown_websocket_funcs.get(scope, ()) for scope in scopes]
    call_teardown_functions(self, registered, exc)
