"""State and methods that Werkzeug's response has and this package's response stores differently.

Pickles and copies are compatible in both directions: this package reads a cache that official Flask
wrote, and official Flask reads a cache that this package wrote.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from werkzeug.sansio.response import Response as SansIOResponse

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


# A code and a reason (RFC 9112 section 4), without line breaks, which would begin a header.
_STATUS_LINE = re.compile(r"[1-9][0-9]{2}(?: [\t\x20-\x7e\x80-\xff]*)?")
_inherited_status: t.Any = SansIOResponse.status


def _get_status(response: t.Any) -> str:
    line: str = response._status
    return line


def _set_status(response: t.Any, value: object) -> None:
    before = {name: vars(response).get(name) for name in ("_status", "_status_code")}
    kind: type[Exception]
    start = ""
    try:
        _inherited_status.fset(response, value)
    except (AttributeError, TypeError, ValueError) as error:
        kind, start = type(error), f"{error}. "
    else:
        if _STATUS_LINE.fullmatch(response._status) is not None:
            return
        vars(response).update(before)
        kind = ValueError
    from .return_errors import explain_invalid_status

    raise kind(f"{start}{explain_invalid_status(value)}")


checked_status: t.Final = property(
    _get_status,
    _set_status,
    doc="""The status line, such as ``"404 NOT FOUND"``, or the code to set.

    :raises ValueError: the code has not three digits, or the reason has a line break.
    :raises AttributeError: it is neither a text nor an integer.
    """,
)
"""The attribute ``status`` of Werkzeug's response, which is valid in a response that is sent."""


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
