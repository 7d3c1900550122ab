"""An idle WebSocket stays small; ``benchmarks/idle_websockets.py`` measures more of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="it reads /proc")
def test_300_idle_websockets_stay_below_the_limits() -> None:
    pytest.importorskip("greenlet")
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/idle_websockets.py"), "--count", "300"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "async handler" in done.stdout
