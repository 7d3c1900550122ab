"""What an application serves with: its contexts, its way of waiting, and its fast paths.

A subclass or an extension may override each of these. ``lifecycle`` has the steps of a request.
"""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Callable, Coroutine
from types import FunctionType

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, MapAdapter
from werkzeug.wsgi import get_host

from .. import typing as ft
from .._context.request import ServedContext
from .._core import waiting
from .._core.awaitables import is_async_callable, wait_if_awaitable
from .._core.baseline import Baseline
from .._core.current import get_request_context
from .._core.hook_scopes import scopes_inward
from .._http.fast_paths import FastPaths
from ..ctx import AppContext, RequestContext, _AppCtxGlobals
from ..sessions import SecureCookieSessionInterface, SessionInterface
from ..wrappers import Request, Response
from . import url_building
from .base import App
from .fast_paths import ATTRIBUTES, compute_fast_paths
from .lifespan import PREPARATIONS
from .request_checks import watch_preflight
from .setup_checks import log_ignored_keys

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

DescribeError: t.TypeAlias = Callable[[HTTPException], HTTPException | ft.ResponseReturnValue]

_lock = threading.Lock()  # of all applications; it is held for a microsecond


class ServingApp(App):
    """An application that knows what it serves with."""

    app_ctx_globals_class: type[t.Any] = _AppCtxGlobals
    request_class: type[Request] = Request
    response_class: type[Response] = Response
    session_interface: SessionInterface = SecureCookieSessionInterface()

    _describe_error: DescribeError | None = None
    """Creates the response for an HTTP exception that has no handler; ``flask.api`` sets it."""

    # Fast paths: computed at the first request, discarded when an attribute is set ---------------

    _unmodified: t.ClassVar[tuple[type, Baseline]]
    """The class that defines the methods which fast paths leave out, and these methods."""
    _fast_paths: FastPaths

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name in ATTRIBUTES:
            self._discard_fast_paths()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in ATTRIBUTES:
            self._discard_fast_paths()

    def _discard_fast_paths(self) -> None:
        """Let the next request compute the fast paths again."""
        before: FastPaths | None = getattr(self, "_fast_paths", None)
        if before is not None and before.hooks.by_endpoint:
            before.hooks.update(self)  # for the requests that are served now
        with _lock:
            super().__setattr__("_fast_paths", FastPaths())

    def _compute_fast_paths(self) -> FastPaths:
        """Return the fast paths, computed again unless they are valid.

        A change by another thread in the meantime is not lost: each change stores a new object, and
        the result is kept only if the object is still the same.
        """
        self._use_session_store()
        while True:
            before = self._fast_paths
            if before.is_valid():
                return before
            computed = compute_fast_paths(self, *self._unmodified)
            with _lock:
                if self._fast_paths is before:
                    super().__setattr__("_fast_paths", computed)
                    return computed

    def _use_session_store(self) -> None:
        """Replace the default session interface by that of ``SESSION_STORE``, once.

        Another interface, which a subclass or an extension has set, stays.
        """
        default = ServingApp.session_interface
        if self.config.get("SESSION_STORE") is not None and self.session_interface is default:
            from .._sessions.configuration import make_interface

            interface = make_interface(self)
            with _lock:
                if self.session_interface is default:
                    super().__setattr__("session_interface", interface)
                    super().__setattr__("_fast_paths", FastPaths())

    # Contexts ------------------------------------------------------------------------------------

    def request_context(self, environ: WSGIEnvironment) -> RequestContext:
        """Create the context of a request.

        :param environ: the WSGI environment.
        """
        fast = self._fast_paths
        # PERF: `FastPaths.is_valid`, inlined for an application whose classes need no full check.
        size = len(fast.app_members) + len(fast.request_members) + len(fast.response_members)
        if size != fast.size:
            fast = self._compute_fast_paths()
        if fast.request_class is None:
            return RequestContext(self, environ)
        # PERF: what the initializer of `RequestContext` does; its call takes 0.15 us more. The
        # request is created at the first access.
        context = ServedContext()
        context.app = self
        context._environ = context._known = environ
        context._request = None
        context._url_rule = None
        context._routing_exception = None
        context._uses_default_host = False
        context._open_session = None
        context._after = None
        context._hooks = None
        context._pushed = None
        return context

    def app_context(self) -> AppContext:
        """Create an application context: ``with app.app_context():``."""
        return AppContext(self)

    # URLs ----------------------------------------------------------------------------------------

    url_for = url_building.url_for

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Make what matches and builds URLs.

        :param request: the request to bind to; ``None`` binds to ``SERVER_NAME``.
        :returns: ``None`` without a request and without ``SERVER_NAME``.
        :raises werkzeug.exceptions.SecurityError: the request's host is not one of
            ``TRUSTED_HOSTS``.
        """
        if request is None:
            if self.config["SERVER_NAME"] is None:
                return None
            return self.url_map.bind(
                self.config["SERVER_NAME"],
                url_scheme=self.config["PREFERRED_URL_SCHEME"],
                script_name=self.config["APPLICATION_ROOT"],
            )
        trusted = self.config["TRUSTED_HOSTS"]
        if trusted is not None:
            request.trusted_hosts = trusted
        # Raises an error for a host that is not trusted. Binding does not check it.
        get_host(request.environ, request.trusted_hosts)
        if self.url_map.host_matching:
            return self._bind_url_map(self.url_map, request.environ)
        if self.subdomain_matching:
            return self._bind_url_map(
                self.url_map, request.environ, server_name=self.config["SERVER_NAME"]
            )
        # Naming the subdomain keeps SERVER_NAME from restricting which hosts are served.
        return self._bind_url_map(
            self.url_map,
            request.environ,
            server_name=self.config["SERVER_NAME"],
            subdomain=self.url_map.default_subdomain or "",
        )

    @staticmethod
    def _bind_url_map(url_map: Map, environ: WSGIEnvironment, **options: t.Any) -> MapAdapter:
        return url_map.bind_to_environ(environ, **options)

    # Waiting -------------------------------------------------------------------------------------

    def ensure_sync(self, func: Callable[..., t.Any]) -> Callable[..., t.Any]:
        """Return a synchronous function, which awaits an ``async def`` one.

        Extensions call users' functions through this.
        """
        return self.async_to_sync(func) if is_async_callable(func) else func

    def async_to_sync(
        self, func: Callable[..., Coroutine[t.Any, t.Any, t.Any]]
    ) -> Callable[..., t.Any]:
        """Return a synchronous function that runs a coroutine function to its end.

        Override it to choose another way of waiting.
        """

        def wait(*args: t.Any, **kwargs: t.Any) -> t.Any:
            return waiting.wait(func(*args, **kwargs))

        return wait

    def _sync_view(self, view: t.Any, fast: FastPaths) -> t.Any:
        """Return a view as `ensure_sync` does, and remember its kind.

        :param view: the view.
        :param fast: the fast paths of the request.
        """
        synchronous = self.ensure_sync(view)
        if not fast.dispatch:  # an override of dispatch_request gets a value, not an awaitable
            return lambda **values: wait_if_awaitable(synchronous(**values))
        # Other callables may be equal to each other, or not hashable. A view with "blocking" may
        # run in a thread, although it is ``async def``.
        if type(view) is FunctionType and fast.sync and not getattr(view, "blocking", False):
            fast.remember_view(view, synchronous is not view)
        return synchronous

    # Templates -----------------------------------------------------------------------------------

    def update_template_context(self, context: dict[str, t.Any]) -> None:
        """Add the names of the context processors to those given to a template.

        Names that are given take precedence, then those of a blueprint, then the application's.

        :param context: the names that are given; changed in place.
        """
        endpoint = getattr(get_request_context(None), "_endpoint", None)
        given = context.copy()
        awaits = self._fast_paths.sync
        for scope in scopes_inward(endpoint):
            processor: Callable[..., t.Any]
            for processor in self.template_context_processors.get(scope, ()):
                names = processor() if awaits else self.ensure_sync(processor)()
                context.update(wait_if_awaitable(names))
        context.update(given)

    # Responses that the application creates itself -----------------------------------------------

    def _describe(self, e: HTTPException) -> HTTPException | ft.ResponseReturnValue:
        """Return the answer to an HTTP exception without a handler, if it is not the usual one.

        :param e: the exception. In debug mode, a 404 and a 405 get a longer page.
        """
        if self._describe_error is not None:
            return self._describe_error(e)
        if e.code in (404, 405) and not self.testing:
            from .._debug.routing import explain

            explain(e, get_request_context())
        return e

    def make_default_options_response(self) -> Response:
        """Create the response to ``OPTIONS``: no body, and the methods of the URL."""
        context = get_request_context()
        response = self.response_class()
        response.allow.update(context.url_adapter.allowed_methods())
        watch_preflight(self, context._environ, response)
        return response


# Startup creates the store, so that a server with a mistake in these settings does not start.
PREPARATIONS.append(ServingApp._use_session_store)  # type: ignore[arg-type]
PREPARATIONS.append(log_ignored_keys)
