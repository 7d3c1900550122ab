"""Body and query are read without a request object where nothing can tell the difference."""

from __future__ import annotations

import asyncio
import typing as t

import pytest
from protocol_client import Client
from werkzeug.datastructures import ImmutableMultiDict

from flask import Flask, Request, request
from flask.api import Body, Query, Struct, typed


class Order(Struct):
    name: str


@pytest.fixture(params=["plain", "async"], autouse=True)
def view(request: pytest.FixtureRequest, app: Flask) -> None:
    def place(order: Body[Order], page: Query[int] = 1) -> list[t.Any]:
        return [order.name, page]

    async def place_async(order: Body[Order], page: Query[int] = 1) -> list[t.Any]:
        return [order.name, page]

    app.post("/")(typed(place) if request.param == "plain" else typed(place_async))


def test_the_request_can_read_everything_afterwards(client: Client) -> None:
    seen: list[t.Any] = []

    @client.app.after_request
    def look(response: t.Any) -> t.Any:
        seen.append((request.get_data(), request.json, request.args["page"], request.stream.read()))
        return response

    for _ in range(3):
        assert client.post("/?page=2", json={"name": "tea"}).json == ["tea", 2]
    assert seen == [(b'{"name": "tea"}', {"name": "tea"}, "2", b"")] * 3


def test_the_request_may_have_read_everything_before(client: Client) -> None:
    client.app.before_request(lambda: request.get_data() and None)
    for _ in range(3):
        assert client.post("/?page=2", json={"name": "tea"}).json == ["tea", 2]


def test_what_a_request_class_overrides_is_honored(client: Client) -> None:
    class Own(Request):
        @property
        def args(self) -> t.Any:
            return ImmutableMultiDict({"page": "7"})

        def get_data(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
            return b'{"name": "own"}'

    client.app.request_class = Own
    for _ in range(3):
        assert client.post("/?page=2", json={"name": "tea"}).json == ["own", 7]


def test_what_is_patched_later_is_honored(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.post("/", json={"name": "tea"}).json == ["tea", 1]
    monkeypatch.setattr(Request, "get_data", lambda self, **kwargs: b'{"name": "patched"}')
    assert client.post("/", json={"name": "tea"}).json == ["patched", 1]
    monkeypatch.undo()
    assert client.post("/", json={"name": "tea"}).json == ["tea", 1]


def test_the_limit_of_a_request_counts(client: Client) -> None:
    client.app.config["MAX_CONTENT_LENGTH"] = 10

    @client.app.before_request
    def lift() -> None:
        if "lift" in request.args:
            request.max_content_length = 100

    assert client.post("/", json={"name": "tea"}).status_code == 413
    assert client.post("/?lift", json={"name": "tea"}).json == ["tea", 1]


def test_the_limit_of_the_configuration_counts(client: Client) -> None:
    client.app.config["MAX_CONTENT_LENGTH"] = 10
    assert client.post("/", json={"name": "tea"}).status_code == 413


def send_messages(app: Flask, headers: list[tuple[bytes, bytes]], *messages: t.Any) -> t.Any:
    """Send the messages of a request over ASGI; return status and body."""
    sent: list[t.Any] = []
    waiting = list(messages)

    async def receive() -> t.Any:
        await asyncio.sleep(0)
        if not waiting:
            await asyncio.Event().wait()  # the client waits for the answer
        return waiting.pop(0)

    async def send(message: t.Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "root_path": "",
        "scheme": "http",
        "query_string": b"page=3",
        "http_version": "1.1",
        "client": None,
        "server": ("localhost", 80),
        "asgi": {"version": "3.0"},
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json"), *headers],
    }
    asyncio.run(app.asgi_app(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


BODY = b'{"name": "tea"}'
LENGTH = (b"content-length", str(len(BODY)).encode())


def part(body: bytes, more: bool = False) -> dict[str, t.Any]:
    return {"type": "http.request", "body": body, "more_body": more}


ARRIVING: list[tuple[list[tuple[bytes, bytes]], list[t.Any], int]] = [
    ([LENGTH], [part(BODY)], 200),
    ([LENGTH], [part(BODY[:5], True), part(b"", True), part(BODY[5:])], 200),
    ([], [part(BODY[:5], True), part(BODY[5:])], 200),
    ([LENGTH, (b"transfer-encoding", b"chunked")], [part(BODY)], 200),
    ([(b"content-length", b"4")], [part(BODY)], 400),
    ([(b"content-length", b"99")], [part(BODY)], 400),
    ([LENGTH], [part(BODY[:5], True), {"type": "http.disconnect"}], 400),
    ([LENGTH, (b"content-type", b"text/plain")], [part(BODY)], 415),
    ([(b"content-length", b"0")], [part(b"")], 400),
]


@pytest.mark.parametrize(("headers", "messages", "status"), ARRIVING)
def test_a_body_arrives_in_any_way(
    app: Flask, headers: list[tuple[bytes, bytes]], messages: list[t.Any], status: int
) -> None:
    found, body = send_messages(app, headers, *messages)
    assert found == status
    if status == 200:
        assert body == b'["tea",3]'
