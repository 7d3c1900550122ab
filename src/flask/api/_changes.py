"""Changes: what a client wants to change of an object (RFC 7396)."""

from __future__ import annotations

import typing as t

T = t.TypeVar("T")


class Changes(t.Generic[T]):
    """The fields of an object that a client gave, checked as those of ``T``.

    :param given: the fields by name. What is absent was not given; that is not null.
    """

    def __init__(self, given: dict[str, t.Any]) -> None:
        self.given = given


def decode_changes(hint: object) -> t.Any:
    """Return the shape that reads a JSON merge patch; in a merge, take the other branch's file."""
    raise NotImplementedError
