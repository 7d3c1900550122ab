"""WebSockets of WSGI servers: handshakes that are refused, and servers that cannot hand over."""

from __future__ import annotations

import re
import socket
import sys
import typing as t
from contextlib import closing

import pytest
from polling import wait_until
from threaded_server import HANDSHAKE, ThreadedServer, handshake
from websockets.exceptions import ConnectionClosed, InvalidStatus
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask import Flask, abort, websocket

# Errors and limits --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [401, 404, 418])
def test_an_error_before_the_handshake_is_its_answer(server: ThreadedServer, code: int) -> None:
    @server.app.websocket("/")
    async def refuse() -> None:
        abort(code)

    with pytest.raises(InvalidStatus) as refused:
        server.connect("/")
    assert refused.value.response.status_code == code
    assert refused.value.response.headers["Content-Type"] == "text/html; charset=utf-8"


def test_closing_before_the_handshake_is_a_403(server: ThreadedServer) -> None:
    @server.app.websocket("/")
    async def close() -> None:
        await websocket.close()

    with pytest.raises(InvalidStatus) as refused:
        server.connect("/")
    assert refused.value.response.status_code == 403


def test_a_page_of_another_host_is_refused(echo: ThreadedServer) -> None:
    with pytest.raises(InvalidStatus) as refused:
        echo.connect("/echo", origin="https://elsewhere.example")
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("message", ["x" * 11, ["xxxx", "xxxx", "xxxx", "xxxx"]])
def test_what_is_too_large_closes_with_1009(echo: ThreadedServer, message: t.Any) -> None:
    echo.app.config["WEBSOCKET_MAX_MESSAGE_SIZE"] = 10
    with closing(echo.connect("/echo")) as it, pytest.raises(ConnectionClosed) as closed:
        it.send(message)  # in pieces it may be closed before the last one
        it.recv()
    assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize("message", [b"x" * 11, [b"x"] * 11, "x" * 11])
def test_without_a_limit_of_the_application_there_is_one_all_the_same(
    echo: ThreadedServer, monkeypatch: pytest.MonkeyPatch, message: t.Any
) -> None:
    echo.app.config["WEBSOCKET_MAX_MESSAGE_SIZE"] = None
    monkeypatch.setattr("flask.asgi._wsgi_upgrade._DEFAULT_MAX_MESSAGE", 10)
    with closing(echo.connect("/echo")) as it, pytest.raises(ConnectionClosed) as closed:
        it.send(message)  # in pieces it may be closed before the last one
        it.recv()
    assert closed.value.rcvd.code == 1009
    echo.wait_for("torn down: None")


def test_a_length_that_is_only_declared_costs_nothing(echo: ThreadedServer) -> None:
    with closing(echo.connect("/echo")) as it:
        it.socket.sendall(b"\x82\xff" + (1 << 40).to_bytes(8) + b"\0\0\0\0few bytes")
        it.socket.shutdown(socket.SHUT_WR)
        echo.wait_for("torn down: None")


@pytest.mark.slow
def test_a_thread_that_ends_leaves_no_greenlet_behind(
    server: ThreadedServer, made_greenlets: t.Any
) -> None:
    @server.app.websocket("/")
    async def talk() -> None:
        await websocket.send("hello")

    for _ in range(4):
        with closing(server.connect("/")) as it:
            assert it.recv() == "hello"
    assert len(made_greenlets) == 4
    # A thread that is not listed any more may still be about to end them.
    wait_until(lambda: not made_greenlets.left(), "the end of the threads")


def test_a_crash_closes_with_1011_and_is_logged_once(
    server: ThreadedServer, caplog: pytest.LogCaptureFixture
) -> None:
    @server.app.websocket("/")
    async def crash() -> None:
        await websocket.accept()
        raise ValueError("a crash")

    with closing(server.connect("/")) as it, pytest.raises(ConnectionClosed) as closed:
        it.recv()
    assert closed.value.rcvd.code == 1011
    assert [r.name for r in caplog.records if r.exc_info] == [server.app.name]


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
    echo: ThreadedServer, changed: dict[str, str | None], status: str
) -> None:
    head = {**HANDSHAKE, **changed}
    lines = [f"{name}: {value}" for name, value in head.items() if value is not None]
    answer = echo.send_raw("GET /echo HTTP/1.1", *lines)
    assert re.match(rb"HTTP/1.1 (%s)" % status.encode(), answer), answer
    assert echo.noted == []


def test_an_older_http_has_no_websockets(echo: ThreadedServer) -> None:
    lines = [f"{name}: {value}" for name, value in HANDSHAKE.items()]
    assert b" 400 " in echo.send_raw("GET /echo HTTP/1.0", *lines)
    assert echo.noted == []


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff", b"\x81\x01x", b"\x81\x81\0\0\0\0\xff"])
def test_malformed_frames_close_the_connection(echo: ThreadedServer, data: bytes) -> None:
    with closing(echo.connect("/echo")) as it:
        it.socket.sendall(data)
        with pytest.raises(ConnectionClosed) as closed:
            it.recv()
    assert closed.value.rcvd.code in {1002, 1007}
    echo.wait_for("torn down: None")


def ask(app: Flask, path: str = "/echo", **extra: t.Any) -> tuple[str, bytes]:
    """Ask for a WebSocket as a WSGI server without a connection to give."""
    with closing(EnvironBuilder(path, headers=t.cast("t.Any", HANDSHAKE))) as builder:
        environ = {**builder.get_environ(), **extra}
    body, status, _ = run_wsgi_app(app, environ, buffered=True)
    return status, b"".join(body)


# Servers that cannot hand over, and extensions with their own protocol ----------------------------


def test_without_a_connection_it_is_a_501_and_the_log_gives_the_reason(
    echo: ThreadedServer, caplog: pytest.LogCaptureFixture
) -> None:
    assert ask(echo.app)[0] == "501 NOT IMPLEMENTED"
    assert "'flask run' does" in caplog.text


def test_without_wsproto_it_is_a_501_and_the_log_names_what_to_install(
    echo: ThreadedServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "flask.asgi._wsgi_upgrade", None)
    with pytest.raises(InvalidStatus) as refused:
        echo.connect("/echo")
    assert refused.value.response.status_code == 501
    assert "pip install 'wsproto>=1.2' 'greenlet>=3.1'" in caplog.text


def test_a_worker_of_gunicorn_without_threads_is_not_kept(echo: ThreadedServer) -> None:
    extra = {"gunicorn.socket": object(), "wsgi.multithread": False}
    assert ask(echo.app, **extra)[0] == "501 NOT IMPLEMENTED"


def test_a_missing_path_is_a_404_of_requests(echo: ThreadedServer) -> None:
    echo.app.register_error_handler(404, lambda error: ("nothing here", 404))
    assert ask(echo.app, "/missing") == ("404 NOT FOUND", b"nothing here")


def test_a_view_that_takes_the_connection_itself_is_called_as_a_view(echo: ThreadedServer) -> None:
    """Extensions with their own protocol do so."""
    echo.app.add_url_rule("/own", "own", lambda: "the view", websocket=True)
    assert ask(echo.app, "/own") == ("200 OK", b"the view")


def test_another_upgrade_is_a_request(echo: ThreadedServer) -> None:
    echo.app.add_url_rule("/", "hello", lambda: "hello")
    assert ask(echo.app, "/", HTTP_UPGRADE="h2c") == ("200 OK", b"hello")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_only_a_get_request_is_a_handshake(echo: ThreadedServer, method: str) -> None:
    head = handshake("/echo").decode().replace("GET", method, 1).split("\r\n")[:-2]
    answer = echo.send_raw(*head, "Connection: close")
    assert answer.startswith(b"HTTP/1.1 400")
    assert (b"is a GET request" in answer) == (method == "OPTIONS")
