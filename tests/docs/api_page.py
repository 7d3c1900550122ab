"""Generate the page of the API: its public modules, their names, a line for each.

Run as a program, this module writes the page. `test_docs` compares the page with the package.

A module's public names are those of ``__all__``, else what it defines and what it re-exports with
``from x import y as y``. The line is the first sentence of the docstring.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
import types
import typing as t
from functools import cache
from pathlib import Path

import click
from blinker import NamedSignal

PACKAGE = Path(__file__).parents[2] / "src" / "flask"
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"

MODULES = (
    *("flask", "flask.api", "flask.app", "flask.asgi", "flask.blueprints"),
    *("flask.channels", "flask.cli"),
    *("flask.config", "flask.ctx", "flask.debughelpers", "flask.globals", "flask.helpers"),
    *("flask.json", "flask.json.provider", "flask.json.tag", "flask.logging", "flask.security"),
    *("flask.sessions", "flask.signals", "flask.templating", "flask.testing", "flask.typing"),
    *("flask.views", "flask.wrappers"),
    *("flask.sansio.app", "flask.sansio.blueprints", "flask.sansio.scaffold"),
)

LISTING = [name for name in MODULES[1:] if not name.startswith("flask.sansio")]
"""The modules with which classes are listed; the others only re-export names."""

HEAD = """\
# API

This page lists every public module and its names. On the site, each name leads to its signature,
parameters and errors; `help(name)` in a Python prompt shows the same text. Names that begin with
an underscore are not public, except for those in
[Promised private names](../architecture.md#promised-private-names).
"""


def first_sentence(text: str | None) -> str:
    """Return the first sentence, or first line without an end, of a docstring, for a table."""
    paragraph = " ".join((text or "").strip().partition("\n\n")[0].split())
    sentence = (
        re.split(r"(?<=[.:])\s", paragraph, maxsplit=1)[0] if ". " in paragraph else paragraph
    )
    return sentence.replace("``", "`").replace("|", "\\|")


def notes_of_source(path: Path) -> dict[str, dict[str, str]]:
    """Return the first sentences of the docstrings below assignments."""
    return {
        owner: {name: first_sentence(text) for name, text in texts.items()}
        for owner, texts in texts_of_source(path).items()
    }


@cache
def texts_of_source(path: Path) -> dict[str, dict[str, str]]:
    """Return the docstrings below assignments: ``{class name or "": {name: docstring}}``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bodies = {"": tree.body}
    bodies.update((node.name, node.body) for node in tree.body if isinstance(node, ast.ClassDef))
    texts: dict[str, dict[str, str]] = {}
    for owner, body in bodies.items():
        found = texts.setdefault(owner, {})
        for node, following in zip(body, [*body[1:], None], strict=True):
            target = node.targets[0] if isinstance(node, ast.Assign) else None
            if isinstance(node, ast.AnnAssign):
                target = node.target
            if isinstance(target, ast.Name):
                found[target.id] = inspect.cleandoc(_text_of(following))
    return texts


def _text_of(node: ast.stmt | None) -> str:
    """Return the text of a statement that is only a string, else an empty string."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value)
    return ""


def public_names(module: types.ModuleType) -> list[str]:
    """Return the public names of a module, sorted; a fixed list wins over what is found."""
    listed = getattr(module, "__all__", None)
    if listed is None:
        listed = []
        body = ast.parse(inspect.getsource(module)).body
        # With what is imported for type checkers, and at run time at the first access.
        deferred = [
            inner
            for node in body
            if isinstance(node, ast.If)
            for inner in node.body
            if isinstance(inner, ast.ImportFrom)
        ]
        for node in [*body, *deferred]:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                listed.append(node.name)
            elif isinstance(node, ast.Assign):
                listed += [target.id for target in node.targets if isinstance(target, ast.Name)]
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                listed.append(node.target.id)
            elif isinstance(node, ast.ImportFrom | ast.Import):
                listed += [a.asname for a in node.names if a.asname and a.asname == a.name]
    return sorted(
        {name for name in listed if _is_public(module, name)}, key=lambda name: (name.lower(), name)
    )


def _is_public(module: types.ModuleType, name: str) -> bool:
    value = getattr(module, name)
    return not (name.startswith("_") or isinstance(value, t.TypeVar | types.ModuleType))


def file_of(kind: type) -> Path:
    """Return the file that defines a class; ``__module__`` may name the address instead."""
    for value in vars(kind).values():
        code = getattr(value, "__code__", None)
        if isinstance(code, types.CodeType) and code.co_filename.startswith(str(PACKAGE)):
            return Path(code.co_filename)
    return Path(inspect.getfile(kind))


def members_of(kind: type) -> t.Iterator[tuple[str, str]]:
    """Yield the public members that a class's own code defines, with a line for each.

    A member without its own docstring is listed with the base class that has one.
    """
    notes = notes_of_source(file_of(kind)).get(kind.__name__, {})
    for name in dict.fromkeys([*notes, *vars(kind)]):
        if name.startswith("_"):
            continue
        value = inspect.getattr_static(kind, name, None)
        if notes.get(name):
            yield name, notes[name]
        elif isinstance(value, types.FunctionType | classmethod | staticmethod):
            if value.__doc__:
                yield f"{name}()", first_sentence(value.__doc__)
        elif hasattr(type(value), "__get__") and not isinstance(value, type) and value.__doc__:
            yield name, first_sentence(value.__doc__)


def line_of(module: types.ModuleType, name: str) -> str:
    """Return the line for a name of a module."""
    value = getattr(module, name)
    if value is t.Annotated:  # a class on some versions of Python, and not on others
        return "`typing.Annotated`."
    if isinstance(value, NamedSignal):
        return "A signal; see [Signals](../guides/signals.md)."
    if isinstance(value, click.Command):
        return f"The command `{value.name}`; see [Command line](command-line.md)."
    if isinstance(value, type | types.FunctionType) and value.__module__.startswith("flask."):
        return first_sentence(value.__doc__)
    for home in [name for name in sys.modules if name.partition(".")[0] == "flask"]:
        defined = sys.modules[home]
        note = notes_of_source(Path(str(defined.__file__))).get("", {}).get(name)
        if note and getattr(defined, name) is value:
            return note
    if isinstance(value, type):
        return f"The class `{value.__module__}.{value.__qualname__}`."
    return ""


def home_of(kind: type) -> str:
    """Return the public module with which a class is listed: it defines or re-exports it."""
    if kind.__module__ in MODULES:
        return kind.__module__
    modules = (importlib.import_module(name) for name in LISTING)
    exporters = (
        module.__name__
        for module in modules
        if kind.__name__ in public_names(module) and getattr(module, kind.__name__) is kind
    )
    return next(exporters, "")


def kinds_of(module: types.ModuleType) -> list[type]:
    """Return the classes of this package whose members are listed with a module."""
    values = [getattr(module, name) for name in public_names(module)]
    return [
        value
        for value in values
        if isinstance(value, type)
        and value.__module__.startswith("flask.")
        and home_of(value) == module.__name__
    ]


def make_page() -> str:
    """Return the text of the page."""
    parts = [HEAD]
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        parts.append(
            f"\n## {module_name}\n\n{first_sentence(module.__doc__)}\n\n"
            "| name | description |\n|---|---|\n"
        )
        parts += [
            f"| `{name}` | {line_of(module, name)} |\n".replace("|  |", "| |")
            for name in public_names(module)
        ]
        for kind in kinds_of(module):
            parts += _members_table(kind)
    return "".join(parts)


def _members_table(kind: type) -> list[str]:
    bases = [base for base in kind.__mro__ if base.__module__.startswith("flask.")]
    parts: list[str] = []
    seen: set[str] = set()
    for base in bases:
        if base is not kind and home_of(base) and not base.__name__.startswith("_"):
            continue  # it has its own table
        rows = [(name, line) for name, line in members_of(base) if name not in seen]
        seen.update(name for name, _ in rows)
        if rows and not parts:
            parts.append(
                f"\n### {home_of(kind)}.{kind.__name__}\n\n| member | description |\n|---|---|\n"
            )
        parts += [f"| `{name}` | {line} |\n".replace("|  |", "| |") for name, line in rows]
    return parts


if __name__ == "__main__":
    PAGE.write_text(make_page(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
