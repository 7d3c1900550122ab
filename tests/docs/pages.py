"""Read the pages of the documentation: sections, blocks, and the comments before blocks.

A fenced block may have a comment on the line before it::

    <!-- file: NAME -->        the block is written to this file
    <!-- continues: NAME -->   the block is appended to this file
    <!-- requests: NAME -->    curl commands, answered by a server of this file's application;
                               "NAME over ASGI": by an ASGI server
    <!-- fails -->             the commands end with an exit code other than 0
    <!-- server: /path -->     the command serves; a client requests the path, then it is stopped
    <!-- not run: REASON -->   the block cannot be run in a test; `test_docs` counts these

A comment of several lines whose first line is ``<!-- test`` is a Python block that readers do not
see. ``<!-- needs: NAME, NAME -->`` names modules or programs without which a section, or above
the first section the page, is skipped.
"""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SNIPPETS = DOCS / "snippets"

_BLOCK = re.compile(
    r"^(?:<!-- (?!needs:)(?P<mark>[^\n]*?) -->\n)?```(?P<language>[^\n`]*)\n(?P<text>.*?)^```$"
    r"|^<!-- test\n(?P<test>.*?)^-->$",
    re.MULTILINE | re.DOTALL,
)
_NEEDS = re.compile(r"^<!-- needs: (?P<names>.+) -->$", re.MULTILINE)
_HEADING = re.compile(r"^## (?P<title>.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\((?P<target>[^)#]*)(?:#(?P<anchor>[^)]*))?\)")


class Block(t.NamedTuple):
    """A fenced block, or a hidden block of Python."""

    language: str
    """The word after the fence; "test" for a hidden block."""
    text: str
    line: int
    """Line of the page on which the text begins, counted from 1."""
    mark: str
    """The text of the comment before it; empty without one."""

    def marked(self, word: str) -> str | None:
        """Return what follows ``word:`` in the mark, "" for the word alone, else ``None``."""
        name, _, rest = self.mark.partition(":")
        return rest.strip() if name.strip() == word else None

    @property
    def file(self) -> str:
        """The file that the block writes or continues; empty if it does neither."""
        return self.marked("file") or self.marked("continues") or ""

    @property
    def is_of_a_test(self) -> bool:
        """Whether the block is hidden, or is shown as a file of tests."""
        name = Path(self.file).name
        return self.language == "test" or name.startswith("test_") or name == "conftest.py"


class Section(t.NamedTuple):
    """The blocks below one heading of level two."""

    page: Path
    title: str
    blocks: list[Block]
    earlier: list[Block]
    """The blocks of earlier sections that write files."""
    needs: list[str]
    """Modules and programs without which the section cannot be run."""

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
        group = "text" if match["test"] is None else "test"
        language = "test" if group == "test" else match["language"].strip()
        line = text.count("\n", 0, match.start(group)) + 1
        found.append((match.start(), Block(language, match[group], line, match["mark"] or "")))
    return found


def read_sections(page: Path) -> list[Section]:
    """Return the sections of a page that have blocks."""
    text = page.read_text(encoding="utf-8")
    blocks = read_blocks(text)
    bare = without_blocks(text)
    starts = [(0, "top"), *((match.start(), match["title"]) for match in _HEADING.finditer(bare))]
    ends = [start for start, _ in starts[1:]] + [len(text)]
    for_all = _needs_of(bare[: ends[0]])
    sections = []
    for (start, title), end in zip(starts, ends, strict=True):
        mine = [block for place, block in blocks if start <= place < end]
        earlier = [block for place, block in blocks if place < start and block.file]
        needs = list(dict.fromkeys([*for_all, *_needs_of(bare[start:end])]))
        if mine:
            sections.append(Section(page, title, mine, earlier, needs))
    return sections


def without_blocks(text: str) -> str:
    """Return the text with dots for its blocks, whose comments would look like headings."""
    return _BLOCK.sub(lambda match: "." * len(match[0]), text)


def _needs_of(text: str) -> list[str]:
    return [name.strip() for match in _NEEDS.finditer(text) for name in match["names"].split(",")]


def read_links(page: Path) -> list[str]:
    """Return the targets of a page's links that lead to files, without their anchors."""
    return [target for target, _ in read_anchored_links(page) if target]


def read_anchored_links(page: Path) -> list[tuple[str, str]]:
    """Return target and anchor of a page's links; the target is empty for the page itself."""
    bare = without_blocks(page.read_text(encoding="utf-8"))
    pairs = [(match["target"], match["anchor"] or "") for match in _LINK.finditer(bare)]
    return [(target, anchor) for target, anchor in pairs if "://" not in target]


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as hosts of repositories make them."""
    bare = without_blocks(page.read_text(encoding="utf-8"))
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
