"""Class-based views: `View`, and `MethodView` with a method for each HTTP method.

``as_view`` converts a class to a view function. Attributes of the class, such as its HTTP methods,
become attributes of the function.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection
from types import MethodType

from ._core.awaitables import NOT_AWAITABLE, wait_if_awaitable
from ._core.current import current_app, get_request_context, request
from ._core.reexports import module_getattr
from .typing import ResponseReturnValue, RouteCallable

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)


View_ = t.TypeVar("View_", bound="View")

http_method_funcs = frozenset({"get", "post", "head", "options", "delete", "put", "trace", "patch"})
"""The names of methods with which a `MethodView` handles an HTTP method."""


def _find_handler(view: View, context: t.Any) -> Callable[..., ResponseReturnValue]:
    """Return the method of a `MethodView` for the HTTP method of the current request."""
    # PERF: without a request object, if it was not created and its class overrides nothing.
    if context is not None and context._request is None and context._fast_paths.inputs:
        method: str = context._known["REQUEST_METHOD"]
    else:
        method = request.method
    handler: Callable[..., ResponseReturnValue] | None = getattr(view, method.lower(), None)
    if handler is None and method.upper() == "HEAD":
        handler = getattr(view, "get", None)
    assert handler is not None, f"Unimplemented method {method.upper()!r}"
    return handler


class View:
    """A class-based view.

    Implement `dispatch_request`, and register the view function ``as_view("name")``.
    """

    methods: t.ClassVar[Collection[str] | None] = None
    """HTTP methods of the rules for this view; ``None``: the rule decides."""

    provide_automatic_options: t.ClassVar[bool | None] = None
    """Whether ``OPTIONS`` gets the default response; ``None``: unless `methods` contains it."""

    blocking: t.ClassVar[bool | None] = None
    """Whether the view may block its thread. ``False``: under ASGI it runs on the server's loop.
    ``True``: it runs in a worker thread. ``None``: on the loop if it is ``async def``."""

    decorators: t.ClassVar[list[Callable[..., t.Any]]] = []
    """Applied to the view function in this order, so the last one is the outermost."""

    init_every_request: t.ClassVar[bool] = True
    """Create an object for each request. If it is ``False``, one object handles all requests, also
    in several threads at the same time, so it must not store data of a request."""

    # Typed so that a method of a subclass may take the arguments of its rule.
    def dispatch_request(self, *args: t.Any, **kwargs: t.Any) -> ResponseReturnValue:
        """Handle the current request; the URL's values are keyword arguments."""
        raise NotImplementedError(f"{type(self).__name__} must implement dispatch_request().")

    @classmethod
    def as_view(cls, name: str, *class_args: object, **class_kwargs: object) -> RouteCallable:
        """Return the view function.

        :param name: the name of the function, which is the default endpoint.
        :param class_args: arguments of the class, with ``class_kwargs``.
        """
        kept = None if cls.init_every_request else cls(*class_args, **class_kwargs)

        def view(**kwargs: object) -> ResponseReturnValue:
            # `view_class` of the registered function, because a decorator may have changed it.
            made = routed.view_class(*class_args, **class_kwargs) if kept is None else kept
            context = get_request_context(None)
            handler: t.Any = made.dispatch_request
            if context is None or not context._fast_paths.sync:
                return t.cast("ResponseReturnValue", current_app.ensure_sync(handler)(**kwargs))
            # PERF: what the built-in `ensure_sync` does happens below, where its result is awaited,
            # and the built-in method is not called. 25 % of a class-based view.
            if type(handler) is MethodType and handler.__func__ is _dispatch_by_method:
                handler = _find_handler(made, context)
            answer: ResponseReturnValue = handler(**kwargs)
            return answer if type(answer) in NOT_AWAITABLE else wait_if_awaitable(answer)

        routed: t.Any = view
        # COMPAT: `functools.wraps` copies attributes, so the value is the function itself.
        routed.undecorated = view
        for decorator in cls.decorators:
            routed.__name__ = name
            routed.__module__ = cls.__module__
            routed = decorator(routed)
        # Again after the decorators, because they may return another object.
        routed.__name__ = name
        routed.__module__ = cls.__module__
        routed.__doc__ = cls.__doc__
        routed.view_class = cls
        routed.methods = cls.methods
        routed.blocking = cls.blocking
        routed.provide_automatic_options = cls.provide_automatic_options
        return t.cast("RouteCallable", routed)


class MethodView(View):
    """A view with one method for each HTTP method: ``get``, ``post`` ...

    `methods` contains the HTTP methods that the class and its bases implement. ``HEAD`` calls
    ``get`` if there is no ``head``. Other HTTP methods get a 405.
    """

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "methods" in cls.__dict__:
            return
        methods = {verb.upper() for verb in http_method_funcs if hasattr(cls, verb)}
        for base in cls.__bases__:
            methods.update(getattr(base, "methods", None) or ())
        if methods:
            cls.methods = methods

    def dispatch_request(self, *args: t.Any, **kwargs: t.Any) -> ResponseReturnValue:
        """Call the method for the request's HTTP method."""
        handler = current_app.ensure_sync(_find_handler(self, get_request_context(None)))
        return t.cast("ResponseReturnValue", handler(*args, **kwargs))


_dispatch_by_method = MethodView.dispatch_request
