"""What an idle WebSocket costs in memory: many at a time, each waiting for a message.

    python benchmarks/idle_websockets.py              # 1,000 of each kind
    python benchmarks/idle_websockets.py --count 100

Run it in an environment that has this package with the extra "asgi". No server and no network: the
server's side of a WebSocket is a scope and two functions, and what these cost is measured by an
application that does nothing, and is taken off. Each kind has its own process.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

WARM = 50  # opened and closed first, so that what is made once is not counted
LIMITS = {"async": 16.0, "plain": 36.0}
"""KB that one may cost. A synchronous handler stays in a thread, and a thread alone is 17 KB."""


class Connection:
    """The server's side of a WebSocket that says nothing until its client goes."""

    def __init__(self, app: Any) -> None:
        self._gone: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._is_connected = False
        self.accepted = asyncio.Event()
        headers = [(b"host", b"localhost"), (b"upgrade", b"websocket")]
        scope = {"type": "websocket", "path": "/", "headers": headers}
        self._task = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if self._is_connected:
            return await asyncio.shield(self._gone)
        self._is_connected = True
        return {"type": "websocket.connect"}

    async def _send(self, message: dict[str, Any]) -> None:
        self.accepted.set()

    async def close(self) -> None:
        """Go away, and wait until the application has seen it."""
        self._gone.set_result({"type": "websocket.disconnect", "code": 1000})
        await self._task


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """Accept, and wait for the end: what every application has to do."""
    await receive()
    await send({"type": "websocket.accept"})
    await receive()


def make_app(kind: str) -> Any:
    """Make an application with a WebSocket.

    :param kind: ``bare``, ``async`` or ``plain``.
    """
    if kind == "bare":
        return bare
    from flask import Flask, websocket

    app = Flask("idle")

    async def listen() -> None:
        await websocket.accept()
        async for _ in websocket:
            pass

    def listen_plainly() -> None:
        websocket.accept()
        for _ in websocket:
            pass

    app.add_websocket("/", "listen", listen if kind == "async" else listen_plainly)
    return app


async def open_many(app: Any, count: int) -> list[Connection]:
    """Open WebSockets, and wait until all of them are idle."""
    connections = [Connection(app) for _ in range(count)]
    for connection in connections:
        await connection.accepted.wait()
    return connections


def resident() -> int:
    """Return the bytes of memory that this process has now."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def measure(kind: str, count: int) -> float:
    """Return the KB that one WebSocket takes."""
    app = make_app(kind)
    for connection in await open_many(app, WARM):
        await connection.close()
    before = resident()
    connections = await open_many(app, count)
    each = (resident() - before) / count / 1024
    for connection in connections:
        await connection.close()
    return each


def measure_apart(kind: str, count: int) -> float:
    """Measure in a new process."""
    command = [sys.executable, __file__, "--kind", kind, "--count", str(count)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return float(done.stdout)


def main() -> int:
    """Measure every kind and print a table; 1 if one costs too much."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--count", type=int, default=1000, help="how many at a time")
    parser.add_argument("--kind", choices=["bare", "async", "plain"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.kind:
        print(asyncio.run(measure(options.kind, options.count)))
        return 0
    base = measure_apart("bare", options.count)
    print(f"{options.count} idle WebSockets, KB each on the application's side")
    costs = {kind: measure_apart(kind, options.count) - base for kind in LIMITS}
    for kind, cost in costs.items():
        print(f"  {kind} handler  {cost:5.1f}   (below {LIMITS[kind]:.0f})")
    print(f"  the server's side in this script, not counted: {base:.1f}")
    return int(any(cost >= LIMITS[kind] for kind, cost in costs.items()))


if __name__ == "__main__":
    sys.exit(main())
