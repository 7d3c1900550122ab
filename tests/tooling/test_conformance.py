"""How conformance/ compares two runs; nothing is downloaded or run here."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))

from benchmarks.environments import Environment  # noqa: E402
from conformance import table  # noqa: E402
from conformance.compare import Outcome, compare, faults, read_junit  # noqa: E402
from conformance.run import variables_for  # noqa: E402
from conformance.sources import fetch  # noqa: E402
from conformance.suites import BadFile, read_accepted, read_suites  # noqa: E402

PASSED, SKIPPED = Outcome("passed"), Outcome("skipped")
FAILED = Outcome("failed", "assert 404 == 400\nmore")

JUNIT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest">
<testcase classname="tests.test_a" name="test_one" time="0.1" />
<testcase classname="tests.test_a.TestB" name="test_two[x-1]"><failure message="why">at</failure>
</testcase>
<testcase classname="tests.test_a" name="test_three"><skipped message="no redis" /></testcase>
<testcase classname="" name="tests.test_c"><error message="ImportError">at</error></testcase>
<testcase classname="tests.test_a" name="test_four" />
<testcase classname="tests.test_a" name="test_four"><error message="in teardown" /></testcase>
</testsuite></testsuites>
"""

SUITES = """
official = "flask==3.1.3"
pytest = "pytest"
[[suite]]
name = "one"
project = "flask"
version = "3.1.3"
take = ["tests"]
folder = "."
tests = ["tests"]
"""


def test_junit_is_read_as_test_id_and_outcome(tmp_path: Path) -> None:
    file = tmp_path / "run.xml"
    file.write_text(JUNIT)
    assert read_junit(file) == {
        "tests.test_a::test_one": Outcome("passed"),
        "tests.test_a.TestB::test_two[x-1]": Outcome("failed", "why"),
        "tests.test_a::test_three": Outcome("skipped", "no redis"),
        "::tests.test_c": Outcome("error", "ImportError"),
        "tests.test_a::test_four": Outcome("error", "in teardown"),
    }


@pytest.mark.parametrize(
    ("there", "here", "lost", "gained"),
    [
        pytest.param(PASSED, PASSED, False, False, id="passes in both"),
        pytest.param(PASSED, FAILED, True, False, id="fails here"),
        pytest.param(PASSED, SKIPPED, True, False, id="is skipped here"),
        pytest.param(PASSED, None, True, False, id="is missing here"),
        pytest.param(FAILED, FAILED, False, False, id="fails in both"),
        pytest.param(FAILED, PASSED, False, True, id="passes here only"),
        pytest.param(None, PASSED, False, True, id="is there here only"),
    ],
)
def test_a_test_is_lost_or_gained_when_it(
    there: Outcome | None, here: Outcome | None, lost: bool, gained: bool
) -> None:
    official = {} if there is None else {"t": there}
    this = {} if here is None else {"t": here}
    comparison = compare(official, this)
    assert ("t" in comparison.lost, "t" in comparison.gained) == (lost, gained)


BOTH = {"a": PASSED, "b": PASSED}


@pytest.mark.parametrize(
    ("here", "accepted", "said"),
    [
        pytest.param(BOTH, {}, [], id="no difference"),
        pytest.param({"a": PASSED, "b": FAILED}, {"b": "decision 7"}, [], id="a listed one"),
        pytest.param({"a": PASSED, "b": FAILED}, {}, ["assert 404 == 400"], id="an unlisted one"),
        pytest.param(BOTH, {"b": "decision 7"}, ["take the line out"], id="listed, but passes"),
        pytest.param(BOTH, {"c": "decision 7"}, ["take the line out"], id="listed, but unknown"),
    ],
)
def test_a_run_fails_on_an_unlisted_failure_and_on_a_listed_test_that_passes(
    here: dict[str, Outcome], accepted: dict[str, str], said: list[str]
) -> None:
    found = faults(compare(BOTH, here), accepted)
    assert len(found) == len(said)
    assert all(words in fault for words, fault in zip(said, found, strict=True))


def test_a_command_that_tests_start_is_that_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "elsewhere")
    monkeypatch.setenv("FLASK_APP", "mine")
    environment = Environment(tmp_path)
    variables = variables_for(environment)
    assert variables["PATH"].split(os.pathsep) == [str(environment.python.parent), "elsewhere"]
    assert "FLASK_APP" not in variables


def test_a_suite_of_which_nothing_passes_with_official_flask_proves_nothing() -> None:
    assert (
        "no test passes even with official" in faults(compare({"a": FAILED}, {"a": FAILED}), {})[0]
    )


def test_the_repositorys_own_files_are_read() -> None:
    suites = read_suites()
    assert suites.official == "flask==3.1.3"
    assert {"flask", "tutorial", "javascript", "flask-login"} <= set(suites.by_name)
    assert "flask-login==0.6.3" in suites.by_name["flask-login"].installs("0.6.3")
    read_accepted(suites.by_name)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param(('tests = ["tests"]', ""), "the field 'tests' is missing", id="missing"),
        pytest.param(('folder = "."', 'folders = "."'), "no field folders", id="misspelt"),
        pytest.param(('folder = "."', "folder = 1"), "a str is needed", id="of a wrong kind"),
        pytest.param(('["tests"]\nfolder', '"tests"\nfolder'), "a list of strings", id="no list"),
        pytest.param(('take = ["tests"]', 'take = ["src/flask"]'), "nothing under src/", id="src"),
        pytest.param(
            ('take = ["tests"]', 'take = ["tests"]\nwritten_here = true'),
            "must be empty",
            id="taken and written here",
        ),
        pytest.param(('pytest = "pytest"\n', ""), "'pytest' must be", id="no pytest"),
    ],
)
def test_a_suites_file_is_refused_when_a_field_is(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    file = tmp_path / "suites.toml"
    file.write_text(SUITES)
    assert list(read_suites(file).by_name) == ["one"]
    assert change[0] in SUITES
    file.write_text(SUITES.replace(*change, 1))
    with pytest.raises(BadFile, match=complaint):
        read_suites(file)


def test_a_suite_that_is_written_here_needs_no_sdist() -> None:
    written = [suite for suite in read_suites().by_name.values() if suite.written_here]
    assert written
    for suite in written:
        version, folder = fetch(suite)
        assert version == suite.version
        assert all((folder / test).is_file() for test in suite.tests)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[two]\n"a::b" = "why"', "there is no suite 'two'"),
        ('[one]\n"a::b" = " "', "needs a reason"),
        ('one = "why"', "must be a table"),
    ],
)
def test_a_differences_file_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "differences.toml"
    file.write_text(text)
    with pytest.raises(BadFile, match=complaint):
        read_accepted(["one"], file)


def test_the_table_names_each_difference_with_its_reason() -> None:
    comparison = compare({"a": PASSED, "b": PASSED}, {"a": PASSED, "b": FAILED, "c": PASSED})
    entry = table.entry(
        "3.1.3", "2026-01-02", "Python 3.11.7", {"official": "3.1.3"}, comparison, {"b": "why"}
    )
    assert table.rows({"one": entry}, ["one", "two"])[2:] == [
        "| one | 3.1.3 | 2 of 2 | 2 of 3 (1 failed) | 1 "
        "| 2026-01-02, Python 3.11.7, official 3.1.3 |"
    ]
    assert table.details({"one": entry}, ["one", "two"]) == [
        "- one: `b`: why",
        "- one: `c` passes here only",
    ]


def test_the_readme_is_written_between_its_markers_and_nowhere_else(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    table.write(readme, ["new"])
    table.write(readme, ["new"])
    assert readme.read_text() == f"before\n{table.BEGIN}\n\nnew\n\n{table.END}\nafter\n"
    readme.write_text("no markers")
    with pytest.raises(ValueError, match="needs each of the markers"):
        table.write(readme, ["new"])


def test_the_readme_of_this_folder_has_the_markers() -> None:
    text = (ROOT / "conformance" / "README.md").read_text(encoding="utf-8")
    assert (text.count(table.BEGIN), text.count(table.END)) == (1, 1)
