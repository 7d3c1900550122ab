"""The ASGI workloads on FastAPI, the body as a dict."""

# No "from __future__ import annotations": FastAPI reads the annotations of these functions.

from typing import Any

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from benchmarks.peers.data import THING


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    names = ("hello", "json", "param", "post_json")
    return {
        **dict.fromkeys(names, async_app()),
        **dict.fromkeys([f"plain_{name}" for name in names], plain_app()),
    }


def async_app() -> FastAPI:
    """Return an app whose views are coroutines."""
    app = FastAPI()

    @app.get("/", response_class=PlainTextResponse)
    async def hello() -> str:
        return "Hello, World!"

    @app.get("/json")
    async def thing() -> dict[str, Any]:
        return THING

    @app.get("/users/{user_id}")
    async def user(user_id: int) -> dict[str, Any]:
        return {"id": user_id, "name": "Ada"}

    @app.post("/orders")
    async def order(data: dict[str, Any], category: str) -> dict[str, Any]:
        return {"name": data["name"], "count": data["count"], "category": category}

    return app


def plain_app() -> FastAPI:
    """Return an app whose views are synchronous functions, which run in threads."""
    app = FastAPI()

    @app.get("/", response_class=PlainTextResponse)
    def hello() -> str:
        return "Hello, World!"

    @app.get("/json")
    def thing() -> dict[str, Any]:
        return THING

    @app.get("/users/{user_id}")
    def user(user_id: int) -> dict[str, Any]:
        return {"id": user_id, "name": "Ada"}

    @app.post("/orders")
    def order(data: dict[str, Any], category: str) -> dict[str, Any]:
        return {"name": data["name"], "count": data["count"], "category": category}

    return app
