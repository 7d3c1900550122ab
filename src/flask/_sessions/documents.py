"""Reads and writes the documents of a store, so that concurrent writers lose nothing.

A document is a dict of JSON values: a session, or the list of a user's sessions.
"""

from __future__ import annotations

import random
import time
import typing as t
from collections.abc import Callable

from ..sessions import SessionStore, SessionStoreError
from .changes import Trees, read_document, write_document

_LONGEST = 10.0  # seconds that a writer tries
_LONGEST_PAUSE = 0.05

Change: t.TypeAlias = Callable[[Trees], Trees]
"""Returns the new document for the one that is stored."""


class BusySessionError(SessionStoreError):
    """The store answers, but other requests always wrote the session first."""


class Document(t.NamedTuple):
    """What a store has under an identifier."""

    data: Trees | None
    """The data; ``None``: unreadable."""
    version: int
    """The version."""


def read(store: SessionStore, id: str) -> Document | None:
    """Return a document; ``None`` if there is none.

    :raises SessionStoreError: the store cannot answer.
    """
    found = store.read(id)
    if found is None:
        return None
    text, version = found
    return Document(read_document(text) if version > 0 else None, version)


def update(
    store: SessionStore,
    id: str,
    known: Document,
    change: Change,
    lifetime: int,
    must_exist: bool,
) -> Document | None:
    """Change a document. If another writer was faster, apply the change to its result.

    :param known: what the caller has read; version 0: there was none, and it is created.
    :param must_exist: do not create it again if it was deleted meanwhile.
    :returns: what is stored now; ``None``: it was deleted meanwhile.
    :raises SessionStoreError: the store cannot answer.
    :raises BusySessionError: other writers are always faster.
    """
    end = time.monotonic() + _LONGEST
    tries = 0
    while True:
        data = change(known.data or {})
        if store.write(id, write_document(data), known.version, lifetime):
            return Document(data, known.version + 1)
        tries += 1
        if time.monotonic() > end:
            raise BusySessionError(
                f"{tries} attempts in {_LONGEST:g} seconds: other requests always wrote first."
            )
        # Different pauses, so that writers do not meet again.
        time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.001 * 2 ** min(tries, 10))))
        found = read(store, id)
        if found is None:
            if must_exist:
                return None
            found = Document({}, 0)
        elif found.data is None:  # another program wrote it
            store.delete(id)
            found = Document({}, 0)
        known = found
