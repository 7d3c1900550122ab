"""Every public name has a docstring, its first line is short, and none appears twice."""

from __future__ import annotations

import ast
import importlib
import inspect
import typing as t
from collections import Counter

import pytest
from modules import MODULES

LONGEST_FIRST_LINE = 72

PUBLIC_MODULES = [
    *(
        "app",
        "blueprints",
        "channels",
        "cli",
        "config",
        "ctx",
        "debughelpers",
        "globals",
        "helpers",
        "json",
    ),
    *("json.provider", "json.tag", "logging", "sessions", "signals", "templating", "testing"),
    *("typing", "views", "wrappers", "sansio", "sansio.app", "sansio.blueprints"),
    "sansio.scaffold",
]


def is_public(name: str) -> bool:
    return not name.startswith("_")


def public_things() -> t.Iterator[tuple[str, t.Any]]:
    """Yield what public modules offer of this package, and the members of its classes."""
    seen: set[int] = set()
    for module_name in PUBLIC_MODULES:
        module = importlib.import_module(f"flask.{module_name}")
        for name, thing in vars(module).items():
            owner = getattr(thing, "__module__", "")
            if not is_public(name) or not str(owner).startswith("flask") or id(thing) in seen:
                continue
            if inspect.isclass(thing):
                seen.add(id(thing))
                yield f"{module_name}.{name}", thing
                yield from members(f"{module_name}.{name}", thing)
            elif inspect.isroutine(thing):
                seen.add(id(thing))
                yield f"{module_name}.{name}", thing


def members(owner: str, kind: type) -> t.Iterator[tuple[str, t.Any]]:
    for base in kind.__mro__:
        if not base.__module__.startswith("flask"):
            continue
        for name, member in vars(base).items():
            if is_public(name) and (
                inspect.isfunction(member)
                or isinstance(member, property | classmethod | staticmethod)
            ):
                yield f"{owner}.{name}", getattr(kind, name)


def test_every_public_name_has_a_docstring() -> None:
    things = dict(public_things())
    assert len(things) > 300  # the search finds something
    assert sorted(name for name, thing in things.items() if not inspect.getdoc(thing)) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_file_describes_its_purpose(module: t.Any) -> None:
    if module.name != "__main__":
        assert ast.get_docstring(module.tree)


def all_docstrings() -> t.Iterator[tuple[str, str]]:
    for module in MODULES:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text:
                    name = getattr(node, "name", "the file")
                    yield f"{module.name}: {name}", text


def test_first_lines_of_public_docstrings_are_short() -> None:
    firsts = {name: inspect.getdoc(thing) or "" for name, thing in public_things()}
    long = {
        name: len(text.partition("\n")[0])
        for name, text in firsts.items()
        if len(text.partition("\n")[0]) > LONGEST_FIRST_LINE
    }
    assert long == {}


def test_a_docstrings_first_line_is_followed_by_an_empty_one() -> None:
    wrong = []
    for where, text in all_docstrings():
        first, _, rest = text.partition("\n")
        if rest and not rest.startswith("\n"):
            wrong.append(f"{where}: {first}")
    assert wrong == []


def test_no_docstring_appears_twice() -> None:
    counts = Counter(text for _, text in all_docstrings())
    twice = {text: n for text, n in counts.items() if n > 1}
    assert {text: [w for w, other in all_docstrings() if other == text] for text in twice} == {}
