"""``flask serve`` on both interfaces: header names, aborted and slow uploads, lost clients."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from flask_serve_process import Served, needs_granian
from polling import wait_until

pytestmark = [needs_granian, pytest.mark.slow]
Serve = Callable[..., Served]

SHOP = """\
import os
import time
from wsgiref.validate import validator
from flask import Flask, jsonify, request
from werkzeug.exceptions import ClientDisconnected

app = Flask(__name__)

READERS = {
    "get_data": lambda: request.get_data(),
    "data": lambda: request.data,
    "form": lambda: request.form.to_dict(),
    "files": lambda: request.files.to_dict(),
    "json": lambda: request.json,
    "read": lambda: request.stream.read(),
    "readline": lambda: request.stream.readline(),
    "iterate": lambda: list(request.stream),
    "parts": lambda: list(iter(lambda: request.stream.read(1000), b"")),
}

def note(what):
    with open("noted", "a") as opened:
        opened.write(f"{what}\\n")

@app.route("/headers")
def headers():
    environ = {key: value for key, value in request.environ.items() if key.startswith("HTTP_X_")}
    return jsonify(environ=environ, headers=[pair for pair in request.headers if pair[0] > "X"])

@app.route("/upload/<reader>", methods=["PUT"])
def upload(reader):
    try:
        found = READERS[reader]()
    except ClientDisconnected:
        note(f"{reader} disconnected")
        raise
    note(f"{reader} complete {found!r}")
    return "ok"

@app.route("/size", methods=["POST"])
def size():
    return str(len(request.get_data()))

@app.route("/begun")
def begun():
    return "begun"

@app.route("/stream")
def stream():
    def generate():
        try:
            while True:
                time.sleep(0.01)
                yield "part"
        finally:
            note("closed")
    return generate()

@app.route("/broken")
def broken():
    def generate():
        yield "part"
        raise ValueError("on purpose")
    return generate()

@app.route("/exit")
def leave():
    raise SystemExit(3)
"""

PLAIN = """\
def sync(environ, start_response):
    write = start_response("203 Fine", [("Content-Type", "text/plain")])
    write(environ["PATH_INFO"].encode("latin-1"))
    keys = ("QUERY_STRING", "SERVER_PROTOCOL", "wsgi.url_scheme", "wsgi.multithread")
    return [f", {environ[key]}".encode() for key in keys]

app.wsgi_app = sync
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


def noted(folder: Path) -> list[str]:
    file = folder / "noted"
    return file.read_text().splitlines() if file.exists() else []


def connect(server: Served, *lines: str, body: bytes = b"") -> socket.socket:
    """Send a request's beginning, and leave the connection open."""
    client = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    server.clients.callback(client.close)
    client.sendall("\r\n".join((*lines, "Host: localhost", "", "")).encode("latin-1") + body)
    return client


def answer_of(client: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    return b"".join(iter(lambda: client.recv(65536), b""))


both = pytest.mark.parametrize("interface", ["wsgi", "asgi"])


@both
def test_a_name_with_an_underscore_never_reaches_the_application(
    serve: Serve, interface: str
) -> None:
    server = serve("--workers", "1", "--interface", interface)
    sent = (
        *("X_Name: bad", "X-Name: good", "x_name: bad", "X_Other: bad", "X-For_Me: bad"),
        *("X-Twice: one", "X-Twice: two", "X-Latin: \xe9", "Connection: close"),
    )
    answer = answer_of(connect(server, "GET /headers HTTP/1.1", *sent))
    assert b"200 OK" in answer
    assert b"bad" not in answer
    assert b'"HTTP_X_NAME":"good"' in answer
    assert b'"HTTP_X_TWICE":"one,two"' in answer
    assert b'"HTTP_X_LATIN":"\\u00e9"' in answer


@both
def test_an_aborted_upload_is_never_complete(serve: Serve, folder: Path, interface: str) -> None:
    server = serve("--workers", "1", "--interface", interface)
    multipart = "Content-Type: multipart/form-data; boundary=B"
    part = b'--B\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\nabc'
    uploads = {
        "form": ("Content-Type: application/x-www-form-urlencoded", b"a=1&b=2"),
        "files": (multipart, part),
        "json": ("Content-Type: application/json", b'{"a": 1}'),
    }
    readers = ("get_data", "data", "form", "files", "json", "read", "readline", "iterate", "parts")
    for reader in readers:
        kind, body = uploads.get(reader, ("Content-Type: text/plain", b"a" * 5000))
        chunk = b"%x\r\n%s\r\n" % (len(body), body)
        line = f"PUT /upload/{reader} HTTP/1.1"
        connect(server, line, kind, "Content-Length: 100000", body=body).close()
        connect(server, line, kind, "Transfer-Encoding: chunked", body=chunk).close()
    wait_until(lambda: len(noted(folder)) == 2 * len(readers))
    assert sorted(noted(folder)) == sorted(2 * [f"{reader} disconnected" for reader in readers])


def test_a_large_upload_that_is_aborted_in_a_thread_is_not_complete(
    serve: Serve, folder: Path
) -> None:
    server = serve("--workers", "1", "--interface", "wsgi")
    for reader in ("get_data", "read", "parts"):
        client = connect(
            server, f"PUT /upload/{reader} HTTP/1.1", "Content-Length: 900000", body=b"a" * 200_000
        )
        client.close()
    wait_until(lambda: len(noted(folder)) == 3)
    assert all(line.endswith("disconnected") for line in noted(folder))


def test_slow_clients_take_no_threads(serve: Serve) -> None:
    server = serve("--workers", "1", "--threads", "2", "--interface", "wsgi")
    slow = [
        connect(server, "POST /size HTTP/1.1", "Content-Length: 3", "Connection: close", body=b"a")
        for _ in range(20)
    ]
    assert server.ask("/begun") == "begun"
    for client in slow:
        client.sendall(b"bc")
    assert all(answer_of(client).endswith(b"\r\n\r\n3") for client in slow)


def test_a_client_that_takes_too_long_is_refused(serve: Serve) -> None:
    server = serve("--workers", "1", "--interface", "wsgi", "--client-timeout", "1")
    client = connect(server, "POST /size HTTP/1.1", "Content-Length: 3", body=b"a")
    assert client.recv(65536).startswith(b"HTTP/1.1 408")


def test_a_stream_ends_when_its_client_disconnects(serve: Serve, folder: Path) -> None:
    server = serve("--workers", "1", "--threads", "1", "--interface", "wsgi")
    client = connect(server, "GET /stream HTTP/1.1")
    assert b"200 OK" in client.recv(65536)
    client.close()
    wait_until(lambda: noted(folder) == ["closed"])
    assert server.ask("/begun") == "begun"


def test_a_stream_that_breaks_does_not_look_complete(serve: Serve) -> None:
    server = serve("--workers", "1", "--interface", "wsgi")
    answer = answer_of(connect(server, "GET /broken HTTP/1.1"))
    assert b"part" in answer
    assert not answer.endswith(b"0\r\n\r\n")
    server.wait_for("on purpose")


def test_a_view_that_exits_ends_its_request_alone(serve: Serve) -> None:
    server = serve("--workers", "1", "--interface", "wsgi")
    assert b"500" in answer_of(connect(server, "GET /exit HTTP/1.1", "Connection: close"))
    assert server.ask("/begun") == "begun"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_the_validator_of_the_standard_library_is_content(
    serve: Serve, folder: Path, method: str
) -> None:
    (folder / "shop.py").write_text(f"{SHOP}\napp.wsgi_app = validator(app.wsgi_app)\n")
    server = serve("--workers", "1", "--interface", "wsgi")
    for path in ("/begun", "/size", "/broken", "/none"):
        body = ("Content-Length: 3", "Expect: 100-continue") if method == "POST" else ()
        client = connect(server, f"{method} {path} HTTP/1.1", "Connection: close", *body)
        client.sendall(b"abc" if body else b"")
        assert b" 500 " not in answer_of(client)
    assert "AssertionError" not in server.printed


def test_a_replacement_of_wsgi_app_gets_a_complete_environment(serve: Serve, folder: Path) -> None:
    (folder / "shop.py").write_text(f"{SHOP}\n{PLAIN}")
    server = serve("--workers", "1", "--interface", "wsgi")
    answer = answer_of(connect(server, "GET /%C3%A9%FF?%C3%A9 HTTP/1.0"))
    assert answer.startswith(b"HTTP/1.0 203")
    assert answer.endswith(b"/\xc3\xa9\xff, %C3%A9, HTTP/1.0, http, True")


def test_a_connection_serves_on_after_a_body_that_was_not_read(serve: Serve) -> None:
    server = serve("--workers", "1", "--interface", "wsgi")
    client = connect(server, "POST /none HTTP/1.1", "Content-Length: 3", body=b"abc")
    assert b"404" in client.recv(65536)
    client.sendall(b"GET /begun HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer_of(client).endswith(b"begun")
