"""Servers in separate processes, and the greenlets that a test makes."""

from __future__ import annotations

import gc
import typing as t
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from server_process import Process


class MadeGreenlets:
    """The greenlets of the executor that were made during a test, in any thread.

    Those of earlier tests are not counted: they may end at any moment.
    """

    def __init__(self) -> None:
        self._made: list[weakref.ref[t.Any]] = []

    def add(self, worker: object) -> None:
        self._made.append(weakref.ref(worker))

    def __len__(self) -> int:
        """Return how many were made."""
        return len(self._made)

    def left(self) -> int:
        """Return how many are still in memory. Their own stacks hold those that did not end."""
        gc.collect()
        return sum(ref() is not None for ref in self._made)

    def idle(self) -> int:
        """Return how many have not ended. Those of a thread that has ended are not counted."""
        return sum(each is not None and not each.dead for each in (ref() for ref in self._made))


@pytest.fixture
def made_greenlets(monkeypatch: pytest.MonkeyPatch) -> MadeGreenlets:
    executor = pytest.importorskip("flask.asgi._greenlet_executor")
    made = MadeGreenlets()
    initialize = executor.WorkerGreenlet.__init__

    def initialize_and_add(self: t.Any, *arguments: t.Any) -> None:
        initialize(self, *arguments)
        made.add(self)

    monkeypatch.setattr(executor.WorkerGreenlet, "__init__", initialize_and_add)
    return made


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
