"""schemathesis sends requests that the document allows, and some that it does not."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from serving import PROTOCOLS, load_app, serve, urls_of

HOOKS = {"PYTHONPATH": str(Path(__file__).parent), "SCHEMATHESIS_HOOKS": "schemathesis_hooks"}

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
    app = load_app()
    token = app.config.get("API_CHECKS_TOKEN", "secret")
    with serve(app, protocol) as address:
        for url in urls_of(app, "url"):
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}{url}"),
                    *("--checks", "all", "--max-examples", "30", "--seed", "1"),
                    *("--header", f"Authorization: Bearer {token}"),
                    *("--generation-database", "none", "--request-timeout", "10"),
                ],
                capture_output=True,
                check=False,
                cwd=tmp_path,
                env={**os.environ, **HOOKS},
                text=True,
            )
            assert done.returncode == 0, done.stdout + done.stderr
