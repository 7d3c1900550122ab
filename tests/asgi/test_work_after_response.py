"""Background tasks run after the response, over both protocols."""

from __future__ import annotations

import asyncio
import logging
import threading
import typing as t

import pytest
from polling import LONGEST, wait_until

from flask import Flask, current_app, g, request


@pytest.mark.parametrize("asgi", [False, True])
@pytest.mark.parametrize("view_kind", ["async", "sync"])
@pytest.mark.parametrize("kind", ["async", "sync"])
def test_a_background_task_has_the_request_and_its_own_g(
    app: Flask, asgi: bool, view_kind: str, kind: str
) -> None:
    seen: list[t.Any] = []
    done = threading.Event()

    def work(a: int, *, b: int) -> None:
        seen.append((a, b, request.path, current_app.name, g.get("x")))
        done.set()

    async def work_async(a: int, *, b: int) -> None:
        await asyncio.sleep(0)
        work(a, b=b)

    def view() -> str:
        g.x = 1
        current_app.add_background_task(work if kind == "sync" else work_async, 1, b=2)
        return "ok"

    async def view_async() -> str:
        return view()

    app.add_url_rule("/", "view", view if view_kind == "sync" else view_async)
    assert app.test_client(asgi=asgi).get("/").text == "ok"
    assert done.wait(LONGEST)
    assert seen == [(1, 2, "/", app.name, None)]


def test_a_task_begins_after_the_response(app: Flask) -> None:
    log: list[str] = []

    async def work() -> None:
        log.append("task")

    @app.get("/")
    async def view() -> str:
        app.add_background_task(work)
        await asyncio.sleep(0.001)
        return "ok"

    async def go() -> None:
        async def receive() -> t.Any:
            await asyncio.Event().wait()

        async def send(message: t.Any) -> None:
            await asyncio.sleep(0.001)
            log.append(message["type"])

        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        await app(scope, receive, send)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(go())
    assert log == ["http.response.start", "http.response.body", "task"]


def test_under_wsgi_it_begins_when_the_server_closes_the_response(app: Flask) -> None:
    from werkzeug.test import create_environ

    began = threading.Event()

    @app.get("/")
    def view() -> str:
        app.add_background_task(began.set)
        app.add_background_task(lambda: None)
        return "ok"

    body = app(create_environ(), lambda *args: None)
    assert list(body) == [b"ok"]
    assert not began.is_set()
    body.close()  # type: ignore[attr-defined]
    assert began.wait(LONGEST)


@pytest.mark.parametrize("asgi", [False, True])
def test_a_task_that_a_teardown_function_adds_begins_at_once(app: Flask, asgi: bool) -> None:
    began = threading.Event()
    app.teardown_request(lambda error: app.add_background_task(began.set))
    app.add_url_rule("/", "view", lambda: "ok")
    client = app.test_client(asgi=asgi)
    client.get("/")
    app.teardown_request_funcs.clear()
    assert began.wait(LONGEST)


@pytest.mark.parametrize("asgi", [False, True])
def test_what_a_task_raises_is_logged(
    app: Flask, caplog: pytest.LogCaptureFixture, asgi: bool
) -> None:
    done = threading.Event()
    app.teardown_appcontext(lambda error: done.set() if error else None)

    def failing_work() -> None:
        raise ValueError

    @app.get("/")
    def view() -> str:
        app.add_background_task(failing_work)
        return "ok"

    client = app.test_client(asgi=asgi)
    with caplog.at_level(logging.ERROR):
        client.get("/")
        assert done.wait(LONGEST)
        app._lifespan.background.drain(app)
        wait_until(lambda: caplog.records)
    assert "background task" in caplog.records[0].message
    assert "failing_work" in caplog.records[0].message


def test_tasks_are_waited_for_at_the_end(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    log: list[str] = []

    async def quick() -> None:
        await asyncio.sleep(0.01)
        log.append("quick")

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            log.append("cancelled")

    async def go(work: t.Any) -> None:
        async with app.test_async_client():
            with app.app_context():
                current_app.add_background_task(work)

    asyncio.run(go(quick))
    assert log == ["quick"]
    app.config["BACKGROUND_TASK_SHUTDOWN_TIMEOUT"] = 0.01
    asyncio.run(go(endless))
    assert log == ["quick", "cancelled"]
    assert "background tasks are still running" in caplog.text
