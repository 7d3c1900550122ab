"""The pages in headless Chromium, from real servers: nothing foreign, accessible, and a console."""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Iterator

import httpx
import pytest
from browser import Browser, Page, needs_chromium
from polling import LONGEST
from processes import PrintingProcess

pytestmark = pytest.mark.slow

APP = """\
from flask import Flask, abort, request

app = Flask(__name__)
app.config["SECRET_KEY"] = "a long secret key"

@app.get("/")
def index():
    return "Hello"

def divide(number):
    divisor = 0
    return number / divisor

@app.route("/crash/<int:number>", methods=["GET", "POST"])
def crash(number):
    try:
        return str(divide(number))
    except ZeroDivisionError as error:
        error.add_note("a note")
        raise ValueError("<b>no</b> result") from error

@app.get("/group")
async def group():
    raise ExceptionGroup("two", [ValueError(1), TypeError(2)])

@app.get("/about")
def about():
    return "about"

@app.get("/abort")
def stop():
    abort(404)
"""

SERVERS = {
    "flask run": ("-m flask run --port 0 --no-reload", r"Running on http://127.0.0.1:(\d+)"),
    "uvicorn": ("-m uvicorn app:app --port 0", r"Uvicorn running on http://127.0.0.1:(\d+)"),
}
VIEWS: dict[str, dict[str, t.Any]] = {
    "desktop": {},
    "phone": {"width": 390, "height": 844},
    "dark": {"scheme": "dark"},
}
PATHS = ["/crash/7", "/group", "/abut", "/about/", "/abort"]


class Server(t.NamedTuple):
    name: str
    url: str
    process: PrintingProcess


@pytest.fixture(params=SERVERS, scope="module")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    arguments, pattern = SERVERS[request.param]
    if request.param == "uvicorn":
        pytest.importorskip("uvicorn")
    folder = tmp_path_factory.mktemp("served")
    (folder / "app.py").write_text(APP)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FLASK_DEBUG", "1")
        patched.setenv("WERKZEUG_DEBUG_PIN", "123-456")
        process = PrintingProcess([sys.executable, *arguments.split()], folder)
    yield Server(request.param, f"http://127.0.0.1:{process.wait_for(pattern)}", process)
    process.stop()


def get(server: Server, path: str, accept: str) -> httpx.Response:
    return httpx.get(f"{server.url}{path}", headers={"Accept": accept}, timeout=LONGEST)


def test_every_kind_of_page_is_sent_and_the_error_is_logged(server: Server) -> None:
    for accept in ("text/html", "*/*", "application/json"):
        answer = get(server, "/crash/7", accept)
        assert answer.status_code == 500
        assert "ValueError" in answer.text
    assert get(server, "/", "*/*").text == "Hello"
    server.process.wait_for(r"ValueError: <b>no</b> result")


def test_the_console_is_on_the_development_server_only(server: Server) -> None:
    page = get(server, "/crash/7", "text/html").text
    assert ("data-frame=" in page) is (server.name == "flask run")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("browser"))
    yield opened
    opened.stop()


@pytest.fixture(autouse=True)
def closed_pages(browser: Browser) -> Iterator[None]:
    """Close the pages of a test after it: their event streams take the browser's connections."""
    yield
    browser.close_pages()


def find_complaints(page: Page) -> list[str]:
    """Return what the console shows besides the status of the page itself."""
    page.run("1")  # earlier messages come first
    return [text for text in page.complaints if "the server responded with a status" not in text]


def press(page: Page, key: str, text: str = "") -> None:
    """Press a key where the focus is."""
    code = {"Enter": 13, " ": 32, "ArrowUp": 38}[key]
    options: dict[str, t.Any] = {"key": key, "windowsVirtualKeyCode": code}
    if text:
        options["text"] = text
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, **options)


def type_text(page: Page, text: str) -> None:
    page.call("Input.insertText", text=text)


@needs_chromium
class TestInChromium:
    @pytest.mark.parametrize("view", VIEWS)
    @pytest.mark.parametrize("path", PATHS)
    def test_a_page_fits_loads_nothing_foreign_and_is_accessible(
        self, server: Server, browser: Browser, path: str, view: str
    ) -> None:
        page = browser.open(f"{server.url}{path}", **VIEWS[view])
        assert page.requested == [f"{server.url}{path}"]
        assert find_complaints(page) == []
        assert page.run("document.styleSheets.length") == 1
        assert not page.has_overflow()
        if path.startswith(("/crash", "/group")):
            page.run("document.getElementById('unfold').click()")
            assert page.run("document.querySelectorAll('details:not([open])').length") == 0
            assert not page.has_overflow()
        assert page.find_barriers() == []

    def test_the_report_is_copied_with_the_keyboard(self, server: Server, browser: Browser) -> None:
        page = browser.open(f"{server.url}/crash/7")
        page.run("navigator.clipboard.writeText = async text => { window.copied = text }")
        page.run("document.getElementById('copy').focus()")
        press(page, "Enter", "\r")
        page.wait_for("document.getElementById('status').textContent === 'Copied.'")
        text = page.run("copied")
        assert text.startswith("ValueError: <b>no</b> result\n\napp.py:20 in crash\n")
        assert "Traceback (most recent call last)" in text

    def test_without_a_clipboard_the_report_is_selected(
        self, server: Server, browser: Browser
    ) -> None:
        page = browser.open(f"{server.url}/crash/7")
        page.run("navigator.clipboard.writeText = async text => { throw new Error() }")
        page.run("document.getElementById('copy').click()")
        page.wait_for("document.getElementById('status').textContent.includes('Ctrl+C')")
        assert "Traceback (most recent call last)" in page.run("getSelection().toString()")

    def test_frames_open_with_the_keyboard(self, server: Server, browser: Browser) -> None:
        page = browser.open(f"{server.url}/crash/7")
        page.run("window.group = document.querySelector('details.library'); 0")
        assert not page.run("group.open")
        page.run("group.querySelector('summary').focus()")
        press(page, " ", " ")
        page.wait_for("group.open")

    def test_a_command_runs_in_a_frame_after_the_pin(
        self, server: Server, browser: Browser
    ) -> None:
        if server.name != "flask run":
            pytest.skip("there is no console")
        page = browser.open(f"{server.url}/crash/7")
        page.run("document.querySelector('.console > button').click()")
        server.process.wait_for(r"Debugger pin code: (123-456)")
        page.wait_for("document.getElementById('pin').open")
        type_text(page, "999-999")
        press(page, "Enter", "\r")
        page.wait_for("document.getElementById('pin-problem').textContent.includes('not the PIN')")
        assert page.find_barriers() == []
        type_text(page, "123-456")  # the wrong one is selected
        press(page, "Enter", "\r")
        page.wait_for("document.activeElement.name === 'command'")
        type_text(page, "number * 6, '<img src=x>'")
        press(page, "Enter", "\r")
        page.run("window.output = document.querySelector('.console .output'); 0")
        page.wait_for("output.textContent.includes('42')")
        assert page.run("output.querySelectorAll('img').length") == 0
        assert page.run("document.activeElement.value") == ""
        press(page, "ArrowUp")
        assert page.run("document.activeElement.value") == "number * 6, '<img src=x>'"
        assert page.find_barriers() == []
        assert find_complaints(page) == []
