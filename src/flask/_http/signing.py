"""Sign and verify a session cookie as itsdangerous does, with a cached key.

The format is that of ``URLSafeTimedSerializer``: payload, time and signature in URL-safe base64,
with dots between them. A leading dot means that the payload is compressed. This module accepts only
valid signatures in the usual format. If it rejects a cookie, itsdangerous decides.

PERF: 3 us to sign and 4 us to verify a small session. itsdangerous derives the key and compresses
the payload each time, and takes 60 us and 25 us.
"""

from __future__ import annotations

import hmac
import time
import typing as t
import zlib
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from hashlib import sha1

from .._core.bounded_cache import store

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")

_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))


def encode(data: bytes) -> bytes:
    """Return data in base64 for URLs, without padding (RFC 4648 section 5)."""
    return b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL)


def decode(text: bytes) -> bytes:
    """Decode the result of `encode`.

    :raises binascii.Error: the text has an impossible length.
    """
    return a2b_base64(text.translate(_FROM_URL) + b"=" * (-len(text) % 4))


def base64_forms(data: bytes) -> tuple[str, ...]:
    """Return how data may look in a longer text that `encode` returned.

    There are three texts, because data may begin at three positions in a group of three bytes.
    """
    texts = []
    for before in range(3):
        # Each character holds six bits; the first and the last may contain bits of other bytes.
        first, end = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        texts.append(encode(bytes(before) + data)[first:end].decode())
    return tuple(texts)


class Signer:
    """Signs with one key, HMAC with SHA-1 (RFC 2104).

    :param secret_key: the application's secret key.
    :param salt: mixed into the key, so signatures for other purposes are not valid.
    """

    def __init__(self, secret_key: str | bytes, salt: str) -> None:
        secret = secret_key.encode() if isinstance(secret_key, str) else secret_key
        key = hmac.new(secret, salt.encode(), "sha1").digest().ljust(64, b"\0")
        # PERF: the two hashes of an HMAC, initialized once; a copy takes 0.7 us, hmac.new 1.7 us.
        self._inner = sha1(key.translate(_INNER_PAD))
        self._outer = sha1(key.translate(_OUTER_PAD))
        self._second = 0
        self._stamp = b""
        self._verified: dict[str, tuple[int, bytes]] = {}

    def _signature(self, value: bytes) -> bytes:
        """Return the signature of a value, in base64."""
        inner = self._inner.copy()
        inner.update(value)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return encode(outer.digest())

    def sign(self, payload: bytes) -> str:
        """Return the text with a payload, the time and the signature."""
        # The time in base64 without its leading zeros, computed once a second.
        second = int(time.time())
        if second == self._second:
            stamp = self._stamp
        else:
            stamp = b"." + encode(second.to_bytes(8, "big").lstrip(b"\0"))
            self._stamp, self._second = stamp, second  # in this order, for other threads
        value = pack(payload) + stamp
        return (value + b"." + self._signature(value)).decode()

    def verify(self, text: str, max_age: int) -> bytes | None:
        """Return the payload of a text that was signed with this key.

        :param max_age: seconds for which a signature is valid.
        :returns: ``None`` if the signature is not valid, or the format is unusual.
        """
        # PERF: a client sends the same text until its session changes; 2 us less from the second
        # time. Only complete valid texts are found, so the time reveals no part of a signature.
        known = self._verified.get(text)
        if known is None:
            known = self._read(text)
            if known is None:
                return None
            store(self._verified, text, known, _MOST_KEPT, _LARGEST_KEPT)
        signed_at, payload = known
        return payload if 0 <= int(time.time()) - signed_at <= max_age else None

    def _read(self, text: str) -> tuple[int, bytes] | None:
        """Return the time and the payload of a text with a valid signature."""
        if not text.isascii():
            return None
        value, _, signature = text.encode().rpartition(b".")
        if not hmac.compare_digest(signature, self._signature(value)):
            return None
        packed, _, stamp = value.rpartition(b".")
        if packed[:1] == b".":
            return None  # compressed
        try:
            return int.from_bytes(decode(stamp), "big"), decode(packed)
        except Base64Error:
            return None


_signers: dict[tuple[str | bytes, str], Signer] = {}
_MOST_SIGNERS = 100  # one for each key


def get_signer(secret_key: str | bytes, salt: str) -> Signer:
    """Return the signer for a key; it is created once."""
    signer = _signers.get((secret_key, salt))
    if signer is None:
        if len(_signers) >= _MOST_SIGNERS:
            _signers.clear()
        signer = _signers[secret_key, salt] = Signer(secret_key, salt)
    return signer


_MOST_KEPT, _LARGEST_KEPT = 1000, 1200  # texts, and bytes of one with its payload


def pack(payload: bytes) -> bytes:
    """Return the text of a JSON object in base64, compressed if that is shorter.

    PERF: ``zlib.compress`` takes 45 us, most of it to set up tables for large inputs. A compressor
    with small tables finds out in 2 us whether compression pays. If so, ``zlib.compress`` is used.
    """
    # A JSON object of up to 16 bytes never gets shorter: six of its bytes differ, and the frame of
    # zlib takes eight.
    if len(payload) > 16:
        if len(payload) < 400:
            small = zlib.compressobj(6, zlib.DEFLATED, 10, 4)
            wins = len(small.compress(payload) + small.flush()) < len(payload) - 1
        else:
            wins = True
        if wins:
            compressed = zlib.compress(payload)
            if len(compressed) < len(payload) - 1:
                return b"." + encode(compressed)
    return encode(payload)


_JSON_TYPES: t.Final = frozenset({str, int, float, bool, type(None)})


def needs_no_tags(data: Mapping[str, object]) -> bool:
    """Return whether JSON can represent a session's data without tags."""
    for key, value in data.items():
        if type(key) is not str or key[:1] == " " or type(value) not in _JSON_TYPES:
            return False
    return True
