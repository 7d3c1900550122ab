"""What ``flask serve`` does before the application: logs, proxies, paths, early answers."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from flask_serve_process import FLASK, Served, needs_granian
from polling import LONGEST

pytestmark = [needs_granian, pytest.mark.slow]
Serve = Callable[..., Served]

SHOP = """\
import asyncio
from flask import Flask, jsonify, request, url_for, websocket

app = Flask(__name__)
app.config["TRUSTED_PROXIES"] = ["127.0.0.1"]
app.config["MAX_CONTENT_LENGTH"] = 100_000

@app.post("/sync")
def sync():
    return str(len(request.get_data()))

@app.post("/async")
async def asynchronous():
    return str(len(request.get_data()))

@app.post("/ignore")
def ignore():
    return "ignored"

@app.get("/who")
def who():
    app.logger.warning("asked for %s", request.remote_addr)
    return jsonify(request.remote_addr, request.scheme, request.script_root, url_for("who"))

@app.get("/stream")
def stream():
    def generate():
        yield "a"
        app.logger.warning("streamed")
        yield "b"
    return generate()

@app.websocket("/echo")
async def echo():
    async for message in websocket:
        await websocket.send(message)
"""
SECURE = """
from flask.security import Security
Security(app)
"""
both = pytest.mark.parametrize("interface", ["wsgi", "asgi"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


def post(server: Served, path: str, size: int) -> int | str:
    """Send a body, and only then read, as many clients do; return the status or the error."""
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LONGEST)
    try:
        client.request("POST", path, body=b"a" * size)
        return client.getresponse().status
    except OSError as error:
        return type(error).__name__
    finally:
        client.close()


@both
def test_every_early_answer_reaches_its_client(serve: Serve, interface: str) -> None:
    server = serve("--workers", "1", "--interface", interface)
    cases = [("/sync", 413), ("/async", 413), ("/ignore", 200), ("/none", 404)]
    for path, status in cases:
        assert Counter(post(server, path, 5_000_000) for _ in range(60)) == {status: 60}
    assert Counter(post(server, "/sync", 150_000) for _ in range(60)) == {413: 60}
    assert post(server, "/sync", 100_000) == 200


@both
@pytest.mark.parametrize("text", [SHOP, SHOP + SECURE], ids=["without", "with Security"])
def test_forwarded_headers_follow_the_application_and_the_option(
    serve: Serve, folder: Path, interface: str, text: str
) -> None:
    (folder / "shop.py").write_text(text)
    headers = {"X-Forwarded-For": "192.0.2.1, 203.0.113.7", "X-Forwarded-Proto": "https"}
    first = serve("--workers", "1", "--interface", interface, "--access-log")
    second = serve("--workers", "1", "--interface", interface, "--forwarded-allow", "none")
    for server, address, scheme in (
        (first, "203.0.113.7", "https"),
        (second, "127.0.0.1", "http"),
    ):
        url = f"http://127.0.0.1:{server.port}/who"
        answer = httpx.get(url, headers=headers, timeout=LONGEST)
        assert answer.json()[:2] == [address, scheme]
    first.wait_for(r"203\.0\.113\.7 GET /who 200 ")


@both
def test_the_application_is_below_a_path(serve: Serve, interface: str) -> None:
    server = serve("--workers", "1", "--interface", interface, "--root-path", "/shop/")
    for path in ("/shop/who", "/who"):  # the proxy leaves the path, or removes it
        assert json.loads(server.ask(path))[2:] == ["/shop", "/shop/who"]


@both
def test_a_request_is_a_line_and_its_records_have_its_identifier(
    serve: Serve, interface: str
) -> None:
    server = serve("--workers", "1", "--interface", interface, "--access-log")
    url = f"http://127.0.0.1:{server.port}/who"
    answer = httpx.get(url, headers={"X-Request-Id": "from-proxy"}, timeout=LONGEST)
    assert answer.headers["X-Request-Id"] == "from-proxy"
    server.wait_for(r"WARNING in shop: asked for 127\.0\.0\.1 \[from-proxy\]")
    server.wait_for(r"Z 127\.0\.0\.1 GET /who 200 \d+ [\d.]+ms from-proxy\n")
    other = httpx.get(f"http://127.0.0.1:{server.port}/stream", timeout=LONGEST)
    found = other.headers["X-Request-Id"]
    server.wait_for(rf"streamed \[{found}\]")
    server.wait_for(rf"GET /stream 200 2 [\d.]+ms {found}\n")


def test_websockets_are_lines_of_json(serve: Serve) -> None:
    server = serve("--workers", "1", "--access-log", "--access-log-format", "json")
    connection = server.connect("/echo")
    connection.send("four")
    assert connection.recv(LONGEST) == "four"
    connection.close()
    line = json.loads(server.wait_for(r'\{"time": .*\}'))
    assert (line["method"], line["path"], line["status"]) == ("WEBSOCKET", "/echo", 101)
    assert line["bytes"] == 4


def test_a_path_cannot_write_a_line(serve: Serve) -> None:
    server = serve("--workers", "1", "--access-log")
    server.ask("/a%0A%0D2026%20forged%1b%5B31m")
    server.wait_for(r"GET /a%0A%0D2026%20forged%1B\[31m 404 ")
    assert not re.search("^2026 forged", server.printed, re.MULTILINE)


def test_the_level_hides_messages_of_the_server(folder: Path) -> None:
    server = Served(folder, "--workers", "1", "--log-level", "error")
    try:
        server.wait_until(server.listens)
        assert server.ask("/none")
        server.signal(signal.SIGTERM)
        server.wait()
        assert "[INFO]" not in server.printed
    finally:
        server.stop()


def test_a_busy_port_ends_the_command_without_a_traceback(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = subprocess.run(
            [*FLASK, "--app", "shop", "serve", "--port", str(port)],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 2


def test_a_socket_that_was_left_behind_is_used_again(serve: Serve, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(folder / "sock"))
    server = serve("--workers", "1", "--uds", str(folder / "sock"), "--access-log")
    transport = httpx.HTTPTransport(uds=str(folder / "sock"))
    with httpx.Client(transport=transport, timeout=LONGEST) as client:
        assert client.get("http://shop/none").status_code == 404
    server.wait_for("GET /none 404")
