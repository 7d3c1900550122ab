"""The errors and warnings under Hypercorn's other workers and its WSGI side."""

from __future__ import annotations

import asyncio
import io
import sys
import types
import typing as t

import pytest

from flask import Flask

trio = pytest.importorskip("trio")


def make_app() -> Flask:
    app = Flask(__name__)

    @app.route("/")
    async def view() -> str:
        return "ok"

    return app


def environ_of_hypercorn() -> dict[str, t.Any]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": 80,
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stdout,
    }


@pytest.mark.parametrize("kind", ["http", "websocket", "lifespan"])
def test_trio_is_refused_with_one_sentence(kind: str) -> None:
    app = make_app()
    sent: list[dict[str, t.Any]] = []

    @app.websocket("/")
    async def websocket() -> None: ...

    async def receive() -> dict[str, t.Any]:
        return {"type": {"websocket": "websocket.connect"}.get(kind, "lifespan.startup")}

    async def send(message: t.Any) -> None:
        sent.append(message)

    scope = {"type": kind, "method": "GET", "path": "/", "headers": [], "subprotocols": []}
    sentence = "Flask needs an event loop of asyncio"
    if kind == "lifespan":
        trio.run(app, scope, receive, send)
        assert sentence in sent[0]["message"]
        return
    with pytest.raises(RuntimeError, match=sentence):
        trio.run(app, scope, receive, send)


@pytest.fixture
def hypercorn(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "hypercorn.app_wrappers"
    monkeypatch.setitem(sys.modules, name, types.ModuleType(name))


WARNING = "Hypercorn serves this application as WSGI"


def ask(app: Flask, environ: dict[str, t.Any]) -> None:
    assert b"".join(app(environ, lambda *args: lambda data: None)) == b"ok"


@pytest.mark.usefixtures("hypercorn")
def test_an_async_application_served_as_wsgi_by_hypercorn_is_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make_app()
    for _ in range(2):
        ask(app, environ_of_hypercorn())
    assert [WARNING in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.usefixtures("hypercorn")
def test_an_application_that_is_served_correctly_gets_no_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sync = Flask(__name__)
    sync.add_url_rule("/", "view", lambda: "ok")
    ask(sync, environ_of_hypercorn())
    ask(make_app(), {**environ_of_hypercorn(), "wsgi.errors": io.StringIO()})
    assert make_app().test_client().get("/").text == "ok"

    async def ask_by_asgi() -> None:
        answer = await make_app().test_async_client().get("/")
        assert answer.text == "ok"

    asyncio.run(ask_by_asgi())
    assert caplog.records == []


def test_the_warning_needs_hypercorn(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "hypercorn.app_wrappers", raising=False)
    ask(make_app(), environ_of_hypercorn())
    assert caplog.records == []
