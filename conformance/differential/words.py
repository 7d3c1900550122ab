"""What the generator draws from: right values, odd values, hostile values."""

from __future__ import annotations

import random
from collections.abc import Callable

METHOD_NAMES = """
    GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT QUERY FOO get Post M-SEARCH
"""

METHODS = METHOD_NAMES.split()

TEXTS = [
    "a",
    "word",
    "two words",
    "gr\u00fc\u00df",
    "\u2603",
    "a+b",
    "1",
    "",
    "<b>&\"'",
    "a.b",
    "-",
    "%41",
]

SHORT = ["a", "1", "404", "X-Odd", "text", "0", "-1", "\u00fc", ""]

HOSTILE = [
    "", ".", "..", "%2F", "%00", "\x00", "a\nb", "\udcff\udcfe", "\u0663\u0664", "-1", "007", "1e5",
    "1_000", "+1", " 1", "nan", "9" * 40, "x" * 300, "a//b", "/", "<int:n>", "{{ 7 }}", "'",
    "\u202e",
]  # fmt: skip

ARGUMENTS: dict[str, list[str]] = {
    "int": ["0", "1", "5", "7", "42", "007", "50", "123456"],
    "float": ["1.5", "0.0", "3.25", "9.5", "1.", ".5"],
    "path": ["a", "a/b", "a/b/c.txt", "a/", "a//b", "edit", "hello.txt", "../x"],
    "uuid": ["00000000-0000-0000-0000-000000000005", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"],
    "list": ["a", "a+b", "a+b+c", "+", "a++b"],
    "even": ["2", "3", "10", "12345"],
    "two": ["a/b", "a", "a/b/c"],
    "string": TEXTS,
}

Mutation = Callable[[str, random.Random], str]

PATH_MUTATIONS: list[Mutation] = [
    lambda path, chance: path + "/",
    lambda path, chance: path.rstrip("/"),
    lambda path, chance: "/" + path,
    lambda path, chance: path.replace("/", "//", 1 + chance.randrange(3)),
    lambda path, chance: path.upper(),
    lambda path, chance: path.rsplit("/", 1)[0],
    lambda path, chance: path + "/" + chance.choice(HOSTILE),
    lambda path, chance: path[1:],
    lambda path, chance: path + ".",
    lambda path, chance: "/".join(reversed(path.split("/"))),
]

QUERY_NAMES = [
    "endpoint", "endpoint", "endpoint", "n", "s", "name", "a", "page", "filename", "lang", "t",
    "kind",
    "source", "flash", "fail", "_external", "_scheme", "_anchor", "_method", "x", "items", "u", "",
]  # fmt: skip

QUERY_VALUES = [
    "", "1", "2", "-1", "a", "x", "true", "false", "%20", "+", "%C3%BC", "%FF", "%zz", "\xc3\xbc",
    "https", "POST", "@none", "@list", "@uuid", "@unicode", "@minus", "@float", "{{ 7 * 7 }}",
    "%3Cb%3E", "hello.txt", "page.html", "text.txt", "a%2Fb", "0",
]  # fmt: skip

QUERY_ODD = ["=", "&", "a", "=a", "a==b", ";a=1", "%", "%F", "a=1;b=2", "\xff=\xfe", "a=%00", "?"]

HOSTS = [
    "localhost", "localhost:5000", "example.org", "EXAMPLE.org:80", "api.example.org",
    "ada.example.org",
    "inner.outer.example.org", "static.example", "other.example:8080", "www.trusted.example",
    "evil.example",
    "", "[::1]", "[::1]:80", "a b", "x@y", "..", "example.org:0", "example.org.", "1.2.3.4:x",
    "b\xc3\xbccher.example", "xn--bcher-kva.example", "-", "a_b.example.org",
]  # fmt: skip

FAVOURITES = {
    "session": 20, "static": 4, "send": 3, "hooks": 4, "stream": 3, "template": 3, "echo": 4,
    "change": 4, "client": 4, "fail": 3, "outer": 3, "build": 2,
}  # fmt: skip
"""Families of rules, by the first part of their paths, that have most to tell."""

HEADERS: dict[str, list[str]] = {
    "Accept": ["*/*", "application/json", "text/html;q=0.5, text/plain", ";q=", "text"],
    "Accept-Language": ["de", "en;q=0.5, de", "*"],
    "Accept-Encoding": ["gzip", "br;q=0", ""],
    "Authorization": ["Basic YTpi", "Bearer x", "Basic !", "Digest a=b", "x"],
    "Cache-Control": ["no-cache", "max-age=0", "only-if-cached, x"],
    "Cookie": [
        "session=<<session>>",
        "session=<<session>>x",
        "session=x<<session>>",
        "session=",
        "a=1; b=2",
        "session=<<session>>; session=other",
        "session=other; session=<<session>>",
        "plain={}",
        "",
        'a="\\303\\274"; ;=; c',
        "biscuit=<<biscuit>>",
        "plain=[1]",
        'session="<<session>>"',
        *["session=<<signed>>"] * 6,
        "session=<<signed>>; plain={}",
        *["biscuit=<<signed>>"] * 2,
    ],
    "If-None-Match": ["<<etag>>", "*", '"other"', "W/<<etag>>", "<<etag>>, x", ""],
    "If-Match": ["<<etag>>", "*", '"other"'],
    "If-Modified-Since": ["<<last-modified>>", "Wed, 21 Oct 2015 07:28:00 GMT", "x", ""],
    "If-Unmodified-Since": ["<<last-modified>>", "Wed, 21 Oct 2015 07:28:00 GMT"],
    "If-Range": ["<<etag>>", '"other"', "<<last-modified>>"],
    "Range": [
        "bytes=0-3",
        "bytes=-4",
        "bytes=5-",
        "bytes=0-1,3-4",
        "bytes=9-2",
        "x",
        "bytes=99999-",
    ],
    "Origin": ["https://origin.example", "null"],
    "Referer": ["http://localhost/", "\xff"],
    "User-Agent": ["Agent/1", ""],
    "X-Forwarded-For": ["10.0.0.1", "a, b"],
    "X-Forwarded-Proto": ["https"],
    "X-Requested-With": ["XMLHttpRequest"],
    "X-Mount": ["/mount", "/m/", "mount"],
    "X-Session": ["none"],
    "Content-Encoding": ["gzip", "identity"],
    "Transfer-Encoding": ["chunked"],
    "Upgrade": ["websocket"],
    "Connection": ["Upgrade", "close"],
    "Date": ["Wed, 21 Oct 2015 07:28:00 GMT", "x"],
    "Max-Forwards": ["1", "x"],
    "Expect": ["100-continue"],
}

MOMENTS = [
    "preprocess app", "preprocess parent", "preprocess child", "before app 1", "before app 2",
    "before app by child", "before parent 1", "before child 1", "before child 2", "view", "later",
    "after child 1", "after child 2", "after parent 1", "after app 1", "after app 2",
    "after app by child", "teardown child 1", "teardown parent 2", "teardown app 1",
    "teardown app by child", "teardown context 1", "teardown context 2", "handler 403",
    "handler HookError",
]  # fmt: skip

DEEDS = ["raises", "aborts", "answers", "none", "replaces", "runs"]

CONTENT_TYPES = [
    "application/json", "application/problem+json", "application/x-www-form-urlencoded",
    "multipart/form-data", "multipart/form-data; boundary=b0undary", "text/plain",
    "text/html; charset=x",
    "application/json; charset=latin-1", "", "x", "multipart/form-data; boundary=", "*/*",
    "application/x-www-form-urlencoded; charset=utf-16", "TEXT/PLAIN;CHARSET=UTF-8",
]  # fmt: skip

JSON_ODD = [
    "", "{", "nul", "NaN", "[1,]", "{'a': 1}", '"\\ud800"', "[[[[", "1 2", "\ufeff[1]",
    '{"a":1,"a":2}',
    "-Infinity", '"\x00"', "\x00", "1e999", "[1e-400, 123456789012345678901234567890]", "tru",
    '{"a"}',
]  # fmt: skip

FILE_NAMES = ["f.txt", "", "../up", "gr\u00fc\u00df.txt", "a;b", "C:\\\\x\\\\y", "%22", "x" * 100]

LENGTHS = ["0", "-1", "+3", "abc", "", "3 ", "1.5", "99999999999999999999"]

ENVIRON: list[tuple[str, str | None]] = [
    ("SCRIPT_NAME", "/mount"),
    ("SCRIPT_NAME", "/mount/"),
    ("SCRIPT_NAME", "/\xc3\xbc"),
    ("HTTP_HOST", None),
    ("REMOTE_ADDR", None),
    ("REMOTE_USER", "ada"),
    ("SERVER_PORT", "8080"),
    ("SERVER_PROTOCOL", "HTTP/1.0"),
    ("QUERY_STRING", None),
    ("QUERY_STRING", "a=\xff"),
    ("PATH_INFO", None),
    ("PATH_INFO", ""),
    ("wsgi.url_scheme", "https"),
    ("wsgi.file_wrapper", "yes"),
    ("wsgi.input_terminated", "yes"),
    ("CONTENT_TYPE", None),
]
