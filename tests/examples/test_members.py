"""The example with Flask-Login, Flask-SQLAlchemy and Flask-WTF, over both protocols."""

from __future__ import annotations

import asyncio
import re
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from importing import import_from

from flask import Flask
from flask.testing import FlaskClient, WebsocketRefused

for extension in ("flask_login", "flask_sqlalchemy", "flask_wtf"):
    pytest.importorskip(extension)

# The extensions and their dependencies use deprecated functions.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PATH = Path(__file__).parents[2] / "examples" / "members" / "app.py"


@pytest.fixture(scope="module")
def example() -> Iterator[t.Any]:
    with import_from(PATH.parent, PATH.stem) as module:
        yield module


@pytest.fixture(params=[False, True], ids=["wsgi", "asgi"])
def client(example: t.Any, request: t.Any, tmp_path: Path) -> Iterator[FlaskClient]:
    app: Flask = example.create_app(SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/members.db")
    yield app.test_client(asgi=request.param)
    with app.app_context():
        for engine in example.db.engines.values():
            engine.dispose()


def join(client: FlaskClient, name: str) -> t.Any:
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get("/join").text)
    assert token is not None
    data = {"name": name, "csrf_token": token[1]}
    return client.post("/join", data=data, follow_redirects=True)


def test_a_member_joins_is_known_and_leaves(client: FlaskClient) -> None:
    assert client.get("/").headers["Location"].startswith("/join")
    page = join(client, "ann")
    assert "Hello, ann" in page.text
    assert "<li>ann</li>" in page.text
    with client.websocket_connect("/whoami") as session:
        assert session.receive() == "ann"
    assert client.post("/leave").status_code == 302
    assert client.get("/").status_code == 302
    with pytest.raises(WebsocketRefused) as refused:
        client.websocket_connect("/whoami")
    assert refused.value.status == 401


def test_what_only_awaits_needs_no_member(client: FlaskClient) -> None:
    assert client.get("/weather").json == {"weather": "sunny"}


def test_no_query_runs_on_the_event_loop(example: t.Any, tmp_path: Path) -> None:
    from sqlalchemy import event

    app: Flask = example.create_app(SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/members.db")
    on_loop: list[bool] = []
    with app.app_context():
        engine = example.db.engine
    client = app.test_client(asgi=True)
    client.get("/weather")  # it starts the application, which creates the tables
    event.listen(
        engine,
        "before_cursor_execute",
        lambda *_: on_loop.append(asyncio._get_running_loop() is not None),
    )
    try:
        join(client, "ann")
        with client.websocket_connect("/whoami") as session:
            assert session.receive() == "ann"
        client.post("/leave")
    finally:
        engine.dispose()
    assert on_loop
    assert not any(on_loop)


def test_a_form_without_its_token_is_refused(client: FlaskClient) -> None:
    assert client.post("/join", data={"name": "ann"}).status_code == 400


def test_a_form_is_validated(client: FlaskClient) -> None:
    page = join(client, "x" * 41)
    assert page.status_code == 400
    assert "longer than 40" in page.text
