"""The docs page in headless Chromium: it renders and sends requests, and loads nothing foreign."""

from __future__ import annotations

import importlib.util
import os
import shutil
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import PROTOCOLS, load_app, serve, urls_of

CHROMIUM = os.environ.get("API_CHECKS_CHROMIUM") or shutil.which("chromium")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None,
        reason="playwright is not installed: pip install --group api-checks",
    ),
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed: apt-get install chromium"
    ),
]

VIEWS = {
    "desktop": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
}
LONGEST = 10_000  # milliseconds


@pytest.fixture(scope="module")
def browser() -> Iterator[t.Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Visit:
    """A page, with what it loaded and what its console shows."""

    def __init__(self, browser: t.Any, url: str, **view: t.Any) -> None:
        self.page = browser.new_page(**view)
        self.page.set_default_timeout(LONGEST)
        self.requests: list[str] = []
        self.messages: list[str] = []
        self.page.on("request", lambda it: self.requests.append(it.url))
        self.page.on("requestfailed", lambda it: self.messages.append(f"failed: {it.url}"))
        self.page.on("console", lambda it: self.messages.append(f"{it.type}: {it.text}"))
        self.page.on("pageerror", lambda it: self.messages.append(f"error: {it}"))
        self.page.goto(url)
        self.page.wait_for_selector(".opblock")

    def execute(self) -> str:
        """Send a request of the first GET operation without variables; return its status."""
        get = self.page.locator(".opblock-summary-method", has_text="GET")
        first = self.page.locator(".opblock").filter(has=get, has_not_text="{").first
        block = self.page.locator(f"[id='{first.get_attribute('id')}']")
        block.locator(".opblock-summary-control").click()
        block.locator(".try-out__btn").click()
        block.locator(".execute").click()
        status = block.locator(".live-responses-table tbody .response-col_status").first
        return str(status.inner_text()).strip()


@pytest.mark.parametrize("prefix", ["", "/shop"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_page_sends_a_request_and_loads_nothing_foreign(
    browser: t.Any, protocol: str, prefix: str
) -> None:
    """Item 16."""
    app = load_app()
    with serve(app, protocol, prefix) as address:
        for path in urls_of(app, "docs"):
            visit = Visit(browser, f"{address}{path}")
            before = len(visit.requests)
            assert visit.execute().startswith("200")
            assert [url for url in visit.requests[before:] if f"{address}{path}/" not in url]
            own = (f"{address}/", "data:")
            assert [url for url in visit.requests if not url.startswith(own)] == []
            assert visit.messages == []
            visit.page.close()


@pytest.mark.parametrize("name", VIEWS)
def test_the_page_fits_the_window_and_follows_the_color_scheme(
    browser: t.Any, name: str, tmp_path: Path
) -> None:
    """Item 16."""
    folder = Path(os.environ.get("API_CHECKS_SCREENSHOTS") or tmp_path)
    app = load_app()
    with serve(app, "wsgi") as address:
        for number, path in enumerate(urls_of(app, "docs"), 1):
            visit = Visit(browser, f"{address}{path}", **VIEWS[name])
            visit.page.screenshot(path=folder / f"{name}-{number}.png")
            visit.execute()
            picture = folder / f"{name}-{number}-operation.png"
            visit.page.screenshot(path=picture, full_page=True)
            script = "document.documentElement.scrollWidth"
            assert visit.page.evaluate(script) <= VIEWS[name]["viewport"]["width"]
            background = "getComputedStyle(document.body).backgroundColor"
            channels = visit.page.evaluate(background).strip("rgb()").split(",")
            is_dark = all(int(channel) < 64 for channel in channels)
            assert is_dark is (name == "dark")
            assert visit.messages == []
            visit.page.close()


def test_a_foreign_request_would_be_blocked_and_noticed(browser: t.Any) -> None:
    app = load_app()
    with serve(app, "wsgi") as address:
        visit = Visit(browser, address + urls_of(app, "docs")[0])
        visit.page.evaluate("fetch('http://example.invalid/').catch(() => null)")
        assert any("Content Security Policy" in message for message in visit.messages)
        visit.page.close()
