"""Finds out what a subclass, an assignment or a patch overrides, and when classes change."""

from __future__ import annotations

from collections.abc import Mapping
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
        """Return whether a subject overrides none of the members.

        :param subject: a subclass; or an instance of one, for the instance and its class.
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
                if bound.__self__ is not subject:
                    return False
        return True


def find_member(kind: type, name: str) -> object:
    """Return a member of a class or of its bases as it is defined, without binding it."""
    for base in kind.__mro__:
        member = base.__dict__.get(name, _MISSING)
        if member is not _MISSING:
            return member
    return _MISSING


class ClassGuard:
    """Notices that members of classes were added, replaced or removed.

    CPython has no notification for that. Comparing all members would take most of the time of a
    request. Comparing the number of members is cheap, and enough for what a class inherits: its
    override is a new member. A class of ours defines none of the guarded members itself.

    What was put on a class after its definition is compared one by one, because another override
    may take its place.

    :param kinds: each class, and its base that defines the guarded members. The classes before the
        base in the method resolution order are guarded.
    """

    __slots__ = ("_late", "is_simple", "members", "size")

    members: tuple[Mapping[str, object], ...]
    """The members of each guarded class."""
    size: int
    """Their number."""
    is_simple: bool
    """Whether their number is all that has to be compared."""

    def __init__(self, *kinds: tuple[type, type]) -> None:
        guarded = [c for kind, base in kinds for c in kind.__mro__[: kind.__mro__.index(base)]]
        self.members = tuple(vars(c) for c in guarded)
        self.size = sum(map(len, self.members))
        self._late = [
            (vars(c), name, value)
            for c in guarded
            for name, value in vars(c).copy().items()  # a thread may patch the class meanwhile
            if name not in defined_names(c)
        ]
        self.is_simple = not self._late

    def is_unchanged(self) -> bool:
        """Return whether the classes have the members that they had."""
        if sum(map(len, self.members)) != self.size:
            return False
        return self.is_simple or all(
            members.get(name, _MISSING) is value for members, name, value in self._late
        )


_DEFINED = "_defined_names"


def note_definition(kind: type) -> None:
    """Remember which members the definition of a class has.

    Called by ``__init_subclass__``.
    """
    setattr(kind, _DEFINED, frozenset(vars(kind)) | {_DEFINED})


def defined_names(kind: type) -> frozenset[str]:
    """Return the names of the members that the definition of a class has."""
    names: frozenset[str] = vars(kind).get(_DEFINED, frozenset())
    return names
