"""A real Redis that is killed, restarted, slow, full or replaced by something else."""

from __future__ import annotations

import socket
import threading
import time
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from polling import wait_until
from redis_server import RedisServer, needs_redis

from flask import Flask, session
from flask._sessions.redis_store import PREFIX, RedisStore
from flask.sessions import SessionStoreError
from flask.testing import FlaskClient

ID, HOUR = "a" * 64, 3600

pytestmark = pytest.mark.slow


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that the test may stop."""
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder)
    yield server
    server.kill()


@pytest.fixture
def make_client(
    make_app: Callable[..., Flask], protocol: str
) -> Callable[..., tuple[Flask, FlaskClient]]:
    def make(url: str) -> tuple[Flask, FlaskClient]:
        app = make_app(url, protocol)
        app.add_url_rule("/", "untouched", lambda: "untouched")
        app.add_url_rule("/count", "count", lambda: str(session.increment("n")))
        app.add_url_rule("/read", "read", lambda: str(session.get("n")))
        app.add_url_rule("/fill", "fill", lambda: session.append("many", "x" * 100_000) or "ok")

        async def count_async() -> str:
            return str(session.increment("n"))

        app.add_url_rule("/async", "async", count_async)
        return app, app.test_client()

    return make


def is_unavailable(response: t.Any) -> bool:
    found: bool = response.status_code == 503
    assert not found or response.headers["Retry-After"] == "5"
    return found


@needs_redis
def test_redis_is_killed_and_restarted(
    make_client: t.Any, own_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    _, client = make_client(own_server.url)
    assert client.get("/count").text == "1"
    own_server.kill()
    for path in ("/count", "/read", "/async"):
        assert is_unavailable(client.get(path))
    assert client.get("/").text == "untouched"
    (line,) = [record.getMessage() for record in caplog.records]
    assert f"The session store redis://127.0.0.1:{own_server.port}/0 does not answer" in line
    own_server.start()
    # The first request already succeeds, and no session is lost.
    assert [client.get(path).text for path in ("/count", "/async")] == ["2", "3"]


@needs_redis
def test_redis_is_restarted_between_two_requests(
    make_client: t.Any, own_server: RedisServer
) -> None:
    _, client = make_client(own_server.url)
    assert client.get("/count").text == "1"
    own_server.kill()
    own_server.start()
    assert client.get("/count").text == "2"


@needs_redis
def test_redis_is_paused(make_client: t.Any, own_server: RedisServer) -> None:
    _, client = make_client(f"{own_server.url}?socket_timeout=0.2")
    assert client.get("/count").text == "1"
    own_server.suspend()
    for path in ("/count", "/read", "/async"):
        assert is_unavailable(client.get(path))
    assert client.get("/").text == "untouched"
    own_server.resume()
    # A request a second finds out that it answers again.
    wait_until(lambda: client.get("/read").text == "1")
    assert client.get("/count").text == "2"


@needs_redis
def test_redis_pauses_writes(make_client: t.Any, own_server: RedisServer) -> None:
    _, client = make_client(f"{own_server.url}?socket_timeout=0.2")
    assert client.get("/count").text == "1"
    own_server.ask("CLIENT", "PAUSE", "100000", "WRITE")
    assert client.get("/read").text == "1"
    assert is_unavailable(client.get("/count"))
    own_server.ask("CLIENT", "UNPAUSE")
    wait_until(lambda: not is_unavailable(client.get("/read")))
    # The server may have done the write, whose answer came too late. It is not done twice.
    assert client.get("/read").text in {"1", "2"}


@needs_redis
def test_redis_is_full(
    make_client: t.Any, own_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    _, client = make_client(own_server.url)
    assert client.get("/count").text == "1"
    own_server.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
    own_server.ask("CONFIG", "SET", "maxmemory", "1")
    assert client.get("/read").text == "1"
    assert is_unavailable(client.get("/fill"))
    assert is_unavailable(client.get("/count"))
    assert "OOM" in caplog.text or "OutOfMemory" in caplog.text
    own_server.ask("CONFIG", "SET", "maxmemory", "0")
    assert client.get("/count").text == "2"


@needs_redis
def test_redis_forgets_its_scripts(make_client: t.Any, own_server: RedisServer) -> None:
    _, client = make_client(own_server.url)
    assert client.get("/count").text == "1"
    own_server.ask("SCRIPT", "FLUSH")
    assert client.get("/count").text == "2"


@needs_redis
def test_redis_wants_a_password(make_client: t.Any, own_server: RedisServer) -> None:
    own_server.ask("CONFIG", "SET", "requirepass", "secret")
    _, client = make_client(own_server.url)
    assert is_unavailable(client.get("/count"))
    _, client = make_client(own_server.url.replace("://", "://:secret@"))
    assert client.get("/count").text == "1"


@needs_redis
@pytest.mark.parametrize(
    "command",
    [
        ("SET", "nonsense"),
        ("SET", ""),
        ("SET", "\n{}"),
        ("SET", "x\n{}"),
        ("SET", "-1\n{}"),
        ("SET", "9" * 400 + "\n{}"),
        ("SET", "\u00e4\n{}"),
        ("SET", "1\n\u00e4"),
        ("HSET", "a", "b"),
        ("LPUSH", "a"),
    ],
    ids=repr,
)
def test_another_program_wrote_garbage(
    make_client: t.Any, redis_server: RedisServer, command: tuple[str, ...]
) -> None:
    redis_server.flush()
    _, client = make_client(redis_server.url)
    client.get("/count")
    (key,) = redis_server.ask("KEYS", f"{PREFIX}*")
    redis_server.ask("DEL", key.decode())
    redis_server.ask(command[0], key.decode(), *command[1:])
    assert client.get("/read").text == "None"
    assert [client.get("/count").text for _ in range(2)] == ["1", "2"]


@needs_redis
def test_redis_ends_sessions_by_itself(redis_server: RedisServer) -> None:
    redis_server.flush()
    store = RedisStore(redis_server.url)
    store.write(ID, "{}", 0, HOUR)
    left = redis_server.ask("PTTL", PREFIX + ID)
    assert 0 < left <= HOUR * 1000
    store.touch(ID, 2 * HOUR)
    assert redis_server.ask("PTTL", PREFIX + ID) > HOUR * 1000
    store.close()


GARBAGE = {
    "another protocol": b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html>",
    "nothing, and it closes": b"",
    "an unknown type": b"?what\r\n",
    "no number": b"$x\r\n",
    "a wrong number": b":12\r\n",
    "a negative length": b"$-7\r\n",
    "a length that never comes": b"$1000000\r\nabc",
    "a list that never comes": b"*1000000\r\n",
    "nested lists": b"*1\r\n" * 500,
    "an error": b"-ERR something\r\n",
    "a list": b"*1\r\n$1\r\na\r\n",
    "zeros": b"\0" * 1000,
    "random": bytes(range(256)) * 10,
    "a line without an end": b"+" + b"x" * 100_000,
}


class FakeServer:
    """Answers whatever comes with the same bytes."""

    def __init__(self, answer: bytes, closes: bool) -> None:
        self.answer = answer
        self.closes = closes
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self.listener.getsockname()[1]}/0?socket_timeout=0.2"
        self.connections: list[socket.socket] = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        try:
            while connection.recv(65536):
                connection.sendall(self.answer)
                if self.closes:
                    break
        except OSError:
            pass
        connection.close()

    def close(self) -> None:
        self.listener.close()
        for connection in self.connections:
            connection.close()


@pytest.fixture(params=GARBAGE)
def fake_server(request: pytest.FixtureRequest) -> Iterator[FakeServer]:
    server = FakeServer(GARBAGE[request.param], closes=b"close" in request.param.encode())
    yield server
    server.close()


def test_a_server_that_answers_garbage_is_an_error_of_the_store(fake_server: FakeServer) -> None:
    store = RedisStore(fake_server.url)
    for call in (
        lambda: store.read(ID),
        lambda: store.write(ID, "{}", 0, HOUR),
    ):
        begin = time.monotonic()
        try:
            found = call()
        except SessionStoreError:
            pass
        else:
            assert found in (None, ("", 0))  # some garbage is a valid answer
        assert time.monotonic() - begin < 30
    store.close()


def test_an_application_goes_on_beside_a_server_that_answers_garbage(
    make_client: t.Any, fake_server: FakeServer
) -> None:
    _, client = make_client(fake_server.url)
    assert is_unavailable(client.get("/count"))
    assert client.get("/").text == "untouched"


def test_the_password_is_in_no_message() -> None:
    store = RedisStore("redis://me:secret@127.0.0.1:1/0")
    assert store.name == "redis://127.0.0.1:1/0"
    with pytest.raises(SessionStoreError) as caught:
        store.read(ID)
    assert "secret" not in str(caught.value)


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(RuntimeError, match="pip install 'redis>=5'"):
        RedisStore("redis://localhost")
