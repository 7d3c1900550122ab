"""Finds out what a subclass, an assignment or a patch overrides."""

from __future__ import annotations

from types import FunctionType, MethodType

_MISSING = object()


class Baseline:
    """Members of a class as they are when the class is defined.

    A fast path does what these members do, without calling them. So it is taken only while they are
    unchanged.

    :param kind: the class.
    :param names: the members.
    """

    def __init__(self, kind: type, *names: str) -> None:
        self._members = {name: find_member(kind, name) for name in names}

    def unchanged(self, subject: object, *names: str) -> bool:
        """Return whether a class, or an object and its class, override none of the members.

        :param subject: a subclass, or an instance of one.
        :param names: members; all by default.
        """
        kind = subject if isinstance(subject, type) else type(subject)
        for name in names or self._members:
            member = self._members[name]
            if find_member(kind, name) is not member:
                return False
            if kind is not subject and type(member) is FunctionType:
                # Not by __dict__: on CPython 3.11 the instance would be slower afterwards.
                bound = getattr(subject, name)
                if type(bound) is not MethodType or bound.__func__ is not member:
                    return False
        return True


def find_member(kind: type, name: str) -> object:
    """Return a member of a class or of its bases as it is defined, without binding it."""
    for base in kind.__mro__:
        member = base.__dict__.get(name, _MISSING)
        if member is not _MISSING:
            return member
    return _MISSING
