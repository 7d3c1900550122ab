"""What happens when the store does not answer: a log line a minute, and a 503 or no session."""

from __future__ import annotations

import threading
import time
import typing as t

from werkzeug.wrappers import Response as BaseResponse

from ..sessions import SessionStoreError, SessionStoreUnavailable
from ..typing import AnyApp

RETRY_AFTER: t.Final = 5
"""Seconds after which a client may try again."""

BETWEEN_TRIES: t.Final = 1.0
"""Seconds between two calls of a store that does not answer."""

_BETWEEN_LINES = 60.0  # seconds
_SLOW = 0.1  # seconds; a failure that takes longer keeps a thread from other requests

CONSEQUENCES: t.Final = {
    "503": "Requests that need the session are answered with 503, others are served.",
    "empty": "Sessions are empty, and changes are not stored.",
}
"""For each value of ``SESSION_STORE_ERRORS`` what it means, for the log."""


class LimitedLog:
    """Logs a kind of event at most once a minute.

    :param level: name of the logger's method.
    """

    def __init__(self, level: str) -> None:
        self._level = level
        self._lock = threading.Lock()
        self._next = float("-inf")
        self._omitted = 0

    def log(self, app: AnyApp, message: str) -> None:
        """Log a message, unless one was logged within a minute."""
        now = time.monotonic()
        with self._lock:
            if now < self._next:
                self._omitted += 1
                return
            self._next = now + _BETWEEN_LINES
            omitted, self._omitted = self._omitted, 0
        more = f" It happened {omitted} more times since the last line." if omitted else ""
        getattr(app.logger, self._level)(f"{message}{more} This is logged at most once a minute.")


class CircuitBreaker:
    """Lets requests fail at once while the store does not answer.

    Without it, each of them waits for the timeout, until all threads of the server wait. An error
    that comes fast, such as a refused connection, needs no breaker.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reason: str | None = None  # None: the store answers
        self._next_try = 0.0

    def check(self) -> None:
        """Allow a call of the store, or raise the last error again.

        One call in `BETWEEN_TRIES` seconds finds out whether the store answers again.

        :raises SessionStoreError: the store did not answer a moment ago.
        """
        if self._reason is None:
            return
        with self._lock:
            reason = self._reason
            now = time.monotonic()
            if reason is None:
                return
            if now >= self._next_try:
                self._next_try = now + BETWEEN_TRIES
                return
        raise SessionStoreError(reason)

    def note_failure(self, error: Exception, seconds: float) -> None:
        """Note that a call has failed after some time."""
        if seconds >= _SLOW or self._reason is not None:
            with self._lock:
                self._reason = f"{error or type(error).__name__}"
                self._next_try = time.monotonic() + BETWEEN_TRIES

    def note_success(self) -> None:
        """Note that the store has answered."""
        if self._reason is not None:
            with self._lock:
                self._reason = None


def make_unavailable() -> SessionStoreUnavailable:
    """Return the error of a request that needs the session."""
    return SessionStoreUnavailable(
        "Sessions are not available at the moment. Try again in a few seconds.",
        retry_after=RETRY_AFTER,
    )


def replace_response(app: AnyApp, response: BaseResponse, error: Exception) -> None:
    """Turn a response into that of an HTTP exception, because the session was not stored.

    The error's handler is called, as for one that a view raises.

    :param response: it is changed in place.
    :param error: `SessionStoreUnavailable` or `SessionConflict`.
    """
    answer = app.make_response(app.handle_http_exception(error))
    close = getattr(response.response, "close", None)
    if close is not None:
        close()
    response.direct_passthrough = False
    response.status_code = answer.status_code
    response.set_data(answer.get_data())
    response.headers.clear()
    response.headers.extend(answer.headers)
