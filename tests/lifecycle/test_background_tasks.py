"""A background task runs once, after the response, wherever in a request it is added."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Callable

import pytest
from werkzeug.test import EnvironBuilder

from flask import Flask, Response, after_this_request, request_finished

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
        await asyncio.gather(*app._background_on_loop)

    asyncio.run(go())


@pytest.fixture(params=[serve_wsgi, serve_asgi], ids=["wsgi", "asgi"])
def serve(request: pytest.FixtureRequest) -> Serve:
    served: Serve = request.param
    return served


def in_a_hook_before(app: Flask, add: Callable[[], None]) -> None:
    app.before_request(add)


def in_the_view(app: Flask, add: Callable[[], None]) -> None:
    def view() -> str:
        add()
        return "text"

    app.view_functions["index"] = view


def in_a_hook_after(app: Flask, add: Callable[[], None]) -> None:
    @app.after_request
    def after(response: Response) -> Response:
        add()
        return response


def in_a_function_after_this_request(app: Flask, add: Callable[[], None]) -> None:
    @app.before_request
    def before() -> None:
        @after_this_request
        def after(response: Response) -> Response:
            add()
            return response


def in_a_receiver_of_request_finished(app: Flask, add: Callable[[], None]) -> None:
    def finished(sender: Flask, **extra: t.Any) -> None:
        add()

    app.extensions["receiver"] = finished
    request_finished.connect(finished, app)


def in_an_error_handler(app: Flask, add: Callable[[], None]) -> None:
    app.view_functions["index"] = lambda: 1 / 0

    @app.errorhandler(ZeroDivisionError)
    def handle(error: Exception) -> str:
        add()
        return "text"


def in_a_teardown_function(app: Flask, add: Callable[[], None]) -> None:
    def once(error: BaseException | None) -> None:
        app.teardown_request_funcs.clear()  # the task's own context ends, too
        add()

    app.teardown_request(once)


PLACES = [
    in_a_hook_before,
    in_the_view,
    in_a_hook_after,
    in_a_function_after_this_request,
    in_a_receiver_of_request_finished,
    in_an_error_handler,
    in_a_teardown_function,
]


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
    app._drain_threads()
    if place is in_a_teardown_function:  # nothing will be sent that it could wait for
        assert sorted(log) == ["task", "text"]
    else:
        assert log == ["text", "task"]


@pytest.mark.parametrize("place", [in_a_hook_before, in_a_hook_after])
def test_a_task_runs_though_an_error_is_raised_to_the_server(
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
    app._drain_threads()
    assert sorted(log) == ["raised", "task"]
