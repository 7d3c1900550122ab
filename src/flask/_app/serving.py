"""How one application serves: the choices that a subclass or an extension may make its own way.

What a request is made of, how its URL is matched, how something awaitable is waited for. What
nobody made their own way is found out once; then requests walk straight.
"""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Callable, Coroutine
from inspect import CO_COROUTINE
from operator import attrgetter
from types import FunctionType, MethodType, TracebackType

from werkzeug.routing import MapAdapter

from .._core import waiting
from .._core.awaitables import is_async_callable, wait_if_awaitable
from .._core.current import get_request_context
from .._core.fast_paths import (
    DECISIVE,
    UNDECIDED,
    UNWATCHED_REQUESTS,
    Decisions,
    built_in,
    is_built_in,
)
from .._http.headers import content_type_of
from .._http.response import SENDING
from .._routing.map import Map
from ..ctx import AppContext, RequestContext, _AppCtxGlobals
from ..sessions import SecureCookieSessionInterface, SessionInterface
from ..wrappers import Request, Response
from .base import App

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

ExcInfo: t.TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]

_new_object = object.__new__
_deciding = threading.Lock()  # of all applications: it is held for a microsecond

_decisive = attrgetter(*sorted(DECISIVE - {"subdomain_matching", "url_map"}))
_making = attrgetter(
    *("__init__", "__new__", "blueprints", "close", "endpoint", "trusted_hosts"),
    *("routing_exception", "url_rule"),
)
_sending = attrgetter(
    *SENDING,
    *("__new__", "automatically_set_content_length", "autocorrect_location_header"),
    *("default_mimetype", "default_status", "force_type"),
)
_WRITTEN = _making(Request)  # before somebody replaces something on the class itself
_WRITTEN_CLOSE = Request.close
_COROUTINE_MARK = "_is_coroutine_mark"  # set by inspect.markcoroutinefunction, from Python 3.12 on


def _is_ours(kind: t.Any, ours: type) -> bool:
    """Return whether a class of requests or responses is one of this package."""
    return isinstance(kind, type) and issubclass(kind, ours)  # a test may put a mock there


def _makes_plainly(request_class: type[Request]) -> bool:
    """Tell whether nobody notices a request that is made only when somebody asks for it."""
    return (
        _is_ours(request_class, Request)
        and not request_class._assigned
        and _making(request_class) == _WRITTEN
    )


class ServingApp(App):
    """An application that knows what it serves with."""

    app_ctx_globals_class: type[t.Any] = _AppCtxGlobals
    request_class: type[Request] = Request
    response_class: type[Response] = Response
    session_interface: SessionInterface = SecureCookieSessionInterface()

    # Decided at the first request, and again when a decisive attribute is set --------------------

    _decisions: Decisions
    _decisive_changes: int = 0
    """How often an attribute was set that the decisions depend on."""

    def __setattr__(self, name: str, value: t.Any) -> None:
        super().__setattr__(name, value)
        if name in DECISIVE:
            self._undecide()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in DECISIVE:
            self._undecide()

    def _undecide(self) -> None:
        """Discard the decisions; the next request computes them again."""
        with _deciding:
            self.__dict__["_decisive_changes"] = self._decisive_changes + 1
            self.__dict__["_decisions"] = UNDECIDED

    def _decide(self) -> Decisions:
        """Find out what this application does not override.

        Called if `_decisions` is `UNDECIDED`. A change in another thread meanwhile is not lost.
        """
        while True:
            changes = self._decisive_changes
            seen = self._see_classes()  # before: what is changed meanwhile will be noticed
            decided = self._find_decisions()
            decided.seen = seen
            with _deciding:
                if self._decisive_changes == changes:
                    self._decisions = decided
                    return decided

    def _find_decisions(self) -> Decisions:
        return Decisions(
            routes_by_path=(
                is_built_in(self, "create_url_adapter")
                and not self.subdomain_matching
                and isinstance(self.url_map, Map)
            ),
            plain_asgi=is_built_in(self, "asgi_app"),
            plain_contexts=is_built_in(self, "app_context"),
            plain_dispatch=is_built_in(self, "dispatch_request"),
            plain_steps=(
                is_built_in(
                    self,
                    "finalize_request",
                    "preprocess_request",
                    "process_response",
                    "do_teardown_request",
                    "do_teardown_appcontext",
                )
                and _is_ours(self.request_class, Request)
                and self.request_class.close is _WRITTEN_CLOSE
            ),
            plain_wsgi=is_built_in(self, "request_context", "wsgi_app"),
            plain_sync=is_built_in(self, "ensure_sync", "async_to_sync"),
            plain_urls=is_built_in(self, "inject_url_defaults", "url_for"),
            session_on_demand=getattr(self.session_interface, "opens_on_demand", False),
            plain_request=self.request_class if _makes_plainly(self.request_class) else None,
            plain_response=(
                self.response_class
                if _is_ours(self.response_class, Response)
                and self.response_class._detect_overrides()
                else None
            ),
            text_type=content_type_of(
                self.response_class.default_mimetype or ""
                if _is_ours(self.response_class, Response) and self.response_class._is_unmodified
                else ""
            ),
        )

    def _look_again(self) -> None:
        """Discard the decisions if a method was replaced on a class.

        Tests and tracers replace methods at any time. PERF: 0.9 us, so a server asks once in
        `UNWATCHED_REQUESTS` requests, and test clients before each one.
        """
        decided = self._decisions
        decided.unwatched_requests = UNWATCHED_REQUESTS
        if decided is not UNDECIDED and decided.seen != self._see_classes():
            self._undecide()

    def _see_classes(self) -> t.Any:
        """Return the methods on classes that the decisions depend on."""
        request_class, response_class = self.request_class, self.response_class
        return (
            _decisive(type(self)),
            _making(request_class) if _is_ours(request_class, Request) else None,
            _sending(response_class) if _is_ours(response_class, Response) else None,
        )

    # Contexts and routing ------------------------------------------------------------------------

    @built_in
    def request_context(self, environ: WSGIEnvironment) -> RequestContext:
        """Make the context of a request.

        :param environ: the WSGI environment.
        """
        decided = self._decisions
        decided.unwatched_requests -= 1
        if decided.unwatched_requests < 0:
            self._look_again()
            decided = self._decisions
        if decided.plain_request is None and (
            decided is not UNDECIDED or self._decide().plain_request is None
        ):
            return RequestContext(self, environ)
        # PERF: what the class's initialiser does; its call goes through C, 0.15 us more. The
        # request is made when somebody asks for it.
        context: RequestContext = _new_object(RequestContext)
        context.app = self
        context._environ = context._known = environ
        context._request = None
        context._url_rule = None
        context._routing_exception = None
        context._open_session = None
        context._after = None
        context._pushed = None
        return context

    @built_in
    def app_context(self) -> AppContext:
        """Make an application context: ``with app.app_context():``."""
        return AppContext(self)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Make what matches and builds URLs; ``Flask`` writes it."""
        raise NotImplementedError

    def url_for(self, /, endpoint: str, **values: t.Any) -> str:
        """Build the URL of an endpoint; ``Flask`` writes it."""
        raise NotImplementedError

    def log_exception(self, exc_info: ExcInfo | tuple[None, None, None]) -> None:
        """Log an unhandled error; defined by ``Flask``."""
        raise NotImplementedError

    def _log(self, level: str, message: str) -> None:
        """Log a message; defined by ``Flask``.

        :param level: name of the logger's method, such as ``"warning"``.
        :param message: the message.
        """
        raise NotImplementedError

    # Waiting -------------------------------------------------------------------------------------

    @built_in
    def ensure_sync(self, func: Callable[..., t.Any]) -> Callable[..., t.Any]:
        """Return a function that can be called plainly.

        An ``async def`` one is waited for.

        Extensions call a user's function through this.
        """
        # PERF: a function, the usual case, is told by its flags: 0.1 us, inspect takes 0.9.
        function = func.__func__ if isinstance(func, MethodType) else func
        if type(function) is FunctionType:
            if function.__code__.co_flags & CO_COROUTINE:
                return self.async_to_sync(func)
            if _COROUTINE_MARK not in function.__dict__:
                return func
        return self.async_to_sync(func) if is_async_callable(func) else func

    def _sync_view(self, view: t.Any, decided: Decisions) -> t.Any:
        """Return a view as `ensure_sync` does; remember of what kind it is, if nobody has a say."""
        plain = self.ensure_sync(view)
        if not decided.plain_dispatch:  # an override gets a value and no awaitable
            return lambda **values: wait_if_awaitable(plain(**values))
        # Only a function is known again by itself; other views may be equal, or have no hash.
        # One that asks for a thread is not known by its kind alone.
        if (
            type(view) is FunctionType
            and decided.plain_sync
            and not getattr(view, "blocking", False)
        ):
            decided.remember_view(view, plain is not view)
        return plain

    def _sync_hook(self, hook: Callable[..., t.Any]) -> Callable[..., t.Any]:
        """Return a hook as `ensure_sync` does, and remember a plain one.

        PERF: the loops over hooks ask ``hook in plain_hooks`` first: 0.02 us instead of 0.15 us.

        :param hook: of one of the registers.
        """
        function = self.ensure_sync(hook)
        decided = self._decisions
        if function is hook and type(hook) is FunctionType and decided.plain_sync:
            decided.remember_hook(hook)
        return function

    @built_in
    def async_to_sync(
        self, func: Callable[..., Coroutine[t.Any, t.Any, t.Any]]
    ) -> Callable[..., t.Any]:
        """Return a plain function that runs a coroutine function to its end.

        Override it to choose another way of waiting.
        """

        def wait(*args: t.Any, **kwargs: t.Any) -> t.Any:
            return waiting.wait(func(*args, **kwargs))

        return wait

    # Responses that the application makes by itself ----------------------------------------------

    def make_default_options_response(self) -> Response:
        """Answer ``OPTIONS``: an empty response with the URL's methods."""
        adapter = get_request_context().url_adapter
        response = self.response_class()
        response.allow.update(adapter.allowed_methods())
        return response
