"""Contexts that begin and end inside of a request: its hooks and background tasks wait for it."""

from __future__ import annotations

import asyncio
import threading
import typing as t
from collections.abc import Callable

import pytest
from nested import INSIDE
from polling import LONGEST
from werkzeug.test import create_environ

from flask import (
    Flask,
    Response,
    after_this_request,
    appcontext_tearing_down,
    copy_current_request_context,
    request,
    request_tearing_down,
)

TEARDOWNS: dict[str, Callable[[Flask], t.Any]] = {
    "none": lambda app: None,
    "request": lambda app: app.teardown_request(lambda error: None),
    "application": lambda app: app.teardown_appcontext(lambda error: None),
}


@pytest.fixture(params=INSIDE.values(), ids=INSIDE.keys())
def inside(request: t.Any) -> Callable[[Flask], t.Any]:
    return t.cast("Callable[[Flask], t.Any]", request.param)


@pytest.fixture(params=TEARDOWNS.values(), ids=TEARDOWNS.keys())
def app(app: Flask, request: t.Any) -> Flask:
    request.param(app)
    app.add_url_rule("/nested", "nested", lambda: "nested")
    return app


def _add(app: Flask, kind: str, work: Callable[[], t.Any]) -> None:
    """Add a view that uses a nested context between two functions and two tasks."""

    def mark(name: str) -> None:
        @after_this_request
        def after(response: Response) -> Response:
            response.headers.add("X-After", name)
            return response

    def view(inside: Callable[[Flask], t.Any]) -> str:
        mark("before")
        app.add_background_task(work)
        inside(app)
        mark("after")
        app.add_background_task(work)
        return "ok"

    async def view_async(inside: Callable[[Flask], t.Any]) -> str:
        await asyncio.sleep(0)
        return view(inside)

    app.extensions["view"] = view if kind == "sync" else view_async


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_under_wsgi_they_wait_for_the_response(
    app: Flask, inside: Callable[[Flask], t.Any], kind: str
) -> None:
    began: list[str] = []
    both = threading.Event()

    def work() -> None:
        began.append(request.path)
        if len(began) == 2:
            both.set()

    _add(app, kind, work)
    view = app.extensions["view"]
    app.add_url_rule("/", "view", view, defaults={"inside": inside})
    started: list[t.Any] = []
    body = app(create_environ(), lambda *args: started.extend(args))
    assert list(body) == [b"ok"]
    assert [v for n, v in started[1] if n == "X-After"] == ["before", "after"]
    assert not began
    body.close()  # type: ignore[attr-defined]
    assert both.wait(LONGEST)
    assert began == ["/", "/"]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_under_asgi_they_wait_for_the_response(
    app: Flask, inside: Callable[[Flask], t.Any], kind: str
) -> None:
    log: list[str] = []
    headers: list[str] = []

    async def work() -> None:
        log.append(request.path)

    _add(app, kind, work)
    app.add_url_rule("/", "view", app.extensions["view"], defaults={"inside": inside})

    async def receive() -> t.Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: t.Any) -> None:
        await asyncio.sleep(0)
        log.append(message["type"])
        headers.extend(v.decode() for n, v in message.get("headers", ()) if n == b"x-after")

    async def go() -> None:
        given = [(b"host", b"localhost")]
        scope = {"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": given}
        await app({**scope, "scheme": "http", "query_string": b""}, receive, send)
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))  # type: ignore[arg-type]

    asyncio.run(go())
    assert headers == ["before", "after"]
    assert log == ["http.response.start", "http.response.body", "/", "/"]


HERE: dict[str, Callable[[Flask, Callable[[], t.Any]], t.Any]] = {
    "request context": lambda app, add: _in(app.test_request_context("/nested"), add),
    "application context": lambda app, add: _in(app.app_context(), add),
    "copied context": lambda app, add: copy_current_request_context(add)(),
    "copy of a nested one": lambda app, add: _in(
        app.test_request_context("/nested"), lambda: copy_current_request_context(add)()
    ),
    "thread": lambda app, add: _in_thread(copy_current_request_context(add)),
}


def _in(context: t.Any, function: Callable[[], t.Any]) -> None:
    with context:
        function()


def _in_thread(function: Callable[[], t.Any]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


@pytest.mark.parametrize("add", HERE.values(), ids=HERE.keys())
def test_a_task_of_a_nested_context_waits_for_the_response_around_it(
    app: Flask, add: Callable[[Flask, Callable[[], t.Any]], t.Any]
) -> None:
    began = threading.Event()
    app.add_url_rule(
        "/", "view", lambda: add(app, lambda: app.add_background_task(began.set)) or "ok"
    )
    body = app(create_environ(), lambda *args: None)
    assert list(body) == [b"ok"]
    assert not began.is_set()
    body.close()  # type: ignore[attr-defined]
    assert began.wait(LONGEST)


@pytest.mark.parametrize("asgi", [False, True], ids=["wsgi", "asgi"])
def test_where_no_response_comes_a_task_begins_at_once(app: Flask, asgi: bool) -> None:
    began = threading.Event()
    with app.test_request_context("/"):
        app.add_background_task(began.set)
        assert began.wait(LONGEST)

    began.clear()
    second = threading.Event()

    def work() -> None:  # a task of a task
        began.set()
        app.add_background_task(second.set)

    app.add_url_rule("/", "view", lambda: app.add_background_task(work) or "ok")
    with app.test_client(asgi=asgi) as client:
        assert client.get("/").text == "ok"
        assert began.wait(LONGEST)
        assert second.wait(LONGEST)
        if not asgi:  # the context of the last request, to be looked at
            began.clear()
            assert request.path == "/"
            app.add_background_task(began.set)
            assert began.wait(LONGEST)


@pytest.mark.parametrize("signal", [request_tearing_down, appcontext_tearing_down])
def test_a_listener_to_teardown_does_not_end_the_request_around_it(
    app: Flask, signal: t.Any
) -> None:
    def view() -> str:
        @after_this_request
        def after(response: Response) -> Response:
            response.headers["X-After"] = "yes"
            return response

        with app.test_request_context("/nested"), app.app_context():
            pass
        return "ok"

    app.add_url_rule("/", "view", view)
    with signal.connected_to(lambda *args, **kwargs: None):
        assert app.test_client().get("/").headers["X-After"] == "yes"
