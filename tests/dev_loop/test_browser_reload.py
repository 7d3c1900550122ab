"""Pages in Chromium while code, templates and static files are edited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, Page, needs_chromium
from dev_server import FLASK, DevServer, Start, write_app

pytestmark = [pytest.mark.slow, needs_chromium]

POLICY = """
@app.after_request
def add_policy(response):
    response.headers["Content-Security-Policy"] = "default-src 'none'; {sources}"
    return response

@app.route("/page")
def page():
    return render_template("page.html")
"""
TEMPLATE = """\
<!doctype html>
<html lang="en">
<head><title>Shop</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/shop.css"></head>
<body><p id="text">{text}</p></body>
</html>
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.stop()


@pytest.fixture(autouse=True)
def closed_pages(browser: Browser) -> Iterator[None]:
    """Close the pages of a test after it: their event streams take the browser's connections."""
    yield
    browser.close_pages()


SOURCES = {
    "self": "script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:",
    "nonce": "script-src 'nonce-abc' 'strict-dynamic'; style-src 'self'; connect-src 'self';"
    " img-src data:",
}


def edit(folder: Path, **texts: str) -> None:
    """Write the template or the style sheet."""
    for name, text in texts.items():
        path = {"template": "templates/page.html", "css": "static/shop.css"}[name]
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)


@pytest.fixture(params=[("self", ()), ("nonce", ("--asgi",))], ids=["wsgi", "asgi"])
def server(request: pytest.FixtureRequest, start: Start, tmp_path: Path) -> DevServer:
    policy, options = request.param
    write_app(tmp_path, "first", POLICY.replace("{sources}", SOURCES[policy]))
    edit(tmp_path, template=TEMPLATE.format(text="one"), css="p { color: rgb(1, 1, 1) }")
    return start(*FLASK, *options)


def open_page(browser: Browser, server: DevServer) -> Page:
    page = browser.open(f"http://{server.address}/page")
    page.wait_for("document.querySelector('script[src^=\"/.flask/\"]') !== null")
    page.run("window.mark = 1")
    return page


TEXT = "document.querySelector('#text')?.textContent"
COLOR = "getComputedStyle(document.querySelector('#text') ?? document.documentElement).color"


def test_a_page_follows_templates_style_sheets_and_code(
    browser: Browser, server: DevServer
) -> None:
    page = open_page(browser, server)
    assert page.run(COLOR) == "rgb(1, 1, 1)"

    edit(server.folder, css="p { color: rgb(2, 2, 2) }")
    page.wait_for(f"{COLOR} === 'rgb(2, 2, 2)'")
    assert page.run("window.mark") == 1  # without loading the page again

    edit(server.folder, template=TEMPLATE.format(text="two"))
    page.wait_for(f"{TEXT} === 'two'")
    assert page.run("window.mark") is None

    text = (server.folder / "app.py").read_text()
    (server.folder / "app.py").write_text(text.replace('"page.html")', '"page.html") + "<i>3</i>"'))
    page.wait_for("document.querySelector('i') !== null")
    assert page.complaints == []


def test_a_page_shows_a_mistake_and_returns_when_it_is_mended(
    browser: Browser, server: DevServer
) -> None:
    page = open_page(browser, server)
    text = (server.folder / "app.py").read_text()
    (server.folder / "app.py").write_text(text + "\nx = (\n")
    page.wait_for("document.title.startsWith('SyntaxError')")
    assert page.run("document.querySelector('.error').textContent.includes('x = (')")
    assert not page.has_overflow()
    (server.folder / "app.py").write_text(text)
    page.wait_for(f"{TEXT} === 'one'")


def test_a_file_that_the_page_does_not_use_changes_nothing(
    browser: Browser, server: DevServer
) -> None:
    page = open_page(browser, server)
    (server.folder / "static" / "upload.png").write_bytes(b"a")
    edit(server.folder, css="p { color: rgb(3, 3, 3) }")  # the page has got both events then
    page.wait_for(f"{COLOR} === 'rgb(3, 3, 3)'")
    assert page.run("window.mark") == 1


def test_a_page_with_an_error_of_a_view_is_loaded_again(
    browser: Browser, start: Start, tmp_path: Path
) -> None:
    write_app(tmp_path, "first", "@app.route('/page')\ndef page():\n    return 1 / 0")
    server = start(*FLASK)
    page = open_page(browser, server)
    assert "ZeroDivisionError" in page.run("document.title")
    write_app(tmp_path, "first", "@app.route('/page')\ndef page():\n    return '<p id=text>mended'")
    page.wait_for(f"{TEXT} === 'mended'")


def test_a_page_that_is_in_a_cache_is_loaded_again_once(
    browser: Browser, start: Start, tmp_path: Path
) -> None:
    """Its version is that of the process before, each time."""
    more = """
@app.route("/page")
def page():
    return '<link rel=stylesheet href=/static/shop.css><p id=text>a' \\
        '<script src="/.flask/reload.js?v=old.0"></script>'
"""
    write_app(tmp_path, "first", more)
    edit(tmp_path, css="p { color: rgb(1, 1, 1) }")
    server = start(*FLASK)
    page = browser.open(f"http://{server.address}/page")
    page.wait_for("performance.getEntriesByType('navigation')[0].type === 'reload'")
    page.run("window.mark = 1")
    edit(tmp_path, css="p { color: rgb(2, 2, 2) }")  # this event follows the one of the version
    page.wait_for(f"{COLOR} === 'rgb(2, 2, 2)'")
    assert page.run("window.mark") == 1
