"""The blog: what readers, authors and attackers can do."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flask import Flask
from flask.testing import FlaskClient

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "blog"


@pytest.fixture(scope="module")
def blog() -> Iterator[Any]:
    """The package, importable for as long as these tests run."""
    sys.path.insert(0, str(FOLDER))
    try:
        import blog

        yield blog
    finally:
        sys.path.remove(str(FOLDER))
        for name in [name for name in sys.modules if name.partition(".")[0] == "blog"]:
            del sys.modules[name]


@pytest.fixture
def app(blog: Any, tmp_path: Path) -> Flask:
    """A blog with an empty database."""
    app: Flask = blog.create_app({"DATABASE": str(tmp_path / "new" / "blog.sqlite")})
    result = app.test_cli_runner().invoke(args=["init-db"])
    assert result.exit_code == 0, result.output
    assert "The blog is empty and ready" in result.output
    return app


class Visitor:
    """A browser: follows redirects, sends forms with their tokens."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.page = ""
        self.path = ""
        self.status = 0

    def visit(self, path: str) -> str:
        """Look at a page."""
        response = self.client.get(path, follow_redirects=True)
        self.page, self.path, self.status = (
            response.text,
            response.request.path,
            response.status_code,
        )
        return self.page

    def send(self, path: str, *, seen_on: str | None = None, **fields: str) -> str:
        """Send the form of that page, or one that another page shows."""
        token = re.search(r'name="token" value="([^"]+)"', self.visit(seen_on or path))
        assert token is not None, self.page
        response = self.client.post(path, data={**fields, "token": token[1]}, follow_redirects=True)
        self.page, self.path, self.status = (
            response.text,
            response.request.path,
            response.status_code,
        )
        return self.page


@pytest.fixture
def guest(app: Flask) -> Visitor:
    return Visitor(app.test_client())


@pytest.fixture
def ada(app: Flask) -> Visitor:
    visitor = Visitor(app.test_client())
    visitor.send("/sign-up", name="Ada", password="long enough")
    return visitor


@pytest.fixture
def grace(app: Flask) -> Visitor:
    visitor = Visitor(app.test_client())
    visitor.send("/sign-up", name="Grace", password="long enough too")
    return visitor


def test_an_empty_blog_invites_to_write(guest: Visitor) -> None:
    assert "Nothing here yet" in guest.visit("/")


def test_a_guest_who_opens_the_editor_signs_in_and_returns_to_it(
    guest: Visitor, ada: Visitor
) -> None:
    guest.visit("/write")
    assert guest.path == "/sign-in"
    assert "Sign in first." in guest.page
    guest.send("/sign-in?next=/write", name="ada", password="long enough")
    assert guest.path == "/write"
    assert "Good to see you, Ada." in guest.page


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""],
)
def test_signing_in_never_leads_to_another_site(app: Flask, ada: Visitor, address: str) -> None:
    client = app.test_client()
    page = client.get("/sign-in").text
    token = re.findall(r'name="token" value="([^"]+)"', page)[0]
    form = {"name": "Ada", "password": "long enough", "token": token}
    response = client.post("/sign-in", query_string={"next": address}, data=form)
    assert (response.status_code, response.location) == (302, "/")


@pytest.mark.parametrize(
    ("name", "password", "problem"),
    [
        ("", "long enough", "A name has 1 to 40 characters."),
        ("x" * 41, "long enough", "A name has 1 to 40 characters."),
        ("New", "short", "A password has 8 characters at least."),
        ("ADA", "long enough", "The name ADA is already taken."),
    ],
)
def test_an_account_that_will_not_do_is_refused(
    guest: Visitor, ada: Visitor, name: str, password: str, problem: str
) -> None:
    assert problem in guest.send("/sign-up", name=name, password=password)
    assert guest.path == "/sign-up"


@pytest.mark.parametrize(("name", "password"), [("Ada", "wrong"), ("Unknown", "long enough")])
def test_a_wrong_password_reveals_nothing(
    guest: Visitor, ada: Visitor, name: str, password: str
) -> None:
    page = guest.send("/sign-in", name=name, password=password)
    assert "That name and that password do not belong together." in page


def test_a_password_is_not_kept_in_the_clear(app: Flask, ada: Visitor) -> None:
    assert b"long enough" not in Path(app.config["DATABASE"]).read_bytes()


def test_a_post_is_published_changed_and_removed(ada: Visitor, guest: Visitor) -> None:
    page = ada.send("/write", title="On <b>", text="One.\r\n\r\nTwo & three.")
    assert ada.path == "/post/1"
    assert "<h1>On &lt;b&gt;</h1>" in page and "<p>Two &amp; three.</p>" in page
    assert "Change this post" in page
    assert "Change this post" not in guest.visit("/post/1")
    assert "Changed." in ada.send("/post/1/change", title="Off", text="One.")
    assert "Off" in guest.visit("/")
    assert "Removed." in ada.send("/post/1/remove", seen_on="/post/1/change")
    guest.visit("/post/1")
    assert (guest.status, "not in the notebook" in guest.page) == (404, True)


@pytest.mark.parametrize(
    ("title", "text", "problem"),
    [
        (" ", "text", "A title has 1 to 120 characters."),
        ("x" * 121, "text", "A title has 1 to 120 characters."),
        ("title", " ", "A post needs some text."),
    ],
)
def test_a_post_that_will_not_do_comes_back_as_it_was(
    ada: Visitor, title: str, text: str, problem: str
) -> None:
    page = ada.send("/write", title=title, text=text)
    assert (ada.path, problem in page) == ("/write", True)
    assert f'value="{title}"' in page and f">{text}</textarea>" in page


def test_only_its_author_changes_or_removes_a_post(ada: Visitor, grace: Visitor) -> None:
    ada.send("/write", title="Mine", text="Mine.")
    grace.visit("/post/1/change")
    assert (grace.status, "Only its author" in grace.page) == (403, True)
    grace.send("/post/1/remove", seen_on="/write")
    assert grace.status == 403
    assert "Mine" in ada.visit("/post/1")


def test_comments_stand_in_order_and_go_with_their_post(ada: Visitor, grace: Visitor) -> None:
    ada.send("/write", title="Post", text="Text.")
    ada.send("/post/1/comment", seen_on="/post/1", text="first")
    page = grace.send("/post/1/comment", seen_on="/post/1", text="second <i>")
    assert page.index("first") < page.index("second &lt;i&gt;")
    assert "2 comments" in page
    assert "2 comments" in grace.visit("/")
    assert "A comment needs some text." in grace.send(
        "/post/1/comment", seen_on="/post/1", text=" "
    )
    ada.send("/post/1/remove", seen_on="/post/1/change")
    assert ada.send("/write", title="Next", text="Text.").count("0 comments") == 1


def test_a_form_without_the_token_of_its_session_is_refused(ada: Visitor, app: Flask) -> None:
    ada.send("/write", title="Post", text="Text.")
    for token in ({}, {"token": ""}, {"token": "guessed"}, {"token": "\u00fc"}):
        response = ada.client.post("/post/1/remove", data=token)
        assert response.status_code == 400
    assert app.test_client().post("/sign-in", data={"token": ""}).status_code == 400
    ada.visit("/post/1")
    assert ada.status == 200


def test_signing_out_removes_the_user_from_the_session(ada: Visitor) -> None:
    assert "You are signed out." in ada.send("/sign-out", seen_on="/write")
    assert "Sign out" not in ada.page
    ada.visit("/write")
    assert ada.path == "/sign-in"


def test_posts_are_shown_a_few_on_a_page_newest_first(ada: Visitor, guest: Visitor) -> None:
    for number in range(1, 8):
        ada.send("/write", title=f"Post number {number}", text="Text.")
    first, second = guest.visit("/"), guest.visit("/page/2")
    assert re.findall(r"Post number (\d)", first) == ["7", "6", "5", "4", "3"]
    assert re.findall(r"Post number (\d)", second) == ["2", "1"]
    assert 'href="/page/2"' in first and 'href="/"' in second
    guest.visit("/page/3")
    assert guest.status == 404


def test_the_feed_is_sent_once(ada: Visitor) -> None:
    ada.send("/write", title="A & B", text="Text.")
    feed = ada.client.get("/feed.xml")
    assert feed.content_type == "application/atom+xml; charset=utf-8"
    assert "<title>A &amp; B</title>" in feed.text
    assert "<id>http://localhost/post/1</id>" in feed.text
    again = ada.client.get("/feed.xml", headers={"If-None-Match": feed.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_every_connection_is_closed(app: Flask, blog: Any) -> None:
    with app.app_context():
        connection = blog.database.connection()
        assert connection is blog.database.connection()
    with pytest.raises(blog.database.sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_settings_come_from_the_environment(blog: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the environment")
    assert blog.create_app().secret_key == "from the environment"
    assert blog.create_app({"SECRET_KEY": "given"}).secret_key == "given"
