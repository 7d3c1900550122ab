"""WebSockets of WSGI servers that hand over their connection: in this process, and as processes."""

from __future__ import annotations

import asyncio
import gc
import importlib
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import typing as t
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
from run_process import LONGEST, Process
from werkzeug.serving import make_server
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask import Flask, abort, session, websocket
from flask.asgi._greenlet_executor import WorkerGreenlet
from flask.testing import FlaskClient

client_of = pytest.importorskip("websockets.sync.client")
from websockets.exceptions import ConnectionClosed, InvalidStatus  # noqa: E402

Start = Callable[..., Process]


class Room:
    """An application on Werkzeug's threaded server, and what happened in it."""

    def __init__(self) -> None:
        self.app = Flask(__name__)
        self.app.secret_key = "a key for tests"
        self.noted: list[str] = []
        self._changed = threading.Condition()
        self._clients = ExitStack()
        self._server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.port

    def note(self, what: str) -> None:
        with self._changed:
            self.noted.append(what)
            self._changed.notify_all()

    def wait_for(self, what: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: what in self.noted, LONGEST), self.noted

    def connect(self, path: str, **options: t.Any) -> t.Any:
        url = f"ws://127.0.0.1:{self.port}{path}"
        return self._clients.enter_context(client_of.connect(url, max_size=None, **options))

    def send_raw(self, *lines: str) -> bytes:
        """Send a request head as it stands; return all that is answered."""
        with socket.create_connection(("127.0.0.1", self.port), LONGEST) as raw:
            raw.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
            return b"".join(iter(lambda: raw.recv(65536), b""))

    def close(self) -> None:
        self._clients.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def room() -> Iterator[Room]:
    with closing(Room()) as room:
        yield room


@pytest.fixture(params=["async", "plain"])
def echo(request: t.Any, room: Room) -> Room:
    """A room with ``/echo``, by both kinds of handlers."""

    @room.app.teardown_websocket
    def torn(error: BaseException | None) -> None:
        room.note(f"torn down: {error}")

    if request.param == "async":

        @room.app.websocket("/echo")
        async def echo() -> None:
            async for message in websocket:
                await websocket.send(message)

    else:

        @room.app.websocket("/echo")
        def echo_plainly() -> None:
            for message in websocket:
                websocket.send(message)

    return room


HANDSHAKE = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
PING = b"\x89\x84\0\0\0\0ping"
CLOSE = b"\x88\x82\0\0\0\0\x03\xe8"


def handshake(path: str) -> bytes:
    head = [f"{name}: {value}" for name, value in HANDSHAKE.items()]
    return "\r\n".join([f"GET {path} HTTP/1.1", *head, "", ""]).encode()


# Talking ----------------------------------------------------------------------------------------

MESSAGES = {
    "text": "hello",
    "empty": "",
    "bytes": b"\x00\xff",
    "beyond ASCII": "é" * 1000,
    "large": b"z" * 1_000_000,
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_messages_go_both_ways(echo: Room, message: str | bytes) -> None:
    with closing(echo.connect("/echo")) as it:
        it.send(message)
        assert it.recv() == message
    echo.wait_for("torn down: None")


def test_a_message_may_come_in_fragments_and_is_one(echo: Room) -> None:
    with closing(echo.connect("/echo")) as it:
        it.send(["one ", "two ", "three"])
        assert it.recv() == "one two three"


def test_a_ping_is_answered(echo: Room) -> None:
    with closing(echo.connect("/echo")) as it:
        assert it.ping().wait(LONGEST)


def test_several_talk_at_a_time_while_requests_are_answered(echo: Room) -> None:
    echo.app.add_url_rule("/", "hello", lambda: "hello")
    all_of_them = [echo.connect("/echo") for _ in range(10)]
    for number, it in enumerate(all_of_them):
        it.send(f"message {number}")
    assert echo.send_raw("GET / HTTP/1.1", "Host: localhost").endswith(b"hello")
    assert [it.recv() for it in all_of_them] == [f"message {n}" for n in range(10)]
    for it in all_of_them:
        it.close()


def test_the_client_chooses_a_closing_code(room: Room) -> None:
    @room.app.websocket("/")
    async def listen() -> None:
        await websocket.accept()
        try:
            await websocket.receive()
        except asyncio.CancelledError as gone:
            room.note(f"{gone.code} {gone.reason}")  # type: ignore[attr-defined]

    room.connect("/").close(4001, "enough")
    room.wait_for("4001 enough")


def test_the_handler_chooses_a_closing_code_and_headers(room: Room) -> None:
    @room.app.websocket("/")
    async def close() -> None:
        await websocket.accept({"X-Answer": "yes"}, "chat")
        await websocket.close(4002, "closed")

    with closing(room.connect("/", subprotocols=["news", "chat"])) as it:
        assert it.subprotocol == "chat"
        assert it.response.headers["X-Answer"] == "yes"
        with pytest.raises(ConnectionClosed) as closed:
            it.recv()
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4002, "closed")


def test_a_client_that_vanishes_cancels_a_handler_that_waits(room: Room) -> None:
    @room.app.websocket("/")
    async def wait() -> None:
        try:
            await websocket.send("waiting")
            await asyncio.Event().wait()
        finally:
            room.note("cancelled")

    it = room.connect("/")
    assert it.recv() == "waiting"
    it.socket.shutdown(socket.SHUT_RDWR)
    room.wait_for("cancelled")
    it.close()


@pytest.mark.parametrize("data", [PING * 3000, CLOSE * 2], ids=["pings", "goodbyes"])
def test_a_client_that_does_not_wait_for_what_it_asks_for_is_gone(room: Room, data: bytes) -> None:
    @room.app.websocket("/")
    async def wait() -> None:
        await websocket.accept()
        room.note("waiting")
        try:
            await asyncio.Event().wait()
        finally:
            room.note("cancelled")

    with socket.create_connection(("127.0.0.1", room.port), LONGEST) as raw:
        raw.sendall(handshake("/"))
        room.wait_for("waiting")
        raw.sendall(data)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    room.wait_for("cancelled")


def test_the_end_of_the_process_does_not_wait_for_a_client_that_ignores_a_goodbye(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    @room.app.websocket("/")
    async def close() -> None:
        await websocket.accept()
        await websocket.close()
        room.note("closing")

    live = importlib.import_module("flask.asgi._wsgi_upgrade")._open_connections
    monkeypatch.setattr(live, "is_exiting", False)
    with socket.create_connection(("127.0.0.1", room.port), LONGEST) as raw:
        raw.sendall(handshake("/"))
        room.wait_for("closing")
        live.close_all()
        assert not live._tasks


def test_background_work_is_done_although_the_loop_ends(room: Room) -> None:
    @room.app.websocket("/")
    async def begin() -> None:
        await websocket.accept()

        async def work() -> None:
            await asyncio.sleep(0)
            room.note("done")

        room.app.add_background_task(work)

    room.connect("/").close()
    room.wait_for("done")


def test_serving_begins_before_the_first_websocket(echo: Room) -> None:
    echo.app.before_serving(lambda: echo.note("begun"))
    with closing(echo.connect("/echo")) as it:
        it.send("hello")
        assert it.recv() == "hello"
    assert echo.noted[0] == "begun"


def test_middleware_of_asgi_stands_around_it(echo: Room) -> None:
    inner = echo.app.asgi_app

    async def outer(scope: t.Any, receive: t.Any, send: t.Any) -> None:
        echo.note(f"{scope['type']} {scope['scheme']} {scope['path']}")
        await inner(scope, receive, send)

    echo.app.asgi_app = outer  # type: ignore[method-assign, assignment]
    echo.connect("/echo").close()
    echo.wait_for("websocket ws /echo")


def test_the_session_can_be_read(room: Room) -> None:
    @room.app.websocket("/")
    async def greet() -> None:
        await websocket.send(session["name"])

    client: FlaskClient = room.app.test_client()
    with client.session_transaction() as opened:
        opened["name"] = "ann"
    cookie = client.get_cookie("session")
    assert cookie is not None
    with closing(room.connect("/", additional_headers={"Cookie": f"session={cookie.value}"})) as it:
        assert it.recv() == "ann"


# Refusing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [401, 404, 418])
def test_an_error_before_the_handshake_is_its_answer(room: Room, code: int) -> None:
    @room.app.websocket("/")
    async def refuse() -> None:
        abort(code)

    with pytest.raises(InvalidStatus) as refused:
        room.connect("/")
    assert refused.value.response.status_code == code
    assert refused.value.response.headers["Content-Type"] == "text/html; charset=utf-8"


def test_closing_before_the_handshake_is_a_403(room: Room) -> None:
    @room.app.websocket("/")
    async def close() -> None:
        await websocket.close()

    with pytest.raises(InvalidStatus) as refused:
        room.connect("/")
    assert refused.value.response.status_code == 403


def test_a_page_of_another_host_is_refused(echo: Room) -> None:
    with pytest.raises(InvalidStatus) as refused:
        echo.connect("/echo", origin="https://elsewhere.example")
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("message", ["x" * 11, ["xxxx", "xxxx", "xxxx", "xxxx"]])
def test_what_is_too_large_closes_with_1009(echo: Room, message: t.Any) -> None:
    echo.app.config["WEBSOCKET_MAX_MESSAGE_SIZE"] = 10
    with closing(echo.connect("/echo")) as it, pytest.raises(ConnectionClosed) as closed:
        it.send(message)  # in pieces it may be closed before the last one
        it.recv()
    assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize("message", [b"x" * 11, [b"x"] * 11, "x" * 11])
def test_without_a_limit_of_the_application_there_is_one_all_the_same(
    echo: Room, monkeypatch: pytest.MonkeyPatch, message: t.Any
) -> None:
    echo.app.config["WEBSOCKET_MAX_MESSAGE_SIZE"] = None
    monkeypatch.setattr("flask.asgi._wsgi_upgrade._DEFAULT_MAX_MESSAGE", 10)
    with closing(echo.connect("/echo")) as it, pytest.raises(ConnectionClosed) as closed:
        it.send(message)  # in pieces it may be closed before the last one
        it.recv()
    assert closed.value.rcvd.code == 1009
    echo.wait_for("torn down: None")


def test_a_length_that_is_only_declared_costs_nothing(echo: Room) -> None:
    with closing(echo.connect("/echo")) as it:
        it.socket.sendall(b"\x82\xff" + (1 << 40).to_bytes(8) + b"\0\0\0\0few bytes")
        it.socket.shutdown(socket.SHUT_WR)
        echo.wait_for("torn down: None")


def test_a_thread_that_ends_leaves_no_fiber_behind(room: Room) -> None:
    @room.app.websocket("/")
    async def talk() -> None:
        await websocket.send("hello")

    def fibers() -> int:
        gc.collect()
        return sum(type(it) is WorkerGreenlet for it in gc.get_objects())

    def talk_once() -> None:
        others = set(threading.enumerate())
        with closing(room.connect("/")) as it:
            assert it.recv() == "hello"
        # To its end: who lists all objects meanwhile would hold what it leaves.
        for thread in set(threading.enumerate()) - others:
            thread.join(LONGEST)

    talk_once()
    before = fibers()
    for _ in range(3):
        talk_once()
    assert fibers() <= before  # others may go meanwhile


def test_a_crash_closes_with_1011_and_is_logged_once(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    @room.app.websocket("/")
    async def crash() -> None:
        await websocket.accept()
        raise ValueError("a crash")

    with closing(room.connect("/")) as it, pytest.raises(ConnectionClosed) as closed:
        it.recv()
    assert closed.value.rcvd.code == 1011
    assert [r.name for r in caplog.records if r.exc_info] == [room.app.name]


MALFORMED = [
    ({"Sec-WebSocket-Version": "12"}, "426 UPGRADE REQUIRED|426 Upgrade Required"),
    ({"Sec-WebSocket-Version": None}, "400"),
    ({"Sec-WebSocket-Key": None}, "400"),
    ({"Sec-WebSocket-Key": "c2hvcnQ="}, "400"),
    ({"Sec-WebSocket-Key": "!" * 24}, "400"),
    ({"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="}, "400"),
    ({"Content-Length": "5"}, "400"),
    ({"Transfer-Encoding": "chunked"}, "400"),
]


@pytest.mark.parametrize(("changed", "status"), MALFORMED, ids=lambda it: str(it))
def test_a_malformed_handshake_is_answered(
    echo: Room, changed: dict[str, str | None], status: str
) -> None:
    head = {**HANDSHAKE, **changed}
    lines = [f"{name}: {value}" for name, value in head.items() if value is not None]
    answer = echo.send_raw("GET /echo HTTP/1.1", *lines)
    assert re.match(rb"HTTP/1.1 (%s)" % status.encode(), answer), answer
    assert echo.noted == []


def test_an_older_http_has_no_websockets(echo: Room) -> None:
    lines = [f"{name}: {value}" for name, value in HANDSHAKE.items()]
    assert b" 400 " in echo.send_raw("GET /echo HTTP/1.0", *lines)
    assert echo.noted == []


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff", b"\x81\x01x", b"\x81\x81\0\0\0\0\xff"])
def test_malformed_frames_close_the_connection(echo: Room, data: bytes) -> None:
    with closing(echo.connect("/echo")) as it:
        it.socket.sendall(data)
        with pytest.raises(ConnectionClosed) as closed:
            it.recv()
    assert closed.value.rcvd.code in {1002, 1007}
    echo.wait_for("torn down: None")


# Servers that cannot, and extensions that do it themselves --------------------------------------


def ask(app: Flask, path: str = "/echo", **extra: t.Any) -> tuple[str, bytes]:
    """Ask for a WebSocket as a WSGI server without a connection to give."""
    with closing(EnvironBuilder(path, headers=t.cast("t.Any", HANDSHAKE))) as builder:
        environ = {**builder.get_environ(), **extra}
    body, status, _ = run_wsgi_app(app, environ, buffered=True)
    return status, b"".join(body)


def test_without_a_connection_it_is_a_501_and_the_log_says_why(
    echo: Room, caplog: pytest.LogCaptureFixture
) -> None:
    assert ask(echo.app)[0] == "501 NOT IMPLEMENTED"
    assert "'flask run' does" in caplog.text


def test_without_wsproto_it_is_a_501_and_the_log_says_what_to_install(
    echo: Room, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "flask.asgi._wsgi_upgrade", None)
    with pytest.raises(InvalidStatus) as refused:
        echo.connect("/echo")
    assert refused.value.response.status_code == 501
    assert "pip install 'flask[asgi]'" in caplog.text


def test_a_worker_of_gunicorn_without_threads_is_not_kept(echo: Room) -> None:
    extra = {"gunicorn.socket": object(), "wsgi.multithread": False}
    assert ask(echo.app, **extra)[0] == "501 NOT IMPLEMENTED"


def test_a_missing_path_is_a_404_of_requests(echo: Room) -> None:
    echo.app.register_error_handler(404, lambda error: ("nothing here", 404))
    assert ask(echo.app, "/missing") == ("404 NOT FOUND", b"nothing here")


def test_a_view_that_takes_the_connection_itself_is_called_as_a_view(echo: Room) -> None:
    """As extensions do it that bring a protocol of their own."""
    echo.app.add_url_rule("/own", "own", lambda: "the view", websocket=True)
    assert ask(echo.app, "/own") == ("200 OK", b"the view")


def test_another_upgrade_is_a_request(echo: Room) -> None:
    echo.app.add_url_rule("/", "hello", lambda: "hello")
    assert ask(echo.app, "/", HTTP_UPGRADE="h2c") == ("200 OK", b"hello")


# Real processes ---------------------------------------------------------------------------------

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

@app.websocket("/plain")
def plain():
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


@pytest.mark.parametrize("arguments", SERVERS.values(), ids=SERVERS)
def test_a_real_server_speaks_websocket(start: Start, arguments: tuple[str, ...]) -> None:
    if "gunicorn" in arguments:
        pytest.importorskip("gunicorn")
    server = start(APP, *arguments)
    both = [server.connect(path) for path in ("/echo", "/plain")]
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


def test_a_server_that_stops_says_so_and_then_ends(start: Start) -> None:
    server = start(APP, *SERVERS["flask run"])
    both = [server.connect(path) for path in ("/echo", "/plain")]
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


# What a client can hold ---------------------------------------------------------------------------

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


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_only_a_get_request_is_a_handshake(echo: Room, method: str) -> None:
    head = handshake("/echo").decode().replace("GET", method, 1).split("\r\n")[:-2]
    answer = echo.send_raw(*head, "Connection: close")
    assert answer.startswith(b"HTTP/1.1 400")
    assert (b"is a GET request" in answer) == (method == "OPTIONS")
