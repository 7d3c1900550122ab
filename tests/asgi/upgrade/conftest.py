"""Applications on Werkzeug's threaded server."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from contextlib import closing

import pytest
from threaded_server import Room

from flask import websocket


@pytest.fixture
def room() -> Iterator[Room]:
    with closing(Room()) as room:
        yield room


@pytest.fixture(params=["async", "sync"])
def echo(request: t.Any, room: Room) -> Room:
    """A room with ``/echo``, by both kinds of handlers."""

    @room.app.teardown_websocket
    def torn(error: BaseException | None) -> None:
        room.note(f"torn down: {error}")

    if request.param == "async":

        @room.app.websocket("/echo")
        async def echo() -> None:
            async for message in websocket:
                await websocket.send(message)

    else:

        @room.app.websocket("/echo")
        def echo_sync() -> None:
            for message in websocket:
                websocket.send(message)

    return room
