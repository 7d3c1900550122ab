"""Caches for values that clients can choose, limited by count and by bytes."""

from __future__ import annotations

import typing as t
from sys import getsizeof

LARGEST_ENTRY: t.Final = 4096
"""Bytes of the largest entry that is kept. Larger ones are computed each time."""

Key = t.TypeVar("Key")
Value = t.TypeVar("Value")


def store(
    cache: dict[Key, Value],
    key: Key,
    value: Value,
    max_entries: int,
    max_bytes: int = LARGEST_ENTRY,
) -> None:
    """Store a value in a cache of at most ``max_entries * max_bytes`` bytes.

    A full cache is emptied, so values that a client invents cannot displace common ones for long.
    To read, use the dict directly.

    :param cache: a dict.
    :param key: text, bytes, or a tuple of them.
    :param value: anything that `size_of` accepts.
    :param max_entries: entries of a full cache.
    :param max_bytes: bytes of the largest entry that is kept.
    """
    if size_of(key) + size_of(value) > max_bytes:
        return
    if len(cache) >= max_entries:
        cache.clear()
    cache[key] = value


def size_of(thing: object) -> int:
    """Return the bytes that a value uses, including the items of a tuple or a list."""
    if type(thing) is tuple or type(thing) is list:
        return getsizeof(thing) + sum(map(size_of, thing))
    # A class exists anyway. The cache holds only a reference to it.
    return 0 if isinstance(thing, type) else getsizeof(thing)
