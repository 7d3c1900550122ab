"""The two contexts: what is current while an application, or a request, is being worked on.

A context is pushed when work begins and popped when it ends; popping runs the teardown callbacks.
What a context offers is made when somebody first asks for it: ``g``, the session, the URL adapter.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Callable
from contextvars import Token
from functools import update_wrapper
from types import TracebackType

from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import MapAdapter

from . import typing as ft
from ._current import (
    _cv_app,
    _cv_request,
    get_app_context,
    get_request_context,
    has_app_context,
    has_request_context,
)
from ._lazy import lazy
from ._namespace import _AppCtxGlobals
from ._plan import Decisions
from ._routing.table import ASK_THE_MAP, NOTHING
from .signals import (
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    request_tearing_down,
)
from .typing import AnyApp

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = [
    "AppContext",
    "RequestContext",
    "_AppCtxGlobals",
    "after_this_request",
    "copy_current_request_context",
    "has_app_context",
    "has_request_context",
]

Function = t.TypeVar("Function", bound=Callable[..., t.Any])

_sentinel = object()

_HTTP = frozenset({"http", "https"})

_set_app_context = _cv_app.set
_reset_app_context = _cv_app.reset
_set_request_context = _cv_request.set
_reset_request_context = _cv_request.reset


class AppContext:
    """Makes an application current: ``current_app`` and ``g`` work.

    :param app: the application.
    """

    app: AnyApp
    """The application."""

    _pushed: tuple[t.Any, ...] | None = None
    """``(token, pushed before)`` for the newest push that is not popped yet."""

    def __init__(self, app: AnyApp) -> None:
        self.app = app

    @lazy
    def g(self) -> t.Any:
        """The namespace behind ``flask.g``."""
        return self.app.app_ctx_globals_class()

    @lazy
    def url_adapter(self) -> MapAdapter | None:
        """Builds URLs without a request; ``None`` without ``SERVER_NAME``."""
        adapter: MapAdapter | None = self.app.create_url_adapter(None)
        return adapter

    @property
    def is_pushed(self) -> bool:
        """Whether the context is pushed at least once."""
        return bool(self._pushed)

    def push(self) -> None:
        """Make the application current."""
        self._pushed = (_set_app_context(self), self._pushed)
        if appcontext_pushed.receivers:
            appcontext_pushed.send(self.app, _async_wrapper=self.app.ensure_sync)

    def pop(self, exc: BaseException | None = _sentinel) -> None:  # type: ignore[assignment]
        """Undo a push; the last one runs the teardown callbacks.

        :param exc: the error to tell them; by default the one that is being handled.
        :raises LookupError: the context is not pushed.
        :raises AssertionError: another context was pushed later and not popped.
        """
        if self._pushed is None:
            raise LookupError("The application context cannot be popped: it is not pushed.")
        token, earlier = self._pushed
        current = get_app_context()
        try:
            if earlier is None:
                self.app.do_teardown_appcontext(sys.exc_info()[1] if exc is _sentinel else exc)
        finally:
            self._pushed = earlier
            _reset_app_context(token)
        if current is not self:
            raise AssertionError(
                f"Popped wrong app context. ({current!r} instead of {self!r})"
                " Pop contexts in the reverse order of pushing them."
            )
        if appcontext_popped.receivers:
            appcontext_popped.send(self.app, _async_wrapper=self.app.ensure_sync)

    def __enter__(self) -> t.Self:
        self.push()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.pop(exc_value)


class RequestContext(AppContext):
    """Makes a request current: ``request`` and ``session`` work.

    It is an application context as well, and stands in for one unless the application is current
    already; then that context, with its ``g``, goes on serving.

    :param app: the application.
    :param environ: the WSGI environment to make the request from.
    :param request: the request, if there is one already.
    :param session: the session, if it is open already.
    """

    request: t.Any
    """The request."""
    flashes: list[tuple[str, str]] | None = None
    """The messages that this request took out of the session; ``None``: not asked yet."""

    _after: list[ft.AfterRequestCallable[t.Any]] | None
    """The functions of `after_this_request`, once there is one."""
    _open_session: t.Any
    """The session, once it is open."""
    _decided: Decisions | None
    """What was plain about the application when the context was pushed."""
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
        self.request = app.request_class(environ) if request is None else request
        # PERF: set here and not on the class: CPython 3.11 reads class attributes the slow way.
        self._open_session = session
        self._after = None
        self._pushed = None
        self._decided = None

    @property
    def _after_request_functions(self) -> list[ft.AfterRequestCallable[t.Any]]:
        if self._after is None:
            self._after = []
        return self._after

    @lazy
    def url_adapter(self) -> MapAdapter | None:
        """Matches this request's URL and builds others.

        ``None`` if its host is malformed.
        """
        try:
            adapter: MapAdapter | None = self.app.create_url_adapter(self.request)
        except HTTPException as error:
            self._keep_routing_error(error)
            return None
        return adapter

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
            interface = self.app.session_interface
            session = interface.open_session(self.app, self.request)
            if session is None:
                session = interface.make_null_session(self.app)
            self._open_session = session
        return self._open_session

    @_session.setter
    def _session(self, value: t.Any) -> None:
        self._open_session = value

    def copy(self) -> t.Self:
        """Return a context of its own with the same request and session.

        It can be pushed in another thread.
        """
        return type(self)(
            self.app,
            environ=self.request.environ,
            request=self.request,
            session=self._session,
        )

    def push(self) -> None:
        """Make the request current: application context, session, routing."""
        app = self.app
        decided = app._decisions
        if decided is None:
            decided = app.decide()
        self._decided = decided
        outer = get_app_context(None)
        pushed: t.Any = None
        if outer is None or outer.app is not app:
            if decided.plain_contexts:
                # PERF: 0.6 us less for a request than a context object of its own.
                pushed = _set_app_context(self)
                if appcontext_pushed.receivers:
                    appcontext_pushed.send(app, _async_wrapper=app.ensure_sync)
            else:
                pushed = app.app_context()
                pushed.push()
        self._pushed = (_set_request_context(self), pushed, self._pushed)

        if not decided.session_on_demand:
            # A session that is kept elsewhere opens before routing, as extensions expect.
            _ = self._session
        if self.request.url_rule is None and self.request.routing_exception is None:
            self.match_request()

    def match_request(self) -> None:
        """Find the rule for the request.

        An error is kept, and raised where the view would run.
        """
        app = self.app
        request = self.request
        environ = request.environ
        decided = self._decided or app.decide()
        by_path = (
            decided.routes_by_path
            and app.config["TRUSTED_HOSTS"] is None
            and request.trusted_hosts is None
            and environ.get("wsgi.url_scheme") in _HTTP  # a WebSocket has rules of its own
            and "HTTP_UPGRADE" not in environ
        )
        if by_path and environ.get("HTTP_HOST") in decided.accepted_hosts:
            url_map = app.url_map
            table = url_map.table
            by_method = table.exact.get(environ.get("PATH_INFO"))
            if by_method is not None:  # PERF: what find would do first, one call less
                leaf = by_method.get(environ["REQUEST_METHOD"])
                if leaf is not None and not leaf.defaults:
                    request.url_rule = leaf.rule
                    request.view_args = {}
                    return
            answer = table.find(environ.get("PATH_INFO"), environ["REQUEST_METHOD"])
            if answer is ASK_THE_MAP and not url_map.is_table_filled:
                url_map.fill_table()  # an empty table asks the map for everything
                answer = url_map.table.find(environ.get("PATH_INFO"), environ["REQUEST_METHOD"])
            if answer is NOTHING:
                self._keep_routing_error(NotFound())
                return
            if answer is not ASK_THE_MAP:
                request.url_rule, request.view_args = answer
                return
        adapter = self.url_adapter
        if adapter is None:
            return
        if by_path:
            decided.accept_host(environ.get("HTTP_HOST"))
        try:
            request.url_rule, request.view_args = adapter.match(return_rule=True)
        except HTTPException as error:
            self._keep_routing_error(error)

    def _keep_routing_error(self, error: HTTPException) -> None:
        # Tracebacks hold frames, frames hold the request: nothing is kept that closes the circle.
        error.__context__ = None
        self.request.routing_exception = error.with_traceback(None)

    def pop(self, exc: BaseException | None = _sentinel) -> None:  # type: ignore[assignment]
        """Undo a push.

        The last one runs the teardown callbacks and closes the request.

        :param exc: the error to tell them; by default the one that is being handled.
        :raises LookupError: the context is not pushed.
        :raises AssertionError: another context was pushed later and not popped.
        """
        if not self._pushed:
            raise LookupError("The request context cannot be popped: it is not pushed.")
        token, pushed, earlier = self._pushed
        if exc is _sentinel:
            exc = sys.exc_info()[1]
        app = self.app
        plain = self._decided is not None and self._decided.plain_steps
        current = get_request_context()
        # PERF: a step that would do nothing is not called, unless somebody replaced it.
        try:
            if not earlier and (
                app.teardown_request_funcs or request_tearing_down.receivers or not plain
            ):
                app.do_teardown_request(exc)
        finally:
            if not earlier:
                request = self.request
                if not plain or request._is_form_parsed:
                    request.close()
                # The environment holds the request and the request the environment.
                request.environ["werkzeug.request"] = None
                if request.routing_exception is not None:
                    self._keep_routing_error(request.routing_exception)
            self._pushed = earlier or ()
            _reset_request_context(token)
            if type(pushed) is Token:
                try:
                    if not earlier and (
                        app.teardown_appcontext_funcs
                        or appcontext_tearing_down.receivers
                        or not plain
                    ):
                        app.do_teardown_appcontext(exc)
                finally:
                    _reset_app_context(pushed)
                if appcontext_popped.receivers:
                    appcontext_popped.send(app, _async_wrapper=app.ensure_sync)
            elif pushed is not None:
                pushed.pop(exc)
        if current is not self:
            raise AssertionError(
                f"Popped wrong request context. ({current!r} instead of {self!r})"
                " Pop contexts in the reverse order of pushing them."
            )

    def __repr__(self) -> str:
        request = self.request
        return f"<{type(self).__name__} {request.url!r} [{request.method}] of {self.app.name}>"


def _active_context(wanted_by: str) -> RequestContext:
    context: RequestContext | None = get_request_context(None)
    if context is None:
        raise RuntimeError(
            f"'{wanted_by}' can only be used when a request context is active, such as in a view"
            " function."
        )
    return context


def after_this_request(
    f: ft.AfterRequestCallable[t.Any],
) -> ft.AfterRequestCallable[t.Any]:
    """Call a function with the response of this request only.

    It returns the response.

    Such functions run before those of ``after_request``, in the order of their registration.

    :raises RuntimeError: no request is active.
    """
    _active_context("after_this_request")._after_request_functions.append(f)
    return f


def copy_current_request_context(f: Function) -> Function:
    """Let a function run elsewhere with the current request at hand.

    Elsewhere: in another thread or task.

    Each call works in a copy of its own, so the function may be called any number of times, at the
    same time too. A copy has the same request and session, and a ``g`` of its own.

    :raises RuntimeError: no request is active.
    """
    original = _active_context("copy_current_request_context").copy()

    def in_context(*args: t.Any, **kwargs: t.Any) -> t.Any:
        with original.copy() as context:
            return context.app.ensure_sync(f)(*args, **kwargs)

    return t.cast("Function", update_wrapper(in_context, f))
