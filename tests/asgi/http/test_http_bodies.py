"""HTTP over ASGI: how the body of a request is read."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import threading
import tracemalloc
import typing as t
from collections.abc import Callable
from functools import partial, update_wrapper

import pytest
from polling import LONGEST, wait_until_async
from scripted_server import Server, asynchronous, run

from flask import (
    Flask,
    request,
)
from flask.asgi import ScopeError

# One reader ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("view_kind", ["async", "sync"])
def test_a_body_is_read_as_it_arrives(app: Flask, view_kind: str) -> None:
    def read() -> str:
        stream = request.stream
        first = stream.readline()
        rest = stream.read(3), stream.read()
        return f"{first!r} {rest!r} {stream.read()!r}"

    async def read_async() -> str:
        await asyncio.sleep(0)
        return read()

    app.post("/")(read if view_kind == "sync" else read_async)

    async def go() -> None:
        server = Server(app, method="POST")
        for part in (b"li", b"ne\nab", b"", b"cde", b"f"):
            server.body(part, True)
        await server.body().serve()
        assert server.text == "b'line\\n' (b'abc', b'def') b''"

    run(go)


def test_a_body_that_no_code_reads_stays_unread(app: Flask) -> None:
    app.post("/")(asynchronous)

    async def go() -> None:
        server = Server(app, method="POST", content_length="5")
        await server.serve()
        assert server.asked == 0

    run(go)


@pytest.mark.parametrize("headers", [{"content_length": "11"}, {}])
@pytest.mark.parametrize("view_kind", ["async", "sync"])
def test_a_limit_holds_before_the_body_is_read(
    app: Flask, view_kind: str, headers: dict[str, str]
) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 10

    def read() -> str:
        return request.get_data(as_text=True)

    async def read_async() -> str:
        return read()

    app.post("/")(read if view_kind == "sync" else read_async)

    async def go() -> None:
        server = Server(app, method="POST", **headers)
        for _ in range(11):
            server.body(b"x", True)
        await server.serve()
        assert server.status == 413
        assert server.asked <= (0 if headers else 12)  # the watch may be one ahead

    run(go)


@pytest.mark.parametrize("view_kind", ["async", "sync"])
def test_a_large_upload_needs_little_memory(app: Flask, view_kind: str) -> None:
    def read() -> str:
        digest = hashlib.sha256()
        while chunk := request.stream.read(65536):
            digest.update(chunk)
        return digest.hexdigest()

    async def read_async() -> str:
        return read()

    app.post("/")(read if view_kind == "sync" else read_async)
    chunk = bytes(65536)
    count = 100 * 16

    async def go() -> None:
        server = Server(app, method="POST")
        left = count

        async def receive() -> dict[str, t.Any]:
            nonlocal left
            left -= 1
            return {"type": "http.request", "body": bytes(chunk), "more_body": left > 0}

        server.receive = receive  # type: ignore[method-assign]
        gc.collect()
        tracemalloc.start()
        try:
            await server.serve()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert server.text == hashlib.sha256(chunk * count).hexdigest()
        assert peak < 4 * 1024 * 1024

    run(go)


def test_a_message_of_another_type_is_an_error(app: Flask) -> None:
    app.testing = True

    @app.post("/")
    async def view() -> bytes:
        return request.get_data()

    async def go() -> None:
        server = Server(app, method="POST")
        server.messages.put_nowait({"type": "http.nonsense"})
        with pytest.raises(ScopeError, match=r"'http\.nonsense' where 'http\.request'"):
            await server.serve()

    run(go)


async def in_a_task(read: Callable[[], t.Any]) -> t.Any:
    async def part() -> t.Any:
        return read()

    return await asyncio.create_task(part())


async def in_a_thread(read: Callable[[], t.Any]) -> t.Any:
    return await asyncio.to_thread(read)


def on_a_loop_of_its_own(read: Callable[[], t.Any]) -> t.Any:
    return asyncio.run(in_a_task(read))


READERS = [in_a_task, in_a_thread, on_a_loop_of_its_own]


# Readers in tasks, threads and other loops --------------------------------------------------------


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("is_unwrapped", [True, False], ids=["unwrapped", "by WSGI"])
def test_a_body_may_be_read_in_tasks_threads_and_other_loops(
    app: Flask, reader: t.Any, is_unwrapped: bool
) -> None:
    if not is_unwrapped:
        app.wsgi_app = partial(app.wsgi_app)  # type: ignore[method-assign]
    begun = threading.Event()

    def read() -> str:
        begun.set()
        return request.get_data(as_text=True)

    view = partial(reader, read)
    app.add_url_rule("/", "view", update_wrapper(view, reader), methods=["POST"])

    async def go(is_late: bool) -> t.Any:
        begun.clear()
        server = Server(app, method="POST")
        if not is_late:
            server.body(b"body")
        serving = asyncio.create_task(server.serve())
        if is_late:
            await wait_until_async(begun.is_set)
            server.body(b"bo", more=True).body(b"dy")
        await asyncio.wait_for(serving, LONGEST)
        return server.sent[0]["status"], server.sent[1]["body"]

    assert asyncio.run(go(is_late=False)) == (200, b"body")
    if reader is not in_a_task:
        assert asyncio.run(go(is_late=True)) == (200, b"body")


def test_a_task_that_reads_a_body_before_it_has_arrived_does_not_block_the_loop(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    @app.post("/")
    async def view() -> str:
        body: bytes = await in_a_task(request.get_data)
        return body.decode()

    async def go() -> int:
        server = Server(app, method="POST")
        await asyncio.wait_for(server.serve(), LONGEST)
        status: int = server.sent[0]["status"]
        return status

    assert asyncio.run(go()) == 500
    assert "Read it in the view" in caplog.text
