"""Redis that is killed, restarted, slow, emptied, or no Redis at all."""

from __future__ import annotations

import asyncio
import logging
import os
import socketserver
import threading
import time
import typing as t
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from polling import LONGEST, free_port, wait_until
from redis_server import RedisServer

from flask import Flask
from flask.channels import Channels, Unavailable

MakeApp = Callable[..., Flask]


@pytest.fixture
def app(make_app: MakeApp, redis_server: RedisServer) -> Flask:
    return make_app(CHANNELS_URL=redis_server.url, CHANNELS_TIMEOUT=0.5)


def receive(messages: t.Any, count: int) -> list[t.Any]:
    found = []
    for _ in range(count):
        message = messages.receive(LONGEST)
        found.append("resync" if message.is_resync else message.data)
    return found


def publish_when_possible(channels: Channels, data: object) -> None:
    def publish() -> bool:
        try:
            channels.publish("a", data)
        except Unavailable:
            return False
        return True

    wait_until(publish, "publishing")


def wait_for_connection(app: Flask, is_lost: bool = False) -> None:
    reader = app.extensions["channels"].transport.reader
    wait_until(lambda: reader.is_lost is is_lost, "the state of the connection")


@pytest.mark.slow
def test_a_restarted_redis_with_its_data_loses_nothing(
    app: Flask, channels: Channels, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    with channels.subscribe("a") as messages, channels.subscribe("quiet") as quiet:
        channels.publish("a", "before")
        assert receive(messages, 1) == ["before"]
        redis_server.kill()
        wait_for_connection(app, is_lost=True)
        with pytest.raises(Unavailable, match=r"Redis at 127.0.0.1:\d+ cannot be reached"):
            channels.publish("a", "lost")
        redis_server.start()
        publish_when_possible(channels, 1)
        for number in range(2, 200):  # fewer than the queue holds
            channels.publish("a", number)
        assert receive(messages, 199) == [*range(1, 200)]
        channels.publish("quiet", "hello")
        assert receive(quiet, 1) == ["hello"]
        wait_until(lambda: channels.listeners("a") == 1)
    texts = [record.getMessage() for record in caplog.records]
    assert len([text for text in texts if "is lost. Listeners wait" in text]) == 1
    assert len([text for text in texts if "answers again" in text]) == 1


@pytest.mark.slow
def test_a_redis_that_lost_its_data_gives_each_listener_one_resync(
    app: Flask, channels: Channels, redis_server: RedisServer
) -> None:
    redis_server.keeps_data = False
    old = channels.publish("a", "before").id
    with channels.subscribe("a") as messages, channels.subscribe("quiet") as quiet:
        redis_server.kill()
        wait_for_connection(app, is_lost=True)
        redis_server.start()
        assert receive(messages, 1) == receive(quiet, 1) == ["resync"]
        channels.publish("a", "new")
        channels.publish("quiet", "also new")
        assert receive(messages, 1) == ["new"]
        assert receive(quiet, 1) == ["also new"]
    with channels.subscribe("a", after=old) as messages:
        assert receive(messages, 1) == ["resync"]
        channels.publish("a", "newer")
        assert receive(messages, 1) == ["newer"]


@pytest.mark.slow
@pytest.mark.parametrize("after", [None, "known", "1-1"])
def test_a_listener_that_begins_without_redis_waits_for_it(
    app: Flask, channels: Channels, redis_server: RedisServer, after: str | None
) -> None:
    if after == "known":
        after = channels.publish("a", 0).id
        channels.publish("a", "missed")
    redis_server.kill()
    with channels.subscribe("a", after=after) as messages:
        assert messages.position is None
        redis_server.start()
        first = "missed" if after not in (None, "1-1") else "resync"
        assert receive(messages, 1) == [first]
        channels.publish("a", "new")
        assert receive(messages, 1) == ["new"]


@pytest.mark.slow
def test_a_suspended_redis_is_an_error_after_the_timeout(
    app: Flask, channels: Channels, redis_server: RedisServer
) -> None:
    async def say() -> None:
        await channels.publish("a", "never")

    with channels.subscribe("a") as messages:
        channels.publish("a", 1)
        redis_server.suspend()
        for call in (lambda: channels.publish("a", "never"), lambda: asyncio.run(say())):
            with pytest.raises(Unavailable, match=r"within 0.5 seconds \(CHANNELS_TIMEOUT\)"):
                call()
        with pytest.raises(Unavailable):
            channels.listeners("a")
        redis_server.resume()
        publish_when_possible(channels, "end")
        got = receive(messages, 2)
        while got[-1] != "end":
            got += receive(messages, 1)
    assert got[0] == 1  # what was sent before the timeout may arrive: "never" is at-least-once


def test_messages_that_are_not_awaited_log_their_error(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(CHANNELS_URL=f"redis://:secret@127.0.0.1:{free_port()}/0")
    channels = Channels(app)

    async def say() -> t.Any:
        publication = channels.publish("a", 1)
        with pytest.raises(RuntimeError, match="not published yet"):
            assert publication.id
        await asyncio.to_thread(wait_until, lambda: "was not published" in caplog.text, "the log")
        return publication

    with caplog.at_level(logging.ERROR):
        publication = asyncio.run(say())
    with pytest.raises(Unavailable):
        assert publication.id
    assert "A message on 'a' was not published: Redis at 127.0.0.1" in caplog.text
    assert "secret" not in caplog.text


def test_a_storm_that_is_not_awaited_is_bounded(
    make_app: MakeApp, redis_server: RedisServer
) -> None:
    channels = Channels(make_app(CHANNELS_URL=redis_server.url))

    async def storm() -> None:
        for number in range(30_000):
            channels.publish("a", number)

    redis_server.suspend()
    with pytest.raises(Unavailable, match="Await each publication"):
        asyncio.run(storm())
    redis_server.resume()


class _Garbage(socketserver.BaseRequestHandler):
    """Answers every command with bytes that are not the protocol, or not the answer."""

    answer = b""

    def handle(self) -> None:
        try:
            while self.request.recv(65_536):
                self.request.sendall(self.answer)
        except OSError:
            pass


ANSWERS = [
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"\x00\xff\xfe garbage",
    b"+OK\r\n" * 20,
    b":1\r\n" * 20,
    b"*-1\r\n" * 20,
    b"$3\r\nabc\r\n" * 20,
    b"*1\r\n*2\r\n$3\r\n1-1\r\n*1\r\n$1\r\nd\r\n" * 20,
    b"-ERR no\r\n" * 20,
    b"-LOADING Redis is loading\r\n" * 20,
    b"",
]


@pytest.fixture(params=ANSWERS, ids=lambda answer: repr(answer[:12]))
def garbage(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a server that is not Redis."""
    handler = type("Handler", (_Garbage,), {"answer": request.param})

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"redis://127.0.0.1:{server.server_address[1]}/0"
        server.shutdown()
        thread.join(LONGEST)


@pytest.mark.slow
def test_garbage_is_a_clear_error(make_app: MakeApp, garbage: str) -> None:
    app = make_app(CHANNELS_URL=garbage, CHANNELS_TIMEOUT=0.2)
    channels = Channels(app)
    with pytest.raises(Unavailable, match=r"^Redis at 127.0.0.1:\d+ "):
        channels.publish("a", 1)
    with channels.subscribe("a") as messages, pytest.raises(TimeoutError):
        messages.receive(timeout=1)
    with pytest.raises(Unavailable):
        channels.listeners("a")


def test_a_full_redis_is_a_clear_error(
    app: Flask, channels: Channels, redis_server: RedisServer
) -> None:
    with channels.subscribe("a") as messages:
        redis_server.ask("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(Unavailable, match=r"has refused a command: .*maxmemory"):
            channels.publish("a", "refused")
        redis_server.ask("CONFIG", "SET", "maxmemory", "0")
        channels.publish("a", "stored")
        assert receive(messages, 1) == ["stored"]


def test_entries_of_other_programs_are_left_out(
    app: Flask, channels: Channels, redis_server: RedisServer
) -> None:
    with channels.subscribe("a") as messages:
        place = messages.position
        for fields in (["x", "y"], ["d", b"\xff"], ["d", "not JSON"], ["d", "1", "x", "y"]):
            redis_server.ask("XADD", "flask:channels:messages:a", "*", *fields)
        channels.publish("a", 2)
        assert receive(messages, 2) == [1, 2]
    with channels.subscribe("a", after=place) as messages:
        assert receive(messages, 2) == [1, 2]


@pytest.mark.slow
def test_a_storm_that_outruns_the_history_is_noticed(
    make_app: MakeApp, redis_server: RedisServer
) -> None:
    """The reader is suspended while more arrives than Redis keeps: a resync, and no silent gap."""
    app = make_app(CHANNELS_URL=redis_server.url, CHANNELS_HISTORY=50, CHANNELS_QUEUE=10_000)
    channels = Channels(app)
    transport = app.extensions["channels"].transport
    with channels.subscribe("a") as messages:
        channels.publish("a", "first")
        assert receive(messages, 1) == ["first"]
        for _ in range(20):
            with transport.lock:  # the reader needs it
                transport.publish([("a", str(number)) for number in range(1000)])
        got: list[t.Any] = []
        while "end" not in got:
            try:
                message = messages.receive(timeout=0.2)
            except TimeoutError:  # a resync may include the last "end"
                channels.publish("a", "end")
            else:
                got.append("resync" if message.is_resync else message.data)  # type: ignore[union-attr]
    assert "resync" in got
    for before, after in pairwise(got):  # no gap without a resync
        if isinstance(before, int) and isinstance(after, int):
            assert after in (before + 1, 0)


@pytest.mark.slow
def test_1000_listeners_share_one_connection(make_app: MakeApp, redis_server: RedisServer) -> None:
    channels = Channels(make_app(CHANNELS_URL=redis_server.url))

    async def listen() -> set[tuple[int, ...]]:
        subscriptions = [channels.subscribe("a") for _ in range(1000)]
        for subscription in subscriptions:
            await subscription.__aenter__()
        waiting = [asyncio.ensure_future(_take(each, 10)) for each in subscriptions]
        for number in range(10):
            await channels.publish("a", number)
        got = {tuple(each) for each in await asyncio.wait_for(asyncio.gather(*waiting), LONGEST)}
        assert await channels.listeners("a") == 1000
        assert await asyncio.to_thread(redis_server.connections, "flask-channels-read") == 1
        for subscription in subscriptions:
            await subscription.__aexit__(None, None, None)
        return got

    assert asyncio.run(listen()) == {tuple(range(10))}


async def _take(messages: t.Any, count: int) -> list[t.Any]:
    return [(await anext(messages)).data for _ in range(count)]


def test_a_forked_process_has_its_own_connections(
    app: Flask, channels: Channels, redis_server: RedisServer
) -> None:
    with channels.subscribe("a") as messages:
        channels.publish("a", "by the parent")
        assert receive(messages, 1) == ["by the parent"]
        child = os.fork()
        if not child:
            code = 1
            try:
                with channels.subscribe("a") as of_child:
                    channels.publish("a", "by the child")
                    if receive(of_child, 1) == ["by the child"] and channels.listeners("a") == 2:
                        code = 0
            finally:
                os._exit(code)
        assert receive(messages, 1) == ["by the child"]
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        channels.publish("a", "at the end")
        assert receive(messages, 1) == ["at the end"]


@pytest.mark.slow
def test_the_reading_thread_ends_when_it_has_nothing_to_read(
    app: Flask, channels: Channels, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask.channels._redis_reader.HEARTBEAT", 0.2)
    with channels.subscribe("a"):
        assert redis_server.connections("flask-channels-read") == 1
    wait_until(lambda: redis_server.connections("flask-channels-read") == 0)
    with channels.subscribe("a") as messages:
        channels.publish("a", 1)
        assert receive(messages, 1) == [1]


@pytest.mark.slow
def test_a_history_expires(make_app: MakeApp, redis_server: RedisServer) -> None:
    channels = Channels(make_app(CHANNELS_URL=redis_server.url, CHANNELS_HISTORY_LIFETIME=1))
    place = channels.publish("a", 1).id
    wait_until(lambda: not redis_server.ask("EXISTS", "flask:channels:messages:a"))
    with channels.subscribe("a", after=place) as messages:
        assert receive(messages, 1) == ["resync"]


def test_nothing_is_left_in_redis_of_a_process_that_has_ended(
    app: Flask, channels: Channels, redis_server: RedisServer
) -> None:
    with channels.subscribe("a"):
        wait_until(lambda: redis_server.ask("SCARD", "flask:channels:processes") == 1)
        begun = time.monotonic()
        app.extensions["channels"].close()
        assert time.monotonic() - begun < LONGEST
    assert redis_server.ask("KEYS", "flask:channels:*") == [b"flask:channels:messages:a"]
