"""WebSockets: servers that break the order of messages, and clients that disconnect in between."""

from __future__ import annotations

import asyncio
import typing as t
from contextlib import nullcontext

import pytest
from scripted_websocket import DISCONNECT, GONE, KINDS, MESSAGE, echo, talk_to

from flask import (
    Flask,
    websocket,
)
from flask.asgi import ScopeError, WebsocketDisconnect


def test_a_connection_that_does_not_begin_with_connect_is_an_error(app: Flask) -> None:
    with pytest.raises(ScopeError, match="began with the message"):
        talk_to(app, [{"type": "websocket.receive", "text": "x"}])


@pytest.mark.parametrize("kind", ["websocket.connect", "nonsense"])
def test_a_message_at_the_wrong_time_counts_as_a_disconnect(app: Flask, kind: str) -> None:
    teardowns: list[t.Any] = []
    app.teardown_websocket(teardowns.append)
    app.add_websocket("/", "echo", echo("async"))
    sent = talk_to(app, [{"type": "websocket.connect"}, {"type": kind}])
    assert [message["type"] for message in sent] == ["websocket.accept"]
    assert teardowns == [None]


@pytest.mark.parametrize("waits_for", ["a message", "something else"])
@pytest.mark.parametrize(
    ("broken", "raised"),
    [
        (GONE, None),
        (asyncio.CancelledError(), None),
        (RuntimeError("a fault of the server"), RuntimeError),
        ({}, KeyError),
        ({"type": "websocket.receive", "text": 5}, TypeError),
    ],
    ids=repr,
)
def test_an_error_in_receive_ends_the_handler_and_is_raised_to_the_server(
    app: Flask, broken: t.Any, raised: type[Exception] | None, waits_for: str
) -> None:
    app.config["WEBSOCKET_MAX_MESSAGE_SIZE"] = 10
    teardowns: list[t.Any] = []
    app.teardown_websocket(teardowns.append)

    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()
        if waits_for == "a message":
            await websocket.receive()
        else:
            await asyncio.Event().wait()

    with nullcontext() if raised is None else pytest.raises(raised):
        talk_to(app, [{"type": "websocket.connect"}, broken])
    assert teardowns == [None]


def test_a_flood_of_messages_waits_for_the_handler(app: Flask) -> None:
    count = 200
    received: list[t.Any] = []

    @app.websocket("/")
    async def talk() -> None:
        async for message in websocket:
            received.append(message)
            if len(received) == count:
                return

    flood = [{"type": "websocket.receive", "text": str(n)} for n in range(count)]
    sent = talk_to(app, [{"type": "websocket.connect"}, *flood])
    assert received == [str(n) for n in range(count)]
    assert sent[-1] == {"type": "websocket.close", "code": 1000, "reason": ""}


@pytest.mark.parametrize(
    ("data", "most"),
    [
        ({"bytes": b"x" * 500_000}, 4),
        ({"text": "x" * 500_000}, 4),
        ({"text": "\N{GRINNING FACE}" + "x" * 500_000}, 2),
        ({"bytes": b"x"}, 17),
    ],
    ids=["bytes", "text", "text beyond ASCII", "small"],
)
def test_messages_that_the_handler_does_not_receive_are_not_read_ahead(
    app: Flask, data: dict[str, t.Any], most: int
) -> None:
    asked: list[int] = []

    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()
        for _ in range(100):
            await asyncio.sleep(0)

    class Counted(dict[str, t.Any]):
        def __getitem__(self, key: str) -> t.Any:
            asked.append(1) if key == "type" else None
            return super().__getitem__(key)

    flood = [Counted(data, type="websocket.receive") for _ in range(40)]
    talk_to(app, [{"type": "websocket.connect"}, *flood])
    assert 1 <= len(asked) <= most


@pytest.mark.parametrize("has_greenlets", [True, False])
@pytest.mark.parametrize("refused", ["accept", "send", "close"])
def test_an_error_in_send_counts_as_a_disconnect(
    app: Flask, refused: str, has_greenlets: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the error alone: what the handler awaits afterwards is not cancelled."""
    monkeypatch.setattr("flask.asgi._thread_executor.has_greenlets", has_greenlets)
    log: list[str] = []
    app.teardown_websocket(lambda error: log.append(f"torn down: {error}"))

    @app.websocket("/")
    async def talk() -> None:
        try:
            await websocket.send("hello")
            await websocket.close()
        except WebsocketDisconnect as gone:
            await asyncio.sleep(0)
            log.append(f"gone: {gone.code}")
            raise

    sent = talk_to(app, [{"type": "websocket.connect"}], f"websocket.{refused}")
    assert len(sent) == ["accept", "send", "close"].index(refused)
    assert log == ["gone: 1006", "torn down: None"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_handler_that_only_sends_gets_an_error_when_the_client_disconnects(
    app: Flask, kind: str
) -> None:
    """Although the server takes each message at once, and says nothing."""
    log: list[str] = []
    app.teardown_websocket(lambda error: log.append(f"torn down: {error}"))

    if kind == "async":

        @app.websocket("/")
        async def talk() -> None:
            try:
                for _ in range(1000):
                    await websocket.send("again")
            except WebsocketDisconnect as gone:
                await asyncio.sleep(0)
                log.append(f"gone: {gone.code}")
                raise

    else:

        @app.websocket("/")
        def talk_sync() -> None:
            try:
                for _ in range(1000):
                    websocket.send("again")
            except WebsocketDisconnect as gone:
                log.append(f"gone: {gone.code}")
                raise

    talk_to(app, [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1001}])
    assert log == ["gone: 1001", "torn down: None"]


def test_a_client_that_disconnects_during_a_send_is_reported_once(app: Flask) -> None:
    """At the next receive: code after the loop of the handler is not cancelled."""
    log: list[str] = []

    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()
        async for message in websocket:
            await websocket.send(message)
        for _ in range(5):
            await asyncio.sleep(0)
        log.append("left")

    for rest in range(3):
        talk_to(app, [{"type": "websocket.connect"}, MESSAGE, *[MESSAGE] * rest, DISCONNECT])
    assert log == ["left"] * 3


def test_a_client_that_disconnects_during_a_send_cancels_what_is_awaited(app: Flask) -> None:
    log: list[str] = []

    @app.websocket("/")
    async def talk() -> None:
        await websocket.send("hello")
        log.append("sent")
        try:
            await asyncio.Event().wait()
        finally:
            log.append("cancelled")

    talk_to(app, [{"type": "websocket.connect"}, DISCONNECT])
    assert log == ["sent", "cancelled"]


def test_a_client_that_disconnects_before_the_last_message_is_no_error(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    teardowns: list[t.Any] = []
    app.teardown_websocket(teardowns.append)

    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()

    talk_to(app, [{"type": "websocket.connect"}], "websocket.close")
    assert teardowns == [None]
    assert caplog.records == []


@pytest.mark.parametrize("by", [GONE, AttributeError("a fault of the server")], ids=repr)
@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_is_logged_although_the_client_disconnects_first(
    app: Flask, caplog: pytest.LogCaptureFixture, kind: str, by: Exception
) -> None:
    teardowns: list[t.Any] = []
    app.teardown_websocket(lambda error: teardowns.append(type(error)))

    if kind == "async":

        @app.websocket("/")
        async def crash() -> None:
            await websocket.accept()
            raise ZeroDivisionError

    else:

        @app.websocket("/")
        def crash_sync() -> None:
            websocket.accept()
            raise ZeroDivisionError

    with nullcontext() if by is GONE else pytest.raises(AttributeError):
        talk_to(app, [{"type": "websocket.connect"}], "websocket.close", by)
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [
        ZeroDivisionError
    ]
    assert teardowns == [ZeroDivisionError if by is GONE else AttributeError]


def test_a_client_that_disconnects_before_the_1009_is_no_error(app: Flask) -> None:
    app.config["WEBSOCKET_MAX_MESSAGE_SIZE"] = 3
    log: list[int] = []

    @app.websocket("/")
    async def talk() -> None:
        try:
            await websocket.receive()
        except WebsocketDisconnect as gone:
            log.append(gone.code)

    large = {"type": "websocket.receive", "text": "large"}
    talk_to(app, [{"type": "websocket.connect"}, large], "websocket.close")
    assert log == [1006]


def test_messages_that_arrive_after_our_close_are_dropped(app: Flask) -> None:
    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()
        await websocket.close()
        for _ in range(10):
            await asyncio.sleep(0)

    late = [{"type": "websocket.receive", "text": str(n)} for n in range(3)]
    sent = talk_to(app, [{"type": "websocket.connect"}, *late, {"type": "websocket.disconnect"}])
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]


def test_a_server_without_denial_responses_gets_a_close(app: Flask) -> None:
    app.add_websocket("/", "refuse", lambda: ("no", 401))
    sent = talk_to(app, [{"type": "websocket.connect"}])
    assert [message["type"] for message in sent] == ["websocket.close"]
