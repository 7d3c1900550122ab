"""The tutorial works: a test follows it to the letter and gets the finished example."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from following import (
    EXAMPLE,
    GENERATED,
    OF_THE_EXAMPLE,
    TUTORIAL,
    blocks_of,
    files_below,
    follow,
    read_order,
    save_files,
)

PAGES = read_order()
NOT_RUN = {
    "first-page.md": 1,
    "tests.md": 1,
    "deployment.md": 2,
    "next-steps.md": 2,
}
"""How many blocks of a page are not run; each says why."""


def example_files() -> dict[str, str]:
    files = files_below(EXAMPLE)
    return {name: text for name, text in files.items() if name not in OF_THE_EXAMPLE}


@pytest.fixture
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What measures these tests does not measure those of the tutorial."""
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.slow
@pytest.mark.usefixtures("empty_environment")
def test_a_reader_who_follows_every_page_gets_the_example(tmp_path: Path) -> None:
    left_out = [where for page in PAGES for where in follow(page, tmp_path)]
    assert files_below(tmp_path) == example_files()
    if left_out:
        pytest.skip(f"The rest works, but without a network these commands did not: {left_out}")


def test_the_files_of_the_pages_are_those_of_the_example(tmp_path: Path) -> None:
    save_files(tmp_path)
    saved = files_below(tmp_path)
    assert len(saved) > 30
    assert saved.keys() == example_files().keys()
    different = [name for name, text in example_files().items() if saved[name] != text]
    assert different == [], "run: python tests/tutorial/following.py"


def test_the_table_of_pages_has_each_page_in_order() -> None:
    assert sorted(PAGES) == sorted(TUTORIAL.glob("[!R]*.md"))
    for number, page in enumerate(PAGES, 1):
        assert page.read_text(encoding="utf-8").startswith(f"# {number}. "), page.name


@pytest.mark.parametrize(("page", "following"), list(pairwise(PAGES)))
def test_a_page_ends_with_a_link_to_the_next_one(page: Path, following: Path) -> None:
    title = following.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    text = page.read_text(encoding="utf-8")
    assert text.endswith(f"\nNext: [{title}]({following.name})\n")
    assert following.name == PAGES[-1].name or re.search(r"^## See also$", text, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_text_before_a_file_says_how_it_is_saved(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    known: set[str] = set()
    for earlier in PAGES[: PAGES.index(page)]:
        known |= {block.file for block in blocks_of(earlier)}
    for match in re.finditer(r"(?P<before>[^\n].*\n)\n<!-- file: (?P<name>\S+) -->", text):
        paragraph = text[: match.end("before")].rpartition("\n\n")[2].replace("\n", " ")
        verb = "Replace" if match["name"] in known else "Save this as"
        assert f"`{match['name']}`" in paragraph and verb in paragraph, match["name"]
    assert len(re.findall("<!-- file: ", text)) == len([b for b in blocks_of(page) if b.file])


def test_the_blocks_that_are_not_run_give_a_reason() -> None:
    found = {}
    for page in PAGES:
        reasons = [block.marked("not run") for block in blocks_of(page)]
        given = [reason for reason in reasons if reason is not None]
        assert all(given), page.name
        if given:
            found[page.name] = len(given)
    assert found == NOT_RUN


def test_every_block_is_saved_or_run() -> None:
    for page in PAGES:
        for block in blocks_of(page):
            assert block.file or block.language in ("console", "test"), f"{page.name}:{block.line}"
            name = block.mark.partition(":")[0]
            known = {"", "file", "fails", "server", "requests", "not run", "downloads"}
            assert name in known, f"{page.name}:{block.line}"


def test_version_control_ignores_what_commands_create() -> None:
    ignored = {line.rstrip("/") for line in example_files()[".gitignore"].split()}
    assert {".pytest_cache"} >= GENERATED - ignored


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```console\n$ echo one\ntwo\n```\n", "echo one printed"),
        ("```console\n$ false\n```\n", ""),
        ("<!-- fails -->\n```console\n$ true\n```\n", ""),
        ("<!-- test\nassert 1 == 2\n-->\n", "AssertionError"),
        ("<!-- downloads -->\n```console\n$ false\n```\n", ""),
    ],
)
def test_a_wrong_block_is_found(tmp_path: Path, text: str, message: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n{text}", encoding="utf-8")
    with pytest.raises(AssertionError, match=rf"(?s)page\.md, line [45]: .*{message}"):
        follow(page, tmp_path)


def test_only_without_a_network_a_download_is_left_out(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    text = "<!-- downloads -->\n```console\n$ echo No matching distribution; false\n```\n"
    page.write_text(text, encoding="utf-8")
    assert follow(page, tmp_path) == ["page.md, line 3"]
