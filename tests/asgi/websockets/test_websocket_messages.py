"""WebSockets: messages, subprotocols, the values of the handshake, and the order of events."""

from __future__ import annotations

import asyncio
import typing as t

import pytest
from scripted_websocket import KINDS, echo

from flask import (
    Blueprint,
    Flask,
    current_app,
    g,
    has_request_context,
    has_websocket_context,
    request,
    session,
    url_for,
    websocket,
)
from flask.testing import FlaskClient, WebsocketClosed


@pytest.mark.parametrize("kind", KINDS)
def test_messages_are_sent_and_received(app: Flask, client: FlaskClient, kind: str) -> None:
    app.add_websocket("/echo", "echo", echo(kind))
    with client.websocket_connect("/echo") as session:
        session.send("a text")
        assert session.receive() == "a text"
        session.send(b"bytes")
        assert session.receive() == b"bytes"
        session.send("")
        assert session.receive() == ""


def test_json_is_sent_and_received(app: Flask, client: FlaskClient) -> None:
    @app.websocket("/async")
    async def with_await() -> None:
        value = await websocket.receive_json()
        await websocket.send_json(value)
        await websocket.send_json(a=1)
        await websocket.send_json(1, 2)

    @app.websocket("/sync")
    def sync() -> None:
        value: t.Any = websocket.receive_json()
        websocket.send_json(value)
        websocket.send_json(a=1)
        websocket.send_json(1, 2)

    for path in ("/async", "/sync"):
        with client.websocket_connect(path) as session:
            session.send_json({"n": [1, None]})
            received = [session.receive_json() for _ in range(3)]
            assert received == [{"n": [1, None]}, {"a": 1}, [1, 2]]


def test_a_handler_of_either_kind_iterates_until_the_client_disconnects(
    app: Flask, client: FlaskClient
) -> None:
    seen: list[t.Any] = []

    @app.websocket("/async")
    async def with_await() -> None:
        async for message in websocket:
            seen.append(message)
            await websocket.send("got it")
        seen.append("over")

    @app.websocket("/sync")
    def sync() -> None:
        for message in websocket:
            seen.append(message)
            websocket.send("got it")
        seen.append("over")

    for path in ("/async", "/sync"):
        with client.websocket_connect(path) as session:
            session.send("1")
            assert session.receive() == "got it"
        assert seen == ["1", "over"]
        seen.clear()


@pytest.mark.parametrize("kind", KINDS)
def test_a_handler_can_read_the_values_of_the_handshake(
    app: Flask, client: FlaskClient, kind: str
) -> None:
    def facts(topic: str) -> dict[str, t.Any]:
        g.kept = "g"
        return {
            "topic": topic,
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
            "url_for": url_for(".talk", topic="other"),
            "request": request.path,
            "contexts": [has_request_context(), has_websocket_context()],
        }

    blueprint = Blueprint("chat", __name__, url_prefix="/chat")
    if kind == "async":

        @blueprint.websocket("/<topic>", endpoint="talk")
        async def talk(topic: str) -> None:
            await websocket.send_json(facts(topic))

    else:

        @blueprint.websocket("/<topic>", endpoint="talk")
        def talk_sync(topic: str) -> None:
            websocket.send_json(facts(topic))

    app.register_blueprint(blueprint)
    with client.session_transaction() as opened:
        opened["user"] = "ann"
    client.set_cookie("c", "v")
    with client.websocket_connect("/chat/a%20b?q=1", headers={"X-Own": "x"}) as ws:
        assert ws.receive_json() == {
            "topic": "a b",
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


def test_a_subprotocol_that_the_client_did_not_offer_is_an_error(
    app: Flask, client: FlaskClient
) -> None:
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
        if kind == "sync":
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


# Values -------------------------------------------------------------------------------------------


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
        assert (endpoint, values) == ("talk", {"topic": "a", "lang": "en"})
        assert values is not None
        g.lang = values.pop("lang")

    @app.websocket("/<lang>/<topic>")
    async def talk(topic: str) -> None:
        await websocket.send(f"{topic} {g.lang}")

    with client.websocket_connect("/en/a") as it:
        assert it.receive() == "a en"
