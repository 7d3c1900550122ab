"""Functions of every kind that run elsewhere with a copy of the request."""

from __future__ import annotations

import asyncio
import threading
import typing as t
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

import pytest

from flask import Flask, copy_current_request_context, g, request
from flask.views import MethodView


@pytest.fixture
def torn(app: Flask) -> list[str]:
    torn: list[str] = []

    @app.teardown_appcontext
    def end(error: BaseException | None) -> None:
        torn.append(g.get("owner", "none"))

    return torn


async def work(name: str = "copy") -> str:
    await asyncio.sleep(0)
    assert "owner" not in g
    g.owner = name
    await asyncio.sleep(0)
    return f"{request.path} {g.owner}"


class Working:
    async def __call__(self, name: str = "copy") -> str:
        return await work(name)

    async def method(self, name: str = "copy") -> str:
        return await work(name)


FUNCTIONS: dict[str, Callable[..., t.Any]] = {
    "function": work,
    "partial": partial(work),
    "method": Working().method,
    "callable object": Working(),
    "lambda": lambda name="copy": work(name),
}


@pytest.fixture(params=FUNCTIONS.values(), ids=FUNCTIONS.keys())
def function(request: t.Any) -> Callable[..., t.Any]:
    return t.cast("Callable[..., t.Any]", request.param)


@pytest.fixture(params=[False, True], ids=["wsgi", "asgi"])
def client(request: t.Any, app: Flask) -> t.Any:
    return app.test_client(asgi=request.param)


def test_in_a_coroutine_a_copied_async_function_returns_a_coroutine(
    app: Flask, client: t.Any, torn: list[str], function: Callable[..., t.Any]
) -> None:
    @app.get("/path")
    async def view() -> list[t.Any]:
        g.owner = "request"
        copied = copy_current_request_context(function)
        awaited = await copied("awaited")
        task = await asyncio.create_task(copied("task"))
        gathered = await asyncio.gather(copied("x"), copied("y"))
        return [awaited, task, *gathered, g.owner]

    expected = ["/path awaited", "/path task", "/path x", "/path y", "request"]
    assert client.get("/path").json == expected
    assert sorted(torn) == ["awaited", "request", "task", "x", "y"]


def test_in_synchronous_code_a_copied_async_function_is_waited_for(
    app: Flask, client: t.Any
) -> None:
    def from_thread(copied: Callable[..., t.Any]) -> t.Any:
        answers: list[t.Any] = []
        thread = threading.Thread(target=lambda: answers.append(copied()))
        thread.start()
        thread.join()
        return answers

    @app.get("/sync")
    def sync() -> list[t.Any]:
        copied = copy_current_request_context(work)
        return [copied("here"), *from_thread(copied)]

    @app.get("/loop", blocking=False)
    def run_in_greenlet() -> t.Any:
        return copy_current_request_context(work)("here")

    @app.get("/async")
    async def waits() -> t.Any:
        return await asyncio.to_thread(copy_current_request_context(work), "thread")

    class Class(MethodView):
        def get(self) -> t.Any:
            return copy_current_request_context(work)("method")

    app.add_url_rule("/class", view_func=Class.as_view("class"))

    assert client.get("/sync").json == ["/sync here", "/sync copy"]
    assert client.get("/loop").text == "/loop here"
    assert client.get("/async").text == "/async thread"
    assert client.get("/class").text == "/class method"


def test_a_synchronous_view_is_not_fooled_by_a_loop_around_the_client(app: Flask) -> None:
    @app.get("/sync")
    def sync() -> t.Any:
        return copy_current_request_context(work)()

    async def go() -> str:
        return app.test_client().get("/sync").text

    assert asyncio.run(go()) == "/sync copy"


def test_a_task_may_outlive_its_request(app: Flask, torn: list[str]) -> None:
    answers: list[str] = []
    tasks: list[asyncio.Task[None]] = []

    @app.get("/path")
    async def view() -> str:
        gate = asyncio.Event()

        @copy_current_request_context
        async def later() -> None:
            await gate.wait()
            answers.append(await work("late"))

        tasks.append(asyncio.create_task(later()))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0, gate.set)
        return "ok"

    async def go() -> None:
        async with app.test_async_client() as client:
            assert (await client.get("/path")).text == "ok"
            await tasks[0]

    asyncio.run(go())
    assert answers == ["/path late"]
    assert sorted(torn) == ["late", "none"]


def test_a_copied_generator_has_the_request_in_each_step(
    app: Flask, client: t.Any, torn: list[str]
) -> None:
    def count() -> Iterator[str]:
        for number in range(2):
            g.owner = g.get("owner", "") + "x"
            yield f"{request.path} {number} {g.owner}"

    async def count_async() -> AsyncIterator[str]:
        for part in count():
            await asyncio.sleep(0)
            yield part

    @app.get("/sync")
    def sync() -> list[str]:
        parts = copy_current_request_context(count)()
        answers: list[str] = []
        thread = threading.Thread(target=lambda: answers.extend(parts))
        thread.start()
        thread.join()
        return answers

    @app.get("/async")
    async def waits() -> list[str]:
        return [part async for part in copy_current_request_context(count_async)()]

    assert client.get("/sync").json == ["/sync 0 x", "/sync 1 xx"]
    assert client.get("/async").json == ["/async 0 x", "/async 1 xx"]
    assert torn.count("xx") == 2


def test_an_error_in_a_copied_async_function_reaches_its_teardown(
    app: Flask, client: t.Any
) -> None:
    errors: list[str] = []
    app.teardown_request(lambda error: errors.append(repr(error)))

    @app.get("/path")
    async def view() -> str:
        @copy_current_request_context
        async def fails() -> None:
            raise ValueError("in the task")

        done = await asyncio.gather(fails(), return_exceptions=True)
        return repr(done)

    assert client.get("/path").text == "[ValueError('in the task')]"
    assert errors == ["ValueError('in the task')", "None"]
