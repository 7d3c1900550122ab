"""The sessions of a user in a session store; ``flask.sessions`` publishes these functions.

They call the application's session interface, and import nothing of the stores.
"""

from __future__ import annotations

import typing as t

from .current import Current, current_app


class OwnedSession(t.NamedTuple):
    """A stored session of a user; ``sessions_of`` returns it."""

    id: str
    """The hash of the identifier. It is no secret, and of no use in a cookie."""
    data: dict[str, t.Any]
    """A copy of the data."""
    is_current: bool
    """Whether it is the session of the current request."""


OwnedSession.__module__ = "flask.sessions"


def sessions_of(owner: object) -> list[OwnedSession]:
    """Return all sessions of a user, the oldest login first.

    They are those whose ``session.owner`` was set to the user. It needs ``SESSION_STORE``.

    :param owner: what ``session.owner`` was set to.
    :raises RuntimeError: the sessions of the application are not in a store.
    :raises SessionStoreUnavailable: the store cannot answer.
    """
    app, interface = _get_store_interface("sessions_of")
    sessions: list[OwnedSession] = interface.sessions_of(app, owner)
    return sessions


def end_sessions(owner: object, *, keep_current: bool = False) -> int:
    """Log a user out everywhere: delete all sessions of the user.

    :param owner: what ``session.owner`` was set to.
    :param keep_current: do not end the session of the current request.
    :returns: how many sessions were ended.
    :raises RuntimeError: the sessions of the application are not in a store.
    :raises SessionStoreUnavailable: the store cannot answer.
    """
    app, interface = _get_store_interface("end_sessions")
    count: int = interface.end_sessions(app, owner, keep_current)
    return count


def _get_store_interface(function: str) -> tuple[Current, Current]:
    """Return the current application and its interface, whose module is not imported here."""
    app = current_app._get_current_object()
    app._compute_fast_paths()  # it sets the interface of SESSION_STORE
    interface = app.session_interface
    if not hasattr(interface, function):
        raise RuntimeError(
            f"{function}() needs sessions in a store, and those of this application are in"
            f" {type(interface).__name__}. Set SESSION_STORE, such as 'sqlite:///sessions.sqlite'."
        )
    return app, interface
