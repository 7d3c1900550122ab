"""WebSockets: what ends a connection, and what the handler learns of it."""

from __future__ import annotations

import asyncio
import logging
import typing as t

import pytest
from scripted_websocket import KINDS, echo

from flask import (
    Flask,
    abort,
    websocket,
)
from flask.asgi import WebsocketDisconnect, WebsocketStateError
from flask.testing import FlaskClient, WebsocketClosed


@pytest.mark.parametrize(
    ("error", "code", "is_logged"),
    [(ZeroDivisionError(), 1011, True), (403, 1008, False), (500, 1011, True)],
)
@pytest.mark.parametrize("kind", KINDS)
def test_an_error_after_the_handshake_closes(
    app: Flask,
    client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    error: t.Any,
    code: int,
    is_logged: bool,
) -> None:
    teardowns: list[BaseException | None] = []
    app.teardown_websocket(teardowns.append)

    def fail() -> t.NoReturn:
        if isinstance(error, int):
            abort(error)
        raise error

    if kind == "async":

        @app.websocket("/")
        async def talk() -> None:
            await websocket.accept()
            fail()

    else:

        @app.websocket("/")
        def talk_sync() -> None:
            websocket.accept()
            fail()

    with (
        caplog.at_level(logging.ERROR),
        client.websocket_connect("/") as ws,
        pytest.raises(WebsocketClosed) as closed,
    ):
        ws.receive()
    assert closed.value.code == code
    assert len(teardowns) == 1
    assert len(caplog.records) == is_logged


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        *((code, "") for code in (-1, 0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 70000)),
        (1000, "r" * 124),
        (1000, "é" * 62),
        (1000, "\ud800"),
    ],
)
def test_a_close_frame_that_cannot_be_sent_is_an_error_of_the_handler(
    app: Flask, client: FlaskClient, code: int, reason: str
) -> None:
    log: list[str] = []

    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()
        try:
            await websocket.close(code, reason)
        except ValueError as error:
            log.append(str(error))
        await websocket.close(4000, "r" * 123)

    with client.websocket_connect("/") as ws, pytest.raises(WebsocketClosed) as closed:
        ws.receive()
    assert closed.value.code == 4000
    assert len(log) == 1


def test_a_client_that_disconnects_cancels_what_an_async_handler_awaits(
    app: Flask, client: FlaskClient
) -> None:
    log: list[str] = []
    app.teardown_websocket(lambda error: log.append(f"teardown {error}"))

    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()
        try:
            await asyncio.Event().wait()
        finally:
            log.append("finally")

    client.websocket_connect("/").close()
    assert log == ["finally", "teardown None"]


def test_a_client_that_disconnects_before_the_handshake_cancels_the_handler(app: Flask) -> None:
    log: list[str] = []
    app.teardown_websocket(lambda error: log.append(f"teardown {error}"))

    @app.websocket("/")
    async def talk() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            log.append("finally")

    async def go() -> None:
        messages = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1006}]

        async def receive() -> t.Any:
            await asyncio.sleep(0)
            return messages.pop(0)

        async def send(message: t.Any) -> None:
            raise AssertionError(message)

        scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"localhost")]}
        await app(scope, receive, send)

    asyncio.run(go())
    assert log == ["finally", "teardown None"]


def test_receive_raises_the_close_code_of_the_client(app: Flask, client: FlaskClient) -> None:
    seen: list[t.Any] = []

    @app.websocket("/")
    async def talk() -> None:
        try:
            await websocket.receive()
        except WebsocketDisconnect as gone:
            seen.append((gone.code, gone.reason, isinstance(gone, asyncio.CancelledError)))
            with pytest.raises(WebsocketDisconnect):
                await websocket.send("too late")
            raise

    client_session = client.websocket_connect
    app.before_websocket(lambda: None)

    @app.before_websocket
    async def accept() -> None:
        await websocket.accept()

    client_session("/").close(4001, "bye")
    assert seen == [(4001, "bye", True)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_after_closing_is_an_error(app: Flask, client: FlaskClient, kind: str) -> None:
    seen: list[str] = []
    if kind == "async":

        @app.websocket("/")
        async def talk() -> None:
            await websocket.accept()
            await websocket.close()
            for doing in (websocket.send("x"), websocket.receive(), websocket.close()):
                with pytest.raises(WebsocketStateError) as error:
                    await doing
                seen.append(str(error.value))

    else:

        @app.websocket("/")
        def talk_sync() -> None:
            websocket.accept()
            websocket.close()
            for doing in (lambda: websocket.send("x"), websocket.receive, websocket.close):
                with pytest.raises(WebsocketStateError) as error:
                    doing()
                seen.append(str(error.value))

    with client.websocket_connect("/") as ws, pytest.raises(WebsocketClosed):
        ws.receive()
    assert len(seen) == 3
    assert "'websocket.send' is not possible on a WebSocket that is 'closed'" in seen[0]


def test_a_message_that_is_too_large_closes_with_1009(app: Flask, client: FlaskClient) -> None:
    app.config["WEBSOCKET_MAX_MESSAGE_SIZE"] = 10
    app.add_websocket("/", "echo", echo("async"))
    with client.websocket_connect("/") as ws:
        ws.send("é" * 5)
        assert ws.receive() == "é" * 5
        ws.send("é" * 5 + "x")
        with pytest.raises(WebsocketClosed) as closed:
            ws.receive()
        assert closed.value.code == 1009
