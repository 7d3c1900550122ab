"""Create responses fast: texts, redirects, and pages of HTTP exceptions.

The texts of redirects and error pages are Werkzeug's. Their constant parts are cached.
"""

from __future__ import annotations

import typing as t
from functools import lru_cache

import werkzeug.utils
from markupsafe import escape
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from .._core.bounded_cache import store
from .body_kind import FORCED, GIVEN
from .headers import STATUS_LINES, content_type_of, is_valid_location, make_headers
from .response import WITHOUT_BODY, Response

_new_object = object.__new__

Kind = t.TypeVar("Kind", bound=Response)

_MARK = "-location-"
_HTML = content_type_of("text/html")


@lru_cache(maxsize=1)
def _redirect_texts() -> list[str]:
    """Return the parts of Werkzeug's redirect page before, between and after the two URLs."""
    return werkzeug.utils.redirect(_MARK).get_data(as_text=True).split(_MARK)


def make_redirect(kind: type[Kind], location: str, code: int) -> BaseResponse:
    """Create a redirect, as ``werkzeug.utils.redirect`` does.

    PERF: 1.5 us; Werkzeug's function takes 12 us, including the sending.

    :param kind: a class with `Response._is_unmodified`.
    :param location: the URL.
    :param code: the status.
    """
    texts = _redirect_texts()
    if type(location) is not str or "\n" in location or "\r" in location or len(texts) != 3:
        return werkzeug.utils.redirect(location, code=code, Response=kind)
    is_valid = is_valid_location(location)
    # A valid location contains no other character that HTML escapes. PERF: 9 % of a redirect.
    link = location if is_valid and "&" not in location else str(escape(location))
    response = make_text_response(kind, f"{texts[0]}{link}{texts[1]}{link}{texts[2]}", _HTML)
    if type(code) is int and code in STATUS_LINES:
        response._status_code = code
        response._status = STATUS_LINES[code]
    else:
        response.status_code = code
    if is_valid:
        response._more_headers = [("Location", location)]
    else:
        response.headers._list.append(("Location", location))
    return response


_WRITING = {
    name: getattr(HTTPException, name)
    for name in ("__call__", "get_body", "get_description", "get_headers", "get_response", "name")
}
"""The methods that create the response for an HTTP exception."""

_pages: dict[tuple[type[HTTPException], int, str | None], bytes] = {}
"""The pages of HTTP exceptions that have the default description of their class.

A custom description may contain data from a client, so its page is never cached.
"""
_MOST_PAGES = 1000


@lru_cache(maxsize=256)
def _is_unmodified_class(kind: type[HTTPException]) -> bool:
    """Return whether a class of HTTP exceptions has the methods of Werkzeug's base class."""
    return all(getattr(kind, name) is built_in for name, built_in in _WRITING.items())


def make_error_page(kind: type[Kind], error: HTTPException, is_head: bool) -> Kind | None:
    """Create the response for an HTTP exception that has no error handler.

    PERF: 1 us; Werkzeug, which calls the exception as a WSGI application, takes 35 us.

    :param kind: a class with `Response._is_unmodified`.
    :param error: the exception.
    :param is_head: whether the method is ``HEAD`` (RFC 9110 section 9.3.2).
    :returns: ``None`` if the exception overrides how its response is created.
    """
    code, description, own = error.code, error.description, error.__dict__
    kind_of_error = type(error)
    if (
        type(code) is not int
        or not (type(description) is str or description is None)
        or own.get("response", error) is not None  # missing if __init__ was overridden
        or not _is_unmodified_class(kind_of_error)  # type: ignore[arg-type]
        or (len(own) > 1 and not _WRITING.keys().isdisjoint(own))
    ):
        return None
    key = (kind_of_error, code, description)
    page = _pages.get(key)
    if page is None:
        if code not in STATUS_LINES or code in WITHOUT_BODY:
            return None
        page = error.get_body().encode()
        if description is None or description is kind_of_error.description:
            store(_pages, key, page, _MOST_PAGES)
    # What `Response.force_type` creates from the exception, which is a WSGI application.
    response = _new_object(kind)
    response._kind = FORCED
    response._content_type = _HTML
    response._more_headers = None
    if is_head:
        response._body = b""
        response._headers = make_headers([_HTML, ("Content-Length", str(len(page)))])
    else:
        response._body = page
        response._headers = None
    response._status_code = code
    response._status = STATUS_LINES[code]
    return response


def make_text_response(kind: type[Kind], text: str, content_type: tuple[str, str]) -> Kind:
    """Create a response from a text, with status 200.

    PERF: 0.3 us; the class's initializer, which checks its arguments, takes 0.5 us.

    :param kind: a class with `Response._is_unmodified`.
    :param text: the body.
    :param content_type: the header, from `content_type_of`.
    """
    response = _new_object(kind)
    response._body = text.encode()
    response._content_type = content_type
    response._headers = response._more_headers = None
    response._kind = GIVEN
    response._status_code = 200
    response._status = "200 OK"
    return response


def make_bytes_response(
    kind: type[Kind], body: bytes, status: int, content_type: tuple[str, str]
) -> Kind:
    """Create a response from bytes.

    :param kind: a class with `Response._is_unmodified`.
    :param body: the body.
    :param status: a key of `STATUS_LINES`.
    :param content_type: the header, from `content_type_of`.
    """
    response = _new_object(kind)
    response._body = body
    response._content_type = content_type
    response._headers = None
    response._more_headers = None
    response._kind = GIVEN
    response._status_code = status
    response._status = STATUS_LINES[status]
    return response
