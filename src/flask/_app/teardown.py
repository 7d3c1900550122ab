"""Calls teardown functions: all of them, whatever they raise."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import FunctionType

from .._core.awaitables import explain_second_loop, wait_if_awaitable

if t.TYPE_CHECKING:
    from blinker import Signal

    from .._http.fast_paths import FastPaths


class _App(t.Protocol):
    _fast_paths: FastPaths

    def _sync_hook(self, hook: Callable[..., object]) -> Callable[..., object]: ...
    def ensure_sync(self, func: Callable[..., object]) -> Callable[..., object]: ...


def call_teardown_functions(
    app: _App,
    functions: Iterable[Callable[..., object]],
    exc: BaseException | None,
    signal: Signal | None = None,
) -> None:
    """Call every function and the signal's receivers; then raise the first error.

    :param app: the application.
    :param functions: the functions, in order.
    :param exc: the unhandled error that they get, or ``None``.
    :param signal: sent after the functions.
    """
    failures: list[BaseException] = []
    sync_hooks = app._fast_paths.sync_hooks
    for function in functions:
        try:
            if type(function) is FunctionType and function in sync_hooks:
                result = function(exc)
            else:
                result = app._sync_hook(function)(exc)
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
