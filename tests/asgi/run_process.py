"""A server in a process of its own, with connections that stay open; for the tests of several."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import typing as t
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

client_of = pytest.importorskip("websockets.sync.client")

LONGEST = 60  # seconds that anything may take


class Process:
    """A server in a process of its own, and what it has printed."""

    def __init__(self, folder: Path, text: str, *arguments: str) -> None:
        self.folder = folder
        self.write(text)
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
        )
        self.printed = ""
        self._clients = ExitStack()
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.address = self.wait_for(r"(?:Running on|Listening at:) https?://([\d.]+:\d+)")

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                with self._changed:
                    self.printed += line
                    self._changed.notify_all()

    def wait_for(self, pattern: str) -> str:
        def found() -> re.Match[str] | None:
            return re.search(pattern, self.printed)

        with self._changed:
            match = self._changed.wait_for(found, LONGEST)
        assert match, f"No {pattern!r} in:\n{self.printed}"
        return match[match.re.groups]

    def connect(self, path: str, **options: t.Any) -> t.Any:
        url = f"{'wss' if options else 'ws'}://{self.address}{path}"
        return self._clients.enter_context(client_of.connect(url, max_size=None, **options))

    def ask(self, path: str = "/") -> str:
        return httpx.get(f"http://{self.address}{path}", timeout=LONGEST).text

    def listen(self, path: str) -> Generator[str, None, None]:
        """Open a stream of server-sent events; yield the data of each."""
        with httpx.stream("GET", f"http://{self.address}{path}", timeout=LONGEST) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    yield line.removeprefix("data: ")

    def write(self, text: str) -> None:
        """Write the application; each time it is newer than before, whatever the file system."""
        file = self.folder / "app.py"
        before = file.stat().st_mtime if file.exists() else 0.0
        file.write_text(text)
        if before:
            os.utime(file, (before + 2, before + 2))

    def interrupt(self) -> None:
        """Press Ctrl-C: everything that belongs to the terminal is told."""
        os.killpg(self._process.pid, signal.SIGINT)

    def wait(self) -> int:
        """Wait for the end; return the exit code."""
        code = self._process.wait(LONGEST)
        self._reader.join(LONGEST)
        return code

    def close(self) -> None:
        self._clients.close()
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(LONGEST)
        self._reader.join(LONGEST)
