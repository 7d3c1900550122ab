"""Hold methods of the package, so that threads meet where a test wants it."""

from __future__ import annotations

import threading
import time
import typing as t
from collections.abc import Callable

from polling import LONGEST


class Gate:
    """Holds the first call of a method until it is opened.

    :param owner: what has the method.
    :param name: the name of the method.
    :param is_after: whether the call is held when it is done; otherwise before it begins.
    """

    def __init__(self, owner: t.Any, name: str, is_after: bool = False) -> None:
        self._is_reached, self._is_open = threading.Event(), threading.Event()
        self._method = getattr(owner, name)
        self._is_after = is_after
        setattr(owner, name, lambda *arguments, **named: self._call(*arguments, **named))

    def _call(self, *arguments: t.Any, **named: t.Any) -> t.Any:
        if not self._is_after:
            self._hold()
        result = self._method(*arguments, **named)
        if self._is_after:
            self._hold()
        return result

    def _hold(self) -> None:
        if not self._is_reached.is_set():
            self._is_reached.set()
            assert self._is_open.wait(LONGEST)

    def wait(self) -> None:
        assert self._is_reached.wait(LONGEST)

    def open(self) -> None:
        self._is_open.set()


def call_around(owner: t.Any, name: str, before: t.Any = None, after: t.Any = None) -> None:
    """Call functions before and after each call of a method."""
    method = getattr(owner, name)

    def call(*arguments: t.Any) -> t.Any:
        if before is not None:
            before()
        result = method(*arguments)
        if after is not None:
            after()
        return result

    setattr(owner, name, call)


def run_thread(function: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def pause_until(condition: Callable[[], object], seconds: float = 0.3) -> None:
    """Give threads time to do what they must not do."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
