"""The pages in headless Chromium, from real servers: nothing foreign, accessible, and a console."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browser import PROGRAM, needs_chromium
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
    "desktop": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
}
PATHS = {"/crash/7": 500, "/group": 500, "/abut": 404, "/about/": 404, "/abort": 404}

needs_playwright = pytest.mark.skipif(
    importlib.util.find_spec("playwright") is None,
    reason="playwright is not installed: pip install playwright",
)


def find_axe() -> Path | None:
    """Find axe-core: AXE_CORE names its file, or ``npm install --global axe-core``."""
    places = [os.environ.get("AXE_CORE", "")]
    npm = shutil.which("npm")
    if npm is not None:
        folders = (Path(npm).parent.parent / "lib", Path(__file__).parents[2])
        places += [f"{folder}/node_modules/axe-core/axe.min.js" for folder in folders]
    return next((Path(place) for place in places if place and Path(place).is_file()), None)


AXE = find_axe()


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
def browser() -> Iterator[t.Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Visit:
    """A page, with what it loaded and what its console shows."""

    def __init__(self, browser: t.Any, url: str, view: str) -> None:
        self.page = browser.new_page(**VIEWS[view])
        self.page.set_default_timeout(LONGEST * 1000)
        self.requests: list[str] = []
        self.messages: list[str] = []
        self.page.on("request", lambda it: self.requests.append(it.url))
        self.page.on("console", lambda it: self.messages.append(f"{it.type}: {it.text}"))
        self.page.on("pageerror", lambda it: self.messages.append(f"error: {it}"))
        self.status = self.page.goto(url).status

    def complaints(self) -> list[str]:
        """Return what the console shows besides the status of the page itself."""
        return [text for text in self.messages if "the server responded with a status" not in text]

    def find_violations(self) -> list[str]:
        """Return what axe finds; its own script is not subject to the policy of the page."""
        assert AXE is not None
        session = self.page.context.new_cdp_session(self.page)
        session.send("Page.setBypassCSP", {"enabled": True})
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("axe.run()")
        assert len(found["passes"]) > 10
        return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]]


@needs_chromium
@needs_playwright
class TestInChromium:
    @pytest.mark.parametrize("view", VIEWS)
    @pytest.mark.parametrize("path", PATHS)
    def test_a_page_fits_loads_nothing_foreign_and_is_accessible(
        self, server: Server, browser: t.Any, path: str, view: str
    ) -> None:
        visit = Visit(browser, f"{server.url}{path}", view)
        assert visit.status == PATHS[path]
        assert visit.requests == [f"{server.url}{path}"]
        assert visit.complaints() == []
        is_wide = "document.documentElement.scrollWidth > innerWidth"
        assert not visit.page.evaluate(is_wide)
        if path.startswith(("/crash", "/group")):
            visit.page.get_by_role("button", name="Open or close everything").click()
            assert not visit.page.evaluate(is_wide)
        if AXE is not None:
            assert visit.find_violations() == []
        visit.page.close()

    def test_axe_is_installed(self) -> None:
        if AXE is None:
            pytest.skip("axe-core is not installed: npm install --global axe-core")

    def test_the_report_is_copied_with_the_keyboard(self, server: Server, browser: t.Any) -> None:
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.goto(f"{server.url}/crash/7")
        page.get_by_role("button", name="Copy as text").focus()
        page.keyboard.press("Enter")
        page.get_by_text("Copied.").wait_for()
        text = page.evaluate("navigator.clipboard.readText()")
        assert text.startswith("ValueError: <b>no</b> result\n\napp.py:20 in crash\n")
        assert "Traceback (most recent call last)" in text
        context.close()

    def test_frames_open_with_the_keyboard(self, server: Server, browser: t.Any) -> None:
        page = browser.new_page()
        page.goto(f"{server.url}/crash/7")
        group = page.locator("details.library").first
        assert not group.evaluate("it => it.open")
        group.locator("summary").first.focus()
        page.keyboard.press("Space")
        assert group.evaluate("it => it.open")
        page.close()

    def test_a_command_runs_in_a_frame_after_the_pin(self, server: Server, browser: t.Any) -> None:
        if server.name != "flask run":
            pytest.skip("there is no console")
        context = browser.new_context()
        page = context.new_page()
        messages: list[str] = []
        page.on("pageerror", lambda it: messages.append(str(it)))
        page.goto(f"{server.url}/crash/7")
        page.get_by_role("button", name="Console in this frame").first.click()
        server.process.wait_for(r"Debugger pin code: (123-456)")
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("PIN").fill("999-999")
        dialog.get_by_role("button", name="Unlock").click()
        dialog.get_by_text("This is not the PIN.").wait_for()
        dialog.get_by_label("PIN").fill("123-456")
        page.keyboard.press("Enter")
        command = page.get_by_label("Python command in crash, line 20")
        command.fill("number * 6, '<img src=x>'")
        page.keyboard.press("Enter")
        output = page.get_by_label("Output of the console").first
        output.get_by_text("42").wait_for()
        assert output.locator("img").count() == 0
        assert command.input_value() == ""
        page.keyboard.press("ArrowUp")
        assert command.input_value() == "number * 6, '<img src=x>'"
        if AXE is not None:
            session = context.new_cdp_session(page)
            session.send("Page.setBypassCSP", {"enabled": True})
            page.evaluate(AXE.read_text("utf-8"))
            assert page.evaluate("axe.run()")["violations"] == []
        assert messages == []
        context.close()
