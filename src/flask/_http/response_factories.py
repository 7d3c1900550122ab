"""The pages that Werkzeug writes, as plain responses: redirects and HTTP exceptions.

The texts are Werkzeug's own; what is kept of them is what does not change from one to the next.
"""

from __future__ import annotations

import typing as t
from functools import lru_cache

import werkzeug.utils
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from .._core.bounded_cache import store
from .headers import STATUS_LINES, content_type_of, is_valid_location, make_headers
from .response import WITHOUT_BODY, Response, add_header

_new_object = object.__new__

_MARK = "-location-"
_HTML = content_type_of("text/html")


@lru_cache(maxsize=1)
def _redirect_texts() -> list[str]:
    """Return what Werkzeug writes around the two places of the URL in a redirect's page."""
    return werkzeug.utils.redirect(_MARK).get_data(as_text=True).split(_MARK)


def make_redirect(kind: type[Response], location: str, code: int) -> t.Any:
    """Make the response that sends a client to another URL, as ``werkzeug.utils.redirect`` does.

    PERF: 1.5 us; Werkzeug's takes 12 us with the sending.

    :param kind: a class that is plain; see ``Decisions.plain_response``.
    :param location: the URL.
    :param code: the status.
    """
    texts = _redirect_texts()
    if type(location) is not str or "\n" in location or "\r" in location or len(texts) != 3:
        return werkzeug.utils.redirect(location, code=code, Response=kind)
    link = str(escape(location))
    response = make_text_response(kind, f"{texts[0]}{link}{texts[1]}{link}{texts[2]}", _HTML)
    response.status_code = code
    if is_valid_location(location):
        add_header(response, "Location", location)
    else:
        response.headers._list.append(("Location", location))
    return response


def make_read_response(
    kind: type[Response], body: bytes, status: int, content_type: tuple[str, str], is_head: bool
) -> Response:
    """Make a response whose body and headers were those of another one.

    It is what `Response.force_type` makes of a WSGI application.

    :param kind: a class that `is_plain`.
    :param body: the body.
    :param status: one of the statuses that HTTP knows.
    :param content_type: the header, of `content_type_of`.
    :param is_head: only the headers are asked for, of which the length is the body's.
    """
    response = _new_object(kind)
    response._is_forced = True
    response._content_type = content_type
    response._more_headers = None
    if is_head:
        response._body = b""
        response._headers = make_headers([content_type, ("Content-Length", str(len(body)))])
    else:
        response._body = body
        response._headers = None
    response._status_code = status
    response._status = STATUS_LINES[status]
    return response


_WRITING = {
    name: getattr(HTTPException, name)
    for name in ("__call__", "get_body", "get_description", "get_headers", "get_response", "name")
}
"""What decides how an HTTP exception is answered."""

_pages: dict[tuple[type[HTTPException], int, str | None], bytes] = {}
"""The pages of HTTP exceptions that have the description of their class.

A custom description may contain data from a client, so its page is never cached.
"""
_MOST_PAGES = 1000


@lru_cache(maxsize=256)
def _is_unmodified_class(kind: type[HTTPException]) -> bool:
    """Tell whether a class of HTTP exceptions is answered as Werkzeug wrote it for their base."""
    return all(getattr(kind, name) is plain for name, plain in _WRITING.items())


def make_error_page(kind: type[Response], error: t.Any, is_head: bool) -> Response | None:
    """Make the response for an HTTP exception that nobody handled.

    PERF: 1 us; by Werkzeug, which calls the exception as an application, it takes 35 us.

    :param kind: a class that is plain; see ``Decisions.plain_response``.
    :param error: the exception.
    :param is_head: whether the request asks for headers only (RFC 9110 section 9.3.2).
    :returns: ``None`` if the exception has a way of its own.
    """
    code, description = error.code, error.description
    if (
        type(code) is not int
        or code not in STATUS_LINES
        or code in WITHOUT_BODY
        or not (type(description) is str or description is None)
        or getattr(error, "response", error) is not None  # absent: without its base's __init__
        or not _is_unmodified_class(error.__class__)
        or not _WRITING.keys().isdisjoint(vars(error))
    ):
        return None
    kind_of_error = type(error)
    if description is not None and description is not kind_of_error.description:
        page = error.get_body().encode()
    else:
        key = (kind_of_error, code, description)
        known = _pages.get(key)
        if known is None:
            known = error.get_body().encode()
            store(_pages, key, known, _MOST_PAGES)
        page = known
    return make_read_response(kind, page, code, _HTML, is_head)


def make_text_response(kind: type[Response], text: str, content_type: tuple[str, str]) -> Response:
    """Make a response of a text, with status 200.

    PERF: what the class's initialiser does for a text, without asking what else there may be: 0.3
    us instead of 0.5 us.

    :param kind: a class that `_is_unmodified`.
    :param text: the body.
    :param content_type: the header, of `content_type_of`.
    """
    response = _new_object(kind)
    response._body = text.encode()
    response._content_type = content_type
    response._headers = None
    response._more_headers = None
    response._status_code = 200
    response._status = "200 OK"
    return response
