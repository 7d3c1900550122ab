"""Listeners, synchronous views and background tasks at once, some abandoned, on real servers."""

from __future__ import annotations

import contextlib
import socket
import typing as t
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from polling import LONGEST, wait_until
from server_process import Process

pytestmark = pytest.mark.slow

LISTENERS = 30
APP = """
import asyncio, threading, time
from flask import Flask, current_app, request, stream_events, stream_with_context
from flask._core import threads

threads.IDLE_SECONDS = 0.2
app = Flask(__name__)
app.config.update(ASGI_THREADS=4, ASGI_QUEUE_SIZE=200)
news = threading.Event()
counts = {"tasks": 0, "open": 0, "charged": 0, "left": 0, "recorded": 0}
lock = threading.Lock()


def count(name, by=1):
    with lock:
        counts[name] += by


@app.get("/listen")
def listen():
    def events():
        count("open")
        try:
            yield "first"
            while not news.wait(0.1):
                yield "nothing yet"
            yield "last"
        finally:
            count("open", -1)
    return stream_events(events(), heartbeat=0.05)


@app.get("/listen-async")
async def listen_async():
    return listen()


@app.get("/sync")
def sync():
    current_app.add_background_task(task)
    time.sleep(0.001)
    return "sync"


def task():
    time.sleep(0.01)
    count("tasks")


@app.get("/pieces")
async def pieces():
    def make():
        for number in range(5):
            time.sleep(0.001)
            yield f"{number} {request.path} "
    return stream_with_context(make())


@app.post("/charge")
async def charge():
    count("charged")
    while counts["left"] < 10:  # all clients of this view leave before it continues
        await asyncio.sleep(0.01)
    count("recorded")
    return "recorded"


@app.post("/left")
async def left():
    counts["left"] = int(request.args["count"])
    return "noted"


@app.get("/counts")
async def show_counts():
    return {**counts, "threads": threading.active_count()}


if __name__ == "__main__":
    import socket, sys
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    print(f"Listening at: http://{address}", flush=True)
    if sys.argv[1] == "uvicorn":
        import uvicorn
        uvicorn.run(app, port=int(address.partition(":")[2]), log_level="warning")
    elif sys.argv[1] == "hypercorn":
        from hypercorn.asyncio import serve
        from hypercorn.config import Config
        config = Config()
        config.bind = [address]
        asyncio.run(serve(app, config, mode="asgi"))
    else:
        from granian.constants import Interfaces
        from granian.server.embed import Server
        port = int(address.partition(":")[2])
        asyncio.run(Server(app, port=port, interface=Interfaces.ASGI).serve())
"""
SERVERS = {
    "uvicorn": ("app.py", "uvicorn"),
    "hypercorn": ("app.py", "hypercorn"),
    "granian": ("app.py", "granian"),
    "gunicorn": ("-m", "gunicorn", "app:app", "--threads", "80", "--bind", "127.0.0.1:0"),
}


def wait_for(client: httpx.Client, is_so: Callable[[dict[str, t.Any]], bool]) -> dict[str, t.Any]:
    """Wait until the counts of the application are as wanted; return them."""
    counts: dict[str, t.Any] = {}

    def check() -> bool:
        with contextlib.suppress(httpx.TransportError):
            counts.update(client.get("/counts").json())
            return is_so(counts)
        return False

    wait_until(check, f"the count, of {counts}")
    return counts


@pytest.mark.parametrize("arguments", SERVERS.values(), ids=SERVERS)
def test_everything_at_once_and_threads_return_to_where_they_began(
    start: t.Any, arguments: tuple[str, ...]
) -> None:
    if arguments[0] == "app.py":
        pytest.importorskip(arguments[1])
    process: Process = start(APP, *arguments)
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
    client = process.clients.enter_context(
        httpx.Client(base_url=f"http://{process.address}", timeout=LONGEST, limits=limits)
    )
    base = wait_for(client, lambda counts: True)["threads"]

    def ask(path: str) -> str:
        return client.get(path).text

    def begin_a_charge() -> socket.socket:
        host, _, port = process.address.partition(":")
        connection = socket.create_connection((host, int(port)), LONGEST)
        connection.sendall(b"POST /charge HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        return connection

    kept: list[t.Iterator[str]] = []
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(16) as asking:
        for number in range(LISTENERS):
            path = "/listen" if number % 2 else "/listen-async"
            listener = stack.enter_context(client.stream("GET", path))
            kept.append(listener.iter_lines())  # to end it would close the connection
            assert any("data: first" in line for line in kept[-1])
        asked = [asking.submit(ask, "/sync") for _ in range(100)]
        streamed = [asking.submit(ask, "/pieces") for _ in range(50)]
        leaving = [stack.enter_context(begin_a_charge()) for _ in range(10)]
        assert {each.result(LONGEST) for each in asked} == {"sync"}
        whole = " ".join(f"{number} /pieces" for number in range(5)) + " "
        assert {each.result(LONGEST) for each in streamed} == {whole}
        wait_for(client, lambda counts: counts["charged"] == 10)
        for connection in leaving:
            connection.close()
        client.post("/left?count=10")
        counts = wait_for(client, lambda counts: counts["tasks"] == 100)
        assert counts["open"] == LISTENERS
    wait_for(client, lambda counts: counts["open"] == 0 and counts["recorded"] == 10)
    spare = 90 if "gunicorn" in arguments else 2  # gunicorn keeps the threads that it has started
    wait_for(client, lambda counts: counts["threads"] <= base + spare)
    assert ask("/sync") == "sync"
