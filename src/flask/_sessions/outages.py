"""What happens when the store does not answer: a log line a minute, and a 503 or no session."""

from __future__ import annotations

import threading
import time
import typing as t

from werkzeug.wrappers import Response as BaseResponse

from ..sessions import SessionStoreUnavailable
from ..typing import AnyApp

RETRY_AFTER: t.Final = 5
"""Seconds after which a client may try again."""

_BETWEEN_LINES = 60.0  # seconds

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
