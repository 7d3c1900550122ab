"""Several event loops: in several threads at a time, and one after another."""

from __future__ import annotations

import asyncio
import threading
import typing as t
from collections.abc import Callable

import pytest

from flask import Flask, current_app

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
    """Begin and end serving, as a server does; return what it is told."""
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    told: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        told.append(message)

    await app({"type": "lifespan"}, receive, send)
    return told


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
        thread.join(10)
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


def test_a_beginning_that_is_given_up_begins_again_on_the_next_loop(
    app: Flask, begun: list[str]
) -> None:
    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await ask(app)

    asyncio.run(give_up())
    assert asyncio.run(ask(app)) == 200
    assert begun == ["begun", "begun"]


def test_tasks_of_another_loop_do_not_keep_an_end_waiting(app: Flask) -> None:
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
        return await asyncio.wait_for(live(app), 5)

    other = asyncio.new_event_loop()
    try:
        other.run_until_complete(ask(app))
        assert [told["type"] for told in asyncio.run(both())] == [
            "lifespan.startup.complete",
            "lifespan.shutdown.complete",
        ]
        assert ended == ["end"]
    finally:
        for task in asyncio.all_tasks(other):
            task.cancel()
        other.run_until_complete(asyncio.sleep(0))
        other.close()
