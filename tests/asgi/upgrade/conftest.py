"""Applications on Werkzeug's threaded server."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from contextlib import closing

import pytest
from threaded_server import ThreadedServer

from flask import websocket


@pytest.fixture
def server() -> Iterator[ThreadedServer]:
    with closing(ThreadedServer()) as server:
        yield server


@pytest.fixture(params=["async", "sync"])
def echo(request: t.Any, server: ThreadedServer) -> ThreadedServer:
    """A server with ``/echo``, by both kinds of handlers."""

    @server.app.teardown_websocket
    def torn(error: BaseException | None) -> None:
        server.note(f"torn down: {error}")

    if request.param == "async":

        @server.app.websocket("/echo")
        async def echo() -> None:
            async for message in websocket:
                await websocket.send(message)

    else:

        @server.app.websocket("/echo")
        def echo_sync() -> None:
            for message in websocket:
                websocket.send(message)

    return server
