"""The page that ``flask new`` writes: on a desktop, on a phone, with its security policy."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, needs_chromium
from processes import PrintingProcess

from flask.cli import cli

pytestmark = [needs_chromium, pytest.mark.slow]


@pytest.fixture
def address(project, runner) -> Iterator[str]:
    """Serve a new application; give its address."""
    assert runner.invoke(cli, ["new", "shop"]).exit_code == 0
    command = [sys.executable, "-m", "flask", "run", "--port", "0"]
    server = PrintingProcess(command, project.root / "shop")
    yield server.wait_for(r"Running on (http://127\.0\.0\.1:\d+)")
    server.stop()


@pytest.fixture
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.stop()


@pytest.fixture(autouse=True)
def closed_pages(browser: Browser) -> Iterator[None]:
    """Close the pages of a test after it: their event streams take the browser's connections."""
    yield
    browser.close_pages()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_form_works_and_nothing_is_blocked(
    browser: Browser, address: str, width: int, scheme: str, tmp_path: Path
) -> None:
    page = browser.open(f"{address}/", width=width, scheme=scheme)
    assert page.run("getComputedStyle(document.body).maxWidth") == "640px"  # the style sheet
    page.run("document.querySelector('input').value = 'Ann'")
    page.run("document.querySelector('button').click()")
    page.wait_for("document.querySelector('h1')?.textContent === 'Hello, Ann!'")
    assert page.find_barriers() == []
    assert page.complaints == []
    assert not page.has_overflow()
    assert [url for url in page.requested if not url.startswith((address, "about:"))] == []
