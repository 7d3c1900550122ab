"""``flask serve`` over WSGI and ASGI in separate processes: under load, and at shutdown."""

from __future__ import annotations

import signal
import socket
import threading
import typing as t
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from flask_serve_process import Served, needs_granian
from polling import wait_until

pytestmark = [needs_granian, pytest.mark.slow]
Serve = Callable[..., Served]

COMMON = """\
import asyncio
import os
import time
from flask import Flask, request

VERSION = "one"
app = Flask(__name__)

def note(file, what):
    with open(file, "a") as opened:
        opened.write(f"{what}\\n")

@app.before_serving
def before():
    note("lifespan", f"before {os.getpid()}")

@app.after_serving
def after():
    note("lifespan", f"after {os.getpid()}")

@app.route("/which")
def which():
    return "asgi" if "asgi.scope" in request.environ else "wsgi"

@app.route("/begun/<number>")
def begun(number):
    note("begun", number)
    return VERSION
"""
WSGI = f"""\
{COMMON}
@app.route("/held/<number>")
def held(number):
    note("held", number)
    while not os.path.exists("go-on"):
        time.sleep(0.01)
    return number

@app.route("/later")
def later():
    def work():
        note("later", "begun")
        while not os.path.exists("go-on"):
            time.sleep(0.01)
        note("lifespan", "worked")

    app.add_background_task(work)
    return "ok"
"""
ASGI = f"""\
{COMMON}
from flask import stream_events, websocket

@app.route("/held/<number>")
async def held(number):
    note("held", number)
    while not os.path.exists("go-on"):
        await asyncio.sleep(0.01)
    return number

@app.route("/later")
async def later():
    async def work():
        note("later", "begun")
        while not os.path.exists("go-on"):
            await asyncio.sleep(0.01)
        note("lifespan", "worked")

    app.add_background_task(work)
    return "ok"

@app.route("/protocol")
async def protocol():
    return request.environ["SERVER_PROTOCOL"]

@app.route("/events")
async def events():
    async def generate():
        for number in range(3):
            await asyncio.sleep(0.001)
            yield str(number)

    return stream_events(generate())

@app.websocket("/echo")
async def echo():
    async for message in websocket:
        await websocket.send(message)

@app.websocket("/sync")
def sync():
    for message in websocket:
        websocket.send(message)

@app.websocket("/closes")
async def closes():
    await websocket.receive()
    await websocket.close(4001, "enough")
"""
BOTH = {"wsgi": WSGI, "asgi": ASGI}


@pytest.fixture(params=["wsgi", "asgi"])
def interface(request: t.Any) -> str:
    interface: str = request.param
    return interface


@pytest.fixture
def folder(tmp_path: Path, interface: str) -> Path:
    (tmp_path / "shop.py").write_text(BOTH[interface])
    return tmp_path


def lines_of(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


on_asgi = pytest.mark.parametrize("interface", ["asgi"], indirect=True)


# What is served ---------------------------------------------------------------------------------


def test_the_app_chooses_and_an_option_overrules_it(serve: Serve, interface: str) -> None:
    other = {"wsgi": "asgi", "asgi": "wsgi"}[interface]
    assert serve("--workers", "1").ask("/which") == interface
    assert serve("--workers", "1", "--interface", other).ask("/which") == other


@on_asgi
def test_events_and_websockets_are_served(serve: Serve) -> None:
    server = serve("--workers", "1")
    assert server.ask("/events").endswith("data: 0\n\ndata: 1\n\ndata: 2\n\n")
    for path in ("/echo", "/sync"):
        it = server.connect(path)
        for message in ("text", b"bytes", "é" * 10_000):
            it.send(message)
            assert it.recv() == message
        it.close()


@on_asgi
def test_a_websocket_is_closed_with_the_handlers_code(serve: Serve) -> None:
    it = serve("--workers", "1").connect("/closes")
    it.send("go")
    with pytest.raises(Exception, match=r"4001 .* enough"):
        it.recv(timeout=60)


@on_asgi
@pytest.mark.parametrize("http", ["auto", "2"])
def test_http_2_works_without_tls_with_prior_knowledge(serve: Serve, http: str) -> None:
    pytest.importorskip("h2")
    server = serve("--workers", "1", "--http", http)
    with httpx.Client(http1=False, http2=True, timeout=60) as client:
        answer = client.get(f"http://127.0.0.1:{server.port}/protocol")
    assert (answer.http_version, answer.text) == ("HTTP/2", "HTTP/2.0")


# It stops ---------------------------------------------------------------------------------------


def test_200_requests_under_way_are_answered(serve: Serve, folder: Path, interface: str) -> None:
    threads = ("--threads", "200") if interface == "wsgi" else ()
    server = serve("--workers", "2", *threads)
    with ThreadPoolExecutor(200) as pool:
        answers = [pool.submit(server.ask, f"/held/{number}") for number in range(200)]
        wait_until(lambda: len(lines_of(folder / "held")) == 200)
        server.signal(signal.SIGTERM)
        server.wait_for("Stopping worker-1")
        (folder / "go-on").touch()
        assert [answer.result() for answer in answers] == [str(number) for number in range(200)]
    assert server.wait() == 0


@on_asgi
def test_open_websockets_are_closed_with_1001(serve: Serve) -> None:
    server = serve("--workers", "2")
    all_of_them = [server.connect(path) for path in ("/echo", "/sync") * 5]
    for it in all_of_them:
        it.send("hello")
        assert it.recv() == "hello"
    server.signal(signal.SIGTERM)
    for it in all_of_them:
        with pytest.raises(Exception, match=r"1001 \(going away\)"):
            it.recv(timeout=60)
    assert server.wait() == 0
    assert "Traceback" not in server.printed


def test_background_tasks_are_awaited_and_shutdown_runs_once(serve: Serve, folder: Path) -> None:
    server = serve("--workers", "1")
    assert server.ask("/later") == "ok"
    # Under WSGI the work begins when the server closes the response, after the client has it all.
    wait_until(lambda: len(lines_of(folder / "later")) == 1)
    server.signal(signal.SIGTERM)
    server.wait_for("Stopping worker-1")
    (folder / "go-on").touch()
    assert server.wait() == 0
    assert [line.split()[0] for line in lines_of(folder / "lifespan")] == [
        "before",
        "worked",
        "after",
    ]


def test_a_request_that_does_not_end_is_not_waited_for_for_ever(serve: Serve, folder: Path) -> None:
    server = serve("--workers", "1", "--graceful-timeout", "1")
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /held/0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: lines_of(folder / "held") == ["0"])
        server.signal(signal.SIGTERM)
        assert server.wait() == 0


@on_asgi
def test_every_worker_has_its_own_lifespan(serve: Serve, folder: Path) -> None:
    server = serve("--workers", "2")
    server.wait_for("Started worker-2")
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    lifespan = [line.split() for line in lines_of(folder / "lifespan")]
    begun = [worker for what, worker in lifespan if what == "before"]
    ended = [worker for what, worker in lifespan if what == "after"]
    assert len(set(begun)) == len(begun) == 2
    assert sorted(begun) == sorted(ended)


# It reloads -------------------------------------------------------------------------------------


def test_a_reload_brings_the_new_code_and_loses_no_request(
    serve: Serve, folder: Path, interface: str
) -> None:
    """What the application has begun is answered.

    A connection that a stopping process has taken, but on which no request has arrived yet, is
    closed without a word: then nothing was begun, and a client may ask again (RFC 9112, 9.3.1).
    """
    server = serve("--workers", "2")
    server.wait_for("Started worker-2")
    stop = threading.Event()
    answered: list[tuple[str, str]] = []
    closed: list[str] = []

    def keep_asking(asker: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            name = f"{asker}-{number}"
            try:
                answered.append((name, server.ask(f"/begun/{name}")))
            except httpx.TransportError:
                closed.append(name)

    askers = [threading.Thread(target=keep_asking, args=(asker,)) for asker in range(4)]
    for asker in askers:
        asker.start()
    try:
        (folder / "shop.py").write_text(BOTH[interface].replace('"one"', '"two"'))
        server.signal(signal.SIGHUP)
        server.wait_for("Stopped old worker-1")
        server.wait_for("Stopped old worker-2")
        seen = len(answered)
        wait_until(lambda: len(answered) >= seen + 20)
    finally:
        stop.set()
        for asker in askers:
            asker.join()
    assert not set(lines_of(folder / "begun")) & set(closed)
    # Four may have been under way when the last old process had answered.
    assert {text for _, text in answered} == {"one", "two"}
    assert {text for _, text in answered[seen + 4 :]} == {"two"}
