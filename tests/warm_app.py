"""Make an application as it is after its first requests."""

from __future__ import annotations

from flask import Flask
from flask._core.fast_paths import UNDECIDED
from flask._routing.map import Map


def warm_up(app: Flask) -> None:
    """Let an application know the host ``localhost``, and its routes, without a request."""
    app._look_again()
    if app._decisions is UNDECIDED:
        decided = app._decide()
        if decided.routes_by_path:
            decided.accept_host("localhost")
    if isinstance(app.url_map, Map) and not app.url_map.is_table_filled:
        app.url_map.fill_table()
