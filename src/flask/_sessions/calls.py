"""Calls of a store that do not block an event loop.

A store answers after a while, and its methods are synchronous. In a thread of a server, the thread
waits. In a greenlet on the server's loop, which runs an async view, another thread calls the store,
and the greenlet waits while the loop continues.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from contextvars import copy_context

from .._core import waiting
from .._core.threads import Threads

Result = t.TypeVar("Result")

_threads: t.Final = Threads(
    "the session store",
    100,
    None,
    "The store answers slowly. Synchronous views need none of these threads.",
)


def call_store(app: t.Any, function: Callable[[], Result]) -> Result:
    """Call a function that waits for the store.

    :param app: the application; its logger gets a warning if all threads are busy.
    :param function: it may read context variables, but not set them.
    :returns: what the function returns.
    :raises BaseException: what it raises.
    """
    if waiting.can_wait_here():
        return waiting.wait(_run_in_thread(app, function))
    return function()


async def _run_in_thread(app: t.Any, function: Callable[[], Result]) -> Result:
    import asyncio

    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()
    context = copy_context()

    def set_outcome(result: t.Any, error: BaseException | None) -> None:
        if not done.cancelled():
            if error is None:
                done.set_result(result)
            else:
                done.set_exception(error)

    def work() -> None:
        result, failure = None, None
        try:
            result = context.run(function)
        except BaseException as error:
            failure = error
        try:
            loop.call_soon_threadsafe(set_outcome, result, failure)
        except RuntimeError:
            pass  # the loop is closed, so no request waits
        finally:
            del failure  # avoid a reference cycle

    _threads.start(work, app)
    return await done
