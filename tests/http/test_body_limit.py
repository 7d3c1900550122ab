"""A body of just ``MAX_CONTENT_LENGTH`` is read, one byte more is a 413: however it is read."""

from __future__ import annotations

import asyncio
import io
import sys
import typing as t
from collections.abc import Callable

import pytest

import flask
from flask import Flask, request

FIELD = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
FILE = b'--B\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'
END = b"\r\n--B--\r\n"

LINES = b"a line\n" * 11_000
FORMS = {
    "form": FIELD + b"x" * 5000 + END,
    "large form": FILE + b"x" * 3_000_000 + END,
    "form without an end": FIELD + b"x" * 80_000,
    "form without a beginning": b"x" * 80_000,
    "form with a malformed head": b"--B\r\nnone\r\n\r\n" + b"x" * 80_000 + END,
}
READS: dict[str, Callable[[], int]] = {
    "get_data": lambda: len(request.get_data()),
    "read": lambda: len(request.stream.read()),
    "readall": lambda: len(request.stream.readall()),  # type: ignore[attr-defined]
    "a loop": lambda: sum(map(len, iter(lambda: request.stream.read(7000), b""))),
    "readline": lambda: sum(map(len, iter(lambda: request.stream.readline(), b""))),
    "readlines": lambda: sum(map(len, request.stream.readlines())),
    "iteration": lambda: sum(map(len, request.stream)),
    "readinto": lambda: sum(
        iter(lambda: request.stream.readinto(bytearray(7000)), 0)  # type: ignore[attr-defined]
    ),
    "just the length": lambda: len(request.stream.read(len(LINES))),
}
FORM_READS: dict[str, Callable[[], int]] = {
    "form": lambda: len(request.form.get("a", "")),
    "file": lambda: sum(len(file.read()) for file in request.files.values()),
}

Post = Callable[[Flask, bytes, str, bool], tuple[str, bytes]]


def by_wsgi(app: Flask, body: bytes, content_type: str, is_chunked: bool) -> tuple[str, bytes]:
    environ: dict[str, t.Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "CONTENT_TYPE": content_type,
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
    }
    environ |= {"wsgi.input_terminated": True} if is_chunked else {"CONTENT_LENGTH": str(len(body))}
    sent: list[str] = []
    answer: t.Any = app(environ, lambda status, headers, exc_info=None: sent.append(status[:3]))
    return sent[0], b"".join(answer)


def by_asgi(app: Flask, body: bytes, content_type: str, is_chunked: bool) -> tuple[str, bytes]:
    headers = [(b"host", b"localhost"), (b"content-type", content_type.encode())]
    if not is_chunked:
        headers.append((b"content-length", b"%d" % len(body)))
    scope: dict[str, t.Any] = {"type": "http", "method": "POST", "path": "/"}
    scope |= {
        "headers": headers,
        "query_string": b"",
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }
    scope |= {"server": ("localhost", 80), "client": None, "asgi": {"version": "3.0"}}
    parts = [body[start : start + 64_000] for start in range(0, len(body), 64_000)] + [b""]
    sent: list[t.Any] = []

    async def receive() -> dict[str, t.Any]:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: t.Any) -> None:
        sent.append(message)

    asyncio.run(t.cast("t.Any", app)(scope, receive, send))
    content = b"".join(message.get("body", b"") for message in sent)
    return str(sent[0]["status"]), content


def serve(read: Callable[[], int], is_async: bool = False) -> Flask:
    app = Flask("app")

    def view() -> str:
        return str(read())

    async def async_view() -> str:
        return str(read())

    app.add_url_rule("/", "view", async_view if is_async else view, methods=["POST"])
    return app


each_protocol = pytest.mark.parametrize("post", [by_wsgi, by_asgi])
each_view = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


@each_protocol
@each_view
@pytest.mark.parametrize("read", READS)
def test_a_body_with_a_content_length(post: Post, read: str, is_async: bool) -> None:
    app = serve(READS[read], is_async)
    for more, expected in ((1, "200"), (0, "200"), (-1, "413")):
        app.config["MAX_CONTENT_LENGTH"] = len(LINES) + more
        status, body = post(app, LINES, "text/plain", False)
        assert status == expected
        assert status == "413" or body == b"%d" % len(LINES)


@each_view
@pytest.mark.parametrize("read", READS)
def test_a_body_without_a_content_length(read: str, is_async: bool) -> None:
    app = serve(READS[read], is_async)
    for more, expected in ((1, "200"), (0, "200"), (-1, "413"), (-70_000, "413")):
        if expected == "413" and read == "just the length":
            continue  # the view asks for no more than it may have
        app.config["MAX_CONTENT_LENGTH"] = len(LINES) + more
        status, body = by_asgi(app, LINES, "text/plain", True)
        assert status == expected, more
        assert status == "413" or body == b"%d" % len(LINES)


def test_a_body_without_an_end_is_refused_each_time_it_is_read() -> None:
    def read() -> int:
        seen = 0
        for _ in range(3):
            try:
                request.stream.read()
            except Exception as error:
                seen += getattr(error, "code", 0)
        return seen

    app = serve(read)
    app.config["MAX_CONTENT_LENGTH"] = 9
    assert by_asgi(app, b"0123456789", "text/plain", True) == ("200", b"%d" % (3 * 413))


@each_protocol
@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("read", FORM_READS)
def test_forms(post: Post, is_chunked: bool, name: str, read: str) -> None:
    app = serve(FORM_READS[read])
    form = FORMS[name]
    for more, expected in ((1, "200"), (0, "200"), (-1, "413")):
        if more < 1 and is_chunked and (post is by_wsgi or "malformed" in name):
            continue  # see test_multipart: what Werkzeug answers depends on the pieces it reads
        app.config["MAX_CONTENT_LENGTH"] = len(form) + more
        status, _ = post(app, form, "multipart/form-data; boundary=B", is_chunked)
        assert status == expected, more


@each_protocol
@each_view
@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("own", ["none", "larger", "smaller", "not set"])
@pytest.mark.parametrize("read", ["get_data", "a loop", "readline"])
def test_a_limit_of_the_request_counts_instead_of_the_configuration(
    post: Post, is_async: bool, is_chunked: bool, own: str, read: str
) -> None:
    limits = {"none": None, "larger": len(LINES), "smaller": 10}

    def set_and_read() -> int:
        if own in limits:
            request.max_content_length = limits[own]
            assert request.max_content_length == limits[own]
        else:
            assert request.max_content_length == 100
        return READS[read]()

    app = serve(set_and_read, is_async)
    app.config["MAX_CONTENT_LENGTH"] = 100
    status, body = post(app, LINES, "text/plain", is_chunked)
    if own in {"none", "larger"}:
        if own == "none" or post is by_asgi or not is_chunked:  # else see the page on limits
            assert (status, body) == ("200", b"%d" % len(LINES))
    elif post is by_wsgi and is_chunked and read == "get_data":
        assert int(body) <= 100  # as official Flask: the rest is cut off
    else:
        assert status == "413"


@each_protocol
@pytest.mark.parametrize("name", ["max_content_length", "max_form_memory_size", "max_form_parts"])
def test_no_limit_lifts_that_of_the_configuration_for_forms(post: Post, name: str) -> None:
    form = (FIELD + b"x" * 600_000 + b"\r\n") * 3 + END[2:]
    settings = {
        "MAX_CONTENT_LENGTH": None,
        "MAX_FORM_MEMORY_SIZE": None,
        "MAX_FORM_PARTS": None,
        name.upper(): 2,
    }
    for lifts, expected in ((False, "413"), (True, "200")):
        app = serve(lambda: len(request.form.getlist("a")))
        app.config.update(settings)
        if lifts:
            app.before_request(lambda: setattr(request, name, None))
        status, body = post(app, form, "multipart/form-data; boundary=B", False)
        assert status == expected
        assert status == "413" or body == b"3"


def test_without_an_application_the_limits_are_werkzeugs() -> None:
    alone: t.Any = flask.Request({"REQUEST_METHOD": "GET"})
    assert (alone.max_content_length, alone.max_form_parts) == (None, 1000)
    alone.max_form_parts = None
    assert alone.max_form_parts is None
