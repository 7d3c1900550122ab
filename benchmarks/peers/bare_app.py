"""A WSGI callable and nothing else: what the harness itself costs."""

from __future__ import annotations

from typing import Any

BODY = b"Hello, World!"
HEADERS = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(BODY)))]


def hello(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer every request with the same text."""
    start_response("200 OK", HEADERS)
    return [BODY]


def applications() -> dict[str, Any]:
    """Return the one workload that needs no framework."""
    return {"hello": hello}
