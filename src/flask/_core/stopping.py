"""What has to end when a server begins to stop, before it waits for its requests."""

from __future__ import annotations

import _thread
import typing as t
from collections.abc import Callable

_functions: t.Final[list[Callable[[], object]]] = []


class _Announcement:
    """How this process learns that its server stops."""

    is_by_server: bool = False
    """Whether the server calls `stop_soon`. Otherwise a signal is the only sign."""


announcement: t.Final = _Announcement()


def call_at_stop(function: Callable[[], object]) -> None:
    """Call a function when the server begins to stop; the same function once.

    :param function: handles its own errors.
    """
    if function not in _functions:
        _functions.append(function)


def stop_soon() -> None:
    """Call the functions in a thread. The caller may be a signal handler, which must not lock.

    So it starts no `threading.Thread`: the signal may have interrupted the start of another one,
    which holds a lock of that module.
    """
    if _functions:
        _thread.start_new_thread(_call_all, ())


def _call_all() -> None:
    for function in _functions:
        function()
