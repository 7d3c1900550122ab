"""The same requests to official Flask 3.1.3 and to this package.

Needs an environment with official Flask, which the tool makes under ``.cache`` when there is a
network, and reuses without one. Where neither is to be had these tests are skipped, unless
``FLASK_DIFFERENTIAL=required`` is set, as it is in CI.
"""

from __future__ import annotations

from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

pytestmark = pytest.mark.slow

Compare = Callable[..., CompletedProcess[str]]


def test_the_fixed_suite_shows_no_unexplained_difference(compare: Compare) -> None:
    done = compare("--cases")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 unexplained groups" in done.stdout


def test_random_requests_show_no_unexplained_difference(compare: Compare) -> None:
    done = compare("--cases", "--match", "a bare request", "--requests", "2000")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2000 random ones" in done.stdout


def test_by_asgi_there_is_no_unexplained_difference_either(compare: Compare) -> None:
    done = compare("--asgi", "--cases", "--requests", "1000")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 unexplained groups" in done.stdout


def test_by_asgi_a_planted_difference_is_found_too(compare: Compare) -> None:
    done = compare("--asgi", "--cases", "--match", "every header", "--plant")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "+x-planted: yes" in done.stdout


def test_a_planted_difference_is_found_and_made_small(compare: Compare) -> None:
    done = compare("--cases", "--match", "every header", "--plant")
    assert done.returncode == 1, done.stdout + done.stderr
    found = [line.strip() for line in done.stdout.splitlines() if "Accept-Language" in line]
    assert len(found) == 1, done.stdout
    # Of some twenty headers only the one that matters is left.
    assert found[0].count(" | ") == 1
    assert "+X-Planted: yes" in done.stdout
