"""Hints that name a package to install name that package, not an extra of this distribution.

``pip install 'flask[serve]'`` fetches the release of the Pallets project, which has no such extra.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from modules import MODULES
from packaging.requirements import Requirement

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
_HINT = re.compile(r"pip\"?\s+\"?\s*install ((?:'[^'\s]+' ?)+)")


def hints() -> list[tuple[str, str]]:
    """Return the requirements that texts of the package name, each with its module."""
    found = []
    for module in MODULES:
        for match in _HINT.finditer(module.text):
            found += [(module.name, text) for text in re.findall(r"'([^'{]+)'", match[1])]
    return found


def test_no_text_of_the_package_names_an_extra_of_flask() -> None:
    assert [module.name for module in MODULES if "flask[" in module.text] == []


def test_a_hint_names_a_requirement_of_an_extra() -> None:
    known = {Requirement(text).name for texts in EXTRAS.values() for text in texts}
    named = {Requirement(text).name for _, text in hints()}
    assert {"granian", "msgspec", "redis", "wsproto"} <= named
    assert named <= known


def test_a_hint_has_the_oldest_version_that_the_extra_accepts() -> None:
    oldest = {
        Requirement(text).name: Requirement(text).specifier
        for texts in EXTRAS.values()
        for text in texts
    }
    for module, text in hints():
        wanted = Requirement(text)
        (given,) = wanted.specifier
        assert oldest[wanted.name].contains(f"{given.version}"), f"{module}: {text}"
