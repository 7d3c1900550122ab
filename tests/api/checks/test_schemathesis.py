"""schemathesis sends requests that the document allows, and some that it does not."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from serving import PROTOCOLS, load_app, serve

HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("schemathesis") is None,
        reason="schemathesis is not installed: pip install --group api-checks",
    ),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_all_checks_are_clean(protocol: str, tmp_path: Path) -> None:
    """Item 15."""
    with serve(load_app(), protocol) as address:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"),
                *("--checks", "all", "--max-examples", "30", "--seed", "1"),
                *("--header", "Authorization: Bearer secret", "--generation-database", "none"),
                *("--request-timeout", "10"),
            ],
            capture_output=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(HERE), "SCHEMATHESIS_HOOKS": "schemathesis_hooks"},
            text=True,
        )
    assert done.returncode == 0, done.stdout + done.stderr
