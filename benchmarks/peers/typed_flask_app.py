"""The workloads of validated requests on ``flask.api``, on WSGI."""

# The annotations of the views are read, so this file has no "from __future__ import annotations".

from typing import Any

from flask import Flask, Response, jsonify, request
from flask.api import Annotated, Body, Meta, Query, Struct, typed

NAMES = ("typed_post", "typed_query", "post_json")


class NewOrder(Struct):
    """What a client orders."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    count: Annotated[int, Meta(ge=1)]


class Order(Struct):
    """What was ordered."""

    name: str
    count: int
    category: str


class Page(Struct):
    """What was asked for."""

    page: int
    size: int
    color: str


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    app = Flask(__name__)

    @app.post("/typed/orders")
    @typed
    def place(order: Body[NewOrder], category: Query[str]) -> Order:
        return Order(order.name, order.count, category)

    @app.get("/typed/search")
    @typed
    def search(
        page: Query[Annotated[int, Meta(ge=1)]],
        size: Query[Annotated[int, Meta(ge=1, le=100)]] = 10,
        color: Query[str] = "any",
    ) -> Page:
        return Page(page, size, color)

    @app.post("/orders")
    def untyped() -> Response:
        data = request.json
        return jsonify(
            name=data["name"], count=data["count"], category=request.args.get("category")
        )

    return dict.fromkeys(NAMES, app)
