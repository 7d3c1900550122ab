"""Two runs of one suite, compared test by test, and the rule on accepted differences.

Plain data in and out, but for the reading of pytest's XML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

#: From best to worst. A test that is reported twice (its body, then its teardown) counts as
#: the worse of the two.
OUTCOMES = ("passed", "skipped", "failed", "error")


@dataclass(frozen=True)
class Outcome:
    """How one test ended, and the first words of why."""

    name: str
    why: str = ""


Outcomes = Mapping[str, Outcome]


@dataclass(frozen=True)
class Comparison:
    """What one suite showed.

    `lost` are the tests that pass with official Flask and do not here, with the reason that
    pytest gave; `gained` those that pass here only.
    """

    official: Mapping[str, int]
    this: Mapping[str, int]
    lost: Mapping[str, str] = field(default_factory=dict)
    gained: tuple[str, ...] = ()


def read_junit(file: Path) -> dict[str, Outcome]:
    """Return test id -> outcome from the XML that pytest writes.

    An id is `module.path::name` or `module.path.Class::name`, parameters included. A module
    that could not be collected is reported by pytest under its own name, as an error.
    """
    outcomes: dict[str, Outcome] = {}
    for case in ElementTree.parse(file).getroot().iter("testcase"):
        test = f"{case.get('classname', '')}::{case.get('name', '')}"
        found = Outcome("passed")
        for name in ("skipped", "failure", "error"):
            if (element := case.find(name)) is not None:
                why = (element.get("message") or element.text or "").strip()
                found = Outcome("failed" if name == "failure" else name, why[:600])
        before = outcomes.get(test, found)
        outcomes[test] = max(before, found, key=lambda outcome: OUTCOMES.index(outcome.name))
    return outcomes


def compare(official: Outcomes, this: Outcomes) -> Comparison:
    """Return what differs between a run with official Flask and one with this package."""
    lost = {}
    for test, outcome in official.items():
        if outcome.name != "passed":
            continue
        here = this.get(test, Outcome("missing", "pytest did not get to it"))
        if here.name != "passed":
            lost[test] = f"{here.name}: {here.why}"
    gained = [
        test
        for test, outcome in this.items()
        if outcome.name == "passed" and official.get(test, Outcome("missing")).name != "passed"
    ]
    return Comparison(counts(official), counts(this), lost, tuple(gained))


def counts(outcomes: Outcomes) -> dict[str, int]:
    """Return outcome -> how many tests."""
    names = [outcome.name for outcome in outcomes.values()]
    return {name: names.count(name) for name in OUTCOMES}


def faults(comparison: Comparison, accepted: Mapping[str, str]) -> list[str]:
    """Return a sentence for each thing that makes a run fail.

    That is: no test passes even with official Flask; a difference that is not listed; a listed
    one that is none.
    """
    found = []
    if comparison.official["passed"] == 0:
        found.append("no test passes even with official Flask: the suite did not run as it should")
    for test, why in comparison.lost.items():
        if test not in accepted:
            found.append(f"{test}\n      {_indented(why)}")
    for test in accepted:
        if test not in comparison.lost:
            found.append(
                f"{test}\n      is listed in differences.toml, but passes here or does not pass "
                "with official Flask; take the line out"
            )
    return found


def _indented(text: str) -> str:
    return "\n      ".join(text.splitlines()[:6])
