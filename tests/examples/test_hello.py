"""The example that ``make demo`` serves."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

import pytest
from browser import Browser, needs_chromium
from importing import import_from
from processes import PrintingProcess

from flask import Flask
from flask.testing import FlaskClient

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "hello"


@pytest.fixture(scope="module")
def hello() -> Iterator[Flask]:
    """The application, imported as ``python app.py`` would import it."""
    with import_from(FOLDER, "app") as module:
        assert isinstance(module.app, Flask)
        yield module.app


@pytest.fixture
def client(hello: Flask) -> FlaskClient:
    return hello.test_client()


def test_the_first_page_names_the_implementation(client: FlaskClient) -> None:
    page = client.get("/").text
    assert "<h1>Hello, World!</h1>" in page
    assert f"<b>Flask, rebuilt</b> {version('flask')}" in page


def test_a_page_of_the_guide_is_unchanged(client: FlaskClient) -> None:
    assert client.get("/hello").text == "Hello, World!"


def test_a_page_greets_whom_the_address_names(client: FlaskClient) -> None:
    page = client.get("/hello/<Ada>").text
    assert "<h1>Hello, &lt;Ada&gt;!</h1>" in page
    assert "<Ada>" not in page


@pytest.mark.parametrize(("path", "count"), [("/", 8), ("/hello/Ada", 3), ("/guests", 2)])
def test_every_link_of_a_page_leads_somewhere(client: FlaskClient, path: str, count: int) -> None:
    page = client.get(path).text
    links = re.findall(r'(?:href|src)="(?!data:)([^"]+)"', page)
    assert len(links) == count
    for link in links:
        with client.get(link) as response:
            assert response.status_code == 200, link


def test_a_guest_is_thanked_once(client: FlaskClient) -> None:
    sent = {"name": "Ada", "message": "<b>Hello</b>"}
    page = client.post("/guests", data=sent, follow_redirects=True).text
    assert "Thank you, Ada." in page
    assert "<b>Ada</b> &lt;b&gt;Hello&lt;/b&gt;" in page
    assert "Thank you" not in client.get("/guests").text


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"message": "hello"}, "Enter your name."),
        ({"name": "Ada", "message": " "}, "Enter a message."),
        ({"name": "Ada", "message": "x" * 201}, "Enter at most 200 characters."),
    ],
)
def test_a_wrong_entry_is_explained_next_to_its_field(
    client: FlaskClient, sent: dict[str, str], error: str
) -> None:
    response = client.post("/guests", data=sent)
    assert response.status_code == 422
    assert error in response.text
    assert 'aria-invalid="true"' in response.text


def test_a_form_of_another_site_is_refused(client: FlaskClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/guests", data={}, headers=headers).status_code == 403


def test_the_websocket_answers_in_capital_letters(client: FlaskClient) -> None:
    with client.websocket_connect("/shout") as session:
        session.send("hello")
        assert session.receive() == "HELLO"


def test_the_event_stream_counts(client: FlaskClient) -> None:
    with client.get("/ticks", buffered=False) as response:
        assert response.mimetype == "text/event-stream"
        chunks = (chunk.decode() for chunk in response.iter_encoded())
        event = next(chunk for chunk in chunks if chunk.startswith("event:"))
    assert event.startswith('event: tick\nid: 1\ndata: {"number"')


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


@pytest.mark.slow
@needs_chromium
def test_the_page_works_in_a_browser(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "flask", "--app", str(FOLDER / "app.py"), "run", "--port", "0"]
    with ExitStack() as stack:
        server = PrintingProcess(command, tmp_path)
        stack.callback(server.stop)
        base = server.wait_for(r"Running on (http://127\.0\.0\.1:\d+)")
        browser = Browser(tmp_path)
        stack.callback(browser.stop)
        for width, scheme in ((1280, "light"), (390, "dark")):
            page = browser.open(base + "/", width=width, scheme=scheme)
            page.run("document.getElementById('text').value = 'tea'")
            page.run("document.querySelector('#shout button').click()")
            page.wait_for("document.getElementById('shouted').textContent === 'TEA'")
            page.wait_for("document.getElementById('ticks').textContent.startsWith('Event ')")
            assert not page.has_overflow()
            page.go(base + "/guests")
            page.run("document.querySelector('form button').click()")
            page.wait_for("document.querySelectorAll('.error').length === 2")
            # The answer 422 is an error to the console, and nothing else is.
            assert all("422" in complaint for complaint in page.complaints)
