"""What is current at import, or around a server: a connection begins with nothing of it."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import typing as t
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

import flask
from flask import (
    Flask,
    copy_current_request_context,
    current_app,
    g,
    has_app_context,
    has_request_context,
    request,
    websocket,
)
from flask._core.current import _app_variable, _cv_request

Push = Callable[[Flask], list[t.Any]]

LEFT: dict[str, Push] = {
    "nothing": lambda app: [],
    "an application context": lambda app: [app.app_context()],
    "a request context": lambda app: [app.test_request_context("/import")],
    "both": lambda app: [app.app_context(), app.test_request_context("/import")],
    "another application's": lambda app: [Flask("other").test_request_context("/other")],
    "its own and another's": lambda app: [
        app.app_context(),
        Flask("other").test_request_context("/other"),
    ],
}


@pytest.fixture
def torn(app: Flask) -> list[str]:
    """Views that keep the user in ``g``, as login extensions do; what was torn down."""
    torn: list[str] = []

    @app.teardown_appcontext
    def end(error: BaseException | None) -> None:
        torn.append(g.get("user", "none"))

    @app.before_request
    def find_user() -> None:
        if "user" not in g:
            g.user = request.args.get("user", "none")

    @app.get("/sync")
    def sync() -> str:
        return f"{g.user} {request.path}"

    @app.get("/async/<int:number>")
    async def waits(number: int) -> str:
        await asyncio.sleep(0)
        return f"{g.user} {request.path}"

    @app.get("/stream")
    def stream() -> Iterator[str]:
        def parts() -> Iterator[str]:
            yield f"{has_app_context()} {has_request_context()}"

        return parts()

    @app.websocket("/socket")
    async def socket() -> None:
        g.count = g.get("count", 0) + 1
        await websocket.send(f"{g.count} {current_app.name}")

    return torn


@pytest.fixture(params=LEFT.values(), ids=LEFT.keys())
def around(request: t.Any, app: Flask) -> Iterator[list[t.Any]]:
    """Contexts that stay current while connections are served."""
    with ExitStack() as stack:
        contexts = request.param(app)
        for context in contexts:
            stack.enter_context(context)
            g.user = "import"
        yield contexts


@pytest.fixture(params=[False, True], ids=["by scope", "by environment"])
def asked(request: t.Any, app: Flask, torn: list[str]) -> Flask:
    """The application, asked with and without a WSGI environment in between."""
    if request.param:
        inner = app.wsgi_app
        app.wsgi_app = lambda *args: inner(*args)  # type: ignore[method-assign]
    return app


def test_requests_of_an_asgi_server_share_nothing(
    asked: Flask, torn: list[str], around: list[t.Any]
) -> None:
    before = _app_variable.get(None)

    async def go() -> None:
        transport = httpx.ASGITransport(asked)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for _ in range(2):  # the first one is served with an environment
                for user in ("ann", "bob"):
                    for path in ("/sync", "/async/1"):
                        answer = await client.get(f"{path}?user={user}")
                        assert answer.text == f"{user} {path}"
                assert (await client.get("/stream")).text == "False False"
        assert _app_variable.get(None) is before  # it served in this very task

    asyncio.run(go())
    assert torn == ["ann", "ann", "bob", "bob", "none"] * 2


def test_websockets_of_an_asgi_server_share_nothing(
    app: Flask, torn: list[str], around: list[t.Any]
) -> None:
    async def connect() -> str:
        given = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}]
        sent: list[t.Any] = []

        async def receive() -> t.Any:
            if given:
                return given.pop(0)
            await asyncio.Event().wait()

        async def send(message: t.Any) -> None:
            sent.append(message)

        scope = {"type": "websocket", "path": "/socket", "root_path": "", "query_string": b""}
        await app({**scope, "headers": [(b"host", b"localhost")], "server": None}, receive, send)
        return next(m["text"] for m in sent if m["type"] == "websocket.send")

    async def go() -> None:
        for _ in range(2):
            assert await asyncio.create_task(connect()) == f"1 {app.name}"

    asyncio.run(go())
    assert torn == ["none"] * 2


@pytest.mark.parametrize("has_lifespan", [True, False], ids=["lifespan", "no lifespan"])
def test_serving_begins_and_ends_with_the_application_alone(
    app: Flask, torn: list[str], around: list[t.Any], has_lifespan: bool
) -> None:
    seen: list[t.Any] = []

    def look() -> None:
        seen.append((current_app.name, "user" in g, has_request_context()))

    app.before_serving(look)
    app.after_serving(look)

    async def go() -> None:
        if not has_lifespan:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://l") as client:
                await client.get("/sync")
            return
        given = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> t.Any:
            return {"type": next(given)}

        async def send(message: t.Any) -> None:
            assert message["type"].endswith("complete")

        await app({"type": "lifespan"}, receive, send)

    asyncio.run(go())
    assert seen == [(app.name, False, False)] * len(seen)
    assert len(seen) == 2


SERVERS: dict[str, dict[str, t.Any]] = {
    "with a name": {"SERVER_SOFTWARE": "a server"},
    "Starlette's WSGIMiddleware": {"wsgi.multithread": True},
    "a2wsgi's WSGIMiddleware": {"wsgi.multithread": True, "asgi.scope": {"type": "http"}},
}
"""What the environments of servers have, and those of test clients do not."""


def _answer_server(
    app: Flask, path: str, entries: t.Mapping[str, t.Any] = SERVERS["with a name"]
) -> str:
    """Answer as a WSGI server asks."""
    environ = EnvironBuilder(path).get_environ() | entries
    return b"".join(run_wsgi_app(app, environ)[0]).decode()


@pytest.mark.parametrize("entries", SERVERS.values(), ids=SERVERS.keys())
def test_requests_of_a_wsgi_server_share_nothing(
    app: Flask, torn: list[str], around: list[t.Any], entries: dict[str, t.Any]
) -> None:
    """In the thread of the import, and in threads that inherit its context."""

    def answer(user: str) -> str:
        return _answer_server(app, f"/sync?user={user}", entries)

    answers = [answer("ann"), answer("bob")]
    inherited = contextvars.copy_context()
    thread = threading.Thread(target=lambda: answers.append(inherited.run(answer, "eve")))
    thread.start()
    thread.join()
    assert answers == ["ann /sync", "bob /sync", "eve /sync"]
    assert torn == ["ann", "bob", "eve"]


def test_a_request_inside_of_a_servers_request_shares_its_g(app: Flask, torn: list[str]) -> None:
    @app.get("/outer")
    def outer() -> str:
        with app.request_context(request.environ):
            same = g.user
        inside = copy_current_request_context(lambda: g.get("user"))()
        return f"{same} {inside} {torn} {app.test_client().get('/sync').text}"

    with app.app_context():
        assert _answer_server(app, "/outer?user=ann") == "ann ann [] ann /sync"
        assert torn == ["ann"]


CLIENTS: dict[str, Callable[[Flask], str]] = {
    "wsgi": lambda app: app.test_client().get("/sync").text,
    "asgi": lambda app: app.test_client(asgi=True).get("/sync").text,
    "async": lambda app: asyncio.run(_ask(app)),
}


async def _ask(app: Flask) -> str:
    async with app.test_async_client() as client:
        return (await client.get("/sync")).text


@pytest.mark.parametrize("ask", CLIENTS.values(), ids=CLIENTS.keys())
def test_a_test_client_shares_the_context_around_it(
    app: Flask, torn: list[str], ask: Callable[[Flask], str]
) -> None:
    with app.app_context():
        g.user = "fixture"
        for _ in range(2):
            assert ask(app) == "fixture /sync"
        assert torn == []
    assert torn == ["fixture"]


def test_a_websocket_of_a_test_client_shares_the_context_around_it(
    app: Flask, torn: list[str]
) -> None:
    with app.app_context():
        g.count = 5
        with app.test_client().websocket_connect("/socket") as socket:
            assert socket.receive() == f"6 {app.name}"


MISSING = {
    "current_app": "application context",
    "g": "application context",
    "app_ctx": "application context",
    "request": "request context",
    "session": "request context",
    "request_ctx": "request context",
    "websocket": "WebSocket context",
}
USES: dict[str, Callable[[t.Any], t.Any]] = {
    "attribute": lambda proxy: proxy.name,
    "known attribute": lambda proxy: (proxy.args, proxy.config),
    "item": lambda proxy: proxy["a"],
    "setting": lambda proxy: setattr(proxy, "a", 1),
    "setting an item": lambda proxy: proxy.__setitem__("a", 1),
    "membership": lambda proxy: "a" in proxy,
    "itself": lambda proxy: proxy._get_current_object(),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
@pytest.mark.parametrize(("name", "missing"), MISSING.items())
@pytest.mark.parametrize("is_unset", [True, False], ids=["unset", "set to nothing"])
def test_the_error_of_a_proxy_explains_what_is_missing(
    name: str, missing: str, use: Callable[[t.Any], t.Any], is_unset: bool
) -> None:
    proxy = getattr(flask.globals, name)

    def check() -> None:
        if not is_unset:
            _app_variable.set(None)
            _cv_request.set(None)
        with pytest.raises(RuntimeError, match=f"Working outside of {missing}"):
            use(proxy)
        assert not proxy
        assert repr(proxy) == "<LocalProxy unbound>"
        assert not has_app_context()
        assert not has_request_context()

    contextvars.copy_context().run(check)
