"""Sessions in Redis or Valkey, for several machines: ``redis://host:6379/0``.

A session is one string: its version, a line break, its data. A script compares and sets it, which
Redis does in one step. Redis deletes expired sessions itself.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from ..sessions import SessionStoreError

if t.TYPE_CHECKING:
    from redis import Redis

PREFIX: t.Final = "flask:session:"
"""What the keys of all sessions begin with."""

TIMEOUT: t.Final = 2.0
"""Seconds to connect, and to wait for an answer, unless the URL has other values."""

_COMPARE_AND_SET = """
local stored = redis.call('GET', KEYS[1])
local version = 0
if stored then version = tonumber(string.match(stored, '^(%d+)\\n')) end
if version ~= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""

_INSTALL = (
    "SESSION_STORE is a URL of Redis, but the package 'redis' is not installed. Install it:"
    " pip install 'redis>=5'"
)


class RedisStore:
    """A session store in Redis or Valkey.

    :param url: as for ``redis.Redis.from_url``. Its query may set options of redis-py, such as
        ``socket_timeout``.
    :raises RuntimeError: redis-py is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            from redis import Redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise RuntimeError(_INSTALL) from None
        parts = urlsplit(url)
        # Without user and password.
        self.name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        self._client: Redis = Redis.from_url(
            url,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            # A write whose answer was lost may have been done. It must not be done twice.
            retry=Retry(NoBackoff(), 0),
        )
        self._compare_and_set = self._client.register_script(_COMPARE_AND_SET)

    def read(self, id: str) -> tuple[str, int] | None:
        """Return data and version of a session; ``("", 0)`` if the value is none of this store."""
        from redis.exceptions import ResponseError

        with _translated_errors():
            try:
                stored = self._client.get(PREFIX + id)
            except ResponseError as error:
                if not str(error).startswith("WRONGTYPE"):
                    raise
                return "", 0
        if stored is None:
            return None
        if not isinstance(stored, bytes):
            raise SessionStoreError(f"The answer to GET is of type {type(stored).__name__}.")
        version, separator, data = stored.partition(b"\n")
        if not separator or not version.isdigit() or len(version) > _MOST_DIGITS:
            return "", 0
        return data.decode("ascii", "replace"), int(version)

    def write(self, id: str, data: str, version: int, lifetime: int) -> bool:
        """Set a session's key if nothing has written it since."""
        value = f"{version + 1}\n{data}"
        with _translated_errors():
            answer: object = self._compare_and_set(
                keys=[PREFIX + id], args=[version, value, lifetime * 1000]
            )
        if answer not in (0, 1):
            raise SessionStoreError(f"The answer to the script is {answer!r:.80}.")
        return answer == 1

    def delete(self, id: str) -> None:
        """Delete a session's key."""
        with _translated_errors():
            self._client.delete(PREFIX + id)

    def touch(self, id: str, lifetime: int) -> None:
        """Let Redis delete the session at another time."""
        with _translated_errors():
            self._client.pexpire(PREFIX + id, lifetime * 1000)

    def close(self) -> None:
        """Close the idle connections to Redis; a later call opens new ones."""
        self._client.close()


_MOST_DIGITS = 15  # a number in Lua has 53 bits


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Raise each error of redis-py as `SessionStoreError`.

    If a server answers with something that is not its protocol, redis-py also raises ``ValueError``
    and others.
    """
    try:
        yield
    except SessionStoreError:
        raise
    except Exception as error:
        raise SessionStoreError(f"{type(error).__name__}: {error!s:.200}") from error
