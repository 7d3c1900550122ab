"""Collect the pages of the documentation site from the repository into one folder.

The pages are written for a repository host: they link to files such as ``../CONTRIBUTING.md``, and
a folder's page is its ``README.md``. Sphinx wants one folder with everything. `read_pages` and
`write_pages` copy the pages there, with these changes:

* ``README.md`` becomes ``index.md``; a file at the root, such as ``CONTRIBUTING.md``, becomes
  ``project/contributing.md``.
* Links follow. A link to a file that is not a page offers that file; a link to a folder without a
  page becomes text.
* Comments disappear: they are instructions for the tests.
* The page of a folder gets a table of contents: its links, in their order.
"""

from __future__ import annotations

import os
import re
import typing as t
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]

PAGES = (
    "docs/**/*.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CODE_OF_CONDUCT.md",
    "benchmarks/README.md",
    "benchmarks/results/*.md",
    "conformance/**/README.md",
    "examples/**/README.md",
)
"""Patterns of the files that become pages."""

PARTS = {
    "start": "Start",
    "tutorial": "Tutorial",
    "guides": "Guides",
    "deploying": "Deploying",
    "reference": "Reference",
    "comparisons": "Comparisons",
    "project": "Project",
}
"""Folders that are parts of the site, with their titles. "project" has all other pages too."""

_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_FENCE = re.compile(r"^(?P<fence>```+|~~~+).*?^(?P=fence)$\n?", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<target>[^()\s]+)\)")


class Site(t.NamedTuple):
    """What the repository has for the site.

    :param root: the repository.
    :param pages: the names of the pages in the repository, with their names in the site.
    """

    root: Path
    pages: dict[str, str]

    def place_of(self, name: str) -> str | None:
        """Return the page in the site for a file or folder of the repository, else ``None``."""
        if name == "README.md":
            name = "docs"  # the entry of the repository; the site has its own
        if name in self.pages:
            return self.pages[name]
        return self.pages.get(f"{name}/README.md", self.pages.get(f"{name}/index.md"))


class Pages(t.NamedTuple):
    """What the folder of the site gets."""

    texts: dict[str, str]
    """The text of each page, by its name in the site."""
    files: dict[str, Path]
    """The other files, such as pictures, by their names in the site."""


def read_pages(root: Path = ROOT) -> Pages:
    """Return the pages of the site, and the files that they use.

    :param root: the repository.
    """
    site = find_pages(root)
    found = Pages({}, {})
    for name, place in site.pages.items():
        text = (root / name).read_text(encoding="utf-8")
        found.texts[place] = convert(text, name, site, found.files)
    _add_contents(found.texts)
    return found


def find_pages(root: Path) -> Site:
    """Return the pages of a repository, with their names in the site."""
    found = sorted({path for pattern in PAGES for path in root.glob(pattern)})
    names = [path.relative_to(root).as_posix() for path in found if "snippets" not in path.parts]
    return Site(root, {name: _place_of(name) for name in names})


def _place_of(name: str) -> str:
    path = PurePosixPath(name)
    if name == "docs/README.md":
        return "index.md"  # replaced by docs/index.md, which is written after it
    if path.parent == PurePosixPath("."):
        return f"project/{path.stem.lower().replace('_', '-')}.md"
    if path.name == "README.md":
        path = path.with_name("index.md")
    return path.relative_to("docs").as_posix() if path.parts[0] == "docs" else path.as_posix()


def convert(text: str, name: str, site: Site, files: dict[str, Path]) -> str:
    """Return the text of a page for the site.

    :param name: the page in the repository.
    :param files: gets the files that the page links to, by their names in the site.
    """
    here = PurePosixPath(site.pages[name]).parent

    def follow(match: re.Match[str]) -> str:
        target, _, anchor = match["target"].partition("#")
        if not target or ":" in target:
            return match[0]
        found = os.path.normpath(os.path.join(os.path.dirname(name), target))
        place = site.place_of(found)
        if place is None and (site.root / found).is_dir():
            return f"{match['text']} (`{found}`)"
        if place is None:
            place = found.removeprefix("docs/")
            files[place] = site.root / found
        target = os.path.relpath(place, here)
        # A drawing has its own colors for dark mode, so the theme leaves it as it is.
        attributes = "{.dark-light}" if match["image"] and place.endswith(".svg") else ""
        link = f"{target}{'#' * bool(anchor)}{anchor}"
        return f"{match['image']}[{match['text']}]({link}){attributes}"

    parts: list[str] = []
    end = 0
    bare = _COMMENT.sub("", text)
    for block in [*_FENCE.finditer(bare), None]:
        start = block.start() if block else len(bare)
        parts += [_LINK.sub(follow, bare[end:start]), _colored(block[0]) if block else ""]
        end = block.end() if block else end
    return "".join(parts)


def _colored(block: str) -> str:
    """Return a block with the language that Pygments has for templates."""
    is_template = "{%" in block or "{{" in block
    return block.replace("```html\n", "```html+jinja\n", 1) if is_template else block


def _add_contents(wanted: dict[str, str]) -> None:
    """Give the page of each folder a table of contents: what it links to, then the rest."""
    folders = {os.path.dirname(place) for place in wanted} - {""}
    for folder in sorted(folders):
        index = f"{folder}/index.md"
        title = PARTS.get(folder, folder.rpartition("/")[2].capitalize())
        has_own_page = index in wanted
        text = wanted.setdefault(index, f"# {title}\n")
        inner = {f"{other}/index.md" for other in folders if os.path.dirname(other) == folder}
        below = inner | {place for place in wanted if os.path.dirname(place) == folder} - {index}
        if folder == "project":
            below |= {
                f"{other}/index.md" for other in folders if "/" not in other and other not in PARTS
            }
            below |= {place for place in wanted if "/" not in place} - {"index.md", "changes.md"}
        linked = [
            os.path.normpath(os.path.join(folder, match["target"].partition("#")[0]))
            for match in _LINK.finditer(_FENCE.sub("", text))
        ]
        order = dict.fromkeys([*(place for place in linked if place in below), *sorted(below)])
        entries = [os.path.relpath(place, folder) for place in order]
        if not has_own_page:  # generated pages, such as results, may have one title for several
            entries = [f"{entry.removesuffix('.md')} <{entry}>" for entry in entries]
        wanted[index] += toctree(entries)
    parts = [f"{title} <{name}/index>" for name, title in PARTS.items() if name in folders]
    wanted.setdefault("index.md", "# Documentation\n")
    wanted["index.md"] += toctree([*parts, "Changes <changes>"])


def toctree(entries: t.Iterable[str]) -> str:
    """Return a block with the pages below a page, for the navigation."""
    lines = "\n".join(entries)
    return f"\n```{{toctree}}\n:hidden:\n\n{lines}\n```\n" if lines else ""


def write_pages(folder: Path, pages: Pages) -> None:
    """Write pages and files into a folder, and delete what else it has.

    Only files that differ are written, so that Sphinx reads only these again.
    """
    kept = {folder / place for place in (*pages.texts, *pages.files)}
    for path in folder.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()
    contents = {place: text.encode() for place, text in pages.texts.items()}
    contents |= {place: path.read_bytes() for place, path in pages.files.items()}
    for place, content in contents.items():
        path = folder / place
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
