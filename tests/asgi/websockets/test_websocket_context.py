"""WebSockets: tasks and threads of a handler, and the table of states."""

from __future__ import annotations

import asyncio
import threading
import typing as t

import pytest
from polling import LONGEST

from flask import (
    Flask,
    copy_current_websocket_context,
    has_websocket_context,
    websocket,
)
from flask.asgi._websocket_channel import TRANSITIONS
from flask.testing import FlaskClient


def test_the_error_of_the_proxy_explains_where_it_works(app: Flask) -> None:
    assert not has_websocket_context()
    with pytest.raises(RuntimeError, match="outside of WebSocket context"):
        _ = websocket.path
    with app.test_request_context():
        assert not has_websocket_context()
        with pytest.raises(RuntimeError, match="outside of WebSocket context"):
            _ = websocket.path
        with pytest.raises(RuntimeError, match="outside of WebSocket context"):
            copy_current_websocket_context(lambda: None)


def test_tasks_and_threads_of_a_handler_can_use_the_websocket(
    app: Flask, client: FlaskClient
) -> None:
    @app.websocket("/<int:n>")
    async def talk(n: int) -> None:
        async def send(word: str) -> None:
            await websocket.send(f"{word} {websocket.path}")

        async with asyncio.TaskGroup() as group:
            group.create_task(send("task"))
        await copy_current_websocket_context(send)("copy")
        found: list[str] = []
        thread = threading.Thread(
            target=copy_current_websocket_context(lambda: found.append(websocket.path))
        )
        thread.start()
        thread.join()
        await websocket.send(found[0])

    with client.websocket_connect("/7") as ws:
        assert [ws.receive() for _ in range(3)] == ["task /7", "copy /7", "/7"]


def test_a_thread_of_a_sync_handler_sends_on_the_servers_loop(app: Flask) -> None:
    loops: list[asyncio.AbstractEventLoop] = []
    ended: list[str] = []

    @app.websocket("/")
    def talk() -> None:
        websocket.accept()

        @copy_current_websocket_context
        def echo() -> None:
            for message in websocket:
                websocket.send(message)
            ended.append("echo")

        thread = threading.Thread(target=echo, daemon=True)
        thread.start()
        thread.join(LONGEST)

    async def go() -> None:
        inbox: asyncio.Queue[dict[str, t.Any]] = asyncio.Queue()
        outbox: asyncio.Queue[dict[str, t.Any]] = asyncio.Queue()

        async def receive() -> dict[str, t.Any]:
            return await inbox.get()

        async def send(message: dict[str, t.Any]) -> None:
            loops.append(asyncio.get_running_loop())
            outbox.put_nowait(message)

        inbox.put_nowait({"type": "websocket.connect"})
        scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"localhost")]}
        serving = asyncio.create_task(app(scope, receive, send))
        async with asyncio.timeout(LONGEST):
            assert (await outbox.get())["type"] == "websocket.accept"
            for word in ("one", "two"):
                inbox.put_nowait({"type": "websocket.receive", "text": word})
                assert (await outbox.get())["text"] == word
            inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
            await serving
        assert set(loops) == {asyncio.get_running_loop()}

    asyncio.run(go())
    assert ended == ["echo"]


def test_the_table_of_states_leads_only_to_states_it_knows() -> None:
    states = {state for state, _ in TRANSITIONS}
    assert set(TRANSITIONS.values()) <= states
    sent = {"accept", "send", "close", "http.response.start", "http.response.body"}
    received = {"connect", "receive", "disconnect"}
    assert {kind.removeprefix("websocket.") for _, kind in TRANSITIONS} == sent | received
