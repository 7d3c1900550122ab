"""The helper that runs other programs in tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from processes import PrintingProcess


def test_a_process_that_ends_early_fails_the_test_at_once_and_shows_its_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processes.LONGEST", 10_000)
    process = PrintingProcess([sys.executable, "-c", "print('no port is free')"], tmp_path)
    with pytest.raises(AssertionError, match=r"ended without 'Running'[^$]*no port is free"):
        process.wait_for("Running")


def test_a_pattern_is_found_again_only_behind_the_last_match(tmp_path: Path) -> None:
    process = PrintingProcess([sys.executable, "-c", "print('step 1'); print('step 2')"], tmp_path)
    assert process.wait_for(r"step (\d)") == "1"
    assert process.wait_for(r"step (\d)") == "1"
    assert process.wait_for(r"step (\d)", after_last=True) == "2"
    assert process.wait() == 0
