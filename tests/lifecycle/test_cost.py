"""The cost of the hot path in function calls, the same on every machine."""

from __future__ import annotations

import sys
import typing as t

import pytest
from werkzeug.test import EnvironBuilder

from flask import Flask, jsonify


def python_calls(function: t.Callable[[], t.Any]) -> int:
    """Count the Python-level function calls that happen while a function runs."""
    count = 0

    def on_event(frame: t.Any, event: str, argument: t.Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(on_event)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    ("path", "most"), [("/", 50), ("/json", 60), ("/int/7", 60), ("/dict", 60)]
)
def test_a_request_costs_at_most_so_many_calls(path: str, most: int) -> None:
    app = Flask("app")
    app.add_url_rule("/", "hello", lambda: "Hello, World!")
    app.add_url_rule("/json", "json", lambda: jsonify(a=1))
    app.add_url_rule("/dict", "dict", lambda: {"a": 1})
    app.add_url_rule("/int/<int:n>", "int", lambda n: {"n": n})
    template = EnvironBuilder(path).get_environ()

    def ask() -> None:
        b"".join(app({**template}, lambda status, headers: None))  # type: ignore[arg-type, return-value]

    ask()
    ask()
    assert python_calls(ask) <= most
