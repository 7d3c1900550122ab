"""The response, as views see it."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime

import pytest
import werkzeug.wrappers
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from flask import Flask, Response, make_response
from flask._http.response import vary_by_cookie

RESPONSES: list[dict[str, t.Any]] = [
    {},
    {"response": ""},
    {"response": "é"},
    {"response": b"x"},
    {"response": bytearray(b"x")},
    {"response": ["a", b"b"]},
    {"response": "x", "status": 404},
    {"response": "x", "status": "404 Gone Fishing"},
    {"response": "x", "status": "777"},
    {"response": "x", "status": 799},
    {"response": "x", "headers": {"X-A": "1"}},
    {"response": "x", "headers": [("X-A", "1"), ("X-A", "2")]},
    {"response": "x", "headers": Headers({"Content-Type": "text/own"})},
    {"response": "x", "headers": {}},
    {"response": "x", "mimetype": "text/plain"},
    {"response": "x", "mimetype": "application/json"},
    {"response": "x", "mimetype": "image/svg+xml"},
    {"response": "x", "mimetype": ""},
    {"response": "x", "content_type": "x/y; z=1"},
    {"response": "x", "content_type": "x/y", "mimetype": "ignored/type"},
    {"response": "x", "status": 204},
    {"response": "x", "direct_passthrough": True},
    {"response": "x", "status": 201, "mimetype": "text/css", "headers": {"X-A": "1"}},
]


class Theirs(werkzeug.wrappers.Response):
    default_mimetype = "text/html"
    autocorrect_location_header = False


@pytest.mark.parametrize("options", RESPONSES, ids=str)
def test_a_response_is_werkzeugs_with_html_as_its_type(options: dict[str, t.Any]) -> None:
    ours, theirs = Response(**options), Theirs(**options)
    for look in (
        lambda r: r.status,
        lambda r: r.status_code,
        lambda r: list(r.headers),
        lambda r: r.mimetype,
        lambda r: r.content_type,
        lambda r: r.is_sequence,
        lambda r: r.is_streamed,
        lambda r: r.direct_passthrough,
        lambda r: r.content_length,
        lambda r: list(r.get_wsgi_headers(EnvironBuilder().get_environ())),
        lambda r: r.get_data(),
        lambda r: repr(r).replace("Theirs", "Response"),
    ):
        assert look(ours) == look(theirs)


@pytest.mark.parametrize(
    "change",
    [
        lambda response: None,
        lambda response: response.headers.add("X-A", "1"),
        lambda response: setattr(response, "status_code", 404),
        lambda response: setattr(response, "status_code", 204),
        lambda response: setattr(response, "mimetype", "text/css"),
        lambda response: setattr(response, "data", "changed"),
        lambda response: setattr(response, "response", (chunk for chunk in ("é", b"2"))),
        lambda response: setattr(response, "direct_passthrough", True),
        lambda response: setattr(response, "headers", Headers({"X-A": "1"})),
        lambda response: setattr(response, "close", lambda: response.given.append("own")),
        lambda response: setattr(response, "iter_encoded", lambda: iter([b"own"])),
        lambda response: response.make_sequence(),
        lambda response: response.freeze(),
        lambda response: response.call_on_close(lambda: response.given.append("more")),
        lambda response: response.get_data(),
        lambda response: response.stream.write(b"x"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "options", [{}, {"mimetype": "text/plain"}, {"status": 201}, {"status": 799}, {"mimetype": ""}]
)
def test_a_stream_is_sent_and_closed_as_werkzeug_does_it(
    change: t.Any, method: str, options: dict[str, t.Any]
) -> None:
    def send(kind: t.Any) -> list[object]:
        given: list[object] = []

        def generate() -> t.Iterator[str | bytes]:
            given.append("begun")
            try:
                yield from ("a", "é", b"b", "")
            finally:
                given.append("ended")

        response = kind(generate(), **options)
        response.given = given
        response.call_on_close(lambda: given.append("closed"))
        given.append((response.is_streamed, response.is_sequence, response.content_type))
        try:
            change(response)
            environ = EnvironBuilder(method=method).get_environ()
            body = response(environ, lambda *head: given.append(head))
            given.append("sent")
            given.append(list(body))
            getattr(body, "close", list)()
        except Exception as error:
            given.append(repr(error))
        return given

    assert send(Response) == send(Theirs)


WRONG_STATUSES: dict[str, t.Any] = {
    "no status of HTTP": ["abc", "404NOT", "OK 200", "200\tOK", "2 00", "\uff12\uff10\uff10 OK"],
    "not three digits": ["0", "-1", "99 x", "1000", 0, -1, 99, 1000, True],
    "a reason that begins a header": ["200 a\r\nX-Evil: 1", "200 a\nX", "200 \x00"],
    "a reason that WSGI cannot send": ["404 ☃"],
    "what Werkzeug refuses": ["", " ", b"404", object(), [1]],
}


@pytest.mark.parametrize(
    "status", [value for row in WRONG_STATUSES.values() for value in row], ids=repr
)
def test_a_wrong_status_is_refused_and_changes_nothing(status: t.Any) -> None:
    kind = ValueError if isinstance(status, str | int) else (AttributeError, TypeError)
    with pytest.raises(kind, match="The status of a response is a code of three digits"):
        Response("x", status=status)
    response = Response("x", 201)
    with pytest.raises(kind):
        response.status = status
    with pytest.raises(kind):
        response.status_code = status
    assert (response.status, response.status_code) == ("201 CREATED", 201)


def test_the_error_for_an_empty_status_begins_as_that_of_werkzeug() -> None:
    with pytest.raises(ValueError) as theirs:
        werkzeug.wrappers.Response("x", status="")
    with pytest.raises(ValueError, match=re.escape(f"{theirs.value}. The status")):
        Response("x", status="")


@pytest.mark.parametrize("asgi", [False, True])
@pytest.mark.parametrize("body", ["text", b"bytes", {"a": 1}, ["a"], iter("x")], ids=repr)
@pytest.mark.parametrize("status", ["abc", 0, 1000, "200 a\r\nX-Evil: 1"], ids=repr)
def test_a_wrong_status_is_never_sent(status: t.Any, body: t.Any, asgi: bool) -> None:
    assert_error_is_sent(lambda: (body, status), asgi)


@pytest.mark.parametrize("asgi", [False, True])
@pytest.mark.parametrize(
    "view",
    [
        lambda: werkzeug.wrappers.Response("x", "abc"),
        lambda: werkzeug.wrappers.Response("x", "200 a\r\nX-Evil: 1"),
        lambda: (werkzeug.wrappers.Response("x"), 0),
        lambda: lambda environ, start_response: (start_response("abc", []), [b""])[1],
    ],
)
def test_a_wrong_status_of_another_response_is_never_sent(
    view: t.Callable[[], t.Any], asgi: bool
) -> None:
    assert_error_is_sent(view, asgi)


def assert_error_is_sent(view: t.Callable[[], t.Any], asgi: bool) -> None:
    app = Flask("shop")
    app.add_url_rule("/", "index", view)
    response = app.test_client(asgi=asgi).get("/")
    assert response.status == "500 INTERNAL SERVER ERROR"
    assert "X-Evil" not in response.headers


@pytest.mark.parametrize(
    ("status", "line"),
    [
        ("404", "404 NOT FOUND"),
        ("404 ", "404 NOT FOUND"),
        ("404 Nicht gefunden ü", "404 Nicht gefunden ü"),
        (" 299  Two  spaces", "299  Two  spaces"),
        (799, "799 UNKNOWN"),
        (100, "100 CONTINUE"),
    ],
)
def test_other_statuses_are_as_in_werkzeug(status: t.Any, line: str) -> None:
    assert Response("x", status).status == line
    assert werkzeug.wrappers.Response("x", status).status == line


def test_a_response_is_changed_in_every_way() -> None:
    response = Response("x")
    response.status = "201 Made"
    response.status_code = 202
    response.data = "changed"
    response.mimetype = "text/plain"
    response.headers["X-A"] = "1"
    response.vary.add("Cookie")
    response.cache_control.no_store = True
    response.last_modified = datetime(2024, 1, 2)
    assert response.status == "202 ACCEPTED"
    assert response.get_data(True) == "changed"
    assert dict(response.headers) == {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": "7",
        "X-A": "1",
        "Vary": "Cookie",
        "Cache-Control": "no-store",
        "Last-Modified": "Tue, 02 Jan 2024 00:00:00 GMT",
    }
    response.headers = Headers({"X-B": "2"})
    assert dict(response.headers) == {"X-B": "2"}


def test_functions_are_called_when_it_is_closed() -> None:
    closed: list[int] = []
    with Response("x") as response:
        response.call_on_close(lambda: closed.append(1))
        response.call_on_close(lambda: closed.append(2))
    assert closed == [1, 2]


def test_force_type_and_from_app_change_the_class() -> None:
    made = werkzeug.wrappers.Response("x", 201, {"X-A": "1"})
    made.call_on_close(lambda: None)
    forced = Response.force_type(made)
    assert (type(forced), forced.status_code, forced.headers["X-A"]) == (Response, 201, "1")
    assert forced.get_data() == b"x"
    own = Response("y")
    assert Response.force_type(own) is own

    def wsgi(environ: t.Any, start_response: t.Any) -> list[bytes]:
        start_response("203 X", [("X-B", "2")])
        return [b"wsgi"]

    called = Response.force_type(wsgi, EnvironBuilder().get_environ())
    assert (called.status, called.headers["X-B"], called.get_data()) == ("203 X", "2", b"wsgi")
    assert Response.from_app(wsgi, EnvironBuilder().get_environ()).get_data() == b"wsgi"
    with pytest.raises(TypeError):
        Response.force_type(wsgi)


def test_json_of_a_response(app: Flask) -> None:
    with app.app_context():
        response = make_response({"a": 1})
    assert (response.json, response.is_json, response.get_json()) == ({"a": 1}, True, {"a": 1})
    assert Response("x").get_json(silent=True) is None


@pytest.mark.parametrize(
    ("location", "sent"),
    [
        ("/x", "/x"),
        ("//evil.test/x", "//evil.test/x"),
        ("/é?a=b c", "/%C3%A9?a=b%20c"),
        ("http://é.test/", "http://xn--9ca.test/"),
        ("relative", "relative"),
    ],
)
def test_a_location_is_encoded_and_stays_relative(app: Flask, location: str, sent: str) -> None:
    @app.route("/")
    def view() -> Response:
        response = Response("", 302)
        response.location = location
        return response

    assert app.test_client().get("/").headers["Location"] == sent


def test_a_subclass_with_its_own_defaults() -> None:
    class Plain(Response):
        default_mimetype = "text/plain"
        default_status = 201

    class Bare(Response):
        default_mimetype = None

    class Unmeasured(Response):
        automatically_set_content_length = False

    assert (Plain("x").mimetype, Plain("x").status_code) == ("text/plain", 201)
    assert "Content-Type" not in Bare("x").headers
    headers = Unmeasured(["x"]).get_wsgi_headers(EnvironBuilder().get_environ())
    assert "Content-Length" not in headers


def test_a_cookie_that_is_too_large_is_warned_of(app: Flask) -> None:
    app.config["MAX_COOKIE_SIZE"] = 20
    with app.app_context():
        with pytest.warns(UserWarning, match="too large"):
            Response().set_cookie("name", "x" * 30)
        app.config["MAX_COOKIE_SIZE"] = 0
        Response().set_cookie("name", "x" * 5000)
    assert Response().max_cookie_size == werkzeug.wrappers.Response.max_cookie_size


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({}, "a=b; Path=/"),
        ({"value": "é"}, r'a="\303\251"; Path=/'),
        ({"max_age": 0}, "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"),
        ({"secure": True, "httponly": True}, "a=b; Secure; HttpOnly; Path=/"),
        ({"partitioned": True}, "a=b; Secure; Path=/; Partitioned"),
        (
            {"domain": "x.test", "path": "/p", "samesite": "Strict"},
            "a=b; Domain=x.test; Path=/p; SameSite=Strict",
        ),
    ],
    ids=str,
)
def test_cookies_are_written(options: dict[str, t.Any], line: str) -> None:
    response = Response("x")
    response.set_cookie("a", **{"value": "b", **options})
    if options.get("max_age") == 0:
        assert response.headers["Set-Cookie"].endswith("Max-Age=0; Path=/")
    else:
        assert response.headers["Set-Cookie"] == line


@pytest.mark.parametrize("options", [{"samesite": "Wrong"}], ids=str)
def test_a_wrong_cookie_is_a_value_error(options: dict[str, t.Any]) -> None:
    with pytest.raises(ValueError):
        Response().set_cookie("a", "b", **options)


def test_a_header_with_a_line_break_is_a_value_error() -> None:
    with pytest.raises(ValueError):
        Response().headers["X-A"] = "a\r\nX-B: c"
    with pytest.raises(ValueError):
        Response(headers={"X-A": "a\nb"})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ["Cookie"]),
        ([("X-A", "1")], ["Cookie"]),
        ([("Vary", "Accept")], ["Accept, Cookie"]),
        ([("vary", "Cookie")], ["Cookie"]),
        ([("Vary", "*")], ["*, Cookie"]),
    ],
)
def test_a_response_varies_by_cookie_once(
    given: list[tuple[str, str]], expected: list[str]
) -> None:
    response = Response("text")
    for name, value in given:
        response.headers[name] = value
    vary_by_cookie(response)
    vary_by_cookie(response)
    assert response.headers.getlist("Vary") == expected


def test_a_class_may_override_how_a_response_varies() -> None:
    added: list[str] = []

    class Own(Response):
        class Vary:
            add = staticmethod(added.append)

        @property
        def vary(self) -> t.Any:
            return self.Vary

    response = Own("text")
    response.headers["X-A"] = "1"
    vary_by_cookie(response)
    assert added == ["Cookie"]
