"""A ``flask serve`` in a process of its own; for the tests of the command."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import typing as t
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

needs_granian = pytest.mark.skipif(
    importlib.util.find_spec("granian") is None, reason="Granian is not installed"
)
FLASK = [sys.executable, "-m", "flask"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(is_so: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be so"
        threading.Event().wait(0.02)


class Served:
    """A ``flask serve`` that listens, and what it printed."""

    def __init__(self, folder: Path, *args: str) -> None:
        self.port = free_port()
        self.printed = ""
        self._process = subprocess.Popen(
            [*FLASK, "--app", "shop", "serve", "--port", str(self.port), *args],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
        )
        self._clients = ExitStack()
        self._condition = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                with self._condition:
                    self.printed += line
                    self._condition.notify_all()

    def wait_for(self, pattern: str) -> None:
        with self._condition:
            if not self._condition.wait_for(lambda: re.search(pattern, self.printed), timeout=60):
                pytest.fail(f"No {pattern!r} in what the server printed:\n{self.printed}")

    def ask(self, path: str = "/") -> str:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=60).text

    def connect(self, path: str) -> t.Any:
        """Open a WebSocket."""
        from websockets.sync.client import connect

        return self._clients.enter_context(connect(f"ws://127.0.0.1:{self.port}{path}"))

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        code = self._process.wait(timeout=60)
        self._reader.join(timeout=60)
        return code

    def stop(self) -> None:
        self._clients.close()
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self.wait()
