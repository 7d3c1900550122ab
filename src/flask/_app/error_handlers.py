"""Which handler an exception gets, and what a handler may be registered for."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from werkzeug.exceptions import HTTPException, default_exceptions

from .. import typing as ft

ErrorHandlers: t.TypeAlias = dict[
    ft.AppOrBlueprintKey, dict[int | None, dict[type[Exception], ft.ErrorHandlerCallable]]
]
"""The handlers: ``{blueprint or None: {status or None: {exception class: handler}}}``."""

_CLASSES_ONLY = "Handlers can only be registered for Exception classes or HTTP error codes."


class _App(t.Protocol):
    error_handler_spec: ErrorHandlers


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
