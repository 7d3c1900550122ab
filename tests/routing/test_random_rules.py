"""Random rules and random paths: wherever the table answers, Werkzeug's map answers the same.

This is the most important test of the table: a wrong answer of it would be a wrong view, or a wrong
argument, in some application. The search is the same at every run.
"""

from __future__ import annotations

import re
import typing as t

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from two_maps import ASK, Refused, RuleText, TwoMaps, wsgi

pytestmark = pytest.mark.slow

_UUID = "12345678-1234-5678-1234-567812345678"

# Small alphabets, so that rules and paths often meet.
_TEXTS = ["a", "b", "ab", "1", "é", "a.b", "", wsgi("é")]
_WHOLE = [
    "<{0}>",
    "<string:{0}>",
    "<string(length=2):{0}>",
    "<string(minlength=2):{0}>",
    "<string(maxlength=1):{0}>",
    "<int:{0}>",
    "<int(fixed_digits=2):{0}>",
    "<int(min=2,max=11):{0}>",
    "<int(signed=True):{0}>",
    "<float:{0}>",
    "<float(signed=True):{0}>",
    "<any(a,b):{0}>",
    "<any(ab,'1'):{0}>",
    "<uuid:{0}>",
    "<path:{0}>",
    "<even:{0}>",
    "<names:{0}>",
    "<anything:{0}>",
    "<light:{0}>",
    "<own:{0}>",
]
_MIXED = [
    "a<{0}>",
    "<{0}>.b",
    "<{0}>-<{1}>",
    "<int:{0}>-<{1}>",
    "<int(min=1):{0}>-<int(max=9):{1}>",
    "<any(a,b):{0}>.<any(a,b):{1}>",
    "<string(length=1):{0}>-<string(length=1):{1}>",
    "<path:{0}>.b",
    "<{0}><int:{1}>",
]
_PIECES = [
    *("a", "b", "ab", "A", "1", "2", "01", "11", "12", "-1", "1.5", "-1.5", "", "é", wsgi("é")),
    *("a.b", "a-b", "1-2", "a.a", "xyz", _UUID, "a\n", "\n", " ", "٣", "²", "a1", "\udcff"),
]


@st.composite
def rule_texts(draw: t.Callable[[t.Any], t.Any]) -> str:
    shapes = draw(
        st.lists(
            # Mixed segments are rare: where one may match, the table only asks the map.
            st.sampled_from([*_TEXTS * 8, *_WHOLE * 4, *_MIXED]),
            min_size=1,
            max_size=4,
        )
    )
    names = iter("abcdefgh")
    text = ""
    for shape in shapes:
        text += "/" + re.sub(r"\{\d\}", lambda match: next(names), shape)
    return text + draw(st.sampled_from(["", "", "", "/"]))


@st.composite
def rules(draw: t.Callable[[t.Any], t.Any]) -> RuleText:
    text = draw(rule_texts())
    options: dict[str, t.Any] = {}
    if draw(st.booleans()):
        options["methods"] = draw(
            st.sampled_from([None, ["GET"], ["POST"], ["GET", "POST"], ["FOO"], ["OPTIONS", "PUT"]])
        )
    if draw(st.integers(0, 3)) == 0:
        options["strict_slashes"] = False
    if draw(st.integers(0, 5)) == 0:
        options["merge_slashes"] = False
    if draw(st.integers(0, 3)) == 0:
        options["endpoint"] = draw(st.sampled_from(["one", "two"]))
    if draw(st.integers(0, 5)) == 0:
        options["defaults"] = {draw(st.sampled_from("abz")): draw(st.sampled_from(["a", 1]))}
    special = draw(st.integers(0, 19))
    if special == 0:
        options["build_only"] = True
    elif special == 1:
        options["redirect_to"] = "/there"
    elif special == 2 and options.get("methods") in (None, ["GET"]):
        options["websocket"] = True
    return text, options


# What is likely to match, or just not, by the converter's name.
_LIKELY = {
    "int": ["1", "2", "01", "11", "12", "-1", "٣", "²"],
    "float": ["1.5", "-1.5", "1", "0.0"],
    "uuid": [_UUID, _UUID.upper(), _UUID[1:]],
    "any": ["a", "b", "ab", "1", "c"],
    "even": ["2", "12", "1", "a"],
    "path": ["a", "a/b", "a//b", "a/", "a/b.b", "1", "/a", ""],
    "names": ["a", "a/b", "a//b", "a/"],
    "anything": ["", "a", "b"],
    "light": ["a", "ab", "c"],
}


@st.composite
def questions(draw: t.Callable[[t.Any], t.Any], rule_list: list[RuleText]) -> tuple[str, str]:
    """A path, half of the time one that a rule may match, and a method."""
    if draw(st.booleans()):
        rule = draw(st.sampled_from(rule_list))
        text = rule if isinstance(rule, str) else rule[0]

        def likely(match: re.Match[str]) -> str:
            return str(draw(st.sampled_from(_LIKELY.get(match[1] or "", _PIECES))))

        path = re.sub(r"<(?:(\w+)(?:\([^>]*\))?:)?\w+>", likely, text)
        path += draw(st.sampled_from(["", "", "", "", "/", "\n"]))
    else:
        path = "/" + "/".join(draw(st.lists(st.sampled_from(_PIECES), max_size=5)))
        path += draw(st.sampled_from(["", "", "/", "//"]))
    return wsgi_bytes(draw(st.sampled_from(["", "", "", "", "/"])) + path), draw(_METHODS)


def wsgi_bytes(path: str) -> str:
    """As `wsgi`; a lone surrogate represents a byte that is no UTF-8."""
    return path.encode("utf-8", "surrogateescape").decode("latin-1")


_METHODS = st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "FOO", "OPTIONS", "get"])


def _map_options() -> st.SearchStrategy[dict[str, bool]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "strict_slashes": st.booleans(),
            "merge_slashes": st.booleans(),
            "redirect_defaults": st.booleans(),
        },
    )


@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(st.lists(rules(), min_size=1, max_size=6), _map_options(), st.data())
def test_where_the_table_answers_the_map_answers_the_same(
    rule_list: list[RuleText], options: dict[str, bool], data: st.DataObject
) -> None:
    try:
        maps = TwoMaps(rule_list, **options)
    except Refused:
        event("Werkzeug refuses the rules when they are registered")
        return
    for path, method in data.draw(st.lists(questions(rule_list), min_size=1, max_size=8)):
        by_table = maps.by_table(path, method)
        event(by_table[0])
        if by_table != ASK:
            assert by_table == maps.by_werkzeug_map(path, method), (path, method)


# Few places and many rules for each: what one rule does to the others in the same place.
_PLACES = ["/a", "/é", "/a/", "/<x>", "/<x>/", "/<int:x>", "/<path:x>", "/a/<x>", "/<x>/a"]
_ASKED = [wsgi(p) for p in ("/a", "/é", "/a/", "/b", "/b/", "/1", "//a", "/a/1", "/a/a", "/a//a")]
_OPTIONS = st.fixed_dictionaries(
    {
        "methods": st.sampled_from([None, None, ["GET"], ["POST"], ["FOO"], ["GET", "POST"]]),
        "endpoint": st.sampled_from(["one", "two", "three", "four"]),
    },
    optional={
        "strict_slashes": st.just(False),
        "redirect_to": st.just("/there"),
        "alias": st.just(True),
        "websocket": st.just(True),
        "build_only": st.just(True),
        "defaults": st.sampled_from([{"x": "1"}, {"y": "2"}]),
    },
)


@settings(max_examples=600, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.sampled_from(_PLACES), _OPTIONS), min_size=2, max_size=6),
    st.booleans(),
)
def test_rules_in_one_place_do_to_each_other_what_they_do_in_the_map(
    rule_list: list[RuleText], redirect_defaults: bool
) -> None:
    try:
        maps = TwoMaps(rule_list, redirect_defaults=redirect_defaults)
    except Refused:
        return
    for path in _ASKED:
        for method in ("GET", "POST", "FOO", "HEAD"):
            by_table = maps.by_table(path, method)
            if by_table != ASK:
                assert by_table == maps.by_werkzeug_map(path, method), (path, method)
