"""One WebSocket, from the handshake to the last teardown, in order of events.

As in ``_app/lifecycle``, the steps are methods, in plain synchronous code: a driver runs them.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from werkzeug.exceptions import Forbidden, HTTPException
from werkzeug.wrappers import Response as BaseResponse

from .. import typing as ft
from .._app.lifecycle import Lifecycle
from .._app.lifespan import BACKGROUND
from .._app.websocket_routes import WebSocketScaffold
from .._core.awaitables import explain_second_loop, is_async_callable, wait_if_awaitable
from .._core.current import BY_CLIENT, get_request_context
from .._core.hook_scopes import scopes_inward, scopes_outward
from .._core.lazy import lazy_default
from .._core.threads import PoolFull, websockets
from .._core.waiting import wait
from ..signals import got_request_exception
from ._executor_choice import blocks

if t.TYPE_CHECKING:
    from ._request_body import Receive, Send
    from ._scope import Scope
    from ._websocket import Websocket, WebsocketContext
    from ._websocket_channel import Wire

_SECURE = frozenset({"https", "wss"})
_OTHER_SCHEME = (
    "WebSockets are not open to pages of {origin}: pages of this host use the scheme {scheme}. If a"
    " proxy terminates TLS, let it send 'X-Forwarded-Proto', or list the origin in"
    " WEBSOCKET_ORIGINS."
)
_TRY_LATER = [(b"content-length", b"0"), (b"retry-after", b"5")]
_NORMAL = 1000  # RFC 6455 section 7.4.1
_POLICY_VIOLATION = 1008
_INTERNAL_ERROR = 1011
_GOING_AWAY = 1001
_PATIENCE = 1.0  # seconds that a client may take to read that we go


def _find_websocket_class() -> type[Websocket]:
    from ._websocket import Websocket

    return Websocket


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


class ConversingApp(WebSocketScaffold, Lifecycle):
    """An application that serves WebSockets."""

    websocket_class: type[Websocket] = t.cast("t.Any", lazy_default(_find_websocket_class))
    """Makes ``websocket``."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._wires: set[Wire] = set()

    # 1. The server calls -------------------------------------------------------------------------

    async def _serve_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        import asyncio

        from ._request_body import Body
        from ._scope import make_environ
        from ._thread_executor import ThreadVisit, has_fibers, on_the_loop
        from ._websocket import WebsocketContext
        from ._websocket_channel import Wire

        wire = Wire(scope, receive, send, self.config["WEBSOCKET_MAX_MESSAGE_SIZE"])
        await wire.connect()
        if self._awaits_start:
            await self._start_on_the_loop(BY_CLIENT not in scope)
        environ = make_environ({"scheme": "ws", **scope}, Body(receive))
        websocket = self.websocket_class(environ, wire)
        context = WebsocketContext(self, environ, websocket)
        self._wires.add(wire)
        is_stopping = False
        try:
            is_plain = blocks(self._find_handler(websocket))
            if has_fibers and not is_plain:
                task = wire.task = asyncio.current_task()
                wire.cancel = None if task is None else task.cancel
                wire.listen()
                await on_the_loop(self._run_websocket, context)
            else:
                visit = ThreadVisit(pool=websockets, can_refuse=True)
                # A plain handler learns from the next thing that it asks the WebSocket for.
                wire.cancel = None if is_plain else visit.cancel
                wire.listen()
                await visit.run(self, self._run_websocket, context)
        except PoolFull:
            await self._refuse_busy(wire)
        except asyncio.CancelledError:
            if wire.state != "gone":
                is_stopping = True
                if wire.state == "open":
                    await wire.leave(_GOING_AWAY, _PATIENCE)
                raise  # the server stops
        finally:
            wire.stop_listening()
            self._wires.discard(wire)
            task = asyncio.current_task()
            if wire.state == "gone" and not is_stopping and task is not None and task.cancelling():
                task.uncancel()
            self._start_background(environ.pop(BACKGROUND, ()))
        wire.raise_fault()

    async def _refuse_busy(self, wire: Wire) -> None:
        from ._websocket_channel import WebsocketDisconnect

        try:
            await wire.refuse(503, _TRY_LATER, b"")
        except WebsocketDisconnect:
            pass  # it has gone just now

    async def _start_on_the_loop(self, ends_with_loop: bool = False) -> None:
        raise NotImplementedError

    async def _leave_websockets(self) -> None:
        """Close what is open with 1001, because this process stops, and wait for the handlers."""
        import asyncio

        while self._wires:
            still_open = [wire for wire in self._wires if wire.state == "open"]
            await asyncio.gather(*(wire.leave(_GOING_AWAY, _PATIENCE) for wire in still_open))
            await asyncio.sleep(0.01)

    def _find_handler(self, websocket: Websocket) -> t.Any:
        """Return the handler that routing will find; ``None`` if it will find none."""
        try:
            adapter = self.create_url_adapter(websocket)
            return None if adapter is None else self.view_functions.get(adapter.match()[0])
        except HTTPException:
            return None

    # 2. Hooks before, the handler, hooks after ---------------------------------------------------

    def _run_websocket(self, context: WebsocketContext) -> None:
        """Serve one WebSocket to its end; always tear down.

        :param context: of the WebSocket.
        """
        websocket = context.websocket
        error: BaseException | None = None
        try:
            try:
                context.push()
                response = self.full_dispatch_websocket(websocket)
            except Exception as raised:
                error = raised
                response = self.handle_websocket_exception(raised)
            self._end_websocket(websocket, response)
        except BaseException as raised:
            if websocket._wire.state != "gone":  # a client's going is no error
                error = raised
            raise
        finally:
            try:
                context.pop(error)
            finally:
                error = None  # its traceback holds this frame

    def full_dispatch_websocket(self, websocket: Websocket) -> BaseResponse | None:
        """Call hooks and handler; an early error goes to its handler.

        :returns: the response that refuses the handshake; ``None``: it was accepted.
        """
        try:
            self.check_websocket_origin(websocket)
            answer = self.preprocess_websocket(websocket)
            if answer is None:
                answer = self.dispatch_websocket(websocket)
        except Exception as error:
            if websocket._wire.state != "handshake":
                raise
            answer = self.handle_user_exception(error)
        try:
            response = None if answer is None else self.make_response(answer)
            return self.postprocess_websocket(websocket, response)
        finally:
            del answer  # it may be the error, whose traceback holds this frame

    def check_websocket_origin(self, websocket: Websocket) -> None:
        """Refuse a page of another site, which could act with the user's cookies.

        ``WEBSOCKET_ORIGINS`` is an allowed origin or a list of them. ``"*"`` allows all, ``None``
        only the application's scheme and host. A client without an ``Origin`` header, such as one
        that is not a browser, is allowed.

        :raises werkzeug.exceptions.Forbidden: the origin is not allowed.
        """
        origin = websocket.environ.get("HTTP_ORIGIN")
        if origin is None:
            return
        allowed = self.config["WEBSOCKET_ORIGINS"]
        if allowed is None:
            # By hand: an origin is a scheme and a host (RFC 6454 section 6.2). urlsplit() finds a
            # host in other texts too, and raises an error for some.
            scheme, _, host = origin.lower().partition("://")
            own_scheme = _find_scheme(websocket)
            own_host = _without_default_port(own_scheme, websocket.host.lower())
            if host and _without_default_port(scheme, host) == own_host:
                if scheme == own_scheme:
                    return
                raise Forbidden(_OTHER_SCHEME.format(origin=origin, scheme=own_scheme))
        elif isinstance(allowed, str):  # as the environment gives it; no part of it will do
            if allowed in {origin, "*"}:
                return
        elif origin in allowed or "*" in allowed:
            return
        raise Forbidden(f"WebSockets are not open to pages of {origin}.")

    def _call(self, websocket: Websocket, function: Callable[..., t.Any], *values: t.Any) -> t.Any:
        """Call a hook; the WebSocket's methods are for its kind, plain or ``async def``."""
        websocket._awaits = is_async_callable(function)
        return wait_if_awaitable(self.ensure_sync(function)(*values))

    def preprocess_websocket(self, websocket: Websocket) -> ft.ResponseReturnValue | None:
        """Call the hooks that run before the handler, until one returns a value.

        It refuses the handshake then.
        """
        scopes = scopes_inward(websocket.endpoint)
        for scope in scopes:
            for prepare in self.url_value_preprocessors.get(scope, ()):
                prepare(websocket.endpoint, websocket.view_args)
        for scope in scopes:
            for before in self.before_websocket_funcs.get(scope, ()):
                answer: ft.ResponseReturnValue | None = self._call(websocket, before)
                if answer is not None:
                    return answer
        return None

    def dispatch_websocket(self, websocket: Websocket) -> ft.ResponseReturnValue | None:
        """Call the handler.

        What it returns before it accepts refuses the handshake.
        """
        if websocket.routing_exception is not None:
            raise websocket.routing_exception
        handler: t.Any = self.view_functions[t.cast("str", websocket.endpoint)]
        websocket._awaits = is_async_callable(handler)
        answer: ft.ResponseReturnValue | None = wait_if_awaitable(
            self.ensure_sync(handler)(**(websocket.view_args or {}))
        )
        return answer

    def postprocess_websocket(
        self, websocket: Websocket, response: BaseResponse | None
    ) -> BaseResponse | None:
        """Call the ``after_websocket`` functions, newest first.

        With the refusing response; it is ``None`` where the handshake was accepted.
        """
        for scope in scopes_outward(websocket.endpoint):
            for after in reversed(self.after_websocket_funcs.get(scope, ())):
                response = self._call(websocket, after, response)
        return response

    # 3. Nothing answered the error ---------------------------------------------------------------

    def handle_websocket_exception(self, e: Exception) -> BaseResponse | None:
        """Answer an error that no handler took.

        Before the handshake as `handle_exception` does; afterwards the WebSocket is closed: with
        1008 for an HTTP error below 500, with 1011 for everything else, which is logged too.
        """
        websocket = get_request_context().websocket
        if websocket._wire.state == "handshake":
            return self.handle_exception(e)
        is_refusal = isinstance(e, HTTPException) and (e.code or 500) < 500
        try:
            if not is_refusal:
                self._tell_of(e)
        finally:  # afterwards, since some servers fail in it when the client has gone just now
            if websocket.is_accepted:
                self._close(websocket, _POLICY_VIOLATION if is_refusal else _INTERNAL_ERROR)
        return None

    def _tell_of(self, e: Exception) -> None:
        """Raise an error, or log it, as the configuration says."""
        explain_second_loop(e)
        got_request_exception.send(self, _async_wrapper=self.ensure_sync, exception=e)
        setting = self.config["PROPAGATE_EXCEPTIONS"]
        if self.testing or self.debug if setting is None else setting:
            try:
                raise e
            finally:
                del e  # its traceback holds this frame
        self.log_exception((type(e), e, e.__traceback__))

    def _end_websocket(self, websocket: Websocket, response: BaseResponse | None) -> None:
        """Refuse the handshake with a response, or close what is open."""
        state = websocket._wire.state
        if state == "handshake" and response is not None:
            pairs = [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in response.get_wsgi_headers(websocket.environ)
            ]
            wait(websocket._wire.refuse(response.status_code, pairs, response.get_data()))
        elif state in {"handshake", "open"}:
            self._close(websocket, _NORMAL)

    def _close(self, websocket: Websocket, code: int) -> None:
        from ._websocket_channel import WebsocketDisconnect

        try:
            wait(websocket._wire.close(code, ""))
        except WebsocketDisconnect:
            pass  # it has gone just now

    # 4. The context goes -------------------------------------------------------------------------

    def do_teardown_websocket(self, exc: BaseException | None = None) -> None:
        """Call the ``teardown_websocket`` functions, all of them, newest first.

        :param exc: the unhandled error.
        """
        functions: list[ft.TeardownCallable] = []
        for scope in scopes_outward(get_request_context().request.endpoint):
            functions.extend(reversed(self.teardown_websocket_funcs.get(scope, ())))
        if functions:
            self._tear_down(functions, exc)
