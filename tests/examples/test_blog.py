"""The blog of the tutorial: its own tests, and what readers and attackers try beside them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from importing import import_from

from flask import Flask
from flask.testing import FlaskClient

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "blog"
PASSWORD = "long enough"


@pytest.fixture(scope="module")
def blog() -> Iterator[t.Any]:
    """The package, importable for as long as these tests run."""
    with import_from(FOLDER, "blog") as blog:
        yield blog


@pytest.fixture
def app(blog: t.Any, tmp_path: Path) -> Flask:
    """A blog with an empty database."""
    settings = {
        "DATABASE": str(tmp_path / "new" / "blog.sqlite"),
        "PREFERRED_URL_SCHEME": "https",
        "SECRET_KEY": "a key for tests",
    }
    app: Flask = blog.create_app(settings)
    result = app.test_cli_runner().invoke(args=["init-db"])
    assert (result.exit_code, result.output) == (0, "The database is ready: blog.sqlite\n")
    return app


@pytest.fixture(params=["WSGI", "ASGI"])
def ada(app: Flask, request: pytest.FixtureRequest) -> FlaskClient:
    """A client of either protocol that is signed in."""
    client = app.test_client(asgi=True) if request.param == "ASGI" else app.test_client()
    assert client.post("/sign-up", data={"name": "Ada", "password": PASSWORD}).status_code == 302
    return client


@pytest.mark.slow
def test_the_tests_of_the_blog_itself_pass(tmp_path: Path) -> None:
    environment = {name: text for name, text in os.environ.items() if "COV" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        cwd=FOLDER,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


@pytest.mark.parametrize(
    "text",
    [
        "</textarea><script>alert(1)</script>",
        "]]> & <b>",
        "{{ 7 * 7 }}{% raw %}",
        "\x00\x08\x1b\ufffe text \uffff",
        "\U0001f469\u200d\U0001f680 \u202e \u0000",
        "x" * 20_000,
    ],
    ids=["markup", "xml", "template", "control characters", "signs", "long"],
)
def test_any_text_is_shown_as_text(ada: FlaskClient, text: str) -> None:
    made = ada.post("/write", data={"title": text[:120], "text": text})
    assert made.location == "/post/1"
    ada.post("/post/1/comments", data={"text": text[:2000]})
    pages = [ada.get(path) for path in ("/", "/post/1", "/post/1/edit", "/feed.xml")]
    assert [page.status_code for page in pages] == [200] * 4
    assert all("<script>alert" not in page.text and "<b>" not in page.text for page in pages)
    (entry,) = ElementTree.fromstring(pages[-1].text).iterfind("{*}entry")
    sent = "".join(c for c in text if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff")).strip()
    assert entry.findtext("{*}content") == sent


@pytest.mark.parametrize(
    "path",
    [
        "/post/0",
        "/post/-1",
        "/post/99999999999999999999",
        "/page/1",
        "/page/99999999999999999999",
        "/post/1/comments/after/99999999999999999999",
        "/post/2/comments/after/0",
        "/static/../__init__.py",
    ],
)
def test_a_path_without_a_page_is_a_404(ada: FlaskClient, path: str) -> None:
    ada.post("/write", data={"title": "Post", "text": "Text."})
    answer = ada.get(path)
    assert answer.status_code == 404
    assert "<h1>Not Found</h1>" in answer.text


@pytest.mark.parametrize(
    ("last", "missed"),
    [("0", [1]), ("-5", [1]), ("1", []), ("x", []), ("", []), ("99999999999999999999", [])],
)
def test_any_last_event_of_a_client_is_understood(
    app: Flask, blog: t.Any, last: str, missed: list[int]
) -> None:
    client = app.test_client()
    client.post("/sign-up", data={"name": "Ada", "password": PASSWORD})
    client.post("/write", data={"title": "Post", "text": "Text."})
    client.post("/post/1/comments", data={"text": "New."})
    headers = {"Last-Event-ID": last}
    stream = client.get("/post/1/comments/after/0", headers=headers, buffered=False)
    assert (stream.status_code, stream.mimetype) == (200, "text/event-stream")
    stream.close()
    with app.app_context():
        assert [row["id"] for row in blog.comments.find_comments(1, last)] == missed


def test_an_open_stream_keeps_no_connection(
    ada: FlaskClient, blog: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, opened = sqlite3.connect, []

    class Connection(sqlite3.Connection):
        is_closed = False

        def close(self) -> None:
            super().close()
            self.is_closed = True

    def connect(path: str) -> Connection:
        opened.append(real(path, factory=Connection))
        return opened[-1]

    ada.post("/write", data={"title": "Post", "text": "Text."})
    ada.post("/post/1/comments", data={"text": "First."})
    monkeypatch.setattr(blog.database.sqlite3, "connect", connect)
    stream = ada.get("/post/1/comments/after/0", buffered=False)
    assert any(b"First." in part for part in t.cast("t.Iterable[bytes]", stream.response))
    assert len(opened) == 2
    assert all(connection.is_closed for connection in opened)
    stream.close()


def test_an_author_who_is_gone_is_signed_out(ada: FlaskClient, app: Flask, blog: t.Any) -> None:
    with app.app_context():
        blog.database.change("DELETE FROM author")
    assert "Sign in" in ada.get("/").text
    assert ada.get("/write").location == "/sign-in?next=/write"


def test_comments_of_guests_are_refused_and_nothing_is_saved(ada: FlaskClient, app: Flask) -> None:
    ada.post("/write", data={"title": "Post", "text": "Text."})
    guest = app.test_client()
    assert guest.post("/post/1/comments", data={"text": "Hi"}).location == "/sign-in"
    assert "Hi" not in guest.get("/post/1").text


@pytest.mark.parametrize("form", [{}, {"name": "Ada"}, {"other": "x"}])
@pytest.mark.parametrize("path", ["/sign-up", "/sign-in", "/write", "/post/1/comments"])
def test_a_form_without_its_fields_is_shown_again(
    ada: FlaskClient, path: str, form: dict[str, str]
) -> None:
    ada.post("/write", data={"title": "Post", "text": "Text."})
    answer = ada.post(path, data=form)
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.text


def test_an_error_of_the_server_is_a_page_without_details(
    ada: FlaskClient, blog: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> t.NoReturn:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr(blog.database, "find_all", fail)
    answer = ada.get("/")
    assert answer.status_code == 500
    assert "<h1>Internal Server Error</h1>" in answer.text
    assert "disk full" not in answer.text
