"""Redirects and error pages have the same bytes as those of Werkzeug."""

from __future__ import annotations

import typing as t
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    NotFound,
    Unauthorized,
    default_exceptions,
)
from werkzeug.urls import iri_to_uri
from werkzeug.utils import redirect as werkzeug_redirect
from werkzeug.wrappers import Response as BaseResponse

from flask import Flask, Response
from flask._http.headers import is_valid_location
from flask._http.response_factories import _pages, make_error_page, make_redirect

Sent = tuple[str, list[tuple[str, str]], bytes]


def send(response: t.Any, method: str = "GET") -> Sent:
    sent: list[t.Any] = []
    environ = {"REQUEST_METHOD": method, "wsgi.url_scheme": "http", "HTTP_HOST": "localhost"}
    body = response(environ, lambda status, headers: sent.extend([status, headers]))
    return sent[0], sent[1], b"".join(body)


LOCATIONS = [
    "/",
    "/new",
    "/a?b=c",
    "/a?b=c&d=e",
    "/a?",
    "?a",
    "/a b",
    "/é",
    "//evil.com",
    "http://h/x",
    "",
    "#a",
]


@pytest.mark.parametrize("code", [301, 302, 303, 305, 307, 308])
@pytest.mark.parametrize("location", LOCATIONS)
def test_a_redirect_is_werkzeugs(location: str, code: int) -> None:
    expected = werkzeug_redirect(location, code, Response=Response)
    assert send(make_redirect(Response, location, code)) == send(expected)


@pytest.mark.parametrize("code", [HTTPStatus.FOUND, 777, "302"])
def test_an_unusual_status_of_a_redirect_is_what_werkzeug_makes_of_it(code: t.Any) -> None:
    expected = werkzeug_redirect("/new", code, Response=Response)
    made = make_redirect(Response, "/new", code)
    assert send(made) == send(expected)
    assert type(made.status_code) is type(expected.status_code)


@given(st.text(st.sampled_from("/ab?=&.~-_%#: é@"), max_size=12))
def test_a_location_is_only_ready_where_werkzeug_would_not_change_it(location: str) -> None:
    if is_valid_location(location):
        assert iri_to_uri(location) == location


@pytest.mark.parametrize("location", ["/a\nb", "/a\rb"])
def test_a_line_break_in_a_location_is_refused(location: str) -> None:
    with pytest.raises(ValueError, match="newline"):
        make_redirect(Response, location, 302)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("kind", default_exceptions.values())
def test_an_error_page_is_werkzeugs(kind: type[HTTPException], method: str) -> None:
    for error in (kind(), kind("a <b>\nc")):
        page = make_error_page(Response, error, method == "HEAD")
        if page is not None:
            assert send(page, method) == send(error.get_response(), method)


@pytest.mark.parametrize(
    "error",
    [
        HTTPException("no code"),
        MethodNotAllowed(["GET"]),
        Unauthorized(www_authenticate=None),
        NotFound(Markup("<b>")),  # type: ignore[arg-type]
        NotFound(response=BaseResponse("own")),
        type("Own", (NotFound,), {"get_body": lambda self, *args: "own"})(),
    ],
)
def test_an_error_that_overrides_get_response_uses_it(error: HTTPException) -> None:
    page = make_error_page(Response, error, False)
    assert page is None or send(page) == send(error.get_response())


def test_an_error_that_did_not_call_the_constructor_of_its_base_uses_its_get_response() -> None:
    class SeeOther(HTTPException):
        code = 303

        def __init__(self, target: str) -> None:
            self.target = target  # and not HTTPException.__init__: it has no `response`

        def get_response(self, *_: t.Any) -> BaseResponse:
            return werkzeug_redirect(self.target, 303)

    app = Flask("app")

    @app.before_request
    def leave() -> None:
        raise SeeOther("/there")

    response = app.test_client().get("/")
    assert (response.status_code, response.location) == (303, "/there")


def test_an_error_whose_text_was_changed_shows_the_new_text() -> None:
    error = NotFound("first")
    assert b"first" in make_error_page(Response, error, False).get_data()  # type: ignore[union-attr]
    error.description = "second"
    assert b"second" in make_error_page(Response, error, False).get_data()  # type: ignore[union-attr]


@pytest.mark.parametrize("error", [NotFound("of a client"), NotFound("")])
def test_an_error_page_with_a_custom_description_is_not_cached(error: HTTPException) -> None:
    _pages.clear()
    assert make_error_page(Response, error, False) is not None
    assert not _pages
    assert make_error_page(Response, NotFound(), False) is not None
    assert len(_pages) == 1
