"""WebSockets of WSGI servers in separate processes, and the memory that a client can use."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from polling import LONGEST
from server_process import Process
from threaded_server import MESSAGES, handshake
from websockets.exceptions import ConnectionClosed, InvalidStatus

Start = Callable[..., Process]


APP = """\
from flask import Flask, abort, websocket

app = Flask(__name__)

@app.after_serving
def after():
    print("after serving", flush=True)

@app.route("/")
def hello():
    return "hello"

@app.websocket("/echo")
async def echo():
    async for message in websocket:
        await websocket.send(message)
    print("left", flush=True)

@app.websocket("/sync")
def sync():
    for message in websocket:
        websocket.send(message)

@app.websocket("/refused")
async def refused():
    abort(401)

if __name__ == "__main__":
    app.run(port=0)
"""


SERVERS = {
    "flask run": ("-m", "flask", "run", "--port", "0"),
    "flask run --debug": ("-m", "flask", "run", "--debug", "--port", "0"),
    "python app.py": ("app.py",),
    "gunicorn": ("-m", "gunicorn", "app:app", "--threads", "8", "--bind", "127.0.0.1:0"),
}


# Messages and shutdown ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("arguments", SERVERS.values(), ids=SERVERS)
def test_a_real_server_speaks_websocket(start: Start, arguments: tuple[str, ...]) -> None:
    if "gunicorn" in arguments:
        pytest.importorskip("gunicorn")
    server = start(APP, *arguments)
    both = [server.connect(path) for path in ("/echo", "/sync")]
    for it in both:
        for message in MESSAGES.values():
            it.send(message)
            assert it.recv() == message
    with pytest.raises(InvalidStatus) as refused:
        server.connect("/refused")
    assert refused.value.response.status_code == 401
    for it in both:
        it.close(4001)
    server.wait_for("left")
    assert "Traceback" not in server.printed


@pytest.mark.slow
def test_a_server_that_stops_closes_with_1001_and_ends(start: Start) -> None:
    server = start(APP, *SERVERS["flask run"])
    both = [server.connect(path) for path in ("/echo", "/sync")]
    for it in both:
        it.send("hello")
        assert it.recv() == "hello"
    server.interrupt()
    for it in both:
        with pytest.raises(ConnectionClosed) as closed:
            it.recv(LONGEST)
        assert closed.value.rcvd.code == 1001
    server.wait_for("after serving")
    assert "Traceback" not in server.printed


@pytest.mark.slow
def test_it_works_over_tls(start: Start, tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    try:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", str(key), "-out", str(cert)),
            ],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    server = start(APP, *SERVERS["flask run"], "--cert", str(cert), "--key", str(key))
    trust = ssl.create_default_context(cafile=str(cert))
    it = server.connect("/echo", ssl=trust)
    for message in MESSAGES.values():
        it.send(message)
        assert it.recv() == message
    it.close()
    server.wait_for("left")
    assert "Traceback" not in server.printed


HOARD = """\
import asyncio
import resource
from flask import Flask, websocket

app = Flask(__name__)

@app.websocket("/")
async def deaf():
    await websocket.accept()
    await asyncio.Event().wait()

@app.route("/memory")
def memory():
    with open("/proc/self/statm") as file:
        return str(int(file.read().split()[1]) * resource.getpagesize())
"""


KIB = 1024


def frame(data: bytes, opcode: int = 2, is_last: bool = True) -> bytes:
    """Return a frame as clients send it, masked with zeros (RFC 6455 section 5.2)."""
    length = len(data)
    head = bytes([opcode | (0x80 if is_last else 0)])
    if length < 126:
        return head + bytes([0x80 | length]) + b"\0\0\0\0" + data
    return head + b"\xff" + length.to_bytes(8) + b"\0\0\0\0" + data


FLOODS = {
    "large messages": frame(b"x" * 1024 * KIB) * 32,
    "texts beyond ASCII": frame("\N{GRINNING FACE}".encode() + b"x" * 1000 * KIB, 1) * 32,
    "empty messages": frame(b"") * 500_000,
    "a message in many fragments": (
        frame(b"ab", 2, False) + frame(b"ab", 0, False) * (500 * KIB) + frame(b"", 0)
    ),
}


# Memory -------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="it is read from /proc")
@pytest.mark.parametrize("flood", FLOODS)
def test_a_client_holds_little_memory(start: Start, flood: str) -> None:
    server = start(HOARD, *SERVERS["flask run"])
    host, _, port = server.address.partition(":")
    before = int(server.ask("/memory"))
    with ExitStack() as open_clients:
        for _ in range(4):
            raw = open_clients.enter_context(socket.create_connection((host, int(port)), LONGEST))
            raw.sendall(handshake("/"))
            assert raw.recv(65536).startswith(b"HTTP/1.1 101")
            raw.settimeout(0.5)
            with suppress(TimeoutError):  # it is read no further
                raw.sendall(FLOODS[flood])
        grown = int(server.ask("/memory")) - before
    assert grown < 4 * 12 * KIB * KIB  # a character beyond ASCII makes each one take 4 bytes
