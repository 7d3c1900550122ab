"""The debugger of the development server: Werkzeug's, with the pages of this package.

Werkzeug's class keeps the frames, runs the commands of the interactive console, and protects them
with the PIN, with a secret in the page, and with the list of trusted hosts.
"""

from __future__ import annotations

import itertools
import sys
import typing as t
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import FrameType

from werkzeug.debug import DebuggedApplication
from werkzeug.debug.tbtools import DebugFrameSummary, DebugTraceback

from .report import ConsoleAccess, Page, make_page

if t.TYPE_CHECKING:
    from _typeshed.wsgi import ErrorStream, StartResponse, WSGIApplication, WSGIEnvironment

_STATUS = "500 INTERNAL SERVER ERROR"
_MOST_ERRORS = 50  # whose frames are kept for the console
_ALREADY_SENT = (
    "An error was raised after the headers of the response were sent, so there is no debug page.\n"
)


class Debugger(DebuggedApplication):
    """WSGI middleware that shows unhandled errors, with an interactive console in each frame.

    :param app: the application.
    :param evalex: whether there is a console.
    """

    def __init__(self, app: WSGIApplication, evalex: bool = False) -> None:
        super().__init__(app, evalex=evalex)
        self._shown: deque[list[int]] = deque()  # the frames of each error
        self._numbers = itertools.count(1)  # 0 is the console without a frame

    def debug_application(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterator[bytes]:
        """Serve a request; respond to an unhandled error with the debug page.

        :param environ: the WSGI environment.
        :param start_response: takes status and headers.
        """
        contexts: list[AbstractContextManager[None]] = []
        if self.evalex:
            # The application adds its contexts, which are entered again for a command.
            environ["werkzeug.debug.preserve_context"] = contexts.append
        body = None
        is_started = False

        def start(*arguments: t.Any) -> t.Callable[[bytes], object]:
            nonlocal is_started
            is_started = True
            return start_response(*arguments)

        try:
            try:
                body = self.app(environ, start)
                yield from body
            finally:
                close = getattr(body, "close", None)
                if close is not None:
                    close()
        except Exception as error:
            page = self._make_page(error, environ, contexts)
            yield from _send(page, error, environ["wsgi.errors"], start_response, is_started)

    def _make_page(
        self,
        error: Exception,
        environ: WSGIEnvironment,
        contexts: list[AbstractContextManager[None]],
    ) -> Page:
        access = None
        if self.evalex and self.check_host_trust(environ):
            added: list[int] = []

            def add(frame: FrameType, number: int) -> int:
                identifier = self._add_frame(frame, number, contexts)
                added.append(identifier)
                return identifier

            access = ConsoleAccess(self.secret, add, bool(self.check_pin_trust(environ)))
            self._shown.append(added)
            if len(self._shown) > _MOST_ERRORS:
                self._forget(self._shown.popleft())
        settings = getattr(self.app, "config", {})
        return make_page(error, environ, settings, 1, access, self.trusted_hosts)

    def _add_frame(
        self, frame: FrameType, number: int, contexts: list[AbstractContextManager[None]]
    ) -> int:
        summary = DebugFrameSummary(
            filename=frame.f_code.co_filename,
            lineno=number,
            name=frame.f_code.co_name,
            locals=frame.f_locals,
            globals=frame.f_globals,
        )
        # Not the summary's id, as Werkzeug uses: that of a forgotten frame may be given again.
        identifier = next(self._numbers)
        self.frames[identifier] = summary
        self.frame_contexts[id(summary)] = contexts  # pyright: ignore[reportArgumentType]
        return identifier

    def _forget(self, identifiers: list[int]) -> None:
        for identifier in identifiers:
            self.frame_contexts.pop(id(self.frames.pop(identifier, None)), None)


def _send(
    page: Page, error: Exception, log: ErrorStream, start_response: StartResponse, is_started: bool
) -> Iterator[bytes]:
    """Send a page, unless a part of the response was sent before the error, and log the error."""
    headers = [*page.headers, ("Content-Length", str(len(page.body)))]
    try:
        if is_started:  # the server raises the error again if the headers were sent
            replaced: t.Any = sys.exc_info()
            try:
                start_response(_STATUS, headers, replaced)
            finally:
                del replaced  # avoid a reference cycle
        else:
            start_response(_STATUS, headers)
        yield page.body
    except Exception as failure:
        if failure is not error:
            raise
        log.write(_ALREADY_SENT)
    finally:
        log.write(DebugTraceback(error, skip=1).render_traceback_text())


def add_debugger(app: WSGIApplication, host: str, evalex: bool = True) -> Debugger:
    """Return an application with the debugger, as the development server runs it.

    :param app: the application.
    :param host: the address that the server listens on. It may use the console too.
    :param evalex: whether there is a console.
    """
    debugger = Debugger(app, evalex)
    debugger.trusted_hosts.append(host)
    return debugger
