"""The workloads of validated requests on APIFlask with marshmallow schemas."""

from __future__ import annotations

from typing import Any

from apiflask import APIFlask, Schema
from apiflask.fields import Integer, String
from apiflask.validators import Length, Range


class NewOrder(Schema):
    """What a client orders."""

    name = String(required=True, validate=Length(1, 80))
    count = Integer(required=True, strict=True, validate=Range(min=1))


class Category(Schema):
    """The query of an order."""

    category = String(required=True)


class Order(Schema):
    """What was ordered."""

    name = String()
    count = Integer()
    category = String()


class Search(Schema):
    """The query of a search."""

    page = Integer(required=True, validate=Range(min=1))
    size = Integer(load_default=10, validate=Range(1, 100))
    color = String(load_default="any")


class Page(Schema):
    """What was asked for."""

    page = Integer()
    size = Integer()
    color = String()


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    app = APIFlask(__name__)

    @app.post("/typed/orders")
    @app.input(NewOrder, arg_name="order")
    @app.input(Category, location="query", arg_name="query")
    @app.output(Order)
    def place(order: dict[str, Any], query: dict[str, Any]) -> dict[str, Any]:
        return {**order, **query}

    @app.get("/typed/search")
    @app.input(Search, location="query", arg_name="query")
    @app.output(Page)
    def search(query: dict[str, Any]) -> dict[str, Any]:
        return query

    return dict.fromkeys(("typed_post", "typed_query"), app)
