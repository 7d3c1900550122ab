"""Routing cases: precedence, slashes, methods, and the options of rules."""

from __future__ import annotations

from answers import UUID, Case, not_allowed, redirect, rule
from two_maps import NOT_FOUND, wsgi

from flask._routing.rule import _merges_runs

RULE_CASES: list[Case] = [
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
