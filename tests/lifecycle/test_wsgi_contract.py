"""PEP 3333 as ``wsgiref.validate`` checks it, around every kind of response."""

from __future__ import annotations

import io
import typing as t
from collections.abc import Iterator
from wsgiref.validate import validator

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response as BaseResponse

from flask import (
    Flask,
    Response,
    abort,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template_string,
    request,
    send_file,
    session,
    stream_template_string,
    stream_with_context,
)


def wsgi_hello(environ: t.Any, start_response: t.Any) -> list[bytes]:
    start_response("202 Accepted", [("Content-Type", "text/plain"), ("X-Wsgi", "yes")])
    return [b"from ", b"wsgi"]


def with_cookie() -> Response:
    response = make_response("x")
    response.set_cookie("a", "b")
    return response


def pieces() -> Iterator[str]:
    yield "a"
    yield ""
    yield "é"


class Broken(Exception):
    pass


def crash() -> t.NoReturn:
    raise Broken


# What a view does, and what is answered to GET.
KINDS: dict[str, tuple[t.Callable[[], t.Any], int, bytes]] = {
    "str": (lambda: "é", 200, "é".encode()),
    "empty": (lambda: "", 200, b""),
    "bytes": (lambda: b"x", 200, b"x"),
    "bytearray": (lambda: bytearray(b"x"), 200, b"x"),
    "dict": (lambda: {"a": 1}, 200, b'{"a":1}\n'),
    "list": (lambda: [1, 2], 200, b"[1,2]\n"),
    "generator": (lambda: pieces(), 200, "aé".encode()),
    "iterator": (lambda: iter([b"a", b"b"]), 200, b"ab"),
    "status": (lambda: ("x", 201), 201, b"x"),
    "status line": (lambda: ("x", "299 Own Words"), 299, b"x"),
    "headers": (lambda: ("x", {"X-A": "1"}), 200, b"x"),
    "header list": (lambda: ("x", [("X-A", "1"), ("X-A", "2")]), 200, b"x"),
    "all three": (lambda: ("x", 418, {"X-A": "1"}), 418, b"x"),
    "not modified": (lambda: ("", 304), 304, b""),
    "response": (lambda: Response("x", mimetype="text/plain"), 200, b"x"),
    "werkzeug response": (lambda: BaseResponse("x", 203), 203, b"x"),
    "wsgi application": (lambda: wsgi_hello, 202, b"from wsgi"),
    "http exception": (lambda: NotFound(response=Response("own", 404)), 404, b"own"),
    "jsonify": (lambda: jsonify(a=1), 200, b'{"a":1}\n'),
    "redirect": (lambda: redirect("/é"), 302, b""),
    "abort": (lambda: abort(Response("own", 499)), 499, b"own"),
    "crash": (crash, 500, b""),
    "cookie": (with_cookie, 200, b"x"),
    "session": (lambda: session.update(a=1) or "x", 200, b"x"),
    "flash": (lambda: flash("x") or "x", 200, b"x"),
    "template": (lambda: render_template_string("{{ 1 }}"), 200, b"1"),
    "streamed template": (lambda: stream_template_string("{{ 1 }}{{ g }}"), 200, b""),
    "stream with context": (
        lambda: Response(stream_with_context(request.path + piece for piece in "ab")),
        200,
        b"/viewa/viewb",
    ),
    "file object": (
        lambda: send_file(io.BytesIO(b"data"), mimetype="text/plain"),
        200,
        b"data",
    ),
    "file": (lambda: send_file(__file__), 200, b""),
    "several chunks": (lambda: Response(["a", "b"]), 200, b"ab"),
    "direct passthrough": (
        lambda: Response([b"a"], direct_passthrough=True),
        200,
        b"a",
    ),
}


def validated(app: Flask, path: str, method: str) -> tuple[str, dict[str, str], bytes]:
    environ = EnvironBuilder(path, method=method).get_environ()
    environ["SCRIPT_NAME"] = ""
    started: list[t.Any] = []

    def start_response(status: str, headers: t.Any, exc_info: t.Any = None) -> t.Any:
        assert not started, "start_response was called twice"
        started.append((status, dict(headers)))
        return lambda data: None

    body = validator(app)(environ, start_response)
    try:
        data = b"".join(body)
    finally:
        body.close()  # type: ignore[attr-defined]
    ((status, headers),) = started
    return status, headers, data


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_validator_accepts(app: Flask, kind: str, method: str) -> None:
    app.logger.disabled = True
    view, status, body = KINDS[kind]
    app.add_url_rule("/view", "view", view)
    line, headers, data = validated(app, "/view", method)
    assert int(line[:3]) == status
    assert data == b"" if method == "HEAD" else not body or data == body
    if method == "GET" and "Content-Length" in headers:
        assert int(headers["Content-Length"]) == len(data)
    if status == 304:
        assert "Content-Length" not in headers


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("flash", "session")])
def test_head_has_the_headers_of_get(app: Flask, kind: str) -> None:
    app.logger.disabled = True
    app.add_url_rule("/view", "view", KINDS[kind][0])
    status, headers, _ = validated(app, "/view", "GET")
    head_status, head_headers, _ = validated(app, "/view", "HEAD")
    for each in (headers, head_headers):
        each.pop("Date", None)
    assert (head_status, head_headers) == (status, headers)


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/missing", "GET", 404),
        ("/missing", "HEAD", 404),
        ("/view", "OPTIONS", 200),
        ("/view", "POST", 405),
        ("/slash", "GET", 308),
        ("/static/missing", "GET", 404),
    ],
)
def test_the_validator_accepts_what_is_answered_without_a_view(
    app: Flask, path: str, method: str, status: int
) -> None:
    app.add_url_rule("/view", "view", lambda: "x")
    app.add_url_rule("/slash/", "slash", lambda: "x")
    assert int(validated(app, path, method)[0][:3]) == status


@pytest.mark.parametrize("body", ["", "ignored"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_content_is_no_content(app: Flask, body: str, method: str) -> None:
    """Not validated: the validator minds the Content-Type, which official Flask sends as well."""
    app.add_url_rule("/", "view", lambda: (body, 204))
    response = app.test_client().open("/", method=method)
    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Length" not in response.headers


def test_middleware_may_change_the_list_of_headers(app: Flask) -> None:
    app.add_url_rule("/", "view", lambda: "x")
    for _ in range(2):
        given: list[t.Any] = []

        def start_response(status: str, headers: t.Any, given: list[t.Any] = given) -> t.Any:
            given.append(headers)

        app(EnvironBuilder("/").get_environ(), start_response)
        (headers,) = given
        assert type(headers) is list
        headers.append(("X-Added", "1"))
        assert [name for name, _ in headers] == ["Content-Type", "Content-Length", "X-Added"]


@pytest.mark.parametrize(
    "result",
    [None, 7, 1.5, {1}, object(), (), ("x",), ("x", 200, {}, "more"), (None, 200)],
    ids=repr,
)
def test_what_a_view_may_not_return_is_a_type_error(app: Flask, result: t.Any) -> None:
    app.testing = True
    app.add_url_rule("/", "the_endpoint", lambda: result)
    with pytest.raises(TypeError, match="The view function"):
        app.test_client().get("/")


def test_a_view_that_returns_none_is_named(app: Flask) -> None:
    app.testing = True
    app.add_url_rule("/", "the_endpoint", lambda: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match=r"'the_endpoint' did not return a valid response.*None"):
        app.test_client().get("/")
