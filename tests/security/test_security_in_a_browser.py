"""Both profiles in Chromium: what a browser sends, runs, refuses and reads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from browser import Browser, needs_chromium
from polling import LONGEST, free_port, wait_until
from processes import PrintingProcess

pytestmark = [needs_chromium, pytest.mark.slow]
HERE = Path(__file__).parent
Serve = Callable[..., int]


def _command(protocol: str, factory: str, port: int) -> list[str]:
    if protocol == "asgi":
        options = ["--factory", "--port", str(port), "--app-dir", str(HERE)]
        return [sys.executable, "-m", "uvicorn", f"guarded_site:{factory}", *options]
    app = f"{HERE / 'guarded_site.py'}:{factory}"
    return [sys.executable, "-m", "flask", "--app", app, "run", "--port", str(port)]


@pytest.fixture(params=["wsgi", "asgi"])
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serve]:
    """Serve the application of a factory, on a port."""
    with ExitStack() as stack:

        def start(factory: str, port: int) -> int:
            server = PrintingProcess(_command(request.param, factory, port), tmp_path)
            stack.callback(server.stop)
            wait_until(lambda: _answers(f"http://127.0.0.1:{port}/"), "a server that answers")
            return port

        yield start


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=LONGEST).status_code < 500
    except httpx.TransportError:
        return False


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A browser with a profile of its own."""
    browser = Browser(tmp_path)
    yield browser
    browser.stop()


def test_a_page_of_the_profile_web_works_without_a_complaint(
    serve: Serve, browser: Browser
) -> None:
    port = serve("create_site", free_port())
    page = browser.open(f"http://127.0.0.1:{port}/")
    assert page.run("document.body.dataset.nonce") == "ran"
    assert page.run("getComputedStyle(document.body).color") == "rgb(1, 2, 3)"
    for count in (1, 2):
        page.run("document.querySelector('button').click()")
        page.wait_for(f"document.title === '{count} orders'")
    assert page.complaints == []


def test_a_script_without_the_nonce_does_not_run(serve: Serve, browser: Browser) -> None:
    port = serve("create_site", free_port())
    page = browser.open(f"http://127.0.0.1:{port}/injected")
    assert page.run("document.body.dataset.nonce") == "ran"
    assert page.run("document.body.dataset.injected ?? 'refused'") == "refused"
    assert any("Content Security Policy" in complaint for complaint in page.complaints)


# "localhost" and "127.0.0.1" are two sites; two ports of one host are two origins of one site.
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_form_of_another_site_is_refused(
    serve: Serve, browser: Browser, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    port = serve("create_site", free_port())
    page = browser.open(f"http://127.0.0.1:{port}/")
    page.run("document.querySelector('button').click()")
    page.wait_for("document.title === '1 orders'")
    monkeypatch.setenv("TARGET", f"http://127.0.0.1:{port}/orders")
    stranger = serve("create_stranger", free_port())
    page.go(f"http://{host}:{stranger}/forged")
    page.wait_for("document.title === '403 Forbidden'")
    page.go(f"http://127.0.0.1:{port}/")
    page.wait_for("document.title === '1 orders'")


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_only_the_named_origin_reads_the_api(
    serve: Serve, browser: Browser, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    friend, stranger = free_port(), free_port()
    monkeypatch.setenv("FRIEND", f"http://127.0.0.1:{friend}")
    monkeypatch.setenv("TARGET", "unused")
    api = serve("create_api", free_port())
    read = f"""fetch("http://127.0.0.1:{api}/items",
        {{method: "{method}", credentials: "include", headers: {{"X-Custom": "1"}}}})
        .then(answer => answer.json()).catch(() => "refused")"""
    expected = {"GET": ["tea"], "PUT": ["milk"]}[method]
    for port, answer in ((friend, expected), (stranger, "refused")):
        page = browser.open(f"http://127.0.0.1:{serve('create_stranger', port)}/")
        assert page.run(read) == answer
