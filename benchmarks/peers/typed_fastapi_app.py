"""The workloads of validated requests on FastAPI with pydantic models."""

# No "from __future__ import annotations": FastAPI reads the annotations of these functions.

from typing import Annotated, Any

from fastapi import FastAPI, Query
from pydantic import BaseModel, Field


class NewOrder(BaseModel):
    """What a client orders."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    count: Annotated[int, Field(ge=1)]


class Order(BaseModel):
    """What was ordered."""

    name: str
    count: int
    category: str


class Page(BaseModel):
    """What was asked for."""

    page: int
    size: int
    color: str


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    app = FastAPI()

    @app.post("/typed/orders")
    async def place(order: NewOrder, category: str) -> Order:
        return Order(name=order.name, count=order.count, category=category)

    @app.get("/typed/search")
    async def search(
        page: Annotated[int, Query(ge=1)],
        size: Annotated[int, Query(ge=1, le=100)] = 10,
        color: str = "any",
    ) -> Page:
        return Page(page=page, size=size, color=color)

    return dict.fromkeys(("typed_post", "typed_query"), app)
