"""Corners of JSON: the provider's defaults, ``flask.json``, strange values."""

from __future__ import annotations

import io
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, NamedTuple

from markupsafe import Markup

from flask import Flask, current_app, json, jsonify, request

from .record import error


@dataclass
class Point:
    """A dataclass with a nested one."""

    x: int
    y: Any = None


class Named(NamedTuple):
    """A named tuple is a list to JSON."""

    a: int
    b: str


class Colour(Enum):
    """A plain enumeration cannot be encoded."""

    RED = "red"


class Number(IntEnum):
    """One of integers can."""

    ONE = 1


class WithHtml:
    """Known by its ``__html__``."""

    def __html__(self) -> str:
        return "<u>html</u>"


VALUES: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "text": lambda: "gr\u00fc\u00df \u2603 </script> & ' \u2028",
    "surrogate": lambda: "\udc80",
    "int": lambda: 12345678901234567890,
    "float": lambda: [1.0, 1e100, 0.1, -0.0],
    "nan": lambda: [float("nan"), float("inf"), -float("inf")],
    "bools": lambda: [True, False],
    "date": lambda: date(2020, 2, 29),
    "datetime": lambda: datetime(2020, 2, 29, 12, 30, 15, 999),
    "aware": lambda: datetime(2020, 2, 29, 12, tzinfo=timezone(timedelta(hours=5))),
    "utc": lambda: datetime(1969, 12, 31, tzinfo=UTC),
    "time": lambda: datetime(2020, 1, 1).time(),
    "delta": lambda: timedelta(seconds=5),
    "decimal": lambda: [Decimal("1.10"), Decimal("NaN")],
    "uuid": lambda: uuid.UUID(int=7),
    "dataclass": lambda: Point(1, Point(2)),
    "dataclass_class": lambda: Point,
    "named": lambda: Named(1, "b"),
    "html": lambda: [WithHtml(), Markup("<b>")],
    "enum": lambda: Colour.RED,
    "int_enum": lambda: Number.ONE,
    "set": lambda: {1},
    "bytes": lambda: b"bytes",
    "object": lambda: object(),
    "exception": lambda: ValueError("x"),
    "generator": lambda: (n for n in range(2)),
    "unsorted": lambda: {"b": 1, "a": 2, "B": {"z": 1, "y": 2}},
    "ordered": lambda: OrderedDict([("z", 1), ("a", 2)]),
    "int_keys": lambda: {10: "a", 9: "b"},
    "mixed_keys": lambda: {"a": 1, 1: 2},
    "none_key": lambda: {None: 1},
    "bool_key": lambda: {True: 1},
    "tuple_key": lambda: {(1, 2): 3},
    "uuid_key": lambda: {uuid.UUID(int=1): 1},
    "empty": lambda: [{}, [], ""],
    "nested": lambda: {"a": [{"b": [{"c": None}]}]},
    "circular": lambda: circular(),
    "deep": lambda: deep(100),
    "too_deep": lambda: deep(5000),
}


def circular() -> list[Any]:
    """A list that holds itself."""
    items: list[Any] = []
    items.append(items)
    return items


def deep(levels: int) -> list[Any]:
    """Lists within lists."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def to_file(value: Any) -> str:
    """What ``json.dump`` writes."""
    target = io.StringIO()
    json.dump(value, target)
    return target.getvalue()


def in_template(value: Any) -> str:
    """What the ``tojson`` filter makes of it."""
    template = current_app.jinja_env.from_string("{{ value|tojson }}")
    return template.render(value=value)


def both(value: Any) -> str:
    """Arguments and keywords together are refused; the class tells enough."""
    try:
        jsonify(value, value=value)
    except Exception as failure:
        return type(failure).__name__
    return "accepted"


WAYS: dict[str, Callable[[Any], Any]] = {
    "jsonify": jsonify,
    "keywords": lambda value: jsonify(value=value, also=1),
    "many": lambda value: jsonify(value, value),
    "both": both,
    "dict": lambda value: {"value": value},
    "dumps": lambda value: json.dumps(value),
    "options": lambda value: json.dumps(value, indent=1, sort_keys=False, ensure_ascii=False),
    "default": lambda value: json.dumps(value, default=str),
    "dump": to_file,
    "provider": lambda value: current_app.json.dumps(value),
    "response": lambda value: current_app.json.response(value),
    "tojson": in_template,
}


def encode(way: str, json_value: str) -> Any:
    """Encode one of the values in one of the ways."""
    try:
        return WAYS[way](VALUES[json_value]())
    except Exception as failure:
        return error(failure), 299


def decode() -> Any:
    """Decode the body in three ways, and encode it again."""
    body = request.get_data()
    ways: dict[str, Callable[[], Any]] = {
        "bytes": lambda: json.loads(body),
        "text": lambda: json.loads(body.decode("utf-8", "surrogateescape")),
        "file": lambda: json.load(io.BytesIO(body)),
    }
    results = {}
    for name, way in ways.items():
        try:
            results[name] = json.dumps(way())
        except Exception as failure:
            results[name] = error(failure)
    return jsonify(results)


def install(app: Flask) -> None:
    """Routes below ``/json``."""
    app.add_url_rule("/json/encode/<way>/<json_value>", view_func=encode)
    app.add_url_rule("/json/decode", view_func=decode, methods=["POST", "PUT"])
