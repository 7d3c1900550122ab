"""Ends all listeners when the server is asked to stop.

A server that stops waits for its requests, and a stream would never end. Servers announce the end
to the application only after that. So the listeners end at the signal that stops the server. This
module adds to the server's own handler, and only if there is one.
"""

from __future__ import annotations

import signal
import threading
import types
import typing as t
from collections.abc import Callable
from functools import partial

from .._core.stopping import announcement, call_at_stop, stop_soon
from ._hub import stop_all

_Handler: t.TypeAlias = Callable[[int, types.FrameType | None], t.Any]


class _Chained:
    """A handler of a signal that ends the listeners, and calls the server's handler.

    :param handler: the server's handler.
    """

    def __init__(self, handler: _Handler) -> None:
        self._handler = handler

    def __call__(self, number: int, frame: types.FrameType | None) -> t.Any:
        stop_soon()
        return self._handler(number, frame)


def stop_at_signals() -> None:
    """End the listeners at SIGTERM and SIGINT, if a server handles them.

    Only the main thread can do that. Elsewhere this does nothing. ``flask serve`` needs it not: it
    closes its WebSockets first, so that their clients get the code 1001.
    """
    call_at_stop(stop_all)
    if announcement.is_by_server or threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        handler = signal.getsignal(number)
        if callable(handler) and not isinstance(handler, _Chained):
            if handler is signal.default_int_handler or isinstance(handler, partial):
                continue  # Python's own, for a program or for `asyncio.run`
            try:
                signal.signal(number, _Chained(handler))
            except ValueError:
                return  # not the main interpreter
