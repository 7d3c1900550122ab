"""Caches that clients fill: each is bounded by count and by bytes."""

from __future__ import annotations

import random
import typing as t
from collections.abc import Callable
from zlib import crc32

import pytest
from werkzeug.exceptions import NotFound

from flask import Flask, Response, send_from_directory
from flask._core import hook_scopes
from flask._core.bounded_cache import LARGEST_ENTRY, size_of, store
from flask._http import (
    body,
    cookies,
    fast_paths,
    headers,
    response_factories,
    signing,
    static_files,
)
from flask._http.headers import RequestHeaders
from flask.asgi import _http_connection, _scope

HUGE = 60_000


class TestStore:
    def test_a_full_cache_is_emptied_for_the_next_entry(self) -> None:
        cache: dict[str, str] = {}
        for number in range(7):
            store(cache, str(number), "", 3)
        assert cache == {"6": ""}

    @pytest.mark.parametrize("entry", [("a" * LARGEST_ENTRY, ""), ("", "a" * LARGEST_ENTRY)])
    def test_what_is_too_large_is_not_kept(self, entry: tuple[str, str]) -> None:
        cache = {"a": "b"}
        store(cache, *entry, 3)
        assert cache == {"a": "b"}

    def test_bytes_are_counted_not_characters(self) -> None:
        cache: dict[str, str] = {}
        store(cache, "\N{PILE OF POO}" * 500, "", 3, 1500)
        assert not cache

    def test_no_cache_holds_more_than_count_times_size(self) -> None:
        cache: dict[str, tuple[str, ...]] = {}
        for number in range(1000):
            store(cache, f"{number}", ("a" * (number * 7 % 600), "b"), 10, 500)
            assert sum(size_of(key) + size_of(value) for key, value in cache.items()) <= 5000

    def test_a_tuple_takes_what_it_holds(self) -> None:
        assert size_of(("a" * 1000, [b"b" * 1000])) > 2000
        assert size_of(Flask) == 0


def size_of_cache(cache: t.Any) -> int:
    if isinstance(cache, dict):
        return sum(size_of(key) + size_of(value) for key, value in cache.items())
    return sum(map(size_of, cache))


def ask_for_header(text: str) -> None:
    RequestHeaders({}).get(text)


def ask_with_header(text: str) -> None:
    _scope._make_key(text.encode())


def make_header(text: str) -> None:
    _http_connection.encode_header(("X-Name", text))
    _http_connection.encode_header((text, "value"))


# Other tests may have removed it from the cache of signers.
signer = signing.get_signer("a key", "salt")


def verify_session(text: str) -> None:
    payload = random.Random(text).randbytes(len(text))  # which is not compressed
    assert signer.verify(signer.sign(payload), 10) == payload


def abort_with_description(text: str) -> None:
    error = response_factories.HTTPException(text)
    error.code = 404
    assert response_factories.make_error_page(Response, error, False) is not None


def read_length(text: str) -> None:
    body._parse_length("1" * len(text) if len(text) > 100 else str(crc32(text.encode())))


fast = fast_paths.FastPaths()

CACHES: list[tuple[t.Any, Callable[[str], object]]] = [
    (response_factories._pages, abort_with_description),
    (headers._CONTENT_TYPES, headers.content_type_of),
    (headers._keys, ask_for_header),
    (body._lengths, read_length),
    (_scope._KEYS, ask_with_header),
    (_http_connection.ENCODED_HEADERS, make_header),
    (signer._verified, verify_session),
    (fast.accepted_hosts, fast.accept_host),
]


@pytest.mark.parametrize(("cache", "fill"), CACHES)
def test_large_texts_of_clients_are_not_kept(cache: t.Any, fill: Callable[[str], object]) -> None:
    cache.clear()
    for number in range(5):
        fill(f"{number}-" + "a" * HUGE)
    assert size_of_cache(cache) <= 5 * LARGEST_ENTRY


@pytest.mark.parametrize(("cache", "fill"), CACHES)
def test_many_small_texts_of_clients_stay_within_the_budget(
    cache: t.Any, fill: Callable[[str], object]
) -> None:
    cache.clear()
    for number in range(6000):
        fill(f"{number}-" + "a" * 80)
    assert size_of_cache(cache) <= 5_000_000
    assert len(cache) <= 5000


@pytest.mark.parametrize(("cache", "fill"), CACHES)
def test_a_cache_that_is_full_takes_what_comes_next(
    cache: t.Any, fill: Callable[[str], object]
) -> None:
    for number in range(6000):
        fill(f"{number}-of-many")
    before = set(cache)
    fill("the-next")
    assert (
        set(cache) != before or cache is response_factories._pages
    )  # which keeps no client's text


def test_content_lengths_do_not_pile_up() -> None:
    for length in range(6000):
        assert _http_connection.encode_content_length(length) == (
            b"content-length",
            b"%d" % length,
        )
    assert len(_http_connection.CONTENT_LENGTH_HEADERS) <= 5000


def test_a_cookie_of_an_answer_is_not_kept() -> None:
    _http_connection.ENCODED_HEADERS.clear()
    for name in ("Set-Cookie", "set-cookie"):
        assert _http_connection.encode_header((name, "a=b")) == (b"set-cookie", b"a=b")
    assert not _http_connection.ENCODED_HEADERS


@pytest.mark.parametrize("same_site", [None, "Lax", "a" * HUGE])
@pytest.mark.parametrize("length", [10, HUGE])
def test_attributes_of_cookies_are_kept_where_they_are_short(
    length: int, same_site: str | None
) -> None:
    cookies._attributes.cache_clear()
    path = "/" + "a" * length
    cookies.dump_cookie("a", "b", None, None, path, False, False, same_site, False)
    is_usual = length == 10 and same_site != "a" * HUGE
    assert cookies._attributes.cache_info().currsize == is_usual


@pytest.mark.parametrize(
    ("folder", "name", "kept"),
    [("folder", "a", 1), ("folder", "a" * HUGE, 0), ("folder/" + "b" * HUGE, "a", 0)],
)
def test_names_of_files_are_kept_where_they_are_short(
    app: Flask, folder: str, name: str, kept: int
) -> None:
    static_files.join_below_cached.cache_clear()  # type: ignore[attr-defined]
    with app.test_request_context(), pytest.raises(NotFound):
        send_from_directory(folder, name)
    assert static_files.join_below_cached.cache_info().currsize == kept  # type: ignore[attr-defined]


def test_separators_of_json_do_not_pile_up(app: Flask) -> None:
    for number in range(100):
        app.json.dumps([1], separators=(f"{number}" + "," * HUGE, ":"))
        app.json.dumps([1], separators=(f"{number},", ":"))
    encoders: dict[t.Any, t.Any] = app.json._encoders  # type: ignore[attr-defined]
    assert 0 < len(encoders) <= 20
    assert size_of_cache(encoders) <= 20 * LARGEST_ENTRY


def test_unknown_endpoints_are_not_kept(app: Flask) -> None:
    seen: list[str] = []
    app.url_default_functions = {  # type: ignore[assignment]
        "shop.cart": [lambda endpoint, values: seen.append("shop.cart")],
        None: [lambda endpoint, values: seen.append("application")],
        "shop": [lambda endpoint, values: seen.append("shop")],
        "other": [lambda endpoint, values: seen.append("other")],
    }
    for cached in (hook_scopes.scopes_inward, hook_scopes.blueprint_names):
        cached.cache_clear()
    app.inject_url_defaults("shop.cart.add" + ".a" * HUGE, {})
    assert seen == ["application", "shop", "shop.cart"]
    assert hook_scopes.scopes_inward.cache_info().currsize == 0
    app.inject_url_defaults("shopping", {})
    assert seen[3:] == ["application"]
