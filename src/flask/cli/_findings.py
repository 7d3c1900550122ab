"""What a check of ``flask doctor`` finds."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from ..typing import AnyApp

Level: t.TypeAlias = t.Literal["info", "warning", "error"]
LEVELS: t.Final[tuple[Level, ...]] = ("info", "warning", "error")
"""The levels of findings, the least severe first."""


@dataclass(frozen=True)
class Finding:
    """What a check of ``flask doctor`` reports.

    A check is a function that takes the application and returns findings. Register it with
    ``app.cli.check``, or as an entry point of the group ``flask.checks``.

    :param identifier: a short name for ``--ignore``, such as ``"mail-without-tls"``.
    :param level: ``"error"``: an attack or a fault is likely; ``"warning"``: it is possible;
        ``"info"``: only you can judge it.
    :param what: what was found, and where.
    :param why: what may happen.
    :param fix: what to do instead.
    :raises ValueError: there is no such level.
    """

    identifier: str
    level: Level
    what: str
    why: str
    fix: str

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"level={self.level!r}: the levels are {', '.join(LEVELS)}.")


Check: t.TypeAlias = "Callable[[AnyApp], Iterable[Finding]]"
"""A check of an application or of an extension."""
