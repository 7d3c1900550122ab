"""The table in README.md, made from results.json, which keeps what each suite showed last.

A run of one suite writes that suite's row and leaves the others as they were, each with the
date and the versions that it was seen with.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from conformance.compare import Comparison

BEGIN = "<!-- the table: written by run.py from results.json -->"
END = "<!-- the end of the table -->"

#: Suite -> what it showed last.
Results = dict[str, dict[str, Any]]


def entry(
    version: str,
    date: str,
    python: str,
    packages: Mapping[str, str],
    comparison: Comparison,
    accepted: Mapping[str, str],
) -> dict[str, Any]:
    """Return one suite's part of results.json; `packages` is what was compared, with versions."""
    lost = {test: accepted.get(test, "(not accepted)") for test in comparison.lost}
    return {
        "version": version,
        "date": date,
        "python": python,
        "packages": dict(packages),
        "official": dict(comparison.official),
        "this": dict(comparison.this),
        "differences": lost,
        "only_here": list(comparison.gained),
    }


def rows(results: Results, order: Iterable[str]) -> list[str]:
    """Return the table as lines of markdown."""
    head = ("suite", "version", "pass with official", "pass here", "pass there, fail here", "seen")
    found = [_line(head), _line(["---"] * len(head))]
    for name in order:
        if name not in results:
            continue
        row = results[name]
        packages = ", ".join(f"{what} {version}" for what, version in row["packages"].items())
        cells = (
            name,
            row["version"],
            _counted(row["official"]),
            _counted(row["this"]),
            str(len(row["differences"])),
            f"{row['date']}, {row['python']}, {packages}",
        )
        found.append(_line(cells))
    return found


def details(results: Results, order: Iterable[str]) -> list[str]:
    """Return a line for each test that differs, with the reason that is listed for it."""
    lines = []
    for name in order:
        row = results.get(name, {"differences": {}, "only_here": []})
        lines += [f"- {name}: `{test}`: {why}" for test, why in row["differences"].items()]
        lines += [f"- {name}: `{test}` passes here only" for test in row["only_here"]]
    return lines or ["No test passes with official Flask and fails here."]


def write(readme: Path, table: Iterable[str]) -> None:
    """Put the table between the two markers; raises ValueError if they are not there."""
    text = readme.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{readme.name} needs each of the markers {BEGIN!r} and {END!r} once")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    readme.write_text("\n".join([before + BEGIN, "", *table, "", END + after]), encoding="utf-8")


def load(file: Path) -> Results:
    """Return what is recorded; nothing if there is no record yet."""
    if not file.exists():
        return {}
    results: Results = json.loads(file.read_text(encoding="utf-8"))
    return results


def save(file: Path, results: Results) -> None:
    """Write the record."""
    file.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _counted(counts: Mapping[str, int]) -> str:
    """Return `487 of 490 (2 skipped, 1 failed)`."""
    others = [f"{counts[name]} {name}" for name in counts if name != "passed" and counts[name]]
    more = f" ({', '.join(others)})" if others else ""
    return f"{counts['passed']} of {sum(counts.values())}{more}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
