"""A room imports only rooms below it, at run time and for types alike; some when asked."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from rooms import FLOOR_OF, NAMES, PAIRS_PUT_OFF, ROOMS, Room, imports_of


def test_every_room_is_in_the_table_and_the_table_has_no_others() -> None:
    assert sorted(NAMES - set(FLOOR_OF)) == []
    assert sorted(set(FLOOR_OF) - NAMES) == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_imports_only_rooms_below(room: Room) -> None:
    own = FLOOR_OF[room.name]
    wrong = [
        f"line {found.line}: {found.room}"
        for found in imports_of(room)
        if found.room not in FLOOR_OF or FLOOR_OF[found.room] >= own
    ]
    assert wrong == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_is_imported_only_for_types_where_its_import_is_put_off(room: Room) -> None:
    wrong = [
        f"line {found.line}: {found.room}"
        for found in imports_of(room)
        if found.is_for_types_only and (room.name, found.room) not in PAIRS_PUT_OFF
    ]
    assert wrong == []


def test_imports_are_put_off_as_the_table_says() -> None:
    found = {
        (room.name, seen.room)
        for room in ROOMS
        for seen in imports_of(room)
        if seen.is_put_off or seen.is_for_types_only
    }
    assert found == PAIRS_PUT_OFF


@pytest.mark.parametrize(("room", "other"), sorted(PAIRS_PUT_OFF))
def test_an_import_that_is_put_off_stands_nowhere_else(room: str, other: str) -> None:
    for found in next(imports_of(r) for r in ROOMS if r.name == room):
        if found.room == other:
            assert found.is_put_off or found.is_for_types_only, f"line {found.line}"


SERVING = """
import sys
from flask import Blueprint, Flask
app = Flask("app")
app.add_url_rule("/", "index", lambda: "Hello")
app.register_blueprint(Blueprint("shop", "app"))
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "a", "SERVER_PORT": "80"}
environ["wsgi.url_scheme"] = "http"
assert b"".join(app(environ, lambda *args: None)) == b"Hello"
late = {"asyncio", "click", "decimal", "flask.cli", "flask.testing", "itsdangerous", "jinja2"}
print(*sorted(late & set(sys.modules)))
"""


def test_serving_does_not_import_what_is_put_off() -> None:
    # Measuring coverage in the process would import modules of its own.
    variables = {name: it for name, it in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", SERVING], capture_output=True, check=True, text=True, env=variables
    )
    assert done.stdout.split() == []


def test_the_reader_of_imports_sees_them_all() -> None:
    """The tests above would pass for a reader that sees nothing."""
    seen = {room.name: {found.room for found in imports_of(room)} for room in ROOMS}
    assert {"asgi", "helpers", "cli", "_jinja"} <= seen["app"]
    assert {"_request", "_response"} <= seen["wrappers"]
    assert "json" in seen["json/tag"]
    assert "_current" in seen["json"]
    assert "_application" in seen["cli/_script"]
    assert "app" in seen["globals"]
