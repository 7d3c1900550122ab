"""Startup and shutdown without a lifespan of the server: by an outer application or the loop."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import typing as t
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from flask import Flask, current_app, has_request_context

Lifespan = Callable[[t.Any], t.AsyncContextManager[t.Any]]


@pytest.fixture
def log(app: Flask) -> list[str]:
    log: list[str] = []

    @app.before_serving
    def before() -> None:
        log.append(f"before {current_app.name == app.name} {has_request_context()}")

    @app.while_serving
    async def around() -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        async with inner(log):
            yield
            await asyncio.sleep(0)
            log.append(f"same loop {loop is asyncio.get_running_loop()}")

    @app.after_serving
    async def after() -> None:
        await asyncio.sleep(0)
        log.append("after")

    @app.get("/")
    async def view() -> str:
        log.append("request")
        return "ok"

    return log


@asynccontextmanager
async def inner(log: list[str]) -> AsyncIterator[None]:
    log.append("open")
    yield
    log.append("close")


BEGINNING = ["before True False", "open"]
END = ["same loop True", "close", "after"]


async def ask(app: Flask, count: int = 1) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answers = await asyncio.gather(*(client.get("/") for _ in range(count)))
        assert [answer.text for answer in answers] == ["ok"] * count


def _directly(app: Flask) -> Lifespan:
    return app.lifespan


def _by_lambda(app: Flask) -> Lifespan:
    return lambda outer: app.lifespan()


def _in_its_own(app: Flask) -> Lifespan:
    @asynccontextmanager
    async def lifespan(outer: t.Any) -> AsyncIterator[dict[str, t.Any]]:
        async with app.lifespan():
            yield {"a": "state"}

    return lifespan


@pytest.mark.parametrize("hand", [_directly, _by_lambda, _in_its_own])
def test_an_outer_application_runs_startup_and_shutdown(
    app: Flask, log: list[str], hand: Callable[[Flask], Lifespan]
) -> None:
    """As Starlette does: it calls what it was given with itself, and enters that."""

    async def go() -> None:
        with app.test_request_context("/import"):
            async with hand(app)(object()):
                assert log == BEGINNING
                await ask(app, 2)
            assert log == [*BEGINNING, "request", "request", *END]

    for _ in range(2):  # it may be served again
        asyncio.run(go())
        log.clear()


def test_an_error_in_the_outer_application_runs_shutdown_too(app: Flask, log: list[str]) -> None:
    async def go() -> None:
        with pytest.raises(ValueError, match="outer"):
            async with app.lifespan():
                raise ValueError("outer")

    asyncio.run(go())
    assert log == [*BEGINNING, *END]


def test_a_beginning_that_fails_is_raised_to_the_outer_application(app: Flask) -> None:
    @app.before_serving
    def fails() -> None:
        raise ValueError("no database")

    async def go() -> None:
        with pytest.raises(ValueError, match="no database"):
            async with app.lifespan():
                pytest.fail("it began")

    asyncio.run(go())


def test_a_subclass_may_have_its_own_lifespan(log: list[str]) -> None:
    class App(Flask):
        lifespan = None  # type: ignore[assignment]

    app = App("app")
    app.after_serving(lambda: log.append("after"))
    app.add_url_rule("/", "view", lambda: "ok")

    async def go() -> None:
        async with app.test_async_client() as client:
            await client.get("/")

    asyncio.run(go())
    assert log == ["after"]


def test_without_a_lifespan_the_end_of_the_loop_runs_shutdown(app: Flask, log: list[str]) -> None:
    for _ in range(2):
        asyncio.run(ask(app, 3))
        assert log == [*BEGINNING, *["request"] * 3, *END]
        log.clear()


def test_two_applications_on_one_loop_do_not_wait_for_each_other(
    app: Flask, log: list[str]
) -> None:
    other = Flask("other")
    other.after_serving(lambda: log.append("after other"))
    other.add_url_rule("/", "view", lambda: "ok")

    async def go() -> None:
        await ask(app)
        await ask(other)

    asyncio.run(go())
    assert sorted(log) == sorted([*BEGINNING, "request", *END, "after other"])


def test_a_request_that_ends_with_the_loop_ends_before_the_application(
    app: Flask, log: list[str]
) -> None:
    @app.get("/long")
    async def long() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            log.append("request ended")
        return ""

    async def go() -> None:
        await ask(app)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            asyncio.create_task(client.get("/long"))  # noqa: RUF006
            for _ in range(20):
                await asyncio.sleep(0)

    asyncio.run(go())
    assert log == [*BEGINNING, "request", "request ended", *END]


def test_what_was_ended_by_a_lifespan_does_not_end_again_with_the_loop(
    app: Flask, log: list[str]
) -> None:
    async def go() -> None:
        await ask(app)
        async with app.lifespan():
            pass
        assert log == [*BEGINNING, "request", *END]

    asyncio.run(go())
    assert log == [*BEGINNING, "request", *END]


def test_an_error_at_the_end_of_the_loop_is_logged(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    @app.after_serving
    def fails() -> None:
        raise ValueError("after all")

    app.add_url_rule("/", "view", lambda: "ok")
    with caplog.at_level(logging.ERROR):
        asyncio.run(ask(app))
    assert "Exception after serving" in caplog.text
    assert "after all" in caplog.text


def test_without_a_signal_of_the_loop_the_end_of_the_process_shuts_down() -> None:
    program = """
import asyncio, httpx
from flask import Flask

app = Flask("app")

@app.after_serving
async def after():
    await asyncio.sleep(0)
    print("after")

@app.while_serving
async def around():
    yield
    print("around")

app.add_url_rule("/", "view", lambda: "ok")

async def ask():
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await client.get("/")

loop = asyncio.new_event_loop()
loop.run_until_complete(ask())
loop.close()
print("loop closed")
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("loop closed\naround\nafter\n", "")
