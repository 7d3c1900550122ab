"""Texts use the field's terms: a list of words that are not used.

`CONTRIBUTING.md` has the vocabulary. Spelling is checked by codespell in ``make lint``.
"""

from __future__ import annotations

import re
import typing as t
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CHECKED = (
    *("src", "tests"),
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", ".github"),
    *("docs", "examples", "benchmarks/README.md", "conformance/README.md"),
)
"""Files and folders that are checked. "src" and "tests" follow when they are rewritten."""

RARE = re.compile(r"\b(house|room|floor|nobody|somebody|whoever|told|tells)\b", re.IGNORECASE)
"""Words that are allowed in their literal meaning only, in the places of `LITERAL`."""

LITERAL: dict[str, tuple[str, str]] = {}
"""``{file: (part of the line, reason)}`` for each line that may have a word of `RARE`."""

MOST_LITERAL = 10

# Each with the term to use. They are split, so that this file does not find itself.
INSTEAD = {
    r"\bfib" r"ers?\b": "greenlet",
    r"\bgood" r"bye\b": "close frame",
    r"\b(doo" r"rs?|yar" r"ds?)\b": "re-export module, tooling",
    r"\b(stan" r"ds?|stoo" r"d|li" r"es?|la" r"y) in\b": "is in, is defined in",
    r"\b(ha" r"s|ha" r"ve|ha" r"d) a say\b": "overrides",
    r"\bwal" r"ks? straight\b": "takes the fast path",
    r"\bthe qui" r"ck way\b": "the fast path",
    r"\bcir" r"cles?\b": "reference cycle, loop",
    r"\bhea" r"ds\b": "headers",
    r"\bconver" r"sations?\b": "WebSocket handler",
    r"\bdri" r"vers?\b": "executor",
    r"(?<![-/.\w])wi" r"re\b(?![.,])": "WebSocket channel, network",
    r"\bane" r"w\b": "again",
    r"\bby ha" r"nd\b": "manually",
    r"\bits own wa" r"y\b": "say what it does",
    r"\bpla" r"in (view|function|handler|code|iterator|generator)s?\b": "synchronous",
}


def checked_files() -> list[Path]:
    found: list[Path] = []
    for name in CHECKED:
        path = ROOT / name
        found += [path] if path.is_file() else sorted(path.rglob("*"))
    skipped = {Path(__file__)}
    if "src" not in CHECKED:
        skipped.add(ROOT / "docs" / "reference" / "api.md")  # generated from the docstrings of src
    return [path for path in found if path.is_file() and path not in skipped and _is_text(path)]


def _is_text(path: Path) -> bool:
    suffixes = {".py", ".md", ".html", ".sql", ".yml", ".toml", ".xml"}
    return path.suffix in suffixes and "__pycache__" not in path.parts


@cache
def checked_lines() -> list[Line]:
    return [
        Line(path.relative_to(ROOT).as_posix(), number, text)
        for path in checked_files()
        for number, text in enumerate(path.read_text("utf-8").splitlines(), 1)
    ]


class Line(t.NamedTuple):
    name: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.name}:{self.number}: {self.text.strip()}"


def lines_with(pattern: re.Pattern[str]) -> list[Line]:
    return [line for line in checked_lines() if pattern.search(line.text)]


def test_rare_words_are_meant_literally() -> None:
    found = lines_with(RARE)
    unknown = [
        str(line)
        for line in found
        if line.name not in LITERAL or LITERAL[line.name][0] not in line.text
    ]
    assert unknown == []
    assert len(found) <= MOST_LITERAL


def test_every_literal_use_exists_and_has_a_reason() -> None:
    used = {line.name for line in lines_with(RARE)}
    assert set(LITERAL) <= used
    assert all(reason for _, reason in LITERAL.values())


@pytest.mark.parametrize(("words", "instead"), INSTEAD.items(), ids=INSTEAD.values())
def test_private_words_are_not_used(words: str, instead: str) -> None:
    found = [str(line) for line in lines_with(re.compile(words, re.IGNORECASE))]
    assert found == [], f"use instead: {instead}"


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("Nobo" + "dy answers", True),
        ("a classro" + "om", False),
        ("It te" + "lls the server", True),
        ("tell", False),
    ],
)
def test_whole_words_count_in_any_case(text: str, is_found: bool) -> None:
    assert (RARE.search(text) is not None) is is_found


def test_every_checked_place_exists() -> None:
    assert [name for name in CHECKED if not (ROOT / name).exists()] == []
    assert len(checked_files()) > 80
