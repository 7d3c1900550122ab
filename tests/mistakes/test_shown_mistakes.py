"""A mistake shows what was done, where in the user's code, and what to do instead.

The tables are in the modules beside this one. Each row has a program and the whole text.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import in_clients
import in_commands
import in_endings
import in_requests
import in_setup
import in_templates
import pytest
import without_mistakes
from in_commands import Command
from showing import HERE, Mistake, show

PROGRAMS = [
    *in_setup.MISTAKES,
    *in_requests.RETURNED,
    *in_requests.CALLED,
    *in_endings.ENDINGS,
    *in_clients.SENT,
    *in_templates.TEMPLATES,
]
SENT = [mistake for mistake in PROGRAMS if mistake.request]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path.resolve()


def _by_name(mistake: Mistake | Command) -> str:
    return mistake.name


@pytest.mark.parametrize("mistake", PROGRAMS, ids=_by_name)
def test_a_program_shows_its_mistake(mistake: Mistake, folder: Path) -> None:
    shown = show(mistake, folder)
    assert mistake.matches(shown, folder), f"{shown}\n\nis not\n\n{mistake.text(folder)}"


@pytest.mark.parametrize("mistake", SENT, ids=_by_name)
def test_over_asgi_it_shows_the_same(mistake: Mistake, folder: Path) -> None:
    shown = show(mistake, folder, asgi=True)
    assert mistake.matches(shown, folder), f"{shown}\n\nis not\n\n{mistake.text(folder)}"


@pytest.mark.parametrize("asgi", [False, True])
@pytest.mark.parametrize("program", without_mistakes.CORRECT, ids=_by_name)
def test_a_program_without_a_mistake_shows_nothing(
    program: Mistake, folder: Path, asgi: bool
) -> None:
    assert show(program, folder, asgi) == ""


@pytest.mark.slow
@pytest.mark.parametrize("command", in_commands.MISTAKES, ids=_by_name)
def test_a_command_shows_its_mistake(command: Command, folder: Path) -> None:
    command.write(folder)
    done = subprocess.run(
        [sys.executable, *command.arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    shown = (done.stdout + done.stderr).strip()
    assert command.matches(shown, folder), f"{shown}\n\nis not\n\n{command.text(folder)}"
    assert done.returncode == command.status


def test_the_tables_have_every_mistake_once() -> None:
    names = [row.name for row in (*PROGRAMS, *in_commands.MISTAKES)]
    assert len(set(names)) == len(names) > 70


def test_a_text_begins_as_that_of_flask_3_1_3() -> None:
    kept = [mistake for mistake in PROGRAMS if mistake.keeps]
    assert len(kept) > 40
    assert [each.name for each in kept if not each.shown.strip().startswith(each.keeps)] == []


def test_a_text_names_the_line_of_the_user() -> None:
    """A row whose program has a marked line also has that line in its text."""
    marked = [mistake for mistake in PROGRAMS if HERE in mistake.source]
    without = [mistake.name for mistake in marked if "{here}" not in mistake.shown]
    assert len(marked) > 40
    assert sorted(without) == sorted(in_clients.WITHOUT_PLACE)
