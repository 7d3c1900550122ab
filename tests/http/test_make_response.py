"""The return value of a view becomes a response."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import werkzeug.wrappers
from werkzeug.datastructures import Headers
from werkzeug.exceptions import NotFound

from flask import Flask, Response, redirect


class Own(Response):
    default_mimetype = "text/plain"


def pieces() -> Iterator[bytes]:
    yield b"pie"
    yield b"ces"


def wsgi(environ: t.Any, start_response: t.Any) -> list[bytes]:
    start_response("206 PARTIAL CONTENT", [("Content-Type", "text/x"), ("X-A", "wsgi")])
    return [environ["PATH_INFO"].encode()]


# What a view returns; status, body, media type and X-A headers of the response.
RETURNED: list[tuple[str, t.Callable[[], t.Any], str, bytes, str, list[str]]] = [
    ("text", lambda: "é", "200 OK", "é".encode(), "text/html", []),
    ("bytes", lambda: b"\xff", "200 OK", b"\xff", "text/html", []),
    ("bytearray", lambda: bytearray(b"x"), "200 OK", b"x", "text/html", []),
    ("dict", lambda: {"b": 1, "a": 2}, "200 OK", b'{"a":2,"b":1}\n', "application/json", []),
    ("empty dict", dict, "200 OK", b"{}\n", "application/json", []),
    ("list", lambda: [1], "200 OK", b"[1]\n", "application/json", []),
    ("empty list", list, "200 OK", b"[]\n", "application/json", []),
    ("generator", lambda: pieces(), "200 OK", b"pieces", "text/html", []),
    ("response", lambda: Response("x", 201), "201 CREATED", b"x", "text/html", []),
    (
        "werkzeug response",
        lambda: werkzeug.wrappers.Response("x", 201),
        *("201 CREATED", b"x", "text/plain", []),
    ),
    ("own class", lambda: Own("x"), "200 OK", b"x", "text/plain", []),
    ("wsgi application", lambda: wsgi, "206 PARTIAL CONTENT", b"/", "text/x", ["wsgi"]),
    (
        "http exception",
        lambda: NotFound(response=Response("own", 404)),
        "404 NOT FOUND",
        b"own",
        "text/html",
        [],
    ),
    ("redirect", lambda: redirect("/x"), "302 FOUND", b"", "text/html", []),
    ("status", lambda: ("x", 404), "404 NOT FOUND", b"x", "text/html", []),
    ("unknown status", lambda: ("x", 799), "799 UNKNOWN", b"x", "text/html", []),
    ("status text", lambda: ("x", "404 Gone Fishing"), "404 Gone Fishing", b"x", "text/html", []),
    ("status as text", lambda: ("x", "404"), "404 NOT FOUND", b"x", "text/html", []),
    ("headers", lambda: ("x", {"X-A": "1"}), "200 OK", b"x", "text/html", ["1"]),
    (
        "lists of values",
        lambda: ("x", {"X-A": ["1", "2"]}),
        "200 OK",
        b"x",
        "text/html",
        ["1", "2"],
    ),
    ("pairs", lambda: ("x", [("X-A", "1"), ("X-A", "2")]), "200 OK", b"x", "text/html", ["1", "2"]),
    ("headers object", lambda: ("x", Headers({"X-A": "1"})), "200 OK", b"x", "text/html", ["1"]),
    ("tuple of pairs", lambda: ("x", (("X-A", "1"),)), "200 OK", b"x", "text/html", ["1"]),
    (
        "all three",
        lambda: ({"a": 1}, 201, {"X-A": "1"}),
        *("201 CREATED", b'{"a":1}\n', "application/json", ["1"]),
    ),
    (
        "content type",
        lambda: ("x", {"Content-Type": "text/own"}),
        *("200 OK", b"x", "text/own", []),
    ),
    (
        "response with another status",
        lambda: (Response("x", 201, {"X-A": "old"}), 202, {"X-A": "new"}),
        *("202 ACCEPTED", b"x", "text/html", ["new"]),
    ),
    (
        "JSON with a status as text",
        lambda: ({"a": 1}, "201 Made"),
        *("201 Made", b'{"a":1}\n', "application/json", []),
    ),
    ("list body", lambda: ([1, 2], 201), "201 CREATED", b"[1,2]\n", "application/json", []),
    ("no status", lambda: ("x", None), "200 OK", b"x", "text/html", []),
    ("no status, headers", lambda: ("x", None, {"X-A": "1"}), "200 OK", b"x", "text/html", ["1"]),
    ("generator, status", lambda: (pieces(), 201), "201 CREATED", b"pieces", "text/html", []),
]


@pytest.mark.parametrize(
    ("view", "status", "body", "mimetype", "marks"),
    [pytest.param(*row[1:], id=row[0]) for row in RETURNED],
)
def test_a_view_may_return(
    app: Flask,
    view: t.Callable[[], t.Any],
    status: str,
    body: bytes,
    mimetype: str,
    marks: list[str],
) -> None:
    app.add_url_rule("/", "view", view)
    response = app.test_client().get("/")
    assert response.status == status
    assert response.data == body or (body == b"" and status == "302 FOUND")
    assert response.mimetype == mimetype
    assert response.headers.getlist("X-A") == marks
    with app.test_request_context("/"):
        made = app.make_response(view())
        assert isinstance(made, app.response_class)


REFUSED: list[tuple[t.Any, str]] = [
    (None, "'the_view' did not return a valid response.*either returned None"),
    ((None, 200), "either returned None"),
    (7, r"must be a string.*but it was a int"),
    (1.5, r"but it was a float"),
    ({1}, r"but it was a set"),
    (object(), r"but it was a object"),
    ((), "did not return a valid response tuple"),
    (("x",), "did not return a valid response tuple"),
    (("x", 1, {}, 2), r"\(body, status, headers\), \(body, status\), or \(body, headers\)"),
    (len, "but it was a builtin_function_or_method"),
]


@pytest.mark.parametrize(("returned", "message"), REFUSED, ids=str)
def test_a_view_may_not_return(app: Flask, returned: t.Any, message: str) -> None:
    app.add_url_rule("/", "the_view", lambda: returned)
    with app.test_request_context("/"), pytest.raises(TypeError, match=f"(?s){message}"):
        app.make_response(returned)


def test_a_response_class_of_the_application_is_what_becomes_of_it(app: Flask) -> None:
    app.response_class = Own
    with app.test_request_context():
        for returned in ("x", b"x", {"a": 1}, Response("x"), wsgi, werkzeug.wrappers.Response("x")):
            assert type(app.make_response(returned)) is Own
        assert app.make_response("x").mimetype == "text/plain"


def test_json_is_written_by_the_provider(app: Flask) -> None:
    app.json.dumps = lambda obj, **kwargs: "own"  # type: ignore[method-assign]
    with app.app_context():
        assert app.make_response({"a": 1}).get_data(True) == "own\n"


@pytest.mark.parametrize("answer", [None, lambda environ, start_response: [b""]])
def test_what_needs_a_request_says_so_without_one(app: Flask, answer: t.Any) -> None:
    with app.app_context(), pytest.raises(RuntimeError, match="outside of request context"):
        app.make_response(answer)
