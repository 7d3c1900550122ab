"""Sessions in the memory of this process, for tests: ``memory://``."""

from __future__ import annotations

import threading
import time
import typing as t


class _Record(t.NamedTuple):
    data: str
    version: int
    end: float
    """When it expires, on the monotonic clock."""


class MemoryStore:
    """A session store for one process. Its sessions end with the process."""

    name = "memory://"
    """For messages."""
    answers_at_once = True
    """Whether a call waits for nothing, so it needs no thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: dict[str, _Record] = {}
        self._next_purge = _BETWEEN_PURGES

    def read(self, id: str) -> tuple[str, int] | None:
        """Return data and version of a session in memory that has not expired."""
        with self._lock:
            record = self._find(id)
        return None if record is None else (record.data, record.version)

    def write(self, id: str, data: str, version: int, lifetime: int) -> bool:
        """Store a session in memory if nothing has written it since."""
        with self._lock:
            record = self._find(id)
            if version != (0 if record is None else record.version):
                return False
            if record is None:
                self._purge_sometimes()
            self._records[id] = _Record(data, version + 1, time.monotonic() + lifetime)
        return True

    def delete(self, id: str) -> None:
        """Forget a session."""
        with self._lock:
            self._records.pop(id, None)

    def touch(self, id: str, lifetime: int) -> None:
        """Postpone the end of a session in memory."""
        with self._lock:
            record = self._find(id)
            if record is not None:
                end = time.monotonic() + lifetime
                self._records[id] = _Record(record.data, record.version, end)

    def purge(self) -> int:
        """Delete expired sessions; return how many there were."""
        with self._lock:
            return self._purge()

    def _find(self, id: str) -> _Record | None:
        record = self._records.get(id)
        return None if record is None or record.end <= time.monotonic() else record

    def _purge_sometimes(self) -> None:
        self._next_purge -= 1
        if self._next_purge <= 0:
            self._next_purge = max(_BETWEEN_PURGES, len(self._records))
            self._purge()

    def _purge(self) -> int:
        now = time.monotonic()
        expired = [id for id, record in self._records.items() if record.end <= now]
        for id in expired:
            del self._records[id]
        return len(expired)


_BETWEEN_PURGES = 1000  # new sessions
