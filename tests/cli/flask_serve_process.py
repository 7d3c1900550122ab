"""``flask serve`` in a separate process."""

from __future__ import annotations

import importlib.util
import socket
import sys
import typing as t
from pathlib import Path

import httpx
import pytest
from polling import LONGEST, free_port
from processes import PrintingProcess

needs_granian = pytest.mark.skipif(
    importlib.util.find_spec("granian") is None, reason="Granian is not installed"
)
FLASK = [sys.executable, "-m", "flask"]


class Served(PrintingProcess):
    """A ``flask serve`` that listens, and what it printed."""

    def __init__(self, folder: Path, *args: str) -> None:
        self.port = free_port()
        super().__init__(
            [*FLASK, "--app", "shop", "serve", "--port", str(self.port), *args], folder
        )

    def ask(self, path: str = "/") -> str:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=LONGEST).text

    def connect(self, path: str) -> t.Any:
        """Open a WebSocket."""
        from websockets.sync.client import connect

        return self.clients.enter_context(connect(f"ws://127.0.0.1:{self.port}{path}"))

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def signal(self, number: int) -> None:
        self.process.send_signal(number)
