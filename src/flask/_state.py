"""A response's state as Werkzeug's own response has it.

So pickles and copies are the same on both sides: a cache that official Flask filled can be read,
and it can read what is written here.
"""

from __future__ import annotations

import typing as t

THEIRS: t.Final = frozenset({"_on_close", "headers", "response"})
"""Werkzeug's names for what a response keeps under others."""

_OWN = frozenset(
    {
        *("_body", "_callbacks", "_content_type", "_file", "_headers", "_iterable"),
        *("_more_headers", "_was_read"),
    }
)


def state_of(response: t.Any) -> dict[str, t.Any]:
    """Return the attributes that Werkzeug's own response would have.

    :param response: its body is an iterable afterwards.
    """
    theirs = {name: getattr(response, name) for name in ("response", "headers", "_on_close")}
    state = {name: value for name, value in vars(response).items() if name not in _OWN}
    return {**state, **theirs, "direct_passthrough": response.direct_passthrough}


def take_state(response: t.Any, state: dict[str, t.Any]) -> None:
    """Give a response such attributes."""
    vars(response).update({name: state[name] for name in state.keys() - THEIRS})
    for name in THEIRS & state.keys():
        setattr(response, name, state[name])
