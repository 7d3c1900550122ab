"""Session cookies with a right signature and a wrong, odd or hostile inside.

A client cannot make these; somebody who knows the key, or an older version of the application, can.
Written with the standard library, since this process has no other packages.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import zlib
from base64 import urlsafe_b64encode

from protocol import CLOCK

SECRET = "a secret that everybody may know"
OLD_KEY = "an old key"
"""As in ``app.py``: every configuration knows the first key, one also the second."""

INSIDES = [
    "{}", "[]", "null", "1", '"text"', '{"a":1}', '{"a":{" t":[1,{" t":[]}]}}', '{"a":{" t":1}}',
    '{"a":{" b":"AP8="}}', '{"a":{" b":"%"}}', '{"a":{" b":7}}', '{"a":{" m":"<b>"}}',
    '{"a":{" m":null}}', '{"a":{" u":"00000000000000000000000000000005"}}', '{"a":{" u":"x"}}',
    '{"a":{" d":"Wed, 21 Oct 2015 07:28:00 GMT"}}', '{"a":{" d":"x"}}', '{"a":{" d":5}}',
    '{"a":{" di":{" t__":[1]}}}', '{"a":{" di":{}}}', '{"a":{" x":1}}', '{"a":{" t":[1],"b":2}}',
    '{" t":[1]}', '{"a":{" t":{" t":[1]}}}', '{"_permanent":true,"a":1}', '{"_permanent":"x"}',
    '{"_flashes":[]}', '{"_flashes":[{" t":["c","m"]}]}', '{"_flashes":["m"]}', '{"_flashes":1}',
    '{"a":1,"a":2}', '{"a":NaN}', "{", "", '{"a":"\\ud800"}', "[" * 200, '{"l":[1]}', "\xff",
    '{"":{"":""}}', '{"a":1e999}', '{"1":1,"a":[true,null,-0.0]}',
]  # fmt: skip


def forged(chance: random.Random) -> str:
    """A value for a session cookie."""
    inside = chance.choice(INSIDES).encode("latin-1")
    match chance.randrange(8):
        case 0:
            payload = "." + text_of(zlib.compress(inside))
        case 1:
            payload = "." + text_of(inside)  # says that it is packed, and is not
        case _:
            payload = text_of(inside)
    key = OLD_KEY if chance.random() < 0.15 else SECRET
    age = chance.choice((0, 0, 0, 1, 31 * 86400, 31 * 86400 + 1, -5, 2**31))
    return signed(
        payload, key, CLOCK - age, salt="cookie-session" if chance.random() < 0.95 else "x"
    )


def signed(payload: str, key: str, when: int, salt: str = "cookie-session") -> str:
    """The payload with a time and a signature, as itsdangerous writes them."""
    seconds = max(0, when)
    stamp = text_of(seconds.to_bytes((seconds.bit_length() + 7) // 8, "big"))
    derived = hmac.digest(key.encode(), salt.encode(), hashlib.sha1)
    value = f"{payload}.{stamp}"
    return f"{value}.{text_of(hmac.digest(derived, value.encode(), hashlib.sha1))}"


def text_of(content: bytes) -> str:
    """Base 64 for URLs, without the padding."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()
