"""Server-sent events: how an event is written, and streams of them over both protocols."""

from __future__ import annotations

import asyncio
import threading
import typing as t
import weakref
from collections.abc import AsyncIterator, Iterator

import pytest
from polling import LONGEST, wait_until

from flask import Flask, ServerSentEvent, request, stream_events


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (ServerSentEvent("a"), "data: a\n\n"),
        (ServerSentEvent("a\nb\r\nc\rd"), "data: a\ndata: b\ndata: c\ndata: d\n\n"),
        (ServerSentEvent(""), "data: \n\n"),
        (ServerSentEvent({"n": 1}), 'data: {"n": 1}\n\n'),
        (ServerSentEvent("é", event="greeting", id=7), "event: greeting\nid: 7\ndata: é\n\n"),
        (ServerSentEvent(retry=1500), "retry: 1500\n\n"),
        (ServerSentEvent(comment="a\nb"), ": a\n: b\n\n"),
        (ServerSentEvent("x\u2028y"), "data: x\u2028y\n\n"),
    ],
)
def test_how_an_event_is_written(app: Flask, event: ServerSentEvent, text: str) -> None:
    with app.app_context():
        assert event.encode().decode() == text


@pytest.mark.parametrize("fields", [{"event": "a\nb"}, {"id": "a\rb"}, {"id": "a\0b"}])
def test_a_field_of_one_line_has_one_line(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="must be one line"):
        ServerSentEvent("x", **fields).encode()


YIELDED = [
    "text",
    {"data": "d", "id": 1, "event": "own", "retry": 1},
    {"n": 1},
    ServerSentEvent("e", event="own"),
    7,
]
SENT = (
    ': \n\ndata: text\n\ndata: {"data": "d", "event": "own", "id": 1, "retry": 1}\n\n'
    'data: {"n": 1}\n\nevent: own\ndata: e\n\ndata: 7\n\n'
)


@pytest.mark.parametrize("asgi", [False, True])
@pytest.mark.parametrize("heartbeat", [None, 30])
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("view_kind", ["sync", "async"])
def test_a_generator_of_either_kind_is_sent(
    app: Flask, asgi: bool, heartbeat: float | None, kind: str, view_kind: str
) -> None:
    ends: list[str] = []
    teardowns: list[t.Any] = []
    app.teardown_request(teardowns.append)

    def sync() -> Iterator[t.Any]:
        try:
            yield from YIELDED
        finally:
            ends.append(request.path)

    async def awaited() -> AsyncIterator[t.Any]:
        try:
            for event in YIELDED:
                await asyncio.sleep(0)
                yield event
        finally:
            ends.append(request.path)

    def make() -> t.Any:
        return stream_events(sync() if kind == "sync" else awaited(), heartbeat=heartbeat)

    async def make_awaited() -> t.Any:
        return make()

    app.add_url_rule("/events", "events", make if view_kind == "sync" else make_awaited)
    with app.test_client(asgi=asgi).get("/events") as response:
        assert response.text == SENT
        assert response.content_type == "text/event-stream; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-cache"
    assert ends == ["/events"]
    assert teardowns == [None, None]  # of the request, and of the stream


def test_retry_is_sent_first(app: Flask) -> None:
    app.add_url_rule("/", "view", lambda: stream_events(iter(["x"]), retry=10))
    assert app.test_client().get("/").text == "retry: 10\n\ndata: x\n\n"


@pytest.mark.parametrize("asgi", [False, True])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_heartbeat_is_sent_while_nothing_happens(app: Flask, asgi: bool, kind: str) -> None:
    go_on = threading.Event()

    def sync() -> Iterator[str]:
        go_on.wait()
        yield "at last"

    async def awaited() -> AsyncIterator[str]:
        while not go_on.is_set():
            await asyncio.sleep(0.001)
        yield "at last"

    @app.route("/")
    def view() -> t.Any:
        return stream_events(sync() if kind == "sync" else awaited(), heartbeat=0.01)

    with app.test_client(asgi=asgi).get("/") as response:
        parts = iter(response.response)
        assert [next(parts) for _ in range(3)] == [b": \n\n"] * 3
        go_on.set()
        assert b"".join(t.cast("t.Iterable[bytes]", parts)).endswith(b"data: at last\n\n")


@pytest.mark.parametrize("view_kind", ["sync", "async"])
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("heartbeat", [None, 30])
def test_a_client_that_disconnects_ends_the_generator(
    app: Flask, heartbeat: float | None, kind: str, view_kind: str
) -> None:
    ended = threading.Event()

    def sync() -> Iterator[str]:
        try:
            while True:
                yield "again"
        finally:
            ended.set()

    async def awaited() -> AsyncIterator[str]:
        try:
            yield "once"
            await asyncio.Event().wait()
        finally:
            ended.set()

    def make() -> t.Any:
        return stream_events(sync() if kind == "sync" else awaited(), heartbeat=heartbeat)

    async def make_awaited() -> t.Any:
        return make()

    app.add_url_rule("/", "view", make if view_kind == "sync" else make_awaited)

    async def go() -> None:
        async with app.test_async_client().stream("/") as response:
            async for part in response:
                if part.startswith(b"data"):
                    break

    asyncio.run(go())
    assert ended.wait(LONGEST)


@pytest.mark.parametrize("asgi", [False, True])
@pytest.mark.parametrize("heartbeat", [None, 30])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_an_error_of_the_generator_is_the_streams_error(
    app: Flask, asgi: bool, heartbeat: float | None, kind: str
) -> None:
    teardowns: list[t.Any] = []
    app.teardown_request(teardowns.append)

    def sync() -> Iterator[str]:
        yield "once"
        raise ValueError("failed")

    async def awaited() -> AsyncIterator[str]:
        yield "once"
        raise ValueError("failed")

    @app.route("/")
    def view() -> t.Any:
        return stream_events(sync() if kind == "sync" else awaited(), heartbeat=heartbeat)

    with pytest.raises(ValueError, match="failed"):
        _ = app.test_client(asgi=asgi).get("/").text
    assert [str(error) for error in teardowns] == ["None", "failed"]


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("heartbeat", [None, 30])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_an_error_leaves_nothing_for_the_collector(
    app: Flask, heartbeat: float | None, kind: str
) -> None:
    class TellingError(Exception):
        pass

    errors: list[weakref.ref[TellingError]] = []

    def fail() -> t.NoReturn:
        error = TellingError()
        errors.append(weakref.ref(error))
        try:
            raise error
        finally:
            del error

    def sync() -> Iterator[str]:
        yield "once"
        fail()

    async def awaited() -> AsyncIterator[str]:
        yield "once"
        fail()

    @app.route("/")
    def view() -> t.Any:
        return stream_events(sync() if kind == "sync" else awaited(), heartbeat=heartbeat)

    def listen() -> None:
        try:
            _ = app.test_client().get("/").text
        except TellingError:
            return
        raise AssertionError("nothing was raised")

    listen()
    wait_until(lambda: errors[0]() is None)  # a thread may still have a step to run


@pytest.mark.parametrize("loop_ends", [False, True])
def test_a_sync_generator_that_is_busy_when_the_client_disconnects_is_closed_by_its_step(
    app: Flask, loop_ends: bool
) -> None:
    busy, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def generate() -> Iterator[str]:
        try:
            yield "once"
            busy.set()
            assert go_on.wait(LONGEST)
            yield "not received"
        finally:
            ended.set()

    app.add_url_rule("/", "view", lambda: stream_events(generate()))

    async def go() -> None:
        async with app.test_async_client().stream("/") as response:
            async for part in response:
                if part.startswith(b"data"):
                    break
            await asyncio.to_thread(busy.wait, LONGEST)
        if not loop_ends:
            go_on.set()
            assert await asyncio.to_thread(ended.wait, LONGEST)

    asyncio.run(go())
    assert ended.is_set() is not loop_ends
    go_on.set()
    assert ended.wait(LONGEST)
