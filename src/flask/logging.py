"""The application's logger, a stream that follows the current request, and request identifiers.

The logger has the application's name. A handler is added only if no other handler shows its
messages, so the logging configuration of a program stays as it is.
"""

from __future__ import annotations

import logging
import sys
import typing as t
from contextvars import ContextVar

from werkzeug.local import LocalProxy

from ._core.current import _cv_request
from ._core.reexports import module_getattr

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)


@LocalProxy
def wsgi_errors_stream() -> t.TextIO:
    """The server's error stream during a request, else ``sys.stderr``.

    It is a proxy, so a handler that holds it writes to the stream of the current request. A logging
    configuration can name it: ``"stream": "ext://flask.logging.wsgi_errors_stream"``.
    """
    context = _cv_request.get(None)
    if context is None:
        return sys.stderr
    return t.cast("t.TextIO", context.request.environ["wsgi.errors"])


default_handler = logging.StreamHandler(t.cast("t.TextIO", wsgi_errors_stream))
"""Writes to `wsgi_errors_stream`; added to an application's logger that has no other handler."""

default_handler.setFormatter(
    logging.Formatter("[%(asctime)s] %(levelname)s in %(module)s: %(message)s")
)


current_request_id: ContextVar[str | None] = ContextVar("flask.request_id", default=None)
"""The identifier of the current request, or ``None``. ``flask serve --access-log`` sets it.

Middleware that gives requests identifiers under another server can set it too.
"""


class RequestIdFilter(logging.Filter):
    """Gives log records a ``request_id``, for ``%(request_id)s``.

    Add it to a handler. ``flask serve --access-log`` gives all records the attribute. With the
    filter, the same format works in tests and under other servers, where it is ``-``.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Set the attribute, unless the record has it.

        :param record: the log record.
        :returns: ``True``: every record is logged.
        """
        if not hasattr(record, "request_id"):
            record.request_id = current_request_id.get() or "-"
        return True


class _HasName(t.Protocol):
    @property
    def name(self) -> str: ...

    @property
    def debug(self) -> bool: ...


def has_level_handler(logger: logging.Logger) -> bool:
    """Return whether a handler shows messages of the logger.

    The handlers of its parents count too, as far as messages propagate.
    """
    level = logger.getEffectiveLevel()
    current: logging.Logger | None = logger
    while current is not None:
        if any(handler.level <= level for handler in current.handlers):
            return True
        current = current.parent if current.propagate else None
    return False


def create_logger(app: _HasName) -> logging.Logger:
    """Return an application's logger, with a handler.

    In debug mode a logger without a level gets the level ``DEBUG``.

    :param app: its ``name`` is the logger's name.
    """
    logger = logging.getLogger(app.name)
    if app.debug and logger.level == logging.NOTSET:
        logger.setLevel(logging.DEBUG)
    if not has_level_handler(logger):
        logger.addHandler(default_handler)
    return logger
