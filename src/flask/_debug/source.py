"""Source files of a traceback: whose they are, how they are named, and their lines."""

from __future__ import annotations

import linecache
import os
import site
import sysconfig
import typing as t
from functools import cache
from pathlib import Path

AROUND: t.Final = 5
"""How many lines before and after the failing one are shown."""

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_INSTALLED = ("site-packages", "dist-packages")
_LARGEST = 5_000_000  # bytes of a file that is read
_LONGEST_LINE = 400  # characters


class Line(t.NamedTuple):
    """A line of a source file, in three parts: before, in, and after the failing expression."""

    number: int
    before: str
    marked: str
    after: str
    is_failing: bool

    @property
    def text(self) -> str:
        return self.before + self.marked + self.after


@cache
def _library_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders |= {site.getusersitepackages(), _PACKAGE}
    folders |= {os.path.realpath(folder) for folder in folders}
    return tuple(folder + os.sep for folder in sorted(folders, key=len, reverse=True))


def find_package(path: str, root: str = "") -> str | None:
    """Return the library that a file belongs to; ``None`` if it is the user's code.

    :param path: the file name of a code object.
    :param root: the root path of the application, which may be an installed package.
    """
    if path.startswith("<frozen "):
        return "Python"
    if _find_installed(root) and path.startswith(root + os.sep):
        return None
    name = _find_installed(path)
    if name:
        return name
    if path.startswith(_PACKAGE + os.sep):
        return "flask"
    return "Python" if path.startswith(_library_folders()) else None


def _find_installed(path: str) -> str:
    """Return the name of the installed package in which a file or folder is, or an empty text."""
    parts = Path(path).parts
    for index, part in enumerate(parts[:-1]):
        if part in _INSTALLED:
            return parts[index + 1].removesuffix(".py")
    return ""


def shorten_path(path: str) -> str:
    """Return a file name as it is shown: relative to the working directory or the library."""
    parts = Path(path).parts
    for index, part in enumerate(parts[:-1]):
        if part in _INSTALLED:
            return "/".join(parts[index + 1 :])
    try:
        folder = os.path.join(os.getcwd(), "")
    except OSError:  # it was removed
        return path
    if path.startswith(folder):
        return path[len(folder) :]
    for folder in (os.path.join(os.path.dirname(_PACKAGE), ""), *_library_folders()):
        if path.startswith(folder):
            return path[len(folder) :]
    return path


def read_lines(
    path: str,
    number: int,
    columns: tuple[int, int] | None = None,
    function: tuple[int, int] | None = None,
) -> list[Line]:
    """Return the lines around one line; none if the file cannot be read.

    :param path: the file name of a code object.
    :param number: the number of the failing line, from 1.
    :param columns: first and last byte of the failing expression in this line.
    :param function: first and last line of its function. Lines of others are left out.
    """
    texts = _read_file(path)
    if not 1 <= number <= len(texts):
        return []
    start, end = function or (1, len(texts))
    first = max(start, number - AROUND)
    lines = []
    for current, text in enumerate(texts[first - 1 : min(end, number + AROUND)], first):
        is_failing = current == number
        before, marked, after = _mark(text.rstrip("\r\n"), columns if is_failing else None)
        lines.append(Line(current, before, marked, after, is_failing))
    while lines and not lines[-1].text.strip():
        lines.pop()
    return _dedent(lines)


def _dedent(lines: list[Line]) -> list[Line]:
    """Remove the indentation that all lines have, so that a narrow window shows more."""
    depths = [len(line.text) - len(line.text.lstrip(" ")) for line in lines if line.text.strip()]
    depth = min(depths, default=0)
    if not depth or any(len(line.before) < depth for line in lines if line.text.strip()):
        return lines
    return [line._replace(before=line.before[depth:]) for line in lines]


def _mark(text: str, columns: tuple[int, int] | None) -> tuple[str, str, str]:
    if len(text) > _LONGEST_LINE or columns is None:
        return text[:_LONGEST_LINE], "", ""
    data = text.encode()
    start, end = columns
    return tuple(
        part.decode("utf-8", "replace").expandtabs(4)
        for part in (data[:start], data[start:end], data[end:])
    )  # type: ignore[return-value]


def _read_file(path: str) -> list[str]:
    try:
        if os.path.exists(path) and os.path.getsize(path) > _LARGEST:
            return []
        linecache.checkcache(path)
        lines = linecache.getlines(path)
        if not lines and os.path.isfile(path):  # its encoding is not the declared one
            lines = Path(path).read_bytes().decode("utf-8", "replace").splitlines()
        return lines
    except (OSError, ValueError, MemoryError):
        return []
