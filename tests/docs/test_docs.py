"""The documentation is true: its blocks run, its tables are those of the package, its links lead
somewhere."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import typing as t
from datetime import timedelta
from pathlib import Path

import click
import pytest
from api_page import MODULES, PAGE, make_page
from pages import (
    DOCS,
    ROOT,
    SNIPPETS,
    Section,
    all_pages,
    anchors_of,
    name_of,
    other_pages,
    read_anchored_links,
    read_links,
    read_sections,
    read_table,
)
from programs import missing_for, run_section

import flask
import flask.cli
import flask.signals
from flask import Flask

NOT_RUN = {
    "guides/asgi.md": 4,
    "guides/celery.md": 1,
    "guides/live-updates.md": 1,
    "guides/subdomains.md": 1,
    "deploying/apache.md": 1,
    "deploying/containers.md": 1,
    "deploying/flask-serve.md": 2,
    "deploying/gunicorn.md": 2,
    "deploying/nginx.md": 2,
    "deploying/serverless.md": 1,
    "deploying/systemd.md": 1,
    "deploying/uvicorn.md": 3,
    "deploying/uwsgi.md": 1,
    "start/install.md": 5,
    "start/switching.md": 3,
    "start/quickstart.md": 1,
    "deploying/several-machines.md": 2,
}
"""How many blocks of a page cannot be run here; each says why on the page."""

SECTIONS = [
    section
    for page in all_pages()
    if not page.is_relative_to(DOCS / "tutorial")  # its own tests follow the tutorial, step by step
    for section in read_sections(page)
]


def _parameter(section: Section) -> t.Any:
    starts_programs = any(
        block.language == "console" and block.marked("requests") is None for block in section.blocks
    )
    marks = [pytest.mark.slow] if starts_programs else []
    return pytest.param(section, id=str(section), marks=marks)


COMMANDS = {"flask": flask.cli.cli, **flask.cli.cli.commands}


@pytest.mark.parametrize("section", [_parameter(section) for section in SECTIONS])
def test_the_blocks_of_a_section_work(
    section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing := missing_for(section):
        pytest.skip(f"not installed: {', '.join(missing)}")
    monkeypatch.chdir(tmp_path)
    run_section(section, tmp_path)
    assert not flask.has_app_context(), "a block left a context pushed"


def test_the_blocks_that_are_not_run_are_known_and_give_a_reason() -> None:
    found: dict[str, int] = {}
    for section in SECTIONS:
        reasons = [block.marked("not run") for block in section.blocks]
        given = [reason for reason in reasons if reason is not None]
        assert all(given), f"{section} gives no reason"
        if given:
            name = name_of(section.page)
            found[name] = found.get(name, 0) + len(given)
    assert found == NOT_RUN


@pytest.mark.slow
@pytest.mark.parametrize("snippet", sorted(SNIPPETS.glob("*/")), ids=lambda path: path.name)
def test_the_tests_of_a_snippet_pass(snippet: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    settings = ["-c", "/dev/null", "--rootdir", str(snippet)]
    done = subprocess.run(
        [*command, *settings], cwd=snippet, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout)


@pytest.mark.parametrize("page", [*all_pages(), *other_pages()], ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    missing = [link for link in read_links(page) if not (page.parent / link).exists()]
    assert missing == []
    for target, anchor in read_anchored_links(page):
        if anchor:
            assert anchor in anchors_of(page.parent / target if target else page), target


def test_the_index_leads_to_every_page() -> None:
    """The entry of a repository host leads to the parts, and these lead to the pages."""
    front_page = DOCS / "index.md"  # of the site
    reached = {DOCS / "README.md", front_page}
    waiting = [DOCS / "README.md"]
    while waiting:
        page = waiting.pop()
        links = {(page.parent / link).resolve() for link in read_links(page)}
        waiting += [link for link in links - reached if link.name == "README.md"]
        reached |= links
    assert [page for page in all_pages() if page not in reached] == []


def test_the_table_of_settings_is_the_default_configuration() -> None:
    rows = read_table(DOCS / "reference/configuration.md", "## Every key")
    names = {"__builtins__": {}, "timedelta": timedelta}
    documented = {key.strip("`"): eval(default.strip("`"), names) for key, default, _ in rows}
    assert documented == dict(Flask("an_app").config)
    assert documented.keys() == Flask.default_config.keys()
    assert all(meaning for *_, meaning in rows)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_table_of_a_command_is_that_of_click(name: str) -> None:
    heading = "## flask" if name == "flask" else f"## flask {name}"
    rows = read_table(DOCS / "reference/command-line.md", heading)
    documented = {options: default for options, default, _ in rows}
    context = click.Context(COMMANDS[name], info_name=name, auto_envvar_prefix="FLASK")
    assert documented == {
        _options_of(option): _default_of(option)
        for option in COMMANDS[name].get_params(context)
        if isinstance(option, click.Option)
    }
    assert all(meaning for *_, meaning in rows)


def _options_of(option: click.Parameter) -> str:
    on = ", ".join(f"`{name}`" for name in sorted(option.opts, key=len))
    off = ", ".join(f"`{name}`" for name in option.secondary_opts)
    return f"{on} / {off}" if off else on


def _default_of(option: click.Option) -> str:
    if option.is_flag and option.default is True:
        return f"`{option.opts[0]}`"
    value = option.to_info_dict()["default"]
    return f"`{value}`" if isinstance(value, str | int) and value is not False else ""


def test_every_command_has_its_section() -> None:
    text = (DOCS / "reference/command-line.md").read_text(encoding="utf-8")
    documented = re.findall(r"^## flask (\w+)$", text, flags=re.MULTILINE)
    assert sorted(documented) == sorted(flask.cli.cli.commands)


def test_the_api_page_is_made_from_the_package() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == make_page(), "run: python tests/docs/api_page.py"


def test_the_api_page_has_every_public_module() -> None:
    package = ROOT / "src" / "flask"
    found = set()
    for path in package.rglob("*.py"):
        parts = ("flask", *path.relative_to(package).with_suffix("").parts)
        if not any(part.startswith("_") and part != "__init__" for part in parts):
            found.add(".".join(part for part in parts if part != "__init__"))
    without_names = {"flask.sansio"}
    assert found - without_names == set(MODULES)
    assert all(importlib.import_module(name).__doc__ for name in MODULES)


def test_the_table_of_signals_has_each_signal_once() -> None:
    rows = read_table(DOCS / "guides/signals.md", "## The ten signals")
    assert [row[0].strip("`") for row in rows] == [
        name for name in vars(flask.signals) if hasattr(getattr(flask.signals, name), "send")
    ]


def test_the_architecture_page_names_modules_and_functions_that_exist() -> None:
    package = ROOT / "src" / "flask"
    for _, where in read_table(DOCS / "architecture.md", "## Where is it?"):
        for address in re.findall(r"`([^`]+)`", where):
            if address == "async def" or "import" in address:
                continue
            module, _, name = address.partition(".")
            path = package / module
            path = path if path.is_dir() else path.with_suffix(".py")
            assert path.exists(), address
            assert not name or re.search(rf"\b{name}\b", path.read_text("utf-8")), address


def test_promised_private_names_exist() -> None:
    for modules, names in read_table(DOCS / "architecture.md", "## Promised private names"):
        for module in modules.replace("`", "").split(", "):
            for name in names.replace("`", "").split():
                assert hasattr(importlib.import_module(module), name), f"{module}.{name}"


def test_the_newest_released_entry_of_the_changes_is_this_version() -> None:
    text = (DOCS / "changes.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (\S+)", text, flags=re.MULTILINE)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert headings[0] == "Unreleased"
    assert f'version = "{headings[1]}"' in project


def test_the_changes_have_known_groups() -> None:
    text = (DOCS / "changes.md").read_text(encoding="utf-8")
    groups = set(re.findall(r"^### (.+)$", text, flags=re.MULTILINE))
    assert groups <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.mark.parametrize("page", sorted(DOCS.glob("decisions/0*.md")), ids=name_of)
def test_every_decision_has_the_same_headings(page: Path) -> None:
    # A heading outside of blocks; comments in blocks begin with one "#" only.
    headings = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "Evidence"]
