"""WebSockets: a server that stops, and what a connection leaves behind."""

from __future__ import annotations

import asyncio
import threading
import typing as t
import weakref
from unittest.mock import AsyncMock

import pytest
from polling import LONGEST
from scripted_websocket import DISCONNECT, KINDS, MESSAGE, echo, talk_to

from flask import (
    Flask,
    abort,
    websocket,
)
from flask.asgi import WebsocketDisconnect
from flask.asgi._websocket_channel import WebSocketChannel

# A server that stops ------------------------------------------------------------------------------


def test_a_server_that_stops_closes_with_1001(app: Flask) -> None:
    teardowns: list[t.Any] = []
    app.teardown_websocket(lambda error: teardowns.append(type(error)))
    sent: list[t.Any] = []

    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()
        await asyncio.Event().wait()

    async def go() -> None:
        accepted = asyncio.Event()
        messages = [{"type": "websocket.connect"}]

        async def receive() -> t.Any:
            return messages.pop(0) if messages else await asyncio.Event().wait()

        async def send(message: t.Any) -> None:
            sent.append(message)
            accepted.set()

        scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"localhost")]}
        task = asyncio.ensure_future(app(scope, receive, send))
        await accepted.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    assert sent[-1]["code"] == 1001
    assert teardowns == [asyncio.CancelledError]


class Server:
    """A server of several WebSockets; a client that does not read takes no message after the first.

    :param app: the application.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.sent: dict[str, list[dict[str, t.Any]]] = {}
        self._accepted = asyncio.Event()

    async def connect(self, client: str, reads: bool = True) -> asyncio.Task[None]:
        messages = [{"type": "websocket.connect"}]
        sent = self.sent[client] = []

        async def receive() -> t.Any:
            return messages.pop(0) if messages else await asyncio.Event().wait()

        async def send(message: t.Any) -> None:
            if sent and not reads:
                await asyncio.Event().wait()
            sent.append(message)
            self._accepted.set()

        scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"localhost")]}
        task = asyncio.ensure_future(self.app(scope, receive, send))
        self._accepted.clear()
        await self._accepted.wait()
        return task


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_does_not_read_does_not_keep_the_server_running(
    app: Flask, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask.asgi._websocket_server._CLOSE_TIMEOUT", 0.01)
    torn_down = threading.Event()
    app.teardown_websocket(lambda error: torn_down.set())
    app.add_websocket("/", "echo", echo(kind))

    @app.before_websocket
    async def accept() -> None:
        await websocket.accept()

    async def go() -> None:
        task = await Server(app).connect("deaf", reads=False)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(LONGEST):
                await task
        assert await asyncio.to_thread(torn_down.wait, LONGEST)

    asyncio.run(go())


def test_a_client_that_does_not_read_delays_no_close_frame_of_others(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask.asgi._websocket_server._CLOSE_TIMEOUT", 0.01)
    app.add_websocket("/", "echo", echo("async"))

    @app.before_websocket
    async def accept() -> None:
        await websocket.accept()

    async def go() -> dict[str, list[dict[str, t.Any]]]:
        server = Server(app)
        tasks = [await server.connect(str(number), reads=number != 1) for number in range(5)]
        async with asyncio.timeout(LONGEST):
            await app._asgi.websockets.close_all()
            await asyncio.wait(tasks)
        return server.sent

    sent = asyncio.run(go())
    assert [client for client in sent if sent[client][-1].get("code") == 1001] == list("0234")


def test_a_handler_that_closes_while_the_server_stops_is_no_error(app: Flask) -> None:
    async def go() -> list[dict[str, t.Any]]:
        stopping = asyncio.Event()

        @app.websocket("/")
        async def talk() -> None:
            await websocket.accept()
            await stopping.wait()
            await websocket.close(4000)

        server = Server(app)
        task = await server.connect("client", reads=True)
        stopping.set()
        async with asyncio.timeout(LONGEST):
            await app._asgi.websockets.close_all()
            await task
        return server.sent["client"]

    assert asyncio.run(go())[-1]["code"] == 4000


# Memory -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("ending", ["gone", "closed", "crash", "large", "refused"])
def test_a_websocket_leaves_nothing_for_the_collector(app: Flask, ending: str) -> None:
    """The garbage collector finds no reference cycle through an object of Granian."""
    app.logger.disabled = True
    app.config["WEBSOCKET_MAX_MESSAGE_SIZE"] = 10
    alive: list[weakref.ref[t.Any]] = []

    @app.websocket("/")
    async def talk() -> None:
        alive.append(weakref.ref(websocket._get_current_object()))
        if ending == "refused":
            abort(401)
        await websocket.accept()
        if ending == "closed":
            await websocket.close()
        if ending == "crash":
            raise ZeroDivisionError
        while True:
            await websocket.receive()

    last = {"type": "websocket.receive", "text": "x" * 11} if ending == "large" else DISCONNECT
    talk_to(app, [{"type": "websocket.connect"}, MESSAGE, last])
    assert [it() for it in alive] == [None]


@pytest.mark.usefixtures("no_collector")
def test_a_task_that_keeps_the_error_of_receiving_is_not_kept_by_it() -> None:
    """The executor of a synchronous handler has such tasks."""

    async def go() -> weakref.ref[t.Any]:
        messages = [{"type": "websocket.connect"}, {"type": "websocket.disconnect"}]

        async def receive() -> t.Any:
            return messages.pop(0)

        async def read() -> BaseException | None:
            try:
                await channel.receive()
            except WebsocketDisconnect as gone:
                return gone
            return None

        channel = WebSocketChannel({}, receive, AsyncMock(), None)
        await channel.connect()
        await channel.send({"type": "websocket.accept"})
        task = asyncio.create_task(read())
        await asyncio.sleep(0)
        channel.listen()
        await task
        return weakref.ref(task)

    assert asyncio.run(go())() is None
