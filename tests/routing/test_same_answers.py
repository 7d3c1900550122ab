"""One table of cases over our fast table and over Werkzeug's plain map: the same answers."""

from __future__ import annotations

import typing as t
import uuid

import pytest
from two_maps import ASK, IS_NEW, NOT_FOUND, Answer, RuleText, TwoMaps, wsgi

from flask._routing.rule import _merges_runs

UUID = "12345678-1234-5678-1234-567812345678"


def rule(endpoint: str, **arguments: t.Any) -> Answer:
    return "rule", endpoint, arguments


def redirect(path: str) -> Answer:
    return "redirect", f"http://localhost{path}"


def not_allowed(*methods: str) -> Answer:
    return "405", *sorted(methods)


# Each group: its rules, and then questions: path, method, the answer, and whether the table itself
# must give it ("table") or may hand the question to the map ("either").
CASES: list[tuple[str, list[RuleText], list[tuple[str, str, Answer, str]]]] = [
    (
        "fixed paths",
        ["/", "/a", "/a/b", "/b/", "/a.b-c~d"],
        [
            ("/", "GET", rule("/"), "table"),
            ("/", "HEAD", rule("/"), "table"),
            ("/a", "GET", rule("/a"), "table"),
            ("/a/b", "GET", rule("/a/b"), "table"),
            ("/b/", "GET", rule("/b/"), "table"),
            ("/a.b-c~d", "GET", rule("/a.b-c~d"), "table"),
            ("/A", "GET", NOT_FOUND, "table"),
            ("/aa", "GET", NOT_FOUND, "table"),
            ("/a/c", "GET", NOT_FOUND, "table"),
            ("/a/b/c", "GET", NOT_FOUND, "table"),
            ("/ a", "GET", NOT_FOUND, "table"),
            ("/a\n", "GET", NOT_FOUND, "table"),
        ],
    ),
    (
        "no rules at all",
        [],
        [("/", "GET", NOT_FOUND, "table"), ("/a", "GET", NOT_FOUND, "table")],
    ),
    (
        "string",
        ["/s/<x>", "/min/<string(minlength=2):x>", "/max/<string(maxlength=2):x>"],
        [
            ("/s/abc", "GET", rule("/s/<x>", x="abc"), "table"),
            ("/s/ ", "GET", rule("/s/<x>", x=" "), "table"),
            ("/s/a\n", "GET", rule("/s/<x>", x="a\n"), "table"),
            ("/s/a;b+c", "GET", rule("/s/<x>", x="a;b+c"), "table"),
            ("/s/", "GET", NOT_FOUND, "table"),
            ("/s/a/b", "GET", NOT_FOUND, "table"),
            ("/min/a", "GET", NOT_FOUND, "table"),
            ("/min/ab", "GET", rule("/min/<string(minlength=2):x>", x="ab"), "table"),
            ("/max/ab", "GET", rule("/max/<string(maxlength=2):x>", x="ab"), "table"),
            ("/max/abc", "GET", NOT_FOUND, "table"),
        ],
    ),
    (
        "string of one length",
        ["/<string(length=2):x>"],
        [
            ("/de", "GET", rule("/<string(length=2):x>", x="de"), "table"),
            ("/d", "GET", NOT_FOUND, "table"),
            ("/dee", "GET", NOT_FOUND, "table"),
            ("/d\n", "GET", rule("/<string(length=2):x>", x="d\n"), "table"),
            ("/de\n", "GET", NOT_FOUND, "table"),
        ],
    ),
    (
        "int",
        ["/<int:n>"],
        [
            ("/7", "GET", rule("/<int:n>", n=7), "table"),
            ("/007", "GET", rule("/<int:n>", n=7), "table"),
            ("/0", "GET", rule("/<int:n>", n=0), "table"),
            ("/-7", "GET", NOT_FOUND, "table"),
            ("/+7", "GET", NOT_FOUND, "table"),
            ("/7.0", "GET", NOT_FOUND, "table"),
            ("/7\n", "GET", NOT_FOUND, "table"),
            ("/1_000", "GET", NOT_FOUND, "table"),
            (wsgi("/٣"), "GET", rule("/<int:n>", n=3), "table"),
            (wsgi("/²"), "GET", NOT_FOUND, "table"),
            (wsgi("/½"), "GET", NOT_FOUND, "table"),
            *([("/" + "9" * 5000, "GET", NOT_FOUND, "either")] if IS_NEW else []),
        ],
    ),
    (
        "int with limits",
        [
            "/f/<int(fixed_digits=3):n>",
            "/m/<int(min=2,max=4):n>",
            "/s/<int(signed=True):n>",
        ],
        [
            ("/f/012", "GET", rule("/f/<int(fixed_digits=3):n>", n=12), "table"),
            ("/f/12", "GET", NOT_FOUND, "either"),
            ("/m/2", "GET", rule("/m/<int(min=2,max=4):n>", n=2), "table"),
            ("/m/1", "GET", NOT_FOUND, "either"),
            ("/m/5", "GET", NOT_FOUND, "either"),
            ("/s/-3", "GET", rule("/s/<int(signed=True):n>", n=-3), "table"),
            ("/s/3", "GET", rule("/s/<int(signed=True):n>", n=3), "table"),
            ("/s/--3", "GET", NOT_FOUND, "table"),
        ],
    ),
    (
        "float",
        ["/<float:n>", "/s/<float(signed=True):n>", "/m/<float(min=1.5):n>"],
        [
            ("/1.5", "GET", rule("/<float:n>", n=1.5), "table"),
            ("/1", "GET", NOT_FOUND, "table"),
            ("/.5", "GET", NOT_FOUND, "table"),
            ("/1.", "GET", NOT_FOUND, "table"),
            ("/-1.5", "GET", NOT_FOUND, "table"),
            ("/1x5", "GET", NOT_FOUND, "table"),
            ("/s/-1.5", "GET", rule("/s/<float(signed=True):n>", n=-1.5), "table"),
            ("/m/1.5", "GET", rule("/m/<float(min=1.5):n>", n=1.5), "table"),
            ("/m/1.4", "GET", NOT_FOUND, "either"),
        ],
    ),
    (
        "uuid and any",
        ["/u/<uuid:id>", "/any/<any(a, 'b c', \"d.e\"):x>"],
        [
            (f"/u/{UUID}", "GET", rule("/u/<uuid:id>", id=uuid.UUID(UUID)), "table"),
            (f"/u/{UUID[:-1]}", "GET", NOT_FOUND, "table"),
            (f"/u/{UUID}\n", "GET", NOT_FOUND, "table"),
            ("/any/a", "GET", rule("/any/<any(a, 'b c', \"d.e\"):x>", x="a"), "table"),
            ("/any/b c", "GET", rule("/any/<any(a, 'b c', \"d.e\"):x>", x="b c"), "table"),
            ("/any/d.e", "GET", rule("/any/<any(a, 'b c', \"d.e\"):x>", x="d.e"), "table"),
            ("/any/dxe", "GET", NOT_FOUND, "table"),
            ("/any/ab", "GET", NOT_FOUND, "table"),
        ],
    ),
    (
        "path at the end",
        ["/f/<path:p>", "/f/x"],
        [
            ("/f/a", "GET", rule("/f/<path:p>", p="a"), "table"),
            ("/f/a/b/c", "GET", rule("/f/<path:p>", p="a/b/c"), "table"),
            ("/f/a/", "GET", rule("/f/<path:p>", p="a/"), "table"),
            ("/f/a//b", "GET", rule("/f/<path:p>", p="a//b"), "table"),
            ("/f/x", "GET", rule("/f/x"), "table"),
            ("/f/x/", "GET", rule("/f/<path:p>", p="x/"), "table"),
            ("/f/", "GET", NOT_FOUND, "table"),
            ("/f", "GET", NOT_FOUND, "table"),
            ("/f//a", "GET", redirect("/f/a"), "either"),
            # A dot matches no line break, for our patterns as for Werkzeug's.
            ("/f/a\nb", "GET", NOT_FOUND, "table"),
        ],
    ),
    (
        "path in the middle",
        ["/<path:p>/edit", "/<path:p>", "/w/<path:p>/", "/w/<path:p>/<int:n>"],
        [
            ("/a/b/edit", "GET", rule("/<path:p>/edit", p="a/b"), "either"),
            ("/a/b", "GET", rule("/<path:p>", p="a/b"), "either"),
            ("/edit", "GET", rule("/<path:p>", p="edit"), "either"),
            ("/w/a/7", "GET", rule("/w/<path:p>/<int:n>", p="a", n=7), "either"),
            ("/w/a/", "GET", rule("/w/<path:p>/", p="a"), "either"),
            ("/w/a", "GET", redirect("/w/a/"), "either"),
        ],
    ),
    (
        "mixed segments",
        ["/v<int:n>", "/<x>.json", "/<x>", "/<a>-<b>", "/in/<x>.html", "/in/b"],
        [
            ("/v7", "GET", rule("/v<int:n>", n=7), "either"),
            ("/v7a", "GET", rule("/<x>", x="v7a"), "either"),
            ("/a.json", "GET", rule("/<x>.json", x="a"), "either"),
            ("/axjson", "GET", rule("/<x>", x="axjson"), "either"),
            ("/a-b", "GET", rule("/<a>-<b>", a="a", b="b"), "either"),
            ("/in/a.html", "GET", rule("/in/<x>.html", x="a"), "either"),
            ("/in/b", "GET", rule("/in/b"), "table"),
            ("/in/c", "GET", NOT_FOUND, "either"),
            ("/out/c", "GET", NOT_FOUND, "either"),
        ],
    ),
    (
        "two converters with arguments in one segment: string",
        ["/<string(length=2):a>-<string(length=2):b>"],
        [
            (
                "/de-AT",
                "GET",
                rule("/<string(length=2):a>-<string(length=2):b>", a="de", b="AT"),
                "either",
            ),
            ("/de", "GET", NOT_FOUND, "either"),
        ],
    ),
    (
        "two converters with arguments in one segment: int",
        ["/<int(fixed_digits=4):y>-<int(fixed_digits=2):m>"],
        [
            (
                "/2024-12",
                "GET",
                rule("/<int(fixed_digits=4):y>-<int(fixed_digits=2):m>", y=2024, m=12),
                "either",
            ),
            ("/12", "GET", NOT_FOUND, "either"),
        ],
    ),
    (
        "two converters with arguments in one segment: any",
        ["/<any(a,b):x>_<any(c,d):y>"],
        [
            ("/a_d", "GET", rule("/<any(a,b):x>_<any(c,d):y>", x="a", y="d"), "either"),
            ("/a", "GET", NOT_FOUND, "either"),
            ("/d", "GET", NOT_FOUND, "either"),
        ],
    ),
    (
        "a bracket in a converter's argument",
        ["/<any('a)', '<b>', 'c/d'):x>", "/x/<any('e>f'):x>"],
        [
            ("/a)", "GET", rule("/<any('a)', '<b>', 'c/d'):x>", x="a)"), "either"),
            ("/<b>", "GET", rule("/<any('a)', '<b>', 'c/d'):x>", x="<b>"), "either"),
            ("/x/e>f", "GET", rule("/x/<any('e>f'):x>", x="e>f"), "either"),
        ],
    ),
    (
        "precedence: literal, number, text, path",
        ["/<path:p>", "/<x>", "/<int:n>", "/7", "/<float:f>"],
        [
            ("/7", "GET", rule("/7"), "table"),
            ("/8", "GET", rule("/<int:n>", n=8), "table"),
            ("/8.5", "GET", rule("/<float:f>", f=8.5), "table"),
            ("/a", "GET", rule("/<x>", x="a"), "table"),
            ("/a/b", "GET", rule("/<path:p>", p="a/b"), "table"),
        ],
    ),
    (
        "precedence: of equal weight the first registered wins",
        ["/1/<any(a,b):x>", "/1/<y>", "/2/<y>", "/2/<any(a,b):x>", "/2/<uuid:z>"],
        [
            ("/1/a", "GET", rule("/1/<any(a,b):x>", x="a"), "table"),
            ("/1/c", "GET", rule("/1/<y>", y="c"), "table"),
            ("/2/a", "GET", rule("/2/<y>", y="a"), "table"),
            (f"/2/{UUID}", "GET", rule("/2/<y>", y=UUID), "table"),
        ],
    ),
    (
        "precedence: a dead end leads back to the next alternative",
        ["/a/<int:n>/x", "/a/<s>/y", "/<s>/b/z", "/a/b", "/<s>/b"],
        [
            ("/a/7/x", "GET", rule("/a/<int:n>/x", n=7), "table"),
            ("/a/7/y", "GET", rule("/a/<s>/y", s="7"), "table"),
            ("/a/b/z", "GET", rule("/<s>/b/z", s="a"), "table"),
            ("/a/b", "GET", rule("/a/b"), "table"),
            ("/c/b", "GET", rule("/<s>/b", s="c"), "table"),
            ("/a/b/c", "GET", NOT_FOUND, "table"),
        ],
    ),
    (
        "slashes at the end",
        ["/b/", "/l", "/x/<int:n>/", "/n/<s>"],
        [
            ("/b/", "GET", rule("/b/"), "table"),
            ("/b", "GET", redirect("/b/"), "either"),
            ("/b", "POST", NOT_FOUND, "either"),
            ("/l/", "GET", NOT_FOUND, "table"),
            ("/x/7", "GET", redirect("/x/7/"), "either"),
            ("/x/7/", "GET", rule("/x/<int:n>/", n=7), "table"),
            ("/n/7/", "GET", NOT_FOUND, "table"),
            ("/b//", "GET", redirect("/b/"), "either"),
        ],
    ),
    (
        "slashes at the end, not strict",
        [
            ("/l", {"strict_slashes": False}),
            ("/b/", {"strict_slashes": False}),
            ("/x/<int:n>", {"strict_slashes": False}),
            "/x/<s>/",
        ],
        [
            ("/l/", "GET", rule("/l"), "either"),
            ("/l", "GET", rule("/l"), "table"),
            ("/b", "GET", rule("/b/"), "either"),
            ("/x/7/", "GET", rule("/x/<int:n>", n=7), "either"),
            ("/x/a", "GET", redirect("/x/a/"), "either"),
        ],
    ),
    (
        "doubled slashes",
        ["/a/b", "/a/", "/p/<path:p>", ("/k//l", {"merge_slashes": False}), "/m//n"],
        [
            ("/a//b", "GET", redirect("/a/b"), "either"),
            ("//a/b", "GET", rule("/a/b"), "table"),
            ("////a/b", "GET", rule("/a/b"), "table"),
            ("//", "GET", NOT_FOUND, "either"),
            ("/p/a//b", "GET", rule("/p/<path:p>", p="a//b"), "table"),
            ("/k//l", "GET", rule("/k//l"), "table"),
            ("/k/l", "GET", NOT_FOUND, "table"),
            ("/m/n", "GET", rule("/m//n"), "table"),
            ("/m//n", "GET", redirect("/m/n"), "either"),
        ],
    ),
    (
        "three slashes",
        ["/a/b", "/o///q"],
        [
            ("/a///b", "GET", redirect("/a/b") if _merges_runs() else NOT_FOUND, "either"),
            ("/o/q", "GET", rule("/o///q") if _merges_runs() else NOT_FOUND, "table"),
            ("/o//q", "GET", redirect("/o/q") if _merges_runs() else rule("/o///q"), "either"),
        ],
    ),
    (
        "a rule that itself begins with two slashes is never reached when they are kept",
        [("//a", {"merge_slashes": False}), "//b"],
        [
            ("//a", "GET", NOT_FOUND, "either"),
            ("/a", "GET", NOT_FOUND, "table"),
            ("//b", "GET", rule("//b"), "table"),
            ("/b", "GET", rule("//b"), "table"),
        ],
    ),
    (
        "methods",
        [
            "/g",
            ("/p", {"methods": ["POST"]}),
            ("/both", {"methods": ["GET"], "endpoint": "read"}),
            ("/both", {"methods": ["PUT"], "endpoint": "write"}),
            ("/both", {"methods": ["GET", "PUT", "DELETE"], "endpoint": "late"}),
            ("/<x>", {"methods": ["PATCH"]}),
        ],
        [
            ("/g", "HEAD", rule("/g"), "table"),
            ("/g", "POST", not_allowed("GET", "HEAD", "PATCH"), "either"),
            ("/g", "PATCH", rule("/<x>", x="g"), "either"),
            ("/p", "POST", rule("/p"), "table"),
            ("/p", "GET", not_allowed("POST", "PATCH"), "either"),
            ("/both", "GET", rule("read"), "table"),
            ("/both", "PUT", rule("write"), "table"),
            ("/both", "DELETE", rule("late"), "table"),
            ("/g", "get", rule("/g"), "either"),
            ("/g", "FOO", not_allowed("GET", "HEAD", "PATCH"), "either"),
        ],
    ),
    (
        "rules that take any method",
        [
            ("/x", {"methods": None, "endpoint": "any"}),
            ("/x", {"methods": ["PROPFIND", "GET"], "endpoint": "later"}),
        ],
        [
            ("/x", "GET", rule("any"), "table"),
            ("/x", "DELETE", rule("any"), "table"),
            ("/x", "FOO", rule("any"), "either"),
            ("/x", "PROPFIND", rule("any"), "either"),
        ],
    ),
    (
        "any method: what only the map understands still comes first",
        [
            ("/<x>", {"methods": None, "redirect_to": "/there"}),
            ("/<x>", {"methods": None, "endpoint": "later"}),
            ("/é", {"methods": None, "redirect_to": "/there", "endpoint": "away"}),
            ("/é", {"methods": None, "endpoint": "later"}),
            ("/d", {"methods": None, "endpoint": "two", "defaults": {"a": 1}}),
            ("/d", {"methods": None, "endpoint": "later"}),
            ("/e", {"endpoint": "two"}),
        ],
        [
            ("/k", "GET", redirect("/there"), "either"),
            ("/k", "FOO", redirect("/there"), "either"),
            (wsgi("/é"), "GET", redirect("/there"), "either"),
            (wsgi("/é"), "FOO", redirect("/there"), "either"),
            ("/d", "FOO", rule("two", a=1), "either"),
            ("//d", "FOO", rule("two", a=1), "either"),
        ],
    ),
    (
        "defaults",
        [
            ("/d", {"defaults": {"page": 1}, "endpoint": "list"}),
            ("/d/<int:page>", {"endpoint": "list"}),
            ("/one", {"defaults": {"k": "v"}, "endpoint": "one"}),
            ("/over/<k>", {"defaults": {"k": "won"}, "endpoint": "over"}),
        ],
        [
            ("/d", "GET", rule("list", page=1), "either"),
            ("/d/2", "GET", rule("list", page=2), "either"),
            ("/d/1", "GET", redirect("/d"), "either"),
            ("/one", "GET", rule("one", k="v"), "table"),
            ("/over/x", "GET", rule("over", k="won"), "table"),
        ],
    ),
    (
        "aliases, redirects and rules for building only",
        [
            ("/home", {"endpoint": "home"}),
            ("/old", {"endpoint": "home", "alias": True}),
            ("/away/<n>", {"redirect_to": "/to/<n>"}),
            ("/build", {"build_only": True}),
            ("/to/<n>", {"endpoint": "to"}),
        ],
        [
            ("/home", "GET", rule("home"), "table"),
            ("/old", "GET", redirect("/home"), "either"),
            ("/away/7", "GET", redirect("/to/7"), "either"),
            ("/build", "GET", NOT_FOUND, "table"),
            ("/to/7", "GET", rule("to", n="7"), "table"),
        ],
    ),
    (
        "websocket rules",
        [
            ("/ws", {"websocket": True, "endpoint": "socket"}),
            ("/both", {"websocket": True, "endpoint": "socket"}),
            ("/both", {"endpoint": "page"}),
        ],
        [
            ("/ws", "GET", ("400", "WebsocketMismatch"), "either"),
            ("/both", "GET", rule("page"), "either"),
        ],
    ),
    (
        "unicode",
        ["/é", "/ö/<x>", "/日本/", wsgi("/ü")],
        [
            (wsgi("/é"), "GET", rule("/é"), "table"),
            (wsgi("/ö/ñ"), "GET", rule("/ö/<x>", x="ñ"), "table"),
            (wsgi("/日本/"), "GET", rule("/日本/"), "table"),
            (wsgi("/日本"), "GET", redirect("/%E6%97%A5%E6%9C%AC/"), "either"),
            (wsgi("/ö/😀"), "GET", rule("/ö/<x>", x="😀"), "table"),
            ("/é", "GET", NOT_FOUND, "table"),  # the byte E9 alone is no UTF-8
            ("/%C3%B6/\xff", "GET", NOT_FOUND, "table"),
            (wsgi("/ö/") + "\xff", "GET", rule("/ö/<x>", x="�"), "table"),
            # A rule that looks like the Latin-1 reading of another path is not that path.
            (wsgi("/ü"), "GET", NOT_FOUND, "table"),
            (wsgi(wsgi("/ü")), "GET", rule(wsgi("/ü")), "table"),
        ],
    ),
    (
        "custom converters",
        ["/e/<even:n>", "/e/<s>", "/n/<names:l>", "/n/<int:i>", "/any/<anything:x>", "/o/<own:x>"],
        [
            ("/e/4", "GET", rule("/e/<even:n>", n=4), "table"),
            # The pattern matched and the reader refused: nothing else is tried.
            ("/e/3", "GET", NOT_FOUND, "either"),
            ("/e/a", "GET", rule("/e/<s>", s="a"), "table"),
            ("/n/a/b", "GET", rule("/n/<names:l>", l=["a", "b"]), "table"),
            ("/n/7", "GET", rule("/n/<int:i>", i=7), "table"),
            ("/n/a//b", "GET", redirect("/n/a/b"), "either"),
            ("/any/", "GET", rule("/any/<anything:x>", x=""), "table"),
            ("/any/a", "GET", rule("/any/<anything:x>", x="a"), "table"),
            ("/any", "GET", NOT_FOUND, "table"),
            ("/o/abc", "GET", rule("/o/<own:x>", x="ABC"), "table"),
        ],
    ),
    (
        "custom weight",
        ["/<int:n>", "/<x>", "/<light:l>"],
        [
            ("/7", "GET", rule("/<int:n>", n=7), "table"),
            ("/ab", "GET", rule("/<light:l>", l="ab"), "table"),
            ("/c", "GET", rule("/<x>", x="c"), "table"),
        ],
    ),
    (
        "several dynamic segments",
        ["/<a>/<int:b>/<path:c>", "/<x>/<y>", "/<int:n>/<s>"],
        [
            ("/p/7/q/r", "GET", rule("/<a>/<int:b>/<path:c>", a="p", b=7, c="q/r"), "table"),
            ("/p/q", "GET", rule("/<x>/<y>", x="p", y="q"), "table"),
            ("/1/2", "GET", rule("/<int:n>/<s>", n=1, s="2"), "table"),
            ("/1/2/3", "GET", rule("/<a>/<int:b>/<path:c>", a="1", b=2, c="3"), "table"),
            ("/1/x/3", "GET", NOT_FOUND, "table"),
        ],
    ),
    (
        "the same pattern under different names",
        [("/<a>/x", {"endpoint": "ax"}), ("/<b>/y", {"endpoint": "by"})],
        [
            ("/1/x", "GET", rule("ax", a="1"), "table"),
            ("/1/y", "GET", rule("by", b="1"), "table"),
        ],
    ),
]


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
    assert maps.by_plain_map(path, method) == answer
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
                assert (path, by_table) == (path, maps.by_plain_map(path, method))


def test_arguments_of_one_answer_are_not_those_of_the_next() -> None:
    maps = TwoMaps([("/x", {"defaults": {"k": "v"}}), "/y"])
    for path in ("/x", "/y"):
        maps.by_table(path)
        first = maps.ours.table.find(path, "GET")[1]
        first["added"] = 1
        assert "added" not in maps.ours.table.find(path, "GET")[1]


@pytest.mark.parametrize("rule_text", ["/a///b", "/a//b", "/a////b/", "///a", "/a///<own:x>"])
@pytest.mark.parametrize("path", ["/a/b", "/a//b", "/a///b", "/a/b/", "/a////b/", "/a", "//a"])
def test_slashes_are_merged_as_this_release_of_werkzeug_merges_them(
    rule_text: str, path: str
) -> None:
    maps = TwoMaps([rule_text])
    assert maps.by_table(path) in (ASK, maps.by_plain_map(path))
    assert maps.by_our_map(path) == maps.by_plain_map(path)
