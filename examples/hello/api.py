"""The same greeting as JSON: a blueprint that the application registers at ``/api``."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

api_bp = Blueprint("api", __name__)


@api_bp.get("/greeting")
def greeting() -> dict[str, str]:
    """Return a greeting for the query argument ``name``."""
    return {"greeting": f"Hello, {request.args.get('name', 'World')}!"}


@api_bp.get("/square/<int:number>")
def square(number: int) -> dict[str, int]:
    """Return the square of a number in the URL."""
    return {"number": number, "square": number * number}


@api_bp.post("/echo")
def echo() -> ResponseReturnValue:
    """Return the JSON of the request, with the status 201."""
    received: Any = request.json
    return jsonify({"received": received}), 201
