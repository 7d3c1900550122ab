"""``flask run`` while connections stay open: other requests, reloading, and Ctrl-C."""

from __future__ import annotations

import socket
from collections.abc import Callable

import httpx
import pytest
from polling import LONGEST
from server_process import Process
from websockets.exceptions import ConnectionClosed

pytestmark = pytest.mark.slow

Start = Callable[..., Process]

APP = """\
import asyncio
import os
import threading
from flask import Flask, request, stream_events, websocket

app = Flask(__name__)
news = threading.Condition()
messages = []

def note(what):
    os.write(1, f"{what}\\n".encode())  # in one piece, despite other threads

@app.after_serving
def after():
    note("after serving")

@app.route("/")
def version():
    return "one"

@app.post("/publish")
def publish():
    with news:
        messages.append(request.get_data(as_text=True))
        news.notify_all()
    return "published"

@app.route("/async")
async def listen_async():
    async def generate():
        try:
            yield "connected"
            for number in range(1_000_000):
                while number >= len(messages):
                    await asyncio.sleep(0.01)
                yield messages[number]
        finally:
            note("left async stream")

    return stream_events(generate(), heartbeat=0.05)

@app.route("/sync")
def listen():
    def generate():
        try:
            yield "connected"
            for number in range(1_000_000):
                with news:
                    while number >= len(messages):
                        news.wait(0.01)
                yield messages[number]
        finally:
            note("left sync stream")

    return stream_events(generate(), heartbeat=0.05)

@app.websocket("/echo")
async def echo():
    try:
        async for message in websocket:
            await websocket.send(message)
    finally:
        note("left async websocket")

@app.websocket("/echo-sync")
def echo_sync():
    try:
        for message in websocket:
            websocket.send(message)
    finally:
        note("left sync websocket")

@app.websocket("/silent")
async def silent():
    try:
        await websocket.send("hello")
        await asyncio.Event().wait()
    finally:
        note("left silent websocket")
"""
RUN = ("-m", "flask", "run", "--port", "0")
WEBSOCKETS = ("/echo", "/echo-sync")
STREAMS = ("/async", "/sync")


def talk(server: Process, path: str) -> object:
    """Open a WebSocket, and see that it works."""
    it = server.connect(path)
    it.send("hello")
    assert it.recv() == "hello"
    return it


def expect_farewell(it: object) -> None:
    with pytest.raises(ConnectionClosed) as closed:
        it.recv(LONGEST)  # type: ignore[attr-defined]
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


def stay_silent(server: Process, path: str) -> socket.socket:
    """Open a WebSocket as a client that hangs: it answers nothing, not even a close frame."""
    host, port = server.address.split(":")
    raw = socket.create_connection((host, int(port)), LONGEST)
    raw.sendall(
        f"GET {path} HTTP/1.1\r\nHost: {server.address}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert raw.recv(12) == b"HTTP/1.1 101"
    return raw


@pytest.mark.parametrize("path", STREAMS)
def test_a_page_that_listens_delays_no_other_request(start: Start, path: str) -> None:
    server = start(APP, *RUN)
    pages = [server.listen(path) for _ in range(3)]
    assert [next(page) for page in pages] == ["connected"] * 3
    for text in ("a", "b"):
        assert [server.ask() for _ in range(10)] == ["one"] * 10
        assert httpx.post(f"http://{server.address}/publish", content=text).text == "published"
        assert [next(page) for page in pages] == [text] * 3
    for page in pages:
        page.close()
    httpx.post(
        f"http://{server.address}/publish", content="c"
    )  # a synchronous generator ends at its next step
    server.wait_for(r"(?s)(left \w+ stream.*){3}")
    assert "Traceback" not in server.printed


def test_a_change_reloads_while_connections_are_open(start: Start) -> None:
    server = start(APP, *RUN, "--debug")
    talking = [talk(server, path) for path in WEBSOCKETS]
    listening = [server.listen(path) for path in STREAMS]
    assert [next(page) for page in listening] == ["connected"] * 2
    with stay_silent(server, "/silent"):
        server.write(APP.replace('"one"', '"two"'))
        for it in talking:
            expect_farewell(it)
        for page in listening:
            with pytest.raises(httpx.RemoteProtocolError):
                next(page)
        server.wait_for(r"(?s)Detected change.*after serving.*Restarting with")
        assert server.ask() == "two"
    for kind in ("async", "sync", "silent"):
        assert server.printed.count(f"left {kind} websocket") == 1
    assert "Traceback" not in server.printed


STOPPED = {
    "all at once": ((), (*WEBSOCKETS, "/silent"), STREAMS),
    "one at a time": (("--without-threads",), ("/echo",), ()),
    "one at a time, by a sync handler": (("--without-threads",), ("/echo-sync",), ()),
    "one at a time, with a client that hangs": (("--without-threads",), ("/silent",), ()),
}


@pytest.mark.parametrize(("options", "talks", "streams"), STOPPED.values(), ids=STOPPED)
def test_ctrl_c_ends_it_while_connections_are_open(
    start: Start, options: tuple[str, ...], talks: tuple[str, ...], streams: tuple[str, ...]
) -> None:
    server = start(APP, *RUN, *options)
    talking = [talk(server, path) for path in talks if path != "/silent"]
    silent = [stay_silent(server, path) for path in talks if path == "/silent"]
    listening = [server.listen(path) for path in streams]
    assert [next(page) for page in listening] == ["connected"] * len(streams)
    server.interrupt()
    for it in talking:
        if options:  # an interrupt may hit what talks there, at any place
            with pytest.raises(ConnectionClosed):
                it.recv(LONGEST)  # type: ignore[attr-defined]
        else:
            expect_farewell(it)
    for page in listening:
        with pytest.raises(httpx.RemoteProtocolError):
            next(page)
    assert server.wait() == 0
    for raw in silent:
        raw.close()
    assert server.printed.count(" websocket\n") == len(talks)
    assert server.printed.count("after serving\n") == 1
    assert "Traceback" not in server.printed


def test_ctrl_c_ends_the_reloader_too(start: Start) -> None:
    """Its first process gives the second one a quarter of a second, whatever that has to say."""
    server = start(APP, *RUN, "--debug")
    it = talk(server, "/echo")
    page = server.listen("/async")
    assert next(page) == "connected"
    with stay_silent(server, "/silent"):
        server.interrupt()
        assert server.wait() == 0
    with pytest.raises(ConnectionClosed):
        it.recv(LONGEST)
    with pytest.raises(httpx.RemoteProtocolError):
        next(page)
    assert "Traceback" not in server.printed
