"""Explains a session that is too large for a cookie: which keys, and what to do instead."""

from __future__ import annotations

import json
import typing as t
import warnings
from collections.abc import Mapping

from werkzeug.http import dump_cookie

from .._core.current import get_request_context
from .._core.user_code import find_code, unwrap
from .return_errors import describe_source

_MOST_ATTRIBUTES = 300  # bytes of the name, the path and so on, in most cookies
_SHOWN = 5  # keys
_STACK_LEVEL = 3  # the interface's method that sets the cookie


class SessionOverflowError(ValueError):
    """A session does not fit in a cookie, and ``SESSION_OVERFLOW`` is ``"error"``."""


def check_size(
    config: Mapping[str, t.Any],
    name: str,
    value: str,
    session: Mapping[str, object],
    **attributes: t.Any,
) -> None:
    """Warn about a session cookie that browsers ignore, or raise an error.

    :param config: the application's settings.
    :param name: the cookie's name.
    :param value: the signed session.
    :param session: the data.
    :param attributes: those of the cookie.
    :raises SessionOverflowError: the cookie is too large, and ``SESSION_OVERFLOW`` is ``"error"``.
    """
    limit: int | None = config.get("MAX_COOKIE_SIZE")
    if not limit or len(value) <= limit - _MOST_ATTRIBUTES:
        return
    size = len(dump_cookie(name, value, max_size=0, **attributes))
    if size <= limit:
        return
    sizes = sorted(((_size_of(item), str(key)) for key, item in session.items()), reverse=True)
    largest = ", ".join(f"{key!r} ({count} bytes)" for count, key in sizes[:_SHOWN])
    message = (
        f"The session does not fit in a cookie: {size} bytes, and browsers ignore more than {limit}"
        f" (MAX_COOKIE_SIZE). Its largest keys: {largest}. Remove them, or store sessions on the"
        " server: SESSION_STORE = 'sqlite:///sessions.sqlite'."
    )
    if config.get("SESSION_OVERFLOW") == "error":
        raise SessionOverflowError(message)
    context = get_request_context(None)
    message += describe_source(context)
    view = None if context is None else context.app.view_functions.get(context.request.endpoint)
    code = find_code(unwrap(view))
    if code is None:
        warnings.warn(message, stacklevel=_STACK_LEVEL)
    else:  # at the view, which has filled the session
        warnings.warn_explicit(message, UserWarning, code.co_filename, code.co_firstlineno)


def _size_of(value: object) -> int:
    """Return about how many bytes a value needs, before it is compressed and encoded."""
    return len(json.dumps(value, default=str, separators=(",", ":")))
