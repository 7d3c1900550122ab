"""Find out which functions and values are awaitable."""

from __future__ import annotations

import typing as t
from functools import partial
from inspect import CO_COROUTINE, iscoroutinefunction
from types import FunctionType, MethodType, TracebackType

from .waiting import is_in_greenlet, wait

_COROUTINE_MARK = "_is_coroutine_mark"  # set by inspect.markcoroutinefunction, from Python 3.12 on
_OURS = frozenset({"blinker", "flask", "jinja2", "werkzeug"})


def is_async_callable(function: object) -> bool:
    """Return whether a callable creates a coroutine.

    This is so for ``async def`` functions and methods, objects whose ``__call__`` is one, and
    partials of both. A synchronous wrapper of one is synchronous: only its own code knows how it
    calls the function.

    :param function: anything.
    """
    while isinstance(function, partial):
        function = function.func
    # PERF: most functions can be recognized by their flags; with inspect, a request with
    # a synchronous view on ASGI takes 6 % more on CPython 3.11, and 13 % more on 3.13.
    inner = function.__func__ if isinstance(function, MethodType) else function
    if type(inner) is FunctionType:
        if inner.__code__.co_flags & CO_COROUTINE:
            return True
        if _COROUTINE_MARK not in inner.__dict__:
            return False
    return iscoroutinefunction(function) or iscoroutinefunction(
        getattr(type(function), "__call__", None)  # noqa: B004 - the class decides, not the object
    )


def is_async_view(view: object) -> bool:
    """Return whether a view function, or a method of its class, is ``async def``.

    :param view: a function that is routed.
    """
    if is_async_callable(view):
        return True
    kind = getattr(view, "view_class", None)
    names = ("dispatch_request", *map(str.lower, getattr(kind, "methods", None) or ()))
    return any(iscoroutinefunction(getattr(kind, name, None)) for name in names)


def is_awaitable(value: object) -> bool:
    """Return whether a value is awaitable. For a proxy, its current object decides.

    :param value: anything.
    """
    return hasattr(value.__class__, "__await__")


NOT_AWAITABLE: t.Final[set[type]] = {type(None), bool, bytes, dict, int, list, str, tuple}
"""Common types of return values that are never awaitable; `flask.wrappers` adds the responses.

PERF: a missing attribute of a class costs 2,500 instructions on CPython 3.11, because it raises an
error with a text inside.
"""


def wait_if_awaitable(value: t.Any) -> t.Any:
    """Return a value, or its result if it is awaitable.

    :param value: the return value of a function, which may wrap an ``async def`` function.
    :raises BaseException: whatever the awaitable raises.
    """
    kind = value.__class__
    return wait(value) if kind not in NOT_AWAITABLE and hasattr(kind, "__await__") else value


def explain_second_loop(error: BaseException) -> None:
    """Add a note to the error of synchronous code that starts an event loop on the server's loop.

    Only hooks, handlers, and views with ``blocking=False`` run there. Other synchronous code runs
    in threads. In a coroutine the mistake is the same under any server, and asyncio's text explains
    it.

    :param error: any error that nothing handled.
    """
    if type(error) is not RuntimeError or not is_in_greenlet() or " loop" not in str(error):
        return
    trace = error.__traceback__
    called: TracebackType | None = None  # the innermost synchronous function that we called
    is_ours = True
    while trace is not None:
        module: str = trace.tb_frame.f_globals.get("__name__") or ""
        was_ours, is_ours = is_ours, module.partition(".")[0] in _OURS
        if was_ours and not is_ours and not trace.tb_frame.f_code.co_flags & CO_COROUTINE:
            called = trace
        trace = trace.tb_next
    if called is None:
        return
    code = called.tb_frame.f_code
    error.add_note(
        f"{code.co_qualname}() in {code.co_filename}, line {called.tb_lineno}, is synchronous and"
        " starts an event loop, but it runs on the server's event loop, because the view is async"
        " or has 'blocking=False'. Make it 'async def', or route the view with 'blocking=True':"
        " then the whole request runs in a thread."
    )
