"""Stores a session at the end of a request: the steps that wait for the store, in their order."""

from __future__ import annotations

import typing as t
from enum import Enum

from ..sessions import SessionStore
from . import owners
from .changes import Changes, Trees, merge
from .documents import Document, read, update
from .identifiers import hash_identifier, new_identifier
from .session import StoredSession


class Cookie(Enum):
    """What the response does with the client's cookie."""

    KEEP = "nothing"
    SET = "set it"
    DELETE = "delete it"


class Saving(t.NamedTuple):
    """What is needed to store the session of one request."""

    store: SessionStore
    """The store."""
    session: StoredSession
    """The session."""
    changes: Changes
    """What the request changed."""
    lifetime: int
    """Seconds after which the session expires."""
    index_lifetime: int
    """Seconds that the list of a user's sessions is kept."""
    must_raise: bool
    """A key that two requests changed is an error."""
    is_due: bool
    """The end of the session has to be postponed."""

    def run(self) -> Cookie | None:
        """Store the session.

        :returns: ``None`` if the session was ended by another request, and changes are dropped.
        :raises SessionConflict: see `merge`.
        :raises SessionStoreError: the store cannot answer.
        """
        session = self.session
        for identifier, owner in session._ended:
            self._end(identifier, owner)
        if not session and session.modified:
            return self._store_empty()
        if session._must_regenerate and session._identifier is not None:
            return self._store_with_another_identifier()
        if session._version == 0:
            return self._create()
        if self.changes:
            return self._update()
        if self.is_due:
            self.store.touch(hash_identifier(t.cast("bytes", session._identifier)), self.lifetime)
            self._touch_index()
        return Cookie.KEEP

    def _end(self, identifier: bytes, owner: object) -> None:
        id = hash_identifier(identifier)
        self.store.delete(id)
        if owner is not None:
            owners.remove_session(self.store, owner, id, self.index_lifetime)

    def _store_empty(self) -> Cookie | None:
        """Delete a session that has no data, unless another request has added some."""
        session = self.session
        if session._identifier is None:
            return Cookie.DELETE
        if session._version:
            cookie = self._update()
            if cookie is None or session._trees:
                return cookie
        self._end(session._identifier, session._stored_owner)
        session._identifier, session._version = None, 0
        return Cookie.DELETE

    def _store_with_another_identifier(self) -> Cookie:
        """Store the session under a new identifier, then delete the old one."""
        session = self.session
        old, old_owner = t.cast("bytes", session._identifier), session._stored_owner
        found = read(self.store, hash_identifier(old)) if session._version else None
        # A session that was ended meanwhile does not come back: only this request's changes stay.
        missing: Trees = {} if session._version else session._trees
        data = missing if found is None else found.data or {}
        identifier = new_identifier()
        self._add_to_index(identifier, is_new=True)
        known = Document(data, 0)
        self._write(identifier, known, must_exist=False)
        self._end(old, old_owner)
        return Cookie.SET

    def _create(self) -> Cookie:
        session = self.session
        if not self.changes and not session._is_taken_over:
            return Cookie.DELETE if session._ended else Cookie.KEEP
        identifier = session._identifier or new_identifier()
        self._add_to_index(identifier, is_new=True)
        self._write(identifier, Document(session._trees, 0), must_exist=False)
        return Cookie.SET

    def _update(self) -> Cookie | None:
        session = self.session
        identifier = t.cast("bytes", session._identifier)
        self._add_to_index(identifier, is_new=False)
        known = Document(session._trees, session._version)
        if not self._write(identifier, known, must_exist=True):
            return None
        if self.is_due:
            self._touch_index()
        return Cookie.KEEP

    def _write(self, identifier: bytes, known: Document, must_exist: bool) -> bool:
        """Merge the changes into what is stored; return whether it still exists."""
        session = self.session
        stored = update(
            *(self.store, hash_identifier(identifier), known),
            lambda data: merge(data, self.changes, self.must_raise),
            *(self.lifetime, must_exist),
        )
        if stored is None:
            return False
        # If the session is saved a second time, as after an error in a hook, nothing is done twice.
        session._trees, session._version = stored.data or {}, stored.version
        session._identifier = identifier
        session._operations, session._ended, session._must_regenerate = [], [], False
        return True

    def _add_to_index(self, identifier: bytes, is_new: bool) -> None:
        session = self.session
        before, now = session._stored_owner, session.owner
        id = hash_identifier(identifier)
        if now is not None and (is_new or now != before):
            owners.add_session(self.store, now, id, self.index_lifetime)
        if before is not None and now != before and not is_new:
            owners.remove_session(self.store, before, id, self.index_lifetime)
        session._stored_owner = now

    def _touch_index(self) -> None:
        owner = self.session.owner
        if owner is not None:
            owners.touch_index(self.store, owner, self.index_lifetime)
