"""Hints of the command line: what exists instead of an application that was not found.

This module is imported when such an error is created. It imports no user's code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from types import ModuleType

from .._app.base import App
from .._core.user_code import describe, find_code, suggest

_MOST_LISTED = 5
_MOST_ENTRIES = 1_000  # of a folder
_MOST_READ = 100_000  # bytes of a file
_MARKS = (b"Flask(", b"def create_app", b"def make_app")
_EXAMPLE = "app"


def explain_missing_module(name: str) -> str:
    """Return sentences about a module that does not exist: the folder, and what is in it.

    :param name: the dotted name. Its folder is the first of ``sys.path``.
    """
    if not name:
        return ""
    folder = sys.path[0] if sys.path else os.getcwd()
    *parents, last = name.split(".")
    prefix = ""
    for parent in parents:
        if not os.path.isdir(os.path.join(folder, parent)):
            last = parent
            break
        folder = os.path.join(folder, parent)
        prefix += f"{parent}."
    modules = _list_modules(folder)
    text = f" There is no '{last}.py' and no package {last!r} in {folder}."
    similar = suggest(last, modules)
    if similar:
        return f"{text}{similar.replace(chr(39), chr(39) + prefix, 1)}"
    candidates = _find_candidates(folder, modules)
    if candidates:
        return f"{text} {_name_candidates(candidates, prefix)}"
    return f"{text}{_list('It has the modules', modules)} Change to the folder of the application."


def explain_no_application() -> str:
    """Return sentences about files of the current folder that may contain an application."""
    folder = os.getcwd()
    candidates = _find_candidates(folder, _list_modules(folder))
    text = f" The current directory is {folder}."
    if candidates:
        return f"{text} {_name_candidates(candidates, '')}"
    return (
        f"{text} No file in it contains 'Flask('. Change to the folder of the application, or"
        " create one with: flask new NAME"
    )


def explain_module(module: ModuleType) -> str:
    """Return sentences about a module without an application: its file, and its factories.

    :param module: the module.
    """
    text = f" The module is {getattr(module, '__file__', None) or module.__name__}."
    functions = [
        value
        for name, value in vars(module).items()
        if find_code(value) is not None
        and getattr(value, "__module__", "") == module.__name__
        and "app" in name.lower()
    ]
    if not functions:
        return f"{text} An application is created with: app = Flask(__name__)."
    first = functions[0]
    return (
        f"{text} If {describe(first)} is the factory, write '{module.__name__}:{first.__name__}'."
    )


def explain_missing_name(module: ModuleType, name: str) -> str:
    """Return sentences about a name that a module does not have: a similar name, its applications.

    :param module: the module.
    :param name: the name.
    """
    apps = [key for key, value in vars(module).items() if isinstance(value, App)]
    functions = [key for key, value in vars(module).items() if find_code(value) is not None]
    text = f" The module is {getattr(module, '__file__', None) or module.__name__}."
    return f"{text}{suggest(name, [*apps, *functions]) or _list('It has the applications', apps)}"


def explain_result(factory: object, result: object) -> str:
    """Return sentences about an object that is not an application.

    :param factory: the function that returned it, or the object itself.
    :param result: the object.
    """
    if find_code(factory) is None:
        kind = type(result).__name__
        return f" It is an object of the class {kind!r}, not an application."
    if result is None:
        return (
            f" The factory {describe(factory)} returned None or ended without a return statement."
            f" Write 'return {_EXAMPLE}' at its end."
        )
    kind = type(result).__name__
    return f" The factory {describe(factory)} returned an object of the class {kind!r}."


def explain_failed_import(error: ImportError) -> str:
    """Return sentences about a module that an application imports and that is not installed.

    Empty for other errors.

    :param error: the error.
    """
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    top = error.name.partition(".")[0]
    similar = suggest(top, _list_modules(sys.path[0])) if sys.path else ""
    return (
        f"\nThe module {top!r} is not installed in the environment {sys.prefix}. If it belongs to a"
        f" package, activate the environment that has it, or install it: {sys.executable} -m pip"
        f" install ...{similar}"
    )


def _list_modules(folder: str) -> list[str]:
    """Return the names of the modules and packages in a folder."""
    found: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                if number == _MOST_ENTRIES:
                    break
                stem, extension = os.path.splitext(entry.name)
                if not stem.isidentifier():
                    continue
                is_package = not extension and os.path.exists(os.path.join(entry, "__init__.py"))
                if is_package or extension == ".py":
                    found.append(stem)
    except OSError:
        return []
    return sorted(found)


def _find_candidates(folder: str, modules: Iterable[str]) -> list[str]:
    """Return the modules whose text creates an application."""
    found: list[str] = []
    for module in modules:
        for path in (f"{module}.py", os.path.join(module, "__init__.py")):
            try:
                with open(os.path.join(folder, path), "rb") as file:
                    text = file.read(_MOST_READ)
            except OSError:
                continue
            if any(mark in text for mark in _MARKS):
                found.append(module)
                break
    return found


def _name_candidates(candidates: list[str], prefix: str) -> str:
    first = f"{prefix}{candidates[0]}"
    others = _list(" So do", candidates[1:])
    return f"{first!r} creates an application: write 'flask --app {first} run'.{others}"


def _list(start: str, names: list[str]) -> str:
    """Return a sentence that lists names; empty without names."""
    if not names:
        return ""
    listed = ", ".join(repr(name) for name in names[:_MOST_LISTED])
    more = len(names) - _MOST_LISTED
    return f" {start.strip()} {listed}{f' and {more} more' if more > 0 else ''}."
