"""HTTP over ASGI: many requests at a time do not see each other, and leave nothing behind."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import typing as t
from collections.abc import AsyncIterator

import pytest
from scripted_server import Server, asynchronous, run, sync

from flask import (
    Flask,
    Response,
    current_app,
    g,
    request,
)

token: contextvars.ContextVar[str] = contextvars.ContextVar("token")


@pytest.mark.slow
@pytest.mark.parametrize("view_kind", ["async", "sync"])
def test_500_requests_at_a_time_do_not_see_each_other(app: Flask, view_kind: str) -> None:
    checks: list[bool] = []
    mine: dict[str, list[str]] = {}

    def check(place: str) -> None:
        own = request.args["token"]
        checks.append(own == g.token == token.get())
        mine.setdefault(own, []).append(place)

    @app.before_request
    async def before() -> None:
        g.token = request.args["token"]
        token.set(g.token)
        await asyncio.sleep(0)
        check("before")

    @app.after_request
    async def after(response: Response) -> Response:
        await asyncio.sleep(0.001)
        check("after")
        return response

    app.teardown_request(lambda error: check("teardown"))

    async def later(own: str) -> None:
        await asyncio.sleep(0)
        checks.append(own == token.get() == request.args["token"])
        mine[own].append("background")

    async def view() -> str:
        for _ in range(3):
            await asyncio.sleep(0.001)
            check("view")
        current_app.add_background_task(later, token.get())
        return token.get()

    def sync_view() -> str:
        check("view")
        current_app.add_background_task(later, token.get())
        return token.get()

    app.add_url_rule("/", "view", view if view_kind == "async" else sync_view)

    async def go() -> None:
        client = app.test_async_client()
        answers = await asyncio.gather(*(client.get(f"/?token={n}") for n in range(500)))
        assert [answer.text for answer in answers] == [str(n) for n in range(500)]
        while app._asgi.tasks:
            await asyncio.sleep(0.001)

    run(go)
    assert all(checks)
    views = ["view"] * (3 if view_kind == "async" else 1)
    # The background task has its own context, so teardown functions run for it too.
    expected = sorted(["before", *views, "after", "teardown"])
    for places in mine.values():
        assert sorted(places) == sorted([*expected, "background"])


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("path", ["/", "/slow", "/sync", "/stream", "/crash", "/missing"])
def test_a_request_leaves_nothing_for_the_collector(app: Flask, path: str) -> None:
    app.logger.disabled = True

    async def slow() -> str:
        await asyncio.sleep(0.001)
        return "slow"

    async def stream() -> AsyncIterator[str]:
        yield "a"
        await asyncio.sleep(0)
        yield "b"

    async def crash() -> t.NoReturn:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    app.add_url_rule("/", "async", asynchronous)
    app.add_url_rule("/slow", "slow", slow)
    app.add_url_rule("/sync", "sync", sync)
    app.add_url_rule("/stream", "stream", lambda: stream(), blocking=False)
    app.add_url_rule("/crash", "crash", crash)

    async def ask() -> None:
        await Server(app, path).body().serve()
        for _ in range(3):
            await asyncio.sleep(0)

    async def go() -> None:
        for _ in range(3):
            await ask()
        gc.collect()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            for _ in range(3):
                await ask()
            gc.collect()
            assert [type(thing).__name__ for thing in gc.garbage] == []
        finally:
            gc.set_debug(0)
            gc.garbage.clear()

    asyncio.run(go())
