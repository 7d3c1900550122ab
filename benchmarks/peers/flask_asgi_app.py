"""The ASGI workloads on Flask's interface."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.data import THING
from flask import Flask, Response, jsonify, request


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    if not hasattr(Flask, "asgi_app"):
        raise RuntimeError("this tree does not serve ASGI yet: Flask has no 'asgi_app'")
    names = ("hello", "json", "param", "post_json")
    return {
        **dict.fromkeys(names, async_app()),
        **dict.fromkeys([f"plain_{name}" for name in names], plain_app()),
    }


def async_app() -> Flask:
    """Return an app whose views are coroutines."""
    app = Flask(__name__)
    add_async_views(app)
    return app


def add_async_views(app: Flask) -> None:
    """Add the views as coroutines."""

    @app.route("/")
    async def hello() -> str:
        return "Hello, World!"

    @app.route("/json")
    async def thing() -> Response:
        return jsonify(THING)

    @app.route("/users/<int:user_id>")
    async def user(user_id: int) -> Response:
        return jsonify(id=user_id, name="Ada")

    @app.route("/orders", methods=["POST"])
    async def order() -> Response:
        data = request.json
        return jsonify(
            name=data["name"], count=data["count"], category=request.args.get("category")
        )


def plain_app() -> Flask:
    """Return an app whose views are synchronous functions."""
    app = Flask(__name__)
    add_plain_views(app)
    return app


def add_plain_views(app: Flask) -> None:
    """Add the views as synchronous functions."""

    @app.route("/")
    def hello() -> str:
        return "Hello, World!"

    @app.route("/json")
    def thing() -> Response:
        return jsonify(THING)

    @app.route("/users/<int:user_id>")
    def user(user_id: int) -> Response:
        return jsonify(id=user_id, name="Ada")

    @app.route("/orders", methods=["POST"])
    def order() -> Response:
        data = request.json
        return jsonify(
            name=data["name"], count=data["count"], category=request.args.get("category")
        )
