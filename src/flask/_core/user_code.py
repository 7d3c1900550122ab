"""Describe the user's code in errors: where a function is defined, and which name was meant.

Only errors use this module, so it is imported when the first error is created.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Iterable, Iterator
from functools import partial
from types import CodeType, FrameType, FunctionType, MethodType, TracebackType

_LIBRARIES = frozenset({"blinker", "click", "flask", "jinja2", "werkzeug"})
_MOST_COMPARED = 1_000  # names; difflib compares each of them
_LONGEST_COMPARED = 100  # characters
_MOST_WRAPPERS = 20
_SIMILAR = 0.6  # the default of difflib


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
    module: str = frame.f_globals.get("__name__") or ""
    return module.partition(".")[0] in _LIBRARIES


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
