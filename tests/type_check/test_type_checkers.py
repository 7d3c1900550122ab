"""Users' code under mypy and pyright, and the package itself; where the tools are installed."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import flask

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
PACKAGE = Path(flask.__file__).parent
SAMPLES = ("app", "classes", "api", "client", "channels", "checks")
CORRECT = [HERE / f"sample_{name}.py" for name in SAMPLES]
CORRECT += sorted((HERE.parents[1] / "examples" / "shop_api" / "shop").glob("*.py"))
MISTAKEN = HERE / "sample_mistakes.py"

needs_mypy = pytest.mark.skipif(
    importlib.util.find_spec("mypy") is None, reason="mypy is not installed here"
)
needs_pyright = pytest.mark.skipif(
    importlib.util.find_spec("pyright") is None and shutil.which("pyright") is None,
    reason="pyright is not installed here",
)


def run_mypy(cache: Path, *paths: Path) -> list[str]:
    """Return the lines of what mypy --strict finds."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--no-error-summary"),
            *("--show-absolute-path", f"--cache-dir={cache}", *map(str, paths)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=PACKAGE.parents[1],
    )
    assert done.returncode in (0, 1), done.stderr
    return [line for line in done.stdout.splitlines() if ": error:" in line]


def run_pyright(*paths: Path) -> list[str]:
    """Return ``file:line: message`` for the errors that pyright finds."""
    command = (
        [sys.executable, "-m", "pyright"]
        if importlib.util.find_spec("pyright")
        else [str(shutil.which("pyright"))]
    )
    done = subprocess.run(
        [*command, "--outputjson", "--pythonpath", sys.executable, *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        cwd=PACKAGE.parents[1],
    )
    found = json.loads(done.stdout)["generalDiagnostics"]
    return [
        f"{entry['file']}:{entry['range']['start']['line'] + 1}: {entry['message']}"
        for entry in found
        if entry["severity"] == "error"
    ]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def expected_mistakes() -> set[int]:
    lines = MISTAKEN.read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if "# mistake:" in line}


def lines_of(found: list[str]) -> set[int]:
    matches = (re.search(r"sample_mistakes\.py:(\d+):", line) for line in found)
    return {int(match[1]) for match in matches if match}


@needs_mypy
def test_mypy_accepts_the_package_and_what_users_write(cache: Path) -> None:
    assert run_mypy(cache, PACKAGE, *CORRECT) == []


@needs_mypy
def test_mypy_finds_what_users_get_wrong(cache: Path) -> None:
    assert lines_of(run_mypy(cache, MISTAKEN)) == expected_mistakes()


@pytest.fixture(scope="session")
def found_by_pyright() -> list[str]:
    """One run for everything: most of it is reading the standard library."""
    return run_pyright(PACKAGE, *CORRECT, MISTAKEN)


@needs_pyright
def test_pyright_accepts_the_package_and_what_users_write(found_by_pyright: list[str]) -> None:
    assert [line for line in found_by_pyright if MISTAKEN.name not in line] == []


@needs_pyright
def test_pyright_finds_what_users_get_wrong(found_by_pyright: list[str]) -> None:
    assert lines_of(found_by_pyright) == expected_mistakes()
