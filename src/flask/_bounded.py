"""Keep what clients can choose in a dict that is bounded by count and by bytes."""

from __future__ import annotations

import typing as t
from sys import getsizeof

LARGEST_ENTRY: t.Final = 4096
"""Bytes of the largest entry that is kept; whatever is larger is computed each time."""

Key = t.TypeVar("Key")
Value = t.TypeVar("Value")


def keep(
    cache: dict[Key, Value], key: Key, value: Value, most: int, largest: int = LARGEST_ENTRY
) -> None:
    """Keep a value in a cache of ``most * largest`` bytes at the most.

    A full cache is emptied, so that what clients make up cannot keep out what is asked for often.
    Reading is the dict's own: nothing is checked or moved there.

    :param cache: a plain dict.
    :param key: text, bytes, or a tuple with them.
    :param value: anything with a size of its own; see `size_of`.
    :param most: entries of a full cache.
    :param largest: bytes of the largest entry that is kept.
    """
    if size_of(key) + size_of(value) > largest:
        return
    if len(cache) >= most:
        cache.clear()
    cache[key] = value


def size_of(thing: t.Any) -> int:
    """Return how many bytes a value takes, with what a tuple or a list holds."""
    kind = type(thing)
    if kind is tuple or kind is list:
        return getsizeof(thing) + sum(map(size_of, thing))
    # A class is there anyway; only a reference to it is kept.
    return 0 if isinstance(thing, type) else getsizeof(thing)
