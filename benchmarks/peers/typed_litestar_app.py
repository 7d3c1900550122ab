"""The workloads of validated requests on Litestar with msgspec structs."""

# No "from __future__ import annotations": Litestar reads the annotations of these functions.

from typing import Annotated, Any

from litestar import Litestar, get, post
from litestar.params import Parameter
from msgspec import Meta, Struct


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


@post("/typed/orders", status_code=200)
async def place(data: NewOrder, category: str) -> Order:
    """Answer with what was sent."""
    return Order(data.name, data.count, category)


@get("/typed/search")
async def search(
    page: Annotated[int, Parameter(ge=1)],
    size: Annotated[int, Parameter(ge=1, le=100)] = 10,
    color: str = "any",
) -> Page:
    """Answer with the values of the query."""
    return Page(page, size, color)


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    app = Litestar([place, search], openapi_config=None)
    return dict.fromkeys(("typed_post", "typed_query"), app)
