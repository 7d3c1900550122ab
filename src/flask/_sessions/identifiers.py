"""The identifiers of stored sessions: how they are created, signed for the cookie, and hashed.

A cookie is ``identifier.signature``, both in URL-safe base64. The signature is an HMAC with SHA-256
(RFC 2104). It has no time: the store decides when a session ends, and a clock that is set back must
not end it.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from hashlib import sha256

from .._http.signing import decode, encode

Key = str | bytes

_SIZE = 32  # bytes: 256 bits
_PURPOSE = b"flask.sessions: identifier"
_TAKEOVER = b"flask.sessions: takeover"

_is_identifier = re.compile(r"[\w-]{43}\.[\w-]{43}", re.ASCII).fullmatch


def new_identifier() -> bytes:
    """Return a random identifier."""
    return secrets.token_bytes(_SIZE)


def identifier_of_cookie(cookie: str, secret_key: Key) -> bytes:
    """Return the identifier under which a session in a signed cookie is stored.

    Concurrent requests with one cookie get the same identifier, so they share one stored session.
    Without the secret key it cannot be computed.
    """
    return hmac.digest(_derive(secret_key, _TAKEOVER), cookie.encode(), "sha256")


def hash_identifier(identifier: bytes) -> str:
    """Return what the store knows of an identifier. It is of no use in a cookie."""
    return sha256(identifier).hexdigest()


def is_signed_identifier(cookie: str) -> bool:
    """Return whether a cookie looks like a signed identifier, valid or not."""
    return _is_identifier(cookie) is not None


def sign(identifier: bytes, secret_key: Key) -> str:
    """Return the value of the cookie for an identifier."""
    signature = hmac.digest(_derive(secret_key, _PURPOSE), identifier, "sha256")
    return f"{encode(identifier).decode()}.{encode(signature).decode()}"


def verify(cookie: str, keys: Sequence[Key]) -> tuple[bytes, bool] | None:
    """Return the identifier of a cookie that was signed with one of the keys.

    :param keys: the secret key, then its fallbacks.
    :returns: the identifier, and whether the first key has signed it. ``None``: none has.
    """
    if not is_signed_identifier(cookie):
        return None
    text, _, given = cookie.partition(".")
    identifier, signature = decode(text.encode()), decode(given.encode())
    for position, key in enumerate(keys):
        expected = hmac.digest(_derive(key, _PURPOSE), identifier, "sha256")
        if hmac.compare_digest(signature, expected):
            return identifier, position == 0
    return None


def all_keys(secret_key: Key, fallbacks: Iterable[Key] | None) -> list[Key]:
    """Return the keys that verify, the one that signs first; the newest fallback is the last."""
    return [secret_key, *reversed(list(fallbacks or ()))]


def _derive(secret_key: Key, purpose: bytes) -> bytes:
    """Return a key for one purpose, so signatures for other purposes are not valid."""
    secret = secret_key.encode() if isinstance(secret_key, str) else secret_key
    return hmac.digest(secret, purpose, "sha256")
