"""Checks of a request that explain mistakes: what hooks return, and errors that are not handled.

The texts are in ``request_errors``, which is imported when an error is explained.
"""

from __future__ import annotations

import typing as t
from contextlib import suppress

from werkzeug.exceptions import BadRequestKeyError, HTTPException
from werkzeug.routing import RequestRedirect

from .._core.awaitables import NOT_AWAITABLE, explain_second_loop
from .._core.waiting import wait

if t.TYPE_CHECKING:
    from ..wrappers import Response

_PREFLIGHT: t.Final = "HTTP_ACCESS_CONTROL_REQUEST_METHOD"
_EXPLAINED = (NameError, TypeError, LookupError)
_JINJA_ERRORS = "jinja2.exceptions"  # a module that an application may not import


class _App(t.Protocol):
    @property
    def config(self) -> t.Mapping[str, t.Any]: ...
    @property
    def debug(self) -> bool: ...


def wait_for_response(answer: t.Any, hook: object) -> Response:
    """Return the response of an ``after_request`` function, awaited if it is awaitable.

    :param answer: what the function returned.
    :param hook: the function.
    :raises TypeError: it returned something else, such as ``None``.
    """
    kind = answer.__class__
    if kind not in NOT_AWAITABLE and hasattr(kind, "__await__"):
        answer = wait(answer)
    if not callable(answer):  # a response is a WSGI application
        from .request_errors import explain_after_request

        raise TypeError(explain_after_request(hook, answer))
    return answer  # type: ignore[no-any-return]


def explain_error(error: BaseException) -> None:
    """Add notes to an error that nothing handled: what the mistake is, and where.

    :param error: the error.
    """
    explain_second_loop(error)
    if isinstance(error, _EXPLAINED) or type(error).__module__ == _JINJA_ERRORS:
        from .request_errors import add_notes

        with suppress(Exception):  # of a __repr__ or a loader; the error itself is raised or logged
            add_notes(error)


def explain_http_error(app: _App, error: HTTPException) -> None:
    """Add to an HTTP error what it is about; clients see it in debug mode only.

    :param app: the application.
    :param error: the error.
    """
    debug = app.debug
    if isinstance(error, BadRequestKeyError):
        if not debug and not app.config["TRAP_BAD_REQUEST_ERRORS"]:
            return
        error.show_exception = True
    if debug or app.config["TESTING"]:
        from .request_errors import describe_http_error

        with suppress(HTTPException):  # what it reads of the request may be too large
            describe_http_error(app, error)


def loses_body(error: HTTPException, method: str) -> bool:
    """Return whether browsers drop the body of a request because routing redirects it.

    :param error: the error of routing.
    :param method: the HTTP method of the request.
    """
    is_redirect = isinstance(error, RequestRedirect) and error.code not in {307, 308}
    return is_redirect and method not in {"GET", "HEAD", "OPTIONS"}


def watch_preflight(app: t.Any, environ: t.Mapping[str, t.Any], response: Response) -> None:
    """In debug mode, log a preflight whose answer allows nothing.

    Browsers show it only in their console, and the server's access log shows a 200.

    :param app: the application.
    :param environ: the WSGI environment of an ``OPTIONS`` request.
    :param response: the default answer. Hooks may add headers to it later.
    """
    if _PREFLIGHT in environ and "HTTP_ORIGIN" in environ and app.debug:
        from .request_errors import log_refused_preflight

        log_refused_preflight(app, environ, response)
