"""The lowest layer: which contexts are active, and proxies to their contents.

Two context variables hold the active contexts. All modules of this package read the variables or
these raw proxies. The public ``globals`` module gives users the same proxy objects with their
types.

A variable that holds ``None`` is the same as one that is not set: no context is current. A variable
that was set in another context cannot be unset, so a connection of a server begins with ``None``.

This file never makes a context and never knows what class one has.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from contextvars import ContextVar

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
Do it in a view or a hook, or, in a test, inside "with app.test_request_context():".\
"""

NO_WEBSOCKET_MESSAGE = """\
Working outside of WebSocket context.

You used something that belongs to the current WebSocket, but no WebSocket is active here.
Do it in a function of "@app.websocket", or in a hook such as "before_websocket".\
"""

BY_CLIENT: t.Final = "flask.by_client"
"""Key of an ASGI scope: one of our test clients connects. What is current around it stays current,
as fixtures rely on; a server's connection begins with nothing current."""

_cv_app: ContextVar[t.Any] = ContextVar("flask.app_ctx")
_cv_request: ContextVar[t.Any] = ContextVar("flask.request_ctx")

# PERF: on an imported name CPython 3.11 makes a method object for each call of a method; these are
# made once. 0.05 us a call, and a request makes eight.
get_app_context: Callable[..., t.Any] = _cv_app.get
get_request_context: Callable[..., t.Any] = _cv_request.get


def _fast_members(
    names: t.Iterable[str], variable: ContextVar[t.Any], attribute: str, message: str, made: str
) -> dict[str, t.Any]:
    """Make the members of a proxy class that read ``variable``'s ``attribute`` directly.

    PERF: ``request.args`` costs 0.64 us through a plain ``LocalProxy`` on CPython 3.11, 0.15 us
    through these properties, 0.25 us through ``__getattr__``.

    :param names: one property is made for each.
    :param made: of the context; where what is meant stands once it is made, else ``None``.
    """
    get = variable.get

    def target() -> t.Any:
        context = get(None)
        if context is None:
            raise RuntimeError(message)
        known = getattr(context, made)
        return getattr(context, attribute) if known is None else known

    def make(name: str) -> property:
        # PERF: `target` written out: 0.04 us less.
        def read(proxy: object) -> t.Any:
            context = get(None)
            if context is None:
                raise RuntimeError(message)
            known = getattr(context, made)
            return getattr(getattr(context, attribute) if known is None else known, name)

        return property(read)

    def get_attribute(proxy: object, name: str) -> t.Any:
        return getattr(target(), name)

    def get_item(proxy: object, key: t.Any) -> t.Any:
        return target()[key]

    def set_item(proxy: object, key: t.Any, value: t.Any) -> None:
        target()[key] = value

    def contains(proxy: object, key: object) -> bool:
        return key in target()

    return {
        "__getattr__": get_attribute,
        "__getitem__": get_item,
        "__setitem__": set_item,
        "__contains__": contains,
        **{name: make(name) for name in names if not name.startswith("_")},
    }


def _proxy(
    variable: ContextVar[t.Any],
    attribute: str | None,
    message: str,
    names: t.Iterable[str] = (),
    made: str = "",
) -> t.Any:
    """Make the proxy to ``attribute`` of the context in ``variable`` (or to the context).

    It is a real ``LocalProxy`` (``isinstance``, ``_get_current_object``, every operator); only
    attribute and item access take a shorter way to the same object.
    """
    body: dict[str, t.Any] = {"__slots__": (), "__doc__": LocalProxy.__doc__}
    if attribute is not None:
        body |= _fast_members(names, variable, attribute, message, made or attribute)
    # COMPAT: repr(), reports and tests show the class name of an unbound proxy.
    kind = type("LocalProxy", (LocalProxy,), body)

    def target() -> t.Any:
        context = variable.get(None)
        if context is None:
            raise RuntimeError(message)
        return context

    proxy = kind(target, attribute)
    # COMPAT: `__wrapped__` is the variable, as in a proxy that is made from it.
    object.__setattr__(proxy, "_LocalProxy__wrapped", variable)
    return proxy


app_ctx = _proxy(_cv_app, None, NO_APP_MESSAGE)
current_app = _proxy(
    _cv_app, "app", NO_APP_MESSAGE, ("config", "debug", "extensions", "jinja_env", "json", "logger")
)
g = _proxy(_cv_app, "g", NO_APP_MESSAGE)

request_ctx = _proxy(_cv_request, None, NO_REQUEST_MESSAGE)
request = _proxy(
    _cv_request,
    "request",
    NO_REQUEST_MESSAGE,
    # Everything that Werkzeug's request offers, and what this package's adds to it.
    [
        *(name for name in dir(Request) if not isinstance(getattr(Request, name), type)),
        *("method", "scheme", "server", "root_path", "path", "query_string", "headers"),
        *("remote_addr", "environ", "blueprint", "blueprints", "endpoint", "routing_exception"),
        *("url_rule", "view_args"),
    ],
    made="_request",
)
session = _proxy(
    _cv_request,
    "session",
    NO_REQUEST_MESSAGE,
    ("get", "pop", "setdefault", "update", "permanent", "modified", "new", "accessed"),
)
websocket = _proxy(_cv_request, "websocket", NO_WEBSOCKET_MESSAGE)


def has_app_context() -> bool:
    """Tell whether an application context is active.

    For code that works with and without one: ``current_app`` and ``g`` may be used if true.
    """
    return _cv_app.get(None) is not None


def has_request_context() -> bool:
    """Tell whether a request context is active.

    For code that can use the current request's facts if there are any, such as a log filter.
    """
    return _cv_request.get(None) is not None


def has_websocket_context() -> bool:
    """Tell whether a WebSocket is active.

    For code that serves requests and WebSockets alike.
    """
    context = _cv_request.get(None)
    return context is not None and context._is_websocket
