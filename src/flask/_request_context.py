"""The request context: what is current while a request is being answered.

It finds the rule for the request when it is pushed, and runs the teardown callbacks when it is
popped. The session and the URL adapter are made when somebody first asks for them.
"""

# A lazy attribute of the application context is a property here.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

import sys
import typing as t
from contextvars import Token

from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import MapAdapter

from . import typing as ft
from ._app_context import AppContext
from ._current import (
    NO_WEBSOCKET_MESSAGE,
    _cv_app,
    _cv_request,
    get_app_context,
    get_request_context,
)
from ._lazy import lazy
from ._plan import UNDECIDED, Decisions
from ._request import make_plain_request
from ._routing.table import ASK_THE_MAP, NOT_ASKED, NOTHING, ROUTE
from .signals import (
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    request_tearing_down,
)
from .typing import AnyApp

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_sentinel = object()
_new_object = object.__new__

_HTTP = frozenset({"http", "https"})

_set_app_context = _cv_app.set
_reset_app_context = _cv_app.reset
_set_request_context = _cv_request.set
_reset_request_context = _cv_request.reset


class RequestContext(AppContext):
    """Makes a request current: ``request`` and ``session`` work.

    It is an application context as well, and stands in for one unless the application is current
    already; then that context, with its ``g``, goes on serving.

    :param app: the application.
    :param environ: the WSGI environment to make the request from.
    :param request: the request, if there is one already.
    :param session: the session, if it is open already.
    """

    __module__ = "flask.ctx"  # where it is promised

    is_websocket: t.ClassVar[bool] = False
    """Whether the request became a WebSocket."""

    request: t.Any
    """The request."""
    flashes: list[tuple[str, str]] | None = None
    """The messages that this request took out of the session; ``None``: not asked yet."""

    _after: t.Any
    """The functions of `after_this_request`, once there is one; empty: teardown has begun."""
    _open_session: t.Any
    """The session, once it is open."""
    _decided: Decisions
    """What was plain about the application when the context was pushed."""
    is_on_plain_host: bool = False
    """Whether the host has no say in which rule matches and which URL is built."""
    _environ: WSGIEnvironment
    """The WSGI environment that the request was made from."""
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
        self._environ = self.request.environ  # the request may have one of its own
        # PERF: set here and not on the class: CPython 3.11 reads class attributes the slow way.
        self._open_session = session
        self._after = None
        self._pushed = None

    @property
    def websocket(self) -> t.Any:
        """The WebSocket that the request became; ``RuntimeError``: it is none."""
        raise RuntimeError(NO_WEBSOCKET_MESSAGE)

    @property
    def awaits_response(self) -> bool:
        """Whether the request's response is still to come."""
        return bool(self._pushed) and self._after != ()

    @property
    def _after_request_functions(self) -> list[ft.AfterRequestCallable[t.Any]]:
        if not self._after:
            self._after = []
        return t.cast("list[ft.AfterRequestCallable[t.Any]]", self._after)

    @property
    def url_adapter(self) -> MapAdapter | None:
        """Matches this request's URL and builds others.

        ``None`` if its host is malformed.
        """
        self.is_on_plain_host = False  # whoever asks for it may change it
        return self._adapter

    @url_adapter.setter
    def url_adapter(self, value: MapAdapter | None) -> None:
        self.is_on_plain_host = False
        self._adapter = value

    @lazy
    def _adapter(self) -> MapAdapter | None:
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

    def full_endpoint(self, endpoint: str) -> str:
        """Return an endpoint's full name; a leading dot stands for this blueprint."""
        if endpoint[:1] != ".":
            return endpoint
        blueprint = self.request.blueprint
        return endpoint[1:] if blueprint is None else f"{blueprint}{endpoint}"

    def build_path(self, endpoint: str, values: dict[str, t.Any]) -> str | None:
        """Return the path of an endpoint on this host.

        :param endpoint: with a leading dot, of the current blueprint.
        :param values: the rule's dynamic parts.
        :returns: ``None`` where the URL adapter must be asked, or has to refuse.
        """
        if (
            not self.is_on_plain_host
            or not self._decided.plain_urls
            or self._environ.get("SCRIPT_NAME")
            or self.app.url_default_functions
        ):
            return None
        if endpoint[:1] == ".":
            endpoint = self.full_endpoint(endpoint)
        url_map = self.app.url_map
        builder = url_map.builders.get(endpoint) or url_map.find_builder(endpoint)
        path: str | None = None if builder is None else builder.build(values)
        return path

    def copy(self) -> t.Self:
        """Return a context of its own with the same request and session.

        It can be pushed in another thread.
        """
        request = self.request
        return type(self)(self.app, request.environ, request, self._session)

    def push(self) -> None:
        """Make the request current: application context, session, routing."""
        app = self.app
        decided = app._decisions
        if decided is UNDECIDED:
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
        environ = self._environ
        decided = self._decided
        path = environ.get("PATH_INFO")
        if (
            environ.get("HTTP_HOST") in decided.accepted_hosts
            and environ["wsgi.url_scheme"] in _HTTP  # a WebSocket has rules of its own
            and "HTTP_UPGRADE" not in environ
            and app.config["TRUSTED_HOSTS"] is None
            and request.trusted_hosts is None
        ):
            self.is_on_plain_host = True
            table = app.url_map.table
            by_method = table.exact.get(path)
            if by_method is not None:  # PERF: what find would do first, one call less
                leaf = by_method.get(environ["REQUEST_METHOD"])
                if leaf is not None:
                    request.url_rule = leaf.rule
                    request.view_args = leaf.defaults.copy() if leaf.defaults else {}
                    return
                answer = ASK_THE_MAP
            else:
                found = environ.get(ROUTE, NOT_ASKED)  # ASGI has asked, to choose a driver
                is_known = found[0] is path and found[1] is table
                answer = found[2] if is_known else table.walk(path, environ["REQUEST_METHOD"])
            if answer is ASK_THE_MAP and not app.url_map.is_table_filled:
                app.url_map.fill_table()  # an empty table asks the map for everything
                answer = app.url_map.table.find(path, environ["REQUEST_METHOD"])
            if answer is NOTHING:
                request.routing_exception = NotFound()
                return
            if answer is not ASK_THE_MAP:
                request.url_rule, request.view_args = answer
                return
        adapter = self._adapter
        if adapter is None:
            return
        if decided.routes_by_path and environ.get("wsgi.url_scheme") in _HTTP:
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
        app = self.app
        request = self.request
        token, pushed, earlier = self._pushed
        # PERF: nearly always there is nothing to call; 0.3 us less than finding it out one by one.
        if (
            earlier is None
            and not app.teardown_request_funcs
            and not app.teardown_appcontext_funcs
            and not request_tearing_down.receivers
            and not appcontext_tearing_down.receivers
            and not appcontext_popped.receivers
            and self._decided.plain_steps
            and not request._is_form_parsed
            and type(pushed) is Token
            and get_request_context() is self
        ):
            request._enters_environ = False
            if "werkzeug.request" in self._environ:
                self._environ["werkzeug.request"] = None
            if request.routing_exception is not None:
                self._keep_routing_error(request.routing_exception)
            self._pushed = ()
            _reset_request_context(token)
            _reset_app_context(pushed)
        else:
            self._tear_down(sys.exc_info()[1] if exc is _sentinel else exc)

    def _tear_down(self, exc: BaseException | None) -> None:
        """Pop, and run whatever is to be run when a context goes."""
        token, pushed, earlier = t.cast("tuple[t.Any, ...]", self._pushed)
        app = self.app
        current = get_request_context()
        try:
            if not earlier:
                app.do_teardown_request(exc)
        finally:
            if not earlier:
                self._let_go()
            self._pushed = earlier or ()
            _reset_request_context(token)
            if type(pushed) is Token:
                try:
                    if not earlier:
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

    def _let_go(self) -> None:
        """Close the request, and open the circles that would keep it in memory."""
        request = self.request
        if not self._decided.plain_steps or request._is_form_parsed:
            request.close()
        request._enters_environ = False
        if "werkzeug.request" in self._environ:
            self._environ["werkzeug.request"] = None
        if request.routing_exception is not None:
            self._keep_routing_error(request.routing_exception)

    def __repr__(self) -> str:
        request = self.request
        return f"<{type(self).__name__} {request.url!r} [{request.method}] of {self.app.name}>"


def make_request_context(app: AnyApp, environ: WSGIEnvironment) -> RequestContext:
    """Make the context of a request as the class's initialiser does.

    PERF: calls of classes go through C; here and for the request, 0.3 us more.

    :param app: the application.
    :param environ: the WSGI environment to make the request from.
    """
    context: RequestContext = _new_object(RequestContext)
    context.app = app
    request_class = app._decisions.plain_request
    if request_class is not None:
        context.request = make_plain_request(request_class, environ)
    else:
        context.request = app.request_class(environ)
        environ = context.request.environ  # the class may have changed it
    context._environ = environ
    context._open_session = None
    context._after = None
    context._pushed = None
    return context
