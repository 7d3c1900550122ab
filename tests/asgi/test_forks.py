"""A process that forks after it has served: parent and child both serve."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from polling import LONGEST

FORKS = """
import asyncio, os, signal
from flask import Flask, websocket

signal.alarm(50)

def in_child(function):
    child = os.fork()
    if not child:
        signal.alarm(40)
        code = 1
        try:
            function()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

app = Flask("app")
"""

SERVES = """
@app.get("/async")
async def view():
    await asyncio.sleep(0)
    return "ok"

app.add_url_rule("/sync", "sync", lambda: "ok")

@app.websocket("/async/echo")
async def echo():
    async for message in websocket:
        await websocket.send(message)

@app.websocket("/sync/echo")
def echo_sync():
    for message in websocket:
        websocket.send(message)

def serve():
    client = app.test_client(asgi=True)
    for kind in ("async", "sync"):
        assert client.get(f"/{kind}").text == "ok"
        with client.websocket_connect(f"/{kind}/echo") as session:
            session.send("hello")
            assert session.receive() == "hello"

serve()
assert in_child(serve) == 0
serve()
"""

WAITING_VIEW = """
@app.get("/")
async def view():
    return await asyncio.to_thread(lambda: "ok")

def serve():
    for _ in range(3):
        assert app.test_client().get("/").text == "ok"

serve()
"""

WAITS = f"""{WAITING_VIEW}
assert in_child(serve) == 0
serve()
"""

ENDS = f"""{WAITING_VIEW}
child = os.fork()
if not child:
    raise SystemExit(0)  # with all that a process does at its end
os.waitpid(child, 0)
serve()
"""

THREADS = """
import threading

@app.get("/")
async def view():
    return await asyncio.to_thread(lambda: "ok")

began, forked = threading.Event(), threading.Event()
answers = []

def serve():
    client = app.test_client()
    answers.append(client.get("/").text)
    began.set()
    forked.wait()
    answers.append(client.get("/").text)

thread = threading.Thread(target=serve)
thread.start()
began.wait()
assert in_child(lambda: None) == 0
forked.set()
thread.join()
assert answers == ["ok", "ok"]
"""

IN_VIEWS = """
@app.get("/waits")
async def waits():
    await asyncio.sleep(0)
    return await asyncio.to_thread(lambda: "ok")

def serve():
    assert app.test_client().get("/waits").text == "ok"
    assert app.test_client(asgi=True).get("/waits").text == "ok"

@app.get("/async")
async def view():
    await asyncio.sleep(0)
    return str(in_child(serve))

for name, blocking in (("sync", True), ("quick", False)):
    app.add_url_rule(f"/{name}", name, lambda: str(in_child(serve)), blocking=blocking)

for client in (app.test_client(asgi=True), app.test_client()):
    for name in ("async", "sync", "quick", "async"):
        assert client.get(f"/{name}").text == "0", name
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only Unix forks")
@pytest.mark.parametrize(
    "text",
    [SERVES, WAITS, ENDS, THREADS, IN_VIEWS],
    ids=["serves", "waits", "ends", "threads", "in views"],
)
def test_after_a_fork_parent_and_child_serve(text: str) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKS + text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST)
    assert (done.returncode, done.stderr) == (0, "")
