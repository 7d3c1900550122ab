"""The modules of the package, as text and as syntax trees."""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import flask

PACKAGE = Path(flask.__file__).parent


class Module(t.NamedTuple):
    """A module: its name below ``flask``, with slashes, and its source."""

    name: str
    path: Path
    text: str
    tree: ast.Module


def read_modules() -> list[Module]:
    modules = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).with_suffix("").as_posix().removesuffix("/__init__")
        text = path.read_text("utf-8")
        modules.append(Module(name, path, text, ast.parse(text)))
    return modules


MODULES = read_modules()
