"""What every session offers, what a session store is, and the errors of sessions.

``flask.sessions`` publishes these names.
"""

from __future__ import annotations

import typing as t
from collections.abc import MutableMapping

from werkzeug.exceptions import Conflict, ServiceUnavailable

Number = t.TypeVar("Number", int, float)


class SessionMixin(MutableMapping[str, t.Any]):
    """The attributes of a session besides those of a mapping."""

    __module__ = "flask.sessions"  # the public module

    new: bool = False
    """Whether the session is new, if the interface supports it."""

    modified: bool = True
    """Whether the data may have changed. ``True`` is always safe."""

    accessed: bool = False
    """Whether the session was accessed in this request. The response varies by cookie then."""

    @property
    def permanent(self) -> bool:
        """Whether the session is kept for ``PERMANENT_SESSION_LIFETIME``."""
        permanent: bool = self.get("_permanent", False)
        return permanent

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self["_permanent"] = bool(value)

    @property
    def owner(self) -> t.Any:
        """The user of the session, for ``sessions_of`` and ``end_sessions``.

        Set it at login to the user's identifier, a text or a number. ``None``: no user.
        """
        return self.get("_owner")

    @owner.setter
    def owner(self, value: object) -> None:
        if value is None:
            self.pop("_owner", None)
        else:
            self["_owner"] = value

    def append(self, key: str, item: object) -> None:
        """Append an item to a list; a missing list is created.

        With a session store, the item is appended to the list that is stored when the request ends,
        so concurrent requests lose none. In a cookie, the last response wins.

        :raises TypeError: the value of the key is not a list.
        """
        value = self.get(key, [])
        if not isinstance(value, list):
            raise TypeError(
                f"session.append({key!r}, ...) needs a list, but the session has"
                f" {type(value).__name__}. Delete the key, or use another one."
            )
        value.append(item)
        self[key] = value

    def increment(self, key: str, by: Number = 1) -> Number:
        """Add to a number; a missing number is 0.

        With a session store, the sum is computed from what is stored when the request ends, so
        concurrent requests lose none. In a cookie, the last response wins.

        :param by: what is added; it may be negative.
        :returns: the sum in this request, without what concurrent requests add.
        :raises TypeError: the value of the key, or ``by``, is not a number.
        """
        value = self.get(key, 0)
        if not (_is_number(value) and _is_number(by)):
            raise TypeError(
                f"session.increment({key!r}, {by!r}) needs two numbers, but the session has"
                f" {type(value).__name__}. Delete the key, or use another one."
            )
        total: Number = value + by
        self[key] = total
        return total

    def regenerate(self) -> None:
        """Give the session a new identifier; the old one is no longer valid.

        Call it when a user logs in, so that an identifier which was known before is of no use
        (OWASP Session Management Cheat Sheet, "Renew the Session ID After Any Privilege Level
        Change"). A session in a cookie has no identifier, and nothing happens.
        """

    def end(self) -> None:
        """Delete all data, in the store and in this request, and the cookie."""
        self.clear()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class SessionStore(t.Protocol):
    """Stores sessions; an object with these methods can be ``SESSION_STORE``.

    The identifiers are hashes of those in the cookies. Methods are called in several threads. They
    raise `SessionStoreError` or ``OSError`` if the store cannot answer.
    """

    def read(self, id: str, /) -> tuple[str, int] | None:
        """Return a session's data and its version.

        :param id: 64 hexadecimal digits.
        :returns: ``None`` if there is no such session, or it has expired.
        """
        ...

    def write(self, id: str, data: str, version: int, lifetime: int, /) -> bool:
        """Store a session if its version is still the one that was read.

        To compare the version and to store must be one atomic step. The new version is
        ``version + 1``.

        :param data: a JSON text in ASCII.
        :param version: the version that was read; 0: there must be no such session.
        :param lifetime: seconds after which the session expires.
        :returns: whether it was stored. ``False``: there is another version, or none.
        """
        ...

    def delete(self, id: str, /) -> None:
        """Delete a session, if there is one."""

    def touch(self, id: str, lifetime: int, /) -> None:
        """Let a session expire after so many seconds from now; its version stays."""


class SessionStoreError(Exception):
    """A session store cannot answer; a `SessionStore` raises it."""

    __module__ = "flask.sessions"


class SessionStoreUnavailable(ServiceUnavailable):
    """The session is needed, and its store does not answer: 503.

    It has the header ``Retry-After`` (RFC 9110 section 10.2.3). ``SESSION_STORE_ERRORS`` can be
    ``"empty"`` instead.
    """

    __module__ = "flask.sessions"


class SessionConflict(Conflict):
    """Another request changed the same key of the session: 409.

    It is used with ``SESSION_CONFLICT = "raise"``. Nothing of this request's changes is stored.

    :param keys: the keys that both changed.
    """

    __module__ = "flask.sessions"

    def __init__(self, keys: t.Iterable[str] = ()) -> None:
        self.keys = sorted(keys)
        names = ", ".join(map(repr, self.keys))
        super().__init__(f"Another request changed these keys of the session meanwhile: {names}.")
