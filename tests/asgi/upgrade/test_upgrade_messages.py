"""WebSockets of WSGI servers that hand over their connection: messages, and how they end."""

from __future__ import annotations

import asyncio
import importlib
import socket
import struct
import typing as t
from contextlib import closing

import pytest
from polling import LONGEST
from threaded_server import MESSAGES, ThreadedServer, handshake
from websockets.exceptions import ConnectionClosed

from flask import session, websocket
from flask.testing import FlaskClient

PING = b"\x89\x84\0\0\0\0ping"


CLOSE = b"\x88\x82\0\0\0\0\x03\xe8"


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_messages_go_both_ways(echo: ThreadedServer, message: str | bytes) -> None:
    with closing(echo.connect("/echo")) as it:
        it.send(message)
        assert it.recv() == message
    echo.wait_for("torn down: None")


def test_a_message_in_fragments_is_received_as_one(echo: ThreadedServer) -> None:
    with closing(echo.connect("/echo")) as it:
        it.send(["one ", "two ", "three"])
        assert it.recv() == "one two three"


def test_a_ping_is_answered(echo: ThreadedServer) -> None:
    with closing(echo.connect("/echo")) as it:
        assert it.ping().wait(LONGEST)


def test_several_clients_send_at_a_time_while_requests_are_answered(echo: ThreadedServer) -> None:
    echo.app.add_url_rule("/", "hello", lambda: "hello")
    all_of_them = [echo.connect("/echo") for _ in range(10)]
    for number, it in enumerate(all_of_them):
        it.send(f"message {number}")
    assert echo.send_raw("GET / HTTP/1.1", "Host: localhost").endswith(b"hello")
    assert [it.recv() for it in all_of_them] == [f"message {n}" for n in range(10)]
    for it in all_of_them:
        it.close()


def test_the_client_chooses_a_closing_code(server: ThreadedServer) -> None:
    @server.app.websocket("/")
    async def listen() -> None:
        await websocket.accept()
        try:
            await websocket.receive()
        except asyncio.CancelledError as gone:
            server.note(f"{gone.code} {gone.reason}")  # type: ignore[attr-defined]

    server.connect("/").close(4001, "enough")
    server.wait_for("4001 enough")


def test_the_handler_chooses_a_closing_code_and_headers(server: ThreadedServer) -> None:
    @server.app.websocket("/")
    async def close() -> None:
        await websocket.accept({"X-Answer": "yes"}, "chat")
        await websocket.close(4002, "closed")

    with closing(server.connect("/", subprotocols=["news", "chat"])) as it:
        assert it.subprotocol == "chat"
        assert it.response.headers["X-Answer"] == "yes"
        with pytest.raises(ConnectionClosed) as closed:
            it.recv()
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4002, "closed")


def test_a_client_that_vanishes_cancels_a_handler_that_waits(server: ThreadedServer) -> None:
    @server.app.websocket("/")
    async def wait() -> None:
        try:
            await websocket.send("waiting")
            await asyncio.Event().wait()
        finally:
            server.note("cancelled")

    it = server.connect("/")
    assert it.recv() == "waiting"
    it.socket.shutdown(socket.SHUT_RDWR)
    server.wait_for("cancelled")
    it.close()


@pytest.mark.parametrize("data", [PING * 3000, CLOSE * 2], ids=["pings", "close frames"])
def test_a_client_that_resets_the_connection_has_disconnected(
    server: ThreadedServer, data: bytes
) -> None:
    @server.app.websocket("/")
    async def wait() -> None:
        await websocket.accept()
        server.note("waiting")
        try:
            await asyncio.Event().wait()
        finally:
            server.note("cancelled")

    with socket.create_connection(("127.0.0.1", server.port), LONGEST) as raw:
        raw.sendall(handshake("/"))
        server.wait_for("waiting")
        raw.sendall(data)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.wait_for("cancelled")


def test_the_end_of_the_process_does_not_wait_for_a_client_that_ignores_a_close_frame(
    server: ThreadedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    @server.app.websocket("/")
    async def close() -> None:
        await websocket.accept()
        await websocket.close()
        server.note("closing")

    live = importlib.import_module("flask.asgi._wsgi_upgrade")._open_connections
    monkeypatch.setattr(live, "is_exiting", False)
    with socket.create_connection(("127.0.0.1", server.port), LONGEST) as raw:
        raw.sendall(handshake("/"))
        server.wait_for("closing")
        live.close_all()
        assert not live._tasks


def test_background_work_is_done_although_the_loop_ends(server: ThreadedServer) -> None:
    @server.app.websocket("/")
    async def begin() -> None:
        await websocket.accept()

        async def work() -> None:
            await asyncio.sleep(0)
            server.note("done")

        server.app.add_background_task(work)

    server.connect("/").close()
    server.wait_for("done")


def test_serving_begins_before_the_first_websocket(echo: ThreadedServer) -> None:
    echo.app.before_serving(lambda: echo.note("begun"))
    with closing(echo.connect("/echo")) as it:
        it.send("hello")
        assert it.recv() == "hello"
    assert echo.noted[0] == "begun"


def test_asgi_middleware_wraps_it(echo: ThreadedServer) -> None:
    inner = echo.app.asgi_app

    async def outer(scope: t.Any, receive: t.Any, send: t.Any) -> None:
        echo.note(f"{scope['type']} {scope['scheme']} {scope['path']}")
        await inner(scope, receive, send)

    echo.app.asgi_app = outer  # type: ignore[method-assign, assignment]
    echo.connect("/echo").close()
    echo.wait_for("websocket ws /echo")


def test_the_session_can_be_read(server: ThreadedServer) -> None:
    @server.app.websocket("/")
    async def greet() -> None:
        await websocket.send(session["name"])

    client: FlaskClient = server.app.test_client()
    with client.session_transaction() as opened:
        opened["name"] = "ann"
    cookie = client.get_cookie("session")
    assert cookie is not None
    with closing(
        server.connect("/", additional_headers={"Cookie": f"session={cookie.value}"})
    ) as it:
        assert it.recv() == "ann"
