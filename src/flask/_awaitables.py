"""Which functions and values are awaitable, whatever they are wrapped in."""

from __future__ import annotations

import typing as t
from functools import partial
from inspect import CO_COROUTINE, iscoroutinefunction
from types import TracebackType

from ._waiting import is_in_fiber, wait

_OURS = frozenset({"blinker", "flask", "jinja2", "werkzeug"})


def is_async_callable(function: t.Any) -> bool:
    """Tell whether calling something makes a coroutine.

    So do ``async def`` functions and methods, objects whose ``__call__`` is one, and partials of
    both. A plain function that wraps one is plain: only its own code knows what it does with it.

    :param function: anything.
    """
    while isinstance(function, partial):
        function = function.func
    return iscoroutinefunction(function) or iscoroutinefunction(
        getattr(type(function), "__call__", None)  # noqa: B004 - the class decides, not the object
    )


def is_async_view(view: t.Any) -> bool:
    """Tell whether a view function, or a method of its class, is ``async def``.

    :param view: a function that is routed.
    """
    if is_async_callable(view):
        return True
    kind = getattr(view, "view_class", None)
    names = ("dispatch_request", *map(str.lower, getattr(kind, "methods", None) or ()))
    return any(iscoroutinefunction(getattr(kind, name, None)) for name in names)


def is_awaitable(value: t.Any) -> bool:
    """Tell whether a value can be awaited; a proxy is what it stands for.

    :param value: anything.
    """
    return hasattr(value.__class__, "__await__")


def wait_if_awaitable(value: t.Any) -> t.Any:
    """Return a value; if it is awaitable, what comes of it.

    :param value: what a function returned that may be a plain one around an ``async def`` one.
    :raises BaseException: whatever the awaitable raises.
    """
    return wait(value) if hasattr(value.__class__, "__await__") else value


def explain_second_loop(error: BaseException) -> None:
    """Add to an error of plain code that starts an event loop, on the server's, what to do.

    Only hooks and handlers do so, and views that say ``blocking=False``: other plain code runs in
    threads. In a coroutine it is wrong under any server, and asyncio says so.

    :param error: any error that nothing handled.
    """
    if type(error) is not RuntimeError or not is_in_fiber() or " loop" not in str(error):
        return
    trace = error.__traceback__
    called: TracebackType | None = None  # the innermost plain function that this package called
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
        f"{code.co_qualname}() in {code.co_filename}, line {called.tb_lineno}, is plain and starts"
        " an event loop of its own, but here it runs on the server's event loop, with an async view"
        " or one with 'blocking=False'. Make it 'async def', or route the view with"
        " 'blocking=True': then the whole request runs in a thread."
    )
