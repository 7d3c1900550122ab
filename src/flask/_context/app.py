"""The application context, and ``g``, the namespace that belongs to it.

A context is pushed when work begins and popped when it ends. The last pop calls the teardown
functions. ``g`` and the URL adapter are created at the first access.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Iterator
from types import TracebackType

from werkzeug.routing import MapAdapter

from .._core.current import _app_variable, get_app_context
from .._core.lazy import lazy
from ..signals import appcontext_popped, appcontext_pushed
from ..typing import AnyApp

_sentinel = object()

_set_app_context = _app_variable.set
_reset_app_context = _app_variable.reset


class AppContext:
    """Makes an application current: ``current_app`` and ``g`` work.

    :param app: the application.
    """

    __module__ = "flask.ctx"  # the public module

    app: AnyApp
    """The application."""

    _pushed: tuple[t.Any, ...] | None
    """``(token, pushed before)`` for the newest push that is not popped yet."""

    def __init__(self, app: AnyApp) -> None:
        self.app = app
        self._pushed = None

    @lazy
    def g(self) -> t.Any:
        """The namespace behind ``flask.g``."""
        return self.app.app_ctx_globals_class()

    @lazy
    def url_adapter(self) -> MapAdapter | None:
        """Builds URLs without a request; ``None`` without ``SERVER_NAME``."""
        adapter: MapAdapter | None = self.app.create_url_adapter(None)
        return adapter

    @property
    def _is_pushed(self) -> bool:
        """Whether the context is pushed at least once."""
        return bool(self._pushed)

    def push(self) -> None:
        """Make the application current."""
        self._pushed = (_set_app_context(self), self._pushed)
        if appcontext_pushed.receivers:
            appcontext_pushed.send(self.app, _async_wrapper=self.app.ensure_sync)

    def pop(self, exc: BaseException | None = _sentinel) -> None:  # type: ignore[assignment]
        """Undo a push; the last one runs the teardown callbacks.

        :param exc: the error to tell them; by default the one that is being handled.
        :raises LookupError: the context is not pushed.
        :raises AssertionError: another context was pushed later and not popped.
        """
        if self._pushed is None:
            raise LookupError("The application context cannot be popped: it is not pushed.")
        token, earlier = self._pushed
        current = get_app_context()
        try:
            if earlier is None:
                self.app.do_teardown_appcontext(sys.exc_info()[1] if exc is _sentinel else exc)
        finally:
            self._pushed = earlier
            try:
                _reset_app_context(token)
            except ValueError:  # pushed by code that waits for this coroutine, or made this task
                old = token.old_value
                _set_app_context(None if old is token.MISSING else old)
        if current is not self:
            raise AssertionError(
                f"Popped wrong app context. ({current!r} instead of {self!r})"
                " Pop contexts in the reverse order of pushing them."
            )
        if appcontext_popped.receivers:
            appcontext_popped.send(self.app, _async_wrapper=self.app.ensure_sync)

    def __enter__(self) -> t.Self:
        self.push()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.pop(exc_value)


_sentinel = object()
"""Stands for "not given" where ``None`` is a value."""


class _AppCtxGlobals:
    """The class of ``g``: a plain namespace that lives as long as an application context."""

    __module__ = "flask.ctx"  # the public module

    # For type checkers: any name may be set, read and deleted.
    if t.TYPE_CHECKING:

        def __getattr__(self, name: str) -> t.Any: ...
        def __setattr__(self, name: str, value: object) -> None: ...
        def __delattr__(self, name: str) -> None: ...

    def get(self, name: str, default: t.Any | None = None) -> t.Any:
        """Return an attribute, or a default, like ``dict.get``."""
        return self.__dict__.get(name, default)

    def pop(self, name: str, default: t.Any = _sentinel) -> t.Any:
        """Take an attribute out and return it, like ``dict.pop``.

        :raises KeyError: there is no such attribute, and no default is given.
        """
        if default is _sentinel:
            return self.__dict__.pop(name)
        return self.__dict__.pop(name, default)

    def setdefault(self, name: str, default: t.Any = None) -> t.Any:
        """Return an attribute, set first if need be: ``dict.setdefault``."""
        return self.__dict__.setdefault(name, default)

    def __contains__(self, item: str) -> bool:
        return item in self.__dict__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __repr__(self) -> str:
        context = get_app_context(None)
        if context is None:
            return object.__repr__(self)
        return f"<flask.g of '{context.app.name}'>"
