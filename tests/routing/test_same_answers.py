"""One table of cases over our fast table and over Werkzeug's unmodified map: the same answers."""

from __future__ import annotations

import re
import typing as t

import pytest
from converter_cases import CONVERTER_CASES
from hypothesis import given
from hypothesis import strategies as st
from rule_cases import RULE_CASES
from two_maps import ASK, Answer, RuleText, TwoMaps
from werkzeug.routing import Map, PathConverter

from flask._routing.rule import Segment

CASES = [*CONVERTER_CASES, *RULE_CASES]


def _questions() -> t.Iterator[t.Any]:
    for group, rules, questions in CASES:
        for path, method, answer, who in questions:
            shown = path if len(path) < 40 else f"{path[:20]}..."
            yield pytest.param(rules, path, method, answer, who, id=f"{group}: {method} {shown!a}")


@pytest.mark.parametrize(("rules", "path", "method", "answer", "who"), list(_questions()))
def test_both_answer_the_same(
    rules: list[RuleText], path: str, method: str, answer: Answer, who: str
) -> None:
    maps = TwoMaps(rules)
    assert maps.by_werkzeug_map(path, method) == answer
    assert maps.by_our_map(path, method) == answer
    by_table = maps.by_table(path, method)
    if by_table != ASK:
        assert by_table == answer
    if who == "table":
        assert by_table != ASK, "the table should know this one by itself"


@pytest.mark.parametrize(
    "options",
    [
        {"strict_slashes": False},
        {"merge_slashes": False},
        {"redirect_defaults": False},
        {"strict_slashes": False, "merge_slashes": False},
    ],
    ids=str,
)
def test_they_agree_for_every_option_of_the_map(options: dict[str, bool]) -> None:
    for _, rules, questions in CASES:
        maps = TwoMaps(rules, **options)
        for path, method, _answer, _who in questions:
            by_table = maps.by_table(path, method)
            if by_table != ASK:
                assert (path, by_table) == (path, maps.by_werkzeug_map(path, method))


def test_a_method_in_lower_case_is_that_in_upper_case() -> None:
    maps = TwoMaps([("/<a>", {"redirect_to": "/there"}), ("/<a>", {"methods": None}), "/<a>/<b>"])
    for method in ("get", "Get", "GET", "post", "PURGE", "purge"):
        assert maps.by_our_map("/a", method) == maps.by_werkzeug_map("/a", method)
        assert maps.by_table("/a", method) in (ASK, maps.by_werkzeug_map("/a", method))


def test_arguments_of_one_answer_are_not_those_of_the_next() -> None:
    maps = TwoMaps([("/x", {"defaults": {"k": "v"}}), "/<name>"])
    for path in ("/x", "/y"):
        maps.by_table(path)
        first = maps.ours.table.match(path, "GET")[1]
        assert first is not None
        first["added"] = 1
        assert "added" not in (maps.ours.table.match(path, "GET")[1] or {})


@pytest.mark.parametrize("rule_text", ["/a///b", "/a//b", "/a////b/", "///a", "/a///<own:x>"])
@pytest.mark.parametrize("path", ["/a/b", "/a//b", "/a///b", "/a/b/", "/a////b/", "/a", "//a"])
def test_slashes_are_merged_as_this_release_of_werkzeug_merges_them(
    rule_text: str, path: str
) -> None:
    maps = TwoMaps([rule_text])
    assert maps.by_table(path) in (ASK, maps.by_werkzeug_map(path))
    assert maps.by_our_map(path) == maps.by_werkzeug_map(path)


@given(st.text(st.sampled_from("ab/\n\r\x85\u2028 é"), max_size=6))
def test_a_path_converter_matches_what_its_own_pattern_matches(text: str) -> None:
    converter = PathConverter(Map())
    expected = re.fullmatch(converter.regex, text) is not None
    assert bool(Segment("rest", converter).matches(text)) is expected
