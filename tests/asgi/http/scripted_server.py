"""A server that sends what a test scripts, and keeps what the application sends."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Callable

from polling import LONGEST
from warm_app import warm_up

from flask import Flask
from flask._core.event_loops import _Closing

Sent = list[dict[str, t.Any]]


class Server:
    """Says what a server would say, message by message, and keeps what the application says."""

    def __init__(self, app: t.Any, path: str = "/", method: str = "GET", **headers: str) -> None:
        self.app = app
        self.scope = {
            "type": "http",
            "method": method,
            "path": path,
            "root_path": "",
            "headers": [(b"host", b"localhost")]
            + [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()],
        }
        self.messages: asyncio.Queue[dict[str, t.Any]] = asyncio.Queue()
        self.sent: Sent = []
        self.asked = 0
        self.has_sent = asyncio.Event()

    def body(self, body: bytes = b"", more: bool = False) -> Server:
        self.messages.put_nowait({"type": "http.request", "body": body, "more_body": more})
        return self

    def disconnect(self) -> Server:
        self.messages.put_nowait({"type": "http.disconnect"})
        return self

    async def receive(self) -> dict[str, t.Any]:
        self.asked += 1
        return await self.messages.get()

    async def send(self, message: dict[str, t.Any]) -> None:
        self.sent.append(message)
        self.has_sent.set()

    async def serve(self) -> Sent:
        if isinstance(self.app, Flask) and self.app.extensions.get("is warm"):
            warm_up(self.app)
        await self.app(self.scope, self.receive, self.send)
        return self.sent

    @property
    def status(self) -> int:
        return t.cast("int", self.sent[0]["status"])

    @property
    def text(self) -> str:
        return b"".join(message["body"] for message in self.sent[1:]).decode()


def run(function: Callable[[], t.Coroutine[t.Any, t.Any, t.Any]]) -> None:
    """Run an async test; no task may be left."""

    async def checked() -> None:
        await function()
        for _ in range(3):
            await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        closing = {task for task in left if type(task.get_coro()) is _Closing}
        if closing:  # a thread has abandoned a generator, and the loop closes it a little later
            await asyncio.wait(closing, timeout=LONGEST)
        left = {task for task in left if not task.done()}
        assert not left, left

    asyncio.run(checked())


def where() -> str:
    """Return where code runs: on a loop, or in a thread without one."""
    return "loop" if asyncio._get_running_loop() is not None else "thread"


async def asynchronous() -> str:
    return "view on " + where()


def sync() -> str:
    return where()
