"""What a routing case expects: the rule, a redirect, or the methods that are allowed."""

from __future__ import annotations

import typing as t

from two_maps import Answer, RuleText

UUID = "12345678-1234-5678-1234-567812345678"


def rule(endpoint: str, **arguments: t.Any) -> Answer:
    return "rule", endpoint, arguments


def redirect(path: str) -> Answer:
    return "redirect", f"http://localhost{path}"


def not_allowed(*methods: str) -> Answer:
    return "405", *sorted(methods)


Case = tuple[str, list[RuleText], list[tuple[str, str, Answer, str]]]
"""A name, rules, and questions: path, method, the answer, and which side must give it.

"table": the table itself gives the answer. "either": the table may leave the question to the map.
"""
