"""What applications change on responses and their classes takes effect on the fast paths too."""

from __future__ import annotations

import copy
import pickle
import typing as t

import pytest
import werkzeug.wrappers
from changed_app import answering, get
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.test import EnvironBuilder

from flask import (
    Flask,
    Response,
    abort,
    make_response,
    redirect,
    session,
)


def assert_refused(app: Flask) -> None:
    """Assert that no header with a line break reaches the server; the test client would refuse."""
    app.testing = True
    with pytest.raises(ValueError, match="newline"):
        app(EnvironBuilder().get_environ(), lambda status, headers, error=None: print)


@pytest.mark.parametrize(
    "answer",
    [
        lambda: Response("x", mimetype="text/html\r\nSet-Cookie: a=b"),
        lambda: Response("x", mimetype="text/html\nSet-Cookie: a=b"),
        lambda: redirect("/a\r\nSet-Cookie: a=b"),
        lambda: ("x", {"X": "a\r\nSet-Cookie: a=b"}),
    ],
)
def test_a_line_break_begins_no_header(answer: t.Callable[[], t.Any]) -> None:
    assert_refused(answering(answer))


def test_the_media_type_of_json_begins_no_header(app: Flask) -> None:
    app.json.mimetype = "application/json\r\nSet-Cookie: a=b"  # type: ignore[attr-defined]
    app.add_url_rule("/", "index", dict)
    assert_refused(app)


class Counting(Headers):
    """Headers whose ``add`` adds another header."""

    def add(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().add(*args, **kwargs)
        super().add("X-Counted", "1")


@pytest.mark.parametrize("headers", [{"A": "b"}, [("A", "b")], Headers({"A": "b"})], ids=repr)
def test_headers_may_be_replaced_by_what_headers_are_made_of(headers: t.Any) -> None:
    app = answering(lambda: "hello")

    @app.after_request
    def replace(response: Response) -> Response:
        response.headers = headers
        return response

    assert [*get(app)[1]] == [("A", "b"), ("Content-Length", "5")]


def test_headers_of_a_custom_class_are_read() -> None:
    def view() -> Response:
        response = make_response("x")
        response.headers = Counting()
        response.set_cookie("a", "b")
        return response

    assert get(answering(view))[1]["X-Counted"] == "1"


@pytest.mark.parametrize("place", ["response", "class", "class, late"])
@pytest.mark.parametrize("path", ["/", "/own"])
def test_a_location_is_made_absolute_if_the_class_wants_it(
    place: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own(Response):
        autocorrect_location_header = place == "class"

    def own() -> Response:
        response = make_response("x", 302)
        response.headers["Location"] = "/x"
        return response

    app = answering(lambda: redirect("/x"))
    app.add_url_rule("/own", "own", own)
    app.response_class = Own
    if place == "response":

        @app.after_request
        def correct(response: Response) -> Response:
            response.autocorrect_location_header = True
            return response

    elif place == "class, late":
        Own.autocorrect_location_header = True
    assert get(app, path)[1]["Location"] == "http://localhost/x"


def test_automatically_set_content_length_is_honored() -> None:
    app = answering(lambda: "hello")

    @app.after_request
    def hide(response: Response) -> Response:
        del response.headers["Content-Length"]
        response.automatically_set_content_length = False
        return response

    assert "Content-Length" not in get(app)[1]


def test_attributes_of_a_response_class_may_be_set_before_the_first_request() -> None:
    class Late(Response):
        pass

    Late.default_status = 203
    app = answering(lambda: "hello")
    app.response_class = Late
    assert get(app)[0] == "203 NON AUTHORITATIVE INFORMATION"


def test_a_status_that_was_made_known_later_has_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HTTP_STATUS_CODES, 460, "Client Gone")
    assert get(answering(lambda: Response("x", 460)))[0] == "460 CLIENT GONE"
    assert get(answering(lambda: ("x", 460)))[0] == "460 CLIENT GONE"


def test_a_response_class_may_turn_exceptions_into_responses() -> None:
    class Forcing(Response):
        @classmethod
        def force_type(cls, response: t.Any, environ: t.Any = None) -> Response:
            if isinstance(response, HTTPException):
                return cls(f"forced {response.code}", response.code)
            return super().force_type(response, environ)

    app = answering(lambda: abort(403))
    app.response_class = Forcing
    assert get(app)[2] == b"forced 403"


def test_a_response_of_another_class_is_sent_as_the_applications() -> None:
    class Marking(Response):
        def get_wsgi_headers(self, environ: t.Any) -> Headers:
            headers = super().get_wsgi_headers(environ)
            headers["X-Mark"] = "1"
            return headers

    app = answering(lambda: Response("x"))
    app.response_class = Marking
    assert get(app)[1]["X-Mark"] == "1"
    app.response_class = type("Bare", (werkzeug.wrappers.Response,), {})
    assert get(app)[2] == b"x"


def test_a_response_class_may_take_some_arguments_of_a_cookie_by_name() -> None:
    class Secure(Response):
        def set_cookie(self, key: str, value: str = "", **options: t.Any) -> None:  # type: ignore[override]
            super().set_cookie(key, value, **{**options, "secure": True})

        def delete_cookie(self, key: str, **options: t.Any) -> None:  # type: ignore[override]
            super().delete_cookie(key, **{**options, "path": "/gone"})

    app = answering(lambda: session.update(a=1) or "set")
    app.add_url_rule("/clear", "clear", lambda: session.update(a=1) or session.clear() or "")
    app.response_class = Secure
    assert "; Secure" in get(app)[1]["Set-Cookie"]
    assert "Path=/gone" in get(app, "/clear")[1]["Set-Cookie"]


@pytest.mark.parametrize("code", [204, 304])
def test_an_error_without_a_body_has_none_for_hooks_either(code: int) -> None:
    def view() -> t.NoReturn:
        raise type("Empty", (HTTPException,), {"code": code})()

    app = answering(view)

    @app.after_request
    def show(response: Response) -> Response:
        response.headers["X-Body"] = repr(response.get_data())
        return response

    assert get(app)[1]["X-Body"] == "b''"


def test_a_response_is_pickled_as_werkzeugs_own() -> None:
    response = Response("hello", 201)
    response.set_cookie("a", "b")
    state = response.__getstate__()
    assert state.keys() == vars(werkzeug.wrappers.Response("hello")).keys()
    again = pickle.loads(pickle.dumps(response))
    assert get(answering(lambda: again))[::2] == ("201 CREATED", b"hello")
    assert again.headers.getlist("Set-Cookie") == ["a=b; Path=/"]


def test_a_response_that_official_flask_pickled_is_read() -> None:
    response = Response.__new__(Response)
    theirs = werkzeug.wrappers.Response("hello", 201, {"X-A": "b"})
    response.__setstate__(vars(theirs))
    status, headers, body = get(answering(lambda: response))
    assert (status, headers["X-A"], body) == ("201 CREATED", "b", b"hello")


def test_a_copy_shares_its_headers() -> None:
    response = Response("x")
    copy.copy(response).headers["X-Copy"] = "1"
    assert response.headers["X-Copy"] == "1"
