"""The ASGI workloads on Starlette. A synchronous view cannot read the body there."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from benchmarks.peers.data import THING


async def hello(request: Request) -> PlainTextResponse:
    """Answer with a text."""
    return PlainTextResponse("Hello, World!")


async def thing(request: Request) -> JSONResponse:
    """Answer with an object."""
    return JSONResponse(THING)


async def user(request: Request) -> JSONResponse:
    """Answer with a parameter."""
    return JSONResponse({"id": request.path_params["user_id"], "name": "Ada"})


async def order(request: Request) -> JSONResponse:
    """Answer with what was sent."""
    data = await request.json()
    category = request.query_params.get("category")
    return JSONResponse({"name": data["name"], "count": data["count"], "category": category})


def plain_hello(request: Request) -> PlainTextResponse:
    """Answer with a text, from a thread."""
    return PlainTextResponse("Hello, World!")


def plain_thing(request: Request) -> JSONResponse:
    """Answer with an object, from a thread."""
    return JSONResponse(THING)


def plain_user(request: Request) -> JSONResponse:
    """Answer with a parameter, from a thread."""
    return JSONResponse({"id": request.path_params["user_id"], "name": "Ada"})


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    asynchronous = Starlette(
        routes=[
            Route("/", hello),
            Route("/json", thing),
            Route("/users/{user_id:int}", user),
            Route("/orders", order, methods=["POST"]),
        ]
    )
    plain = Starlette(
        routes=[
            Route("/", plain_hello),
            Route("/json", plain_thing),
            Route("/users/{user_id:int}", plain_user),
        ]
    )
    return {
        **dict.fromkeys(("hello", "json", "param", "post_json"), asynchronous),
        **dict.fromkeys(("plain_hello", "plain_json", "plain_param"), plain),
    }
