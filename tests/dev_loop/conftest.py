"""A fixture that starts the development server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dev_server import DevServer, Start


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a development server; the arguments are those of Python."""
    started: list[DevServer] = []

    def start(*arguments: str, bytecode: bool = False) -> DevServer:
        started.append(DevServer(tmp_path, *arguments, bytecode=bytecode))
        return started[-1]

    yield start
    for server in started:
        server.stop()
