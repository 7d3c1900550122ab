"""Read the pages of the documentation: sections, blocks, and the comments before blocks.

A fenced block may have a comment on the line before it::

    <!-- file: NAME -->        the block is written to this file, not run
    <!-- fails -->             the commands end with an exit code other than 0
    <!-- server: /path -->     the command serves; a client requests the path, then it is stopped
    <!-- not run: REASON -->   the block cannot be run in a test; `test_docs` counts these
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
_LINK = re.compile(r"\]\((?P<target>[^)#]*)(?:#(?P<anchor>[^)]*))?\)")


class Block(t.NamedTuple):
    """A fenced block."""

    language: str
    text: str
    line: int
    """Line of the page on which the text begins, counted from 1."""
    mark: str
    """The text of the comment before it; empty without one."""

    def marked(self, word: str) -> str | None:
        """Return what follows ``word:`` in the mark, "" for the word alone, else ``None``."""
        name, _, rest = self.mark.partition(":")
        return rest.strip() if name.strip() == word else None


class Section(t.NamedTuple):
    """The blocks below one heading of level two, and the files of the page so far."""

    page: Path
    title: str
    blocks: list[Block]
    files: list[Block]

    def __str__(self) -> str:
        return f"{name_of(self.page)}: {self.title}"


def all_pages() -> list[Path]:
    """Return every Markdown page of the documentation."""
    return sorted(DOCS.rglob("*.md"))


def other_pages() -> list[Path]:
    """Return the Markdown pages outside ``docs/``."""
    folders = [ROOT / name for name in ("examples", "benchmarks", "conformance", ".github")]
    found = [page for folder in folders for page in folder.rglob("*.md")]
    return sorted([*ROOT.glob("*.md"), *found])


def name_of(page: Path) -> str:
    """Return a page's name below ``docs/``, or below the root for the other pages."""
    return page.relative_to(DOCS if page.is_relative_to(DOCS) else ROOT).as_posix()


def read_blocks(text: str) -> list[tuple[int, Block]]:
    """Return every block with its position in the text."""
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
    # A comment in a block looks like a heading. Headings are outside of blocks.
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
    """Return the targets of a page's links that lead to files, without their anchors."""
    return [target for target, _ in read_anchored_links(page) if target]


def read_anchored_links(page: Path) -> list[tuple[str, str]]:
    """Return target and anchor of a page's links; the target is empty for the page itself."""
    bare = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    pairs = [(match["target"], match["anchor"] or "") for match in _LINK.finditer(bare)]
    return [(target, anchor) for target, anchor in pairs if "://" not in target]


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as hosts of repositories make them."""
    bare = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", bare, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


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
