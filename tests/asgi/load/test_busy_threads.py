"""Threads that are all busy, with listeners, synchronous views and background tasks.

What has no thread waits or is refused; a request whose client disconnected does not begin.
"""

from __future__ import annotations

import asyncio
import threading
import typing as t
from collections.abc import AsyncIterator, Iterator

import pytest
from asgi_exchange import Exchange, Sent, ask, run
from polling import LONGEST, wait_until_async

from flask import Flask, Response, current_app, request, stream_events
from flask._core import threads

# Listeners delay no other request -----------------------------------------------------------------


@pytest.mark.parametrize("heartbeat", [None, 0.02])
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("view_kind", ["sync", "async"])
def test_listeners_keep_no_thread_from_views_and_tasks(
    app: Flask, gate: threading.Event, view_kind: str, kind: str, heartbeat: float | None
) -> None:
    """More listeners than there are threads for views, for tasks, and for both."""
    app.config["ASGI_THREADS"] = 2
    ended: list[str] = []
    torn: list[str] = []
    done: list[str] = []

    @app.teardown_request
    def tear_down(error: BaseException | None) -> None:
        torn.append("loop" if asyncio._get_running_loop() else "thread")

    def sync_events() -> Iterator[str]:
        try:
            yield "first"
            gate.wait(LONGEST)
            yield "last"
        finally:
            ended.append(request.path)

    async def async_events() -> AsyncIterator[str]:
        try:
            yield "first"
            await asyncio.Event().wait()
        finally:
            ended.append(request.path)

    def listen() -> Response:
        make = sync_events if kind == "sync" else async_events
        return stream_events(make(), heartbeat=heartbeat)

    async def listen_async() -> Response:
        return listen()

    app.add_url_rule("/listen", "listen", listen if view_kind == "sync" else listen_async)

    @app.get("/sync")
    def sync() -> str:
        current_app.add_background_task(done.append, "task")
        return "answered"

    async def go() -> None:
        listeners = [Exchange(app, "/listen") for _ in range(30)]
        for listener in listeners:
            await listener.part(b"data: first")
        torn.clear()
        assert await ask(app, "/sync") == (200, b"answered")
        await wait_until_async(lambda: done == ["task"])
        for listener in listeners:
            listener.leave()
        if kind == "async":
            await wait_until_async(lambda: len(ended) == 30)
        else:
            async with asyncio.timeout(LONGEST):
                await asyncio.gather(*(listener.task for listener in listeners))
        assert await ask(app, "/sync") == (200, b"answered")
        gate.set()
        await wait_until_async(lambda: len(ended) == 30)
        async with asyncio.timeout(LONGEST):
            await asyncio.gather(*(listener.task for listener in listeners))

    run(go)
    assert set(ended) == {"/listen"}
    if view_kind == "sync":
        assert set(torn) == {"thread"}


def test_a_listener_that_left_before_its_step_began_is_not_run(
    app: Flask, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = threads.Threads("server-sent events", 1, None, "Have more.")
    monkeypatch.setattr("flask._http.sse.event_threads", one)
    begun: list[str] = []
    ended: list[str] = []

    @app.get("/<name>")
    async def listen(name: str) -> Response:
        def events() -> Iterator[str]:
            begun.append(name)
            try:
                gate.wait(LONGEST)
                yield "event"
            finally:
                ended.append(name)

        return stream_events(events())

    async def go() -> None:
        first = Exchange(app, "/first")
        await wait_until_async(lambda: begun == ["first"])
        others = [Exchange(app, f"/{n}") for n in range(20)]
        for other in others:
            await other.part(b": \n")
            other.leave()
        # Their steps are withdrawn; what waits is to close their generators.
        await wait_until_async(
            lambda: [work.args[0].__name__ for work in one._waiting] == ["close"] * 20
        )  # type: ignore[attr-defined]
        gate.set()
        await first.part(b"data: event")
        first.leave()
        async with asyncio.timeout(LONGEST):
            await asyncio.gather(first.task, *(other.task for other in others))

    run(go)
    assert (begun, ended) == (["first"], ["first"])


# The queue of synchronous views


def test_beyond_the_queue_sync_views_are_refused_and_async_ones_served(
    app: Flask, gate: threading.Event
) -> None:
    app.config.update(ASGI_THREADS=1, ASGI_QUEUE_SIZE=3)
    ran: list[str] = []

    @app.route("/sync", methods=["GET", "POST"])
    def sync() -> str:
        ran.append("sync")
        assert gate.wait(LONGEST)
        return "sync"

    @app.get("/async")
    async def asynchronous() -> str:
        return "async"

    async def go() -> None:
        served = [Exchange(app, "/sync")]
        await wait_until_async(lambda: len(ran) == 1)
        served += [Exchange(app, "/sync") for _ in range(3)]
        await wait_until_async(lambda: len(threads.views._waiting) == 3)
        for method in ("GET", "POST"):
            refused = Exchange(app, "/sync", method)
            await refused.task
            assert refused.answer == (503, b"")
            assert (b"retry-after", b"5") in refused.sent[0]["headers"]
        assert await ask(app, "/async") == (200, b"async")
        gate.set()
        await asyncio.gather(*(each.task for each in served))
        assert [each.answer for each in served] == [(200, b"sync")] * 4
        assert await ask(app, "/sync") == (200, b"sync")

    run(go)
    assert len(ran) == 5


@pytest.mark.parametrize("middleware", [False, True])
def test_a_request_whose_client_left_the_queue_is_not_run(
    app: Flask, gate: threading.Event, middleware: bool
) -> None:
    app.config.update(ASGI_THREADS=1, ASGI_QUEUE_SIZE=50)
    ran: list[str] = []
    if middleware:
        inner = app.wsgi_app
        app.wsgi_app = lambda environ, start: inner(environ, start)  # type: ignore[method-assign]

    @app.post("/<name>")
    def view(name: str) -> str:
        ran.append(name)
        assert gate.wait(LONGEST)
        return request.get_data(as_text=True)

    async def go() -> None:
        first = Exchange(app, "/first", "POST", b"1")
        await wait_until_async(lambda: ran == ["first"])
        for _ in range(10):  # more than the queue holds at a time
            left = [Exchange(app, "/left", "POST", b"12") for _ in range(50)]
            await wait_until_async(lambda: len(threads.views._waiting) == 50)
            for each in left:
                each.leave()
            async with asyncio.timeout(LONGEST):
                await asyncio.gather(*(each.task for each in left))
            assert [each.sent for each in left] == [[]] * 50
        last = Exchange(app, "/last", "POST", b"123")
        gate.set()
        await asyncio.gather(first.task, last.task)
        assert (first.answer, last.answer) == ((200, b"1"), (200, b"123"))

    run(go)
    assert ran == ["first", "last"]


def test_a_websocket_beyond_the_threads_for_sync_handlers_is_refused(
    app: Flask, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = threads.Threads("plain WebSocket handlers", 1, 0, "Have more.")
    monkeypatch.setattr("flask.asgi._websocket_server.threads", one)
    begun: list[str] = []

    @app.websocket("/sync")
    def sync() -> None:
        begun.append("sync")
        gate.wait(LONGEST)

    async def connect(extensions: t.Any) -> list[str]:
        sent: Sent = []
        messages: asyncio.Queue[dict[str, t.Any]] = asyncio.Queue()
        messages.put_nowait({"type": "websocket.connect"})
        scope = {
            "type": "websocket",
            "path": "/sync",
            "root_path": "",
            "headers": [(b"host", b"localhost")],
            "extensions": extensions,
        }

        async def send(message: t.Any) -> None:
            sent.append(message)

        await app(scope, messages.get, send)
        return [f"{each['type']} {each.get('status', '')}" for each in sent]

    async def go() -> None:
        first = asyncio.create_task(connect({}))
        await wait_until_async(lambda: begun == ["sync"])
        start = "websocket.http.response.start 503"
        body = "websocket.http.response.body "
        assert await connect({"websocket.http.response": {}}) == [start, body]
        assert await connect({}) == ["websocket.close "]
        gate.set()
        assert await first == ["websocket.close "]

    run(go)
    assert begun == ["sync"]
