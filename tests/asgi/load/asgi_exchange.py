"""One exchange of ASGI messages, whose client may disconnect."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Awaitable, Callable

from polling import LONGEST
from warm_app import warm_up

from flask import Flask

Sent = list[dict[str, t.Any]]


class Exchange:
    """One request: what the client and the server say, and what the application answers."""

    def __init__(
        self,
        app: Flask,
        path: str,
        method: str = "GET",
        body: bytes | None = b"",
        length: bytes | None = None,
        receive: t.Any = None,
    ) -> None:
        warm_up(app)
        if length is None and body != b"":
            length = b"%d" % len(body or b"12345678")
        headers = [(b"host", b"localhost")]
        if length is not None:
            headers.append((b"content-length", length))
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "root_path": "",
            "headers": headers,
        }
        self.messages: asyncio.Queue[dict[str, t.Any]] = asyncio.Queue()
        if body is not None:
            self.messages.put_nowait({"type": "http.request", "body": body, "more_body": False})
        self.sent: Sent = []
        self.news = asyncio.Event()
        self.task = asyncio.ensure_future(app(scope, receive or self.messages.get, self.send))

    async def send(self, message: t.Any) -> None:
        self.sent.append(message)
        self.news.set()

    def leave(self) -> None:
        self.messages.put_nowait({"type": "http.disconnect"})

    async def part(self, text: bytes) -> None:
        """Wait until a part of the body has this text."""
        while not any(text in message.get("body", b"") for message in self.sent):
            self.news.clear()
            async with asyncio.timeout(LONGEST):
                await self.news.wait()

    @property
    def answer(self) -> tuple[int, bytes]:
        whole = b"".join(message.get("body", b"") for message in self.sent)
        return self.sent[0]["status"], whole


async def ask(app: Flask, path: str, method: str = "GET") -> tuple[int, bytes]:
    exchange = Exchange(app, path, method)
    async with asyncio.timeout(LONGEST):
        await exchange.task
    return exchange.answer


def run(go: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(go())  # type: ignore[arg-type]
