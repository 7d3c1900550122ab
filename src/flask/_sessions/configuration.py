"""Creates the session interface of an application from its settings ``SESSION_...``."""

from __future__ import annotations

import os
import typing as t
from datetime import timedelta

from ..sessions import SessionStore
from ..typing import AnyApp
from .interface import StoredSessionInterface

_METHODS = ("read", "write", "delete", "touch")
_KNOWN = (
    "'sqlite:///sessions.sqlite', 'redis://host:6379/0', 'rediss://...', 'unix://...', 'memory://',"
    " or an object with the methods of flask.sessions.SessionStore"
)
_CHOICES = {
    "SESSION_STORE_ERRORS": ("503", "empty"),
    "SESSION_CONFLICT": ("merge", "raise"),
}


def make_interface(app: AnyApp) -> StoredSessionInterface:
    """Create the session interface for ``SESSION_STORE``.

    :raises ValueError: a setting has an unknown value.
    :raises TypeError: ``SESSION_STORE`` is an object without a store's methods.
    :raises RuntimeError: redis-py is needed, and not installed.
    """
    for name, choices in _CHOICES.items():
        # An environment variable FLASK_SESSION_STORE_ERRORS=503 is read as a number.
        if str(app.config[name]) not in choices:
            raise ValueError(
                f"{name} is {app.config[name]!r}. Set it to {' or '.join(map(repr, choices))}."
            )
    lifetime = app.config["SESSION_STORE_LIFETIME"]
    if isinstance(lifetime, timedelta):
        lifetime = lifetime.total_seconds()
    if not isinstance(lifetime, int | float) or lifetime < 1:
        raise ValueError(
            f"SESSION_STORE_LIFETIME is {app.config['SESSION_STORE_LIFETIME']!r}. Set it to a"
            " timedelta, or to a number of seconds, of at least one second."
        )
    return StoredSessionInterface(
        make_store(app.config["SESSION_STORE"], app.instance_path),
        str(app.config["SESSION_STORE_ERRORS"]),
        app.config["SESSION_CONFLICT"],
    )


def make_store(setting: object, folder: str) -> SessionStore:
    """Return the store of a setting.

    :param setting: a URL, or a store.
    :param folder: a relative path of SQLite is in it: the instance folder.
    :raises ValueError: the URL is of no known kind.
    :raises TypeError: it is neither a text nor a store.
    """
    if not isinstance(setting, str):
        missing = [name for name in _METHODS if not callable(getattr(setting, name, None))]
        if missing:
            raise TypeError(
                f"SESSION_STORE is a {type(setting).__name__} without {', '.join(missing)}()."
                f" Set it to {_KNOWN}."
            )
        return t.cast("SessionStore", setting)
    scheme, separator, rest = setting.partition("://")
    if separator and scheme in {"redis", "rediss", "unix"}:
        from .redis_store import RedisStore

        return RedisStore(setting)
    if scheme == "sqlite" and rest.startswith("/") and rest[1:] not in {"", ":memory:"}:
        from .sqlite_store import SQLiteStore

        return SQLiteStore(os.path.join(folder, rest[1:]))
    if setting == "memory://":
        from .memory_store import MemoryStore

        return MemoryStore()
    raise ValueError(f"SESSION_STORE is the URL {_hide_password(setting)!r}. Set it to {_KNOWN}.")


def _hide_password(url: str) -> str:
    start, separator, host = url.rpartition("@")
    return f"{start.partition('://')[0]}://...@{host}" if separator else url
