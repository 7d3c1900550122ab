"""The documentation site: it builds without a warning, and works in a browser.

A browser opens it on a desktop, on a phone and in dark mode. No page makes a request to another
host.
"""

from __future__ import annotations

import functools
import http.server
import importlib.util
import re
import subprocess
import sys
import threading
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, Page, needs_chromium
from pages import DOCS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("sphinx", "myst_parser")),
        reason="the group docs is not installed: make docs",
    ),
]

OPENED = {
    "the front page": "index.html",
    "a part": "guides/index.html",
    "a guide with blocks": "guides/sessions.html",
    "a guide with tables": "guides/cors-and-csrf.html",
    "the tutorial": "tutorial/index.html",
    "a step of the tutorial": "tutorial/forms.html",
    "a comparison": "comparisons/fastapi.html",
    "a page with output": "start/install.html",
    "a wide table": "start/switching.html",
    "a drawing": "lifecycle.html",
    "names with parameters": "reference/modules/flask.views.html",
    "names with many parameters": "reference/modules/flask.api.html",
    "a page from outside of docs": "project/contributing.html",
}
SCREENS = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 800},
    "dark": {"width": 1280, "height": 800, "scheme": "dark"},
}


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, as ``make docs`` does."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "source").mkdir()
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", str(DOCS)]
    done = subprocess.run(
        [*command, str(folder / "source"), str(folder / "html")],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Serve the site."""
    handler = functools.partial(QuietHandler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    chromium = Browser(tmp_path_factory.mktemp("browser"))
    yield chromium
    chromium.stop()


def check(page: Page, address: str) -> None:
    assert page.complaints == []
    own = (address, "data:", "blob:", "about:")
    assert [url for url in page.requested if not url.startswith(own)] == []


@needs_chromium
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", OPENED.values(), ids=OPENED)
def test_a_page_works_on_a_screen(browser: Browser, address: str, name: str, screen: str) -> None:
    options: dict[str, t.Any] = dict(SCREENS[screen])
    page = browser.open(address + name, **options)
    assert not page.has_overflow()
    check(page, address)
    assert page.find_barriers() == []  # it requests imported style sheets in a way of its own


@needs_chromium
def test_the_search_finds_a_page_and_a_name(browser: Browser, address: str) -> None:
    page = browser.open(f"{address}search.html?q=SESSION_STORE")
    page.wait_for("document.querySelectorAll('#search-results li').length > 0")
    assert "Sessions" in page.run("document.querySelector('#search-results').innerText")
    page.go(f"{address}search.html?q=stream_with_context")
    page.wait_for("document.querySelectorAll('#search-results li').length > 0")
    assert "flask.stream_with_context" in page.run(
        "document.querySelector('#search-results').innerText"
    )
    check(page, address)


@needs_chromium
def test_a_copied_block_has_neither_prompts_nor_output(browser: Browser, address: str) -> None:
    page = browser.open(f"{address}start/install.html")
    page.run("window.copied = []; navigator.clipboard.writeText = async t => { copied.push(t) }; 0")
    page.run("document.execCommand = name => { copied.push(getSelection().toString()) }; 0")
    page.wait_for("document.querySelectorAll('button.copybtn').length > 3")
    page.run("document.querySelectorAll('button.copybtn').forEach(button => button.click())")
    page.wait_for("copied.length > 3")
    copied = "\n".join(page.run("copied"))
    assert "python3 -m venv .venv" in copied
    assert "$ " not in copied
    assert "Werkzeug 3" not in copied


@needs_chromium
def test_the_buttons_for_dark_mode_are_remembered(browser: Browser, address: str) -> None:
    page = browser.open(f"{address}index.html", scheme="light")
    mode = "document.documentElement.dataset.theme"
    assert page.run(mode) == "light"
    page.run("localStorage.setItem('mode', 'dark'); 0")
    page.go(f"{address}guides/index.html")
    page.wait_for(f"{mode} === 'dark'")
    page.run("localStorage.clear(); 0")


def test_the_inventory_has_every_public_name(site: Path) -> None:
    from sphinx.util.inventory import InventoryFile

    sys.path.insert(0, str(DOCS))
    from api_pages import addresses

    with (site / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, path: path)
    names = {name for kind in inventory if kind.startswith("py:") for name in inventory[kind]}
    assert sorted(set(addresses().values()) - names) == []
    assert {"flask.Flask.add_url_rule", "flask.Request.get_json", "flask.app.Flask"} <= names


def test_what_tests_read_is_not_in_the_pages(site: Path) -> None:
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<!-- (test|file|not run|requests|needs)\b", text), path


def test_every_page_of_the_repository_is_in_the_site(site: Path) -> None:
    missing = [
        path
        for path in DOCS.rglob("*.md")
        if path.name not in ("README.md", "index.md")
        and "snippets" not in path.parts
        and not (site / path.relative_to(DOCS)).with_suffix(".html").exists()
    ]
    assert missing == []
