"""The suite that nobody had to write: every word of the app's tables once."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

from cases.build import Case, ask

ARGUMENT = re.compile(r"<(?:(?P<converter>\w+)(?:\((?P<options>[^)]*)\))?:)?(?P<name>\w+)>")
"""A converter in a rule: its name, its options, the argument's name."""


THOROUGH = ("main", "settings")
"""The configurations where two arguments are tried in all their pairs."""

BRIEF = ("limits", "loose", "testing")
"""The configurations where only the ways to fail are tried."""


def swept(catalogue: dict[str, Any]) -> list[Case]:
    """A case for each rule and each word that fits its arguments."""
    vocabulary: dict[str, list[str]] = catalogue["vocabulary"]
    found = {}
    for config, rules in catalogue["rules"].items():
        for rule in rules:
            arguments = [match["name"] for match in ARGUMENT.finditer(rule["rule"])]
            if not arguments or not all(name in vocabulary for name in arguments):
                continue
            if len(arguments) > 1 and config not in THOROUGH:
                continue
            if config in BRIEF and arguments != ["failure"]:
                continue
            for words in product(*(vocabulary[name] for name in arguments)):
                path = ARGUMENT.sub("{}", rule["rule"]).format(*words)
                for method in sorted({"GET", "POST"}.intersection(rule["methods"])):
                    name = f"{config}: {method} {path}"
                    found[name] = Case(name, config, (ask(f"{method} {path}"),))
    return list(found.values())
