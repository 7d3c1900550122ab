"""How the differential tests run the tool, and the environments that it makes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TOOL = REPOSITORY / "conformance" / "differential"
PATIENCE = 600
"""Seconds for one run of the tool; a slow machine needs a fifth of it."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the tool to its end, without what this test run set for itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    return subprocess.run(
        [sys.executable, TOOL / "run.py", *arguments],
        capture_output=True,
        text=True,
        env=kept,
        cwd=REPOSITORY,
        timeout=PATIENCE,
        check=False,
    )


@pytest.fixture(scope="session")
def pythons() -> list[str]:
    """Options that name both Pythons; this test's own is the one with our package."""
    given = os.environ.get("FLASK_DIFFERENTIAL_OFFICIAL")
    if given:
        return ["--official-python", given, "--ours-python", sys.executable]
    made = run("--make-environments")
    if made.returncode:
        reason = f"no environment with official Flask: {made.stderr.strip()[-300:]}"
        if os.environ.get("FLASK_DIFFERENTIAL") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return []


@pytest.fixture(scope="session")
def official_python(pythons: list[str]) -> Path:
    """The interpreter that has official Flask."""
    if pythons:
        return Path(pythons[1])
    scripts = "Scripts" if os.name == "nt" else "bin"
    return REPOSITORY / ".cache" / "differential" / "official" / scripts / "python"


@pytest.fixture(scope="session")
def compare(pythons: list[str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the tool with both Pythons."""
    return lambda *arguments: run(*arguments, *pythons)
