"""The blog in Chromium: with a keyboard only, on a phone, on a dark screen, in two windows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, Page, needs_chromium
from processes import PrintingProcess

pytestmark = [needs_chromium, pytest.mark.slow]
FOLDER = Path(__file__).parents[2] / "examples" / "blog"
FORMS = ["/write", "/post/1/edit", "/sign-up", "/sign-in"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a blog, which runs as the tutorial says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLASK_DATABASE", str(tmp_path_factory.mktemp("blog") / "blog.sqlite"))
        patch.delenv("FLASK_SECRET_KEY", raising=False)
        command = [sys.executable, "-m", "flask", "--app", "blog", "--debug"]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run([*command, "init-db"], cwd=FOLDER, env=environment, check=True, timeout=60)
        server = PrintingProcess([*command, "run", "--no-reload", "--port", "0"], FOLDER)
    yield server.wait_for(r"Running on (http://127\.0\.0\.1:\d+)")
    server.stop()


@pytest.fixture(scope="module")
def browser(base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser in which Ada is signed in and has written a post, with the keyboard only."""
    browser = Browser(tmp_path_factory.mktemp("browser"))
    page = browser.open(base)
    press(page, "Tab")
    assert focused(page) == "Skip to the content"
    assert page.run("document.activeElement.getBoundingClientRect().height > 20"), "it is hidden"
    for _ in range(3):
        press(page, "Tab")
    assert focused(page) == "Sign up"
    press(page, "Enter")
    page.wait_for("location.pathname === '/sign-up'")
    fill_in(page, "name", "Ada")
    fill_in(page, "password", "correct horse")
    send(page, "Sign up", "Welcome, Ada.")
    page.go(base + "/write")
    fill_in(page, "title", "Tea & patience")
    fill_in(page, "text", "The kettle takes four minutes.")
    send(page, "Publish", "The post is published.")
    assert page.complaints == []
    yield browser
    browser.stop()


@pytest.fixture(autouse=True)
def closed_pages(browser: Browser) -> Iterator[None]:
    """Close the pages of a test after it: their event streams take the browser's connections."""
    yield
    browser.close_pages()


def press(page: Page, key: str) -> None:
    """Press a key and release it."""
    number = {"Tab": 9, "Enter": 13, " ": 32}[key]
    text = {"Enter": "\r", " ": " "}.get(key, "")
    for kind in ("keyDown", "keyUp"):
        page.call(
            "Input.dispatchKeyEvent",
            type=kind,
            key=key,
            windowsVirtualKeyCode=number,
            text=text if kind == "keyDown" else "",
        )


def focused(page: Page) -> str:
    """Return the text of the element that has the focus, or its id."""
    text: str = page.run("document.activeElement.innerText.trim() || document.activeElement.id")
    return text


def fill_in(page: Page, name: str, text: str) -> None:
    """Press Tab until a field has the focus, and type a text into it."""
    for _ in range(20):
        if page.run("document.activeElement.id") == name:
            break
        press(page, "Tab")
    assert page.run("document.activeElement.id") == name
    page.call("Input.insertText", text=text)


def send(page: Page, button: str, message: str) -> None:
    """Press Tab until a button has the focus, press it, and wait for a message."""
    for _ in range(20):
        if focused(page) == button:
            break
        press(page, "Tab")
    assert focused(page) == button
    press(page, "Enter")
    page.wait_for(f"document.querySelector('.flash')?.innerText === {message!r}")


def check(page: Page, base: str) -> None:
    """Check a page for everyone."""
    assert page.find_barriers() == []
    assert page.complaints == []
    assert not page.has_overflow()
    assert [url for url in page.requested if not url.startswith((base, "about:"))] == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.parametrize("path", ["/", "/post/1", *FORMS])
def test_a_page_has_no_barriers(
    browser: Browser, base: str, path: str, width: int, scheme: str
) -> None:
    check(browser.open(base + path, width=width, scheme=scheme), base)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.parametrize("path", FORMS)
def test_a_form_with_errors_leads_to_its_first_error(
    browser: Browser, base: str, path: str, width: int, scheme: str
) -> None:
    page = browser.open(base + path, width=width, scheme=scheme)
    page.run("form = document.querySelector('main form')")
    page.run("for (const field of form.querySelectorAll('input, textarea')) field.value = ''")
    page.run("form.submit()")
    page.wait_for("document.querySelector('[aria-invalid]') !== null")
    check(page, base)
    described = "document.getElementById(document.activeElement.getAttribute('aria-describedby')"
    assert page.run(f"{described}.split(' ').at(-1)).innerText").startswith("Enter ")


def test_a_missing_page_is_a_page_of_the_blog(browser: Browser, base: str) -> None:
    page = browser.open(base + "/nothing")
    assert page.find_barriers() == []
    assert page.run("document.querySelector('h1').innerText") == "Not Found"


def test_a_post_is_deleted_with_the_keyboard(browser: Browser, base: str) -> None:
    page = browser.open(base + "/write")
    fill_in(page, "title", "Short")
    fill_in(page, "text", "It does not last.")
    send(page, "Publish", "The post is published.")
    page.go(page.run("location.href") + "/edit")
    for _ in range(20):
        press(page, "Tab")
        if focused(page) == "Delete this post":
            break
    press(page, "Enter")
    send(page, "Delete it for good", "The post is deleted.")


def test_a_comment_appears_in_every_window(browser: Browser, base: str) -> None:
    reader = browser.open(base + "/post/1", width=390, scheme="dark")
    author = browser.open(base + "/post/1")
    fill_in(author, "text", "One page <b>per</b> tea.")
    author.run("document.querySelector('main form').requestSubmit()")
    for page in (author, reader):
        page.wait_for("document.querySelectorAll('.comment').length === 1")
        text = page.run("document.querySelector('.comment p:last-child').innerText")
        assert text == "One page <b>per</b> tea."
    author.wait_for("location.hash === '#comment-1'")
    fill_in(author, "text", "And one more.")
    author.run("document.querySelector('main form').requestSubmit()")
    reader.wait_for("document.querySelectorAll('.comment').length === 2")
    check(reader, base)
    check(author, base)
