"""Make an application as it is after its first requests."""

from __future__ import annotations

from flask import Flask
from flask._routing.map import Map


def warm_up(app: Flask) -> None:
    """Let an application know the host ``localhost``, and its routes, without a request."""
    fast = app._compute_fast_paths()
    if fast.routing:
        fast.accept_host("localhost")
    if isinstance(app.url_map, Map) and not app.url_map.is_table_filled:
        app.url_map.fill_table()
