"""The workloads of validated requests on flask-openapi with pydantic models."""

# The annotations of the views are read, so this file has no "from __future__ import annotations".

from typing import Annotated, Any

from flask_openapi import OpenAPI
from pydantic import BaseModel, Field


class NewOrder(BaseModel):
    """What a client orders."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    count: Annotated[int, Field(ge=1)]


class Category(BaseModel):
    """The query of an order."""

    category: str


class Search(BaseModel):
    """The query of a search."""

    page: Annotated[int, Field(ge=1)]
    size: Annotated[int, Field(ge=1, le=100)] = 10
    color: str = "any"


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    app = OpenAPI(__name__)

    @app.post("/typed/orders")
    def place(body: NewOrder, query: Category) -> dict[str, Any]:
        return {**body.model_dump(), **query.model_dump()}

    @app.get("/typed/search")
    def search(query: Search) -> dict[str, Any]:
        return query.model_dump()

    return dict.fromkeys(("typed_post", "typed_query"), app)
