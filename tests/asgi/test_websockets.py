"""WebSockets: handlers of both kinds, hooks, what refuses a handshake, what ends a conversation."""

from __future__ import annotations

import asyncio
import logging
import threading
import typing as t
import weakref
from contextlib import nullcontext
from unittest.mock import AsyncMock

import pytest

from flask import (
    Blueprint,
    Flask,
    abort,
    copy_current_websocket_context,
    current_app,
    g,
    has_request_context,
    has_websocket_context,
    request,
    session,
    url_for,
    websocket,
)
from flask.asgi import ScopeError, WebsocketDisconnect, WebsocketStateError
from flask.asgi._websocket_channel import TRANSITIONS
from flask.asgi._websocket_channel import WebSocketChannel as Wire
from flask.testing import FlaskClient, WebsocketClosed, WebsocketRefused

KINDS = ["async", "plain"]


def echo(kind: str) -> t.Any:
    if kind == "async":

        async def handler() -> None:
            while True:
                await websocket.send(await websocket.receive())

    else:

        def handler() -> None:  # type: ignore[misc]
            while True:
                websocket.send(websocket.receive())  # type: ignore[arg-type]

    return handler


@pytest.mark.parametrize("kind", KINDS)
def test_messages_go_to_and_fro(app: Flask, client: FlaskClient, kind: str) -> None:
    app.add_websocket("/echo", "echo", echo(kind))
    with client.websocket_connect("/echo") as session:
        session.send("a text")
        assert session.receive() == "a text"
        session.send(b"bytes")
        assert session.receive() == b"bytes"
        session.send("")
        assert session.receive() == ""


def test_json_goes_to_and_fro(app: Flask, client: FlaskClient) -> None:
    @app.websocket("/async")
    async def with_await() -> None:
        value = await websocket.receive_json()
        await websocket.send_json(value)
        await websocket.send_json(a=1)
        await websocket.send_json(1, 2)

    @app.websocket("/plain")
    def plain() -> None:
        value: t.Any = websocket.receive_json()
        websocket.send_json(value)
        websocket.send_json(a=1)
        websocket.send_json(1, 2)

    for path in ("/async", "/plain"):
        with client.websocket_connect(path) as session:
            session.send_json({"n": [1, None]})
            received = [session.receive_json() for _ in range(3)]
            assert received == [{"n": [1, None]}, {"a": 1}, [1, 2]]


def test_a_handler_of_either_kind_iterates_until_the_client_goes(
    app: Flask, client: FlaskClient
) -> None:
    seen: list[t.Any] = []

    @app.websocket("/async")
    async def with_await() -> None:
        async for message in websocket:
            seen.append(message)
            await websocket.send("got it")
        seen.append("over")

    @app.websocket("/plain")
    def plain() -> None:
        for message in websocket:
            seen.append(message)
            websocket.send("got it")
        seen.append("over")

    for path in ("/async", "/plain"):
        with client.websocket_connect(path) as session:
            session.send("1")
            assert session.receive() == "got it"
        assert seen == ["1", "over"]
        seen.clear()


@pytest.mark.parametrize("kind", KINDS)
def test_a_handler_knows_what_was_asked_for(app: Flask, client: FlaskClient, kind: str) -> None:
    def facts(room: str) -> dict[str, t.Any]:
        g.kept = "g"
        return {
            "room": room,
            "args": websocket.args["q"],
            "header": websocket.headers["X-Own"],
            "cookie": websocket.cookies["c"],
            "session": session.get("user"),
            "path": websocket.path,
            "url": websocket.url,
            "method": websocket.method,
            "endpoint": websocket.endpoint,
            "blueprint": websocket.blueprint,
            "app": current_app.name,
            "g": g.kept,
            "url_for": url_for(".talk", room="other"),
            "request": request.path,
            "contexts": [has_request_context(), has_websocket_context()],
        }

    blueprint = Blueprint("chat", __name__, url_prefix="/chat")
    if kind == "async":

        @blueprint.websocket("/<room>", endpoint="talk")
        async def talk(room: str) -> None:
            await websocket.send_json(facts(room))

    else:

        @blueprint.websocket("/<room>", endpoint="talk")
        def talk_plainly(room: str) -> None:
            websocket.send_json(facts(room))

    app.register_blueprint(blueprint)
    with client.session_transaction() as opened:
        opened["user"] = "ann"
    client.set_cookie("c", "v")
    with client.websocket_connect("/chat/a%20b?q=1", headers={"X-Own": "x"}) as ws:
        assert ws.receive_json() == {
            "room": "a b",
            "args": "1",
            "header": "x",
            "cookie": "v",
            "session": "ann",
            "path": "/chat/a b",
            "url": "ws://localhost/chat/a%20b?q=1",
            "method": "GET",
            "endpoint": "chat.talk",
            "blueprint": "chat",
            "app": app.name,
            "g": "g",
            "url_for": "ws://localhost/chat/other",
            "request": "/chat/a b",
            "contexts": [True, True],
        }
        with pytest.raises(WebsocketClosed) as closed:
            ws.receive()
        assert closed.value.code == 1000


def test_accept_chooses_headers_and_subprotocol(app: Flask, client: FlaskClient) -> None:
    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept(headers={"X-Own": "1"}, subprotocol="b")
        await websocket.close(4000, "enough")

    with client.websocket_connect("/", subprotocols=["a", "b"]) as ws:
        assert (ws.subprotocol, ws.headers["X-Own"]) == ("b", "1")
        with pytest.raises(WebsocketClosed, match=r"4000\. enough"):
            ws.receive()


def test_a_subprotocol_that_nobody_asked_for_is_an_error(app: Flask, client: FlaskClient) -> None:
    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept(subprotocol="c")

    app.testing = True
    with pytest.raises(ValueError, match="did not ask for the subprotocol 'c'"):
        client.websocket_connect("/", subprotocols=["a"])


# Order of events ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_events(app: Flask, client: FlaskClient, kind: str) -> None:
    log: list[str] = []
    blueprint = Blueprint("b", __name__)

    def hook(name: str) -> t.Any:
        if kind == "plain":
            return lambda *values: log.append(f"{name} {values}") or (values[0] if values else None)

        async def awaited(*values: t.Any) -> t.Any:
            await asyncio.sleep(0)
            log.append(f"{name} {values}")
            return values[0] if values else None

        return awaited

    for place, name in ((app, "app"), (blueprint, "blueprint")):
        place.before_websocket(hook(f"before {name}"))
        place.after_websocket(hook(f"after {name}"))
        place.teardown_websocket(hook(f"teardown {name}"))
    blueprint.before_app_websocket(hook("before, from the blueprint"))
    app.before_request(lambda: log.append("before_request"))
    app.teardown_request(lambda error: log.append("teardown_request"))
    app.teardown_appcontext(hook("teardown context"))
    blueprint.add_websocket("/", "echo", echo(kind))
    app.register_blueprint(blueprint)
    with client.websocket_connect("/") as ws:
        ws.send("x")
        assert ws.receive() == "x"
        assert log == [
            "before app ()",
            "before, from the blueprint ()",
            "before blueprint ()",
        ]
        log.clear()
    assert log == [
        "teardown blueprint (None,)",
        "teardown app (None,)",
        "teardown context (None,)",
    ]


def test_after_hooks_run_when_the_handler_returns(app: Flask, client: FlaskClient) -> None:
    seen: list[t.Any] = []
    app.after_websocket(lambda response: seen.append(response))

    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()

    with client.websocket_connect("/") as ws, pytest.raises(WebsocketClosed):
        ws.receive()
    assert seen == [None]


# What refuses a handshake ----------------------------------------------------------------------


class Told(Exception):
    pass


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/abort", 401, "handled 401"),
        ("/told", 418, "told"),
        ("/value", 409, "no"),
        ("/crash", 500, "Internal Server Error"),
        ("/nothing", 403, ""),
        ("/close", 403, ""),
        ("/missing", 404, "Not Found"),
        ("/http", 400, "Bad Request"),
    ],
)
def test_what_refuses_a_handshake(
    app: Flask, client: FlaskClient, kind: str, path: str, status: int, text: str
) -> None:
    app.logger.disabled = True
    teardowns: list[BaseException | None] = []
    app.teardown_websocket(teardowns.append)
    app.register_error_handler(401, lambda error: ("handled 401", 401))
    app.register_error_handler(Told, lambda error: ("told", 418))

    def crash() -> t.NoReturn:
        raise ZeroDivisionError

    def tell() -> t.NoReturn:
        raise Told

    doings: dict[str, t.Any] = {
        "/abort": lambda: abort(401),
        "/told": tell,
        "/value": lambda: ("no", 409),
        "/crash": crash,
        "/nothing": lambda: None,
    }
    for at, do in doings.items():
        if kind == "plain":
            app.add_websocket(at, at.strip("/"), do)
        else:

            async def awaited(do: t.Any = do) -> t.Any:
                await asyncio.sleep(0)
                return do()

            app.add_websocket(at, at.strip("/"), awaited)

    @app.websocket("/close")
    async def close() -> None:
        await websocket.close()

    app.add_url_rule("/http", "http", lambda: "http")
    with pytest.raises(WebsocketRefused) as refused:
        client.websocket_connect(path)
    assert refused.value.status == status
    assert text in refused.value.text
    assert len(teardowns) == 1
    assert isinstance(teardowns[0], ZeroDivisionError) == (path == "/crash")


def test_a_hook_may_refuse(app: Flask, client: FlaskClient) -> None:
    app.before_websocket(lambda: ("closed today", 503))
    app.add_websocket("/", "echo", echo("async"))
    with pytest.raises(WebsocketRefused) as refused:
        client.websocket_connect("/")
    assert (refused.value.status, refused.value.text) == (503, "closed today")


def test_a_request_that_is_no_websocket_is_told_so(app: Flask, client: FlaskClient) -> None:
    app.add_websocket("/", "echo", echo("async"))
    assert client.get("/").status_code == 400


@pytest.mark.parametrize(
    ("allowed", "origin", "is_let_in"),
    [
        (None, None, True),
        (None, "http://localhost", True),
        (None, "http://localhost:81", False),
        (None, "https://evil.test", False),
        (None, "http://LOCALHOST", True),
        (None, "null", False),
        (None, "", False),
        (None, "localhost", False),
        (None, "//localhost", False),
        (None, "http://localhost.evil.test", False),
        (None, "http://localhost@evil.test", False),
        (None, "http://evil.test@localhost", False),
        (None, "http://evil.test#localhost", False),
        (None, "http://localhost/", False),
        (None, "http://[", False),
        (["https://a.test"], "https://a.test", True),
        (["https://a.test"], "https://a.test.evil.test", False),
        ("https://a.test", "https://a.test", True),
        ("https://a.test", "https://a.te", False),
        ("*", "https://evil.test", True),
        (["https://a.test"], "http://localhost", False),
        (["*"], "https://evil.test", True),
    ],
)
def test_the_origin_is_checked(
    app: Flask, client: FlaskClient, allowed: t.Any, origin: str | None, is_let_in: bool
) -> None:
    app.config["WEBSOCKET_ORIGINS"] = allowed
    app.add_websocket("/", "echo", echo("async"))
    headers = {} if origin is None else {"Origin": origin}
    if is_let_in:
        with client.websocket_connect("/", headers=headers) as ws:
            ws.send("x")
            assert ws.receive() == "x"
    else:
        with pytest.raises(WebsocketRefused) as refused:
            client.websocket_connect("/", headers=headers)
        assert refused.value.status == 403


OWN = {
    # host, scheme, origin                                              -> whether it is let in
    ("shop.example", "http", "http://shop.example:80"): True,
    ("shop.example:80", "http", "http://shop.example"): True,
    ("shop.example:8080", "http", "http://shop.example:8080"): True,
    ("shop.example:8080", "http", "http://shop.example"): False,
    ("shop.example", "http", "https://shop.example"): False,
    ("shop.example", "http", "ftp://shop.example"): False,
    ("shop.example:5000", "http", "https://shop.example:5000"): False,
    ("shop.example", "https", "https://shop.example"): True,
    ("shop.example:443", "https", "https://shop.example"): True,
    ("shop.example", "https", "https://SHOP.example:443"): True,
    ("shop.example", "https", "http://shop.example"): False,
    ("shop.example:443", "https", "http://shop.example:443"): False,
    ("shop.example", "proxied", "https://shop.example"): True,
    ("shop.example:443", "proxied", "https://shop.example"): True,
    ("shop.example", "proxied", "http://shop.example"): False,
}


@pytest.mark.parametrize(("known", "is_let_in"), OWN.items(), ids=map(" ".join, OWN))
def test_the_own_origin_is_a_scheme_and_a_host(
    app: Flask, client: FlaskClient, known: tuple[str, str, str], is_let_in: bool
) -> None:
    host, scheme, origin = known
    app.add_websocket("/", "echo", echo("async"))
    headers = {"Origin": origin, "Host": host}
    if scheme == "proxied":
        headers["X-Forwarded-Proto"] = "https"
    base_url = "https://localhost" if scheme == "https" else None
    if is_let_in:
        with client.websocket_connect("/", headers=headers, base_url=base_url) as ws:
            ws.send("x")
            assert ws.receive() == "x"
    else:
        with pytest.raises(WebsocketRefused) as refused:
            client.websocket_connect("/", headers=headers, base_url=base_url)
        assert refused.value.status == 403


def test_without_a_host_no_origin_is_its_own(app: Flask, client: FlaskClient) -> None:
    app.add_websocket("/", "echo", echo("async"))
    for origin in ("null", "http://"):
        with pytest.raises(WebsocketRefused) as refused:
            client.websocket_connect("/", headers={"Host": "", "Origin": origin})
        assert refused.value.status == 403


# What ends a conversation ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "is_logged"),
    [(ZeroDivisionError(), 1011, True), (403, 1008, False), (500, 1011, True)],
)
@pytest.mark.parametrize("kind", KINDS)
def test_an_error_after_the_handshake_closes(
    app: Flask,
    client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    error: t.Any,
    code: int,
    is_logged: bool,
) -> None:
    teardowns: list[BaseException | None] = []
    app.teardown_websocket(teardowns.append)

    def fail() -> t.NoReturn:
        if isinstance(error, int):
            abort(error)
        raise error

    if kind == "async":

        @app.websocket("/")
        async def talk() -> None:
            await websocket.accept()
            fail()

    else:

        @app.websocket("/")
        def talk_plainly() -> None:
            websocket.accept()
            fail()

    with (
        caplog.at_level(logging.ERROR),
        client.websocket_connect("/") as ws,
        pytest.raises(WebsocketClosed) as closed,
    ):
        ws.receive()
    assert closed.value.code == code
    assert len(teardowns) == 1
    assert len(caplog.records) == is_logged


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        *((code, "") for code in (-1, 0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 70000)),
        (1000, "r" * 124),
        (1000, "é" * 62),
        (1000, "\ud800"),
    ],
)
def test_a_goodbye_that_cannot_be_said_is_an_error_of_the_handler(
    app: Flask, client: FlaskClient, code: int, reason: str
) -> None:
    log: list[str] = []

    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()
        try:
            await websocket.close(code, reason)
        except ValueError as error:
            log.append(str(error))
        await websocket.close(4000, "r" * 123)

    with client.websocket_connect("/") as ws, pytest.raises(WebsocketClosed) as closed:
        ws.receive()
    assert closed.value.code == 4000
    assert len(log) == 1


def test_a_client_that_goes_cancels_what_an_async_handler_waits_for(
    app: Flask, client: FlaskClient
) -> None:
    log: list[str] = []
    app.teardown_websocket(lambda error: log.append(f"teardown {error}"))

    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()
        try:
            await asyncio.Event().wait()
        finally:
            log.append("finally")

    client.websocket_connect("/").close()
    assert log == ["finally", "teardown None"]


def test_a_client_that_goes_before_the_handshake_cancels_the_handler(app: Flask) -> None:
    log: list[str] = []
    app.teardown_websocket(lambda error: log.append(f"teardown {error}"))

    @app.websocket("/")
    async def talk() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            log.append("finally")

    async def go() -> None:
        messages = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1006}]

        async def receive() -> t.Any:
            await asyncio.sleep(0)
            return messages.pop(0)

        async def send(message: t.Any) -> None:
            raise AssertionError(message)

        scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"localhost")]}
        await app(scope, receive, send)

    asyncio.run(go())
    assert log == ["finally", "teardown None"]


def test_receive_tells_the_code_of_a_client_that_went(app: Flask, client: FlaskClient) -> None:
    seen: list[t.Any] = []

    @app.websocket("/")
    async def talk() -> None:
        try:
            await websocket.receive()
        except WebsocketDisconnect as gone:
            seen.append((gone.code, gone.reason, isinstance(gone, asyncio.CancelledError)))
            with pytest.raises(WebsocketDisconnect):
                await websocket.send("too late")
            raise

    client_session = client.websocket_connect
    app.before_websocket(lambda: None)

    @app.before_websocket
    async def accept() -> None:
        await websocket.accept()

    client_session("/").close(4001, "bye")
    assert seen == [(4001, "bye", True)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_after_closing_is_an_error(app: Flask, client: FlaskClient, kind: str) -> None:
    seen: list[str] = []
    if kind == "async":

        @app.websocket("/")
        async def talk() -> None:
            await websocket.accept()
            await websocket.close()
            for doing in (websocket.send("x"), websocket.receive(), websocket.close()):
                with pytest.raises(WebsocketStateError) as error:
                    await doing
                seen.append(str(error.value))

    else:

        @app.websocket("/")
        def talk_plainly() -> None:
            websocket.accept()
            websocket.close()
            for doing in (lambda: websocket.send("x"), websocket.receive, websocket.close):
                with pytest.raises(WebsocketStateError) as error:
                    doing()
                seen.append(str(error.value))

    with client.websocket_connect("/") as ws, pytest.raises(WebsocketClosed):
        ws.receive()
    assert len(seen) == 3
    assert "'websocket.send' is not possible on a WebSocket that is 'closed'" in seen[0]


def test_a_message_that_is_too_large_closes_with_1009(app: Flask, client: FlaskClient) -> None:
    app.config["WEBSOCKET_MAX_MESSAGE_SIZE"] = 10
    app.add_websocket("/", "echo", echo("async"))
    with client.websocket_connect("/") as ws:
        ws.send("é" * 5)
        assert ws.receive() == "é" * 5
        ws.send("é" * 5 + "x")
        with pytest.raises(WebsocketClosed) as closed:
            ws.receive()
        assert closed.value.code == 1009


def test_only_text_and_bytes_are_sent(app: Flask, client: FlaskClient) -> None:
    app.testing = True

    @app.websocket("/")
    async def talk() -> None:
        await websocket.send(1)  # type: ignore[arg-type]

    with (
        client.websocket_connect("/") as ws,
        pytest.raises(TypeError, match="not int; there is send_json"),
    ):
        ws.receive()


def test_json_is_of_values_or_of_names(app: Flask, client: FlaskClient) -> None:
    errors: list[str] = []

    @app.websocket("/")
    async def talk() -> None:
        try:
            await websocket.send_json(1, a=2)
        except TypeError as error:
            errors.append(str(error))
        await websocket.send_json(1, 2)
        await websocket.send_json(a=1)

    with client.websocket_connect("/") as it:
        assert [it.receive_json(), it.receive_json()] == [[1, 2], {"a": 1}]
    assert errors == ["send_json() takes values, or names with values, not both."]


def test_a_hook_sees_and_changes_the_values_of_the_url(app: Flask, client: FlaskClient) -> None:
    @app.url_value_preprocessor
    def prepare(endpoint: str | None, values: dict[str, t.Any] | None) -> None:
        assert (endpoint, values) == ("talk", {"room": "a", "lang": "en"})
        assert values is not None
        g.lang = values.pop("lang")

    @app.websocket("/<lang>/<room>")
    async def talk(room: str) -> None:
        await websocket.send(f"{room} {g.lang}")

    with client.websocket_connect("/en/a") as it:
        assert it.receive() == "a en"


def test_the_proxy_says_where_it_works(app: Flask) -> None:
    assert not has_websocket_context()
    with pytest.raises(RuntimeError, match="outside of WebSocket context"):
        _ = websocket.path
    with app.test_request_context():
        assert not has_websocket_context()
        with pytest.raises(RuntimeError, match="outside of WebSocket context"):
            _ = websocket.path
        with pytest.raises(RuntimeError, match="outside of WebSocket context"):
            copy_current_websocket_context(lambda: None)


def test_tasks_and_threads_of_a_handler_have_it_at_hand(app: Flask, client: FlaskClient) -> None:
    @app.websocket("/<int:n>")
    async def talk(n: int) -> None:
        async def send(word: str) -> None:
            await websocket.send(f"{word} {websocket.path}")

        async with asyncio.TaskGroup() as group:
            group.create_task(send("task"))
        await copy_current_websocket_context(send)("copy")
        found: list[str] = []
        thread = threading.Thread(
            target=copy_current_websocket_context(lambda: found.append(websocket.path))
        )
        thread.start()
        thread.join()
        await websocket.send(found[0])

    with client.websocket_connect("/7") as ws:
        assert [ws.receive() for _ in range(3)] == ["task /7", "copy /7", "/7"]


def test_a_thread_of_a_plain_handler_talks_on_the_servers_loop(app: Flask) -> None:
    loops: list[asyncio.AbstractEventLoop] = []
    ended: list[str] = []

    @app.websocket("/")
    def talk() -> None:
        websocket.accept()

        @copy_current_websocket_context
        def echo() -> None:
            for message in websocket:
                websocket.send(message)
            ended.append("echo")

        thread = threading.Thread(target=echo, daemon=True)
        thread.start()
        thread.join(5)

    async def go() -> None:
        inbox: asyncio.Queue[dict[str, t.Any]] = asyncio.Queue()
        outbox: asyncio.Queue[dict[str, t.Any]] = asyncio.Queue()

        async def receive() -> dict[str, t.Any]:
            return await inbox.get()

        async def send(message: dict[str, t.Any]) -> None:
            loops.append(asyncio.get_running_loop())
            outbox.put_nowait(message)

        inbox.put_nowait({"type": "websocket.connect"})
        scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"localhost")]}
        serving = asyncio.create_task(app(scope, receive, send))
        async with asyncio.timeout(5):
            assert (await outbox.get())["type"] == "websocket.accept"
            for word in ("one", "two"):
                inbox.put_nowait({"type": "websocket.receive", "text": word})
                assert (await outbox.get())["text"] == word
            inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
            await serving
        assert set(loops) == {asyncio.get_running_loop()}

    asyncio.run(go())
    assert ended == ["echo"]


def test_the_table_of_states_leads_only_to_states_it_knows() -> None:
    states = {state for state, _ in TRANSITIONS}
    assert set(TRANSITIONS.values()) <= states
    sent = {"accept", "send", "close", "http.response.start", "http.response.body"}
    received = {"connect", "receive", "disconnect"}
    assert {kind.removeprefix("websocket.") for _, kind in TRANSITIONS} == sent | received


# A server that says something else ----------------------------------------------------------------


GONE = OSError("the client has gone")
MESSAGE = {"type": "websocket.receive", "text": "x"}
DISCONNECT = {"type": "websocket.disconnect", "code": 1001}


def talk_to(
    app: Flask, messages: list[t.Any], refused: str = "", by: Exception = GONE
) -> list[dict[str, t.Any]]:
    """Give the application a server's messages, as fast as it takes them; return its own.

    :param messages: an error among them is raised.
    :param refused: the kind of message that the server cannot send, for the client has gone.
    :param by: what the server raises then.
    """
    sent: list[dict[str, t.Any]] = []

    async def go() -> None:
        async def receive() -> t.Any:
            await asyncio.sleep(0)
            message = messages.pop(0) if messages else await asyncio.Event().wait()
            if isinstance(message, BaseException):
                raise message
            return message

        async def send(message: t.Any) -> None:
            if message["type"] == refused:
                raise by
            sent.append(message)

        scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"localhost")]}
        await app(scope, receive, send)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(go())
    return sent


def test_a_beginning_without_connect_is_told(app: Flask) -> None:
    with pytest.raises(ScopeError, match="began with the message"):
        talk_to(app, [{"type": "websocket.receive", "text": "x"}])


@pytest.mark.parametrize("kind", ["websocket.connect", "nonsense"])
def test_a_message_at_the_wrong_time_is_a_client_that_went(app: Flask, kind: str) -> None:
    teardowns: list[t.Any] = []
    app.teardown_websocket(teardowns.append)
    app.add_websocket("/", "echo", echo("async"))
    sent = talk_to(app, [{"type": "websocket.connect"}, {"type": kind}])
    assert [message["type"] for message in sent] == ["websocket.accept"]
    assert teardowns == [None]


@pytest.mark.parametrize("waits_for", ["a message", "something else"])
@pytest.mark.parametrize(
    ("broken", "raised"),
    [
        (GONE, None),
        (asyncio.CancelledError(), None),
        (RuntimeError("a fault of the server"), RuntimeError),
        ({}, KeyError),
        ({"type": "websocket.receive", "text": 5}, TypeError),
    ],
    ids=repr,
)
def test_a_server_that_cannot_receive_ends_the_handler_and_is_told(
    app: Flask, broken: t.Any, raised: type[Exception] | None, waits_for: str
) -> None:
    app.config["WEBSOCKET_MAX_MESSAGE_SIZE"] = 10
    teardowns: list[t.Any] = []
    app.teardown_websocket(teardowns.append)

    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()
        if waits_for == "a message":
            await websocket.receive()
        else:
            await asyncio.Event().wait()

    with nullcontext() if raised is None else pytest.raises(raised):
        talk_to(app, [{"type": "websocket.connect"}, broken])
    assert teardowns == [None]


def test_a_flood_of_messages_waits_for_the_handler(app: Flask) -> None:
    count = 200
    received: list[t.Any] = []

    @app.websocket("/")
    async def talk() -> None:
        async for message in websocket:
            received.append(message)
            if len(received) == count:
                return

    flood = [{"type": "websocket.receive", "text": str(n)} for n in range(count)]
    sent = talk_to(app, [{"type": "websocket.connect"}, *flood])
    assert received == [str(n) for n in range(count)]
    assert sent[-1] == {"type": "websocket.close", "code": 1000, "reason": ""}


@pytest.mark.parametrize(
    ("data", "most"),
    [
        ({"bytes": b"x" * 500_000}, 4),
        ({"text": "x" * 500_000}, 4),
        ({"text": "\N{GRINNING FACE}" + "x" * 500_000}, 2),
        ({"bytes": b"x"}, 17),
    ],
    ids=["bytes", "text", "text beyond ASCII", "small"],
)
def test_what_nobody_receives_is_not_read_further(
    app: Flask, data: dict[str, t.Any], most: int
) -> None:
    asked: list[int] = []

    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()
        for _ in range(100):
            await asyncio.sleep(0)

    class Counted(dict[str, t.Any]):
        def __getitem__(self, key: str) -> t.Any:
            asked.append(1) if key == "type" else None
            return super().__getitem__(key)

    flood = [Counted(data, type="websocket.receive") for _ in range(40)]
    talk_to(app, [{"type": "websocket.connect"}, *flood])
    assert 1 <= len(asked) <= most


@pytest.mark.parametrize("has_greenlets", [True, False])
@pytest.mark.parametrize("refused", ["accept", "send", "close"])
def test_a_server_that_cannot_send_tells_that_the_client_went(
    app: Flask, refused: str, has_greenlets: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the error alone: what the handler awaits afterwards is not cancelled."""
    monkeypatch.setattr("flask.asgi._thread_executor.has_greenlets", has_greenlets)
    log: list[str] = []
    app.teardown_websocket(lambda error: log.append(f"torn down: {error}"))

    @app.websocket("/")
    async def talk() -> None:
        try:
            await websocket.send("hello")
            await websocket.close()
        except WebsocketDisconnect as gone:
            await asyncio.sleep(0)
            log.append(f"gone: {gone.code}")
            raise

    sent = talk_to(app, [{"type": "websocket.connect"}], f"websocket.{refused}")
    assert len(sent) == ["accept", "send", "close"].index(refused)
    assert log == ["gone: 1006", "torn down: None"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_handler_that_only_sends_learns_that_the_client_went(app: Flask, kind: str) -> None:
    """Although the server takes each message at once, and says nothing."""
    log: list[str] = []
    app.teardown_websocket(lambda error: log.append(f"torn down: {error}"))

    if kind == "async":

        @app.websocket("/")
        async def talk() -> None:
            try:
                for _ in range(1000):
                    await websocket.send("again")
            except WebsocketDisconnect as gone:
                await asyncio.sleep(0)
                log.append(f"gone: {gone.code}")
                raise

    else:

        @app.websocket("/")
        def talk_plainly() -> None:
            try:
                for _ in range(1000):
                    websocket.send("again")
            except WebsocketDisconnect as gone:
                log.append(f"gone: {gone.code}")
                raise

    talk_to(app, [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1001}])
    assert log == ["gone: 1001", "torn down: None"]


def test_a_client_that_goes_during_a_send_is_told_once(app: Flask) -> None:
    """By the next thing that the handler asks for: what stands behind its loop is not cancelled."""
    log: list[str] = []

    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()
        async for message in websocket:
            await websocket.send(message)
        for _ in range(5):
            await asyncio.sleep(0)
        log.append("left")

    for rest in range(3):
        talk_to(app, [{"type": "websocket.connect"}, MESSAGE, *[MESSAGE] * rest, DISCONNECT])
    assert log == ["left"] * 3


def test_a_client_that_goes_during_a_send_cancels_what_is_waited_for_then(app: Flask) -> None:
    log: list[str] = []

    @app.websocket("/")
    async def talk() -> None:
        await websocket.send("hello")
        log.append("sent")
        try:
            await asyncio.Event().wait()
        finally:
            log.append("cancelled")

    talk_to(app, [{"type": "websocket.connect"}, DISCONNECT])
    assert log == ["sent", "cancelled"]


def test_a_client_that_goes_before_the_last_word_is_no_error(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    teardowns: list[t.Any] = []
    app.teardown_websocket(teardowns.append)

    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()

    talk_to(app, [{"type": "websocket.connect"}], "websocket.close")
    assert teardowns == [None]
    assert caplog.records == []


@pytest.mark.parametrize("by", [GONE, AttributeError("a fault of the server")], ids=repr)
@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_is_logged_although_the_client_goes_before_it_is_told(
    app: Flask, caplog: pytest.LogCaptureFixture, kind: str, by: Exception
) -> None:
    teardowns: list[t.Any] = []
    app.teardown_websocket(lambda error: teardowns.append(type(error)))

    if kind == "async":

        @app.websocket("/")
        async def crash() -> None:
            await websocket.accept()
            raise ZeroDivisionError

    else:

        @app.websocket("/")
        def crash_plainly() -> None:
            websocket.accept()
            raise ZeroDivisionError

    with nullcontext() if by is GONE else pytest.raises(AttributeError):
        talk_to(app, [{"type": "websocket.connect"}], "websocket.close", by)
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [
        ZeroDivisionError
    ]
    assert teardowns == [ZeroDivisionError if by is GONE else AttributeError]


def test_a_client_that_goes_before_it_is_told_of_a_large_message_is_no_error(app: Flask) -> None:
    app.config["WEBSOCKET_MAX_MESSAGE_SIZE"] = 3
    log: list[int] = []

    @app.websocket("/")
    async def talk() -> None:
        try:
            await websocket.receive()
        except WebsocketDisconnect as gone:
            log.append(gone.code)

    large = {"type": "websocket.receive", "text": "large"}
    talk_to(app, [{"type": "websocket.connect"}, large], "websocket.close")
    assert log == [1006]


def test_what_was_under_way_when_we_closed_is_dropped(app: Flask) -> None:
    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()
        await websocket.close()
        for _ in range(10):
            await asyncio.sleep(0)

    late = [{"type": "websocket.receive", "text": str(n)} for n in range(3)]
    sent = talk_to(app, [{"type": "websocket.connect"}, *late, {"type": "websocket.disconnect"}])
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]


def test_a_server_that_cannot_refuse_with_a_response_is_told_to_close(app: Flask) -> None:
    app.add_websocket("/", "refuse", lambda: ("no", 401))
    sent = talk_to(app, [{"type": "websocket.connect"}])
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_a_server_that_stops_closes_with_1001(app: Flask) -> None:
    teardowns: list[t.Any] = []
    app.teardown_websocket(lambda error: teardowns.append(type(error)))
    sent: list[t.Any] = []

    @app.websocket("/")
    async def talk() -> None:
        await websocket.accept()
        await asyncio.Event().wait()

    async def go() -> None:
        accepted = asyncio.Event()
        messages = [{"type": "websocket.connect"}]

        async def receive() -> t.Any:
            return messages.pop(0) if messages else await asyncio.Event().wait()

        async def send(message: t.Any) -> None:
            sent.append(message)
            accepted.set()

        scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"localhost")]}
        task = asyncio.ensure_future(app(scope, receive, send))
        await accepted.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    assert sent[-1]["code"] == 1001
    assert teardowns == [asyncio.CancelledError]


class Server:
    """A server of several WebSockets; a client that does not read takes no message after the first.

    :param app: the application.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.sent: dict[str, list[dict[str, t.Any]]] = {}
        self._accepted = asyncio.Event()

    async def connect(self, client: str, reads: bool = True) -> asyncio.Task[None]:
        messages = [{"type": "websocket.connect"}]
        sent = self.sent[client] = []

        async def receive() -> t.Any:
            return messages.pop(0) if messages else await asyncio.Event().wait()

        async def send(message: t.Any) -> None:
            if sent and not reads:
                await asyncio.Event().wait()
            sent.append(message)
            self._accepted.set()

        scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"localhost")]}
        task = asyncio.ensure_future(self.app(scope, receive, send))
        self._accepted.clear()
        await self._accepted.wait()
        return task


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_does_not_read_keeps_no_server_from_stopping(
    app: Flask, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask.asgi._websocket_server._CLOSE_TIMEOUT", 0.01)
    torn_down = threading.Event()
    app.teardown_websocket(lambda error: torn_down.set())
    app.add_websocket("/", "echo", echo(kind))

    @app.before_websocket
    async def accept() -> None:
        await websocket.accept()

    async def go() -> None:
        task = await Server(app).connect("deaf", reads=False)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(5):
                await task
        assert await asyncio.to_thread(torn_down.wait, 5)

    asyncio.run(go())


def test_a_client_that_does_not_read_keeps_no_other_one_from_its_goodbye(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask.asgi._websocket_server._CLOSE_TIMEOUT", 0.01)
    app.add_websocket("/", "echo", echo("async"))

    @app.before_websocket
    async def accept() -> None:
        await websocket.accept()

    async def go() -> dict[str, list[dict[str, t.Any]]]:
        server = Server(app)
        tasks = [await server.connect(str(number), reads=number != 1) for number in range(5)]
        async with asyncio.timeout(5):
            await app._asgi.websockets.close_all()
            await asyncio.wait(tasks)
        return server.sent

    sent = asyncio.run(go())
    assert [client for client in sent if sent[client][-1].get("code") == 1001] == list("0234")


# What is left -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("ending", ["gone", "closed", "crash", "large", "refused"])
def test_a_websocket_leaves_nothing_for_the_collector(app: Flask, ending: str) -> None:
    """Granian's objects are not looked into by the collector: with one in it no circle is found."""
    app.logger.disabled = True
    app.config["WEBSOCKET_MAX_MESSAGE_SIZE"] = 10
    alive: list[weakref.ref[t.Any]] = []

    @app.websocket("/")
    async def talk() -> None:
        alive.append(weakref.ref(websocket._get_current_object()))
        if ending == "refused":
            abort(401)
        await websocket.accept()
        if ending == "closed":
            await websocket.close()
        if ending == "crash":
            raise ZeroDivisionError
        while True:
            await websocket.receive()

    last = {"type": "websocket.receive", "text": "x" * 11} if ending == "large" else DISCONNECT
    talk_to(app, [{"type": "websocket.connect"}, MESSAGE, last])
    assert [it() for it in alive] == [None]


@pytest.mark.usefixtures("no_collector")
def test_a_task_that_keeps_the_error_of_receiving_is_not_kept_by_it() -> None:
    """The driver of a plain handler has such tasks."""

    async def go() -> weakref.ref[t.Any]:
        messages = [{"type": "websocket.connect"}, {"type": "websocket.disconnect"}]

        async def receive() -> t.Any:
            return messages.pop(0)

        async def read() -> BaseException | None:
            try:
                await wire.receive()
            except WebsocketDisconnect as gone:
                return gone
            return None

        wire = Wire({}, receive, AsyncMock(), None)
        await wire.connect()
        await wire.send({"type": "websocket.accept"})
        task = asyncio.create_task(read())
        await asyncio.sleep(0)
        wire.listen()
        await task
        return weakref.ref(task)

    assert asyncio.run(go())() is None
