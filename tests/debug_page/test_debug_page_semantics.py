"""The page changes nothing else: handlers, signals, teardown, logging, and who gets the error."""

from __future__ import annotations

import subprocess
import sys
import typing as t
from collections.abc import Callable, Iterator

import pytest
from debug_requests import BROWSER, Ask, ask_asgi, ask_wsgi
from werkzeug.exceptions import InternalServerError

from flask import Flask, stream_with_context


class Crash(Exception):
    pass


@pytest.fixture
def app(app: Flask) -> Flask:
    @app.route("/crash")
    def crash() -> None:
        raise Crash("a crash")

    @app.route("/async")
    async def wait() -> None:
        raise Crash("a crash")

    return app


@pytest.mark.parametrize("path", ["/crash", "/async"])
def test_the_steps_of_the_request_are_the_same(
    app: Flask, ask: Ask, received: Callable[..., t.Any], path: str
) -> None:
    events: list[object] = []
    app.after_request(lambda response: events.append("after") or response)  # type: ignore[func-returns-value]
    app.teardown_request(lambda error: events.append(("request", type(error))))
    app.teardown_appcontext(lambda error: events.append(("context", type(error))))
    signals = received(app, "got_request_exception", "request_tearing_down", "request_finished")
    assert ask(app, path).status == 500
    assert events == [("request", Crash), ("context", Crash)]
    assert [name for name, _ in signals] == ["got_request_exception", "request_tearing_down"]


def test_the_server_gets_the_error_after_the_page(app: Flask) -> None:
    answer = ask_asgi(app, "/crash")
    assert answer.status == 500
    assert isinstance(answer.raised, Crash)


def test_an_error_with_a_handler_has_no_page(app: Flask, ask: Ask) -> None:
    @app.errorhandler(Crash)
    def handle(error: Crash) -> tuple[str, int]:
        return "handled", 418

    answer = ask(app, "/crash")
    assert (answer.status, answer.text, answer.raised) == (418, "handled", None)


@pytest.mark.parametrize(
    ("settings", "has_page"),
    [
        ({"DEBUG": True}, True),
        ({"DEBUG": True, "PROPAGATE_EXCEPTIONS": True}, True),
        ({"DEBUG": True, "PROPAGATE_EXCEPTIONS": False}, False),
        ({"DEBUG": True, "TESTING": True}, False),
        ({"DEBUG": False}, False),
        ({"DEBUG": False, "PROPAGATE_EXCEPTIONS": True}, False),
        ({"DEBUG": False, "TESTING": True}, False),
    ],
    ids=str,
)
def test_there_is_a_page_in_debug_mode_only(
    app: Flask, settings: dict[str, bool], has_page: bool
) -> None:
    app.config.update(settings)
    answer = ask_asgi(app, "/crash")
    assert ("Crash" in answer.text) is has_page


def test_debug_mode_that_ends_while_serving_ends_the_page(app: Flask) -> None:
    assert ask_asgi(app, "/crash").status == 500
    app.debug = False
    app.config["PROPAGATE_EXCEPTIONS"] = True
    answer = ask_asgi(app, "/crash")
    assert answer.status == 0
    assert isinstance(answer.raised, Crash)


@pytest.mark.parametrize("path", ["/crash", "/async"])
def test_test_clients_raise_the_error(app: Flask, path: str) -> None:
    with pytest.raises(Crash):
        app.test_client().get(path, headers={"Accept": BROWSER})

    async def get() -> None:
        await app.test_async_client().get(path, headers={"Accept": BROWSER})

    import asyncio

    with pytest.raises(Crash):
        asyncio.run(get())


def test_a_handler_for_500_is_not_called_as_before(app: Flask, ask: Ask) -> None:
    calls: list[object] = []
    app.register_error_handler(InternalServerError, lambda error: calls.append(error) or "x")  # type: ignore[func-returns-value]
    assert "Crash" in ask(app, "/crash").text
    assert calls == []


class TestStreams:
    @pytest.fixture
    def app(self, app: Flask) -> Flask:
        @app.route("/late")
        def late() -> t.Any:
            def generate() -> Iterator[str]:
                yield "first "
                raise Crash("too late")

            return stream_with_context(generate())

        @app.route("/early")
        def early() -> t.Any:
            def generate() -> Iterator[str]:
                raise Crash("before the first chunk")
                yield ""

            return generate(), 200, {"X-Own": "1"}

        return app

    def test_an_error_after_the_headers_is_only_logged(self, app: Flask) -> None:
        answer = ask_asgi(app, "/late")
        assert (answer.status, answer.text) == (200, "first ")
        assert isinstance(answer.raised, Crash)

    def test_an_error_before_the_headers_has_a_page_under_asgi(self, app: Flask) -> None:
        answer = ask_asgi(app, "/early")
        assert (answer.status, "Crash" in answer.text) == (500, True)
        assert "X-Own" not in answer.headers

    def test_an_error_after_the_headers_is_only_logged_by_the_debugger(self, app: Flask) -> None:
        from flask._debug.wsgi import Debugger

        sent: list[bytes] = []
        log: list[str] = []

        def start_response(status: str, headers: t.Any, exc_info: t.Any = None) -> t.Any:
            if exc_info is not None and sent:  # as a server does (PEP 3333)
                raise exc_info[1].with_traceback(exc_info[2])
            return sent.append

        class Log:
            write = log.append

        environ = app.test_request_context("/late").request.environ
        environ["wsgi.errors"] = Log
        for chunk in Debugger(app)(environ, start_response):
            sent.append(chunk)
        assert sent == [b"first "]
        assert "after the headers" in log[0]
        assert "Crash: too late" in log[1]


def test_the_debugger_logs_the_traceback_once(app: Flask) -> None:
    import io

    from werkzeug.test import Client

    from flask._debug.wsgi import Debugger

    errors = io.StringIO()
    Client(Debugger(app)).get("/crash", errors_stream=errors)
    text = errors.getvalue()
    assert text.count("Traceback (most recent call last)") == 1
    assert text.endswith("Crash: a crash\n")
    assert "debug_application" not in text


def test_a_head_request_has_no_body_under_asgi(app: Flask) -> None:
    answer = ask_asgi(app, "/crash", method="HEAD")
    assert (answer.status, answer.text) == (500, "")


def test_an_error_outside_the_application_has_a_page(app: Flask) -> None:
    def middleware(environ: object, start_response: object) -> t.Any:
        raise Crash("in the middleware")

    app.wsgi_app = middleware  # type: ignore[method-assign]
    for ask in (ask_wsgi, ask_asgi):
        answer = ask(app, "/crash", "text/plain")
        assert answer.status == 500
        assert answer.text.startswith("Crash: in the middleware")


LOADED = """
import asyncio, sys
from flask import Flask

app = Flask("app")
app.debug = {debug}
app.add_url_rule("/", "index", lambda: "Hello")
environ = {{"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "a", "SERVER_PORT": "80"}}
environ["wsgi.url_scheme"] = "http"
assert b"".join(app(environ, lambda *arguments: None)) == b"Hello"
b"".join(app({{**environ, "PATH_INFO": "/missing"}}, lambda *arguments: None))

async def main():
    async def receive():
        return {{"type": "http.request"}}

    async def send(message):
        pass

    scope = {{"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}}
    await app(scope, receive, send)

asyncio.run(main())
print(*sorted(name for name in sys.modules if "_debug" in name))
"""


@pytest.mark.parametrize(
    ("debug", "modules"),
    [(False, set()), (True, {"flask._debug.routing", "flask.asgi._debug_page"})],
)
def test_nothing_of_it_is_loaded_in_production(debug: bool, modules: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(debug=debug)],
        capture_output=True,
        check=True,
        text=True,
    )
    loaded = set(done.stdout.split())
    assert loaded >= modules
    assert bool(loaded) is debug
    assert "flask._debug.wsgi" not in loaded
