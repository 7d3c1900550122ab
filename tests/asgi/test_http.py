"""HTTP over ASGI: drivers, bodies, streams, and clients and servers that go away."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import hashlib
import subprocess
import sys
import threading
import tracemalloc
import typing as t
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial, update_wrapper

import pytest
from polling import LONGEST, wait_until_async
from warm_app import warm_up
from werkzeug.routing import BaseConverter, IntegerConverter

from flask import (
    Flask,
    Response,
    current_app,
    g,
    has_request_context,
    request,
    stream_with_context,
)
from flask.asgi import ScopeError
from flask.views import MethodView, View

Sent = list[dict[str, t.Any]]


class Server:
    """Says what a server would say, message by message, and keeps what the application says."""

    def __init__(self, app: t.Any, path: str = "/", method: str = "GET", **headers: str) -> None:
        self.app = app
        self.scope = {
            "type": "http",
            "method": method,
            "path": path,
            "root_path": "",
            "headers": [(b"host", b"localhost")]
            + [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()],
        }
        self.messages: asyncio.Queue[dict[str, t.Any]] = asyncio.Queue()
        self.sent: Sent = []
        self.asked = 0
        self.has_sent = asyncio.Event()

    def body(self, body: bytes = b"", more: bool = False) -> Server:
        self.messages.put_nowait({"type": "http.request", "body": body, "more_body": more})
        return self

    def disconnect(self) -> Server:
        self.messages.put_nowait({"type": "http.disconnect"})
        return self

    async def receive(self) -> dict[str, t.Any]:
        self.asked += 1
        return await self.messages.get()

    async def send(self, message: dict[str, t.Any]) -> None:
        self.sent.append(message)
        self.has_sent.set()

    async def serve(self) -> Sent:
        if isinstance(self.app, Flask) and self.app.extensions.get("is warm"):
            warm_up(self.app)
        await self.app(self.scope, self.receive, self.send)
        return self.sent

    @property
    def status(self) -> int:
        return t.cast("int", self.sent[0]["status"])

    @property
    def text(self) -> str:
        return b"".join(message["body"] for message in self.sent[1:]).decode()


def run(function: Callable[[], t.Coroutine[t.Any, t.Any, t.Any]]) -> None:
    """Run an async test; no task may be left."""

    async def checked() -> None:
        await function()
        for _ in range(3):
            await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left

    asyncio.run(checked())


@pytest.fixture(params=[False, True], ids=["cold", "warm"])
def app(app: Flask, request: t.Any) -> Flask:
    """An application at its first request, and later, when it needs no WSGI environment."""
    app.extensions["is warm"] = request.param
    return app


@pytest.fixture
def teardowns(app: Flask) -> list[t.Any]:
    seen: list[t.Any] = []
    app.teardown_request(seen.append)
    return seen


def where() -> str:
    """Tell where code runs: on a loop, or in a thread without one."""
    return "loop" if asyncio._get_running_loop() is not None else "thread"


# Which driver -------------------------------------------------------------------------------------


class Plain(View):
    def dispatch_request(self) -> str:
        return where()


class Quick(Plain):
    blocking = False


class Mixed(MethodView):
    async def get(self) -> str:
        return where()

    def post(self) -> str:
        return where()


async def asynchronous() -> str:
    return "view on " + where()


def plain() -> str:
    return where()


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/async", "loop view on loop"),
        ("GET", "/async/blocking", "thread view on loop"),
        ("GET", "/plain", "thread thread"),
        ("GET", "/plain/quick", "loop loop"),
        ("GET", "/class", "thread thread"),
        ("GET", "/class/quick", "loop loop"),
        ("GET", "/mixed", "loop loop"),
        ("POST", "/mixed", "thread thread"),
        ("GET", "/wrapped", "thread view on loop"),
        ("GET", "/missing", "thread missing"),
        ("POST", "/async", "thread wrong method"),
    ],
)
def test_where_hooks_and_view_run(app: Flask, method: str, path: str, expected: str) -> None:
    import functools

    @functools.wraps(asynchronous)
    def wrapped() -> t.Any:
        return current_app.ensure_sync(asynchronous)()

    app.add_url_rule("/async", "async", asynchronous)
    app.add_url_rule("/async/blocking", "async", asynchronous, blocking=True)
    app.add_url_rule("/plain", "plain", plain)
    app.get("/plain/quick", blocking=False)(lambda: where())
    app.add_url_rule("/class", view_func=Plain.as_view("class"))
    app.add_url_rule("/class/quick", view_func=Quick.as_view("class_quick"))
    app.add_url_rule("/mixed", view_func=Mixed.as_view("mixed"))
    app.add_url_rule("/wrapped", "wrapped", wrapped)
    app.register_error_handler(404, lambda error: ("missing", 404))
    app.register_error_handler(405, lambda error: ("wrong method", 405))

    @app.before_request
    def before() -> None:
        g.where = where()

    @app.after_request
    def after(response: Response) -> Response:
        response.data = f"{g.where} {response.get_data(as_text=True)}"
        return response

    async def go() -> None:
        server = Server(app, path, method).body()
        await server.serve()
        assert server.text == expected

    run(go)


class Shouted(BaseConverter):
    """Reads with the application and the request, as official Flask lets it."""

    seen: t.ClassVar[list[str]] = []

    def to_python(self, value: str) -> str:
        self.seen.append(value)
        if value == "broken":
            raise LookupError(value)
        return f"{value} {current_app.name} {request.path}"


class Numbered(IntegerConverter):
    """Reads a number its own way."""

    seen: t.ClassVar[list[bool]] = []

    @staticmethod
    def num_convert(text: str) -> int:
        Numbered.seen.append(has_request_context())
        return int(text)


def test_what_makes_a_number_runs_inside_the_request_too(app: Flask) -> None:
    app.url_map.converters["numbered"] = Numbered
    app.add_url_rule("/<numbered:number>", "view", lambda number: str(number))

    async def go() -> None:
        for _ in range(2):
            Numbered.seen.clear()
            server = Server(app, "/7").body()
            await server.serve()
            assert (server.text, Numbered.seen) == ("7", [True])

    run(go)


@pytest.mark.parametrize("view_kind", ["async", "plain"])
def test_converters_read_inside_the_request_and_once(
    app: Flask, teardowns: list[t.Any], view_kind: str
) -> None:
    def view(text: str) -> str:
        return text

    async def view_async(text: str) -> str:
        return text

    app.url_map.converters["shouted"] = Shouted
    app.add_url_rule("/<shouted:text>", "view", view if view_kind == "plain" else view_async)
    app.logger.disabled = True

    async def ask(path: str, status: int, text: str | None) -> None:
        Shouted.seen.clear()
        server = Server(app, path).body()
        await server.serve()
        assert (server.status, Shouted.seen) == (status, [path[1:]])
        assert text is None or server.text == text

    async def go() -> None:
        for _ in range(2):
            await ask("/a", 200, f"a {app.name} /a")
            await ask("/broken", 500, None)

    run(go)
    assert [type(error) for error in teardowns] == [type(None), LookupError] * 2


def test_an_attribute_says_that_a_view_does_not_block(app: Flask) -> None:
    def view() -> str:
        return where()

    view.blocking = False  # type: ignore[attr-defined]
    app.add_url_rule("/", "view", view)

    async def go() -> None:
        server = Server(app)
        await server.serve()
        assert server.text == "loop"

    run(go)


WITHOUT_GREENLET = """
import asyncio, sys
sys.modules["greenlet"] = None  # as if it was not installed
from flask import Flask, request, websocket
app = Flask("app")
app.config["MAX_CONTENT_LENGTH"] = 10

@app.post("/")
async def view():
    await asyncio.sleep(0)
    return f"{request.get_data(as_text=True)} on {asyncio.get_running_loop() is loop}"

@app.websocket("/")
async def talk():
    async for message in websocket:
        await websocket.send(message)

async def main():
    global loop
    loop = asyncio.get_running_loop()
    client = app.test_async_client()
    print((await client.post("/", data="body")).text)
    print((await client.post("/", data="x" * 11)).status_code)
    async with client.websocket("/") as session:
        await session.send("to and fro")
        print(await session.receive())

asyncio.run(main())
"""


def test_without_greenlet_threads_do_it_all() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_GREENLET], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.split("\n"), done.stderr) == (
        ["body on True", "413", "to and fro", ""],
        "",
    )


@pytest.mark.parametrize("view_kind", ["async", "plain"])
def test_a_view_may_read_the_body_while_it_is_awaited_for_a_thread(
    app: Flask, view_kind: str
) -> None:
    async def read() -> bytes:
        await asyncio.sleep(0)
        return request.get_data()

    def read_plainly() -> t.Any:
        return current_app.ensure_sync(read)()

    app.post("/", blocking=True)(read if view_kind == "async" else read_plainly)

    async def go() -> None:
        server = Server(app, method="POST", content_length="2").body(b"a", True).body(b"b")
        await server.serve()
        assert server.text == "ab"

    run(go)


@pytest.mark.parametrize("view_kind", ["async", "plain"])
def test_what_is_awaited_runs_on_the_servers_loop(app: Flask, view_kind: str) -> None:
    loops: list[t.Any] = []

    @app.before_request
    async def before() -> None:
        await asyncio.sleep(0)
        loops.append(asyncio.get_running_loop())

    app.add_url_rule("/", "view", plain if view_kind == "plain" else asynchronous)

    async def go() -> None:
        await Server(app).serve()
        assert loops == [asyncio.get_running_loop()]

    run(go)


def test_middleware_around_wsgi_app_and_asgi_app_is_gone_through(app: Flask) -> None:
    app.add_url_rule("/", "view", asynchronous)
    calls: list[str] = []
    wsgi, asgi = app.wsgi_app, app.asgi_app

    def around_wsgi(environ: t.Any, start_response: t.Any) -> t.Any:
        calls.append("wsgi")
        return wsgi(environ, start_response)

    async def around_asgi(scope: t.Any, receive: t.Any, send: t.Any) -> None:
        calls.append("asgi")
        await asgi(scope, receive, send)

    app.wsgi_app = around_wsgi  # type: ignore[method-assign]
    app.asgi_app = around_asgi  # type: ignore[method-assign]
    run(Server(app).serve)
    assert calls == ["asgi", "wsgi"]


def test_the_older_form_of_asgi_is_understood(app: Flask) -> None:
    app.add_url_rule("/", "view", asynchronous)

    async def go() -> None:
        server = Server(app)
        await app(server.scope)(server.receive, server.send)
        assert server.status == 200

    run(go)


@pytest.mark.parametrize("scope", [{"type": "telegraph"}, {}])
def test_an_unknown_protocol_is_refused(app: Flask, scope: dict[str, t.Any]) -> None:
    with pytest.raises(ScopeError, match="cannot be served; known are 'http'"):
        app(scope, None, None.__str__)  # type: ignore[call-overload]


# Bodies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view_kind", ["async", "plain"])
def test_a_body_is_read_as_it_arrives(app: Flask, view_kind: str) -> None:
    def read() -> str:
        stream = request.stream
        first = stream.readline()
        rest = stream.read(3), stream.read()
        return f"{first!r} {rest!r} {stream.read()!r}"

    async def read_async() -> str:
        await asyncio.sleep(0)
        return read()

    app.post("/")(read if view_kind == "plain" else read_async)

    async def go() -> None:
        server = Server(app, method="POST")
        for part in (b"li", b"ne\nab", b"", b"cde", b"f"):
            server.body(part, True)
        await server.body().serve()
        assert server.text == "b'line\\n' (b'abc', b'def') b''"

    run(go)


def test_a_body_that_nobody_asks_for_is_not_read(app: Flask) -> None:
    app.post("/")(asynchronous)

    async def go() -> None:
        server = Server(app, method="POST", content_length="5")
        await server.serve()
        assert server.asked == 0

    run(go)


@pytest.mark.parametrize("headers", [{"content_length": "11"}, {}])
@pytest.mark.parametrize("view_kind", ["async", "plain"])
def test_a_limit_holds_before_the_body_is_read(
    app: Flask, view_kind: str, headers: dict[str, str]
) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 10

    def read() -> str:
        return request.get_data(as_text=True)

    async def read_async() -> str:
        return read()

    app.post("/")(read if view_kind == "plain" else read_async)

    async def go() -> None:
        server = Server(app, method="POST", **headers)
        for _ in range(11):
            server.body(b"x", True)
        await server.serve()
        assert server.status == 413
        assert server.asked <= (0 if headers else 12)  # the watch may be one ahead

    run(go)


@pytest.mark.parametrize("view_kind", ["async", "plain"])
def test_a_large_upload_needs_little_memory(app: Flask, view_kind: str) -> None:
    def read() -> str:
        digest = hashlib.sha256()
        while chunk := request.stream.read(65536):
            digest.update(chunk)
        return digest.hexdigest()

    async def read_async() -> str:
        return read()

    app.post("/")(read if view_kind == "plain" else read_async)
    chunk = bytes(65536)
    count = 100 * 16

    async def go() -> None:
        server = Server(app, method="POST")
        left = count

        async def receive() -> dict[str, t.Any]:
            nonlocal left
            left -= 1
            return {"type": "http.request", "body": bytes(chunk), "more_body": left > 0}

        server.receive = receive  # type: ignore[method-assign]
        gc.collect()
        tracemalloc.start()
        try:
            await server.serve()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert server.text == hashlib.sha256(chunk * count).hexdigest()
        assert peak < 4 * 1024 * 1024

    run(go)


def test_a_message_of_another_kind_is_told(app: Flask) -> None:
    app.testing = True

    @app.post("/")
    async def view() -> bytes:
        return request.get_data()

    async def go() -> None:
        server = Server(app, method="POST")
        server.messages.put_nowait({"type": "http.nonsense"})
        with pytest.raises(ScopeError, match=r"'http\.nonsense' where 'http\.request'"):
            await server.serve()

    run(go)


# Answers ------------------------------------------------------------------------------------------


def test_a_whole_body_is_one_message(app: Flask) -> None:
    app.get("/text", blocking=False)(lambda: "text")
    app.get("/list", endpoint="list", blocking=False)(lambda: Response(["a", "b"]))
    app.get("/changed", endpoint="changed", blocking=False)(lambda: ("text", {"X-Own": "1"}))
    app.get("/empty", endpoint="empty", blocking=False)(lambda: ("", 204))

    async def go() -> None:
        for path, body in (
            ("/text", b"text"),
            ("/changed", b"text"),
            ("/empty", b""),
        ):
            server = Server(app, path)
            _, message = await server.serve()
            assert message == {"type": "http.response.body", "body": body}
        server = Server(app, "/list")
        assert [m.get("more_body", False) for m in await server.serve()] == [
            False,
            True,
            True,
            False,
        ]

    run(go)


@pytest.mark.parametrize("view_kind", ["async", "plain"])
@pytest.mark.parametrize("kind", ["async", "plain"])
@pytest.mark.parametrize("asgi", [True, False])
def test_generators_of_either_kind_stream(
    app: Flask, view_kind: str, kind: str, asgi: bool
) -> None:
    def generate() -> Iterator[str]:
        for n in range(3):
            yield f"{request.path}{n} "

    async def generate_async() -> AsyncIterator[str]:
        for n in range(3):
            await asyncio.sleep(0)
            yield f"{request.path}{n} "

    def made() -> t.Any:
        return stream_with_context(generate if kind == "plain" else generate_async)()

    async def made_async() -> t.Any:
        return made()

    app.add_url_rule("/", "view", made if view_kind == "plain" else made_async)
    assert app.test_client(asgi=asgi).get("/").text == "/0 /1 /2 "


def test_an_async_generator_may_be_the_body_of_a_response(app: Flask) -> None:
    async def generate() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    app.add_url_rule("/", "view", lambda: (generate(), 201, {"X-Own": "1"}))
    app.add_url_rule("/r", "response", lambda: Response(generate(), mimetype="text/plain"))
    for asgi in (True, False):
        client = app.test_client(asgi=asgi)
        answer = client.get("/")
        assert (answer.status_code, answer.headers["X-Own"], answer.text) == (201, "1", "ab")
        assert client.get("/r").text == "ab"


def test_start_response_is_held_to_its_contract(app: Flask) -> None:
    def twice(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [])
        start_response("200 OK", [])

    def never(environ: t.Any, start_response: t.Any) -> t.Any:
        return [b"body"]

    def write(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [])(b"written ")
        return [b"and returned"]

    def replaced(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [])
        try:
            raise ValueError
        except ValueError:
            import sys

            start_response("500 Oh", [("A", "b")], sys.exc_info())
        return [b""]

    async def go() -> None:
        for faulty, words in ((twice, "called twice"), (never, "did not call start_response")):
            app.wsgi_app = faulty  # type: ignore[method-assign]
            with pytest.raises(AssertionError, match=words):
                await Server(app).serve()
        app.wsgi_app = write  # type: ignore[method-assign]
        server = Server(app)
        await server.serve()
        assert server.text == "written and returned"
        app.wsgi_app = replaced  # type: ignore[method-assign]
        server = Server(app)
        await server.serve()
        assert (server.status, server.sent[0]["headers"]) == (500, [(b"a", b"b")])

    run(go)


def test_an_error_in_the_middle_of_a_body_cannot_begin_another_answer(app: Flask) -> None:
    def wsgi_app(environ: t.Any, start_response: t.Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"part"
        try:
            raise ValueError("in the middle")
        except ValueError:
            start_response("500 Oh", [], sys.exc_info())
        yield b"never"

    app.wsgi_app = wsgi_app  # type: ignore[method-assign, assignment]

    async def go() -> None:
        server = Server(app)
        with pytest.raises(ValueError, match="in the middle"):
            await server.serve()
        assert (server.status, server.text) == (200, "part")

    run(go)


# The client goes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["setting", "route"])
@pytest.mark.parametrize("blocking", [None, True])
def test_a_client_that_goes_cancels_an_async_view_that_wants_it(
    app: Flask, teardowns: list[t.Any], by: str, blocking: bool | None
) -> None:
    log: list[str] = []
    app.config["CANCEL_ON_DISCONNECT"] = by == "setting"

    @app.get("/", blocking=blocking, cancel_on_disconnect=None if by == "setting" else True)
    async def view() -> str:
        log.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            log.append("finally")
        return "never"

    async def go() -> None:
        server = Server(app).body().disconnect()
        assert await server.serve() == []
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    run(go)
    assert log == ["began", "finally"]
    assert [type(error) for error in teardowns] == [asyncio.CancelledError]


@pytest.mark.parametrize("view_kind", ["async", "plain"])
@pytest.mark.parametrize("sent", [0, 1])
def test_a_client_that_goes_before_or_during_its_body_is_a_400(
    app: Flask, teardowns: list[t.Any], view_kind: str, sent: int
) -> None:
    seen: list[int] = []

    def read() -> bytes:
        return request.get_data()

    async def read_async() -> bytes:
        return read()

    app.post("/")(read if view_kind == "plain" else read_async)
    app.register_error_handler(400, lambda error: (seen.append(400) or "gone", 400))

    async def go() -> None:
        server = Server(app, method="POST", content_length="10")
        for _ in range(sent):
            server.body(b"x", True)
        await server.disconnect().serve()

    run(go)
    assert (seen, teardowns) == ([400], [None])


@pytest.mark.parametrize("view_kind", ["async", "plain"])
@pytest.mark.parametrize("kind", ["async", "plain"])
def test_a_client_that_goes_ends_a_stream(
    app: Flask, teardowns: list[t.Any], view_kind: str, kind: str
) -> None:
    ended: list[str] = []

    def generate() -> Iterator[str]:
        try:
            while True:
                yield "x"
        finally:
            ended.append("plain")

    async def generate_async() -> AsyncIterator[str]:
        try:
            yield "x"
            await asyncio.Event().wait()
        finally:
            ended.append("async")

    def made() -> t.Any:
        return generate() if kind == "plain" else generate_async()

    async def made_async() -> t.Any:
        return made()

    app.get("/")(made if view_kind == "plain" else made_async)

    async def go() -> None:
        server = Server(app).body()
        task = asyncio.create_task(server.serve())
        await server.has_sent.wait()
        server.disconnect()
        await task

    run(go)
    assert (ended, teardowns) == ([kind], [None])


@pytest.mark.parametrize("first", ["http.response.start", "http.response.body"])
def test_a_whole_answer_to_a_client_that_has_gone_is_dropped(
    app: Flask, teardowns: list[t.Any], first: str
) -> None:
    app.get("/")(asynchronous)

    async def go() -> None:
        server = Server(app)

        async def send(message: dict[str, t.Any]) -> None:
            if message["type"] == first:
                raise OSError("gone")

        server.send = send  # type: ignore[method-assign]
        await server.serve()

    run(go)
    assert teardowns == [None]


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("view_kind", ["async", "plain"])
def test_a_server_that_cannot_be_heard_is_told_when_its_client_counts_as_gone(
    app: Flask, teardowns: list[t.Any], view_kind: str, streams: bool
) -> None:
    ended: list[str] = []
    failed = asyncio.Event()

    async def for_ever() -> AsyncIterator[str]:
        try:
            while True:
                yield "x"
                await asyncio.sleep(0)
        finally:
            ended.append("stream")

    async def view() -> t.Any:
        if streams:
            return for_ever()
        try:
            await failed.wait()
            if view_kind == "async":
                await asyncio.Event().wait()
        finally:
            ended.append("view")
        return "answered"

    def plain() -> t.Any:
        return current_app.ensure_sync(view)()

    app.get("/", cancel_on_disconnect=True)(view if view_kind == "async" else plain)
    is_cancelled = view_kind == "async" and not streams

    async def go() -> None:
        server = Server(app)

        async def receive() -> t.Any:
            await asyncio.sleep(0.01)
            asyncio.get_running_loop().call_soon(failed.set)
            raise ValueError("a fault of the server")

        server.receive = receive  # type: ignore[method-assign]
        with pytest.raises(ValueError, match="a fault of the server"):
            await server.serve()

    run(go)
    assert ended == ["stream" if streams else "view"]
    assert [type(error) for error in teardowns] == [
        asyncio.CancelledError if is_cancelled else type(None)
    ]


@pytest.mark.parametrize("view_kind", ["async", "plain"])
def test_nothing_is_streamed_to_a_client_that_went_with_its_body(
    app: Flask, teardowns: list[t.Any], view_kind: str
) -> None:
    ended: list[str] = []

    def answer(error: Exception) -> t.Any:
        def generate() -> Iterator[str]:
            try:
                yield "you are gone"
                yield "still"
            finally:
                ended.append("generator")

        return generate(), 400

    def read() -> bytes:
        return request.get_data()

    async def read_async() -> bytes:
        return read()

    app.register_error_handler(400, answer)
    app.post("/")(read if view_kind == "plain" else read_async)

    async def go() -> None:
        assert await Server(app, method="POST", content_length="9").disconnect().serve() == []

    run(go)
    assert (ended, teardowns) == (["generator"], [None])


@pytest.mark.parametrize("closed_while", ["working", "waiting"])
def test_a_thread_may_outlive_the_servers_loop(
    app: Flask, teardowns: list[t.Any], closed_while: str
) -> None:
    began, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    app.teardown_request(lambda error: ended.set())

    @app.get("/")
    def view() -> str:
        began.set()
        assert go_on.wait(LONGEST)
        if closed_while == "waiting":
            current_app.ensure_sync(asyncio.sleep)(0)  # there is no loop to wait on any more
        return "nobody reads it"

    async def go() -> None:
        task = asyncio.create_task(Server(app).serve())
        await asyncio.to_thread(began.wait, LONGEST)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    go_on.set()
    assert ended.wait(LONGEST)
    kinds = {"working": type(None), "waiting": asyncio.CancelledError}
    assert [type(error) for error in teardowns] == [kinds[closed_while]]


def test_a_send_that_fails_is_a_client_that_went(app: Flask, teardowns: list[t.Any]) -> None:
    ended: list[str] = []

    @app.get("/", blocking=False)
    def view() -> t.Any:
        def generate() -> Iterator[str]:
            try:
                while True:
                    yield "x"
            finally:
                ended.append("closed")

        return generate()

    async def go() -> None:
        server = Server(app)

        async def send(message: t.Any) -> None:
            raise OSError

        server.send = send  # type: ignore[method-assign]
        await server.serve()

    run(go)
    assert (ended, teardowns) == (["closed"], [None])


# The server goes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("view_kind", ["async", "blocking async", "plain"])
def test_a_server_that_stops_cancels_and_everything_is_torn_down_once(
    app: Flask, view_kind: str
) -> None:
    torn = threading.Event()
    count: list[t.Any] = []
    began = threading.Event()
    go_on = threading.Event()

    @app.teardown_request
    def teardown(error: t.Any) -> None:
        count.append(type(error))
        torn.set()

    async def wait_long() -> str:
        began.set()
        await asyncio.Event().wait()
        return ""

    def wait_plainly() -> str:
        began.set()
        go_on.wait(LONGEST)
        return ""

    blocking = True if view_kind == "blocking async" else None
    app.get("/", blocking=blocking)(wait_plainly if view_kind == "plain" else wait_long)

    async def go() -> None:
        task = asyncio.create_task(Server(app).body().serve())
        while not began.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(go)
    go_on.set()
    assert torn.wait(LONGEST)
    assert count == [type(None) if view_kind == "plain" else asyncio.CancelledError]


# Many at a time -----------------------------------------------------------------------------------

token: contextvars.ContextVar[str] = contextvars.ContextVar("token")


@pytest.mark.slow
@pytest.mark.parametrize("view_kind", ["async", "plain"])
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

    def plain_view() -> str:
        check("view")
        current_app.add_background_task(later, token.get())
        return token.get()

    app.add_url_rule("/", "view", view if view_kind == "async" else plain_view)

    async def go() -> None:
        client = app.test_async_client()
        answers = await asyncio.gather(*(client.get(f"/?token={n}") for n in range(500)))
        assert [answer.text for answer in answers] == [str(n) for n in range(500)]
        while app._background_on_loop:
            await asyncio.sleep(0.001)

    run(go)
    assert all(checks)
    views = ["view"] * (3 if view_kind == "async" else 1)
    # The background task has a context of its own, so teardown functions run for it too.
    expected = sorted(["before", *views, "after", "teardown"])
    for places in mine.values():
        assert sorted(places) == sorted([*expected, "background"])


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("path", ["/", "/slow", "/plain", "/stream", "/crash", "/missing"])
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
    app.add_url_rule("/plain", "plain", plain)
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


@pytest.mark.parametrize("view_kind", ["async", "plain"])
@pytest.mark.parametrize("debug", [False, True])
def test_a_crash_is_logged_once(
    app: Flask, caplog: pytest.LogCaptureFixture, view_kind: str, debug: bool
) -> None:
    """By us, with a 500; in debug mode it is raised to the server, which logs it."""
    app.config["PROPAGATE_EXCEPTIONS"] = debug
    seen: list[t.Any] = []
    app.teardown_request(lambda error: seen.append(type(error)))

    async def crash() -> t.NoReturn:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    def crash_plainly() -> t.NoReturn:
        raise ZeroDivisionError

    app.add_url_rule("/", "view", crash if view_kind == "async" else crash_plainly)

    async def go() -> None:
        server = Server(app)
        if debug:
            with pytest.raises(ZeroDivisionError):
                await server.serve()
        else:
            await server.serve()
            assert server.status == 500

    run(go)
    assert len(caplog.records) == (not debug)
    assert seen == [ZeroDivisionError]


def test_a_stream_that_breaks_is_raised_to_the_server(app: Flask) -> None:
    @app.get("/")
    async def view() -> t.Any:
        async def generate() -> AsyncIterator[str]:
            yield "x"
            raise ZeroDivisionError

        return generate()

    async def go() -> None:
        server = Server(app)
        with pytest.raises(ZeroDivisionError):
            await server.serve()
        assert [message["type"] for message in server.sent] == [
            "http.response.start",
            "http.response.body",
        ]

    run(go)


def test_a_view_that_is_no_hashable_thing_is_served(app: Flask) -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self) -> str:
            return where()

    app.add_url_rule("/", "view", Unhashable())
    for asgi in (False, True):
        assert app.test_client(asgi=asgi).get("/").text == "thread"


async def in_a_task(read: Callable[[], t.Any]) -> t.Any:
    async def part() -> t.Any:
        return read()

    return await asyncio.create_task(part())


async def in_a_thread(read: Callable[[], t.Any]) -> t.Any:
    return await asyncio.to_thread(read)


def on_a_loop_of_its_own(read: Callable[[], t.Any]) -> t.Any:
    return asyncio.run(in_a_task(read))


READERS = [in_a_task, in_a_thread, on_a_loop_of_its_own]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("is_plain", [True, False], ids=["plain", "by WSGI"])
def test_a_body_may_be_read_wherever_the_view_has_it_read(
    app: Flask, reader: t.Any, is_plain: bool
) -> None:
    if not is_plain:
        app.wsgi_app = partial(app.wsgi_app)  # type: ignore[method-assign]
    begun = threading.Event()

    def read() -> str:
        begun.set()
        return request.get_data(as_text=True)

    view = partial(reader, read)
    app.add_url_rule("/", "view", update_wrapper(view, reader), methods=["POST"])

    async def go(is_late: bool) -> t.Any:
        begun.clear()
        server = Server(app, method="POST")
        if not is_late:
            server.body(b"body")
        serving = asyncio.create_task(server.serve())
        if is_late:
            await wait_until_async(begun.is_set)
            server.body(b"bo", more=True).body(b"dy")
        await asyncio.wait_for(serving, LONGEST)
        return server.sent[0]["status"], server.sent[1]["body"]

    assert asyncio.run(go(is_late=False)) == (200, b"body")
    if reader is not in_a_task:
        assert asyncio.run(go(is_late=True)) == (200, b"body")


def test_a_task_that_reads_a_body_before_it_is_there_does_not_hold_up_the_loop(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    @app.post("/")
    async def view() -> str:
        body: bytes = await in_a_task(request.get_data)
        return body.decode()

    async def go() -> int:
        server = Server(app, method="POST")
        await asyncio.wait_for(server.serve(), LONGEST)
        status: int = server.sent[0]["status"]
        return status

    assert asyncio.run(go()) == 500
    assert "Read it in the view" in caplog.text
