"""Work after the response: what it is called with, and what is current while it runs.

This file starts nothing; when and where a task runs is decided in ``_life`` and ``asgi``.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from contextvars import copy_context

from ._current import _cv_app, _cv_request
from .ctx import RequestContext
from .typing import AnyApp

BACKGROUND: t.Final = "flask.background"
"""Key of a WSGI environment: the tasks that wait for the response."""


class BackgroundTask:
    """A function, its arguments, and the context in which it was handed over.

    :param app: the application.
    :param function: plain or ``async def``.
    :param arguments: its positional arguments.
    :param keywords: its keyword arguments.
    """

    def __init__(
        self,
        app: AnyApp,
        function: Callable[..., t.Any],
        arguments: tuple[t.Any, ...],
        keywords: dict[str, t.Any],
    ) -> None:
        self.app = app
        self.function = function
        self.arguments = arguments
        self.keywords = keywords
        self.context = copy_context()
        current: RequestContext | None = _cv_request.get(None)
        self._request_context = None if current is None else current.copy()

    @property
    def name(self) -> str:
        """The function's name, for messages."""
        return getattr(self.function, "__qualname__", repr(self.function))

    def run(self) -> None:
        """Call the function, in contexts of its own; log what it raises."""
        app = self.app
        # The request that handed the task over has gone, or will go at any time.
        _cv_request.set(None)
        _cv_app.set(None)
        try:
            with self._request_context or app.app_context():
                app.ensure_sync(self.function)(*self.arguments, **self.keywords)
        except Exception:
            app._log("exception", f"Exception in the background task {self.name}")

    def run_in_context(self) -> None:
        """Call the function in a thread that has no context of its own."""
        self.context.run(self.run)
