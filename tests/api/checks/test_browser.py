"""The docs page in headless Chromium: it renders and sends requests, and loads nothing foreign."""

from __future__ import annotations

import importlib.util
import os
import shutil
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import PROTOCOLS, load_app, serve

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
        first = self.page.locator(".opblock-get").filter(has_not_text="{").first
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
    with serve(load_app(), protocol, prefix) as address:
        visit = Visit(browser, f"{address}/docs")
        before = len(visit.requests)
        assert visit.execute().startswith("200")
        assert [url for url in visit.requests[before:] if f"{address}/docs/" not in url]
        foreign = [url for url in visit.requests if not url.startswith((f"{address}/", "data:"))]
        assert foreign == []
        assert visit.messages == []
        visit.page.close()


@pytest.mark.parametrize("name", VIEWS)
def test_the_page_fits_the_window_and_follows_the_color_scheme(
    browser: t.Any, name: str, tmp_path: Path
) -> None:
    """Item 16."""
    folder = Path(os.environ.get("API_CHECKS_SCREENSHOTS") or tmp_path)
    with serve(load_app(), "wsgi") as address:
        visit = Visit(browser, f"{address}/docs", **VIEWS[name])
        visit.page.screenshot(path=folder / f"{name}.png")
        visit.execute()
        visit.page.screenshot(path=folder / f"{name}-operation.png", full_page=True)
        script = "document.documentElement.scrollWidth"
        assert visit.page.evaluate(script) <= VIEWS[name]["viewport"]["width"]
        background = "getComputedStyle(document.body).backgroundColor"
        channels = visit.page.evaluate(background).strip("rgb()").split(",")
        is_dark = all(int(channel) < 64 for channel in channels)
        assert is_dark is (name == "dark")
        assert visit.messages == []
        visit.page.close()


def test_a_foreign_request_would_be_blocked_and_noticed(browser: t.Any) -> None:
    with serve(load_app(), "wsgi") as address:
        visit = Visit(browser, f"{address}/docs")
        visit.page.evaluate("fetch('http://example.invalid/').catch(() => null)")
        assert any("Content Security Policy" in message for message in visit.messages)
        visit.page.close()
