"""The fast paths for cookies give the results of Werkzeug, or leave the work to it."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.http import dump_cookie as werkzeug_dump
from werkzeug.http import parse_cookie

from flask import Flask, Response, request
from flask._http.cookies import dump_cookie, parse_cookies
from flask._http.query import NEEDS_LIBRARY

HEADERS = st.text(st.sampled_from('ab=; \t",\\._-%é'), max_size=24)


@given(HEADERS)
def test_a_header_is_read_as_werkzeug_reads_it(header: str) -> None:
    found = parse_cookies(header)
    if found is not NEEDS_LIBRARY:
        expected = parse_cookie(header, cls=ImmutableMultiDict)
        assert type(found) is ImmutableMultiDict
        assert list(found.items(multi=True)) == list(expected.items(multi=True))


@pytest.mark.parametrize("header", ["a=é", 'a="b"', "a=\tb"])
def test_unusual_cookie_headers_are_left_to_werkzeug(header: str) -> None:
    assert parse_cookies(header) is NEEDS_LIBRARY


MOMENTS = st.one_of(st.none(), st.just(datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=UTC)))


@given(
    name=st.text(st.sampled_from("ab-._=; é"), min_size=1, max_size=5),
    value=st.text(st.sampled_from('ab-._=;,\\" é<>/'), max_size=9),
    expires=MOMENTS,
    path=st.sampled_from([None, "/", "/a/b", "/a b", "/é", ""]),
    secure=st.booleans(),
    httponly=st.booleans(),
    samesite=st.sampled_from([None, "Lax", "Strict", "None", "lax", "bad"]),
    partitioned=st.booleans(),
)
def test_a_cookie_is_written_as_werkzeug_writes_it(**options: t.Any) -> None:
    name, value = options.pop("name"), options.pop("value")
    header = dump_cookie(name, value, None, **options)
    if header is not None:
        assert header == werkzeug_dump(name, value, **options)


@pytest.mark.parametrize("max_age", [0, 1, 3600, -5, 10**9])
def test_a_max_age_sets_expires_too(max_age: int) -> None:
    def parts(header: str | None) -> list[str]:
        assert header is not None
        return [part for part in header.split("; ") if not part.startswith("Expires=")]

    written = dump_cookie("a", "b", max_age, None, "/", False, False, None, False)
    assert parts(written) == parts(werkzeug_dump("a", "b", max_age=max_age))
    assert "Expires=" in str(written)


@pytest.mark.parametrize(
    ("max_age", "expires"), [(10**12, None), (1.5, None), (None, "soon"), (None, 5)]
)
def test_unusual_ends_are_left_to_werkzeug(max_age: t.Any, expires: t.Any) -> None:
    assert dump_cookie("a", "b", max_age, expires, "/", False, False, None, False) is None


def test_a_large_cookie_is_set_with_werkzeugs_warning() -> None:
    with pytest.warns(UserWarning, match="cookie is too large"):
        Response("x").set_cookie("a", "b" * 5000)


def test_cookies_join_the_headers_whether_they_exist_or_not() -> None:
    for look in (False, True):
        response = Response("x")
        response.set_cookie("a", "1")
        if look:
            assert response.headers["Set-Cookie"] == "a=1; Path=/"
        response.set_cookie("b", "2", domain="example.org")
        assert response.headers.getlist("Set-Cookie") == [
            "a=1; Path=/",
            "b=2; Domain=example.org; Path=/",
        ]


def test_another_storage_class_is_werkzeugs_to_fill() -> None:
    class Own(ImmutableMultiDict[str, str]):
        pass

    app = Flask("app")
    app.request_class = type("Request", (app.request_class,), {"dict_storage_class": Own})
    with app.test_request_context(headers={"Cookie": "a=1"}):
        assert type(request.cookies) is Own
        assert request.cookies["a"] == "1"
