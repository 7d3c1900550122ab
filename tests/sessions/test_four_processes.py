"""200 concurrent requests on one session, answered by four processes: no update is lost."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import sys
import typing as t
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from polling import LONGEST, free_port
from processes import PrintingProcess
from redis_server import RedisServer, needs_redis

pytestmark = pytest.mark.slow

REQUESTS = 200
MOST_ROUNDS = 20
APP = """
import asyncio, os, time
from flask import Flask, session
app = Flask(__name__, instance_path={folder!r})
app.config.update(SECRET_KEY="k", SESSION_STORE={store!r})

def change(number):
    session.append("items", number)
    session[f"key {{number}}"] = number
    session.increment("count")
    return str(os.getpid())

@app.get("/begin")
def begin():
    session["begun"] = True
    return "begun"

@app.get("/sync/<int:number>")
def sync(number):
    session.get("count")
    time.sleep(0.02)  # the others read, too
    return change(number)

@app.get("/async/<int:number>")
async def awaited(number):
    session.get("count")
    await asyncio.sleep(0.02)
    return change(number)

@app.get("/all")
def everything():
    return dict(session)
"""

# The command; the view.
SERVERS = {
    "gunicorn, WSGI": (
        "gunicorn",
        "-m gunicorn app:app --workers 4 --threads 8 --bind 127.0.0.1:{port}",
        "sync",
    ),
    "flask serve, WSGI": (
        "granian",
        "-m flask --app app serve --interface wsgi --workers 4 --threads 8 --port {port}",
        "sync",
    ),
    "flask serve, ASGI": (
        "granian",
        "-m flask --app app serve --interface asgi --workers 4 --port {port}",
        "async",
    ),
    "flask serve, ASGI, in threads": (
        "granian",
        "-m flask --app app serve --interface asgi --workers 4 --port {port}",
        "sync",
    ),
}


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=needs_redis)])
def store_url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return "sqlite:///sessions.sqlite"
    server: RedisServer = request.getfixturevalue("redis_server")
    server.flush()
    return server.url


@pytest.fixture(params=SERVERS)
def served(
    request: pytest.FixtureRequest, tmp_path: Path, store_url: str
) -> Iterator[tuple[str, str]]:
    """The address of a server with four processes, and the view to ask."""
    module, command, view = SERVERS[request.param]
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    folder = str(tmp_path / "instance")
    (tmp_path / "app.py").write_text(APP.format(folder=folder, store=store_url))
    port = free_port()
    words = [sys.executable, *command.format(port=port).split()]
    process = PrintingProcess(words, tmp_path)
    try:
        wait_for_answer(process, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}", view
    finally:
        process.stop()


def wait_for_answer(process: PrintingProcess, url: str) -> None:
    def answers() -> bool:
        try:
            return httpx.get(f"{url}/all", timeout=LONGEST).status_code == 200
        except httpx.TransportError:
            return False

    process.wait_until(answers)


async def ask_at_once(url: str, view: str, first: int, cookies: httpx.Cookies) -> list[str]:
    # A connection for each request, so that all processes get some.
    limits = httpx.Limits(max_connections=REQUESTS, max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=LONGEST, limits=limits, cookies=cookies) as client:
        responses = await asyncio.gather(
            *(client.get(f"{url}/{view}/{first + number}") for number in range(REQUESTS))
        )
    assert [response.status_code for response in responses] == [200] * REQUESTS
    assert not any("Set-Cookie" in response.headers for response in responses)
    return [response.text for response in responses]


def test_no_update_is_lost(served: tuple[str, str]) -> None:
    url, view = served
    processes: set[str] = set()
    count = 0
    with httpx.Client(timeout=LONGEST) as client:
        client.get(f"{url}/begin")
        # Again until each of the four has taken part; the system chooses who gets a connection.
        while len(processes) < 4 and count < MOST_ROUNDS * REQUESTS:
            processes |= set(asyncio.run(ask_at_once(url, view, count, client.cookies)))
            count += REQUESTS
        stored: dict[str, t.Any] = client.get(f"{url}/all").json()
    assert len(processes) == 4
    assert stored["count"] == count
    assert sorted(stored["items"]) == list(range(count))
    assert {stored[f"key {number}"] for number in range(count)} == set(range(count))


def test_what_was_answered_is_stored_although_processes_are_killed(
    tmp_path: Path, store_url: str
) -> None:
    if importlib.util.find_spec("gunicorn") is None:
        pytest.skip("gunicorn is not installed")
    _, command, view = SERVERS["gunicorn, WSGI"]
    folder = str(tmp_path / "instance")
    (tmp_path / "app.py").write_text(APP.format(folder=folder, store=store_url))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = PrintingProcess([sys.executable, *command.format(port=port).split()], tmp_path)
    try:
        wait_for_answer(server, url)
        with httpx.Client(timeout=LONGEST) as client:
            client.get(f"{url}/begin")
            answered: set[int] = set()
            asked = 0
            # Again until a process was killed while it worked.
            while len(answered) == asked and asked < MOST_ROUNDS * REQUESTS:
                answered |= asyncio.run(ask_and_kill(url, view, asked, client.cookies))
                asked += REQUESTS
                wait_for_answer(server, url)
            assert 0 < len(answered) < asked
            stored: dict[str, t.Any] = client.get(f"{url}/all").json()
    finally:
        server.stop()
    assert answered <= set(stored["items"])
    assert len(stored["items"]) == len(set(stored["items"])) == stored["count"]


async def ask_and_kill(url: str, view: str, first: int, cookies: httpx.Cookies) -> set[int]:
    """Kill each process that has answered 5 times; return the requests that were answered."""
    limits = httpx.Limits(max_connections=REQUESTS, max_keepalive_connections=0)
    answered: set[int] = set()
    by_process: Counter[str] = Counter()
    async with httpx.AsyncClient(timeout=LONGEST, limits=limits, cookies=cookies) as client:

        async def ask(number: int) -> None:
            try:
                response = await client.get(f"{url}/{view}/{number}")
            except httpx.TransportError:
                return
            assert response.status_code == 200
            answered.add(number)
            by_process[response.text] += 1
            if by_process[response.text] == 5:
                os.kill(int(response.text), signal.SIGKILL)

        await asyncio.gather(*(ask(first + number) for number in range(REQUESTS)))
    return answered
