"""Large texts that differ in each request leave no memory behind."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
import typing as t
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    redirect,
    request,
    send_file,
    send_from_directory,
    session,
    url_for,
)

pytestmark = pytest.mark.slow

SIZE = 30_000
COUNT = 60
MOST_BYTES = SIZE * COUNT // 4


@pytest.fixture
def open_app(app: Flask, tmp_path: Path) -> Flask:
    """An application that puts what the client sends wherever an application may put it."""
    app.logger.disabled = True
    app.static_folder = str(tmp_path)
    shop = Blueprint("shop", __name__)
    app.register_blueprint(shop)
    app.url_defaults(lambda endpoint, values: None)

    @app.route("/abort/<text>")
    def aborted(text: str) -> t.NoReturn:
        abort(404, f"There is no {text}.")

    @app.route("/type/<text>")
    def media_type(text: str) -> Response:
        return Response("a", mimetype=f"text/{text}")

    @app.route("/header/<text>")
    def header(text: str) -> tuple[str, dict[str, str]]:
        return request.headers.get(text, "a"), {"X-Text": text, f"X-{text}": "a", "ETag": text}

    @app.route("/cookie/<text>")
    def cookie(text: str) -> Response:
        response = Response("a")
        response.set_cookie("a", "b", path=f"/{text}")
        response.set_cookie("b", text)
        return response

    @app.route("/session/<text>")
    def in_session(text: str) -> str:
        session["text"] = text
        return "a"

    @app.route("/url/<text>")
    def url(text: str) -> str:
        return url_for("index", text=text) + url_for(f"shop.{text}")

    app.handle_url_build_error = lambda error, endpoint, values: endpoint  # type: ignore[method-assign]
    app.add_url_rule("/", "index", lambda: "a")

    @app.route("/redirect/<text>")
    def redirected(text: str) -> t.Any:
        return redirect(f"/{text}")

    @app.route("/file/<text>")
    def file(text: str) -> t.Any:
        return send_from_directory(tmp_path, text)

    @app.route("/path/<text>")
    def path(text: str) -> t.Any:
        return send_file(tmp_path / text)

    @app.route("/separators/<text>")
    def separators(text: str) -> str:
        return app.json.dumps([], separators=(text, ":"))

    return app


Ask = Callable[[str, list[tuple[str, str]]], object]


def by_wsgi(app: Flask) -> Ask:
    def ask(path: str, headers: list[tuple[str, str]]) -> None:
        environ: dict[str, t.Any] = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "wsgi.url_scheme": "http",
        }
        for name, value in headers:
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        body: t.Any = app(environ, lambda status, headers, exc_info=None: lambda data: None)
        try:
            for _ in body:
                pass
        finally:
            getattr(body, "close", lambda: None)()

    return ask


def by_asgi(app: Flask) -> Ask:
    loop = asyncio.new_event_loop()

    async def receive() -> dict[str, t.Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: t.Any) -> None:
        pass

    def ask(path: str, headers: list[tuple[str, str]]) -> None:
        lines = [(b"host", b"localhost")]
        lines += [(name.lower().encode(), value.encode()) for name, value in headers]
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b""}
        scope |= {"headers": lines, "scheme": "http", "http_version": "1.1", "root_path": ""}
        scope |= {"server": ("localhost", 80), "client": None, "asgi": {"version": "3.0"}}
        loop.run_until_complete(t.cast("t.Any", app)(scope, receive, send))

    return ask


EACH_PATH = [
    *("abort", "type", "header", "cookie", "session", "url", "redirect", "file", "path"),
    *("separators", "static", "nowhere"),
]


@pytest.fixture(params=[by_wsgi, by_asgi])
def ask(request: pytest.FixtureRequest, open_app: Flask) -> t.Iterator[Ask]:
    ask: Ask = request.param(open_app)
    yield ask
    for cell in ask.__closure__ or ():  # type: ignore[attr-defined]
        if isinstance(cell.cell_contents, asyncio.AbstractEventLoop):
            cell.cell_contents.run_until_complete(cell.cell_contents.shutdown_default_executor())
            cell.cell_contents.close()


def grown(ask: Callable[[int], object]) -> int:
    """Return by how many bytes memory has grown by as many requests."""
    for number in range(3):
        ask(-number)
    tracemalloc.start()
    try:
        gc.collect()
        urllib.parse.clear_cache()
        before, _ = tracemalloc.get_traced_memory()
        for number in range(COUNT):
            ask(number + 1)
        gc.collect()
        urllib.parse.clear_cache()  # the standard library keeps 128 URLs
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before


@pytest.mark.parametrize("name", EACH_PATH)
def test_a_text_in_a_path_leaves_nothing_behind(ask: Ask, name: str) -> None:
    assert grown(lambda number: ask(f"/{name}/{number}-" + "a" * SIZE, [])) < MOST_BYTES


@pytest.mark.parametrize(
    "name", ["Host", "Cookie", "Origin", "Referer", "If-None-Match", "X-Forwarded-Host", "Accept"]
)
def test_a_text_in_a_header_leaves_nothing_behind(ask: Ask, name: str) -> None:
    def ask_with_header(number: int) -> None:
        ask("/", [(name, f"session={number}-" + "a" * SIZE)])

    assert grown(ask_with_header) < MOST_BYTES


def test_a_name_of_a_header_leaves_nothing_behind(ask: Ask) -> None:
    assert grown(lambda number: ask("/header/a", [(f"X-{number}-" + "a" * SIZE, "")])) < MOST_BYTES


def test_a_boundary_leaves_nothing_behind(open_app: Flask) -> None:
    """Werkzeug makes a pattern of each, and Python keeps patterns."""
    client = open_app.test_client()
    open_app.add_url_rule("/form", "form", lambda: request.form["a"], methods=["POST"])

    def ask(number: int) -> None:
        boundary = f"{number}-" + "a" * 1000
        part = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--{boundary}--'
        )
        kind = f"multipart/form-data; boundary={boundary}"
        assert client.post("/form", data=part.encode(), content_type=kind).text == "b"

    assert grown(ask) < 1000 * COUNT // 4
