"""An attribute that is computed at the first access.

Most requests never read most attributes of a request, a context or a response. Unread attributes
cost nothing. `lazy` is a *non-data* descriptor: the value is stored on the instance under the same
name. So the second read is an ordinary attribute read, and you can assign to the attribute.

A subclass may override such an attribute by a data descriptor, such as a property that reads
``super().form``. Then the value is stored in the instance's ``__dict__``, where it does not hide
the property, as Werkzeug's ``cached_property`` does it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from inspect import getattr_static

Value = t.TypeVar("Value")

_MISSING = object()


class lazy(t.Generic[Value]):
    """Turn a method without arguments into an attribute that is computed once.

    PERF: a first read costs 0.15 us and each later one 0.02 us. Werkzeug's ``cached_property`` is
    a data descriptor: 0.23 and 0.12 us.

    :param method: called with the instance at the first read.
    """

    is_overridden: bool
    """Whether a subclass overrides the attribute by a data descriptor."""

    def __init__(self, method: Callable[..., Value]) -> None:
        self.method = method
        self.is_overridden = False
        self.__doc__ = method.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @t.overload
    def __get__(self, instance: None, owner: type | None = None) -> t.Self: ...

    @t.overload
    def __get__(self, instance: object, owner: type | None = None) -> Value: ...

    def __get__(self, instance: object | None, owner: type | None = None) -> t.Self | Value:
        if instance is None:
            return self
        if self.is_overridden:
            return self._get_overridden(instance)
        value = self.method(instance)
        # Not through __dict__: CPython would create a dict for the instance.
        try:
            setattr(instance, self.name, value)
        except AttributeError:  # a property that was set on the class after it was created
            self.is_overridden = True
            instance.__dict__[self.name] = value
        return value

    def _get_overridden(self, instance: object) -> Value:
        kept = instance.__dict__
        value = kept.get(self.name, _MISSING)
        if value is _MISSING:
            value = kept[self.name] = self.method(instance)
        return t.cast("Value", value)

    # Only for type checkers. At run time there must be no __set__: see the module's docstring.
    if t.TYPE_CHECKING:

        def __set__(self, instance: object, value: Value) -> None: ...


def note_overrides(cls: type) -> None:
    """Find the lazy attributes that a new class overrides by data descriptors.

    Called by ``__init_subclass__`` of the classes that have lazy attributes.

    :param cls: the class.
    """
    for base in cls.__mro__[1:]:
        for name, member in vars(base).items():
            if isinstance(member, lazy) and hasattr(type(getattr_static(cls, name)), "__set__"):
                member.is_overridden = True


class lazy_default(t.Generic[Value]):
    """A class attribute whose default is imported at the first access.

    :param find: imports the default and returns it.
    """

    def __init__(self, find: Callable[[], Value]) -> None:
        self.find = find

    def __get__(self, instance: object | None, owner: type) -> Value:
        return self.find()
