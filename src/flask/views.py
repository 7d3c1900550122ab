"""Views as classes: one object, or one method for each HTTP verb.

``as_view`` turns a class into a function that can be routed; everything that a routed function can
say by attributes, such as its methods, the class says by attributes too.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection

from ._core.current import current_app, get_app_context, request
from ._core.reexports import module_getattr
from .typing import ResponseReturnValue, RouteCallable

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)

View_ = t.TypeVar("View_", bound="View")

http_method_funcs = frozenset({"get", "post", "head", "options", "delete", "put", "trace", "patch"})
"""The method names that make a `MethodView` answer an HTTP verb."""


def _app() -> t.Any:
    """Return the current application; the proxy, which will raise, where there is none."""
    # PERF: 0.1 us; every attribute that is read through the proxy costs 0.2 us.
    context = get_app_context(None)
    return current_app if context is None else context.app


class View:
    """A view that is a class.

    Write `dispatch_request`, and route ``as_view("name")``.
    """

    methods: t.ClassVar[Collection[str] | None] = None
    """HTTP methods that routes to this view take; ``None`` leaves it to the route."""

    provide_automatic_options: t.ClassVar[bool | None] = None
    """Whether ``OPTIONS`` is answered for the view; ``None``: unless `methods` lists it."""

    blocking: t.ClassVar[bool | None] = None
    """Whether the view may hold up its thread. ``False``: under ASGI it runs on the server's loop;
    ``True``: in a worker thread; ``None``: on the loop if it is ``async def``."""

    decorators: t.ClassVar[list[Callable[..., t.Any]]] = []
    """Applied to the made function in this order, so the last one is outermost."""

    init_every_request: t.ClassVar[bool] = True
    """Make a new object for each request. With ``False`` one object answers all of them, at the
    same time in several threads: then it must not keep a request's data on itself."""

    # Typed so that a method of a subclass may take the arguments of its rule.
    def dispatch_request(self, *args: t.Any, **kwargs: t.Any) -> ResponseReturnValue:
        """Answer the current request; takes the URL's values as keyword arguments."""
        raise NotImplementedError(f"{type(self).__name__} must write dispatch_request().")

    @classmethod
    def as_view(cls, name: str, *class_args: t.Any, **class_kwargs: t.Any) -> RouteCallable:
        """Make the function to route.

        :param name: name of the function, and so the default endpoint.
        :param class_args: given to the class when an object is made, with ``class_kwargs``.
        """
        kept = None if cls.init_every_request else cls(*class_args, **class_kwargs)

        def view(**kwargs: t.Any) -> ResponseReturnValue:
            # Asked of the routed function, not of cls: a decorator may have put a subclass there.
            made = routed.view_class(*class_args, **class_kwargs) if kept is None else kept
            answer: ResponseReturnValue = _app().ensure_sync(made.dispatch_request)(**kwargs)
            return answer

        routed: t.Any = view
        # COMPAT: ``functools.wraps`` copies marks; so the mark is the function itself.
        routed.undecorated = view
        for decorator in cls.decorators:
            routed.__name__ = name
            routed.__module__ = cls.__module__
            routed = decorator(routed)
        # After the decorators too: they may return an object of their own.
        routed.__name__ = name
        routed.__module__ = cls.__module__
        routed.__doc__ = cls.__doc__
        routed.view_class = cls
        routed.methods = cls.methods
        routed.blocking = cls.blocking
        routed.provide_automatic_options = cls.provide_automatic_options
        return t.cast("RouteCallable", routed)


class MethodView(View):
    """A view with one method for each HTTP verb: ``get``, ``post`` ...

    `methods` is worked out from the methods that the class and its bases write. ``HEAD`` falls
    back to ``get``; a verb that is not written is answered with 405.
    """

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        super().__init_subclass__(**kwargs)
        if "methods" in cls.__dict__:
            return
        methods = {verb.upper() for verb in http_method_funcs if hasattr(cls, verb)}
        for base in cls.__bases__:
            methods.update(getattr(base, "methods", None) or ())
        if methods:
            cls.methods = methods

    def dispatch_request(self, *args: t.Any, **kwargs: t.Any) -> ResponseReturnValue:
        """Call the method for the request's verb."""
        method = request.method
        handler = getattr(self, method.lower(), None)
        if handler is None and method == "HEAD":
            handler = getattr(self, "get", None)
        assert handler is not None, f"Unimplemented method {method!r}"
        answer: ResponseReturnValue = _app().ensure_sync(handler)(*args, **kwargs)
        return answer
