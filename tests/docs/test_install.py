"""The install lines of the documentation work in an empty environment.

Building the wheel and installing need the package index. Without it, these tests are skipped,
except in CI.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from extensions_table import make_table, read_page
from pages import DOCS, ROOT, all_pages, other_pages, read_blocks, read_table
from programs import is_shown

INSTALL = DOCS / "start" / "install.md"
SWITCHING = DOCS / "start" / "switching.md"
WHEEL = "flask-3.1.3.1-py3-none-any.whl"
WRONG = re.compile(r"pip install +(-\S+ +)*['\"]?flask(\[|['\"]?$)", re.MULTILINE)
NO_INDEX = re.compile(r"No matching distribution|NewConnectionError|Temporary failure|Max retries")


def run(command: str, folder: Path, environment: Path | None = None) -> str:
    """Run a command of a page; return what it prints.

    :param environment: the virtual environment that is active.
    """
    # Where `make` started the tests, its variables would change what another one prints.
    names = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("PYTHON", "MAKE", "MFLAGS"))
    }
    if environment is not None:
        names["PATH"] = f"{environment / 'bin'}{os.pathsep}{names['PATH']}"
    names["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    done = subprocess.run(
        ["bash", "-ec", command], cwd=folder, env=names, capture_output=True, text=True, timeout=600
    )
    if done.returncode and NO_INDEX.search(done.stderr) and "CI" not in os.environ:
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def commands_of(page: Path, word: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the commands of a page that contain a word, each with the output that is shown."""
    for _, block in read_blocks(page.read_text(encoding="utf-8")):
        if block.language == "console":
            for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                command, *shown = part.splitlines()
                if word in command:
                    yield command, shown


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, as the page says, and put it into the folder of a project."""
    folder = tmp_path_factory.mktemp("project")
    if not (Path(sys.prefix) / "made").exists() or shutil.which("make") is None:
        pytest.skip("this environment was not made by the Makefile")
    ((command, shown),) = commands_of(INSTALL, "make")
    printed = run(f"{command} VENV={sys.prefix} DIST={folder}", ROOT)
    assert shown == [f"dist/{WHEEL}"]
    assert printed.endswith(f"{folder}/{WHEEL}\n")
    (folder / "shop.py").write_text("from flask import Flask\napp = Flask(__name__)\n", "utf-8")
    run(f"{sys.executable} -m venv .venv", folder)
    return folder


@pytest.mark.slow
def test_every_install_line_works_in_an_empty_environment(project: Path) -> None:
    environment = project / ".venv"
    lines = [command for command, _ in commands_of(INSTALL, "pip install")]
    assert len(lines) == 5
    for line in lines:
        folder = project if WHEEL in line else ROOT
        run(line, folder, environment)
        ((command, shown),) = commands_of(INSTALL, "flask --version")
        assert is_shown(shown, run(command, project, environment).splitlines())
    run("python -c 'import granian, greenlet, wsproto, msgspec, dotenv'", project, environment)
    assert "Granian" in run("flask --app shop serve --help", project, environment)
    for row in read_table(INSTALL, "## Extras"):
        line = re.search(r"`(pip install .+)`", row[2])
        if line:
            run(line[1], project, environment)


@pytest.mark.slow
def test_switching_is_one_command_and_so_is_the_way_back(project: Path, tmp_path: Path) -> None:
    run(f"{sys.executable} -m venv .venv", tmp_path)
    shutil.copy(project / WHEEL, tmp_path)
    environment = tmp_path / ".venv"
    run("python -m pip install 'flask==3.1.3' flask-login", tmp_path, environment)
    for command, shown in [*commands_of(SWITCHING, "pip ")]:
        if "poetry" not in command:
            printed = run(command, tmp_path, environment)
            assert is_shown(shown, printed.splitlines()), printed
        if WHEEL in command:
            assert "Flask 3.1.3.1\n" in run("flask --version", tmp_path, environment)
    assert "Flask 3.1.3\n" in run("flask --version", tmp_path, environment)
    # A requirements file as the page shows it.
    ((_, block),) = [
        found
        for found in read_blocks(SWITCHING.read_text(encoding="utf-8"))
        if found[1].text.startswith("./flask")
    ]
    (tmp_path / "requirements.txt").write_text(block.text, "utf-8")
    run("python -m pip install -r requirements.txt", tmp_path, environment)
    assert "Flask 3.1.3.1\n" in run("flask --version", tmp_path, environment)


def test_every_extra_is_described() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    described = [row[0].strip("`") for row in read_table(INSTALL, "## Extras")]
    assert sorted(described) == sorted(project["optional-dependencies"])
    assert project["version"] in WHEEL


def test_the_table_of_projects_is_made_from_the_results() -> None:
    assert read_page()[1] == make_table(), "run: python tests/docs/extensions_table.py"


def test_no_page_installs_the_other_flask() -> None:
    """`pip install 'flask[serve]'` fetches the release of the Pallets project."""

    for page in [*all_pages(), *other_pages()]:
        assert not WRONG.search(page.read_text(encoding="utf-8")), page


@pytest.mark.parametrize(
    ("line", "is_wrong"),
    [
        ("pip install 'flask[serve]'", True),
        ("pip install flask", True),
        ("pip install -q flask[api]", True),
        ("pip install ./flask-3.1.3.1-py3-none-any.whl", False),
        ("pip install 'flask==3.1.3'", False),
        ("pip install flask-login", False),
    ],
)
def test_lines_that_install_the_other_flask_are_found(line: str, is_wrong: bool) -> None:

    assert (WRONG.search(line) is not None) is is_wrong
