"""The context variables that hold the active contexts, and the proxies to their contents.

All modules of this package read these variables or these proxies. The public ``globals`` module
gives users the same proxy objects with their types.

A variable that holds ``None`` means the same as one that is not set: no context is current. A
variable that was set in another context cannot be unset, so a server's connection begins with
``None``.

A request context is its own application context, unless one of these is current inside of it. Then
only the variable of the request is set, until code outside of this package imports ``_cv_app``.

This module never creates a context and does not know the classes of contexts.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from contextvars import ContextVar
from operator import attrgetter

from werkzeug.local import LocalProxy
from werkzeug.wrappers import Request

NO_APP_MESSAGE = """\
Working outside of application context.

You used something that belongs to the current application, but no application is current here.
Do it inside "with app.app_context():", or in a view, a hook or a command of the application.\
"""

NO_REQUEST_MESSAGE = """\
Working outside of request context.

You used something that belongs to the current HTTP request, but no request is active here.
Do it in a view or a hook, or, in a test, inside "with app.test_request_context():".
For a generator that is streamed use stream_with_context, in a thread copy_current_request_context.\
"""

NO_WEBSOCKET_MESSAGE = """\
Working outside of WebSocket context.

You used something that belongs to the current WebSocket, but no WebSocket is active here.
Do it in a function of "@app.websocket", or in a hook such as "before_websocket".\
"""

BY_CLIENT: t.Final = "flask.by_client"
"""Key of an ASGI scope: one of this package's test clients connects. The contexts of the test stay
current, because fixtures rely on it. A server's connection begins with no current context."""

Current: t.TypeAlias = t.Any
"""A context or an object that belongs to one. `Any`: their classes are in higher layers."""

_app_variable: ContextVar[Current] = ContextVar("flask.app_ctx")
_cv_request: ContextVar[Current] = ContextVar("flask.request_ctx")

published: list[ContextVar[Current]] = []
"""The variable of the application context, once code has imported it: each request context has to
set it, too.

PERF: a list and not a flag, because CPython 3.13 specializes no read from a module with
``__getattr__``: 260 instructions.
"""

# PERF: `imported_name.get()` creates a method object for each call on CPython 3.11. These are
# created once: 0.05 us less for each call, and a request makes eight.
get_set_app_context: Callable[..., Current] = _app_variable.get
"""Returns the application context, unless the request context is also the application context."""
get_request_context: Callable[..., Current] = _cv_request.get

_missing = object()


def get_app_context(default: Current = _missing) -> Current:
    """Return the current application context.

    PERF: code that most requests run does the same inline.

    :param default: returned if there is none.
    :raises LookupError: there is none, and no default is given.
    """
    context = get_set_app_context(None) or get_request_context(None)
    if context is None:
        if default is _missing:
            raise LookupError(_app_variable)
        return default
    return context


def _publish_app_variable() -> ContextVar[Current]:
    """Return the variable of the application context, which all requests set from now on."""
    if not published:
        published.append(_app_variable)
    context = get_request_context(None)
    if context is not None and get_set_app_context(None) is None:
        _app_variable.set(context)
    return _app_variable


def __getattr__(name: str) -> object:
    if name == "_cv_app":
        return _publish_app_variable()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def get_app() -> Current:
    """Return the current application itself, not the proxy.

    :raises RuntimeError: no application context is active.
    """
    context = get_set_app_context(None) or get_request_context(None)
    if context is None:
        raise RuntimeError(NO_APP_MESSAGE)
    return context.app


def _find_request(context: Current) -> Current:
    return context.request


def _make_request_property(name: str) -> property:
    """Return the property of the proxy ``request`` for an attribute of the request."""

    # PERF: `_find_request` and the context's property inlined; 400 instructions less.
    def read(proxy: object) -> object:
        context = get_request_context(None)
        if context is None:
            raise RuntimeError(NO_REQUEST_MESSAGE)
        known = context._request
        return getattr(context.request if known is None else known, name)

    return property(read)


def _fast_members(
    names: t.Iterable[str],
    get: Callable[..., Current],
    find: Callable[[Current], Current],
    message: str,
) -> dict[str, object]:
    """Return the members of a proxy class that read the object directly.

    PERF: ``request.args`` costs 0.64 us through an unmodified ``LocalProxy`` on CPython 3.11, 0.15
    us through these properties, 0.25 us through ``__getattr__``.

    :param names: the attributes that get a property.
    :param get: returns the context, or ``None``; the request context is the alternative.
    :param find: returns the object of a context.
    """

    def target() -> Current:
        context = get(None) or get_request_context(None)
        if context is None:
            raise RuntimeError(message)
        return find(context)

    def make(name: str) -> property:
        # PERF: `target` inlined: 0.04 us less.
        def read(proxy: object) -> object:
            context = get(None) or get_request_context(None)
            if context is None:
                raise RuntimeError(message)
            return getattr(find(context), name)

        return property(read)

    make_property = _make_request_property if find is _find_request else make

    def get_attribute(proxy: object, name: str) -> object:
        return getattr(target(), name)

    def get_item(proxy: object, key: object) -> object:
        return target()[key]

    def set_item(proxy: object, key: object, value: object) -> None:
        target()[key] = value

    def contains(proxy: object, key: object) -> bool:
        return key in target()

    return {
        "__getattr__": get_attribute,
        "__getitem__": get_item,
        "__setitem__": set_item,
        "__contains__": contains,
        **{name: make_property(name) for name in names if not name.startswith("_")},
    }


def _proxy(
    get: Callable[..., Current],
    attribute: str | None,
    message: str,
    find: Callable[[Current], Current] | None = None,
    names: t.Iterable[str] = (),
) -> Current:
    """Create the proxy to ``attribute`` of a context, or to the context.

    ``find`` returns the attribute, because ``getattr`` takes more instructions.

    It is a real ``LocalProxy``: ``isinstance``, ``_get_current_object`` and every operator work.
    Only attribute and item access are overridden.
    """

    def find_variable(proxy: object) -> ContextVar[Current]:
        return _cv_request if get is get_request_context else _publish_app_variable()

    body: dict[str, object] = {
        "__slots__": (),
        "__doc__": LocalProxy.__doc__,
        # COMPAT: `__wrapped__` is the variable, as in a proxy that Werkzeug creates from it.
        "_LocalProxy__wrapped": property(find_variable, lambda proxy, value: None),
    }
    if find is not None:
        body |= _fast_members(names, get, find, message)
    # COMPAT: repr(), reports and tests show the class name of an unbound proxy.
    kind = type("LocalProxy", (LocalProxy,), body)

    def target() -> Current:
        context = get(None) or get_request_context(None)
        if context is None:
            raise RuntimeError(message)
        return context

    return kind(target, attribute)


app_ctx = _proxy(get_set_app_context, None, NO_APP_MESSAGE)
current_app = _proxy(
    get_set_app_context,
    "app",
    NO_APP_MESSAGE,
    lambda context: context.app,
    ("config", "debug", "extensions", "jinja_env", "json", "logger"),
)
g = _proxy(get_set_app_context, "g", NO_APP_MESSAGE, lambda context: context.g)

request_ctx = _proxy(get_request_context, None, NO_REQUEST_MESSAGE)

request = _proxy(
    get_request_context,
    "request",
    NO_REQUEST_MESSAGE,
    _find_request,
    # The attributes of Werkzeug's request, and those that this package adds.
    [
        *(name for name in dir(Request) if not isinstance(getattr(Request, name), type)),
        *("method", "scheme", "server", "root_path", "path", "query_string", "headers"),
        *("remote_addr", "environ", "blueprint", "blueprints", "endpoint", "routing_exception"),
        *("url_rule", "view_args"),
    ],
)
session = _proxy(
    get_request_context,
    "session",
    NO_REQUEST_MESSAGE,
    attrgetter("session"),  # PERF: three calls of Python functions less for a usual session
    ("get", "pop", "setdefault", "update", "permanent", "modified", "new", "accessed"),
)
websocket = _proxy(
    get_request_context, "websocket", NO_WEBSOCKET_MESSAGE, lambda context: context.websocket
)


def has_app_context() -> bool:
    """Return whether an application context is active.

    If it is, you may use ``current_app`` and ``g``.
    """
    return get_app_context(None) is not None


def has_request_context() -> bool:
    """Return whether a request context is active.

    For code that uses the current request if there is one, such as a log filter.
    """
    return _cv_request.get(None) is not None


def has_websocket_context() -> bool:
    """Return whether a WebSocket is active.

    For code that serves both requests and WebSockets.
    """
    context = _cv_request.get(None)
    return context is not None and context._is_websocket
