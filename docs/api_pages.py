"""Make the pages of the reference from the package: one page for each public module.

`tests/docs/api_page.py` says which names are public and which members a class has; it also writes
the table ``docs/reference/api.md``. The pages here have what the table has not: signatures,
parameters and errors, from the docstrings, by Sphinx's autodoc. Each object is documented once. It
is in `flask` if `flask` exports it, else in the module that defines it.
"""

from __future__ import annotations

import importlib
import inspect
import re
import typing as t
from functools import cache
from pathlib import Path
from textwrap import indent

import click
from api_page import (
    MODULES,
    file_of,
    home_of,
    line_of,
    members_of,
    public_names,
    texts_of_source,
)
from blinker import NamedSignal
from collect import toctree

GROUPS = ("Classes", "Functions", "Signals", "Commands", "Objects and types")


@cache
def addresses() -> dict[str, str]:
    """Return where each public name is described: ``{"flask.app.Flask": "flask.Flask"}``."""
    found: dict[str, str] = {}
    for name in MODULES:
        module = importlib.import_module(name)
        for member in public_names(module):
            found[f"{name}.{member}"] = _address_of(name, member)
    return found


def _address_of(module_name: str, name: str) -> str:
    value = getattr(importlib.import_module(module_name), name)
    for other in _candidates(value):
        module = importlib.import_module(other)
        if name in public_names(module) and getattr(module, name) is value:
            return f"{other}.{name}"
    return f"{module_name}.{name}"


def _candidates(value: object) -> list[str]:
    """Return the modules that may document a value, the most suitable first."""
    home = home_of(value) if isinstance(value, type) else getattr(value, "__module__", "")
    if isinstance(value, NamedSignal):
        home = "flask.signals"
    order = dict.fromkeys(["flask", home, *(name for name in MODULES if name != "flask.cli")])
    return [name for name in (*order, "flask.cli") if name in MODULES]


def add_reference(pages: dict[str, str]) -> None:
    """Add the pages of the modules to those of the site, and link the table to them."""
    pages |= {f"reference/modules/{name}.rst": _make_page(name) for name in MODULES}
    table = pages["reference/api.md"]
    pages["reference/api.md"] = link_names(table) + toctree(f"modules/{name}" for name in MODULES)


def link_names(table: str) -> str:
    """Return the text of ``api.md`` with a link from each name to its description."""
    lines = []
    owner = ""
    for line in table.splitlines():
        heading = re.fullmatch(r"##+ (flask[\w.]*)", line)
        row = re.match(r"\| `(\w+)(\(\))?` \|", line)
        if heading:
            owner = heading[1]
        elif row:
            owner_address = addresses().get(owner, owner)
            address = addresses().get(f"{owner}.{row[1]}", f"{owner_address}.{row[1]}")
            line = f"| {{py:obj}}`{row[1]}{row[2] or ''} <{address}>` |{line[row.end() :]}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def _make_page(name: str) -> str:
    module = importlib.import_module(name)
    parts = [f"{name}\n{'=' * len(name)}\n\n.. py:module:: {name}\n\n{inspect.getdoc(module)}\n"]
    groups: dict[str, list[str]] = {group: [] for group in GROUPS}
    elsewhere: list[str] = []
    for member in public_names(module):
        address = addresses()[f"{name}.{member}"]
        if address != f"{name}.{member}":
            elsewhere.append(f"* :py:obj:`{member} <{address}>`\n")
            continue
        group, text = _entry_of(module, name, member)
        groups[group].append(text)
    for group, texts in groups.items():
        if texts:
            parts.append(f"\n{group}\n{'-' * len(group)}\n\n" + "\n".join(texts))
    if elsewhere:
        title = "Names that another page describes"
        parts.append(f"\n{title}\n{'-' * len(title)}\n\n" + "".join(elsewhere))
    return "".join(parts)


def _entry_of(module: t.Any, module_name: str, name: str) -> tuple[str, str]:
    """Return the group of a name, and its text."""
    value = getattr(module, name)
    address = f"{module_name}.{name}"
    if isinstance(value, NamedSignal):
        signals = importlib.import_module("flask.signals")
        text = texts_of_source(Path(str(signals.__file__)))[""].get(name, "")
        return "Signals", _data(address, f"{text}\n\nSee :doc:`/guides/signals`.")
    if isinstance(value, click.Command):
        text = f"The command ``{value.name}``: :doc:`/reference/command-line`."
        return "Commands", _data(address, text)
    ours = str(getattr(value, "__module__", "")).startswith("flask")
    if isinstance(value, type) and ours and value.__name__ != name:
        return "Classes", _data(address, f"Another name of :py:class:`{_public_address(value)}`.")
    if isinstance(value, type) and ours:
        return "Classes", _class(value, address)
    if inspect.isfunction(value) and ours:
        return "Functions", f".. autofunction:: {address}\n"
    return "Objects and types", _data(address, _to_rst(line_of(module, name)))


def _data(address: str, text: str) -> str:
    name = address.rpartition(".")[2]  # in the module of the page
    return f".. py:data:: {name}\n\n{indent(text, '   ')}\n"


def _to_rst(line: str) -> str:
    """Return a line of the table, which is Markdown, as reStructuredText."""
    line = line.replace("\\|", "|")
    return re.sub(r"`([^`]+)`", r"``\1``", line)


def _class(kind: type, address: str) -> str:
    """Return a class with the members that its own code and its private bases define."""
    parts = [f".. autoclass:: {address}\n   :no-members:\n"]
    bases: list[type] = []
    for base in kind.__mro__[1:]:
        is_basic = base.__module__ == "typing" or base is object
        if _public_address(base) and not is_basic and not any(issubclass(b, base) for b in bases):
            bases.append(base)
    if bases:
        names = ", ".join(f":py:class:`{_public_address(base)}`" for base in bases)
        parts.append(f"   Bases: {names}.\n")
    seen: set[str] = set()
    for base in kind.__mro__:
        if not base.__module__.startswith("flask.") or (base is not kind and home_of(base)):
            continue
        for member, _ in members_of(base):
            name = member.removesuffix("()")
            if name not in seen:
                seen.add(name)
                parts.append(indent(_member(base, address, name), "   "))
    parts += [_inherited(base, seen) for base in bases if base.__module__.startswith("werkzeug.wr")]
    return "\n".join(parts)


def _inherited(base: type, seen: set[str]) -> str:
    """Return the names of the members that a class has from Werkzeug."""
    names = [name for name in dir(base) if not name.startswith("_") and name not in seen]
    listed = ", ".join(f"``{name}``" for name in names)
    return f"   Also, from ``{base.__module__}.{base.__name__}``: {listed}.\n"


def _public_address(kind: type) -> str:
    if not kind.__module__.startswith("flask."):
        return f"{kind.__module__}.{kind.__qualname__}"
    home = home_of(kind)
    return addresses().get(f"{home}.{kind.__name__}", "") if home else ""


def _member(base: type, address: str, name: str) -> str:
    value = inspect.getattr_static(base, name, None)
    note = texts_of_source(file_of(base)).get(base.__name__, {}).get(name)
    if not note and isinstance(value, staticmethod | classmethod):
        return f".. automethod:: {address}.{name}\n"
    if not note and inspect.isfunction(value):
        return f".. automethod:: {address}.{name}\n"
    if not note and isinstance(value, property):
        return f".. autoproperty:: {address}.{name}\n"
    annotation = str(inspect.get_annotations(base).get(name, ""))
    kind_line = f"   :type: {_short(annotation)}\n" if annotation else ""
    text = note or inspect.getdoc(value) or ""
    return f".. py:attribute:: {name}\n{kind_line}\n{indent(text, '   ')}\n"


def _short(annotation: str) -> str:
    """Return an annotation without the names of modules that sources abbreviate."""
    return re.sub(r"\bf?t\.(?=\w)", "", annotation).strip("'\"")
