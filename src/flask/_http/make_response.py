"""Convert the return value of a view to a response: every accepted type, in one place."""

from __future__ import annotations

import sys
import typing as t
from collections.abc import AsyncIterator, Iterator

from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from .._core.current import NO_REQUEST_MESSAGE, _cv_request
from .response import Response
from .response_factories import make_error_page
from .streaming import iterate_sync

# PERF: tuples, because "str | bytes" creates an object each time: 0.1 us.
_TEXTS = (str, bytes, bytearray)
_OBJECTS = (dict, list)
_RESPONSES = (HTTPException, BaseResponse)
_HEADERS = (Headers, dict, tuple, list)


class _Json(t.Protocol):
    def response(self, obj: object, /) -> Response: ...


class _Maker(t.Protocol):
    """The application."""

    @property
    def response_class(self) -> type[Response]: ...

    @property
    def json(self) -> _Json: ...


def to_response(app: _Maker, rv: object) -> Response:
    """Convert a view's return value to a response.

    :param app: its ``response_class`` and ``json`` create the response.
    :param rv: a body, or a tuple ``(body, status)``, ``(body, headers)`` or
        ``(body, status, headers)``. A body is a ``str``, ``bytes``, ``bytearray``, an iterator of
        them, asynchronous or not, a ``dict`` or ``list`` (sent as JSON), a response, or a WSGI
        application.
    :raises TypeError: the value is none of these.
    """
    status = headers = None
    if isinstance(rv, tuple):
        rv, status, headers = _unpack(rv)

    # The check for the abstract class Iterator takes longest, so it comes last.
    if isinstance(rv, app.response_class):
        response = rv
    elif isinstance(rv, _TEXTS):
        if isinstance(rv, bytearray):
            rv = bytes(rv)  # WSGI accepts only bytes (PEP 3333)
        # The class gets status and headers, so it does not set defaults before them.
        return app.response_class(rv, status=status, headers=headers)
    elif isinstance(rv, _OBJECTS):
        response = app.json.response(rv)
    elif isinstance(rv, _RESPONSES):
        response = _force_type(app, rv)
    elif isinstance(rv, AsyncIterator):
        return app.response_class(iterate_sync(rv), status=status, headers=headers)
    elif isinstance(rv, Iterator):
        return app.response_class(rv, status=status, headers=headers)
    elif callable(rv):
        response = _force_type(app, rv)
    else:
        raise TypeError(_describe_invalid(rv))

    if status is not None:
        if isinstance(status, _TEXTS):
            response.status = status  # type: ignore[assignment]  # bytes, too
        else:
            response.status_code = status
    if headers:
        response.headers.update(headers)
    return response


def _unpack(rv: tuple[t.Any, ...]) -> tuple[t.Any, t.Any, t.Any]:
    """Return body, status and headers of a tuple; ``None`` for those that it does not have."""
    if len(rv) == 3:
        return rv[0], rv[1], rv[2]
    if len(rv) == 2:
        body, other = rv
        if isinstance(other, _HEADERS):
            return body, None, other
        return body, other, None
    from .return_errors import explain_invalid_tuple

    raise TypeError(explain_invalid_tuple(_cv_request.get(None), rv))


def _force_type(app: _Maker, rv: object) -> Response:
    """Convert another response class, or a WSGI application, to the application's response."""
    context = _current_context()
    kind = app.response_class
    if isinstance(rv, HTTPException):
        if issubclass(kind, Response) and kind._is_unmodified:
            page = make_error_page(kind, rv, context._known["REQUEST_METHOD"] == "HEAD")
            if page is not None:
                return page
    elif isinstance(rv, Response) and not issubclass(kind, Response):
        state: t.Any = rv.__getstate__()
        vars(rv).update(state)  # Werkzeug's class reads ordinary attributes
    try:
        return kind.force_type(rv, context.request.environ)  # type: ignore[arg-type]
    except TypeError as error:
        raise TypeError(f"{error}\n{_describe_invalid(rv)}").with_traceback(
            sys.exc_info()[2]
        ) from None


def _current_context() -> t.Any:
    """Return the context of the current request.

    :raises RuntimeError: no request is active.
    """
    context = _cv_request.get(None)
    if context is None:
        raise RuntimeError(NO_REQUEST_MESSAGE)
    return context


def _describe_invalid(rv: object) -> str:
    """Return an error text for an invalid return value."""
    from .return_errors import explain_invalid_value

    return explain_invalid_value(_current_context(), rv)
