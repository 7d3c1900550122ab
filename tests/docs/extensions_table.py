"""Generate the table of the projects that were tried, on the page about switching.

Run as a program, this module writes the table. Its source is ``conformance/results.json``.
"""

from __future__ import annotations

import json
import re
import sys
import typing as t

from pages import DOCS, ROOT

PAGE = DOCS / "start" / "switching.md"
RESULTS = ROOT / "conformance" / "results.json"

BEGIN = "<!-- the table: written by tests/docs/extensions_table.py -->\n\n"
END = "\n<!-- the end of the table -->\n"

PARTS_OF_FLASK = ("flask", "tutorial", "javascript")
"""Suites that belong to Flask itself, with the names that the table gives them."""


class Suite(t.TypedDict):
    """What a run has recorded about a project."""

    date: str
    version: str
    differences: dict[str, str]
    official: dict[str, int]
    this: dict[str, int]


def make_table() -> str:
    """Return the sentence and the table, as Markdown."""
    suites: dict[str, Suite] = json.loads(RESULTS.read_text(encoding="utf-8"))
    others = {name: suite for name, suite in suites.items() if name not in PARTS_OF_FLASK}
    passed = sum(suite["this"]["passed"] for suite in suites.values())
    official = sum(suite["official"]["passed"] for suite in suites.values())
    differences = sum(len(suite["differences"]) for suite in suites.values())
    dates = sorted({suite["date"] for suite in suites.values()})
    lines = [
        f"{len(others)} projects and Flask's own tests, run until {dates[-1]}: {official:,} tests"
        f" pass with Flask 3.1.3, {passed:,} with this package, and {differences or 'none'} only"
        " with Flask 3.1.3.",
        "",
        "| project | version | tests that pass with Flask 3.1.3 | with this package |",
        "|---|---|---|---|",
    ]
    for name, suite in suites.items():
        title = name if name not in PARTS_OF_FLASK[1:] else f"flask, example `{name}`"
        counts = (suite["official"]["passed"], suite["this"]["passed"])
        lines.append(f"| {title} | {suite['version']} | {counts[0]} | {counts[1]} |")
    return "\n".join(lines) + "\n"


def read_page() -> tuple[str, str, str]:
    """Return what is before the table, the table, and what is after it."""
    text = PAGE.read_text(encoding="utf-8")
    match = re.search(f"(?<={re.escape(BEGIN)}).*?(?={re.escape(END)})", text, re.DOTALL)
    assert match is not None, f"{PAGE} has no place for the table"
    return text[: match.start()], match[0], text[match.end() :]


if __name__ == "__main__":
    before, _, after = read_page()
    PAGE.write_text(before + make_table() + after, encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
