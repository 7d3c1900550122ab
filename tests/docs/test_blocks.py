"""A reader can paste every visible block: it is a whole file, continues one, or runs alone.

`test_docs` runs the blocks. These tests are about their form.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import DOCS, Block, all_pages, name_of, read_blocks, without_blocks

PAGES = [page for page in all_pages() if not page.is_relative_to(DOCS / "decisions")]
"""The pages for readers. The assertions on a page of a decision are its evidence."""

SHOWN = {
    "css",
    "dockerfile",
    "html",
    "ini",
    "javascript",
    "js",
    "json",
    "nginx",
    "sql",
    "text",
    "toml",
}
SHOWN |= {"apache", "bash", "html+jinja", "http", "jinja", "mermaid", "xml", "yaml"}
"""Languages of blocks that are shown, or written by "file:"."""

MARKS = {"", "continues", "fails", "file", "not run", "requests", "server"}
"""The comments before blocks. The tests of the tutorial know more of them."""


def is_guide(page: Path) -> bool:
    """Return whether a page is in one of the folders that readers begin with."""
    return name_of(page).startswith(("deploying/", "guides/", "start/", "tutorial/"))


def blocks_of(page: Path) -> list[tuple[int, Block]]:
    return read_blocks(page.read_text(encoding="utf-8"))


def sentence_before(page: Path, place: int) -> str:
    """Return the last paragraph before a position that is neither a block nor a comment."""
    bare = without_blocks(page.read_text(encoding="utf-8"))[:place]
    paragraphs = bare.rstrip("\n").split("\n\n")
    return next(each for each in reversed(paragraphs) if not each.startswith(("...", "<!--")))


@pytest.mark.parametrize("page", all_pages(), ids=name_of)
def test_every_block_is_of_a_known_kind(page: Path) -> None:
    for _, block in blocks_of(page):
        is_directive = block.language.startswith("{")  # of Sphinx
        assert is_directive or block.language in {"python", "console", "test"} | SHOWN, block.line
        if not page.is_relative_to(DOCS / "tutorial"):
            assert block.mark.partition(":")[0] in MARKS, block.line


@pytest.mark.parametrize("page", all_pages(), ids=name_of)
def test_no_block_is_missed(page: Path) -> None:
    """A block in a list, with more backticks, or with a comment that is not right above it."""
    rest = without_blocks(page.read_text(encoding="utf-8"))
    assert "```" not in rest
    for comment in re.findall(r"<!--(.*?)-->", rest, re.DOTALL):
        name = comment.strip().partition(":")[0]
        assert name not in MARKS | {"test"}, comment


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_assertions_and_clients_are_hidden_or_in_files_of_tests(page: Path) -> None:
    for _, block in blocks_of(page):
        if block.language == "python" and not block.is_of_a_test:
            shown = re.findall(
                r"^ *(?:assert\b|.*= \w+\.test_client\().*", block.text, re.MULTILINE
            )
            assert shown == [], f"line {block.line}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_sentence_before_a_file_names_it(page: Path) -> None:
    for place, block in blocks_of(page):
        if block.file:
            suffix = Path(block.file).suffix
            # A file such as a server's settings may have another path on the reader's machine.
            name = re.escape(block.file) if suffix == ".py" else rf"[^`]*{re.escape(suffix)}"
            assert re.search(f"`{name}`", sentence_before(page, place)), f"line {block.line}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_file_of_python_that_is_only_shown_compiles(page: Path) -> None:
    for _, block in blocks_of(page):
        if block.language == "python" and block.marked("not run") is not None:
            compile(block.text, f"line {block.line}", "exec")


@pytest.mark.parametrize("page", [page for page in PAGES if is_guide(page)], ids=name_of)
def test_the_text_of_a_link_to_a_page_is_its_title_or_a_phrase(page: Path) -> None:
    rest = without_blocks(page.read_text(encoding="utf-8"))
    assert re.findall(r"\[[\w./-]+\.md\]\([^)]*\)", rest) == []
