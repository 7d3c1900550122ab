"""The index of a user's sessions, for ``sessions_of`` and ``end_sessions``.

It is a document in the same store, which lists the hashed identifiers. A session that has ended may
stay in the list for some time, so each is looked up. A session is listed before it is stored: if
the process ends between the two, no session is left that cannot be found.
"""

from __future__ import annotations

import typing as t
from hashlib import sha256

from ..sessions import SessionStore
from .changes import Trees
from .documents import Document, read, update

MOST_SESSIONS: t.Final = 1000
"""Sessions of one user. If there are more, the oldest ones end."""

_CLEANED_FROM = 50  # entries from which the list is searched for ended sessions
_SESSIONS = "sessions"


def _index_id(owner: object) -> str:
    return sha256(f"owner\0{owner}".encode("utf-8", "surrogatepass")).hexdigest()


def _ids_in(data: Trees | None) -> list[str]:
    ids = (data or {}).get(_SESSIONS)
    return [id for id in ids if isinstance(id, str)] if isinstance(ids, list) else []


def list_sessions(store: SessionStore, owner: object) -> list[str]:
    """Return the hashed identifiers in a user's list, the oldest first."""
    found = read(store, _index_id(owner))
    return [] if found is None else _ids_in(found.data)


def add_session(store: SessionStore, owner: object, id: str, lifetime: int) -> None:
    """Add a session to a user's list.

    :param lifetime: seconds that the list is kept; no session of the user may live longer.
    """
    index = _index_id(owner)
    known = _read_index(store, index)
    ids = _ids_in(known.data)
    ended: set[str] = set()
    if len(ids) >= _CLEANED_FROM:
        ended = {other for other in ids if other != id and store.read(other) is None}
        for oldest in [other for other in ids if other not in ended][: -MOST_SESSIONS + 1]:
            store.delete(oldest)
            ended.add(oldest)

    def add(data: Trees) -> Trees:
        left = [other for other in _ids_in(data) if other != id and other not in ended]
        return {_SESSIONS: [*left, id]}

    update(store, index, known, add, lifetime, must_exist=False)


def remove_session(store: SessionStore, owner: object, id: str, lifetime: int) -> None:
    """Remove a session from a user's list."""
    index = _index_id(owner)
    known = _read_index(store, index)
    if id in _ids_in(known.data):

        def remove(data: Trees) -> Trees:
            return {_SESSIONS: [other for other in _ids_in(data) if other != id]}

        update(store, index, known, remove, lifetime, must_exist=True)


def touch_index(store: SessionStore, owner: object, lifetime: int) -> None:
    """Keep a user's list as long as the sessions in it."""
    store.touch(_index_id(owner), lifetime)


def _read_index(store: SessionStore, index: str) -> Document:
    found = read(store, index)
    if found is not None and found.data is None:  # another program wrote it
        store.delete(index)
        found = None
    return found or Document({}, 0)
