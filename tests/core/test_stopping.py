"""What ends when a server begins to stop."""

from __future__ import annotations

import threading
import typing as t

import pytest
from polling import LONGEST

from flask._core import stopping


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Is set when the functions are called."""
    event = threading.Event()
    monkeypatch.setattr(stopping, "_functions", [])
    stopping.call_at_stop(event.set)
    stopping.call_at_stop(event.set)
    return event


def test_the_functions_are_called(called: threading.Event) -> None:
    stopping.stop_soon()
    assert called.wait(LONGEST)


def test_a_signal_may_interrupt_the_start_of_a_thread(called: threading.Event) -> None:
    lock: t.Any = threading._active_limbo_lock  # type: ignore[attr-defined]
    with lock:
        stopping.stop_soon()
        assert called.wait(LONGEST)
