"""Source lines of a traceback."""

from __future__ import annotations

import linecache
import os
import typing as t
from pathlib import Path

AROUND: t.Final = 5
"""How many lines before and after the failing one are shown."""

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
