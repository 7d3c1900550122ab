"""The same requests to official Flask 3.1.3 and to this package.

Needs an environment with official Flask, which the tool makes under ``.cache`` when there is a
network, and reuses without one. Where neither is to be had these tests are skipped, unless
``FLASK_DIFFERENTIAL=required`` is set, as it is in CI.
"""

from __future__ import annotations

import os
import subprocess
import sys
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


def test_the_fixed_suite_shows_no_unexplained_difference(pythons: list[str]) -> None:
    done = run("--cases", *pythons)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 unexplained groups" in done.stdout


def test_random_requests_show_no_unexplained_difference(pythons: list[str]) -> None:
    done = run("--cases", "--match", "a bare request", "--requests", "2000", *pythons)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2000 random ones" in done.stdout


def test_a_planted_difference_is_found_and_made_small(pythons: list[str]) -> None:
    done = run("--cases", "--match", "every header", "--plant", *pythons)
    assert done.returncode == 1, done.stdout + done.stderr
    found = [line.strip() for line in done.stdout.splitlines() if "Accept-Language" in line]
    assert len(found) == 1, done.stdout
    # Of some twenty headers only the one that matters is left.
    assert found[0].count(" | ") == 1
    assert "+X-Planted: yes" in done.stdout
