"""From an ASGI scope to a WSGI environment."""

from __future__ import annotations

import typing as t

import pytest

from flask.asgi import ScopeError, _scope
from flask.asgi._scope import make_environ


def scope(**entries: t.Any) -> dict[str, t.Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": ("10.0.0.1", 4000),
        "server": ("a.test", 443),
        **entries,
    }


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({}, {"SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": "", "wsgi.url_scheme": "https"}),
        ({}, {"SERVER_NAME": "a.test", "SERVER_PORT": "443", "HTTP_HOST": None}),
        ({}, {"REMOTE_ADDR": "10.0.0.1", "REMOTE_PORT": "4000", "SERVER_PROTOCOL": "HTTP/1.1"}),
        ({}, {"wsgi.input_terminated": True, "CONTENT_LENGTH": None, "CONTENT_TYPE": None}),
        ({"query_string": b"a=%C3%A9&\xe9"}, {"QUERY_STRING": "a=%C3%A9&\xe9"}),
        ({"path": "/a b/é", "raw_path": b"/a%20b/%C3%A9"}, {"PATH_INFO": "/a b/\xc3\xa9"}),
        ({"path": "/\ufffd", "raw_path": b"/%E9?x"}, {"PATH_INFO": "/\xe9"}),
        ({"path": "/\ufffd", "raw_path": None}, {"PATH_INFO": "/\xef\xbf\xbd"}),
        ({"root_path": "/m", "path": "/m/x"}, {"SCRIPT_NAME": "/m", "PATH_INFO": "/x"}),
        ({"root_path": "/m", "path": "/m"}, {"SCRIPT_NAME": "/m", "PATH_INFO": ""}),
        ({"root_path": "/m", "path": "/x"}, {"SCRIPT_NAME": "/m", "PATH_INFO": "/x"}),
        ({"root_path": "/m", "path": "/mx"}, {"SCRIPT_NAME": "/m", "PATH_INFO": "/mx"}),
        ({"root_path": "/m/", "path": "/m/x"}, {"SCRIPT_NAME": "/m", "PATH_INFO": "/x"}),
        ({"root_path": "/é", "path": "/é/x"}, {"SCRIPT_NAME": "/\xc3\xa9", "PATH_INFO": "/x"}),
        ({"server": None}, {"SERVER_NAME": "localhost", "SERVER_PORT": ""}),
        ({"server": ("/a.sock", None)}, {"SERVER_NAME": "/a.sock", "SERVER_PORT": ""}),
        ({"client": None}, {"REMOTE_ADDR": None}),
        ({"http_version": "2"}, {"SERVER_PROTOCOL": "HTTP/2.0"}),
        ({"headers": [(b"host", b"b.test")]}, {"HTTP_HOST": "b.test"}),
        ({"headers": [(b"x-a", b"1"), (b"x-a", b"2")]}, {"HTTP_X_A": "1,2"}),
        ({"headers": [(b"cookie", b"a=1"), (b"cookie", b"b=2")]}, {"HTTP_COOKIE": "a=1; b=2"}),
        ({"headers": [(b"X-A", b"\xe9")]}, {"HTTP_X_A": "\xe9"}),
        ({"headers": [(b"x_a", b"1")]}, {"HTTP_X_A": None}),
        ({"headers": [(b"content-type", b"a/b")]}, {"CONTENT_TYPE": "a/b"}),
        ({"headers": [(b"Content-Type", b"a/b")]}, {"CONTENT_TYPE": "a/b"}),
        (
            {"headers": [(b"content-length", b"5")]},
            {"CONTENT_LENGTH": "5", "wsgi.input_terminated": None},
        ),
        (
            {"headers": [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")]},
            {"CONTENT_LENGTH": None, "wsgi.input_terminated": True},
        ),
    ],
)
def test_what_the_environment_contains(
    entries: dict[str, t.Any], expected: dict[str, t.Any]
) -> None:
    environ = make_environ(scope(**entries), None)
    assert {key: environ.get(key) for key in expected} == expected


@pytest.mark.parametrize("missing", ["path", "headers"])
def test_a_scope_with_a_missing_key_is_an_error(missing: str) -> None:
    lacking = scope()
    del lacking[missing]
    with pytest.raises(ScopeError, match=f"malformed: KeyError: '{missing}'"):
        make_environ(lacking, None)


@pytest.mark.parametrize(
    "entries",
    [
        {"path": None},
        {"path": b"/"},
        {"headers": None},
        {"headers": [("host", "text")]},
        {"headers": [(b"host",)]},
        {"query_string": "text"},
        {"server": 1},
        {"client": ("alone",)},
    ],
)
def test_a_scope_with_wrong_types_is_an_error(entries: dict[str, t.Any]) -> None:
    with pytest.raises(ScopeError, match="ASGI scope is malformed"):
        make_environ(scope(**entries), None)


def test_long_header_names_are_not_remembered() -> None:
    name = b"x-" + b"a" * 1000
    environ = make_environ(scope(headers=[(name, b"1")]), None)
    assert environ["HTTP_X_" + "A" * 1000] == "1"
    assert name not in _scope._KEYS
