"""The last steps of a request: calls all teardown functions, whatever they raise."""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from .._core.awaitables import explain_second_loop, wait_if_awaitable
from .._core.current import get_request_context
from .._core.hook_registers import EndpointHooks
from ..signals import appcontext_tearing_down, request_tearing_down

if t.TYPE_CHECKING:
    from blinker import Signal

    from .. import typing as ft
    from .._http.fast_paths import FastPaths
    from ..ctx import RequestContext

_sentinel = object()


class _App(t.Protocol):
    _fast_paths: FastPaths

    def ensure_sync(self, func: Callable[..., object]) -> Callable[..., object]: ...


class _Lifecycle(_App, t.Protocol):
    teardown_appcontext_funcs: list[ft.TeardownCallable]

    def _find_hooks(self, context: RequestContext, /) -> EndpointHooks: ...


def do_teardown_request(
    self: _Lifecycle,
    exc: BaseException | None = _sentinel,  # type: ignore[assignment]
) -> None:
    """Call all ``teardown_request`` functions.

    The blueprint's come first, the newest of each scope before the others.

    :param exc: the unhandled error; by default the one that is being handled.
    """
    context = get_request_context()
    hooks = self._find_hooks(context)
    if not hooks.teardown and not request_tearing_down.receivers:
        return
    if context._is_websocket:
        return  # it has its own teardown functions
    if exc is _sentinel:
        exc = sys.exc_info()[1]
    call_teardown_functions(self, hooks.teardown, exc, request_tearing_down)


def do_teardown_appcontext(
    self: _Lifecycle,
    exc: BaseException | None = _sentinel,  # type: ignore[assignment]
) -> None:
    """Call all ``teardown_appcontext`` functions, the newest first.

    :param exc: the unhandled error; by default the one that is being handled.
    """
    functions = self.teardown_appcontext_funcs
    if functions or appcontext_tearing_down.receivers:
        if exc is _sentinel:
            exc = sys.exc_info()[1]
        call_teardown_functions(self, (functions,), exc, appcontext_tearing_down)


def call_teardown_functions(
    app: _App,
    lists: Iterable[Sequence[Callable[..., object]]],
    exc: BaseException | None,
    signal: Signal | None = None,
) -> None:
    """Call every function and the signal's receivers; then raise the first error.

    :param app: the application.
    :param lists: the functions of each scope. The newest of a scope is called first.
    :param exc: the unhandled error that they get, or ``None``.
    :param signal: sent after the functions.
    """
    failures: list[BaseException] = []
    awaits = app._fast_paths.sync
    for functions in lists:
        for function in reversed(functions):
            try:
                result = function(exc) if awaits else app.ensure_sync(function)(exc)
                if result is not None:
                    wait_if_awaitable(result)
            except Exception as error:
                if isinstance(error, TypeError):
                    _explain_call(error, function)
                failures.append(error)
    if signal is not None and signal.receivers:
        try:
            signal.send(app, _async_wrapper=app.ensure_sync, exc=exc)
        except Exception as error:
            failures.append(error)
    if failures:
        explain_second_loop(failures[0])
        try:
            raise failures[0]
        finally:
            failures.clear()  # avoid a reference cycle


def _explain_call(error: TypeError, function: Callable[..., object]) -> None:
    """Add a note if a function cannot be called with the error of the request."""
    from .request_errors import add_note_for_teardown

    with suppress(Exception):  # of a __repr__; the error itself is raised
        add_note_for_teardown(error, function)
