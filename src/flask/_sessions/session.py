"""The session object of a request: the data, and what the request did to it."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .._core.session_types import Number
from ..sessions import SecureCookieSession, session_json_serializer
from .changes import APPEND, INCREMENT, Changes, Operation, Trees, find_changes, to_tree


class StoredSession(SecureCookieSession):  # pyright: ignore[reportIncompatibleMethodOverride]
    """A session in a store.

    Changes inside a value are noticed. Nothing is written before the request ends.

    :param data: the data, as the view sees it.
    :param trees: the same data, as JSON.
    """

    __module__ = "flask.sessions"

    def __init__(
        self, data: Mapping[str, object] | None = None, trees: Trees | None = None
    ) -> None:
        super().__init__(data)
        self._trees: Trees = {} if trees is None else trees
        self._operations: list[Operation] = []
        self._identifier: bytes | None = None  # None: it gets one when it is stored
        self._version = 0  # in the store; 0: it is not stored yet
        self._stored_owner: t.Any = self.get("_owner")
        self._ended: list[tuple[bytes, t.Any]] = []  # sessions that end with this request
        self._was_permanent = self.permanent  # as the client's cookie says
        self._has_cookie = False  # the client sent a session cookie
        self._needs_cookie = False  # the client's cookie is of another kind, or has an old key
        self._is_taken_over = False  # the data comes from a signed cookie
        self._must_regenerate = False
        self._is_lost = False  # the store did not answer, and nothing is saved

    @property
    def new(self) -> bool:  # type: ignore[override]
        """Whether the client has no stored session yet."""
        return self._version == 0 and not self._is_taken_over

    def append(self, key: str, item: object) -> None:
        super().append(key, item)
        tree = to_tree(item, session_json_serializer.dumps)
        self._operations.append(Operation(APPEND, key, tree))

    def increment(self, key: str, by: Number = 1) -> Number:
        total = super().increment(key, by)
        self._operations.append(Operation(INCREMENT, key, by))
        return total

    def clear(self) -> None:
        """Delete all data; data that is set afterwards has another identifier.

        A login often begins with it. The identifier that was known before is of no use then.
        """
        super().clear()
        self._must_regenerate = True

    def regenerate(self) -> None:
        self._must_regenerate = True
        self.modified = True

    def end(self) -> None:
        if self._identifier is not None:
            self._ended.append((self._identifier, self._stored_owner))
        self.clear()
        # Data that is set from now on belongs to another session.
        self._trees, self._operations, self._stored_owner = {}, [], None
        self._identifier, self._version, self._is_taken_over = None, 0, False
        self._must_regenerate = False

    def _find_changes(self) -> Changes:
        """Return what was changed since the session was opened."""
        return find_changes(self._trees, self, self._operations, session_json_serializer.dumps)


def from_trees(trees: Trees) -> dict[str, t.Any]:
    """Return the data of a session from its trees.

    :raises Exception: the value of a tag is malformed.
    """
    untag = session_json_serializer._untag_scan
    # Not the dict as a whole: its only key may look like a tag.
    return {key: untag(tree) for key, tree in trees.items()}


def to_trees(data: Mapping[str, object]) -> Trees:
    """Return a session's data as trees."""
    dumps = session_json_serializer.dumps
    return {str(key): to_tree(value, dumps) for key, value in data.items()}
