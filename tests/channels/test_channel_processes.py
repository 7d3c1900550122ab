"""Four processes of ``flask serve``, and other servers, over a real Redis."""

from __future__ import annotations

import importlib.util
import json
import signal
import sys
import threading
import time
import typing as t
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from polling import LONGEST, free_port, wait_until
from processes import PrintingProcess
from redis_server import RedisServer
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
WORKERS = 4
SERVERS = {
    "flask serve": "flask --app served_channels serve --workers 4 --port {port}",
    "flask serve, wsgi": (
        "flask --app served_channels serve --interface wsgi --workers 2 --threads 8 --port {port}"
    ),
    "uvicorn": "uvicorn served_channels:app --port {port}",
    "hypercorn": "hypercorn asgi:served_channels:app --bind 127.0.0.1:{port}",
    "gunicorn": "gunicorn served_channels:app --workers 2 --threads 8 --bind 127.0.0.1:{port}",
    "gunicorn, gevent": (
        "gunicorn served_channels:app --workers 2 --worker-class gevent --bind 127.0.0.1:{port}"
    ),
    "flask run": "flask --app served_channels run --port {port}",
}


class Served(PrintingProcess):
    """A server, its address, and clients that listen."""

    def __init__(self, name: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        module = name.partition(" ")[0].partition(",")[0]
        if (
            importlib.util.find_spec("granian" if name.startswith("flask serve") else module)
            is None
        ):
            pytest.skip(f"{module} is not installed")
        monkeypatch.setenv("SERVED_CHANNELS_URL", redis_url)
        self.port = free_port()
        command = SERVERS[name].format(port=self.port).split()
        super().__init__([sys.executable, "-m", *command], HERE)
        self.base = f"http://127.0.0.1:{self.port}"
        wait_until(self._answers, "a server that answers")

    def _answers(self) -> bool:
        assert not self.has_ended, self.printed
        try:
            return httpx.get(f"{self.base}/pid", timeout=LONGEST).status_code == 200
        except httpx.TransportError:
            return False

    def publish(self, name: str, data: object, prefix: str = "") -> str:
        answer = httpx.post(f"{self.base}{prefix}/publish/{name}", json=data, timeout=LONGEST)
        assert answer.status_code == 200, answer.text
        return answer.text

    def count(self, name: str) -> int:
        return int(httpx.get(f"{self.base}/count/{name}", timeout=LONGEST).text)

    def listen(self, path: str) -> tuple[t.Any, dict[str, t.Any]]:
        """Open a WebSocket; return it, and its first message."""
        session = self.clients.enter_context(connect(f"ws://127.0.0.1:{self.port}{path}"))
        return session, json.loads(session.recv(LONGEST))


@pytest.fixture
def serve(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Served]]:
    with ExitStack() as stack:

        def start(name: str) -> Served:
            served = Served(name, redis_server.url, monkeypatch)
            stack.callback(served.stop)
            return served

        yield start


def listen_on_each_process(served: Served, path: str) -> dict[int, list[t.Any]]:
    """Open WebSockets until each process has three; return them by process."""
    sessions: dict[int, list[t.Any]] = {}
    end = time.monotonic() + LONGEST
    while len(sessions) < WORKERS or any(len(each) < 3 for each in sessions.values()):
        assert time.monotonic() < end, f"only {sessions.keys()} got connections"
        session, hello = served.listen(path)
        sessions.setdefault(hello["pid"], []).append(session)
    return sessions


@pytest.mark.parametrize("path", ["/ws/a", "/sync/ws/a"])
def test_each_of_12_websockets_in_four_processes_gets_every_update(
    serve: Callable[[str], Served], redis_server: RedisServer, path: str
) -> None:
    served = serve("flask serve")
    by_process = listen_on_each_process(served, path)
    sessions = [session for each in by_process.values() for session in each]
    wait_until(lambda: served.count("a") == len(sessions))
    assert redis_server.connections("flask-channels-read") == WORKERS
    expected = [served.publish("a", number, prefix) for number in range(30) for prefix in PREFIXES]
    arrived = 0
    for session in sessions:
        got = [json.loads(session.recv(LONGEST)) for _ in expected]
        arrived += [each["id"] for each in got] == expected
        assert [each["data"] for each in got] == [n for n in range(30) for _ in PREFIXES]
        with pytest.raises(TimeoutError):
            session.recv(0)
    assert arrived == len(sessions) >= 12
    served.clients.close()
    wait_until(lambda: served.count("a") == 0)


PREFIXES = ["", "/async"]


def test_a_listener_resumes_in_another_process_without_a_gap(
    serve: Callable[[str], Served],
) -> None:
    served = serve("flask serve")
    session, hello = served.listen("/ws/a")
    place, pids, got = hello["id"], {hello["pid"]}, []
    stop = threading.Event()
    sent: list[int] = []

    def publish() -> None:
        while not stop.is_set():
            served.publish("a", len(sent))
            sent.append(len(sent))

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        while len(pids) < WORKERS or len(got) < 300:
            for _ in range(10):
                message = json.loads(session.recv(LONGEST))
                got.append(message["data"])
                place = message["id"]
            session.close()
            session, hello = served.listen(f"/ws/a?after={place}")
            pids.add(hello["pid"])
    finally:
        stop.set()
        publisher.join(LONGEST)
    assert got == [*range(len(got))]


def test_a_restarted_redis_loses_nothing_for_four_processes(
    serve: Callable[[str], Served], redis_server: RedisServer
) -> None:
    served = serve("flask serve")
    by_process = listen_on_each_process(served, "/ws/a")
    sessions = [session for each in by_process.values() for session in each]
    served.publish("a", "before")
    redis_server.kill()
    answer = httpx.post(f"{served.base}/publish/a", json="lost", timeout=LONGEST)
    assert answer.status_code == 500
    redis_server.start()
    for number in range(20):
        served.publish("a", number)
    for session in sessions:
        got = [json.loads(session.recv(LONGEST))["data"] for _ in range(21)]
        assert got == ["before", *range(20)]


@pytest.mark.parametrize("name", SERVERS)
def test_a_stream_arrives_ends_with_its_client_and_with_the_server(
    serve: Callable[[str], Served], name: str
) -> None:
    served = serve(name)
    paths = ["/events/a", "/async/events/a"]
    with httpx.Client(base_url=served.base, timeout=LONGEST) as client, ExitStack() as stack:
        lines = [stack.enter_context(client.stream("GET", path)).iter_lines() for path in paths]
        for each in lines:
            wait_for_line(each, "id: ")
        wait_until(lambda: served.count("a") == 2)
        served.publish("a", {"n": 1})
        for each in lines:
            wait_for_line(each, 'data: {"n":1}', 'data: {"n": 1}')
    begun = time.monotonic()
    wait_until(lambda: served.count("a") == 0)
    took = time.monotonic() - begun
    assert took < 14, "the listener ended only with the next heartbeat"
    with httpx.stream("GET", f"{served.base}/events/a", timeout=LONGEST) as answer:
        wait_for_line(answer.iter_lines(), "id: ")
        served.process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        served.wait()
        assert time.monotonic() - begun < 14, "the server has waited for its timeout"


@pytest.mark.parametrize("path", ["/ws/a", "/sync/ws/a"])
def test_a_server_that_stops_ends_handlers_that_wait(
    serve: Callable[[str], Served], path: str
) -> None:
    served = serve("flask serve")
    sessions = [served.listen(path)[0] for _ in range(5)]
    begun = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    served.wait()
    assert time.monotonic() - begun < 14, "the server has waited for its timeout"
    assert "Traceback" not in served.printed, served.printed
    for session in sessions:
        with pytest.raises(ConnectionClosed) as closed:
            session.recv(LONGEST)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001  # going away: the client connects again


def wait_for_line(lines: Iterator[str], *begins: str) -> None:
    for line in lines:
        if line.startswith(begins):
            return
    raise AssertionError(f"The stream ended without {begins}.")
