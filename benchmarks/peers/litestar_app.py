"""The ASGI workloads on Litestar; synchronous views run in threads, as elsewhere."""

# No "from __future__ import annotations": Litestar reads the annotations of these functions.

from typing import Any

from litestar import Litestar, get, post
from litestar.enums import MediaType

from benchmarks.peers.data import THING


@get("/", media_type=MediaType.TEXT)
async def hello() -> str:
    """Answer with a text."""
    return "Hello, World!"


@get("/json")
async def thing() -> dict[str, Any]:
    """Answer with an object."""
    return THING


@get("/users/{user_id:int}")
async def user(user_id: int) -> dict[str, Any]:
    """Answer with a parameter."""
    return {"id": user_id, "name": "Ada"}


@post("/orders", status_code=200)
async def order(data: dict[str, Any], category: str) -> dict[str, Any]:
    """Answer with what was sent."""
    return {"name": data["name"], "count": data["count"], "category": category}


@get("/", media_type=MediaType.TEXT, sync_to_thread=True)
def plain_hello() -> str:
    """Answer with a text, from a thread."""
    return "Hello, World!"


@get("/json", sync_to_thread=True)
def plain_thing() -> dict[str, Any]:
    """Answer with an object, from a thread."""
    return THING


@get("/users/{user_id:int}", sync_to_thread=True)
def plain_user(user_id: int) -> dict[str, Any]:
    """Answer with a parameter, from a thread."""
    return {"id": user_id, "name": "Ada"}


@post("/orders", status_code=200, sync_to_thread=True)
def plain_order(data: dict[str, Any], category: str) -> dict[str, Any]:
    """Answer with what was sent, from a thread."""
    return {"name": data["name"], "count": data["count"], "category": category}


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    names = ("hello", "json", "param", "post_json")
    asynchronous = Litestar([hello, thing, user, order], openapi_config=None)
    plain = Litestar([plain_hello, plain_thing, plain_user, plain_order], openapi_config=None)
    return {
        **dict.fromkeys(names, asynchronous),
        **dict.fromkeys([f"plain_{name}" for name in names], plain),
    }
