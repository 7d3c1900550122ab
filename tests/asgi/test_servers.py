"""Real servers in separate processes, with real clients."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from polling import LONGEST, free_port, wait_until

pytestmark = pytest.mark.slow

websockets = pytest.importorskip("websockets.asyncio.client")

HERE = Path(__file__).parent

ASGI = {
    "uvicorn": "uvicorn served_app:app --port {port} --log-level warning",
    "uvicorn and asyncio": "uvicorn served_app:app --port {port} --loop asyncio",
    "hypercorn": "hypercorn asgi:served_app:app --bind 127.0.0.1:{port}",
    "granian": "granian --interface asgi served_app:app --port {port} --no-log",
    "gunicorn with uvicorn": (
        "gunicorn served_app:app --worker-class uvicorn_worker.UvicornWorker"
        " --bind 127.0.0.1:{port}"
    ),
}
WSGI = {
    "flask run": "flask --app served_app run --port {port}",
    "flask serve": "flask --app served_app serve --interface wsgi --workers 1 --port {port}",
    "gunicorn": "gunicorn served_app:app --threads 8 --bind 127.0.0.1:{port}",
    "gunicorn in one thread": "gunicorn served_app:app --bind 127.0.0.1:{port}",
    "gunicorn with gevent": (
        "gunicorn served_app:app --worker-class gevent --bind 127.0.0.1:{port}"
    ),
    "waitress": "waitress --port={port} served_app:app",
    "granian for WSGI": (
        "granian --interface wsgi served_app:app --port {port} --no-log --blocking-threads 8"
    ),
}
MODULES = {
    "flask": "flask",
    "uvicorn": "uvicorn",
    "hypercorn": "hypercorn",
    "granian": "granian",
    "gunicorn": "gunicorn",
    "waitress": "waitress",
}

ENDED_BY_CTRL_C = {"flask run", "waitress"}  # they know no graceful end by SIGTERM


class Served(t.NamedTuple):
    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def noted(self) -> list[str]:
        return self.log.read_text("utf-8").splitlines() if self.log.exists() else []

    def wait_for(self, line: str) -> None:
        """Wait until the application has noted a line."""
        wait_until(lambda: line in self.noted(), f"{line!r} in the log of the server")

    def stop(self) -> None:
        by = signal.SIGINT if self.name in ENDED_BY_CTRL_C else signal.SIGTERM
        self.process.send_signal(by)
        self.process.wait(LONGEST)


def start(name: str, log: Path) -> Served:
    port = free_port()
    command = {**ASGI, **WSGI}[name].format(port=port).split()
    pytest.importorskip(MODULES[command[0]])
    if name == "gunicorn with gevent":
        pytest.importorskip("gevent")
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=HERE,
        env={**os.environ, "SERVED_LOG": str(log), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    served = Served(name, port, process, log)

    def answers() -> bool:
        assert process.poll() is None, f"{name} ended with {process.returncode}"
        try:
            httpx.get(f"{served.url}/async", timeout=LONGEST)
        except httpx.TransportError:
            return False
        return True

    wait_until(answers, f"a response of {name}")
    return served


@pytest.fixture(params=[*ASGI, *WSGI])
def served(request: t.Any, tmp_path: Path) -> Iterator[Served]:
    """Each server in turn."""
    served = start(request.param, tmp_path / "log")
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.process.kill()
            served.process.wait()


def test_a_real_server(served: Served) -> None:
    """One process for everything: starting a server takes longest."""
    with httpx.Client(base_url=served.url, timeout=LONGEST) as client:
        assert client.get("/async?token=a").json() == {"token": "a", "same": True}
        assert client.get("/sync?token=b").json() == {"token": "b", "same": True}
        assert [client.get("/session").text for _ in range(2)] == ["1", "2"]
        assert client.get("/stream").text == "0 1 2 3 4 "
        assert client.get("/file").text.startswith('"""The application')
        assert client.get("/missing").status_code == 404
        # Nothing that was current at import is shared.
        assert [client.get(f"/user?name={name}").text for name in "ab"] == ["a", "b"]
        served.wait_for("end of a")
        served.wait_for("end of b")
        head = client.head("/sync")
        assert (head.content, int(head.headers["Content-Length"]) > 0) == (b"", True)

        body = os.urandom(3_000_000)
        digest = hashlib.sha256(body).hexdigest()
        assert client.post("/upload", content=body).text == digest
        if served.name != "granian for WSGI":  # which gives WSGI no chunked bodies
            chunks = (body[at : at + 100_000] for at in range(0, len(body), 100_000))
            assert client.post("/upload", content=chunks).text == digest
        sent = client.post("/form", data={"name": "é"}, files={"file": b"x" * 100_000})
        assert sent.json() == {"name": "é", "size": 100_000}

        assert client.get("/background?token=c").text == "ok"
        served.wait_for("background None c")
        with client.stream("GET", "/events") as response:
            lines = response.iter_lines()
            assert next(lines) == ": "
            assert "data: first" in lines
            assert ": " in lines  # a heartbeat
    if served.name in ASGI:
        served.wait_for("stream ended")
        with socket.create_connection(("127.0.0.1", served.port), LONGEST) as client_that_leaves:
            client_that_leaves.sendall(b"GET /gone HTTP/1.1\r\nHost: localhost\r\n\r\n")
            served.wait_for("waiting")
        served.wait_for("cancelled")
        asyncio.run(talk(served))
        served.wait_for("left a")
        served.wait_for("left sync b")
        asyncio.run(ask_many(served))
    served.stop()
    assert served.noted()[0] == "before"
    if served.name != "granian for WSGI":  # whose workers end without running exit functions
        notes = served.noted()
        if served.name in WSGI:  # a thread may still close the stream that its client left
            notes = [line for line in notes if line != "stream ended"]
        assert notes[-1] == "after"


async def talk(served: Served) -> None:
    url = served.url.replace("http", "ws")
    async with websockets.connect(f"{url}/chat/a") as socket:
        assert await socket.recv() == "welcome to a"
        for message in ("text", b"bytes", "é" * 1000):
            await socket.send(message)
            assert await socket.recv() == message
    async with websockets.connect(f"{url}/sync/b") as socket:
        await socket.send("sync")
        assert await socket.recv() == "sync"
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(f"{url}/closed"):
            pass
    # Granian knows no response in the place of a handshake.
    assert refused.value.response.status_code in {401, 403}


async def ask_many(served: Served) -> None:
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(base_url=served.url, timeout=LONGEST, limits=limits) as client:
        paths = [f"/{'sync' if n % 5 == 0 else 'async'}?token={n}" for n in range(300)]
        answers = await asyncio.gather(*(client.get(path) for path in paths))
    expected = [{"token": str(n), "same": True} for n in range(300)]
    assert [answer.json() for answer in answers] == expected


@pytest.mark.parametrize("name", ["uvicorn", "hypercorn"])
def test_a_server_that_stops_answers_the_requests_in_progress(name: str, tmp_path: Path) -> None:
    served = start(name, tmp_path / "log")

    async def go() -> None:
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(base_url=served.url, timeout=LONGEST, limits=limits) as client:
            tasks = [asyncio.create_task(client.get("/slow")) for _ in range(200)]
            while served.noted().count("slow") < 200:
                await asyncio.sleep(0.01)
            served.process.send_signal(signal.SIGTERM)
            answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [getattr(answer, "text", answer) for answer in answers] == ["slow"] * 200

    try:
        asyncio.run(go())
        served.process.wait(LONGEST)
    finally:
        served.process.kill()
        served.process.wait()
    assert served.noted()[-1] == "after"


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed here")
@pytest.mark.parametrize("name", ["uvicorn", "flask run"])
def test_a_page_in_a_browser_sends_and_receives(name: str, tmp_path: Path) -> None:
    served = start(name, tmp_path / "log")
    assert BROWSER is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/user"]
    browser = subprocess.Popen(
        [BROWSER, *options, "--remote-debugging-port=0", f"{served.url}/page"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        served.wait_for("answer: browser and event: first and websocket: hello")
        served.wait_for("left sync browser")
        served.wait_for("stream ended")
    finally:
        os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()
        served.process.kill()
        served.process.wait()
