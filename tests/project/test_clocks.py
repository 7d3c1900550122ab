"""A step of the system's clock changes no waiting time, no interval and no limit.

These are measured with ``time.monotonic``. The wall clock is read only where a date leaves this
process: in a header, a cookie, a signature, a log line, or a file that other processes read.
"""

from __future__ import annotations

import ast
import typing as t

from modules import MODULES, Module

WALL_CLOCK = {
    "_http/cookies": "the date in the attribute Expires",
    "_http/signing": "the second of a signature, and its age",
    "_http/static_files": "the headers Date and Expires",
    "_sessions/sqlite_store": "the end of a session, which other processes read",
    "cli/_access_log": "the date of a line",
    "sessions": "the date in the attribute Expires",
}
"""The modules that read the wall clock, and for what."""

_NAMES = {"time", "time_ns", "now", "utcnow", "today", "localtime", "gmtime"}


def reads_wall_clock(module: Module) -> bool:
    """Return whether a module reads the wall clock."""
    from_time = {
        alias.asname or alias.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
    }
    return any(
        isinstance(node, ast.Call) and _is_wall_clock(node.func, from_time)
        for node in ast.walk(module.tree)
    )


def _is_wall_clock(function: ast.expr, from_time: set[str]) -> bool:
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.value.id in {"time", "datetime", "date"} and function.attr in _NAMES
    return isinstance(function, ast.Name) and function.id in _NAMES & from_time


def test_only_dates_that_leave_the_process_are_read_from_the_wall_clock() -> None:
    found = {module.name for module in MODULES if reads_wall_clock(module)}
    assert found == WALL_CLOCK.keys()


def test_a_module_that_reads_the_wall_clock_is_found() -> None:
    sources: t.Final = ("import time\ntime.time()", "from time import time\ntime()")
    for source in sources:
        assert reads_wall_clock(Module("m", MODULES[0].path, source, ast.parse(source)))
    source = "import time\ntime.monotonic()"
    assert not reads_wall_clock(Module("m", MODULES[0].path, source, ast.parse(source)))
