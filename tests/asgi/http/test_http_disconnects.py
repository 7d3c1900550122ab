"""HTTP over ASGI: clients that disconnect, and a server that stops."""

from __future__ import annotations

import asyncio
import threading
import typing as t
from collections.abc import AsyncIterator, Iterator

import pytest
from polling import LONGEST
from scripted_server import Server, asynchronous, run

from flask import (
    Flask,
    current_app,
    request,
)

# The client disconnects ---------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["setting", "route"])
@pytest.mark.parametrize("blocking", [None, True])
def test_a_client_that_disconnects_cancels_an_async_view_that_opts_in(
    app: Flask, teardowns: list[t.Any], by: str, blocking: bool | None
) -> None:
    log: list[str] = []
    app.config["CANCEL_ON_DISCONNECT"] = by == "setting"

    @app.get("/", blocking=blocking, cancel_on_disconnect=None if by == "setting" else True)
    async def view() -> str:
        log.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            log.append("finally")
        return "never"

    async def go() -> None:
        server = Server(app).body().disconnect()
        assert await server.serve() == []
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    run(go)
    assert log == ["began", "finally"]
    assert [type(error) for error in teardowns] == [asyncio.CancelledError]


@pytest.mark.parametrize("view_kind", ["async", "sync"])
@pytest.mark.parametrize("sent", [0, 1])
def test_a_client_that_disconnects_before_or_during_its_body_is_a_400(
    app: Flask, teardowns: list[t.Any], view_kind: str, sent: int
) -> None:
    seen: list[int] = []

    def read() -> bytes:
        return request.get_data()

    async def read_async() -> bytes:
        return read()

    app.post("/")(read if view_kind == "sync" else read_async)
    app.register_error_handler(400, lambda error: (seen.append(400) or "gone", 400))

    async def go() -> None:
        server = Server(app, method="POST", content_length="10")
        for _ in range(sent):
            server.body(b"x", True)
        await server.disconnect().serve()

    run(go)
    assert (seen, teardowns) == ([400], [None])


@pytest.mark.parametrize("view_kind", ["async", "sync"])
@pytest.mark.parametrize("kind", ["async", "sync"])
def test_a_client_that_disconnects_ends_a_stream(
    app: Flask, teardowns: list[t.Any], view_kind: str, kind: str
) -> None:
    ended: list[str] = []

    def generate() -> Iterator[str]:
        try:
            while True:
                yield "x"
        finally:
            ended.append("sync")

    async def generate_async() -> AsyncIterator[str]:
        try:
            yield "x"
            await asyncio.Event().wait()
        finally:
            ended.append("async")

    def made() -> t.Any:
        return generate() if kind == "sync" else generate_async()

    async def made_async() -> t.Any:
        return made()

    app.get("/")(made if view_kind == "sync" else made_async)

    async def go() -> None:
        server = Server(app).body()
        task = asyncio.create_task(server.serve())
        await server.has_sent.wait()
        server.disconnect()
        await task

    run(go)
    assert (ended, teardowns) == ([kind], [None])


@pytest.mark.parametrize("first", ["http.response.start", "http.response.body"])
def test_a_response_to_a_client_that_disconnected_is_dropped(
    app: Flask, teardowns: list[t.Any], first: str
) -> None:
    app.get("/")(asynchronous)

    async def go() -> None:
        server = Server(app)

        async def send(message: dict[str, t.Any]) -> None:
            if message["type"] == first:
                raise OSError("gone")

        server.send = send  # type: ignore[method-assign]
        await server.serve()

    run(go)
    assert teardowns == [None]


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("view_kind", ["async", "sync"])
def test_an_error_in_receive_is_raised_to_the_server_and_counts_as_a_disconnect(
    app: Flask, teardowns: list[t.Any], view_kind: str, streams: bool
) -> None:
    ended: list[str] = []
    failed = asyncio.Event()

    async def for_ever() -> AsyncIterator[str]:
        try:
            while True:
                yield "x"
                await asyncio.sleep(0)
        finally:
            ended.append("stream")

    async def view() -> t.Any:
        if streams:
            return for_ever()
        try:
            await failed.wait()
            if view_kind == "async":
                await asyncio.Event().wait()
        finally:
            ended.append("view")
        return "answered"

    def sync() -> t.Any:
        return current_app.ensure_sync(view)()

    app.get("/", cancel_on_disconnect=True)(view if view_kind == "async" else sync)
    is_cancelled = view_kind == "async" and not streams

    async def go() -> None:
        server = Server(app)

        async def receive() -> t.Any:
            await asyncio.sleep(0.01)
            asyncio.get_running_loop().call_soon(failed.set)
            raise ValueError("a fault of the server")

        server.receive = receive  # type: ignore[method-assign]
        with pytest.raises(ValueError, match="a fault of the server"):
            await server.serve()

    run(go)
    assert ended == ["stream" if streams else "view"]
    assert [type(error) for error in teardowns] == [
        asyncio.CancelledError if is_cancelled else type(None)
    ]


@pytest.mark.parametrize("view_kind", ["async", "sync"])
def test_nothing_is_streamed_to_a_client_that_disconnected_during_its_body(
    app: Flask, teardowns: list[t.Any], view_kind: str
) -> None:
    ended: list[str] = []

    def answer(error: Exception) -> t.Any:
        def generate() -> Iterator[str]:
            try:
                yield "you are gone"
                yield "still"
            finally:
                ended.append("generator")

        return generate(), 400

    def read() -> bytes:
        return request.get_data()

    async def read_async() -> bytes:
        return read()

    app.register_error_handler(400, answer)
    app.post("/")(read if view_kind == "sync" else read_async)

    async def go() -> None:
        assert await Server(app, method="POST", content_length="9").disconnect().serve() == []

    run(go)
    assert (ended, teardowns) == (["generator"], [None])


@pytest.mark.parametrize("closed_while", ["working", "waiting"])
def test_a_thread_may_outlive_the_servers_loop(
    app: Flask, teardowns: list[t.Any], closed_while: str
) -> None:
    began, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    app.teardown_request(lambda error: ended.set())

    @app.get("/")
    def view() -> str:
        began.set()
        assert go_on.wait(LONGEST)
        if closed_while == "waiting":
            current_app.ensure_sync(asyncio.sleep)(0)  # there is no loop to wait on any more
        return "not read"

    async def go() -> None:
        task = asyncio.create_task(Server(app).serve())
        await asyncio.to_thread(began.wait, LONGEST)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    go_on.set()
    assert ended.wait(LONGEST)
    kinds = {"working": type(None), "waiting": asyncio.CancelledError}
    assert [type(error) for error in teardowns] == [kinds[closed_while]]


def test_a_send_that_fails_counts_as_a_disconnect(app: Flask, teardowns: list[t.Any]) -> None:
    ended: list[str] = []

    @app.get("/", blocking=False)
    def view() -> t.Any:
        def generate() -> Iterator[str]:
            try:
                while True:
                    yield "x"
            finally:
                ended.append("closed")

        return generate()

    async def go() -> None:
        server = Server(app)

        async def send(message: t.Any) -> None:
            raise OSError

        server.send = send  # type: ignore[method-assign]
        await server.serve()

    run(go)
    assert (ended, teardowns) == (["closed"], [None])


# The server stops ---------------------------------------------------------------------------------


@pytest.mark.parametrize("view_kind", ["async", "blocking async", "sync"])
def test_a_server_that_stops_cancels_and_everything_is_torn_down_once(
    app: Flask, view_kind: str
) -> None:
    torn = threading.Event()
    count: list[t.Any] = []
    began = threading.Event()
    go_on = threading.Event()

    @app.teardown_request
    def teardown(error: t.Any) -> None:
        count.append(type(error))
        torn.set()

    async def wait_long() -> str:
        began.set()
        await asyncio.Event().wait()
        return ""

    def wait_sync() -> str:
        began.set()
        go_on.wait(LONGEST)
        return ""

    blocking = True if view_kind == "blocking async" else None
    app.get("/", blocking=blocking)(wait_sync if view_kind == "sync" else wait_long)

    async def go() -> None:
        task = asyncio.create_task(Server(app).body().serve())
        while not began.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(go)
    go_on.set()
    assert torn.wait(LONGEST)
    assert count == [type(None) if view_kind == "sync" else asyncio.CancelledError]
