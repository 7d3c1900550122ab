"""Chromium without a window, controlled over its debugging protocol."""

from __future__ import annotations

import base64
import importlib.resources
import itertools
import json
import shutil
import typing as t
from pathlib import Path

import httpx
import pytest
from polling import LONGEST, wait_until
from processes import PrintingProcess
from websockets.sync.client import ClientConnection, connect

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")

needs_chromium = pytest.mark.skipif(
    PROGRAM is None, reason="chromium is not installed; Debian's package has the same name"
)


class Browser(PrintingProcess):
    """A browser of its own.

    :param folder: has its profile.
    """

    def __init__(self, folder: Path) -> None:
        assert PROGRAM is not None
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        options += ["--disable-dev-shm-usage"]  # a container may have little shared memory
        options += ["--remote-debugging-port=0", f"--user-data-dir={folder / 'profile'}"]
        super().__init__([PROGRAM, *options, "about:blank"], folder)
        self.port = self.wait_for(r"DevTools listening on ws://127.0.0.1:(\d+)/")
        self._pages: list[str] = []

    def open(self, url: str, **options: t.Any) -> Page:
        """Open a page; see `Page`."""
        answer = httpx.put(f"http://127.0.0.1:{self.port}/json/new?about:blank", timeout=LONGEST)
        self._pages.append(answer.json()["id"])
        address = answer.json()["webSocketDebuggerUrl"]
        page = Page(
            self.clients.enter_context(connect(address, max_size=None, ping_interval=None)),
            **options,
        )
        page.go(url)
        return page

    def close_pages(self) -> None:
        """Close all pages: a browser has six connections to a host, and event streams keep them."""
        self.clients.close()
        while self._pages:
            address = f"http://127.0.0.1:{self.port}/json/close/{self._pages.pop()}"
            httpx.get(address, timeout=LONGEST)


class Page:
    """A page of the browser.

    :param channel: its debugging protocol.
    :param width: pixels of the window.
    :param height: likewise.
    :param scheme: "light" or "dark".
    """

    def __init__(
        self, channel: ClientConnection, width: int = 1280, height: int = 800, scheme: str = "light"
    ) -> None:
        self.channel = channel
        self.complaints: list[str] = []
        """Errors that the console has shown."""
        self.requested: list[str] = []
        """The URLs of all requests."""
        self._numbers = itertools.count(1)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def call(self, method: str, **params: t.Any) -> t.Any:
        """Call a method, and note what the console shows in the meantime."""
        number = next(self._numbers)
        self.channel.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self.channel.recv(LONGEST))
            kind = message.get("method", "")
            if kind == "Runtime.exceptionThrown" or (
                kind == "Runtime.consoleAPICalled" and message["params"]["type"] == "error"
            ):
                self.complaints.append(json.dumps(message["params"])[:500])
            if kind == "Network.requestWillBeSent":
                self.requested.append(message["params"]["request"]["url"])
            if kind == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                self.complaints.append(json.dumps(message["params"]["entry"])[:500])
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    def go(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        wait_until(lambda: self.run("location.href !== 'about:blank'"), "a page")
        wait_until(lambda: self.run("document.readyState") == "complete", "a page")

    def run(self, script: str) -> t.Any:
        """Run JavaScript, and return its value."""
        result = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Wait until a JavaScript expression is true."""
        wait_until(lambda: self.run(script), script)

    def has_overflow(self) -> bool:
        """Return whether the page is wider than the window."""
        return bool(self.run("document.documentElement.scrollWidth > innerWidth"))

    def find_barriers(self) -> list[str]:
        """Return what makes the page hard to use with a keyboard or a screen reader.

        Each is a rule of axe-core (https://www.w3.org/TR/WCAG22/) and the element that breaks it.
        """
        # Colors that still change would be measured halfway.
        self.run("document.getAnimations().forEach(animation => animation.finish())")
        script = importlib.resources.files("axe_playwright_python") / "axe.min.js"
        self.run(script.read_text("utf-8") + ";0")
        found: list[str] = self.run(
            """axe.run().then(result => result.violations.flatMap(
                rule => rule.nodes.map(node => `${rule.id}: ${node.html}`)))"""
        )
        return found

    def save_picture(self, path: Path) -> None:
        data = self.call("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))
