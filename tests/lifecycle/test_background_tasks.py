"""A background task runs once, after the response, in whichever place it is added."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Callable

import pytest
from places import PLACES, in_a_hook_after, in_a_hook_before, in_a_teardown_function
from werkzeug.test import EnvironBuilder

from flask import Flask, Response

Serve = Callable[[Flask], None]


def serve_wsgi(app: Flask) -> None:
    """Call the application as a server does, and close what it returns."""
    log = app.extensions["log"]
    body: t.Any = None
    try:
        body = app(EnvironBuilder("/").get_environ(), lambda status, headers, error=None: print)
        log += [part.decode() for part in body]
    except ValueError:
        log.append("raised")
    finally:
        if hasattr(body, "close"):
            body.close()


def serve_asgi(app: Flask) -> None:
    log = app.extensions["log"]

    async def receive() -> t.Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: t.Any) -> None:
        if message.get("body"):
            log.append(message["body"].decode())

    async def go() -> None:
        scope: dict[str, t.Any] = {"type": "http", "method": "GET", "path": "/", "headers": []}
        try:
            await app({**scope, "query_string": b""}, receive, send)
        except ValueError:
            log.append("raised")
        await asyncio.gather(*app._asgi.tasks)

    asyncio.run(go())


@pytest.fixture(params=[serve_wsgi, serve_asgi], ids=["wsgi", "asgi"])
def serve(request: pytest.FixtureRequest) -> Serve:
    served: Serve = request.param
    return served


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("place", PLACES)
def test_a_task_runs_wherever_it_was_added(
    serve: Serve, place: Callable[[Flask, Callable[[], None]], None], is_async: bool
) -> None:
    app = Flask("busy")
    log = app.extensions["log"] = []
    app.add_url_rule("/", "index", lambda: "text")

    async def task_awaited() -> None:
        log.append("task")

    task = task_awaited if is_async else lambda: log.append("task")
    place(app, lambda: app.add_background_task(task))
    serve(app)
    app._lifespan.background.drain(app)
    if place is in_a_teardown_function:  # nothing will be sent that it could wait for
        assert sorted(log) == ["task", "text"]
    else:
        assert log == ["text", "task"]


@pytest.mark.parametrize("place", [in_a_hook_before, in_a_hook_after])
def test_a_task_runs_although_an_error_is_raised_to_the_server(
    serve: Serve, place: Callable[[Flask, Callable[[], None]], None]
) -> None:
    app = Flask("busy")
    log = app.extensions["log"] = []
    app.config["PROPAGATE_EXCEPTIONS"] = True
    place(app, lambda: app.add_background_task(log.append, "task"))

    def fail(*response: Response) -> t.NoReturn:
        raise ValueError("on purpose")

    app.add_url_rule("/", "index", fail if place is in_a_hook_before else lambda: "text")
    if place is in_a_hook_after:
        app.after_request_funcs[None].insert(0, fail)  # runs last
    serve(app)
    app._lifespan.background.drain(app)
    assert sorted(log) == ["raised", "task"]
