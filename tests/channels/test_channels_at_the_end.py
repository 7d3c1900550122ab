"""Listeners, messages and counts around the end: `close`, and a reading thread that ends."""

from __future__ import annotations

import asyncio
import threading
import typing as t
from collections.abc import Callable, Iterator

import pytest
from gates import Gate, call_around, pause_until, run_thread
from polling import LONGEST, wait_until
from redis_server import RedisServer

from flask import Flask
from flask.channels import Channels
from flask.channels._redis_reader import _ReadingThread

MakeApp = Callable[..., Flask]

KINDS = ["sync", "async"]


def listen(app: Flask, kind: str) -> list[t.Any]:
    """Return all messages of a subscription that another thread ends."""
    channels = Channels(app)

    async def listen_async() -> list[t.Any]:
        async with channels.subscribe("a") as messages:
            return [message.data async for message in messages]

    if kind == "async":
        return asyncio.run(listen_async())
    with channels.subscribe("a") as messages:
        return [message.data for message in messages]


def talk(app: Flask, kind: str) -> t.Any:
    """Publish in a subscription; return what it receives, and how many listeners there are."""
    channels = Channels(app)

    async def talk_async() -> t.Any:
        async with channels.subscribe("a") as messages:
            await channels.publish("a", 1)
            async with asyncio.timeout(LONGEST):
                return (await anext(messages)).data, await channels.listeners("a")

    if kind == "async":
        return asyncio.run(talk_async())
    with channels.subscribe("a") as messages:
        channels.publish("a", 1)
        message = messages.receive(LONGEST)
        assert message is not None
        return message.data, channels.listeners("a")


@pytest.fixture
def redis_app(make_app: MakeApp, redis_server: RedisServer) -> Flask:
    return make_app(CHANNELS_URL=redis_server.url)


# Listeners that begin at the end ------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_after_the_end_listening_and_publishing_begin_again(app: Flask, kind: str) -> None:
    hub = app.extensions["channels"]
    for _ in range(3):
        assert talk(app, kind) == (1, 1)
        hub.close()
        hub.close()
        assert Channels(app).listeners("a") == 0


MOMENTS = {
    "before the end": lambda hub, begin: call_around(hub.transport, "end", before=begin),
    "before the reader stops": lambda hub, begin: call_around(
        hub.transport.reader, "stop", before=begin
    ),
    "while it stops": lambda hub, begin: call_around(hub.transport.reader, "stop", after=begin),
    "when it has stopped": lambda hub, begin: call_around(hub.transport, "end", after=begin),
}


@pytest.mark.slow
@pytest.mark.parametrize("moment", [*MOMENTS, "at last"])
@pytest.mark.parametrize("held", ["before its place", "after its place"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_listener_that_begins_meanwhile_keeps_no_later_one_from_its_messages(
    redis_app: Flask, kind: str, held: str, moment: str
) -> None:
    hub = redis_app.extensions["channels"]
    transport = hub.transport
    with Channels(redis_app).subscribe("another"):
        wait_until(lambda: "another" in transport.read_channels, "the reading connection")
        gate = Gate(transport, "find_end", is_after=held == "after its place")
        removing = Gate(hub, "remove")
        got: list[t.Any] = []
        late = run_thread(lambda: got.append(listen(redis_app, kind)))
        gate.wait()

        def let_it_begin() -> None:
            gate.open()
            removing.wait()
            pause_until(lambda: "a" in transport.read_channels)

        if moment in MOMENTS:
            MOMENTS[moment](hub, let_it_begin)
        hub.close()
        if moment == "at last":
            let_it_begin()
        removing.open()
        late.join(LONGEST)
    assert got == [[]]
    assert talk(redis_app, kind) == (1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_listener_that_begins_when_all_have_ended_starts_no_thread(
    redis_app: Flask, redis_server: RedisServer, kind: str
) -> None:
    hub = redis_app.extensions["channels"]
    gate = Gate(hub.transport, "open")
    late = run_thread(lambda: listen(redis_app, kind))
    gate.wait()
    hub.close()
    gate.open()
    late.join(LONGEST)
    pause_until(lambda: redis_server.connections("flask-channels-read"))
    assert redis_server.connections("flask-channels-read") == 0
    assert not redis_server.ask("EXISTS", "flask:channels:processes")


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_resumes_after_the_end_misses_nothing(
    app: Flask, channels: Channels, kind: str
) -> None:
    with channels.subscribe("a") as messages:
        place = messages.position
        channels.publish("a", 1)
        app.extensions["channels"].close()
        assert messages.receive(LONGEST) is None
        channels.publish("a", 2)

    async def resume() -> list[t.Any]:
        async with channels.subscribe("a", after=place) as messages, asyncio.timeout(LONGEST):
            await channels.publish("a", 3)
            return [(await anext(messages)).data for _ in range(3)]

    def resume_sync() -> t.Iterator[t.Any]:
        with channels.subscribe("a", after=place) as messages:
            channels.publish("a", 3)
            for _ in range(3):
                message = messages.receive(LONGEST)
                yield message and message.data

    got = asyncio.run(resume()) if kind == "async" else list(resume_sync())
    assert got == [1, 2, 3]


def test_a_stream_after_the_end_begins_again(app: Flask, channels: Channels) -> None:
    app.add_url_rule("/", view_func=lambda: channels.stream("a"))
    for number in range(2):
        with app.test_client().get("/", buffered=False) as response:
            events = t.cast("Iterator[bytes]", response.response)
            text = b""
            while b"id: " not in text:  # the listener has begun
                text += next(events)
            channels.publish("a", number)
            while b"data: %d" % number not in text:
                text += next(events)
            app.extensions["channels"].close()
            assert b"data" not in b"".join(events)


# The reading thread -------------------------------------------------------------------------------


def has_one_reader_that_was_not_lost(
    app: Flask, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> bool:
    pause_until(lambda: "is lost" in caplog.text)
    with Channels(app).subscribe("a"):
        wait_until(lambda: server.connections("flask-channels-read") > 0)
        return server.connections("flask-channels-read") == 1 and "is lost" not in caplog.text


@pytest.mark.slow
def test_a_reading_thread_that_has_nothing_to_read_leaves_the_next_one_alone(
    redis_app: Flask,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("flask.channels._redis_reader.HEARTBEAT", 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(_ReadingThread, "disconnect", _ReadingThread.disconnect)
        ending = Gate(_ReadingThread, "disconnect")
        with Channels(redis_app).subscribe("a"):
            pass
        ending.wait()
    with Channels(redis_app).subscribe("a") as messages:
        wait_until(lambda: redis_server.connections("flask-channels-read") == 2)
        ending.open()
        wait_until(lambda: redis_server.connections("flask-channels-read") == 1)
        Channels(redis_app).publish("a", 1)
        message = messages.receive(LONGEST)
        assert message is not None
        assert message.data == 1
        assert has_one_reader_that_was_not_lost(redis_app, redis_server, caplog)


@pytest.mark.slow
def test_a_reading_thread_that_is_late_to_stop_leaves_the_next_one_alone(
    make_app: MakeApp, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(CHANNELS_URL=redis_server.url, CHANNELS_TIMEOUT=0.2)
    channels, hub = Channels(app), app.extensions["channels"]
    reading = Gate(hub.transport, "advance")
    with channels.subscribe("a"):
        channels.publish("a", "before the end")
        reading.wait()
        hub.close()  # waits no longer than the timeout
    with channels.subscribe("a") as messages:
        reading.open()
        channels.publish("a", 1)
        message = messages.receive(LONGEST)
        assert message is not None
        assert message.data == 1
        assert has_one_reader_that_was_not_lost(app, redis_server, caplog)


@pytest.mark.slow
def test_a_reading_thread_that_cannot_start_is_tried_again(
    redis_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(_ReadingThread, "start", fail)
        with pytest.raises(RuntimeError, match="can't start"):
            talk(redis_app, "sync")
    assert talk(redis_app, "sync") == (1, 1)


# The numbers of listeners -------------------------------------------------------------------------


@pytest.mark.slow
def test_a_number_that_is_sent_late_is_not_counted_after_the_end(
    redis_app: Flask, redis_server: RedisServer, make_app: MakeApp
) -> None:
    hub = redis_app.extensions["channels"]
    other = Channels(make_app(CHANNELS_URL=redis_server.url))  # as another process
    sending = Gate(hub.transport, "send_counts")
    with Channels(redis_app).subscribe("a"):
        sending.wait()
        wait_until(lambda: other.listeners("a") == 1, "the number of the first heartbeat")
        hub.close()
        sending.open()
        wait_until(lambda: not hub.transport.worker._is_running)
        assert other.listeners("a") == 0
    assert redis_server.ask("KEYS", "flask:channels:*") == [b"flask:channels:messages:a"]


@pytest.mark.slow
def test_a_listener_that_begins_during_a_heartbeat_is_counted(
    redis_app: Flask, redis_server: RedisServer, make_app: MakeApp
) -> None:
    hub = redis_app.extensions["channels"]
    other = Channels(make_app(CHANNELS_URL=redis_server.url))
    counting = Gate(hub, "counts", is_after=True)
    with Channels(redis_app).subscribe("a"):
        counting.wait()
        with Channels(redis_app).subscribe("a"):
            pause_until(lambda: other.listeners("a") == 2)
            counting.open()
            wait_until(lambda: "a" in hub.transport.read_channels, "the end of the heartbeat")
            wait_until(lambda: other.listeners("a") == 2)
        wait_until(lambda: other.listeners("a") == 1)


# Messages that are sent at the end ----------------------------------------------------------------


@pytest.mark.slow
def test_a_message_that_is_being_sent_at_the_end_is_stored(
    redis_app: Flask, redis_server: RedisServer
) -> None:
    hub = redis_app.extensions["channels"]

    async def say() -> list[t.Any]:
        return [Channels(redis_app).publish("a", number) for number in range(300)]

    assert Channels(redis_app).publish("a", "first").id
    redis_server.suspend()
    publications = asyncio.run(say())
    closing = run_thread(hub.close)
    pause_until(lambda: not closing.is_alive())
    redis_server.resume()
    closing.join(LONGEST)
    assert len({publication.id for publication in publications}) == 300
    assert redis_server.ask("XLEN", "flask:channels:messages:a") == 301
