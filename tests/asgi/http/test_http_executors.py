"""HTTP over ASGI: which executor runs hooks and views, and what surrounds them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import typing as t

import pytest
from scripted_server import Server, asynchronous, run, sync, where
from werkzeug.routing import BaseConverter, IntegerConverter

from flask import (
    Flask,
    Response,
    current_app,
    g,
    has_request_context,
    request,
)
from flask.asgi import ScopeError
from flask.views import MethodView, View


class Sync(View):
    def dispatch_request(self) -> str:
        return where()


class Quick(Sync):
    blocking = False


class Mixed(MethodView):
    async def get(self) -> str:
        return where()

    def post(self) -> str:
        return where()


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/async", "loop view on loop"),
        ("GET", "/async/blocking", "thread view on loop"),
        ("GET", "/sync", "thread thread"),
        ("GET", "/sync/quick", "loop loop"),
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
    app.add_url_rule("/sync", "sync", sync)
    app.get("/sync/quick", blocking=False)(lambda: where())
    app.add_url_rule("/class", view_func=Sync.as_view("class"))
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
    """Reads a number with its own rules."""

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


@pytest.mark.parametrize("view_kind", ["async", "sync"])
def test_converters_read_inside_the_request_and_once(
    app: Flask, teardowns: list[t.Any], view_kind: str
) -> None:
    def view(text: str) -> str:
        return text

    async def view_async(text: str) -> str:
        return text

    app.url_map.converters["shouted"] = Shouted
    app.add_url_rule("/<shouted:text>", "view", view if view_kind == "sync" else view_async)
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


def test_an_attribute_marks_a_view_that_does_not_block(app: Flask) -> None:
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


@pytest.mark.parametrize("view_kind", ["async", "sync"])
def test_a_view_may_read_the_body_while_it_is_awaited_for_a_thread(
    app: Flask, view_kind: str
) -> None:
    async def read() -> bytes:
        await asyncio.sleep(0)
        return request.get_data()

    def read_sync() -> t.Any:
        return current_app.ensure_sync(read)()

    app.post("/", blocking=True)(read if view_kind == "async" else read_sync)

    async def go() -> None:
        server = Server(app, method="POST", content_length="2").body(b"a", True).body(b"b")
        await server.serve()
        assert server.text == "ab"

    run(go)


@pytest.mark.parametrize("view_kind", ["async", "sync"])
def test_what_is_awaited_runs_on_the_servers_loop(app: Flask, view_kind: str) -> None:
    loops: list[t.Any] = []

    @app.before_request
    async def before() -> None:
        await asyncio.sleep(0)
        loops.append(asyncio.get_running_loop())

    app.add_url_rule("/", "view", sync if view_kind == "sync" else asynchronous)

    async def go() -> None:
        await Server(app).serve()
        assert loops == [asyncio.get_running_loop()]

    run(go)


def test_middleware_around_wsgi_app_and_asgi_app_is_called(app: Flask) -> None:
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
