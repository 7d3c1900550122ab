"""Runs startup and shutdown on an event loop.

An ASGI server requests them by lifespan messages, an outer application by its own lifespan. Without
both, startup runs at the first request, and shutdown when the loop ends.
"""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from .._app.background import log_late_tasks
from .._core.threads import lifespan as lifespan_threads
from ._app_protocol import AsgiApplication
from ._request_body import Receive, Send
from ._scope import ScopeError, without_contexts
from ._thread_executor import ThreadExecutor, has_greenlets, is_being_cancelled, run_in_greenlet

Result = t.TypeVar("Result")

_NAME = "flask-end-of-serving"
_END_TIMEOUT = 1.0  # seconds that requests may take to end when the loop ends


async def serve_lifespan(app: AsgiApplication, receive: Receive, send: Send) -> None:
    """Run startup when the server starts, and shutdown when it stops.

    :param app: the application.
    :param receive: returns the server's next message.
    :param send: takes a message for the server.
    :raises ScopeError: the server sent another message.
    """
    while True:
        message = await receive()
        kind = message["type"]
        if kind == "lifespan.startup":
            try:
                await app._asgi.start(app)
            except (Exception, asyncio.CancelledError) as error:
                if is_being_cancelled():
                    raise
                app._log("exception", "Exception before serving")
                await send({"type": "lifespan.startup.failed", "message": _describe(error)})
                return
            await send({"type": "lifespan.startup.complete"})
        elif kind == "lifespan.shutdown":
            try:
                await run_shutdown(app)
            except (Exception, asyncio.CancelledError) as error:
                if is_being_cancelled():
                    raise
                app._log("exception", "Exception after serving")
                await send({"type": "lifespan.shutdown.failed", "message": _describe(error)})
                return
            await send({"type": "lifespan.shutdown.complete"})
            return
        else:
            raise ScopeError(
                f"The server sent the message {kind!r} where 'lifespan.startup' or"
                " 'lifespan.shutdown' is due."
            )


@asynccontextmanager
async def lifespan(app: AsgiApplication) -> AsyncIterator[None]:
    """Run startup, and shutdown at the end of the block.

    :param app: the application.
    """
    await app._asgi.start(app)
    try:
        yield
    finally:
        await run_shutdown(app)


async def run_startup(app: AsgiApplication, stops_with_loop: bool) -> None:
    """Run startup on this loop.

    :param app: the application.
    :param stops_with_loop: run shutdown at the end of the loop.
    """
    has_run = await without_contexts(_run(app, app._lifespan.start, app))
    if has_run and stops_with_loop and app._lifespan.has_shutdown:
        key = object()
        ending: t.Any = asyncio.create_task(_stop_with_loop(app, key), name=_NAME)
        ending._log_destroy_pending = False  # a loop may be closed without cancelling its tasks
        app._lifespan.at_loop_end = (key, ending)
        app._lifespan.stop_at_exit(app)  # if the loop is closed without cancelling its tasks


async def run_shutdown(app: AsgiApplication) -> None:
    """Run shutdown when the background tasks of this loop have ended.

    :param app: the application.
    """
    await _drain_tasks(app)
    await without_contexts(_run(app, app._lifespan.stop, app))


async def _stop_with_loop(app: AsgiApplication, key: object) -> None:
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
    at_loop_end = app._lifespan.at_loop_end
    if at_loop_end is None or at_loop_end[0] is not key:
        return
    requests = {other for other in asyncio.all_tasks() if other.get_name() != _NAME}
    if requests:
        await asyncio.wait(requests, timeout=_END_TIMEOUT)
    try:
        await run_shutdown(app)
    except Exception:
        app._log("exception", "Exception after serving")


async def _run(app: AsgiApplication, function: Callable[..., Result], *arguments: object) -> Result:
    """Run synchronous code that may await what runs on this loop."""
    if has_greenlets:
        return await run_in_greenlet(function, *arguments)
    return await ThreadExecutor(pool=lifespan_threads).run(app, function, *arguments)


async def _drain_tasks(app: AsgiApplication) -> None:
    """Wait for the background tasks of this loop; cancel those that take too long."""
    loop = asyncio.get_running_loop()
    tasks = {task for task in app._asgi.tasks.copy() if task.get_loop() is loop}
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=app.config["BACKGROUND_TASK_SHUTDOWN_TIMEOUT"])
    if late:
        log_late_tasks(app, [task.get_name() for task in late])
        for task in late:
            task.cancel()
        await asyncio.wait(late, timeout=_END_TIMEOUT)


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
