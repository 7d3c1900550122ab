"""The ASGI workloads on Quart. A synchronous view that reads JSON does not exist there."""

from __future__ import annotations

from typing import Any

from quart import Quart, Response, jsonify, request

from benchmarks.peers.data import THING


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    asynchronous = Quart(__name__)

    @asynchronous.route("/")
    async def hello() -> str:
        return "Hello, World!"

    @asynchronous.route("/json")
    async def thing() -> Response:
        return jsonify(THING)

    @asynchronous.route("/users/<int:user_id>")
    async def user(user_id: int) -> Response:
        return jsonify(id=user_id, name="Ada")

    @asynchronous.route("/orders", methods=["POST"])
    async def order() -> Response:
        data = await request.get_json()
        return jsonify(
            name=data["name"], count=data["count"], category=request.args.get("category")
        )

    plain = Quart(__name__)
    plain.add_url_rule("/", "hello", lambda: "Hello, World!")
    plain.add_url_rule("/json", "thing", lambda: jsonify(THING))
    plain.add_url_rule(
        "/users/<int:user_id>", "user", lambda user_id: jsonify(id=user_id, name="Ada")
    )
    return {
        **dict.fromkeys(("hello", "json", "param", "post_json"), asynchronous),
        **dict.fromkeys(("plain_hello", "plain_json", "plain_param"), plain),
    }
