"""The chat: with a test client, and in a browser with four processes and Redis."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from examples_serving import served_with_redis
from importing import import_from
from polling import wait_until

from flask import Flask
from flask.testing import FlaskClient, WebsocketRefused

PATH = Path(__file__).parents[2] / "examples" / "chat" / "app.py"


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Flask]:
    with import_from(PATH.parent, PATH.stem) as module:
        app: Flask = module.create_app(DATABASE=str(tmp_path / "chat.sqlite"))
        yield app
        app.extensions["channels"].close()


@pytest.fixture
def client(chat: Flask) -> FlaskClient:
    return chat.test_client(asgi=True)


def enter(client: FlaskClient, name: str) -> None:
    answer = client.post("/enter", data={"name": name, "topic": "tea"})
    assert answer.headers["Location"] == "/tea"


def receive(session: t.Any, kind: str) -> dict[str, t.Any]:
    """Receive until a message of a kind arrives."""
    while True:
        message: dict[str, t.Any] = json.loads(session.receive())
        if message["kind"] == kind:
            return message


def test_a_visitor_needs_a_name_and_a_topic(client: FlaskClient) -> None:
    assert client.get("/tea").headers["Location"] == "/"
    assert client.get("/sports").status_code == 404
    for data in ({"name": " ", "topic": "tea"}, {"name": "Ada", "topic": "sports"}):
        assert client.post("/enter", data=data).status_code == 400
    with pytest.raises(WebsocketRefused) as refused:
        client.websocket_connect("/tea/talk")
    assert refused.value.status == 401


def test_what_is_said_reaches_all_and_is_kept(client: FlaskClient, chat: Flask) -> None:
    enter(client, "Ada <i>")
    with (
        client.websocket_connect("/tea/talk") as first,
        client.websocket_connect("/tea/talk") as second,
    ):
        place = receive(first, "ready")["id"]
        receive(second, "ready")
        first.send("  Hello & welcome  ")
        first.send("   ")
        first.send("x" * 1000)
        got = [receive(second, "message") for _ in range(2)]
        assert got == [receive(first, "message") for _ in range(2)]
    texts = [each["message"]["text"] for each in got]
    assert texts == ["Hello & welcome", "x" * 500]
    assert [each["text"] for each in client.get("/tea/messages").json] == texts
    assert client.get("/music/messages").json == []
    with client.websocket_connect(f"/tea/talk?after={place}") as again:
        assert [receive(again, "message") for _ in range(2)] == got
    with client.websocket_connect("/tea/talk?after=1-1") as stranger:
        assert receive(stranger, "resync")["message"] is None
    assert "Ada &lt;i&gt;" in client.get("/tea").text
    wait_until(lambda: chat.extensions["channels"].counts() == {})


def test_presence_shows_who_comes_and_goes(client: FlaskClient) -> None:
    enter(client, "Ada")
    with client.websocket_connect("/tea/talk") as first:
        own = receive(first, "here")["key"]
        with client.websocket_connect("/tea/talk") as second:
            here = receive(second, "here")
            keys = {here["key"], receive(second, "here")["key"]}
            assert own in keys
            (other,) = keys - {own}
        assert receive(first, "gone")["key"] == other


@pytest.mark.slow
def test_four_processes_in_a_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DATABASE", str(tmp_path / "chat.sqlite"))
    with served_with_redis("chat", tmp_path, monkeypatch) as (browser, base):
        pages = []
        sizes = [(1280, "light"), (390, "dark"), (1280, "dark"), (390, "light")]
        for number, (width, scheme) in enumerate(sizes):
            page = browser.open(base, width=width, scheme=scheme)
            page.run(f"document.getElementById('name').value = 'Visitor {number}'")
            page.run("document.forms[0].submit()")
            page.wait_for("document.getElementById('state')?.textContent === 'Connected'")
            pages.append(page)
        for page in pages:
            page.wait_for("document.querySelectorAll('#present li').length === 4")
        for number in range(12):
            page = pages[number % 4]
            page.run(f"document.getElementById('text').value = 'number {number}'")
            page.run("document.getElementById('say').requestSubmit()")
            for each in pages:
                each.wait_for(f"document.querySelectorAll('.text').length === {number + 1}")
        expected = [f"number {number}" for number in range(12)]
        for page in pages:
            texts = "[...document.querySelectorAll('.text')].map((each) => each.textContent)"
            assert page.run(texts) == expected
            assert not page.has_overflow()
            assert page.complaints == []
        pages[0].run("socket.close()")  # it connects again, and misses nothing
        pages[1].run("document.getElementById('text').value = 'in between'")
        pages[1].run("document.getElementById('say').requestSubmit()")
        pages[0].wait_for("document.querySelectorAll('.text').length === 13")
