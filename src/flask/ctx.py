"""The two contexts, and functions that use the current one.

The classes of the contexts are in ``_context``.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import update_wrapper
from inspect import isasyncgenfunction, iscoroutine, isgeneratorfunction

from . import typing as ft
from ._context.app import AppContext, _AppCtxGlobals
from ._context.request import RequestContext
from ._core.awaitables import is_async_callable
from ._core.current import (
    _app_variable,
    _cv_request,
    get_request_context,
    has_app_context,
    has_request_context,
    has_websocket_context,
)
from ._core.reexports import module_getattr
from ._core.waiting import is_in_coroutine
from ._http.streaming import keep_context

__all__ = [
    "AppContext",
    "RequestContext",
    "_AppCtxGlobals",
    "after_this_request",
    "copy_current_request_context",
    "copy_current_websocket_context",
    "has_app_context",
    "has_request_context",
    "has_websocket_context",
]

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)

Function = t.TypeVar("Function", bound=Callable[..., t.Any])
Result = t.TypeVar("Result")
AfterRequest = t.TypeVar("AfterRequest", bound=ft.AfterRequestCallable[t.Any])


def _active_context(wanted_by: str) -> RequestContext:
    context: RequestContext | None = get_request_context(None)
    if context is None:
        raise RuntimeError(
            f"'{wanted_by}' can only be used when a request context is active, such as in a view"
            " function."
        )
    return context


def after_this_request(f: AfterRequest) -> AfterRequest:
    """Call a function with the response of this request only.

    It returns the response.

    Such functions run before those of ``after_request``, in the order of their registration.

    :raises RuntimeError: no request is active.
    """
    _active_context("after_this_request")._after_request_functions.append(f)
    return f


def copy_current_request_context(f: Function) -> Function:
    """Decorate a function to run in a copy of the current request context.

    The function may run in another thread or task.

    Each call gets its own copy, so you can call the function any number of times, also
    concurrently. A copy has the same request and session, and a new ``g``.

    Called from a coroutine, an ``async def`` function returns a coroutine, which may become a task.
    Called from synchronous code, in this or another thread, it runs to its end before the call
    returns. For a generator the copy is current in each of its steps.

    :raises RuntimeError: no request is active.
    """
    return _in_copies_of(_active_context("copy_current_request_context"), f)


def copy_current_websocket_context(f: Function) -> Function:
    """Decorate a function to run in a copy of the current WebSocket's context.

    It works like `copy_current_request_context`. A task that the handler starts does not need it.

    :raises RuntimeError: no WebSocket is active.
    """
    context = _active_context("copy_current_websocket_context")
    _ = context.websocket
    return _in_copies_of(context, f)


def _in_copies_of(context: RequestContext, f: Function) -> Function:
    original = context.copy()
    is_awaited = is_async_callable(f)
    always_awaits = is_awaited and context._is_websocket
    generates = isgeneratorfunction(f) or isasyncgenfunction(f)

    def in_context(*args: object, **kwargs: object) -> object:
        if generates:  # its body runs later
            with _current_alone(original):
                return keep_context(f(*args, **kwargs))
        if always_awaits or (is_awaited and is_in_coroutine()):
            return _await_in_copy(original, f(*args, **kwargs))
        with original.copy() as context:
            result = context.app.ensure_sync(f)(*args, **kwargs)
        return _await_in_copy(original, result) if iscoroutine(result) else result

    return t.cast("Function", update_wrapper(in_context, f))


@contextmanager
def _current_alone(original: RequestContext) -> Iterator[None]:
    """Make a copy of a context current, with its own ``g`` even inside the request."""
    app_token = _app_variable.set(None)
    request_token = _cv_request.set(None)
    try:
        with original.copy():
            yield
    finally:
        _cv_request.reset(request_token)
        _app_variable.reset(app_token)


async def _await_in_copy(
    original: RequestContext, coroutine: Coroutine[object, None, Result]
) -> Result:
    with _current_alone(original):
        return await coroutine
