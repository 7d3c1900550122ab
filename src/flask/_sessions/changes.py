"""The changes that a request makes to a session, and how they are merged into what is stored.

Values are compared and stored in their form for JSON, here called *trees*: dicts, lists, strings
and numbers, with the tags of ``flask.json.tag`` for other types. Each top-level key is merged for
itself: what this request read, what it changed, and what is stored now.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ..sessions import SessionConflict

Tree: t.TypeAlias = object
"""A value as JSON."""
Trees: t.TypeAlias = dict[str, Tree]
"""A session's data: the tree of each key."""

APPEND: t.Final = "append"
INCREMENT: t.Final = "increment"

_SCALARS: t.Final = frozenset({str, int, float, bool, type(None)})


class Operation(t.NamedTuple):
    """A change that is applied to whatever is stored."""

    kind: str
    """`APPEND` or `INCREMENT`."""
    key: str
    """The key of the session."""
    argument: t.Any
    """The tree of the item, or the number."""


class Changes(t.NamedTuple):
    """What a request changed, as trees."""

    base: Trees
    """The data that the request read."""
    values: Trees
    """The new value of each key that was set or changed inside. For a key that was only changed by
    operations, the value in this request."""
    removed: frozenset[str]
    """The keys that were deleted."""
    operations: Mapping[str, Sequence[Operation]]
    """The keys that were only changed by operations."""

    def __bool__(self) -> bool:
        return bool(self.values or self.removed)


def find_changes(
    base: Trees,
    data: Mapping[str, object],
    operations: Sequence[Operation],
    dumps: Callable[[object], str],
) -> Changes:
    """Compare a session at the end of a request with what the request read.

    A change inside a value is noticed, because the JSON texts differ.

    :param base: what was read.
    :param data: the session.
    :param operations: those that the request called.
    :param dumps: writes a value as tagged JSON.
    """
    by_key: dict[str, list[Operation]] = {}
    for operation in operations:
        by_key.setdefault(operation.key, []).append(operation)
    values: Trees = {}
    only_operations: dict[str, list[Operation]] = {}
    seen = set()
    for name, value in data.items():
        key = str(name)
        seen.add(key)
        tree = to_tree(value, dumps)
        called = by_key.get(key)
        if called and _text(_expected(base, called)) == _text(tree):
            only_operations[key] = called
            values[key] = tree
        elif key not in base or _text(base[key]) != _text(tree):
            values[key] = tree
    return Changes(base, values, frozenset(base.keys() - seen), only_operations)


def to_tree(value: object, dumps: Callable[[object], str]) -> Tree:
    """Return a value as JSON.

    :param dumps: writes tagged JSON.
    """
    if type(value) in _SCALARS:
        return value
    return t.cast("Tree", json.loads(dumps(value)))


def _text(tree: Tree) -> str:
    return json.dumps(tree)


def _expected(base: Trees, operations: Sequence[Operation]) -> Tree:
    """Return what operations alone would have made of what was read."""
    merged = dict(base)
    for operation in operations:
        if not _apply(merged, operation):
            return None
    return merged[operations[0].key]


def _apply(data: Trees, operation: Operation) -> bool:
    """Apply an operation; return whether the value is of the kind that it needs."""
    kind, key, argument = operation
    if kind == APPEND:
        items = data.get(key, [])
        if not isinstance(items, list):
            return False
        data[key] = [*items, argument]
    else:
        number = data.get(key, 0)
        if not isinstance(number, int | float) or isinstance(number, bool):
            return False
        data[key] = number + argument
    return True


def merge(stored: Trees, changes: Changes, must_raise: bool = False) -> Trees:
    """Return what is stored now with a request's changes.

    :param stored: the data in the store.
    :param must_raise: an error for a key that both changed. Otherwise the later write wins, which
        is this one.
    :raises SessionConflict: both changed one key, to different values.
    """
    if must_raise:
        _check_conflicts(stored, changes)
    merged = {key: value for key, value in stored.items() if key not in changes.removed}
    for key, value in changes.values.items():
        operations = changes.operations.get(key, ())
        if not operations or not all(_apply(merged, operation) for operation in operations):
            merged[key] = value  # another request stored a value of another kind
    return merged


def _check_conflicts(stored: Trees, changes: Changes) -> None:
    missing = object()

    def text(data: Trees, key: str) -> str | None:
        value = data.get(key, missing)
        return None if value is missing else _text(value)

    written = [key for key in changes.values if key not in changes.operations]
    conflicts = [
        key
        for key in [*written, *changes.removed]
        if text(stored, key) not in {text(changes.base, key), text(changes.values, key)}
    ]
    if conflicts:
        raise SessionConflict(conflicts)


def write_document(data: Trees) -> str:
    """Return the text that is stored: tagged JSON in ASCII, as in a session cookie."""
    return json.dumps(data, separators=(",", ":"))


def read_document(text: str) -> Trees | None:
    """Return the data of a stored text; ``None`` if it is none of a session."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
