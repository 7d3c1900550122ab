"""Which handler an exception gets, what a handler may be registered for, and unhandled 404s."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from werkzeug.exceptions import HTTPException, NotFound, default_exceptions

from .. import typing as ft
from .._http.fast_paths import FastPaths
from .._http.response_factories import make_error_page

if t.TYPE_CHECKING:
    from ..ctx import RequestContext
    from ..wrappers import Response

ErrorHandlers: t.TypeAlias = dict[
    ft.AppOrBlueprintKey, dict[int | None, dict[type[Exception], ft.ErrorHandlerCallable]]
]
"""The handlers: ``{blueprint or None: {status or None: {exception class: handler}}}``."""

_CLASSES_ONLY = "Handlers can only be registered for Exception classes or HTTP error codes."


class _App(t.Protocol):
    error_handler_spec: ErrorHandlers


class _ServingApp(_App, t.Protocol):
    _describe_error: t.Any
    _fast_paths: FastPaths

    @property
    def config(self) -> t.Mapping[str, t.Any]: ...


def find_error_handler(
    self: _App, e: Exception, blueprints: Iterable[str]
) -> ft.ErrorHandlerCallable | None:
    """Return the handler for an exception; `App` binds this function as a method.

    Handlers for the status take precedence over those for classes, and a blueprint's over the
    application's. Within one scope, the nearest class of the exception's MRO decides.

    :param e: the exception.
    :param blueprints: the names of the request's blueprints, the innermost first.
    """
    specs = self.error_handler_spec
    if not specs:
        return None
    kind = type(e)
    code = kind.code if issubclass(kind, HTTPException) else None
    for status in (None,) if code is None else (code, None):
        for scope in (*blueprints, None):
            handlers = specs[scope].get(status) if scope in specs else None
            if handlers:
                for base in kind.__mro__:
                    handler = handlers.get(base)
                    if handler is not None:
                        return handler
    return None


def make_not_found(app: _ServingApp, context: RequestContext) -> Response | None:
    """Return the page for a request whose URL has no rule; ``None``: the steps must make it.

    It is what the steps from ``dispatch_request`` to ``make_response`` return if the application
    overrides none of them and has no handler. Then only they see the exception.

    PERF: 37 % of a 404: the exception is not raised, and no request object is created.

    :param app: the application.
    :param context: the context of the request.
    """
    error, config = context._routing_exception, app.config
    fast = app._fast_paths
    if (
        type(error) is not NotFound
        or context._request is not None  # the application may have changed its error
        or not fast.errors
        or config["DEBUG"]
        or config["TESTING"]
        or config["TRAP_HTTP_EXCEPTIONS"]
        or app._describe_error is not None
    ):
        return None
    handlers = app.error_handler_spec.get(None)  # without a rule, there is no blueprint
    if handlers and (handlers.get(404) or handlers.get(None)):
        return None
    assert fast.response_class is not None
    page: Response | None
    page = make_error_page(fast.response_class, error, context._known["REQUEST_METHOD"] == "HEAD")
    return page


def find_error_class(given: type | Exception | int) -> tuple[type[Exception], int | None]:
    """Return an exception class and its HTTP status (``None`` if it has none).

    :param given: an exception class, or a status.
    :raises TypeError: an instance is given instead of a class.
    :raises ValueError: it is neither an exception class nor the status of an HTTP error.
    """
    if isinstance(given, int):
        if given not in default_exceptions:
            raise ValueError(
                f"'{given}' is not a recognized HTTP error code. Use a subclass of HTTPException"
                " with that code instead."
            )
        return default_exceptions[given], given
    if isinstance(given, Exception):
        raise TypeError(f"{given!r} is an instance, not a class. {_CLASSES_ONLY}")
    if not issubclass(given, Exception):
        raise ValueError(f"'{given.__name__}' is not a subclass of Exception. {_CLASSES_ONLY}")
    return given, given.code if issubclass(given, HTTPException) else None
