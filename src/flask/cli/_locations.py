"""Where the code of an application is: the file and line of a view or of a class."""

from __future__ import annotations

import functools
import inspect
import os
import typing as t

from .._core.user_code import THIS_PACKAGE, find_library, shorten_path


class Location(t.NamedTuple):
    """A line of a file."""

    file: str
    """Absolute path of the file."""
    line: int | None
    """Number of the line, from 1; ``None``: it is not known."""

    def __str__(self) -> str:
        path = shorten_path(self.file)
        return path if self.line is None else f"{path}:{self.line}"


def locate_view(view: object) -> Location | None:
    """Return where a view is defined.

    ``None`` for a view that is written in C, or that this package has added, such as ``static``.

    :param view: a function, possibly decorated, the function of a class-based view, or a callable
        object.
    """
    view = getattr(view, "view_class", view)
    while isinstance(view, functools.partial):
        view = view.func
    if inspect.isclass(view):
        return _outside_of_package(locate_class(view))
    if callable(view):
        view = inspect.unwrap(view)
    code = getattr(view, "__code__", None)
    if code is None and callable(view):
        code = getattr(type(view).__call__, "__code__", None)
    if code is None:
        return None
    return _outside_of_package(Location(os.path.abspath(code.co_filename), code.co_firstlineno))


def locate_class(kind: type) -> Location | None:
    """Return where a class is defined, or ``None`` if its source is not there."""
    try:
        file = inspect.getsourcefile(kind)
        if file is None:
            return None
        return Location(os.path.abspath(file), inspect.getsourcelines(kind)[1])
    except (OSError, TypeError):
        return None


def _outside_of_package(location: Location | None) -> Location | None:
    if location is None or find_library(location.file) == THIS_PACKAGE:
        return None
    return location
