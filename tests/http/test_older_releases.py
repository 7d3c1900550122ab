"""Where releases of Werkzeug differ, this package follows the installed one."""

from __future__ import annotations

import io
import typing as t
from collections.abc import Callable

import pytest
import werkzeug.wrappers
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_cookie
from werkzeug.routing import Rule

from flask import Request
from flask._http import cookies, forms
from flask._http.query import NEEDS_LIBRARY
from flask._routing import rule as rules
from flask._routing.map import Map


def seen(ask: Callable[[], t.Any]) -> t.Any:
    try:
        return ask()
    except HTTPException as error:
        return type(error)


@pytest.mark.parametrize("length", [1, 99, 100, 101, 600_000])
@pytest.mark.parametrize("limit", [0, 100, 500_000, 700_000])
def test_an_urlencoded_form_is_limited_where_werkzeug_limits_it(length: int, limit: int) -> None:
    body = b"a=" + b"x" * (length - 2)
    forms = []
    for kind in (Request, werkzeug.wrappers.Request):
        request: t.Any = kind(
            {
                "REQUEST_METHOD": "POST",
                "CONTENT_TYPE": "application/x-www-form-urlencoded",
                "CONTENT_LENGTH": str(len(body)),
                "wsgi.input": io.BytesIO(body),
            }
        )
        request.max_form_memory_size = limit
        forms.append(seen(lambda request=request: dict(request.form)))
    assert forms[0] == forms[1]


@given(st.text(st.sampled_from('ab=; \t",\\.\x0b\x1c\r'), max_size=16))
def test_a_cookie_header_is_read_as_werkzeug_reads_it(header: str) -> None:
    found = cookies.parse_cookies(header)
    if found is not NEEDS_LIBRARY:
        assert list(found.items(multi=True)) == list(parse_cookie(header).items(multi=True))


class TestAnOlderRelease:
    """What is decided at import, decided the other way."""

    def test_that_limits_fields_reads_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(forms, "_FIELDS_ARE_LIMITED", True)
        test_an_urlencoded_form_is_limited_where_werkzeug_limits_it(99, 100)
        environ = {
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": "3",
            "wsgi.input": io.BytesIO(b"a=b"),
        }
        request: t.Any = Request(environ)
        request.max_form_memory_size = 2
        assert forms.read_fields(request) is NEEDS_LIBRARY
        request.max_form_memory_size = 3
        assert dict(forms.read_fields(request)) == {"a": "b"}

    @pytest.mark.parametrize("header", ["a b=c", "a=b;c=d ", "a =b", "a=\x0b", "a=b;  c"])
    def test_that_keeps_spaces_reads_such_cookies(
        self, monkeypatch: pytest.MonkeyPatch, header: str
    ) -> None:
        monkeypatch.setattr(cookies, "_KEEPS_SPACES", True)
        assert cookies.parse_cookies(header) is NEEDS_LIBRARY
        assert dict(cookies.parse_cookies("a=b; c=d;e=f")) == {"a": "b", "c": "d", "e": "f"}

    def test_that_halves_slashes_has_a_table_that_does(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rules, "_merges_runs", lambda: False)
        url_map = Map([Rule("/a///b", endpoint="a")])
        assert rules.read_rule(next(url_map.iter_rules())) == ["a", "", "b"]
