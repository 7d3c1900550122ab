"""What others change, on classes and objects and from any side, is seen by the short ways too.

Each test was seen to fail where the short way did not look; official Flask answers as it says.
"""

from __future__ import annotations

import copy
import pickle
import typing as t

import pytest
import werkzeug.wrappers
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder

from flask import Flask, Request, Response, abort, make_response, redirect, url_for
from flask.ctx import RequestContext
from flask.globals import request_ctx
from flask.views import View


def get(app: Flask, path: str = "/", **options: t.Any) -> tuple[str, Headers, bytes]:
    """Return status, headers and body of the second answer: the first one decides things."""
    for _ in range(2):
        answer = app.test_client(use_cookies=False).get(path, **options)
    return answer.status, answer.headers, answer.data


def answering(answer: t.Callable[[], t.Any]) -> Flask:
    app = Flask("outside")
    app.secret_key = "a secret"
    app.add_url_rule("/", "index", answer)
    return app


# Responses ---------------------------------------------------------------------------------------


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
    """Headers with a way of their own."""

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


def test_headers_of_a_class_of_their_own_are_asked() -> None:
    def view() -> Response:
        response = make_response("x")
        response.headers = Counting()
        response.set_cookie("a", "b")
        return response

    assert get(answering(view))[1]["X-Counted"] == "1"


@pytest.mark.parametrize("place", ["response", "class", "class, late"])
@pytest.mark.parametrize("path", ["/", "/own"])
def test_a_location_is_made_absolute_where_that_is_asked_for(
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


def test_a_length_that_shall_not_be_told_is_not() -> None:
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


# Requests and contexts ---------------------------------------------------------------------------


def test_a_request_class_may_look_at_another_environment() -> None:
    class Versioned(Request):
        def __init__(self, environ: dict[str, t.Any], *args: t.Any, **kwargs: t.Any) -> None:
            path = environ["PATH_INFO"].removeprefix("/v1")
            super().__init__({**environ, "PATH_INFO": path}, *args, **kwargs)

    app = answering(lambda: "index")
    app.request_class = Versioned
    assert get(app, "/v1/")[2] == b"index"


def test_a_request_that_is_given_decides_about_the_route() -> None:
    app = answering(lambda: "index")
    get(app)
    given = Request(EnvironBuilder("/").get_environ())
    with RequestContext(app, EnvironBuilder("/other").get_environ(), request=given):
        assert given.endpoint == "index"


@pytest.mark.parametrize("change", ["set", "script_name"])
def test_a_url_adapter_that_was_changed_builds_urls(change: str) -> None:
    def view() -> str:
        if change == "set":
            request_ctx.url_adapter = app.url_map.bind("localhost", "/below")
        else:
            request_ctx.url_adapter.script_name = "/below/"
        return url_for("index")

    app = answering(view)
    assert get(app)[2] == b"/below/"


def test_a_map_whose_adapters_are_changed_is_asked(app: Flask) -> None:
    class Below(Flask.url_map_class):  # type: ignore[name-defined,misc]
        def bind_to_environ(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
            adapter = super().bind_to_environ(*args, **kwargs)
            adapter.script_name = "/below/"
            return adapter

    class Own(Flask):
        url_map_class = Below

    app = Own("own")
    app.add_url_rule("/", "index", lambda: url_for("index"))
    assert get(app)[2] == b"/below/"


def test_a_rule_that_builds_its_own_urls_is_asked() -> None:
    class Marked(Rule):
        def build(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
            built = super().build(*args, **kwargs)
            return built and (built[0], f"{built[1]}!")

    class Own(Flask):
        url_rule_class = Marked

    app = Own("own")
    app.add_url_rule("/", "index", lambda: url_for("index"))
    assert get(app)[2] == b"/!"


def test_a_kept_view_is_kept_though_it_is_false(app: Flask) -> None:
    class Falsy(View):
        init_every_request = False
        made = 0

        def __init__(self) -> None:
            type(self).made += 1

        def __bool__(self) -> bool:
            return False

        def dispatch_request(self) -> str:
            return "falsy"

    app.add_url_rule("/", view_func=Falsy.as_view("falsy"))
    assert get(app)[2] == b"falsy"
    assert Falsy.made == 1
