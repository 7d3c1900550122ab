"""Several event loops: concurrently in several threads, and one after another."""

from __future__ import annotations

import asyncio
import sys
import threading
import typing as t
from collections.abc import Callable

import pytest
from polling import LONGEST

from flask import Flask, current_app, request

Message = dict[str, t.Any]


async def ask(app: Flask, path: str = "/") -> int:
    """Ask by ASGI, without a lifespan; return the status."""
    answer: list[Message] = []
    forever = asyncio.Event()

    async def receive() -> Message:
        await forever.wait()
        raise AssertionError

    async def send(message: Message) -> None:
        answer.append(message)

    headers = [(b"host", b"localhost")]
    scope = {"type": "http", "method": "GET", "path": path, "headers": headers}
    await app(scope, receive, send)
    status: int = answer[0]["status"]
    return status


async def live(app: Flask) -> list[Message]:
    """Begin and end serving, as a server does; return what the application sends."""
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "lifespan"}, receive, send)
    return sent


def in_threads(count: int, function: Callable[[], t.Any]) -> list[t.Any]:
    """Call a function in threads at the same time; return what it returned."""
    outcomes: list[t.Any] = []
    together = threading.Barrier(count)

    def run() -> None:
        together.wait()
        try:
            outcomes.append(function())
        except BaseException as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST)
    return outcomes


@pytest.fixture
def begun(app: Flask) -> list[str]:
    """How often an application began, which takes a while."""
    begun: list[str] = []

    @app.before_serving
    async def begin() -> None:
        begun.append("begun")
        await asyncio.sleep(0.05)

    @app.get("/")
    async def view() -> str:
        await asyncio.sleep(0)
        return "ok"

    return begun


def test_first_requests_of_several_loops_begin_serving_once(app: Flask, begun: list[str]) -> None:
    assert in_threads(4, lambda: asyncio.run(ask(app))) == [200] * 4
    assert begun == ["begun"]


def test_a_cancelled_startup_runs_again_on_the_next_loop(app: Flask, begun: list[str]) -> None:
    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await ask(app)

    asyncio.run(give_up())
    assert asyncio.run(ask(app)) == 200
    assert begun == ["begun", "begun"]


def test_tasks_of_another_loop_do_not_delay_shutdown(app: Flask) -> None:
    ended: list[str] = []
    app.config["BACKGROUND_TASK_SHUTDOWN_TIMEOUT"] = 10

    async def work() -> None:
        await asyncio.sleep(60)

    @app.get("/")
    async def view() -> str:
        current_app.add_background_task(work)
        return "ok"

    @app.after_serving
    def end() -> None:
        ended.append("end")

    async def both() -> list[Message]:
        return await asyncio.wait_for(live(app), LONGEST)

    other = asyncio.new_event_loop()
    try:
        other.run_until_complete(ask(app))
        assert [sent["type"] for sent in asyncio.run(both())] == [
            "lifespan.startup.complete",
            "lifespan.shutdown.complete",
        ]
        assert ended == ["end"]
    finally:
        for task in asyncio.all_tasks(other):
            task.cancel()
        other.run_until_complete(asyncio.sleep(0))
        other.close()


def run_eagerly(coroutine: t.Coroutine[t.Any, t.Any, t.Any]) -> t.Any:
    """Run a coroutine on a loop whose tasks begin at once."""

    def make_loop() -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        loop.set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined]
        return loop

    with asyncio.Runner(loop_factory=make_loop) as runner:
        return runner.run(coroutine)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="from Python 3.12 on")
def test_what_waits_in_a_task_that_begins_at_once_leaves_the_loop_alone(app: Flask) -> None:
    paths: list[str] = []

    async def part() -> None:
        app.ensure_sync(asyncio.sleep)(0.01)
        paths.append(request.path)

    @app.get("/tasks")
    async def tasks() -> str:
        await asyncio.gather(part(), part())
        return "ok"

    @app.get("/body")
    async def body() -> bytes:
        async def read() -> bytes:
            return request.get_data()

        return await asyncio.create_task(read())  # it never arrives

    @app.get("/own")
    def own() -> str:
        app.ensure_sync(part)()
        return "ok"

    own.blocking = False  # type: ignore[attr-defined]

    async def go() -> list[int]:
        return [await asyncio.create_task(ask(app, path)) for path in ("/own", "/tasks", "/body")]

    assert in_threads(1, lambda: run_eagerly(go())) == [[200, 200, 500]]
    assert paths == ["/own", "/tasks", "/tasks"]
