"""Identifiers: forged, truncated, foreign, of an old key; fixation."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask import Flask, session
from flask._sessions.identifiers import (
    all_keys,
    hash_identifier,
    identifier_of_cookie,
    new_identifier,
    sign,
    verify,
)
from flask.testing import FlaskClient

KEY = "a key for tests"


def test_an_identifier_has_256_bits_and_is_never_the_same() -> None:
    found = {new_identifier() for _ in range(1000)}
    assert len(found) == 1000
    assert {len(identifier) for identifier in found} == {32}


def test_a_signed_identifier_is_verified_with_the_keys_that_are_known() -> None:
    identifier = new_identifier()
    cookie = sign(identifier, KEY)
    assert verify(cookie, all_keys(KEY, None)) == (identifier, True)
    assert verify(cookie, all_keys(b"new", ["older", KEY])) == (identifier, False)
    assert verify(cookie, all_keys("new", ["older"])) is None


def test_the_cookie_needs_no_quotes_and_shows_nothing_of_the_hash() -> None:
    identifier = new_identifier()
    cookie = sign(identifier, KEY)
    assert re.fullmatch(r"[\w-]{43}\.[\w-]{43}", cookie)
    assert re.fullmatch(r"[0-9a-f]{64}", hash_identifier(identifier))


GENUINE = sign(b"x" * 32, KEY)
FORGED: dict[str, str] = {
    "empty": "",
    "a dot": ".",
    "no signature": GENUINE.partition(".")[0],
    "no signature, with the dot": GENUINE.partition(".")[0] + ".",
    "only the signature": GENUINE.partition(".")[2],
    "truncated": GENUINE[:-1],
    "truncated in front": GENUINE[1:],
    "longer": GENUINE + "A",
    "one more part": GENUINE + ".A",
    "another identifier": "A" + GENUINE[1:],
    "another signature": GENUINE[:-2] + ("A" if GENUINE[-2] != "A" else "B") + GENUINE[-1],
    "a foreign key": sign(b"x" * 32, "another key"),
    "zeros": "A" * 43 + "." + "A" * 43,
    "not ASCII": "\u00e4" * 43 + "." + "A" * 43,
    "a line break": GENUINE + "\n",
    "very long": "A" * 100_000,
}


@pytest.mark.parametrize("cookie", FORGED.values(), ids=FORGED.keys())
def test_a_forged_identifier_is_not_valid(cookie: str) -> None:
    assert verify(cookie, [KEY]) is None


@given(st.text(max_size=100) | st.from_regex(r"[\w-]{43}\.[\w-]{43}", fullmatch=True))
def test_no_random_text_is_valid(cookie: str) -> None:
    assert verify(cookie, [KEY]) is None


def test_the_identifier_of_a_cookie_depends_on_cookie_and_key() -> None:
    found = {identifier_of_cookie(text, key) for text in ("a", "b") for key in ("k", "l")}
    assert len(found) == 4
    assert identifier_of_cookie("a", "k") == identifier_of_cookie("a", b"k")


@pytest.fixture
def counter(make_app: Callable[..., Flask], protocol: str) -> Flask:
    app = make_app("memory://", protocol)
    app.add_url_rule("/", "count", lambda: str(session.increment("n")))
    return app


def cookie_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("session")
    assert cookie is not None
    return cookie.value


# A client cannot send the others in a header.
@pytest.mark.parametrize(
    "cookie", [cookie for cookie in FORGED.values() if cookie.isascii() and "\n" not in cookie]
)
def test_a_forged_cookie_is_an_empty_session_with_another_identifier(
    counter: Flask, cookie: str
) -> None:
    client = counter.test_client(use_cookies=False)
    response = client.get("/", headers={"Cookie": f"session={cookie}"})
    assert (response.status_code, response.text) == (200, "1")
    assert cookie not in response.headers["Set-Cookie"] or len(cookie) < 2


def test_a_valid_identifier_that_is_not_stored_is_never_used(counter: Flask) -> None:
    """Session fixation: an attacker plants an identifier, and waits for a login."""
    planted = sign(new_identifier(), KEY)
    client = counter.test_client()
    client.set_cookie("session", planted)
    assert client.get("/").text == "1"
    assert cookie_of(client) != planted


def test_a_cookie_of_an_old_key_is_valid_and_replaced(counter: Flask) -> None:
    client = counter.test_client()
    client.get("/")
    old = cookie_of(client)
    counter.config.update(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["older", KEY])
    assert client.get("/").text == "2"
    new = cookie_of(client)
    assert new.partition(".")[0] == old.partition(".")[0]
    assert new != old
    counter.config["SECRET_KEY_FALLBACKS"] = None
    assert client.get("/").text == "3"
    client.set_cookie("session", old)
    assert client.get("/").text == "1"


@pytest.mark.parametrize("other", ["", "x", GENUINE, FORGED["a foreign key"], "e30.aa.bb"])
@pytest.mark.parametrize("order", [1, -1])
def test_of_several_cookies_the_first_one_of_a_stored_session_is_used(
    counter: Flask, other: str, order: int
) -> None:
    client = counter.test_client()
    client.get("/")
    bare = counter.test_client(use_cookies=False)
    pairs = [f"session={other}", f"session={cookie_of(client)}"][::order]
    assert bare.get("/", headers={"Cookie": "; ".join(pairs)}).text == "2"


def test_a_client_cannot_cause_many_reads(counter: Flask) -> None:
    reads: list[str] = []
    counter._compute_fast_paths()
    store = t.cast("t.Any", counter.session_interface).store
    read = store.read
    store.read = lambda id: reads.append(id) or read(id)
    cookies = "; ".join(f"session={sign(new_identifier(), KEY)}" for _ in range(100))
    bare = counter.test_client(use_cookies=False)
    assert bare.get("/", headers={"Cookie": cookies}).text == "1"
    assert len(reads) == 4


def test_a_user_who_logs_in_on_a_planted_session_gets_another_identifier(counter: Flask) -> None:
    counter.add_url_rule("/login", "l", lambda: session.regenerate() or session.update(u=1) or "")
    attacker = counter.test_client()
    attacker.get("/")
    victim = counter.test_client()
    victim.set_cookie("session", cookie_of(attacker))
    victim.get("/login")
    with attacker.session_transaction() as kept:
        assert dict(kept) == {}
    with victim.session_transaction() as kept:
        assert dict(kept) == {"n": 1, "u": 1}
