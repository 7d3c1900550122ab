"""Sessions in an SQLite database, for the processes of one machine: ``sqlite:///sessions.sqlite``.

Each statement is its own transaction, and SQLite makes each atomic. The journal is a write-ahead
log, so readers do not wait for the writer.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
import typing as t
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..sessions import SessionStoreError

Result = t.TypeVar("Result")

_BUSY_TIMEOUT = 10.0  # seconds that a statement waits for the writer of another process
_MOST_IDLE = 16  # connections that are kept

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY,
    data TEXT NOT NULL,
    version INTEGER NOT NULL,
    expires REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_expires ON sessions (expires);
"""
_READ = "SELECT data, version FROM sessions WHERE id = ? AND expires > ?"
_CREATE = """
INSERT INTO sessions (id, data, version, expires) VALUES (:id, :data, 1, :expires)
ON CONFLICT (id) DO UPDATE SET data = :data, version = 1, expires = :expires WHERE expires <= :now
"""
_UPDATE = """
UPDATE sessions SET data = :data, version = version + 1, expires = :expires
WHERE id = :id AND version = :version AND expires > :now
"""
_DELETE = "DELETE FROM sessions WHERE id = ?"
_TOUCH = "UPDATE sessions SET expires = ? WHERE id = ? AND expires > ?"
_PURGE = """
DELETE FROM sessions
WHERE id IN (SELECT id FROM sessions WHERE expires <= ? ORDER BY expires LIMIT ?)
"""

_PURGE_CHANCE = 0.01  # of a new session
_PURGED_AT_ONCE = 500
_KEPT_LONGER = 86400.0  # seconds; if the clock was set forward by mistake, nothing is lost


class SQLiteStore:
    """A session store in a file.

    :param path: the file. It is created with its folder, readable by the user of the process only.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = f"sqlite:///{path}"
        self._begin()
        _stores.add(self)
        # Connections that are not closed are reported as a leak when the process ends.
        self._at_end = weakref.finalize(self, _close_all, self._idle)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._is_prepared = False
        self._idle: list[sqlite3.Connection] = []

    def read(self, id: str) -> tuple[str, int] | None:
        """Return data and version of a session that has not expired."""
        with self._connection() as connection:
            row = connection.execute(_READ, (id, time.time())).fetchone()
        if row is None:
            return None
        data, version = row
        # Another program may have stored values of other types.
        return (data if isinstance(data, str) else "", version if isinstance(version, int) else 0)

    def write(self, id: str, data: str, version: int, lifetime: int) -> bool:
        """Store a session if nothing has written it since."""
        now = time.time()
        values = {"id": id, "data": data, "version": version, "now": now, "expires": now + lifetime}
        with self._connection() as connection:
            is_stored = connection.execute(_UPDATE if version else _CREATE, values).rowcount == 1
            if not version and random.random() < _PURGE_CHANCE:
                connection.execute(_PURGE, (now - _KEPT_LONGER, _PURGED_AT_ONCE))
        return is_stored

    def delete(self, id: str) -> None:
        """Delete a session's row."""
        with self._connection() as connection:
            connection.execute(_DELETE, (id,))

    def touch(self, id: str, lifetime: int) -> None:
        """Postpone the end of a session that has not expired."""
        now = time.time()
        with self._connection() as connection:
            connection.execute(_TOUCH, (now + lifetime, id, now))

    def purge(self) -> int:
        """Delete expired sessions, some at a time, so that requests need not wait.

        :returns: how many there were.
        """
        total = 0
        while True:
            with self._connection() as connection:
                count = connection.execute(_PURGE, (time.time(), _PURGED_AT_ONCE)).rowcount
            total += count
            if count < _PURGED_AT_ONCE:
                return total

    def close(self) -> None:
        """Close the idle connections; a later call opens new ones."""
        with self._lock:
            _close_all(self._idle)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Take an idle connection, or open one; one that has failed is not used again.

        :raises SessionStoreError: SQLite raised an error.
        """
        connection = None
        try:
            with self._lock:
                if self._idle:
                    connection = self._idle.pop()
            if connection is None:
                connection = self._open()
            yield connection
        except (sqlite3.Error, OSError) as error:
            self._is_prepared = False  # the file may have been deleted
            if connection is not None:
                connection.close()
            raise SessionStoreError(f"{type(error).__name__}: {error}") from error
        except BaseException:
            if connection is not None:
                connection.close()
            raise
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def _open(self) -> sqlite3.Connection:
        if not self._is_prepared:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            # SQLite would create it with the permissions of the umask; WAL and index copy them.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            self.path,
            timeout=_BUSY_TIMEOUT,
            isolation_level=None,  # each statement is a transaction
            check_same_thread=False,  # one thread at a time uses it
        )
        try:
            if not self._is_prepared:
                _retry_while_locked(lambda: connection.execute("PRAGMA journal_mode = WAL"))
                _retry_while_locked(lambda: connection.executescript(_SCHEMA))
                self._is_prepared = True
            # With a write-ahead log, a crash of the process loses nothing. If the machine fails,
            # the last transactions may be lost, and the database is still consistent.
            connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            connection.close()
            raise
        return connection


def _retry_while_locked(work: Callable[[], Result]) -> Result:
    """Call a function again while another process has a lock for which SQLite does not wait."""
    end = time.monotonic() + _BUSY_TIMEOUT
    while True:
        try:
            return work()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _close_all(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()


_stores: weakref.WeakSet[SQLiteStore] = weakref.WeakSet()


def _close_before_fork() -> None:
    """Close idle connections: the processes after a fork must not share one.

    https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_file_across_a_fork_
    """
    for store in list(_stores):
        store.close()


def _begin_after_fork() -> None:
    """Forget locks of threads that the new process does not have."""
    for store in list(_stores):
        store._lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_close_before_fork, after_in_child=_begin_after_fork)
