"""The example that ``make demo`` serves."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flask import Flask
from flask.testing import FlaskClient

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "hello"


@pytest.fixture(scope="module")
def hello() -> Iterator[Flask]:
    """The application, imported as ``python app.py`` would import it."""
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    try:
        module = importlib.import_module("app")
        assert isinstance(module.app, Flask)
        yield module.app
    finally:
        sys.path.remove(str(FOLDER))
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(FOLDER)):
                del sys.modules[name]


@pytest.fixture
def client(hello: Flask) -> FlaskClient:
    return hello.test_client()


def test_the_first_page_is_the_guides(client: FlaskClient) -> None:
    response = client.get("/")
    assert (response.status_code, response.text) == (200, "Hello, World!")


def test_a_page_greets_whom_the_address_names(client: FlaskClient) -> None:
    page = client.get("/hello/<Ada>").text
    assert "<h1>Hello, &lt;Ada&gt;!</h1>" in page
    assert "<Ada>" not in page


def test_every_link_of_the_page_leads_somewhere(client: FlaskClient) -> None:
    page = client.get("/hello/Ada").text
    links = [part.split('"', 1)[0] for part in page.split('href="')[1:]]
    assert len(links) == 5
    for link in links:
        with client.get(link) as response:
            assert response.status_code == 200, link


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/api/greeting", {"greeting": "Hello, World!"}),
        ("/api/greeting?name=Ada", {"greeting": "Hello, Ada!"}),
        ("/api/square/12", {"number": 12, "square": 144}),
    ],
)
def test_the_blueprint_answers_with_data(client: FlaskClient, path: str, data: object) -> None:
    assert client.get(path).json == data


def test_the_blueprint_echoes_json(client: FlaskClient) -> None:
    response = client.post("/api/echo", json=[1, {"a": None}])
    assert (response.status_code, response.json) == (201, {"received": [1, {"a": None}]})
