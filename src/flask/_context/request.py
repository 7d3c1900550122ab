"""The request context, which is current while a request is handled.

A push finds the rule for the request, and the last pop calls the teardown functions. The session is
opened at the first access.
"""

from __future__ import annotations

import sys
import typing as t
import weakref
from collections.abc import Callable
from contextvars import Token

from .. import typing as ft
from .._core.current import (
    BY_CLIENT,
    NO_WEBSOCKET_MESSAGE,
    _app_variable,
    _cv_request,
    get_request_context,
    get_set_app_context,
    published,
)
from .._core.hook_registers import EndpointHooks
from .._http.fast_paths import NO_FAST_PATHS
from ..sessions import NEEDS_REQUEST, SessionInterface
from ..signals import (
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    request_tearing_down,
)
from ..typing import AnyApp
from .routed import RoutedContext

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_sentinel = object()
IMPLIED: object = "implied"
"""Pushed for the application: nothing, because the request context is current."""
_SERVER: t.Final = "SERVER_SOFTWARE"

_set_app_context = _app_variable.set
_reset_app_context = _app_variable.reset
_set_request_context = _cv_request.set
_reset_request_context = _cv_request.reset


def _is_by_server(environ: WSGIEnvironment) -> bool:
    """Return whether a WSGI environment was created by a server, and not by a test client.

    Servers set their name (RFC 3875 section 4.1.17). Adapters that call a WSGI application from an
    ASGI server set none, but call it in several threads (PEP 3333, "environ Variables").
    """
    if _SERVER in environ:
        return True
    return bool(environ.get("wsgi.multithread")) and BY_CLIENT not in environ.get("asgi.scope", ())


class RequestContext(RoutedContext):
    """Makes a request current: ``request`` and ``session`` work.

    It is an application context as well, and is used as one unless the application is current
    already. Then the existing context and its ``g`` stay in use. A server's request never shares a
    context that was current before it.

    :param app: the application.
    :param environ: the WSGI environment to make the request from.
    :param request: the request, if there is one already.
    :param session: the session, if it is open already.
    """

    __module__ = "flask.ctx"  # the public module

    _is_websocket: t.ClassVar[bool] = False
    """Whether the request became a WebSocket."""

    deliver: Callable[..., object]
    """Takes the response, where the request did not come by WSGI."""

    flashes: list[tuple[str, str]] | None = None
    """The messages that this request took out of the session; ``None``: not asked yet."""

    _after: t.Any
    """The functions of `after_this_request`, once there is one; empty: teardown has begun."""
    _hooks: EndpointHooks | None
    """The hooks of the endpoint, once there is a response."""
    _open_session: t.Any
    """The session, once it is open."""
    _pushed: tuple[t.Any, ...] | None
    """``(token, what was pushed for the application, pushed before)`` for the newest push;
    ``None`` before the first one, empty after the last one was popped."""

    def __init__(
        self,
        app: AnyApp,
        environ: WSGIEnvironment,
        request: t.Any = None,
        session: t.Any = None,
    ) -> None:
        self.app = app
        self._request = app.request_class(environ) if request is None else request
        self._environ = self._known = self._request.environ  # the request may have its own
        self._url_rule = None
        self._routing_exception = None
        # PERF: set here and not on the class: CPython 3.11 reads class attributes the slow way.
        self._open_session = session
        self._after = None
        self._hooks = None
        self._pushed = None
        self._uses_default_host = False

    @property
    def websocket(self) -> object:
        """The WebSocket that the request became; ``RuntimeError``: it is none."""
        raise RuntimeError(NO_WEBSOCKET_MESSAGE)

    _session_is_optional: bool = False
    """Whether the session is opened only because the client sent a cookie."""

    _is_answered: bool = True
    """Whether a response is expected; not so for a context of a test or a ``with`` block."""

    _copied_from: weakref.ref[RequestContext] | None = None
    """The context that this one is a copy of. The response belongs to that one."""

    def _find_awaiting(self) -> RequestContext | None:
        """Return the context whose response is still to come.

        This is this context, the one that it is a copy of, or an outer one; or ``None``.
        """
        context: t.Any = self
        while isinstance(context, RequestContext):
            if context._copied_from is not None:
                context = context._copied_from()
                continue
            pushed = context._pushed
            if not pushed:
                return None
            while pushed[2]:
                pushed = pushed[2]
            # It was popped before: its request is over, and a test looks at it again.
            is_over = pushed[2] == () or context._after == ()
            if context._is_answered and not is_over:
                return context
            context = pushed[0].old_value
        return None

    @property
    def _after_request_functions(self) -> list[ft.AfterRequestCallable[t.Any]]:
        if not self._after:
            self._after = []
        return t.cast("list[ft.AfterRequestCallable[t.Any]]", self._after)

    @_after_request_functions.setter
    def _after_request_functions(self, value: list[ft.AfterRequestCallable[t.Any]]) -> None:
        self._after = value

    @_after_request_functions.deleter
    def _after_request_functions(self) -> None:
        self._after = None

    @property
    def session(self) -> t.Any:
        """The session; being asked for marks it as accessed."""
        session = self._open_session
        if session is None:
            session = self._session
            assert session is not None, "The session has not yet been opened."
        session.accessed = True
        return session

    @property
    def _session(self) -> t.Any:
        """The session, opened if need be, without a mark; ``None`` before the first push."""
        if self._open_session is None and self._pushed is not None:  # () once it was pushed
            app = self.app
            interface = app.session_interface
            session: t.Any = NEEDS_REQUEST
            if self._request is None and isinstance(interface, SessionInterface):
                header = self._known.get("HTTP_COOKIE", "")
                if not header or self._fast_paths.inputs:
                    session = interface._open_by_header(app, header)
            if session is NEEDS_REQUEST:
                session = interface.open_session(app, self.request)
            if session is None:
                session = interface.make_null_session(app)
            # While a store answers, another task of the request may have opened the session.
            if self._open_session is None:
                self._open_session = session
        return self._open_session

    @_session.setter
    def _session(self, value: object) -> None:
        self._open_session = value

    @_session.deleter
    def _session(self) -> None:
        del self._open_session

    def _may_save_session(self) -> bool:
        """Return whether the session may have to be saved.

        A session that was not accessed has to be saved only if the client sent one, because each
        request postpones the end of a permanent session. If the interface could not open a session,
        its ``save_session`` is called with ``None``.
        """
        if self._open_session is not None or not self._fast_paths.sessions:
            return True
        cookies: str | None = self._known.get("HTTP_COOKIE")
        return cookies is not None and self.app.session_interface.must_see(self.app, cookies)

    def copy(self) -> RequestContext:
        """Return a context of its own with the same request and session.

        It can be pushed in another thread.
        """
        request = self.request
        copied = type(self)(self.app, request.environ, request, self._session)
        copied._copied_from = weakref.ref(self)
        return copied

    @property
    def _begins_at_server(self) -> bool:
        """Whether a WSGI server has sent the request, so it must not share a current context.

        What is current around it was left by an import, in this thread or in one that this thread's
        context was copied from. A request inside of a server's request shares its ``g``.
        """
        around = get_request_context(None)
        return _is_by_server(self._known) and (around is None or not _is_by_server(around._known))

    def push(self) -> None:
        """Make the request current: application context, session, routing."""
        try:
            fast = self.app._fast_paths
        except AttributeError:
            fast = NO_FAST_PATHS
        if not fast.is_computed:
            fast = self.app._compute_fast_paths()
        self._fast_paths = fast
        outer = get_set_app_context(None) or get_request_context(None)
        # PERF: setting and resetting one variable instead of two, 2,000 instructions less.
        if outer is None and fast.contexts and not published and not appcontext_pushed.receivers:
            pushed = IMPLIED
        else:
            pushed = self._push_app_context(outer)
        self._pushed = (_set_request_context(self), pushed, self._pushed)

        if not fast.sessions:
            # A session that is kept elsewhere opens before routing, as extensions expect.
            _ = self._session
        request = self._request
        if request is None:
            if self._url_rule is None and self._routing_exception is None:
                self.match_request()
        elif request.url_rule is None and request.routing_exception is None:
            self.match_request()

    def _push_app_context(self, outer: t.Any) -> object:
        """Make the application current, unless it is; return what was pushed for it.

        :param outer: the context that is current, or ``None``.
        """
        app = self.app
        if outer is not None and outer.app is app and not self._begins_at_server:
            if get_set_app_context(None) is None:
                _set_app_context(outer)  # until the outer request is popped
            return None
        if not self._fast_paths.contexts:
            context = app.app_context()
            context.push()
            return context
        # PERF: 0.6 us less for a request than a context object of its own.
        token = _set_app_context(self)
        if appcontext_pushed.receivers:
            appcontext_pushed.send(app, _async_wrapper=app.ensure_sync)
        return token

    def pop(self, exc: BaseException | None = _sentinel) -> None:  # type: ignore[assignment]
        """Undo a push.

        The last pop calls the teardown functions and closes the request.

        :param exc: the error that they get; by default the one that is being handled.
        :raises LookupError: the context is not pushed.
        :raises AssertionError: another context was pushed later and not popped.
        """
        if not self._pushed:
            raise LookupError("The request context cannot be popped: it is not pushed.")
        token, pushed, earlier = self._pushed
        top = get_request_context()
        may_skip_steps = self._fast_paths.steps
        try:
            if not earlier:
                hooks = self._hooks
                request = self._request
                # PERF: the method is called only if it is overridden.
                if (
                    hooks is None
                    or not may_skip_steps
                    or (request is not None and request.url_rule is not self._url_rule)
                ):
                    exc = sys.exc_info()[1] if exc is _sentinel else exc
                    self._after = ()  # no response is due any more
                    self.app.do_teardown_request(exc)
                elif hooks.teardown or request_tearing_down.receivers:
                    exc = sys.exc_info()[1] if exc is _sentinel else exc
                    self._after = ()
                    self.app._call_teardown_functions(hooks.teardown, exc, request_tearing_down)
        finally:
            if earlier:
                self._pushed = earlier
            else:
                if self._request is not None or self._routing_exception is not None:
                    self._release()
                self._pushed = ()
            if (
                pushed is IMPLIED
                and not self.app.teardown_appcontext_funcs
                and may_skip_steps
                and not appcontext_tearing_down.receivers
                and not appcontext_popped.receivers
            ):
                _reset_request_context(token)
                if get_set_app_context(None) is not None:
                    _set_app_context(None)  # an inner request, or the first import of it, set it
            else:
                self._pop_app_context(token, pushed, exc)
        if top is not self:
            raise AssertionError(
                f"Popped wrong request context. ({top!r} instead of {self!r})"
                " Pop contexts in the reverse order of pushing them."
            )

    def _pop_app_context(
        self, token: Token[t.Any], pushed: t.Any, exc: BaseException | None
    ) -> None:
        """Undo a push, with the functions that run while only the application is current.

        :param token: of the variable of the request.
        :param pushed: what was pushed for the application.
        :param exc: as of `pop`.
        """
        app = self.app
        if exc is _sentinel:
            exc = sys.exc_info()[1]
        was_implied = pushed is IMPLIED
        if was_implied:
            pushed = _set_app_context(self)  # it is current longer than the request
        _reset_request_context(token)
        if type(pushed) is not Token:
            if pushed is not None:
                pushed.pop(exc)
            return
        try:
            if not self._pushed:
                functions = app.teardown_appcontext_funcs
                if not self._fast_paths.steps:
                    app.do_teardown_appcontext(exc)
                elif functions or appcontext_tearing_down.receivers:
                    app._call_teardown_functions((functions,), exc, appcontext_tearing_down)
        finally:
            _reset_app_context(pushed)
            if was_implied and get_set_app_context(None) is not None:
                _set_app_context(None)
        if appcontext_popped.receivers:
            appcontext_popped.send(app, _async_wrapper=app.ensure_sync)

    def _release(self) -> None:
        """Close the request, and avoid the reference cycles that would keep it in memory."""
        request = self._request
        if request is None:
            error = self._routing_exception
            if error is not None and error.__traceback__ is not None:
                self._keep_routing_error(error)
            return
        if not self._fast_paths.steps or request._is_form_parsed:
            request.close()
        request._adds_itself = False
        if "werkzeug.request" in self._known:
            self._known["werkzeug.request"] = None
        if request.routing_exception is not None:
            self._keep_routing_error(request.routing_exception)

    def __repr__(self) -> str:
        request = self.request
        return f"<{type(self).__name__} {request.url!r} [{request.method}] of {self.app.name}>"


class ServedContext(RequestContext):
    """A request context that is created empty; what serves the request sets the attributes.

    PERF: without an initializer in Python, CPython creates an object with 370 instructions less.
    """

    if t.TYPE_CHECKING:

        def __init__(self) -> None: ...

    else:
        __init__ = object.__init__

    def copy(self) -> RequestContext:
        """Return a separate context with an environment, for the same request and session."""
        request = self.request
        copied = RequestContext(self.app, request.environ, request, self._session)
        copied._copied_from = weakref.ref(self)
        return copied


ServedContext.__name__ = ServedContext.__qualname__ = RequestContext.__name__  # COMPAT: for repr()
