"""The names, members and parameters of official Flask 3.1.3 exist in this package."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from flask import Blueprint, Flask

pytestmark = pytest.mark.slow

# Both print each module's names, the members of its classes, and the parameters of functions.
PRINT_NAMES = """
import importlib, inspect, json, sys, warnings

warnings.simplefilter("ignore")

def parameters(thing):
    try:
        return [
            (p.name, p.kind.name, p.default is p.empty)
            for p in inspect.signature(thing).parameters.values()
        ]
    except (RuntimeError, TypeError, ValueError):
        return None

asked = [name.split(":") for name in json.load(sys.stdin)]
found = {}
for module in sys.argv[1:]:
    holder = importlib.import_module(module)
    names = {*dir(holder), *(name for place, name in asked if place == module)}
    for name in names:
        if name.startswith("__") or not hasattr(holder, name):
            continue
        thing = getattr(holder, name)
        found[f"{module}:{name}"] = parameters(thing) if inspect.isfunction(thing) else None
        if inspect.isclass(thing):
            for member in dir(thing):
                if not member.startswith("__") or member == "__init__":
                    value = inspect.getattr_static(thing, member)
                    value = getattr(value, "__func__", value)
                    signature = parameters(value) if inspect.isfunction(value) else None
                    found[f"{module}:{name}.{member}"] = signature
print(json.dumps(found))
"""

MODULES = """
    flask flask.app flask.blueprints flask.cli flask.config flask.ctx flask.debughelpers
    flask.globals flask.helpers flask.json flask.json.provider flask.json.tag flask.logging
    flask.sansio.app flask.sansio.blueprints flask.sansio.scaffold flask.sessions flask.signals
    flask.templating flask.testing flask.typing flask.views flask.wrappers
"""

# What is not here, and why.
MISSING = {
    "a function that only upstream's own lines call": """
        flask.cli:_app_option flask.cli:_called_with_wrong_args flask.cli:_debug_option
        flask.cli:_env_file_callback flask.cli:_env_file_option flask.cli:_path_is_ancestor
        flask.cli:_set_app flask.cli:_set_debug flask.cli:_validate_key flask.json:_default
        flask.sansio.scaffold:_find_package_path flask.testing:_werkzeug_version
        flask.sansio.app:DispatchingJinjaLoader._get_source_explained
        flask.sansio.app:DispatchingJinjaLoader._get_source_fast
        flask.templating:DispatchingJinjaLoader._get_source_explained
        flask.templating:DispatchingJinjaLoader._get_source_fast
    """,
    "a type variable of upstream's own": "flask.cli:F flask.config:T flask.ctx:F "
    "flask.sansio.scaffold:F flask.views:F",
    "an import that no known project takes from there": """
        flask.blueprints:SansioBlueprint flask.debughelpers:App flask.debughelpers:Blueprint
        flask.debughelpers:request_ctx flask.typing:cabc
    """,
    "replacing it would change nothing: the command does not read it from there": """
        flask.cli:run_simple
    """,
    "is defined on `Flask`, which is where it is used": "flask.app:App.app_ctx_globals_class "
    "flask.sansio.app:App.app_ctx_globals_class",
}

# What is called differently.
CALLED_OTHERWISE = {
    "setupmethod": "a decorator, whose argument is given by position",
}

# Attributes of objects that have no default on the class here: CPython 3.13 reads and assigns such
# attributes faster (docs/decisions/0039). The first two are set on every object, and the limits
# of a request are in one attribute.
WITHOUT_DEFAULT = ("_static_folder", "_static_url_path")
LIMITS = ("_max_content_length", "_max_form_memory_size", "_max_form_parts")


@pytest.fixture(scope="session")
def names_of_both(official_python: Path) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """The names of official Flask and of this package."""

    def ask(python: str, names: list[str]) -> dict[str, t.Any]:
        done = subprocess.run(
            [python, "-c", PRINT_NAMES, *MODULES.split()],
            input=json.dumps(names),
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        found: dict[str, t.Any] = json.loads(done.stdout)
        return found

    official = ask(str(official_python), [])
    return official, ask(
        sys.executable, [name for name in official if "." not in name.partition(":")[2]]
    )


def test_every_name_is_here_but_the_listed_ones(
    names_of_both: tuple[dict[str, t.Any], dict[str, t.Any]],
) -> None:
    official, ours = names_of_both
    missing = {
        name
        for name in official
        if name not in ours and not name.endswith((*WITHOUT_DEFAULT, *LIMITS))
    }
    of_missing_classes = {name for name in missing if name.rpartition(".")[0] in missing}
    listed = {name for names in MISSING.values() for name in names.split()}
    assert missing - of_missing_classes == listed


def test_every_object_has_the_attributes_without_a_default(app: Flask) -> None:
    for name in WITHOUT_DEFAULT:
        assert hasattr(app, name)
        assert hasattr(Blueprint("shop", __name__), name)


def test_every_function_takes_the_same_arguments(
    names_of_both: tuple[dict[str, t.Any], dict[str, t.Any]],
) -> None:
    official, ours = names_of_both

    def names(parameters: list[tuple[str, str, bool]]) -> list[str]:
        return [name for name, _, _ in parameters if name not in ("self", "_")]

    otherwise = {
        place.partition(":")[2]
        for place, parameters in official.items()
        if parameters is not None
        and ours.get(place) is not None
        and not any(kind == "VAR_KEYWORD" for _, kind, _ in ours[place])
        and names(parameters) != names(ours[place])[: len(names(parameters))]
    }
    assert otherwise == CALLED_OTHERWISE.keys()


def test_no_argument_is_needed_that_official_flask_does_not_need(
    names_of_both: tuple[dict[str, t.Any], dict[str, t.Any]],
) -> None:
    official, ours = names_of_both
    needed = {
        place.partition(":")[2]
        for place, parameters in ours.items()
        if parameters is not None and official.get(place) is not None
        for name, kind, is_needed in parameters
        if is_needed and not kind.startswith("VAR") and name not in ("self", "_")
        if [name, kind, True] not in official[place]
    }
    assert needed == CALLED_OTHERWISE.keys()
