"""The figures of benchmarks/instructions.py: file, check and table. Nothing is counted here."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))

from benchmarks import aims, instructions  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"


def test_a_file_has_figures_by_interpreter_and_protocol(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    instructions.record(file, "wsgi", {"hello": 10}, "3.11")
    instructions.record(file, "wsgi", {"json": 20}, "3.11")
    instructions.record(file, "asgi", {"hello": 30}, "3.13")
    assert json.loads(file.read_text()) == {
        "3.11": {"wsgi": {"hello": 10, "json": 20}},
        "3.13": {"asgi": {"hello": 30}},
    }


def test_figures_are_recorded_for_the_interpreter_that_runs(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    instructions.record(file, "wsgi", {"hello": 10})
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert instructions.read(file) == {version: {"wsgi": {"hello": 10}}}


@pytest.mark.parametrize(("found", "is_exceeded"), [(103, False), (104, True)])
def test_a_figure_may_exceed_the_recorded_one_by_the_tolerance(
    found: int, is_exceeded: bool
) -> None:
    faults = instructions.exceeded({"hello": found}, {"hello": 100}, 1.03)
    assert bool(faults) is is_exceeded


def test_a_workload_without_a_recorded_figure_is_no_fault() -> None:
    assert instructions.exceeded({"hello": 10}, {}, 1.03) == []


def test_the_check_says_that_an_interpreter_has_no_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    instructions.record(file, "wsgi", {"hello": 1}, "2.7")
    monkeypatch.setattr(instructions, "count", lambda names, interface, peer: {"hello": 10})
    monkeypatch.setattr("shutil.which", lambda name: name)
    assert instructions.main(["--check", str(file)]) == 0
    assert "has no figures for wsgi on Python" in capsys.readouterr().out


def test_the_check_uses_the_figures_of_the_interpreter_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    instructions.record(file, "wsgi", {"hello": 5})
    monkeypatch.setattr(instructions, "count", lambda names, interface, peer: {"hello": 10})
    monkeypatch.setattr("shutil.which", lambda name: name)
    assert instructions.main(["--check", str(file)]) == 1
    assert "hello: 10 instructions, recorded 5" in capsys.readouterr().err


def test_the_committed_table_is_made_from_the_committed_figures() -> None:
    before = instructions.read(RESULTS / "instructions-before.json")
    now = instructions.read(RESULTS / "instructions.json")
    written = (RESULTS / "instructions.md").read_text(encoding="utf-8")
    assert written == "\n".join(instructions.compare(before, now)) + "\n"


def test_the_committed_table_of_aims_is_made_from_the_committed_figures() -> None:
    written = (RESULTS / "aims.md").read_text(encoding="utf-8")
    figures = instructions.read(RESULTS / "instructions.json")
    assert written == "\n".join(aims.table(figures)) + "\n"


def test_synchronous_views_may_take_a_little_more_than_recorded() -> None:
    recorded = {"hello": 100, "plain_hello": 100}
    assert len(instructions.exceeded({"hello": 109, "plain_hello": 109}, recorded, 1.03)) == 1
    assert len(instructions.exceeded({"hello": 111, "plain_hello": 111}, recorded, 1.03)) == 2


def test_an_aim_that_is_reached_is_bold() -> None:
    figures = {
        "3.11": {"wsgi": {"hello": 85, "json": 66}, "wsgi falcon": {"hello": 100, "json": 100}}
    }
    rows = {line.split(" | ")[0]: line for line in aims.table(figures)}
    assert rows["| wsgi hello"] == "| wsgi hello | falcon | 0.85 | 100 | **85 (0.85)** | - |"
    assert rows["| wsgi json"] == "| wsgi json | falcon | 0.65 | 100 | 66 (0.66) | - |"


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_every_workload_has_a_committed_figure(version: str) -> None:
    now = instructions.read(RESULTS / "instructions.json")[version]
    assert set(now["asgi"]) == {*instructions.ASGI_WORKLOADS, *instructions.THREADED_WORKLOADS}
    assert set(now["wsgi"]) == set(instructions.wsgi_workloads())
