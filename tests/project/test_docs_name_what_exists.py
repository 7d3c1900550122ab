"""Pages and comments name modules, files and decisions that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "src" / "flask"
PAGES = sorted(
    [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md"), ROOT / "pyproject.toml"]
)
SOURCES = sorted(PACKAGE.rglob("*.py"))

# `lifecycle.py`, `src/flask/asgi/_http.py`, ``asgi/_scope``: names of this package's modules.
MODULE = re.compile(
    r"`(?:src/flask/)?((?:_core|_debug|_http|_routing|_context|_app|_templating|_testing|asgi|cli|json)"
    r"/[a-z_]+(?:\.py)?)`"
)
TEST = re.compile(r"`(tests/[\w/]+(?:\.py|/))`")
EXAMPLE = re.compile(r"\bexamples/(\w+)\b(?!\.md)")
DECISION = re.compile(r"decisions?[/ ](\d{4})")


def is_module(name: str) -> bool:
    return (PACKAGE / name).with_suffix(".py").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_modules_that_exist(page: Path) -> None:
    named = {match[1] for match in MODULE.finditer(page.read_text(encoding="utf-8"))}
    assert {name for name in named if not is_module(name)} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_examples_that_exist(page: Path) -> None:
    named = {match[1] for match in EXAMPLE.finditer(page.read_text(encoding="utf-8"))}
    assert {name for name in named if not (ROOT / "examples" / name).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_tests_that_exist(page: Path) -> None:
    named = {match[1] for match in TEST.finditer(page.read_text(encoding="utf-8"))}
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_decisions_that_are_named_exist() -> None:
    written = {page.name[:4] for page in ROOT.glob("docs/decisions/0*.md")}
    named = {
        match[1]
        for file in (*PAGES, *SOURCES)
        for match in DECISION.finditer(file.read_text(encoding="utf-8"))
    }
    assert named - written == set()


def test_the_index_of_decisions_is_complete() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    pages = sorted(page.name for page in ROOT.glob("docs/decisions/0*.md"))
    assert [page for page in pages if f"({page})" not in index] == []
    numbers = [int(number) for number in re.findall(r"^\| \[?(\d{4})", index, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
