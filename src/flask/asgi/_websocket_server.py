"""Serves the WebSockets of one application; ``_websocket_lifecycle`` has the steps of each."""

from __future__ import annotations

import asyncio

from werkzeug.exceptions import HTTPException

from .._app.background import WAITING_TASKS
from .._core.current import BY_CLIENT
from .._core.threads import PoolFull
from .._core.threads import websockets as threads
from ._app_protocol import WebSocketApplication
from ._executor_choice import blocks
from ._request_body import Receive, RequestBody, Send
from ._scope import Scope, make_environ
from ._thread_executor import ThreadExecutor, has_greenlets, run_in_greenlet
from ._websocket import Websocket, WebsocketContext
from ._websocket_channel import WebSocketChannel, WebsocketDisconnect
from ._websocket_lifecycle import run_websocket

_RETRY_LATER = [(b"content-length", b"0"), (b"retry-after", b"5")]
_GOING_AWAY = 1001  # RFC 6455 section 7.4.1
_CLOSE_TIMEOUT = 1.0  # seconds that a client has to read the close frame


class WebSocketServer:
    """Serves the WebSockets of one application, and closes them when the process stops.

    The application is an argument of the methods and not an attribute, to avoid a reference cycle.
    """

    def __init__(self) -> None:
        self._channels: set[WebSocketChannel] = set()
        self._changed: asyncio.Event | None = None  # set while `close_all` waits

    async def serve(
        self, app: WebSocketApplication, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Serve one WebSocket to its end.

        :param app: the application.
        :param scope: what the server says about the connection.
        :param receive: returns the server's next message.
        :param send: takes a message for the server.
        """
        channel = WebSocketChannel(scope, receive, send, app.config["WEBSOCKET_MAX_MESSAGE_SIZE"])
        channel.on_open = self._notify
        await channel.connect()
        if app._lifespan.is_due:
            await app._asgi.start(app, BY_CLIENT not in scope)
        app._compute_fast_paths()
        environ = make_environ({"scheme": "ws", **scope}, RequestBody(receive))
        websocket: Websocket = app.websocket_class(environ, channel)
        context = WebsocketContext(app, environ, websocket)
        self._channels.add(channel)
        is_stopping = False
        try:
            await _run_handler(app, channel, context)
        except PoolFull:
            await _refuse_busy(channel)
        except asyncio.CancelledError:
            if channel.state != "disconnected":
                is_stopping = True
                if channel.state == "open":
                    await channel.close_and_disconnect(_GOING_AWAY, _CLOSE_TIMEOUT)
                raise  # the server stops
        finally:
            channel.stop_listening()
            self._channels.discard(channel)
            self._notify()
            task = asyncio.current_task()
            is_disconnected = channel.state == "disconnected"
            if is_disconnected and not is_stopping and task is not None and task.cancelling():
                task.uncancel()
            app._lifespan.background.start(app, environ.pop(WAITING_TASKS, ()))
        channel.raise_receive_error()

    def _notify(self) -> None:
        """Wake `close_all`: a WebSocket was opened or has ended."""
        if self._changed is not None:
            self._changed.set()

    async def close_all(self) -> None:
        """Close the open WebSockets with code 1001 (going away), and wait for their handlers."""
        while self._channels:
            self._changed = asyncio.Event()
            still_open = [channel for channel in self._channels if channel.state == "open"]
            await asyncio.gather(
                *(
                    channel.close_and_disconnect(_GOING_AWAY, _CLOSE_TIMEOUT)
                    for channel in still_open
                )
            )
            if self._channels:
                await self._changed.wait()
        self._changed = None


async def _run_handler(
    app: WebSocketApplication, channel: WebSocketChannel, context: WebsocketContext
) -> None:
    """Run the steps of a WebSocket in the executor of its handler.

    :raises PoolFull: all threads for handlers are busy.
    """
    may_block = blocks(_find_handler(app, context.websocket))
    if has_greenlets and not may_block:
        task = channel.task = asyncio.current_task()
        channel.cancel = None if task is None else task.cancel
        channel.listen()
        await run_in_greenlet(run_websocket, app, context)
    else:
        executor = ThreadExecutor(pool=threads, can_refuse=True)
        # A synchronous handler gets the error of a disconnect at its next call of a method.
        channel.cancel = None if may_block else executor.cancel
        channel.listen()
        await executor.run(app, run_websocket, app, context)


def _find_handler(app: WebSocketApplication, websocket: Websocket) -> object:
    """Return the handler that routing will find; ``None`` if it will find none."""
    try:
        adapter = app.create_url_adapter(websocket)
        return None if adapter is None else app.view_functions.get(adapter.match()[0])
    except HTTPException:
        return None


async def _refuse_busy(channel: WebSocketChannel) -> None:
    try:
        await channel.refuse(503, _RETRY_LATER, b"")
    except WebsocketDisconnect:
        pass  # the client disconnected in the meantime
