"""The README is true: its blocks run, its figures are those of the results."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import DOCS, ROOT, Section, read_sections
from programs import missing_for, run_section
from readme_figures import PAGE, make_figures, replace_figures

LONGEST = 95
"""Lines that a reader sees, with tables and programs: a screen and a half, drawn."""


@pytest.mark.slow
@pytest.mark.parametrize("section", read_sections(PAGE), ids=lambda section: section.title)
def test_the_blocks_of_the_readme_work(
    section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing := missing_for(section):
        pytest.skip(f"not installed: {', '.join(missing)}")
    monkeypatch.chdir(tmp_path)
    run_section(section, tmp_path)


def test_the_figures_are_those_of_the_results() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert make_figures() in text, "run: python tests/docs/readme_figures.py"
    assert replace_figures(text) == text


def test_a_changed_figure_is_found() -> None:
    text = PAGE.read_text(encoding="utf-8")
    changed = re.sub(r"\d µs", "0 µs", text)
    assert changed != text
    assert replace_figures(changed) == text


def test_the_table_of_features_has_rows_of_that_of_the_comparisons() -> None:
    pattern = re.compile(r"<!-- the features: .*? -->\n\n(.*?)\n\n<!-- the end", re.DOTALL)
    comparisons = pattern.search((DOCS / "comparisons" / "README.md").read_text(encoding="utf-8"))
    here = pattern.search(PAGE.read_text(encoding="utf-8"))
    assert comparisons is not None and here is not None
    rows = here[1].splitlines()
    assert len(rows) > 8
    assert rows == [row for row in comparisons[1].splitlines() if row in rows]


def test_the_readme_is_short() -> None:
    seen = re.sub(r"<!--.*?-->\n+", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(seen.splitlines()) <= LONGEST


def test_the_picture_is_small() -> None:
    (name,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGE.read_text(encoding="utf-8"))
    assert (ROOT / name).stat().st_size < 60_000
