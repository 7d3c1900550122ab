"""The fast path for signed cookies writes and reads the same texts as itsdangerous."""

from __future__ import annotations

import hashlib
import json
import random
import typing as t
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeTimedSerializer

from flask._http.signing import (
    _LARGEST_KEPT,
    _MOST_KEPT,
    _MOST_SIGNERS,
    Signer,
    _signers,
    base64_forms,
    decode,
    encode,
    get_signer,
    needs_no_tags,
    pack,
)

KEY = "a secret"
SALT = "cookie-session"

VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.floats(allow_nan=False))
SESSIONS = st.dictionaries(st.text(max_size=12), VALUES, max_size=8)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[list[float]]:
    """Let both sides read the same time."""
    now = [1_700_000_000.25]
    monkeypatch.setattr("time.time", lambda: now[0])
    yield now


class Compact:
    """JSON as sessions are written in it."""

    @staticmethod
    def dumps(data: t.Any) -> str:
        return json.dumps(data, separators=(",", ":"))

    loads = staticmethod(json.loads)


def official(key: str = KEY) -> URLSafeTimedSerializer:
    options = {"digest_method": hashlib.sha1, "key_derivation": "hmac"}
    return URLSafeTimedSerializer(key, SALT, Compact, signer_kwargs=options)  # type: ignore[arg-type]


def text_of(data: dict[str, t.Any]) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()


@given(SESSIONS)
def test_both_sign_the_same_text_and_read_what_the_other_signed(data: dict[str, t.Any]) -> None:
    ours = Signer(KEY, SALT).sign(text_of(data))
    theirs = official().dumps(data)
    assert ours == theirs
    payload = Signer(KEY, SALT).verify(theirs, 10)
    assert payload == (None if theirs.startswith(".") else text_of(data))
    assert official().loads(ours, max_age=10) == data


@given(st.binary(max_size=30), st.integers(0, 40), st.integers(1, 255))
def test_a_text_with_one_changed_byte_is_not_read(payload: bytes, place: int, flip: int) -> None:
    signer = Signer(KEY, SALT)
    text = bytearray(signer.sign(payload).encode())
    text[place % len(text)] ^= flip
    assert signer.verify(text.decode("latin-1"), 10) is None


@pytest.mark.parametrize(("seconds", "is_read"), [(0, True), (10, True), (11, False), (-1, False)])
def test_a_signature_counts_from_its_second_to_its_age(
    clock: list[float], seconds: int, is_read: bool
) -> None:
    signer = Signer(KEY, SALT)
    text = signer.sign(b"{}")
    clock[0] += seconds
    assert (signer.verify(text, 10) is not None) is is_read


def test_a_text_that_was_read_before_still_ends_at_its_age(clock: list[float]) -> None:
    signer = Signer(KEY, SALT)
    text = signer.sign(b"{}")
    assert signer.verify(text, 10) == b"{}"
    clock[0] += 11
    assert signer.verify(text, 10) is None
    assert signer.verify(text, 20) == b"{}"


def test_what_was_read_is_known_to_its_own_key_only() -> None:
    text = Signer(KEY, SALT).sign(b"{}")
    assert Signer(KEY, SALT).verify(text, 10) == b"{}"
    assert Signer("another", SALT).verify(text, 10) is None


def test_texts_that_were_read_do_not_pile_up() -> None:
    signer = Signer(KEY, SALT)
    texts = [signer.sign(b'{"a":%d}' % number) for number in range(_MOST_KEPT + 5)]
    texts.append(signer.sign(random.Random(1).randbytes(_LARGEST_KEPT)))  # not compressed
    for text in texts:
        assert signer.verify(text, 10) is not None
        assert len(signer._verified) <= _MOST_KEPT
    assert len(signer._verified) == 5


def test_a_key_has_one_signer_and_keys_do_not_pile_up() -> None:
    first = get_signer(KEY, SALT)
    assert get_signer(KEY, SALT) is first
    assert get_signer(KEY, "another") is not first
    for number in range(_MOST_SIGNERS + 1):
        get_signer(f"key {number}", SALT)
    assert len(_signers) <= _MOST_SIGNERS


@pytest.mark.parametrize("text", ["", ".", "..", "a", "a.b", "a.b.c", "é.b.c", "a.b.c.d", "\x00"])
def test_what_is_no_signed_text_is_not_read(text: str) -> None:
    assert Signer(KEY, SALT).verify(text, 10) is None


@pytest.mark.parametrize("key", ["k", "k" * 64, "k" * 200, "schlüssel"])
def test_keys_of_every_length_sign_alike(key: str) -> None:
    assert Signer(key, SALT).sign(b'{"a":1}') == official(key).dumps({"a": 1})


@given(SESSIONS)
def test_a_payload_is_compressed_where_zlib_makes_it_shorter(data: dict[str, t.Any]) -> None:
    text = text_of(data)
    compressed = zlib.compress(text)
    wins = len(compressed) < len(text) - 1
    assert pack(text) == (b"." + encode(compressed) if wins else encode(text))


def test_no_object_of_sixteen_bytes_is_worth_compressing() -> None:
    for data in ({"": int("1" * 11)}, {"": "a" * 8}, {"aaaaaaaaa": 1}, {"a" * 9: ""}):
        text = text_of(data)[:16]
        assert len(zlib.compress(text)) >= len(text) - 1


@given(st.binary(max_size=40))
def test_base64_comes_back(data: bytes) -> None:
    assert decode(encode(data)) == data


@given(st.binary(max_size=10), st.binary(max_size=10))
def test_marks_in_the_data_are_found_in_its_base64(before: bytes, after: bytes) -> None:
    text = encode(before + b'"_permanent"' + after).decode()
    assert any(part in text for part in base64_forms(b'"_permanent"'))


@pytest.mark.parametrize(
    ("data", "needs_no_tag"),
    [
        ({}, True),
        ({"a": 1, "b": "x", "c": None, "d": True, "e": 1.5}, True),
        ({" t": 1}, False),
        ({"a": [1]}, False),
        ({"a": {"b": 1}}, False),
        ({"a": (1,)}, False),
        ({1: 1}, False),
        ({"a": b"x"}, False),
    ],
)
def test_only_values_that_json_keeps_unchanged_need_no_tag(data: t.Any, needs_no_tag: bool) -> None:
    assert needs_no_tags(data) is needs_no_tag
