"""The pages of the site are collected from the repository: names, links, contents."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from api_page import MODULES
from pages import DOCS, ROOT, read_links, read_table

sys.path.insert(0, str(DOCS))

from api_pages import addresses, link_names
from collect import PARTS, Pages, convert, find_pages, read_pages, write_pages

TOPICS = """
Installation, Quickstart, Templates, Testing, Handling errors, Debugging, Logging, Configuration,
Signals, Class-based views, lifecycle, application context, request context, Blueprints,
Extensions, Command line, Development server, shell, Application factories, dispatching,
URL processors, SQLite, SQLAlchemy, uploads, caching, view decorators, forms, message flashing,
JavaScript, lazy views, favicon, streaming, method overrides, checksums, Celery, subclassing,
single-page applications, Security, Deploying, Gunicorn, Waitress, mod_wsgi, uWSGI, gevent, ASGI,
nginx, Apache, behind a proxy, Async and await, extension development, API, Design decisions,
Contributing, Changes
"""
"""What the contents of Flask's documentation name; the tutorial has its own part."""


def make_repository(folder: Path, **files: str) -> Path:
    """Write files whose names have ``__`` for a slash, and end in ``.md``."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](../CONTRIBUTING.md)", "[a](project/contributing.md)"),
        ("[a](guides/one.md#part)", "[a](guides/one.md#part)"),
        ("[a](guides/README.md)", "[a](guides/index.md)"),
        ("[a](guides/)", "[a](guides/index.md)"),
        ("[a](../examples/)", "[a](examples/index.md)"),
        ("[a](../src/)", "a (`src`)"),
        ("[a](#part)", "[a](#part)"),
        ("[a](https://example.org/b.md)", "[a](https://example.org/b.md)"),
        ("```text\n[a](../src/)\n```\n", "```text\n[a](../src/)\n```\n"),
        ("a\n<!-- file: b.py -->\n```python\nx\n```\n", "a\n```python\nx\n```\n"),
        ("a\n<!-- test\nassert x\n-->\nb", "a\nb"),
        ("```html\n{{ a }}\n```\n", "```html+jinja\n{{ a }}\n```\n"),
        ("![a](images/b.svg)", "![a](images/b.svg){.dark-light}"),
    ],
)
def test_a_page_is_converted(tmp_path: Path, text: str, expected: str) -> None:
    root = make_repository(
        tmp_path,
        CONTRIBUTING="",
        docs__page=text,
        docs__guides__README="",
        docs__guides__one="",
        examples__README="",
    )
    (tmp_path / "src").mkdir()
    assert convert(text, "docs/page.md", find_pages(root), {}) == expected


def test_a_link_to_another_file_brings_the_file(tmp_path: Path) -> None:
    root = make_repository(tmp_path, docs__guides__one="[a](../../examples/nginx.conf)")
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "nginx.conf").write_text("worker_processes 1;", encoding="utf-8")
    found = read_pages(root)
    assert "[a](../examples/nginx.conf)" in found.texts["guides/one.md"]
    assert found.files["examples/nginx.conf"] == tmp_path / "examples" / "nginx.conf"


def test_the_contents_of_a_folder_are_its_links_in_their_order(tmp_path: Path) -> None:
    root = make_repository(
        tmp_path,
        docs__index="# Site",
        docs__guides__README="[b](b.md) and [a](a.md)",
        docs__guides__a="",
        docs__guides__b="",
        docs__guides__c="",
    )
    texts = read_pages(root).texts
    assert texts["guides/index.md"].endswith(":hidden:\n\nb.md\na.md\nc.md\n```\n")
    assert "Guides <guides/index>" in texts["index.md"]


def test_only_files_that_differ_are_written_and_others_are_deleted(tmp_path: Path) -> None:
    write_pages(tmp_path, Pages({"a.md": "a", "b.md": "b"}, {}))
    before = (tmp_path / "a.md").stat().st_mtime_ns
    write_pages(tmp_path, Pages({"a.md": "a", "c.md": "c"}, {}))
    assert (tmp_path / "a.md").stat().st_mtime_ns == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.md", "c.md"]


@pytest.mark.parametrize("part", sorted(path.parent.name for path in DOCS.glob("*/README.md")))
def test_the_page_of_a_part_leads_to_each_of_its_pages(part: str) -> None:
    folder = DOCS / part
    linked = {(folder / link).resolve() for link in read_links(folder / "README.md")}
    assert sorted({*folder.glob("*.md")} - linked) == [folder / "README.md"]


def test_every_folder_with_pages_is_a_part_or_below_the_project() -> None:
    folders = {path.parent.name for path in DOCS.glob("*/*.md")}
    assert folders - set(PARTS) == {"decisions"}


def test_each_topic_of_flasks_documentation_has_its_page() -> None:
    rows = read_table(DOCS / "index.md", "## For users of Flask's documentation")
    there = " | ".join(row[0] for row in rows).lower()
    topics = " ".join(TOPICS.split()).split(", ")
    assert [topic for topic in topics if topic.lower() not in there] == []
    assert all("](" in row[1] for row in rows)


def test_each_name_of_the_table_leads_to_its_description() -> None:
    table = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    linked = link_names(table)
    assert "| {py:obj}`Flask <flask.Flask>` | An application" in linked
    assert "| {py:obj}`add_url_rule() <flask.Flask.add_url_rule>` |" in linked
    assert linked.count("{py:obj}") == sum(line.startswith("| `") for line in table.splitlines())


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("flask.app.Flask", "flask.Flask"),
        ("flask.helpers.url_for", "flask.url_for"),
        ("flask.json.jsonify", "flask.jsonify"),
        ("flask.signals.request_started", "flask.request_started"),
        ("flask.sessions.SessionInterface", "flask.sessions.SessionInterface"),
        ("flask.cli.current_app", "flask.current_app"),
    ],
)
def test_a_name_is_described_once(name: str, address: str) -> None:
    assert addresses()[name] == address
    assert address.rpartition(".")[0] in MODULES
