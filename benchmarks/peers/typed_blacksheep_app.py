"""The workloads of validated requests on BlackSheep with pydantic models."""

# No "from __future__ import annotations": BlackSheep reads the annotations of these functions.

from typing import Annotated, Any

from blacksheep import Application, FromJSON, FromQuery, Response, json
from pydantic import BaseModel, Field


class NewOrder(BaseModel):
    """What a client orders."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    count: Annotated[int, Field(ge=1)]


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    app = Application()

    @app.router.post("/typed/orders")
    async def place(data: FromJSON[NewOrder], category: FromQuery[str]) -> Response:
        order = data.value
        return json({"name": order.name, "count": order.count, "category": category.value})

    @app.router.get("/typed/search")
    async def search(page: FromQuery[int], size: FromQuery[int], color: FromQuery[str]) -> Response:
        return json({"page": page.value, "size": size.value, "color": color.value})

    return dict.fromkeys(("typed_post", "typed_query"), app)
