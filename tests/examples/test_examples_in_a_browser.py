"""Every page of the examples: for a keyboard, a screen reader, a phone and a dark screen."""

from __future__ import annotations

import os
import sys
import typing as t
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from browser import Browser, needs_chromium
from processes import PrintingProcess

pytestmark = [needs_chromium, pytest.mark.slow]
EXAMPLES = Path(__file__).parents[2] / "examples"

PAGES = {
    "hello/app.py": ["/", "/hello/Ada", "/guests"],
    "members/app.py": ["/", "/join"],
    "shop_api/shop": ["/v1/docs", "/v2/docs"],
    "chat/app.py": ["/"],
    "dashboard/app.py": ["/"],
    "cluster/webshop": ["/"],
}
"""The pages of each example; `test_blog` has those of the blog."""

OTHERS_WORK = {"shop_api/shop"}
"""Its pages are Swagger UI, which has barriers of its own."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all pages."""
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.stop()


@pytest.fixture(autouse=True)
def closed_pages(browser: Browser) -> Iterator[None]:
    """Close the pages of a test after it: their event streams take the browser's connections."""
    yield
    browser.close_pages()


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Serve an example, once for all tests; give its address."""
    addresses: dict[str, str] = {}
    with ExitStack() as stack:

        def start(name: str) -> str:
            if name not in addresses:
                os.environ.setdefault("FLASK_SECRET_KEY", "a key for tests")
                command = ["-m", "flask", "--app", str(EXAMPLES / name), "run", "--port", "0"]
                folder = tmp_path_factory.mktemp("served")
                server = PrintingProcess([sys.executable, *command], folder)
                stack.callback(server.stop)
                addresses[name] = server.wait_for(r"Running on (http://127\.0\.0\.1:\d+)")
            return addresses[name]

        yield start


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.parametrize(
    ("name", "path"), [(n, path) for n, paths in PAGES.items() for path in paths]
)
def test_a_page_has_no_barriers(
    browser: Browser, serve: t.Callable[[str], str], name: str, path: str, width: int, scheme: str
) -> None:
    base = serve(name)
    page = browser.open(base + path, width=width, scheme=scheme)
    if name not in OTHERS_WORK:
        assert page.find_barriers() == []
    assert page.complaints == []
    assert not page.has_overflow()
    assert [url for url in page.requested if not url.startswith((base, "data:", "about:"))] == []
