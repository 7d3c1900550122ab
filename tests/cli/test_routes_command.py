"""``flask routes``: the table, its columns, its order."""

from __future__ import annotations

import json

import pytest
from werkzeug.routing import Rule

from flask import Flask
from flask.cli import FlaskGroup


@pytest.fixture
def app() -> Flask:
    app = Flask("shop", static_folder=None)
    app.add_url_rule("/shop/<int:id>", "show", methods=["GET", "POST"])
    app.add_url_rule("/order", "buy", methods=["POST"])
    app.add_url_rule("/a", "zoo", methods=["GET"])
    return app


def table(runner, app: Flask, *args: str, **variables: str) -> list[str]:
    result = runner.invoke(
        FlaskGroup(create_app=lambda: app),
        ["routes", *args],
        env={f"FLASK_ROUTES_{name}": value for name, value in variables.items()},
    )
    assert result.exit_code == 0
    return result.output.splitlines()


def column(lines: list[str], number: int = 0) -> list[str]:
    """One column's cells, below the two lines of the head."""
    starts = [place for place, mark in enumerate(lines[1]) if lines[1][place - 1 : place] != "-"]
    starts = [place for place in starts if lines[1][place] == "-"]
    end = starts[number + 1] if number + 1 < len(starts) else None
    return [line[starts[number] : end].strip() for line in lines[2:]]


def test_the_table_has_a_line_for_each_route(runner, app: Flask) -> None:
    assert table(runner, app) == [
        "Endpoint  Methods    Rule          ",
        "--------  ---------  --------------",
        "buy       POST       /order        ",
        "show      GET, POST  /shop/<int:id>",
        "zoo       GET        /a            ",
    ]


def test_methods_that_are_answered_by_themselves_are_shown_on_demand(runner, app: Flask) -> None:
    expected = ["OPTIONS, POST", "GET, HEAD, OPTIONS, POST", "GET, HEAD, OPTIONS"]
    assert column(table(runner, app, "--all-methods"), 1) == expected
    assert column(table(runner, app, ALL_METHODS="1"), 1) == expected


@pytest.mark.parametrize(
    ("sort", "endpoints"),
    [
        ("endpoint", ["buy", "show", "zoo"]),
        ("methods", ["zoo", "show", "buy"]),
        ("domain", ["zoo", "buy", "show"]),
        ("rule", ["zoo", "buy", "show"]),
        ("match", ["zoo", "buy", "show"]),
    ],
)
def test_the_table_can_be_sorted(runner, app: Flask, sort: str, endpoints: list[str]) -> None:
    expected = [rule.endpoint for rule in app.url_map.iter_rules()]
    assert column(table(runner, app, "-s", "match")) == expected
    if sort in {"domain", "match"}:  # they are equal there: the order of matching
        endpoints = expected
    assert column(table(runner, app, "--sort", sort)) == endpoints
    assert column(table(runner, app, SORT=sort)) == endpoints


def test_an_unknown_order_is_refused(runner, app: Flask) -> None:
    result = runner.invoke(FlaskGroup(create_app=lambda: app), ["routes", "-s", "colour"])
    assert result.exit_code == 2
    assert "'colour' is not one of" in result.stderr


@pytest.mark.parametrize(
    ("settings", "argument", "title"),
    [
        ({}, "subdomain", "Subdomain"),
        ({"subdomain_matching": True}, "subdomain", "Subdomain"),
        ({"host_matching": True}, "host", "Host"),
    ],
)
def test_a_column_for_the_domain_appears_if_a_route_has_one(
    runner, settings: dict[str, bool], argument: str, title: str
) -> None:
    app = Flask("shop", static_folder=None, **settings)
    app.add_url_rule("/", "sync")
    assert column(table(runner, app), 1) == ["GET"]
    assert title not in table(runner, app)[0]

    app.add_url_rule("/", "second", **{argument: "b.example"})
    app.add_url_rule("/", "third", **{argument: "a.example"})
    lines = table(runner, app, "-s", "domain")
    assert lines[0].split() == ["Endpoint", "Methods", title, "Rule"]
    assert column(lines) == ["sync", "third", "second"]
    assert column(lines, 2) == ["", "a.example", "b.example"]


def test_a_rule_without_methods_has_an_empty_cell(runner, app: Flask) -> None:
    app.url_map.add(Rule("/any", endpoint="any"))
    assert column(table(runner, app), 1) == ["", "POST", "GET, POST", "GET"]


def test_an_application_without_routes_prints_a_message(runner) -> None:
    app = Flask("shop", static_folder=None)
    assert table(runner, app) == ["No routes were registered."]


def test_a_websocket_is_shown_as_one(runner, app: Flask) -> None:
    app.websocket("/chat")(lambda: None)
    lines = table(runner, app, "--sort", "rule")
    assert "WebSocket" in column(lines, 1)
    assert column(lines, 1)[column(lines, 2).index("/chat")] == "WebSocket"
    assert "WebSocket" in "\n".join(table(runner, app, "--all-methods"))
    described = json.loads("\n".join(table(runner, app, "--json")))["routes"]
    (chat,) = [route for route in described if route["rule"] == "/chat"]
    assert (chat["websocket"], chat["methods"]) == (True, ["GET"])
