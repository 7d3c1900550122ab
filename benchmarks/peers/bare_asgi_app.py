"""An ASGI callable and nothing else: what a server and its protocol cost."""

from __future__ import annotations

from typing import Any

BODY = b"Hello, World!"
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(BODY)).encode()),
    ],
}


async def hello(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer every request with the same text."""
    if scope["type"] != "http":
        raise NotImplementedError("the raw callable has no lifespan")
    await send(START)
    await send({"type": "http.response.body", "body": BODY})


def applications() -> dict[str, Any]:
    """Return the one workload that needs no framework."""
    return {"hello": hello}
