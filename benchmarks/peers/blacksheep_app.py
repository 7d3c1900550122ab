"""The ASGI workloads on BlackSheep, whose requests and responses are compiled.

Its synchronous views run on the loop and not in threads, so they are left out.
"""

# No "from __future__ import annotations": BlackSheep reads the annotations of these functions.

from typing import Any

from blacksheep import Application, FromQuery, Request, Response, json, text

from benchmarks.peers.data import THING


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    app = Application()

    @app.router.get("/")
    async def hello() -> Response:
        return text("Hello, World!")

    @app.router.get("/json")
    async def thing() -> Response:
        return json(THING)

    @app.router.get("/users/{int:user_id}")
    async def user(user_id: int) -> Response:
        return json({"id": user_id, "name": "Ada"})

    @app.router.post("/orders")
    async def order(request: Request, category: FromQuery[str]) -> Response:
        data = await request.json()
        return json({"name": data["name"], "count": data["count"], "category": category.value})

    return dict.fromkeys(("hello", "json", "param", "post_json"), app)
