"""The ASGI side of one application: its connections, startup on a loop, tasks on a loop.

Importing this module imports asyncio and everything that serves ASGI: 15 ms, at the first
connection. WSGI needs none of it.
"""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Callable, Coroutine, Iterable

from .._app.background import BackgroundTask
from .._app.lifespan import is_starting
from .._core import waiting
from .._core.current import BY_CLIENT
from .._core.threads import background
from ._app_protocol import AsgiApplication, WebSocketApplication
from ._executor_choice import blocks
from ._http import serve_http
from ._lifespan import run_startup, serve_lifespan
from ._request_body import Receive, Send
from ._scope import Scope, ScopeError, without_contexts
from ._thread_executor import ThreadExecutor, has_greenlets, run_in_greenlet
from ._websocket_server import WebSocketServer

Serve: t.TypeAlias = Callable[
    [WebSocketApplication, Scope, Receive, Send], Coroutine[t.Any, t.Any, None]
]

_WITHOUT_ASYNCIO = (
    "This server runs its applications on trio, but Flask needs an event loop of asyncio. Start the"
    " server with an asyncio worker, such as 'hypercorn --worker-class asyncio asgi:shop:app'."
)


class AsgiServer:
    """Serves the ASGI connections of one application.

    The application is an argument of the methods and not an attribute, to avoid a reference cycle.

    :param is_watched: warn if code blocks the loop, and show unhandled errors, for debug mode.
    """

    def __init__(self, is_watched: bool = False) -> None:
        self.websockets = WebSocketServer()
        self.serve_http: Serve = serve_http
        """Serves an HTTP request."""
        self._serve_websocket: Serve = self.websockets.serve
        self._is_watched = is_watched
        if is_watched:
            from ._debug_page import make_debugged

            self.serve_http = make_debugged(_make_watched(self.serve_http))
            self._serve_websocket = _make_watched(self._serve_websocket)
        self.tasks: set[asyncio.Task[None]] = set()
        """The background tasks that run on a loop."""
        self._starting: dict[asyncio.AbstractEventLoop, asyncio.Future[None]] = {}

    def serve(
        self, app: WebSocketApplication, scope: Scope, receive: Receive, send: Send
    ) -> Coroutine[t.Any, t.Any, None]:
        """Serve a connection that is not HTTP; `serve_http` serves HTTP.

        :param app: the application.
        :param scope: what the server says about the connection.
        :param receive: returns the server's next message.
        :param send: takes a message for the server.
        :raises ValueError: the scope is of an unknown protocol.
        """
        kind = scope.get("type")
        if kind == "websocket":
            served = self._serve_websocket(app, scope, receive, send)
            return served if BY_CLIENT in scope else without_contexts(served)
        if kind == "lifespan":
            return serve_lifespan(app, receive, send)
        raise ScopeError(
            f"An ASGI connection of the type {kind!r} cannot be served; known are 'http',"
            " 'websocket' and 'lifespan'."
        )

    async def start(self, app: AsgiApplication, stops_with_loop: bool = False) -> None:
        """Run startup, unless it has run. Concurrent callers wait for the same run.

        :param app: the application.
        :param stops_with_loop: there is no lifespan, so shutdown runs at the end of the loop.
        """
        if not app._lifespan.is_due or is_starting.get():
            return
        loop = asyncio._get_running_loop()
        if loop is None:
            raise RuntimeError(_WITHOUT_ASYNCIO)
        starting = self._starting.get(loop)
        if starting is None:  # the loop of another thread may start too: a lock lets one of them
            starting = asyncio.ensure_future(run_startup(app, stops_with_loop))
            self._starting[loop] = starting
            starting.add_done_callback(lambda _: self._starting.pop(loop, None))
        await asyncio.shield(starting)

    def start_tasks(self, app: WebSocketApplication, tasks: Iterable[BackgroundTask]) -> bool:
        """Start background tasks on the server's loop.

        :returns: ``False`` if this code has no such loop.
        """
        loop = asyncio._get_running_loop()
        if loop is not None:
            self._create_tasks(app, loop, tasks)
            return True
        executor = waiting.get_thread_executor()
        if isinstance(executor, ThreadExecutor):
            executor.loop.call_soon_threadsafe(self._create_tasks, app, executor.loop, tuple(tasks))
            return True
        return False

    def _create_tasks(
        self,
        app: WebSocketApplication,
        loop: asyncio.AbstractEventLoop,
        tasks: Iterable[BackgroundTask],
    ) -> None:
        for task in tasks:
            if has_greenlets and not blocks(task.function):
                coroutine = run_in_greenlet(task.run)
                if self._is_watched:
                    from ._blocked_loop import watch_task

                    coroutine = watch_task(app, task.name, coroutine)
            else:
                coroutine = ThreadExecutor(pool=background).run(app, task.run)
            created = loop.create_task(coroutine, name=task.name, context=task.context)
            self.tasks.add(created)
            created.add_done_callback(self.tasks.discard)


def _make_watched(serve: Serve) -> Serve:
    """Return a function that serves a connection, and warns if code blocks the loop."""
    from ._blocked_loop import watch_request  # only in debug mode

    def serve_watched(
        app: WebSocketApplication, scope: Scope, receive: Receive, send: Send
    ) -> Coroutine[t.Any, t.Any, None]:
        return watch_request(app, scope, serve(app, scope, receive, send))

    return serve_watched
