"""What ``g`` is: a plain namespace."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ._current import get_app_context

_sentinel = object()
"""Stands for "not given" where ``None`` is a value."""


class _AppCtxGlobals:
    """The class of ``g``: a plain namespace that lives as long as an application context."""

    __module__ = "flask.ctx"  # where it is promised

    # Any name may be set, read and deleted; type checkers are told so, Python knows.
    if t.TYPE_CHECKING:

        def __getattr__(self, name: str) -> t.Any: ...
        def __setattr__(self, name: str, value: t.Any) -> None: ...
        def __delattr__(self, name: str) -> None: ...

    def get(self, name: str, default: t.Any | None = None) -> t.Any:
        """Return an attribute, or a default, like ``dict.get``."""
        return self.__dict__.get(name, default)

    def pop(self, name: str, default: t.Any = _sentinel) -> t.Any:
        """Take an attribute out and return it, like ``dict.pop``.

        :raises KeyError: there is no such attribute, and no default is given.
        """
        if default is _sentinel:
            return self.__dict__.pop(name)
        return self.__dict__.pop(name, default)

    def setdefault(self, name: str, default: t.Any = None) -> t.Any:
        """Return an attribute, set first if need be: ``dict.setdefault``."""
        return self.__dict__.setdefault(name, default)

    def __contains__(self, item: str) -> bool:
        return item in self.__dict__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __repr__(self) -> str:
        context = get_app_context(None)
        if context is None:
            return object.__repr__(self)
        return f"<flask.g of '{context.app.name}'>"
