"""Wait for a condition, with a limit that only a hanging test reaches."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable

LONGEST = 60.0
"""Seconds that anything may take before a test fails, on the slowest machine."""

_INTERVAL = 0.005


def wait_until(condition: Callable[[], object], what: str = "the condition") -> None:
    """Check a condition again and again until it holds.

    :raises AssertionError: it does not hold within ``LONGEST`` seconds.
    """
    end = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < end, f"{what} did not hold within {LONGEST:g} seconds"
        time.sleep(_INTERVAL)


async def wait_until_async(condition: Callable[[], object]) -> None:
    """Do the same on an event loop, which goes on meanwhile."""
    async with asyncio.timeout(LONGEST):
        while not condition():
            await asyncio.sleep(_INTERVAL)


def free_port() -> int:
    """Return a port that no process listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
