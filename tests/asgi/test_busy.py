"""Threads that are all busy: listeners, plain views and background tasks beside each other.

What has no thread waits or is refused; what the client has left is not begun.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
import typing as t
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from warm_app import warm_up

from flask import Flask, Response, current_app, request, stream_events, stream_with_context
from flask._core import threads
from flask.asgi._request_body import RequestBody

LONGEST = 30  # seconds that anything may take

Sent = list[dict[str, t.Any]]


class Exchange:
    """One request: what the client and the server say, and what the application answers."""

    def __init__(
        self,
        app: Flask,
        path: str,
        method: str = "GET",
        body: bytes | None = b"",
        length: bytes | None = None,
        receive: t.Any = None,
    ) -> None:
        warm_up(app)
        if length is None and body != b"":
            length = b"%d" % len(body or b"12345678")
        headers = [(b"host", b"localhost")]
        if length is not None:
            headers.append((b"content-length", length))
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "root_path": "",
            "headers": headers,
        }
        self.messages: asyncio.Queue[dict[str, t.Any]] = asyncio.Queue()
        if body is not None:
            self.messages.put_nowait({"type": "http.request", "body": body, "more_body": False})
        self.sent: Sent = []
        self.news = asyncio.Event()
        self.task = asyncio.ensure_future(app(scope, receive or self.messages.get, self.send))

    async def send(self, message: t.Any) -> None:
        self.sent.append(message)
        self.news.set()

    def leave(self) -> None:
        self.messages.put_nowait({"type": "http.disconnect"})

    async def part(self, text: bytes) -> None:
        """Wait until a part of the body has this text."""
        while not any(text in message.get("body", b"") for message in self.sent):
            self.news.clear()
            async with asyncio.timeout(LONGEST):
                await self.news.wait()

    @property
    def answer(self) -> tuple[int, bytes]:
        whole = b"".join(message.get("body", b"") for message in self.sent)
        return self.sent[0]["status"], whole


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONGEST):
        while not is_so():
            await asyncio.sleep(0.001)


async def ask(app: Flask, path: str, method: str = "GET") -> tuple[int, bytes]:
    exchange = Exchange(app, path, method)
    async with asyncio.timeout(LONGEST):
        await exchange.task
    return exchange.answer


def run(go: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(go())  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def pools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pools that no other test has used."""
    from flask.asgi import _http, _thread_executor

    views = threads.Threads("plain views", "ASGI_THREADS", "ASGI_QUEUE_SIZE", "Have more.")
    monkeypatch.setattr(_http, "views", views)
    monkeypatch.setattr(threads, "views", views)
    defaults = list(_thread_executor.ThreadExecutor.__init__.__defaults__)  # type: ignore[arg-type]
    defaults[defaults.index(_thread_executor.views)] = views
    monkeypatch.setattr(_thread_executor.ThreadExecutor.__init__, "__defaults__", tuple(defaults))


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    made = threading.Event()
    yield made
    made.set()


# Listeners keep nobody waiting -------------------------------------------------------------------


@pytest.mark.parametrize("heartbeat", [None, 0.02])
@pytest.mark.parametrize("kind", ["plain", "async"])
@pytest.mark.parametrize("view_kind", ["plain", "async"])
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

    def plain_events() -> Iterator[str]:
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
        make = plain_events if kind == "plain" else async_events
        return stream_events(make(), heartbeat=heartbeat)

    async def listen_async() -> Response:
        return listen()

    app.add_url_rule("/listen", "listen", listen if view_kind == "plain" else listen_async)

    @app.get("/plain")
    def plain() -> str:
        current_app.add_background_task(done.append, "task")
        return "answered"

    async def go() -> None:
        listeners = [Exchange(app, "/listen") for _ in range(30)]
        for listener in listeners:
            await listener.part(b"data: first")
        torn.clear()
        assert await ask(app, "/plain") == (200, b"answered")
        await until(lambda: done == ["task"])
        for listener in listeners:
            listener.leave()
        if kind == "async":
            await until(lambda: len(ended) == 30)
        else:
            async with asyncio.timeout(LONGEST):
                await asyncio.gather(*(listener.task for listener in listeners))
        assert await ask(app, "/plain") == (200, b"answered")
        gate.set()
        await until(lambda: len(ended) == 30)
        async with asyncio.timeout(LONGEST):
            await asyncio.gather(*(listener.task for listener in listeners))

    run(go)
    assert set(ended) == {"/listen"}
    if view_kind == "plain":
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
        await until(lambda: begun == ["first"])
        others = [Exchange(app, f"/{n}") for n in range(20)]
        for other in others:
            await other.part(b": \n")
            other.leave()
        # Their steps are withdrawn; what waits is to close their generators.
        await until(lambda: [work.args[0].__name__ for work in one._waiting] == ["close"] * 20)  # type: ignore[attr-defined]
        gate.set()
        await first.part(b"data: event")
        first.leave()
        async with asyncio.timeout(LONGEST):
            await asyncio.gather(first.task, *(other.task for other in others))

    run(go)
    assert (begun, ended) == (["first"], ["first"])


# The queue of plain views ------------------------------------------------------------------------


def test_beyond_the_queue_plain_views_are_refused_and_async_ones_served(
    app: Flask, gate: threading.Event
) -> None:
    app.config.update(ASGI_THREADS=1, ASGI_QUEUE_SIZE=3)
    ran: list[str] = []

    @app.route("/plain", methods=["GET", "POST"])
    def plain() -> str:
        ran.append("plain")
        assert gate.wait(LONGEST)
        return "plain"

    @app.get("/async")
    async def asynchronous() -> str:
        return "async"

    async def go() -> None:
        served = [Exchange(app, "/plain")]
        await until(lambda: len(ran) == 1)
        served += [Exchange(app, "/plain") for _ in range(3)]
        await until(lambda: len(threads.views._waiting) == 3)
        for method in ("GET", "POST"):
            refused = Exchange(app, "/plain", method)
            await refused.task
            assert refused.answer == (503, b"")
            assert (b"retry-after", b"5") in refused.sent[0]["headers"]
        assert await ask(app, "/async") == (200, b"async")
        gate.set()
        await asyncio.gather(*(each.task for each in served))
        assert [each.answer for each in served] == [(200, b"plain")] * 4
        assert await ask(app, "/plain") == (200, b"plain")

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
        await until(lambda: ran == ["first"])
        for _ in range(10):  # more than the queue holds at a time
            left = [Exchange(app, "/left", "POST", b"12") for _ in range(50)]
            await until(lambda: len(threads.views._waiting) == 50)
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


def test_a_websocket_beyond_the_threads_for_plain_handlers_is_refused(
    app: Flask, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = threads.Threads("plain WebSocket handlers", 1, 0, "Have more.")
    monkeypatch.setattr("flask.asgi._websocket_server.websockets", one)
    begun: list[str] = []

    @app.websocket("/plain")
    def plain() -> None:
        begun.append("plain")
        gate.wait(LONGEST)

    async def connect(extensions: t.Any) -> list[str]:
        sent: Sent = []
        messages: asyncio.Queue[dict[str, t.Any]] = asyncio.Queue()
        messages.put_nowait({"type": "websocket.connect"})
        scope = {
            "type": "websocket",
            "path": "/plain",
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
        await until(lambda: begun == ["plain"])
        start = "websocket.http.response.start 503"
        body = "websocket.http.response.body "
        assert await connect({"websocket.http.response": {}}) == [start, body]
        assert await connect({}) == ["websocket.close "]
        gate.set()
        assert await first == ["websocket.close "]

    run(go)
    assert begun == ["plain"]


# Bodies that arrive slowly -----------------------------------------------------------------------


@pytest.mark.parametrize("middleware", [False, True])
def test_a_small_body_that_arrives_slowly_takes_no_thread(app: Flask, middleware: bool) -> None:
    app.config["ASGI_THREADS"] = 1
    if middleware:
        inner = app.wsgi_app
        app.wsgi_app = lambda environ, start: inner(environ, start)  # type: ignore[method-assign]

    @app.route("/", methods=["GET", "POST"])
    def view() -> str:
        return request.get_data(as_text=True)

    async def go() -> None:
        from flask.asgi import _request_body

        slow = [Exchange(app, "/", "POST", None) for _ in range(20)]
        for number in range(7):
            for each in slow:
                part = {"type": "http.request", "body": b"%d" % number, "more_body": True}
                each.messages.put_nowait(part)
            assert await ask(app, "/") == (200, b"")
        assert _request_body._buffered_bytes.used == 20 * 8
        for each in slow:
            each.messages.put_nowait({"type": "http.request", "body": b"7"})
        async with asyncio.timeout(LONGEST):
            await asyncio.gather(*(each.task for each in slow))
        assert [each.answer for each in slow] == [(200, b"01234567")] * 20
        assert _request_body._buffered_bytes.used == 0

    run(go)


def test_small_bodies_have_a_memory_of_a_limited_size(app: Flask) -> None:
    """What it does not hold is read as it arrives, in a thread."""
    app.config["ASGI_BODY_MEMORY_SIZE"] = 20
    begun: list[str] = []

    @app.post("/")
    def view() -> str:
        begun.append("view")
        return request.get_data(as_text=True)

    async def go() -> None:
        from flask.asgi import _request_body

        slow = [Exchange(app, "/", "POST", None) for _ in range(5)]
        await until(lambda: len(begun) == 3)
        assert _request_body._buffered_bytes.used == 16
        for each in slow:
            each.messages.put_nowait({"type": "http.request", "body": b"12345678"})
        await asyncio.gather(*(each.task for each in slow))
        assert [each.answer for each in slow] == [(200, b"12345678")] * 5
        assert _request_body._buffered_bytes.used == 0

    run(go)


@pytest.mark.parametrize("length", [b"9" * 5000, b"\xb2", b"-1", b"", b"8 "])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_length_that_is_no_small_number_is_left_to_the_request(
    app: Flask, length: bytes, method: str
) -> None:
    app.route("/", methods=["GET", "POST"])(lambda: "answered")

    async def go() -> None:
        exchange = Exchange(app, "/", method, None, length)
        async with asyncio.timeout(LONGEST):
            await exchange.task
        assert exchange.answer == (200, b"answered")

    run(go)


def test_a_native_server_has_a_small_body_ready_for_the_tasks_of_a_view(app: Flask) -> None:
    """Whose ``receive`` is no Python function, and fetches by threads of its own."""

    @app.post("/")
    async def view() -> list[str]:
        async def read() -> str:
            return request.get_data(as_text=True)

        return await asyncio.gather(read(), read())

    async def message() -> dict[str, t.Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"12345678"}

    async def go() -> None:
        nothing_more: t.Any = asyncio.Event().wait()
        receive = [nothing_more, message()].pop  # a method that is not written in Python
        exchange = Exchange(app, "/", "POST", None, receive=receive)
        await exchange.task
        assert (exchange.answer[0], json.loads(exchange.answer[1])) == (200, ["12345678"] * 2)

    run(go)


def test_a_task_that_asks_for_a_body_too_early_does_not_hold_up_the_loop(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(seconds: float) -> None:
        raise AssertionError("the loop's thread sleeps")

    monkeypatch.setattr(time, "sleep", never)

    class Foreign:
        def done(self) -> bool:
            return False

        def __await__(self) -> Iterator[t.Any]:
            yield self

    body = RequestBody(Foreign)  # type: ignore[arg-type]

    async def go() -> None:
        with pytest.raises(RuntimeError, match="before all of it had arrived"):
            body.read()

    body.loop = asyncio.new_event_loop()
    try:
        body.loop.run_until_complete(go())
    finally:
        body.loop.close()


# Iterators that are not asynchronous -------------------------------------------------------------


def made_by_generator() -> Iterator[str]:
    for number in range(3):
        time.sleep(0)
        yield f"{number} {asyncio._get_running_loop() is None} "


class Iterated:
    """A plain iterator, which is no generator."""

    def __init__(self) -> None:
        self._parts = made_by_generator()

    def __iter__(self) -> Iterated:
        return self

    def __next__(self) -> str:
        return next(self._parts)


BODIES: dict[str, Callable[[], t.Any]] = {
    "a generator": made_by_generator,
    "a response": lambda: Response(made_by_generator()),
    "an iterator": lambda: Response(Iterated()),
    "with its request": lambda: stream_with_context(made_by_generator()),
    "a map": lambda: Response(map(str.lower, made_by_generator())),
}


@pytest.mark.parametrize("make", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("middleware", [False, True])
def test_steps_of_a_plain_iterator_from_an_async_view_are_off_the_loop(
    app: Flask, make: Callable[[], t.Any], middleware: bool
) -> None:
    if middleware:
        inner = app.wsgi_app
        app.wsgi_app = lambda environ, start: inner(environ, start)  # type: ignore[method-assign]
    closed_on: list[bool] = []

    @app.get("/")
    async def view() -> t.Any:
        response = current_app.make_response(make())
        response.call_on_close(lambda: closed_on.append(asyncio._get_running_loop() is None))
        return response

    async def go() -> None:
        status, body = await ask(app, "/")
        assert (status, body.decode().lower()) == (200, "0 true 1 true 2 true ")

    run(go)
    assert closed_on == [True]


def test_a_step_that_blocks_leaves_the_loop_to_others(app: Flask, gate: threading.Event) -> None:
    ended: list[str] = []
    busy = threading.Semaphore(0)

    @app.get("/slow")
    async def slow() -> t.Any:
        def generate() -> Iterator[str]:
            try:
                yield "first"
                busy.release()
                assert gate.wait(LONGEST)
                yield request.path
            finally:
                ended.append("slow")

        return stream_with_context(generate())

    @app.get("/quick")
    async def quick() -> str:
        return "quick"

    async def go() -> None:
        stays, leaves = Exchange(app, "/slow"), Exchange(app, "/slow")
        await stays.part(b"first")
        await leaves.part(b"first")
        for _ in range(2):
            assert await asyncio.to_thread(busy.acquire, timeout=LONGEST)
        assert await ask(app, "/quick") == (200, b"quick")
        leaves.leave()
        async with asyncio.timeout(LONGEST):
            await leaves.task  # though its step is still running
        assert ended == []
        gate.set()
        await stays.part(b"/slow")
        await stays.task
        await until(lambda: ended == ["slow", "slow"])

    run(go)


# Between two awaits ------------------------------------------------------------------------------


async def charge_and_record(book: list[str], has_charged: asyncio.Event) -> str:
    book.append("charged")
    has_charged.set()
    await asyncio.sleep(0.01)
    book.append("recorded")
    return "done"


@pytest.mark.parametrize(
    "kind", ["async", "blocking", "plain", "quick", "hook", "hook of an async view", "late hook"]
)
def test_a_client_that_leaves_does_not_cut_a_request_between_two_awaits(
    app: Flask, kind: str
) -> None:
    """By default; and what is plain never, whatever the setting says."""
    app.config["CANCEL_ON_DISCONNECT"] = kind in {"plain", "quick", "hook", "late hook"}
    book: list[str] = []
    torn: list[t.Any] = []
    app.teardown_request(torn.append)

    async def go() -> None:
        has_charged = asyncio.Event()

        async def work(*_: t.Any) -> t.Any:
            await charge_and_record(book, has_charged)
            return _[0] if _ else None

        async def view() -> str:
            if kind != "hook of an async view":
                await work()
            return "done"

        def plain() -> str:
            if kind in {"plain", "quick"}:
                current_app.ensure_sync(work)()
            return "done"

        if kind.startswith("hook"):
            app.before_request(work)
        elif kind == "late hook":
            app.after_request(work)
        is_async = kind in {"async", "blocking", "hook of an async view"}
        blocking = {"blocking": True, "quick": False}.get(kind)
        app.get("/", blocking=blocking)(view if is_async else plain)
        exchange = Exchange(app, "/")
        await has_charged.wait()
        exchange.leave()
        async with asyncio.timeout(LONGEST):
            await exchange.task

    with contextlib.suppress(asyncio.CancelledError):
        run(go)
    assert (book, torn) == (["charged", "recorded"], [None])
