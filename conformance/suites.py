"""What suites.toml and differences.toml say, read strictly.

A field that is missing, unknown or of the wrong kind is an error that names the file, the
suite and the field: a misspelt one would silently run other tests than were meant.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent

#: Suite -> test id -> reason.
Accepted = Mapping[str, Mapping[str, str]]


class BadFile(ValueError):
    """One of the two files says what it cannot mean."""


@dataclass(frozen=True)
class Suite:
    """One test suite; the fields are explained at the top of suites.toml."""

    name: str
    project: str
    version: str
    take: tuple[str, ...]
    folder: str
    tests: tuple[str, ...]
    requirements: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    minutes: int = 10
    written_here: bool = False

    def installs(self, version: str) -> tuple[str, ...]:
        """Return what the suite's environment needs besides Flask and pytest."""
        own = () if self.project == "flask" else (f"{self.project}=={version}",)
        return (*own, *self.requirements)


@dataclass(frozen=True)
class Suites:
    """All suites by name, and what each is run with."""

    official: str
    pytest: str
    by_name: Mapping[str, Suite]


def read_suites(file: Path = FOLDER / "suites.toml") -> Suites:
    """Return what suites.toml says; raises BadFile."""
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    common: dict[str, str] = {}
    for name in ("official", "pytest"):
        if not isinstance(document.get(name), str):
            raise BadFile(f"{file.name}: {name!r} must be a requirement such as 'flask==3.1.3'")
        common[name] = document[name]
    if unknown := set(document) - {"suite", *common}:
        raise BadFile(f"{file.name}: no field {', '.join(sorted(unknown))} outside a suite")
    suites = [_suite(file, entry) for entry in document.get("suite", [])]
    names = [suite.name for suite in suites]
    if twice := {name for name in names if names.count(name) > 1}:
        raise BadFile(f"{file.name}: the suite {twice.pop()!r} is listed twice")
    return Suites(common["official"], common["pytest"], {suite.name: suite for suite in suites})


def _suite(file: Path, entry: Mapping[str, Any]) -> Suite:
    """Return one entry as a Suite."""
    where = f"{file.name}: suite {entry.get('name', '(no name)')!r}"
    known = {item.name: item for item in fields(Suite)}
    if unknown := set(entry) - set(known):
        raise BadFile(
            f"{where}: no field {', '.join(sorted(unknown))}; there are {', '.join(known)}"
        )
    values: dict[str, Any] = {}
    for name, item in known.items():
        if name not in entry:
            if item.default is MISSING and item.default_factory is MISSING:
                raise BadFile(f"{where}: the field {name!r} is missing")
            continue
        values[name] = _value(f"{where}, field {name!r}", str(item.type), entry[name])
    taken: Sequence[str] = values["take"]
    if values.get("written_here"):
        if taken:
            raise BadFile(f"{where}: 'take' must be empty, since the tests are written here")
    elif not taken or any(part.split("/")[0] in ("src", "") for part in taken):
        raise BadFile(f"{where}: 'take' must name tests or examples, and nothing under src/")
    return Suite(**values)


def _value(where: str, kind: str, value: Any) -> Any:
    """Return a value of a field, lists as tuples."""
    if kind.startswith("tuple"):
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return tuple(value)
        raise BadFile(f"{where}: a list of strings is needed, not {value!r}")
    needed = {"str": str, "int": int, "bool": bool}.get(kind, dict)
    if not isinstance(value, needed):
        raise BadFile(f"{where}: a {needed.__name__} is needed, not {value!r}")
    return value


def read_accepted(suites: Collection[str], file: Path = FOLDER / "differences.toml") -> Accepted:
    """Return the accepted differences; raises BadFile for an unknown suite or an empty reason."""
    accepted: dict[str, dict[str, str]] = tomllib.loads(file.read_text(encoding="utf-8"))
    for suite, tests in accepted.items():
        if suite not in suites:
            raise BadFile(f"{file.name}: there is no suite {suite!r} in suites.toml")
        if not isinstance(tests, dict):
            raise BadFile(f"{file.name}: {suite!r} must be a table from test id to reason")
        for test, reason in tests.items():
            if not isinstance(reason, str) or not reason.strip():
                raise BadFile(f"{file.name}: {suite}: {test!r} needs a reason in words")
    return accepted
