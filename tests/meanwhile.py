"""Let another thread make a change at a certain moment."""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Callable

import pytest

SOON = 0.1  # seconds; a thread that waits for a lock is not done then


def change_after_first_call(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, change: Callable[[], object]
) -> Callable[[], None]:
    """Let another thread make a change as soon as a function returns for the first time.

    Returns what waits for the end of that thread.
    """
    function = getattr(owner, name)
    thread = threading.Thread(target=change)

    def run(*args: t.Any) -> t.Any:
        result = function(*args)
        if thread.ident is None:
            thread.start()
            thread.join(SOON)
        return result

    monkeypatch.setattr(owner, name, run)
    return thread.join
