"""A WebSocket whose messages a test scripts, and handlers that send messages back."""

from __future__ import annotations

import asyncio
import typing as t

from flask import (
    Flask,
    websocket,
)

KINDS = ["async", "sync"]


def echo(kind: str) -> t.Any:
    if kind == "async":

        async def handler() -> None:
            while True:
                await websocket.send(await websocket.receive())

    else:

        def handler() -> None:  # type: ignore[misc]
            while True:
                websocket.send(websocket.receive())  # type: ignore[arg-type]

    return handler


GONE = OSError("the client disconnected")


MESSAGE = {"type": "websocket.receive", "text": "x"}


DISCONNECT = {"type": "websocket.disconnect", "code": 1001}


def talk_to(
    app: Flask, messages: list[t.Any], refused: str = "", by: Exception = GONE
) -> list[dict[str, t.Any]]:
    """Give the application a server's messages, as fast as it takes them; return its own.

    :param messages: an error among them is raised.
    :param refused: the kind of message that the server cannot send, for the client disconnected.
    :param by: what the server raises then.
    """
    sent: list[dict[str, t.Any]] = []

    async def go() -> None:
        async def receive() -> t.Any:
            await asyncio.sleep(0)
            message = messages.pop(0) if messages else await asyncio.Event().wait()
            if isinstance(message, BaseException):
                raise message
            return message

        async def send(message: t.Any) -> None:
            if message["type"] == refused:
                raise by
            sent.append(message)

        scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"localhost")]}
        await app(scope, receive, send)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(go())
    return sent
