"""Generate the figures of the README from the committed results.

Run as a program, this module writes them. `test_readme` compares them with the results.
"""

from __future__ import annotations

import json
import re
import sys
import typing as t
from pathlib import Path

from extensions_table import make_table
from pages import ROOT

PAGE = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results"

BEGIN = "<!-- figures: written by tests/docs/readme_figures.py -->\n\n"
END = "\n<!-- the end of the figures -->"


def make_figures() -> str:
    """Return the table with the four figures, as Markdown."""
    rows = [
        "| measured | this package | beside it | date, result |",
        "|---|---|---|---|",
        _times("cycle", "hello", "official", "one small request over WSGI", "Flask 3.1.3"),
        _wire(),
        _times("typed-asgi", "typed_post", "fastapi", "a validated JSON body over ASGI", "FastAPI"),
        _tests(),
    ]
    return "\n".join(rows) + "\n"


def _times(result: str, workload: str, peer: str, words: str, name: str) -> str:
    run: dict[str, t.Any] = json.loads((RESULTS / f"{result}.json").read_text(encoding="utf-8"))
    peers = run["workloads"][workload]["peers"]
    here, there = peers["this"]["best_us"], peers[peer]["best_us"]
    return (
        f"| {words} | {here:.3g} µs | {name}: {there:.3g} µs"
        f" | {run['machine']['date']}, [{result}.md](benchmarks/results/{result}.md) |"
    )


def _wire() -> str:
    text = (RESULTS / "wire.md").read_text(encoding="utf-8")
    date = re.search(r"Date: ([\d-]+)", text)
    here = re.search(r"^\| wsgi \| granian \| this \| ([\d,]+)", text, re.MULTILINE)
    there = re.search(r"^\| wsgi \| granian \| official Flask \| ([\d,]+)", text, re.MULTILINE)
    assert date is not None and here is not None and there is not None
    return (
        f"| requests a second, one process on Granian | {here[1]} | Flask 3.1.3: {there[1]}"
        f" | {date[1]}, [wire.md](benchmarks/results/wire.md) |"
    )


def _tests() -> str:
    found = re.match(
        r"(?P<projects>\d+) projects .* until (?P<date>[\d-]+): (?P<official>[\d,]+) tests pass .*,"
        r" (?P<this>[\d,]+) with",
        make_table(),
    )
    assert found is not None
    return (
        f"| tests that pass, of Flask and {found['projects']} projects that use it"
        f" | {found['this']} | Flask 3.1.3: {found['official']}"
        f" | {found['date']}, [Conformance](conformance/README.md) |"
    )


def replace_figures(text: str) -> str:
    """Return the text of the README with the figures of the results."""
    pattern = f"(?<={re.escape(BEGIN)}).*?(?={re.escape(END)})"
    return re.sub(pattern, lambda _: make_figures(), text, flags=re.DOTALL)


def write(page: Path) -> None:
    """Write the figures into a page."""
    page.write_text(replace_figures(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write(PAGE)
    sys.stdout.write(f"wrote {PAGE}\n")
