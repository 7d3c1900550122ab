"""The user's code: which files it is, where a function is defined, and which name was meant.

Errors, the reloader and commands use this module, so it is imported when the first of them does.
"""

from __future__ import annotations

import os
import sys
import typing as t
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache, partial
from pathlib import Path
from types import CodeType, FrameType, FunctionType, MethodType, TracebackType

PYTHON: t.Final = "Python"
"""The name of the library that Python's own modules are."""
THIS_PACKAGE: t.Final = "flask"
"""The name of the library that this package is."""

_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # of this package
_INSTALLED = ("site-packages", "dist-packages")
_LIBRARIES = frozenset({"blinker", "click", "flask", "jinja2", "werkzeug"})
_MOST_COMPARED = 1_000  # names; difflib compares each of them
_LONGEST_COMPARED = 100  # characters
_MOST_WRAPPERS = 20
_SIMILAR = 0.6  # the default of difflib


# Whose code a file is -----------------------------------------------------------------------------


def find_library(path: str, root: str = "") -> str | None:
    """Return the library that a file belongs to; ``None`` if it is the user's code.

    For an installed package it is the name of its folder or module, which may also be `PYTHON` or
    `THIS_PACKAGE`. Scripts of a virtual environment belong to Python.

    :param path: a file, a folder, or the file name of a code object.
    :param root: the root path of the application. It may be in an installed package, and is the
        user's code then, too.
    """
    if path.startswith("<"):
        return PYTHON if path.startswith("<frozen ") else None
    name = _find_library(path)
    if name is None or not root or not path.startswith(os.path.join(root, "")):
        return name
    return name if _find_library(root) in (None, PYTHON, THIS_PACKAGE) else None


@lru_cache(maxsize=16_384)
def _find_library(path: str) -> str | None:
    parts = Path(path).parts
    for index, part in enumerate(parts):
        if part in _INSTALLED:
            return parts[index + 1].removesuffix(".py") if parts[index + 1 :] else part
    real = os.path.join(os.path.realpath(path), "")
    for folder, name in _library_folders():
        if real.startswith(folder):
            return name
    return None


@cache
def _library_folders() -> tuple[tuple[str, str], ...]:
    """Return folders without symbolic links, each with the library that is in it."""
    import sysconfig

    names = ("stdlib", "platstdlib", "purelib", "platlib", "scripts")
    paths = {path for name in names if (path := sysconfig.get_path(name))}
    found = [(_FOLDER, THIS_PACKAGE), *((path, PYTHON) for path in sorted(paths))]
    return tuple((os.path.join(os.path.realpath(path), ""), name) for path, name in found)


def shorten_path(path: str) -> str:
    """Return a path as it is shown: relative to its library, or to the working directory.

    :param path: a path, which stays as it is if it is elsewhere.
    """
    parts = Path(path).parts
    for index, part in enumerate(parts[:-1]):
        if part in _INSTALLED:
            return "/".join(parts[index + 1 :])
    folders = [os.path.dirname(_FOLDER), os.path.dirname(os.__file__)]
    try:
        folders.insert(0, os.getcwd())
    except OSError:  # it was removed
        pass
    for folder in folders:
        if path.startswith(os.path.join(folder, "")):
            return path[len(os.path.join(folder, "")) :]
    return path


# How it is named ----------------------------------------------------------------------------------


def describe(subject: object) -> str:
    """Return the name of a function or a class, with file and line of a function.

    :param subject: a function, a method, a class or any other object. A wrapped function, or the
        class of a view, is described instead of its wrapper.
    """
    subject = getattr(subject, "view_class", None) or unwrap(subject)
    if isinstance(subject, type):
        codes = [code for member in vars(subject).values() if (code := find_code(member))]
        first = min(codes, key=lambda code: code.co_firstlineno, default=None)
        where = "" if first is None else f" (its first method: {locate(first)})"
        return f"the class {subject.__module__}.{subject.__qualname__}{where}"
    code = find_code(subject)
    if code is None:
        return _shorten(repr(subject))
    name = getattr(subject, "__qualname__", code.co_qualname)
    return f"{name}() in {locate(code)}"


def locate(code: CodeType) -> str:
    """Return file and first line of a function's code."""
    return f"{code.co_filename}, line {code.co_firstlineno}"


def find_code(function: object) -> CodeType | None:
    """Return the code of a function or a method; ``None`` for other objects."""
    if isinstance(function, MethodType):
        function = function.__func__
    return function.__code__ if isinstance(function, FunctionType) else None


def find_wrapped(function: object) -> FunctionType | None:
    """Return the function that a wrapper without ``functools.wraps`` calls, if there is only one.

    :param function: the function that a decorator returned.
    """
    cells = getattr(function, "__closure__", None) or ()
    found = [cell.cell_contents for cell in cells if _is_filled(cell)]
    functions = [value for value in found if isinstance(value, FunctionType)]
    return functions[0] if len(functions) == 1 else None


def _is_filled(cell: t.Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def unwrap(subject: t.Any) -> object:
    """Return the function that a chain of wrappers and partials leads to.

    :param subject: a function, or any other object, which is returned as it is.
    """
    for _ in range(_MOST_WRAPPERS):
        if isinstance(subject, partial):
            subject = subject.func
        elif isinstance(subject, FunctionType | MethodType):
            wrapped = getattr(subject, "__wrapped__", None)
            if wrapped is None:
                break
            subject = wrapped
        else:
            break
    return subject


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_COMPARED else f"{text[: _LONGEST_COMPARED - 3]}..."


def find_caller() -> str:
    """Return file and line of the user's code that is running, for an error of a call.

    Empty if there is none.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_library(frame):
        frame = frame.f_back
    return "" if frame is None else f"{frame.f_code.co_filename}, line {frame.f_lineno}"


def warn_about_call(message: str) -> None:
    """Warn about a call of this package, at the line of the user's code that is running.

    :param message: the text of the warning.
    """
    import warnings

    level = 2
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_library(frame):
        frame = frame.f_back
        level += 1
    warnings.warn(message, stacklevel=level)


def iterate_traceback(trace: TracebackType | None) -> Iterator[TracebackType]:
    """Yield the entries of a traceback, the outermost first."""
    while trace is not None:
        yield trace
        trace = trace.tb_next


def find_last_line(error: BaseException) -> str:
    """Return file and line of the user's code where an error was raised, or whose call raised it.

    Empty if the traceback contains no code of the user.
    """
    line = ""
    for trace in iterate_traceback(error.__traceback__):
        if not _is_library(trace.tb_frame):
            line = f"{trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno}"
    return line


def _is_library(frame: FrameType) -> bool:
    """Return whether a frame is not the caller. An extension that calls this package is one."""
    module: str = frame.f_globals.get("__name__") or ""
    if module.partition(".")[0] in _LIBRARIES:
        return True
    return find_library(frame.f_code.co_filename) == PYTHON


# Which name was meant -----------------------------------------------------------------------------


def find_similar(name: object, names: Iterable[object]) -> str | None:
    """Return the name that was probably meant; ``None`` if no name is similar.

    :param name: the name that does not exist.
    :param names: those that exist.
    """
    if not isinstance(name, str) or len(name) > _LONGEST_COMPARED:
        return None
    from difflib import get_close_matches  # 2 ms that only errors need

    by_lower: dict[str, str] = {}
    for candidate in names:
        if isinstance(candidate, str) and candidate != name:
            by_lower.setdefault(candidate.lower(), candidate)
            if len(by_lower) == _MOST_COMPARED:
                break
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=_SIMILAR)
    return by_lower[found[0]] if found else None


def suggest(name: object, names: Iterable[object]) -> str:
    """Return a sentence with the name that was probably meant; empty if no name is similar.

    :param name: the name that does not exist.
    :param names: those that exist.
    """
    similar = find_similar(name, names)
    return "" if similar is None else f" Did you mean {similar!r}?"
