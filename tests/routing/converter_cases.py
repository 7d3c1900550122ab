"""Routing cases: fixed paths, converters, and several converters in one segment."""

from __future__ import annotations

import uuid

from answers import UUID, Case, redirect, rule
from two_maps import IS_NEW, NOT_FOUND, wsgi

CONVERTER_CASES: list[Case] = [
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
]
