"""What an application serves with: its contexts, its way of waiting, and its fast paths.

A subclass or an extension may override each of these. ``lifecycle`` has the steps of a request.
"""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Callable, Coroutine
from inspect import CO_COROUTINE
from types import FunctionType, MethodType

from .._core import waiting
from .._core.awaitables import is_async_callable, wait_if_awaitable
from .._core.baseline import Baseline
from .._core.current import get_request_context
from .._core.fast_paths import FastPaths
from .._core.hook_scopes import scopes_inward
from ..ctx import AppContext, RequestContext, _AppCtxGlobals
from ..sessions import SecureCookieSessionInterface, SessionInterface
from ..wrappers import Request, Response
from .base import App
from .fast_paths import ATTRIBUTES, compute_fast_paths, snapshot_classes

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_new_object = object.__new__
_lock = threading.Lock()  # of all applications; it is held for a microsecond
_COROUTINE_MARK = "_is_coroutine_mark"  # set by inspect.markcoroutinefunction, from Python 3.12 on

UNWATCHED_REQUESTS: t.Final = 250
"""A server notices after at most this many requests that a class was changed."""


class ServingApp(App):
    """An application that knows what it serves with."""

    app_ctx_globals_class: type[t.Any] = _AppCtxGlobals
    request_class: type[Request] = Request
    response_class: type[Response] = Response
    session_interface: SessionInterface = SecureCookieSessionInterface()

    # Fast paths: computed at the first request, discarded when an attribute is set ---------------

    _unmodified: t.ClassVar[Baseline]
    """The methods that fast paths leave out, as ``Flask`` defines them."""
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
        with _lock:
            super().__setattr__("_fast_paths", FastPaths())

    def _compute_fast_paths(self) -> FastPaths:
        """Compute the fast paths, unless they are known.

        What another thread changes meanwhile is not lost: each change stores a new object, and the
        result is kept only if the object is still the same.
        """
        while True:
            before = self._fast_paths
            if before.is_computed:
                return before
            computed = compute_fast_paths(self, self._unmodified)
            with _lock:
                if self._fast_paths is before:
                    super().__setattr__("_fast_paths", computed)
                    return computed

    def _refresh_fast_paths(self) -> None:
        """Discard the fast paths if a member of a class was replaced since they were computed."""
        fast = self._fast_paths
        if fast.is_computed and fast.classes != snapshot_classes(self):
            self._discard_fast_paths()

    # Contexts ------------------------------------------------------------------------------------

    def request_context(self, environ: WSGIEnvironment) -> RequestContext:
        """Create the context of a request.

        :param environ: the WSGI environment.
        """
        fast = self._fast_paths
        if not fast.is_computed:
            fast = self._compute_fast_paths()
        if fast.request_class is None:
            return RequestContext(self, environ)
        # PERF: what the class's initializer does; its call goes through C, 0.15 us more. The
        # request is created at the first access.
        context: RequestContext = _new_object(RequestContext)
        context.app = self
        context._environ = context._known = environ
        context._request = None
        context._url_rule = None
        context._routing_exception = None
        context._uses_default_host = False
        context._open_session = None
        context._after = None
        context._pushed = None
        return context

    def app_context(self) -> AppContext:
        """Create an application context: ``with app.app_context():``."""
        return AppContext(self)

    # Waiting -------------------------------------------------------------------------------------

    def ensure_sync(self, func: Callable[..., t.Any]) -> Callable[..., t.Any]:
        """Return a synchronous function; one that awaits ``func`` if that is ``async def``.

        Extensions call users' functions through this.
        """
        # PERF: most functions can be recognized by their flags: 0.1 us, inspect takes 0.9 us.
        function = func.__func__ if isinstance(func, MethodType) else func
        if type(function) is FunctionType:
            if function.__code__.co_flags & CO_COROUTINE:
                return self.async_to_sync(func)
            if _COROUTINE_MARK not in function.__dict__:
                return func
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

    def _sync_hook(self, hook: Callable[..., t.Any]) -> Callable[..., t.Any]:
        """Return a hook as `ensure_sync` does, and remember a synchronous one.

        PERF: loops over hooks ask ``hook in sync_hooks`` first: 0.02 us instead of 0.15 us.

        :param hook: a function of one of the registers.
        """
        function = self.ensure_sync(hook)
        fast = self._fast_paths
        if function is hook and type(hook) is FunctionType and fast.sync:
            fast.remember_hook(hook)
        return function

    # Templates -----------------------------------------------------------------------------------

    def update_template_context(self, context: dict[str, t.Any]) -> None:
        """Add the names of the context processors to those given to a template.

        Given names win; a blueprint's processors win over the application's.

        :param context: the names given; changed in place.
        """
        endpoint = getattr(get_request_context(None), "_endpoint", None)
        given = context.copy()
        for scope in scopes_inward(endpoint):
            for processor in self.template_context_processors.get(scope, ()):
                context.update(wait_if_awaitable(self.ensure_sync(processor)()))
        context.update(given)

    # Responses that the application creates itself -----------------------------------------------

    def make_default_options_response(self) -> Response:
        """Create the response to ``OPTIONS``: no body, and the methods of the URL."""
        adapter = get_request_context().url_adapter
        response = self.response_class()
        response.allow.update(adapter.allowed_methods())
        return response
