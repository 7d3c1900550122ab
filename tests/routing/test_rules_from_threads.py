"""Rules that a thread adds while another one prepares the map for its request."""

from __future__ import annotations

import pytest
from meanwhile import change_after_first_call
from werkzeug.routing import Rule

from flask import Flask, url_for
from flask._routing import map as map_module
from flask._routing.table import Table


def test_a_rule_that_is_added_while_the_table_is_filled_is_found(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.add_url_rule("/", "index", lambda: "index")
    app.view_functions["new"] = lambda: "new"
    client = app.test_client()
    assert client.get("/").text == "index"  # the map itself finds the rule of a first request

    wait = change_after_first_call(
        monkeypatch, Table, "fill", lambda: app.url_map.add(Rule("/new", endpoint="new"))
    )
    assert client.get("/").text == "index"
    wait()
    assert client.get("/new").text == "new"


def test_a_rule_that_is_added_while_a_url_builder_is_made_is_used(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.add_url_rule("/", "index", lambda: "index")
    app.add_url_rule("/view/<name>", "view", lambda name: url_for("view", name=name))
    client = app.test_client()
    assert client.get("/").text == "index"

    shorter = Rule("/view", endpoint="view", defaults={"name": "b"})
    wait = change_after_first_call(
        monkeypatch, map_module, "make_builder", lambda: app.url_map.add(shorter)
    )
    assert client.get("/view/a").text == "/view/a"
    wait()
    assert client.get("/view").text == "/view"
