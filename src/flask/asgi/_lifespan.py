"""The life of the application as an ASGI server tells it: lifespan messages."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Callable

from .._threads import lifespan
from ..typing import AnyApp
from ._drivers import ThreadVisit, has_fibers, is_being_cancelled, on_the_loop
from ._input import Receive, Send
from ._scope import ScopeError


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
                app.logger.exception("Exception before serving")
                await send({"type": "lifespan.startup.failed", "message": _tell(error)})
                return
            await send({"type": "lifespan.startup.complete"})
        elif kind == "lifespan.shutdown":
            try:
                await drain(app)
                await run(app, app._end_serving)
            except (Exception, asyncio.CancelledError) as error:
                if is_being_cancelled():
                    raise
                app.logger.exception("Exception after serving")
                await send({"type": "lifespan.shutdown.failed", "message": _tell(error)})
                return
            await send({"type": "lifespan.shutdown.complete"})
            return
        else:
            raise ScopeError(
                f"The server sent the message {kind!r} where 'lifespan.startup' or"
                " 'lifespan.shutdown' is due."
            )


async def run(app: AnyApp, function: Callable[..., t.Any], *arguments: t.Any) -> t.Any:
    """Run synchronous code that may wait for what runs on this loop."""
    if has_fibers:
        return await on_the_loop(function, *arguments)
    return await ThreadVisit(pool=lifespan).run(app, function, *arguments)


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
        await asyncio.wait(late, timeout=1)


def _tell(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
