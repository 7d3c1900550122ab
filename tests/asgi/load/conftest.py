"""Pools with few threads, and a gate that holds views."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from flask._core import threads


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    made = threading.Event()
    yield made
    made.set()


@pytest.fixture(autouse=True)
def pools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pools that no other test has used."""
    from flask.asgi import _http, _thread_executor

    views = threads.Threads("synchronous views", "ASGI_THREADS", "ASGI_QUEUE_SIZE", "Have more.")
    monkeypatch.setattr(_http, "views", views)
    monkeypatch.setattr(threads, "views", views)
    defaults = list(_thread_executor.ThreadExecutor.__init__.__defaults__)  # type: ignore[arg-type]
    defaults[defaults.index(_thread_executor.views)] = views
    monkeypatch.setattr(_thread_executor.ThreadExecutor.__init__, "__defaults__", tuple(defaults))
