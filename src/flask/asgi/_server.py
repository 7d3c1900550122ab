"""An application that speaks both protocols: how the server's call is told apart.

A WSGI server calls with an environment and a function, an ASGI server with a scope and two. Some
WSGI servers hand over their connection as well, and so can ask for WebSockets.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager
from functools import partial
from io import BytesIO

from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import NotImplemented as CannotBeServed

from .._app.lifespan import BackgroundTask, is_beginning
from .._core import waiting
from .._core.awaitables import is_async_view
from .._core.current import get_request_context
from .._core.fast_paths import built_in
from .._core.lazy import lazy
from .._core.threads import background
from ._executor_choice import blocks
from ._websocket_server import ConversingApp

if t.TYPE_CHECKING:
    import asyncio

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from ._protocols import Protocols
    from ._request_body import Receive, Send
    from ._scope import Scope

_WITHOUT_SOCKET = (
    "A WebSocket was refused: this WSGI server offers no connection for it. 'flask run' does, and"
    " gunicorn with '--threads'; servers for ASGI serve WebSockets anyway."
)
_WITHOUT_WSPROTO = (
    "A WebSocket was refused: under WSGI they need wsproto, which is not installed. Install it"
    " with:\n\n    pip install 'flask[asgi]'"
)

_WITHOUT_ASYNCIO = (
    "This server runs its applications on trio, but Flask needs an event loop of asyncio. Start the"
    " server with an asyncio worker, such as 'hypercorn --worker-class asyncio asgi:shop:app'."
)
_AS_WSGI_BY_HYPERCORN = (
    "Hypercorn serves this application as WSGI: WebSockets are refused, and an async view holds a"
    " thread while it runs. Put 'asgi:' in front of the application's name, as in"
    " 'hypercorn asgi:shop:app'."
)


class AsgiApp(ConversingApp):
    """An application that serves WSGI and ASGI."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._background_on_loop: set[asyncio.Task[None]] = set()
        self._starting: dict[asyncio.AbstractEventLoop, asyncio.Future[None]] = {}

    @t.overload
    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]: ...

    @t.overload
    def __call__(
        self, environ: Scope, start_response: Receive, send: Send
    ) -> Coroutine[t.Any, t.Any, None]: ...

    @t.overload
    def __call__(self, environ: Scope) -> Callable[[Receive, Send], Awaitable[None]]: ...

    def __call__(self, environ: t.Any, start_response: t.Any = None, send: t.Any = None) -> t.Any:
        """Answer a server, of either protocol; goes through `wsgi_app` or `asgi_app`.

        :param environ: the WSGI environment, or the ASGI scope.
        :param start_response: takes status and headers; under ASGI, ``receive``.
        :param send: only given under ASGI. A scope alone is ASGI's older form, by which servers
            find out that the object speaks ASGI: what is returned takes the other two.
        """
        if send is not None:
            decided = self._decisions
            decided.unwatched_requests -= 1
            if decided.unwatched_requests < 0:
                self._look_again()
                decided = self._decisions
            serve_http = decided.serve_http  # PERF: 0.1 us less than through asgi_app
            if serve_http is not None and environ.get("type") == "http":
                return serve_http(self, environ, start_response, send)
            return self.asgi_app(environ, start_response, send)
        if start_response is None:
            return partial(self.asgi_app, environ)
        if self._has_websockets and "HTTP_UPGRADE" in environ:
            answer = self._serve_upgrade(environ, start_response)
            if answer is not None:
                return answer
        return self.wsgi_app(environ, start_response)

    @built_in
    def asgi_app(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[t.Any, t.Any, None]:
        """Serve one connection (ASGI 3).

        To put ASGI middleware around the application, wrap this and not the application:
        ``app.asgi_app = Middleware(app.asgi_app)``. Requests go through `wsgi_app` as well, and
        so through the WSGI middleware around that.

        :param scope: what the server tells of the connection.
        :param receive: gives the server's next message.
        :param send: takes a message for the server.
        :raises ValueError: the scope is malformed, or of an unknown protocol.
        """
        serve = self._protocols[scope.get("type")]
        decided = self._decisions
        if decided.plain_asgi:
            decided.serve_http = self._protocols["http"]  # from now on without this step
        return serve(self, scope, receive, send)

    @lazy
    def _protocols(self) -> Protocols:
        """What serves each kind of connection; with it comes asyncio, which WSGI never needs."""
        from ._protocols import PROTOCOLS

        return PROTOCOLS

    def _serve_upgrade(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes] | None:
        """Serve a WebSocket that a WSGI server was asked for.

        :returns: ``None``: it is a request after all; whatever is wrong with it is told there.
        """
        if environ["HTTP_UPGRADE"].lower() != "websocket" or not self._converses(environ):
            return None
        socket = environ.get("werkzeug.socket")
        if socket is None and environ["wsgi.multithread"]:  # it takes a thread all its life
            socket = environ.get("gunicorn.socket")
        if socket is None:
            return self._cannot_upgrade(_WITHOUT_SOCKET, start_response)
        try:
            from ._wsgi_upgrade import serve_upgrade
        except ImportError:
            return self._cannot_upgrade(_WITHOUT_WSPROTO, start_response)
        return serve_upgrade(self, environ, socket, start_response)

    def _converses(self, environ: WSGIEnvironment) -> bool:
        """Tell whether a handshake is for one of our WebSockets.

        An extension may have views of its own that take the socket.
        """
        try:
            adapter = self.create_url_adapter(self.websocket_class(environ, None))  # type: ignore[arg-type]
            rule = None if adapter is None else adapter.match(return_rule=True)[0]
        except HTTPException:
            return False
        finally:
            environ.pop("werkzeug.request", None)
        return getattr(rule, "converses", False)

    def _cannot_upgrade(self, reason: str, start_response: StartResponse) -> Iterable[bytes]:
        self._log("error", reason)
        return CannotBeServed()({"REQUEST_METHOD": "GET"}, start_response)

    def _meet_first_request(self) -> None:
        super()._meet_first_request()
        if "hypercorn.app_wrappers" in sys.modules:
            environ = getattr(get_request_context(None), "_known", {})
            # It gives no name; these two are what only its WSGI environment has.
            if (
                type(environ.get("wsgi.input")) is BytesIO
                and environ.get("wsgi.errors") is sys.stdout
                and (self._has_websockets or any(map(is_async_view, self.view_functions.values())))
            ):
                self._log("warning", _AS_WSGI_BY_HYPERCORN)

    # The life of the application, on the server's loop -------------------------------------------

    def lifespan(self, outer: object = None) -> AbstractAsyncContextManager[None]:
        """Run startup and shutdown with an outer application.

        For an application that is mounted in another one.

        Servers send lifespan messages only to the outer application. Pass this method to it, as in
        ``Starlette(lifespan=app.lifespan)``, or use ``async with app.lifespan():`` in its lifespan.

        :param outer: the outer application, which calls it; not used.
        :returns: an asynchronous context manager: startup at its beginning, shutdown at its end.
        """
        from ._lifespan import lifespan

        return lifespan(self)

    async def _start_on_the_loop(self, ends_with_loop: bool = False) -> None:
        """Run startup, unless it has run; concurrent callers wait.

        :param ends_with_loop: there is no lifespan, so shutdown runs at the end of the loop.
        """
        if not self._awaits_start or is_beginning.get():
            return
        import asyncio

        from ._lifespan import begin

        loop = asyncio._get_running_loop()
        if loop is None:
            raise RuntimeError(_WITHOUT_ASYNCIO)
        starting = self._starting.get(loop)
        if starting is None:  # another thread's loop may begin too: the lock lets one do it
            starting = asyncio.ensure_future(begin(self, ends_with_loop))
            self._starting[loop] = starting
            starting.add_done_callback(lambda _: self._starting.pop(loop, None))
        await asyncio.shield(starting)

    def _start_background(self, tasks: Iterable[BackgroundTask]) -> None:
        """Start tasks on the server's loop, if there is one; else in threads."""
        import asyncio

        from ._thread_executor import ThreadVisit

        loop = asyncio._get_running_loop()
        if loop is not None:
            self._create_tasks(loop, tasks)
            return
        driver = waiting.get_thread_executor()
        if isinstance(driver, ThreadVisit):
            driver.loop.call_soon_threadsafe(self._create_tasks, driver.loop, tuple(tasks))
        else:
            super()._start_background(tasks)

    def _create_tasks(
        self, loop: asyncio.AbstractEventLoop, tasks: Iterable[BackgroundTask]
    ) -> None:
        from ._thread_executor import ThreadVisit, has_fibers, on_the_loop

        for task in tasks:
            if has_fibers and not blocks(task.function):
                coroutine = on_the_loop(task.run)
            else:
                coroutine = ThreadVisit(pool=background).run(self, task.run)
            created = loop.create_task(coroutine, name=task.name, context=task.context)
            self._background_on_loop.add(created)
            created.add_done_callback(self._background_on_loop.discard)
