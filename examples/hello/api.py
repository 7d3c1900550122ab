"""The same as data: a blueprint that the application mounts below ``/api``."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

api_bp = Blueprint("api", __name__)


@api_bp.get("/greeting")
def greeting() -> dict[str, str]:
    """A greeting for the ``name`` of the query."""
    return {"greeting": f"Hello, {request.args.get('name', 'World')}!"}


@api_bp.get("/square/<int:number>")
def square(number: int) -> dict[str, int]:
    """The square of a number that the URL carries."""
    return {"number": number, "square": number * number}


@api_bp.post("/echo")
def echo() -> ResponseReturnValue:
    """The JSON that was sent, and a status that says it was taken."""
    received: Any = request.json
    return jsonify({"received": received}), 201
