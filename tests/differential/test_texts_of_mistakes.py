"""The texts of mistakes begin as those of official Flask 3.1.3, where extensions match on them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

MISTAKES = Path(__file__).parents[1] / "mistakes"

pytestmark = pytest.mark.slow

NEVER_AWAITED = r"(?m)^.* was never awaited\n"
PRINT_ROWS = """
import in_clients, in_requests, in_setup, in_templates
from showing import as_rows

tables = (in_setup.MISTAKES, in_requests.RETURNED, in_requests.CALLED)
tables += (in_clients.SENT, in_templates.TEMPLATES)
print(as_rows(row for table in tables for row in table if row.keeps))
"""


def _run(python: Path | str, *arguments: str, given: str = "") -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    done = subprocess.run(
        [python, *arguments],
        cwd=MISTAKES,
        env=kept,
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_official_flask_shows_the_beginning_of_each_text(official_python: Path) -> None:
    rows = _run(sys.executable, "-c", PRINT_ROWS)
    kept = {row["name"]: row["keeps"] for row in json.loads(rows)}
    shown = json.loads(_run(official_python, "showing.py", given=rows))
    assert shown.keys() == kept.keys()
    # Flask 3.1.3 leaves a coroutine that was not awaited, and Python warns about it later.
    texts = {name: re.sub(NEVER_AWAITED, "", text) for name, text in shown.items()}
    different = {name: text for name, text in texts.items() if not text.startswith(kept[name])}
    assert different == {}
