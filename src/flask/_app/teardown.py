"""Calls teardown functions: all of them, whatever they raise."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable
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
            if type(function) is not FunctionType or function not in sync_hooks:
                function = app._sync_hook(function)
            result = function(exc)
            if result is not None:
                wait_if_awaitable(result)
        except Exception as error:
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
