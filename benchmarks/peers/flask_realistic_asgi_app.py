"""The realistic application on ASGI."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.flask_asgi_app import add_async_views, add_plain_views
from benchmarks.peers.flask_realistic_app import realistic_app


def applications() -> dict[str, Any]:
    """Return the application of each workload: one has async views, one synchronous ones."""
    async_app, plain_app = realistic_app(), realistic_app()
    add_async_views(async_app)
    add_plain_views(plain_app)
    names = ("hello", "json", "param", "post_json")
    return {
        **dict.fromkeys(names, async_app),
        **dict.fromkeys([f"plain_{name}" for name in names], plain_app),
    }
