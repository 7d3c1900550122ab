"""When startup and shutdown run on a loop.

They follow the lifespan messages of an ASGI server, an outer application, or the loop itself.
"""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from .._core.threads import lifespan as lifespan_threads
from ..typing import AnyApp
from ._request_body import Receive, Send
from ._scope import ScopeError, with_nothing_current
from ._thread_executor import ThreadVisit, has_fibers, is_being_cancelled, on_the_loop

_NAME = "flask-end-of-serving"
_PATIENCE = 1.0  # seconds that requests may take to end when the loop ends


async def serve_lifespan(app: AnyApp, receive: Receive, send: Send) -> None:
    """Begin serving when the server starts, end it when the server stops."""
    while True:
        message = await receive()
        kind = message["type"]
        if kind == "lifespan.startup":
            try:
                await app._start_on_the_loop()
            except (Exception, asyncio.CancelledError) as error:
                if is_being_cancelled():
                    raise
                app._log("exception", "Exception before serving")
                await send({"type": "lifespan.startup.failed", "message": _tell(error)})
                return
            await send({"type": "lifespan.startup.complete"})
        elif kind == "lifespan.shutdown":
            try:
                await end(app)
            except (Exception, asyncio.CancelledError) as error:
                if is_being_cancelled():
                    raise
                app._log("exception", "Exception after serving")
                await send({"type": "lifespan.shutdown.failed", "message": _tell(error)})
                return
            await send({"type": "lifespan.shutdown.complete"})
            return
        else:
            raise ScopeError(
                f"The server sent the message {kind!r} where 'lifespan.startup' or"
                " 'lifespan.shutdown' is due."
            )


@asynccontextmanager
async def lifespan(app: AnyApp) -> AsyncIterator[None]:
    """Run startup, and shutdown at the end of the block."""
    await app._start_on_the_loop()
    try:
        yield
    finally:
        await end(app)


async def begin(app: AnyApp, ends_with_loop: bool) -> None:
    """Run startup on this loop.

    :param ends_with_loop: run shutdown at the end of the loop.
    """
    has_begun = await with_nothing_current(run(app, app._begin_serving))
    if has_begun and ends_with_loop and (app.after_serving_funcs or app.while_serving_gens):
        key = object()
        ending: t.Any = asyncio.create_task(_end_with_loop(app, key), name=_NAME)
        ending._log_destroy_pending = False  # a loop may be closed without a word to its tasks
        app._at_loop_end = (key, ending)
        app._end_at_exit()  # then this is left


async def end(app: AnyApp) -> None:
    """Run shutdown when the background tasks of this loop have ended."""
    await drain(app)
    await with_nothing_current(run(app, app._end_serving))


async def _end_with_loop(app: AnyApp, key: object) -> None:
    """Wait until the loop ends, and run shutdown then, if nothing else has.

    The runner of a loop cancels its tasks at the end, as ``asyncio.run`` does. Only after that it
    closes the asynchronous generators of ``while_serving`` functions.
    """
    task = asyncio.current_task()
    assert task is not None
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        task.uncancel()
    if app._at_loop_end is None or app._at_loop_end[0] is not key:
        return
    requests = {other for other in asyncio.all_tasks() if other.get_name() != _NAME}
    if requests:
        await asyncio.wait(requests, timeout=_PATIENCE)
    try:
        await end(app)
    except Exception:
        app._log("exception", "Exception after serving")


async def run(app: AnyApp, function: Callable[..., t.Any], *arguments: t.Any) -> t.Any:
    """Run synchronous code that may wait for what runs on this loop."""
    if has_fibers:
        return await on_the_loop(function, *arguments)
    return await ThreadVisit(pool=lifespan_threads).run(app, function, *arguments)


async def drain(app: AnyApp) -> None:
    """Wait for the background tasks of this loop; cancel those that take too long."""
    loop = asyncio.get_running_loop()
    tasks = {task for task in app._background_on_loop.copy() if task.get_loop() is loop}
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=app.config["BACKGROUND_TASK_SHUTDOWN_TIMEOUT"])
    if late:
        app._tell_of_late_tasks([task.get_name() for task in late])
        for task in late:
            task.cancel()
        await asyncio.wait(late, timeout=_PATIENCE)


def _tell(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
