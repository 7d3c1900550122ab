"""A body of just ``MAX_CONTENT_LENGTH`` is read, one byte more is a 413: however it is read."""

from __future__ import annotations

import asyncio
import io
import sys
import typing as t
from collections.abc import Callable

import pytest

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
each_view = pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])


@each_protocol
@each_view
@pytest.mark.parametrize("read", READS)
def test_a_length_that_is_told(post: Post, read: str, is_async: bool) -> None:
    app = serve(READS[read], is_async)
    for more, expected in ((1, "200"), (0, "200"), (-1, "413")):
        app.config["MAX_CONTENT_LENGTH"] = len(LINES) + more
        status, body = post(app, LINES, "text/plain", False)
        assert status == expected
        assert status == "413" or body == b"%d" % len(LINES)


@each_view
@pytest.mark.parametrize("read", READS)
def test_a_length_that_is_not_told(read: str, is_async: bool) -> None:
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
