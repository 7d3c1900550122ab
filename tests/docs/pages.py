"""Read the pages of the documentation: sections, blocks, and what a comment says of a block.

A fenced block may have a comment on the line before it::

    <!-- file: NAME -->        the block is written to this file, not run
    <!-- fails -->             the commands end with an exit code other than 0
    <!-- server: /path -->     the command serves; it is asked for the path and stopped
    <!-- not run: REASON -->   the block cannot be run here; `test_docs` counts these
"""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SNIPPETS = DOCS / "snippets"

_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_HEADING = re.compile(r"^## (?P<title>.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\((?P<target>[^)#]+)(?:#[^)]*)?\)")


class Block(t.NamedTuple):
    """A fenced block."""

    language: str
    text: str
    line: int
    """Line of the page on which the text begins, counted from 1."""
    mark: str
    """What the comment before it says; empty without one."""

    def marked(self, word: str) -> str | None:
        """Return what follows ``word:`` in the mark, "" for the word alone, else ``None``."""
        name, _, rest = self.mark.partition(":")
        return rest.strip() if name.strip() == word else None


class Section(t.NamedTuple):
    """The text below one heading of level two, and the files that the page has made so far."""

    page: Path
    title: str
    blocks: list[Block]
    files: list[Block]

    def __str__(self) -> str:
        return f"{name_of(self.page)}: {self.title}"


def all_pages() -> list[Path]:
    """Return every Markdown page of the documentation."""
    return sorted(DOCS.rglob("*.md"))


def name_of(page: Path) -> str:
    """Return a page's name below ``docs/``."""
    return page.relative_to(DOCS).as_posix()


def read_blocks(text: str) -> list[tuple[int, Block]]:
    """Return every block with its place in the text."""
    found = []
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("text")) + 1
        block = Block(match["language"], match["text"], line, match["mark"] or "")
        found.append((match.start(), block))
    return found


def read_sections(page: Path) -> list[Section]:
    """Return the sections of a page that have blocks."""
    text = page.read_text(encoding="utf-8")
    blocks = read_blocks(text)
    # A comment in a block looks like a heading; a heading is outside of all blocks.
    bare = _BLOCK.sub(lambda match: "." * len(match[0]), text)
    starts = [(0, "top"), *((match.start(), match["title"]) for match in _HEADING.finditer(bare))]
    ends = [start for start, _ in starts[1:]] + [len(text)]
    sections = []
    for (start, title), end in zip(starts, ends, strict=True):
        mine = [block for place, block in blocks if start <= place < end]
        files = [block for place, block in blocks if place < end and block.marked("file")]
        if mine:
            sections.append(Section(page, title, mine, files))
    return sections


def read_links(page: Path) -> list[str]:
    """Return the targets of a page's links that lead to files."""
    bare = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    targets = (match["target"] for match in _LINK.finditer(bare))
    return [target for target in targets if "://" not in target]


def read_table(page: Path, heading: str) -> list[list[str]]:
    """Return the rows, without the title row, of the first table below a heading.

    :param heading: the whole line, such as ``"## Keys"``.
    """
    lines = page.read_text(encoding="utf-8").splitlines()
    rows: list[list[str]] = []
    for line in lines[lines.index(heading) + 1 :]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line[1:-1].split("|")])
        elif rows or line.startswith("#"):
            break
    return rows[2:]
