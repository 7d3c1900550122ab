"""State and methods that Werkzeug's response has and this package's response stores differently.

Pickles and copies are compatible in both directions: this package reads a cache that official Flask
wrote, and official Flask reads a cache that this package wrote.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .body_kind import GIVEN

WERKZEUG_NAMES: t.Final = frozenset({"_on_close", "headers", "response"})
"""Attributes of Werkzeug's response that are properties of this package's response."""

_PACKAGE_NAMES = frozenset(
    {"_body", "_callbacks", "_content_type", "_headers", "_iterable", "_kind", "_more_headers"}
)


_DEFAULTS: dict[str, object] = {
    "_body": None,
    "_headers": None,
    "_kind": GIVEN,
    "_more_headers": None,
}


class _Response(t.Protocol):
    _is_unmodified: bool
    direct_passthrough: bool

    def _materialize(self) -> None: ...


def get_state(response: _Response) -> dict[str, object]:
    """Return the attributes that Werkzeug's response would have.

    :param response: its body is an iterable afterwards.
    """
    inherited = {name: getattr(response, name) for name in ("response", "headers", "_on_close")}
    state = {name: value for name, value in vars(response).items() if name not in _PACKAGE_NAMES}
    return {**state, **inherited, "direct_passthrough": response.direct_passthrough}


def set_state(response: object, state: Mapping[str, object]) -> None:
    """Set the attributes that `get_state` returned."""
    for name, value in _DEFAULTS.items():
        vars(response).setdefault(name, value)
    vars(response).update({name: state[name] for name in state.keys() - WERKZEUG_NAMES})
    for name in WERKZEUG_NAMES & state.keys():
        setattr(response, name, state[name])


class SendingMethod:
    """A method that sends a response, and that may be overridden on one response.

    The fast path does not call it, so a response with its own method does not take the fast path.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner = owner
        self.name = name

    def __get__(self, instance: object, owner: type | None = None) -> object:
        if instance is not None and self.name in instance.__dict__:
            return instance.__dict__[self.name]
        return getattr(super(self.owner, owner if instance is None else instance), self.name)

    def __set__(self, instance: _Response, value: object) -> None:
        instance._materialize()
        instance._is_unmodified = False
        instance.__dict__[self.name] = value

    def __delete__(self, instance: object) -> None:
        if self.name not in instance.__dict__:
            raise AttributeError(self.name)
        del instance.__dict__[self.name]
