"""Bodies that arrive slowly: small ones are read before a thread is taken."""

from __future__ import annotations

import asyncio
import json
import time
import typing as t
from collections.abc import Iterator

import pytest
from asgi_exchange import Exchange, ask, run
from polling import LONGEST, wait_until_async

from flask import Flask, request
from flask.asgi._request_body import RequestBody


@pytest.mark.parametrize("middleware", [False, True])
def test_a_small_body_that_arrives_slowly_takes_no_thread(app: Flask, middleware: bool) -> None:
    app.config["ASGI_THREADS"] = 1
    if middleware:
        inner = app.wsgi_app
        app.wsgi_app = lambda environ, start: inner(environ, start)  # type: ignore[method-assign]

    @app.route("/", methods=["GET", "POST"])
    def view() -> str:
        return request.get_data(as_text=True)

    async def go() -> None:
        from flask.asgi import _request_body

        slow = [Exchange(app, "/", "POST", None) for _ in range(20)]
        for number in range(7):
            for each in slow:
                part = {"type": "http.request", "body": b"%d" % number, "more_body": True}
                each.messages.put_nowait(part)
            assert await ask(app, "/") == (200, b"")
        assert _request_body._buffered_bytes.used == 20 * 8
        for each in slow:
            each.messages.put_nowait({"type": "http.request", "body": b"7"})
        async with asyncio.timeout(LONGEST):
            await asyncio.gather(*(each.task for each in slow))
        assert [each.answer for each in slow] == [(200, b"01234567")] * 20
        assert _request_body._buffered_bytes.used == 0

    run(go)


def test_small_bodies_have_a_memory_of_a_limited_size(app: Flask) -> None:
    """What it does not hold is read as it arrives, in a thread."""
    app.config["ASGI_BODY_MEMORY_SIZE"] = 20
    begun: list[str] = []

    @app.post("/")
    def view() -> str:
        begun.append("view")
        return request.get_data(as_text=True)

    async def go() -> None:
        from flask.asgi import _request_body

        slow = [Exchange(app, "/", "POST", None) for _ in range(5)]
        await wait_until_async(lambda: len(begun) == 3)
        assert _request_body._buffered_bytes.used == 16
        for each in slow:
            each.messages.put_nowait({"type": "http.request", "body": b"12345678"})
        await asyncio.gather(*(each.task for each in slow))
        assert [each.answer for each in slow] == [(200, b"12345678")] * 5
        assert _request_body._buffered_bytes.used == 0

    run(go)


@pytest.mark.parametrize("length", [b"9" * 5000, b"\xb2", b"-1", b"", b"8 "])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_length_that_is_no_small_number_is_left_to_the_request(
    app: Flask, length: bytes, method: str
) -> None:
    app.route("/", methods=["GET", "POST"])(lambda: "answered")

    async def go() -> None:
        exchange = Exchange(app, "/", method, None, length)
        async with asyncio.timeout(LONGEST):
            await exchange.task
        assert exchange.answer == (200, b"answered")

    run(go)


def test_a_small_body_is_read_before_the_tasks_of_a_view_on_a_native_server(app: Flask) -> None:
    """The ``receive`` of the server is not a Python function, and uses the server's threads."""

    @app.post("/")
    async def view() -> list[str]:
        async def read() -> str:
            return request.get_data(as_text=True)

        return await asyncio.gather(read(), read())

    async def message() -> dict[str, t.Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"12345678"}

    async def go() -> None:
        nothing_more: t.Any = asyncio.Event().wait()
        receive = [nothing_more, message()].pop  # a method that is not written in Python
        exchange = Exchange(app, "/", "POST", None, receive=receive)
        await exchange.task
        assert (exchange.answer[0], json.loads(exchange.answer[1])) == (200, ["12345678"] * 2)

    run(go)


def test_a_task_that_reads_a_body_too_early_does_not_block_the_loop(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(seconds: float) -> None:
        raise AssertionError("the loop's thread sleeps")

    monkeypatch.setattr(time, "sleep", never)

    class Foreign:
        def done(self) -> bool:
            return False

        def __await__(self) -> Iterator[t.Any]:
            yield self

    body = RequestBody(Foreign)  # type: ignore[arg-type]

    async def go() -> None:
        with pytest.raises(RuntimeError, match="before all of it had arrived"):
            body.read()

    body.loop = asyncio.new_event_loop()
    try:
        body.loop.run_until_complete(go())
    finally:
        body.loop.close()
