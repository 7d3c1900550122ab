"""WebSocket handlers in wrappers: the calling code decides what the methods return."""

from __future__ import annotations

import asyncio
import functools
import typing as t
from collections.abc import Callable

import pytest

from flask import Flask, current_app, websocket
from flask.asgi import WebsocketDisconnect
from flask.testing import FlaskClient

Handler = Callable[..., t.Any]


def ensured(handler: Handler) -> Handler:
    @functools.wraps(handler)
    def wrapper() -> t.Any:
        return current_app.ensure_sync(handler)()

    return wrapper


def returned(handler: Handler) -> Handler:
    return lambda: handler()


def run(handler: Handler) -> Handler:
    @functools.wraps(handler)
    def wrapper() -> t.Any:
        return asyncio.run(handler())

    return wrapper


def talked_first(handler: Handler) -> Handler:
    def wrapper() -> t.Any:
        websocket.send("sync")
        assert websocket.receive() == "answer"
        return handler()

    return wrapper


class Object:
    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.__name__ = "object"

    async def __call__(self) -> None:
        await self.handler()


WRAPPERS: list[t.Any] = [ensured, returned, run, talked_first, functools.partial, Object]


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_an_async_handler_in_a_wrapper(app: Flask, client: FlaskClient, wrap: t.Any) -> None:
    ends: list[t.Any] = []

    async def handler() -> None:
        await websocket.send(await websocket.receive())
        async for message in websocket:
            await websocket.send(f"again {message!r}")
        try:
            await websocket.receive()
        except WebsocketDisconnect as error:
            ends.append(error.code)
            raise

    app.add_websocket("/", "handler", wrap(handler))
    with client.websocket_connect("/") as session:
        if wrap is talked_first:
            assert session.receive() == "sync"
            session.send("answer")
        session.send("a text")
        assert session.receive() == "a text"
        session.send("more")
        assert session.receive() == "again 'more'"
        session.close(4000)
    assert ends == [4000]


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_a_hook_in_a_wrapper(app: Flask, client: FlaskClient, kind: str) -> None:
    async def before() -> None:
        await websocket.accept()
        await websocket.send("from the hook")

    async def asynchronous() -> None:
        await websocket.send("from the handler")

    def sync() -> None:
        websocket.send("from the handler")

    app.before_websocket(lambda: before())
    app.add_websocket("/", "handler", sync if kind == "sync" else asynchronous)
    with client.websocket_connect("/") as session:
        assert [session.receive(), session.receive()] == ["from the hook", "from the handler"]
