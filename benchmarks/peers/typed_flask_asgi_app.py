"""The workloads of validated requests on ``flask.api``, as coroutines on ASGI."""

# The annotations of the views are read, so this file has no "from __future__ import annotations".

from typing import Any

from benchmarks.peers.typed_flask_app import NAMES, NewOrder, Order, Page
from flask import Flask, Response, jsonify, request
from flask.api import Annotated, Body, Meta, Query, typed


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    app = Flask(__name__)

    @app.post("/typed/orders")
    @typed
    async def place(order: Body[NewOrder], category: Query[str]) -> Order:
        return Order(order.name, order.count, category)

    @app.get("/typed/search")
    @typed
    async def search(
        page: Query[Annotated[int, Meta(ge=1)]],
        size: Query[Annotated[int, Meta(ge=1, le=100)]] = 10,
        color: Query[str] = "any",
    ) -> Page:
        return Page(page, size, color)

    @app.post("/orders")
    async def untyped() -> Response:
        data = request.json
        return jsonify(
            name=data["name"], count=data["count"], category=request.args.get("category")
        )

    return dict.fromkeys(NAMES, app)
