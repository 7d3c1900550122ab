"""``flask run --asgi``: one event loop, the lifespan and WebSockets, with the reloader."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest
from dev_server import FLASK, DevServer, Start
from polling import LONGEST
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from flask import Flask
from flask.cli import FlaskGroup

APP = """\
import asyncio
import os

from flask import Flask, stream_events, websocket

app = Flask(__name__)
loops = set()

def note(text):
    os.write(1, f"{text}\\n".encode())

@app.before_serving
async def before():
    loops.add(asyncio.get_running_loop())
    note("before serving")

@app.after_serving
async def after():
    note("after serving")

@app.route("/loops")
async def count():
    loops.add(asyncio.get_running_loop())
    return f"loops: {len(loops)}"

@app.route("/stream")
async def stream():
    async def endless():
        while True:
            yield "event"
            await asyncio.sleep(0.01)
    return stream_events(endless())

@app.route("/error")
async def error():
    raise ZeroDivisionError("a mistake")

@app.websocket("/echo")
async def echo():
    try:
        while True:
            await websocket.send("VERSION " + await websocket.receive())
    finally:
        note("left the websocket")
"""


def write(folder: Path, version: str) -> None:
    (folder / "app.py").write_text(APP.replace("VERSION", version))


@pytest.fixture
def server(start: Start, tmp_path: Path) -> DevServer:
    write(tmp_path, "one")
    return start(*FLASK, "--asgi")


@pytest.mark.slow
def test_async_views_share_the_loop_of_the_lifespan(server: DevServer) -> None:
    server.wait_for("before serving\n")
    assert server.ask("/loops").text == "loops: 1"
    assert server.ask("/loops").text == "loops: 1"
    server.wait_until(lambda: '"GET /loops HTTP/1.1" 200 OK' in server.printed)


@pytest.mark.slow
def test_an_error_of_a_view_is_printed(server: DevServer) -> None:
    assert server.ask("/error").status_code == 500
    server.wait_for("ZeroDivisionError: a mistake")


@pytest.mark.slow
def test_websockets_and_streams_end_at_a_restart_and_the_lifespan_too(server: DevServer) -> None:
    with (
        connect(f"ws://{server.address}/echo") as channel,
        httpx.stream("GET", f"http://{server.address}/stream", timeout=LONGEST) as stream,
    ):
        channel.send("a")
        assert channel.recv(LONGEST) == "one a"
        assert "data: event" in stream.iter_lines()
        write(server.folder, "two")
        with pytest.raises(ConnectionClosed):
            channel.recv(LONGEST)
        server.wait_for("after serving\n")
        server.wait_for("before serving\n", after_last=True)
    server.wait_until(lambda: "left the websocket\n" in server.printed)
    with connect(f"ws://{server.address}/echo") as channel:
        channel.send("b")
        assert channel.recv(LONGEST) == "two b"


@pytest.mark.slow
def test_ctrl_c_runs_the_shutdown_once(server: DevServer) -> None:
    server.wait_for("before serving\n")
    server.ask("/loops")
    server.interrupt()
    assert server.wait() == 0
    assert server.printed.count("after serving\n") == 1
    assert "Traceback" not in server.printed


@pytest.mark.slow
def test_it_serves_without_the_reloader_too(start: Start, tmp_path: Path) -> None:
    write(tmp_path, "one")
    server = start("-m", "flask", "run", "--port", "0", "--asgi")
    assert server.wait_for_answer("loops: 1", "/loops") == "loops: 1"
    server.interrupt()
    assert server.wait() == 0


def test_without_uvicorn_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from click.testing import CliRunner

    monkeypatch.setitem(sys.modules, "uvicorn", None)
    tool = FlaskGroup(create_app=lambda: Flask("shop"))
    result = CliRunner().invoke(tool, ["run", "--asgi"])
    assert result.exit_code == 2
    assert "pip install 'uvicorn>=0.34' 'wsproto>=1.2'" in result.output
