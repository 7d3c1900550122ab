"""Serve one request over WSGI or ASGI as a server does, to a client that may disconnect early."""

from __future__ import annotations

import asyncio
import typing as t

from polling import LONGEST
from werkzeug.test import EnvironBuilder

from flask import Flask

Serve = t.Callable[..., None]


def serve_wsgi(app: Flask, log: list[str], until: str | None = None) -> None:
    """Call the application and close what it returns; log each piece of the body.

    :param until: the client disconnects after a piece with this text; ``None`` reads all.
    """
    body: t.Any = app(EnvironBuilder("/").get_environ(), lambda *started: lambda data: None)
    try:
        for piece in body:
            log.append(piece.decode())
            if until and until in log[-1]:
                break
    finally:
        getattr(body, "close", lambda: None)()
    app._lifespan.background.drain(app)


def serve_asgi(app: Flask, log: list[str], until: str | None = None) -> None:
    """Do the same over ASGI, and wait for the tasks on the loop."""

    async def go() -> None:
        has_left = asyncio.Event()
        messages = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> dict[str, t.Any]:
            if messages:
                return messages.pop()
            await has_left.wait()
            return {"type": "http.disconnect"}

        async def send(message: t.Any) -> None:
            if message.get("body") and not has_left.is_set():
                log.append(message["body"].decode())
                if until and until in log[-1]:
                    has_left.set()
            await asyncio.sleep(0)

        headers = [(b"host", b"localhost")]
        scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
        async with asyncio.timeout(LONGEST):
            await app({**scope, "query_string": b""}, receive, send)
            await asyncio.gather(*app._asgi.tasks)

    asyncio.run(go())
    app._lifespan.background.drain(app)


PROTOCOLS: dict[str, Serve] = {"wsgi": serve_wsgi, "asgi": serve_asgi}
