"""What a worker process of ``flask serve`` runs: the application, and the layers around it.

From the outside in: the health check, the access log, the proxies, early answers, the closing of
WebSockets, and the application, on WSGI with its threads.
"""

from __future__ import annotations

import signal
import typing as t
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from werkzeug.utils import import_string

from .._core.stopping import announcement, stop_soon
from ._script import ScriptInfo

if t.TYPE_CHECKING:
    import asyncio

    from ._access_log import AsgiApp, Receive, Scope, Send, Trusted

_CLOSE_TIMEOUT: t.Final = 2.0
"""Seconds that WebSocket handlers have to end when the process stops."""


@dataclass(frozen=True)
class Worker:
    """Loads the application in a worker process. It can be pickled.

    :param script: finds the application.
    :param interface: ``"wsgi"`` or ``"asgi"``.
    :param threads: concurrent requests, on WSGI.
    :param client_timeout: seconds that a client has to send a body, on WSGI.
    :param graceful_timeout: seconds that requests have to end when the process stops.
    :param health: the path of the health check.
    :param log_format: ``"plain"`` or ``"json"``; ``None``: there is no access log.
    :param forwarded_allow: networks of proxies, or their number; ``None``: the application's.
    """

    script: Callable[[], ScriptInfo]
    interface: str
    threads: int
    client_timeout: float
    graceful_timeout: float
    health: str | None
    log_format: str | None
    forwarded_allow: list[str] | int | None

    def __call__(self) -> AsgiApp:
        """Return what Granian serves."""
        from ._supervisor import end_with_main_process

        end_with_main_process(self.graceful_timeout)
        if self.log_format is not None:
            from ._access_log import add_request_ids

            add_request_ids()  # before the import of the application, which may log
        application: t.Any = self.script().load_app()
        return self.wrap(application)

    def wrap(self, application: t.Any) -> AsgiApp:
        """Return an application with the layers around it.

        :param application: a WSGI application, or an ASGI application.
        """
        proxies = find_proxies(application, self.forwarded_allow)
        served: AsgiApp = application
        if self.interface == "wsgi":
            inner = application if proxies is None else _MarkedAsSeen(application)
            if self.log_format is not None:
                from ._access_log import RequestIdWSGI

                inner = RequestIdWSGI(inner)
            # A higher layer, with asyncio.
            threaded = import_string("flask.asgi._threaded_wsgi.ThreadedWsgi")
            served = threaded(inner, self.threads, self.client_timeout)
        served = GracefulASGI(served)
        served = import_string("flask.asgi._early_answers.EarlyAnswers")(served)
        if self.log_format is not None:
            from ._access_log import note_client

            served = note_client(served)
        if proxies is not None:
            served = import_string("flask.security._proxies.AsgiProxies")(served, proxies)
        if self.log_format is not None:
            from ._access_log import AccessLog

            served = AccessLog(served, self.log_format, proxies)
        return served if self.health is None else HealthCheckASGI(served, self.health)


def find_proxies(application: t.Any, allowed: list[str] | int | None) -> Trusted | None:
    """Return the proxies whose headers are believed.

    :param application: its ``TRUSTED_PROXIES`` count unless ``allowed`` is given.
    :param allowed: networks or a number; an empty list or 0: no proxy is believed.
    :raises ValueError: a network or the number is not valid.
    """
    config = getattr(application, "config", {})  # another framework's application may have none
    proxies = config.get("TRUSTED_PROXIES") if allowed is None else allowed
    if not proxies and allowed is None:
        return None
    create = import_string("flask.security.TrustedProxies")  # a higher layer
    trusted: Trusted = create(proxies, config.get("TRUSTED_PROXY_HEADER"))
    return trusted


class _MarkedAsSeen:
    """WSGI middleware that says that the forwarded headers have been read.

    Otherwise an application with ``flask.security.Security`` would read them a second time.
    """

    def __init__(self, app: t.Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        environ["flask.forwarded"] = True
        return self.app(environ, start_response)


class GracefulASGI:
    """An application whose WebSockets get a close frame before the process stops.

    Granian would only close their connections. So this class handles ``SIGTERM``, closes the
    WebSockets, and then raises ``SIGINT``, which Granian handles like ``SIGTERM``.
    """

    def __init__(self, app: AsgiApp) -> None:
        self.app = app
        self._closing_tasks: set[asyncio.Task[None]] = set()
        announcement.is_by_server = True

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        serve = self._serve_lifespan if scope["type"] == "lifespan" else self.app
        return serve(scope, receive, send)

    async def _serve_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        import asyncio  # 9 ms, which other commands do not need

        loop = asyncio.get_running_loop()  # Granian has set its signal handlers now
        try:
            try:
                loop.remove_signal_handler(signal.SIGTERM)
            except AttributeError:  # COMPAT: the method of rloop 0.5 fails
                pass
            # Not loop.add_signal_handler: uvloop loses signals while it does not run, and Granian
            # stops the loop between the application's startup and the first request.
            signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(self._begin, loop))
        except (NotImplementedError, ValueError):
            pass  # on Windows, or if the server runs in a thread
        await self.app(scope, receive, send)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._closing_tasks.add(loop.create_task(self._close_websockets()))

    async def _close_websockets(self) -> None:
        import asyncio

        try:
            server = getattr(self.app, "_asgi", None)
            if server is not None:  # another framework's application has none
                async with asyncio.timeout(_CLOSE_TIMEOUT):
                    await server.websockets.close_all()
        except TimeoutError:
            pass
        finally:
            stop_soon()
            signal.raise_signal(signal.SIGINT)


class HealthCheckASGI:
    """ASGI middleware that responds to a health check at one path."""

    def __init__(self, app: AsgiApp, path: str) -> None:
        self.app = app
        self.path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self.path:
            await self.app(scope, receive, send)
            return
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else b"ok"
        await send({"type": "http.response.body", "body": body})
