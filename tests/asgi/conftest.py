"""A fixture that starts servers in separate processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from server_process import Process


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Start a server: the text of ``app.py``, and the arguments for Python."""
    started: list[Process] = []

    def start(text: str, *arguments: str) -> Process:
        started.append(Process(tmp_path, text, *arguments))
        return started[-1]

    yield start
    for process in started:
        process.stop()
