"""A streamed body of a synchronous view holds a thread only while a step of it runs."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import typing as t
from collections.abc import Callable, Iterator

import pytest

from flask import Flask, stream_with_context

LIMIT = 30  # seconds; a test that fails must not hang
Wrapper = Callable[[Flask], object]


class Client:
    """A request whose client receives one chunk, and then stops to read until `resume` is set."""

    def __init__(self, app: Flask, path: str) -> None:
        self.chunks: list[bytes] = []
        self.has_chunk = asyncio.Event()
        self.resume = asyncio.Event()
        self.disconnect = asyncio.Event()
        scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
        self.task = asyncio.ensure_future(app(scope, self.receive, self.send))
        self._has_received = False

    async def receive(self) -> dict[str, t.Any]:
        if not self._has_received:
            self._has_received = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.disconnect.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: t.Any) -> None:
        if message["type"] == "http.response.body":
            self.chunks.append(message["body"])
            self.has_chunk.set()
            if message.get("more_body"):
                await self.resume.wait()


async def get(app: Flask, path: str) -> bytes:
    client = Client(app, path)
    client.resume.set()
    await client.task
    return b"".join(client.chunks)


def run(go: Callable[[], t.Coroutine[t.Any, t.Any, None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(LIMIT):
            await go()

    asyncio.run(limited())


def unwrapped(app: Flask) -> None:
    pass


def with_wsgi_middleware(app: Flask) -> None:
    inner = app.wsgi_app
    app.wsgi_app = lambda *arguments: inner(*arguments)  # type: ignore[method-assign]


@pytest.fixture(params=[unwrapped, with_wsgi_middleware])
def wrapped(app: Flask, request: pytest.FixtureRequest) -> Flask:
    request.param(app)

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    return app


def test_more_open_streams_than_threads_do_not_block_another_view(wrapped: Flask) -> None:
    ended: list[int] = []
    count = wrapped.config["ASGI_THREADS"] + 1

    @wrapped.get("/stream/<int:number>")
    def stream(number: int) -> Iterator[str]:
        def chunks() -> Iterator[str]:
            try:
                yield "first"
                yield " second"
            finally:
                ended.append(number)

        return chunks()

    async def go() -> None:
        clients = [Client(wrapped, f"/stream/{number}") for number in range(count)]
        await asyncio.gather(*(client.has_chunk.wait() for client in clients))
        assert await get(wrapped, "/hello") == b"hello"
        assert not ended
        for client in clients:
            client.resume.set()
        await asyncio.gather(*(client.task for client in clients))
        assert {b"".join(client.chunks) for client in clients} == {b"first second"}

    run(go)
    assert count == 41
    assert sorted(ended) == list(range(count))


def test_no_step_runs_on_the_loop_and_all_steps_share_the_context_of_the_view(
    wrapped: Flask,
) -> None:
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable")
    threads: list[str] = []

    @wrapped.get("/")
    def stream() -> Iterator[str]:
        variable.set(1)

        def chunks() -> Iterator[str]:
            try:
                for _ in range(3):
                    threads.append(threading.current_thread().name)
                    variable.set(variable.get() + 1)
                    yield str(variable.get())
            finally:
                threads.append(threading.current_thread().name)

        return chunks()

    async def go() -> None:
        assert await get(wrapped, "/") == b"234"

    run(go)
    assert threads == ["flask-worker"] * 4


def test_a_body_that_can_be_iterated_twice_is_iterated_once(wrapped: Flask) -> None:
    class Body:
        closed = 0

        def __iter__(self) -> Iterator[bytes]:
            yield from (b"a", b"b", b"c")

        def close(self) -> None:
            Body.closed += 1

    @wrapped.get("/")
    def stream() -> t.Any:
        response = wrapped.response_class(Body(), direct_passthrough=True)
        return response

    async def go() -> None:
        assert await get(wrapped, "/") == b"abc"

    run(go)
    assert Body.closed == 1


def test_a_disconnect_closes_the_stream_and_runs_the_teardown_functions(wrapped: Flask) -> None:
    ended: list[str] = []

    @wrapped.teardown_request
    def tear_down(error: BaseException | None) -> None:
        ended.append(f"teardown in {threading.current_thread().name}")

    @wrapped.get("/")
    def stream() -> Iterator[str]:
        def chunks() -> Iterator[str]:
            try:
                while True:
                    yield "chunk"
            finally:
                ended.append("closed")

        return stream_with_context(chunks())

    async def go() -> None:
        client = Client(wrapped, "/")
        await client.has_chunk.wait()
        ended.clear()  # the teardown functions ran after the view, too
        client.disconnect.set()
        await client.task

    run(go)
    assert ended == ["closed", "teardown in flask-worker"]


@pytest.mark.parametrize("step", [0, 1])
def test_an_error_in_a_step_reaches_the_server(wrapped: Flask, step: int) -> None:
    @wrapped.get("/")
    def stream() -> Iterator[str]:
        for number in range(3):
            if number == step:
                raise LookupError("broken")
            yield "chunk"

    async def go() -> None:
        with pytest.raises(LookupError, match="broken"):
            await get(wrapped, "/")

    run(go)
