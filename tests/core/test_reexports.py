"""Names that users take from a module which only happened to import them."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from flask._core.reexports import NAMES, origins

EVERY = [(module, name) for module in NAMES for name in origins(module)]

# Lines of public code, and what they must give.
TAKEN = [
    ("flask.app", "HTTPException", "werkzeug.exceptions"),
    ("flask.app", "BaseResponse", "werkzeug.wrappers:Response"),
    ("flask.app", "current_app", "flask"),
    ("flask.globals", "LocalProxy", "werkzeug.local"),
    ("flask.json", "_json", "json:"),
    ("flask.sansio.scaffold", "T_route", "flask._app.scaffold"),
    ("flask.sansio.app", "setupmethod", "flask._app.scaffold"),
    ("flask.sessions", "c", "collections:"),
]


@pytest.mark.parametrize(("module", "name"), EVERY, ids=lambda value: value)
def test_every_listed_name_is_there(module: str, name: str) -> None:
    getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(("module", "name", "origin"), TAKEN, ids=lambda value: value)
def test_it_is_the_very_object(module: str, name: str, origin: str) -> None:
    place, colon, there = origin.partition(":")
    expected = importlib.import_module(place)
    if there or not colon:
        expected = getattr(expected, there or name)
    assert getattr(importlib.import_module(module), name) is expected


def test_a_module_does_not_list_what_it_defines() -> None:
    defined = [
        (module, name) for module, name in EVERY if name in vars(importlib.import_module(module))
    ]
    assert defined == []


@pytest.mark.parametrize("module", NAMES)
def test_any_other_name_is_refused_as_usual(module: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'nothing'"):
        _ = importlib.import_module(module).nothing


def test_a_name_is_imported_at_its_first_use() -> None:
    code = (
        "import sys, flask.cli;"
        "assert 'platform' not in vars(flask.cli);"
        "from flask.cli import platform;"
        "assert platform is sys.modules['platform']"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
