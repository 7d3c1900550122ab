"""A server in a separate process, with connections that stay open."""

from __future__ import annotations

import os
import signal
import sys
import typing as t
from collections.abc import Generator
from pathlib import Path

import httpx
from polling import LONGEST
from processes import PrintingProcess
from websockets.sync.client import connect


class Process(PrintingProcess):
    """A server in a separate process: the text of its ``app.py``, and Python's arguments."""

    def __init__(self, folder: Path, text: str, *arguments: str) -> None:
        self.folder = folder
        self.write(text)
        super().__init__([sys.executable, *arguments], folder)
        self.address = self.wait_for(r"(?:Running on|Listening at:) https?://([\d.]+:\d+)")

    def connect(self, path: str, **options: t.Any) -> t.Any:
        url = f"{'wss' if options else 'ws'}://{self.address}{path}"
        return self.clients.enter_context(connect(url, max_size=None, **options))

    def ask(self, path: str = "/") -> str:
        return httpx.get(f"http://{self.address}{path}", timeout=LONGEST).text

    def listen(self, path: str) -> Generator[str, None, None]:
        """Open a stream of server-sent events; yield the data of each."""
        with httpx.stream("GET", f"http://{self.address}{path}", timeout=LONGEST) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    yield line.removeprefix("data: ")

    def write(self, text: str) -> None:
        """Write the application, each time with a later modification time."""
        file = self.folder / "app.py"
        before = file.stat().st_mtime if file.exists() else 0.0
        file.write_text(text)
        if before:
            os.utime(file, (before + 2, before + 2))

    def interrupt(self) -> None:
        """Press Ctrl-C: every process of the terminal gets SIGINT."""
        os.killpg(self.process.pid, signal.SIGINT)
