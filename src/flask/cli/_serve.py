"""The command ``serve``, which serves the application with Granian, a production server."""

from __future__ import annotations

import multiprocessing
import os
import signal
import typing as t
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from functools import partial
from pathlib import Path

import click
from werkzeug.utils import import_string

from .._core.awaitables import is_async_view
from .._core.environment import get_debug_flag
from .._core.stopping import announcement, stop_soon
from ._script import ScriptInfo, pass_script_info

if t.TYPE_CHECKING:
    import asyncio

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from werkzeug.routing import Map

Message: t.TypeAlias = MutableMapping[str, t.Any]
Scope: t.TypeAlias = Message
Receive: t.TypeAlias = Callable[[], Awaitable[Message]]
Send: t.TypeAlias = Callable[[Message], Awaitable[None]]
AsgiApp: t.TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class _App(t.Protocol):
    url_map: Map
    view_functions: dict[str, t.Callable[..., object]]


_WITHOUT_GRANIAN = (
    "'flask serve' needs Granian, which is not installed. Install it with:\n\n"
    "    pip install 'flask[serve]'"
)
_FILE = click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path)


_THREADS: t.Final = 16
"""The default for WSGI: enough threads for views that wait for a database."""
_CLIENT_TIMEOUT: t.Final = 60
"""The default for WSGI in seconds, which is common in proxies."""


_CLOSE_TIMEOUT: t.Final = 2.0
"""Seconds that WebSocket handlers have to end when the process stops."""


def _count_cores() -> int:
    """Return the number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@click.command("serve", short_help="Serve the app in production.")
@click.option("--host", "-h", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", "-p", default=8000, help="Port to listen on.")
@click.option("--uds", type=click.Path(path_type=Path), help="Listen on this Unix socket instead.")
@click.option(
    "--interface",
    type=click.Choice(["auto", "wsgi", "asgi"]),
    default="auto",
    help="How the app is called. 'auto' is ASGI if it has async views or WebSockets, else WSGI.",
)
@click.option(
    "--workers", type=click.IntRange(1), help="Number of processes. As many as cores if not given."
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    help="Requests that a process answers at a time, on WSGI. 16 if not given.",
)
@click.option(
    "--client-timeout",
    type=click.IntRange(1),
    help="On WSGI: seconds that a client has to send a body, and one more for each KiB; also to"
    " receive a chunk of a streamed response. By default 60.",
)
@click.option("--cert", type=_FILE, help="Serve over HTTPS: the certificate file.")
@click.option("--key", type=_FILE, help="The private key that belongs to the certificate.")
@click.option(
    "--http",
    type=click.Choice(["auto", "1", "2"]),
    default="auto",
    help="Version of HTTP. 'auto' accepts both.",
)
@click.option(
    "--graceful-timeout",
    type=click.IntRange(1),
    default=30,
    help="Seconds in which a process that stops may end its requests; then it is killed.",
)
@click.option("--access-log/--no-access-log", default=False, help="Log each request, or not.")
@click.option("--health", metavar="PATH", help="Answer this path before the app, such as /healthz.")
@pass_script_info
def serve_command(
    info: ScriptInfo, /, interface: str, health: str | None, **options: t.Any
) -> None:
    """Serve the application with Granian, a production server.

    SIGTERM stops it when the requests under way are answered, or their time is over. SIGHUP
    replaces the processes one by one by new ones, which import the application again.
    """
    try:
        from granian.constants import HTTPModes, Interfaces
        from granian.errors import ConfigurationError

        from ._supervisor import ResilientServer
    except ImportError:
        raise click.UsageError(_WITHOUT_GRANIAN) from None

    app = info.load_app()
    if app.debug or get_debug_flag():
        raise click.UsageError("Debug mode is on, and must not be in production.")
    if interface == "auto":
        interface = "asgi" if _wants_asgi(app) else "wsgi"
    _check(interface, app, health, options)

    # New processes import everything again, so a reload uses the current code.
    multiprocessing.set_start_method("spawn", force=True)
    server = ResilientServer(
        info.app_import_path or "app",
        address=options["host"],
        port=options["port"],
        uds=options["uds"],
        interface=Interfaces.ASGI,  # for WSGI too; see asgi/_threaded_wsgi
        workers=options["workers"] or _count_cores(),
        http=HTTPModes(options["http"]),
        websockets=interface == "asgi",
        log_access=options["access_log"],
        ssl_cert=options["cert"],
        ssl_key=options["key"],
        respawn_failed_workers=True,
        # Otherwise one client with a stalled upload or an endless stream would prevent the stop.
        workers_kill_timeout=options["graceful_timeout"],
    )
    script = partial(ScriptInfo, info.app_import_path, info.create_app, info.set_debug_flag)
    load = _make_loader(script, interface, health, options)
    try:
        server.serve(target_loader=load, wrap_loader=False)
    except ConfigurationError as error:
        raise click.UsageError(f"Granian refuses the setting {error}.") from None


def _check(interface: str, app: object, health: str | None, options: Mapping[str, object]) -> None:
    """Raise an error for options that do not fit the interface."""
    if interface == "asgi" and not hasattr(app, "asgi_app"):
        raise click.UsageError("This application has no 'asgi_app' to be served over ASGI.")
    for name in ("threads", "client_timeout"):
        if interface == "asgi" and options[name] is not None:
            option = name.replace("_", "-")
            raise click.UsageError(f"'--{option}' is for WSGI, but this app is served over ASGI.")
    if (options["cert"] is None) != (options["key"] is None):
        raise click.UsageError("'--cert' and '--key' go together.")
    if health is not None and not health.startswith("/"):
        raise click.UsageError("'--health' takes a path that begins with a slash.")


def _wants_asgi(app: _App) -> bool:
    """Return whether an application has WebSockets or asynchronous views."""
    return hasattr(app, "asgi_app") and (
        any(rule.websocket for rule in app.url_map.iter_rules())
        or any(map(is_async_view, app.view_functions.values()))
    )


def _make_loader(
    script: Callable[[], ScriptInfo],
    interface: str,
    health: str | None,
    options: Mapping[str, t.Any],
) -> Callable[[], AsgiApp]:
    """Return a function that loads the application in a worker process. It can be pickled."""
    if interface == "wsgi":
        timeout = options["client_timeout"] or _CLIENT_TIMEOUT
        load = partial(_load_wsgi, script, health, options["threads"] or _THREADS, timeout)
    else:
        load = partial(_load_asgi, script, health)
    return partial(_load, load, options["graceful_timeout"])


def _load(load: Callable[[], AsgiApp], graceful_timeout: float) -> AsgiApp:
    """Load the application in a worker process."""
    from ._supervisor import end_with_main_process

    end_with_main_process(graceful_timeout)
    return load()


def _load_wsgi(
    script: Callable[[], ScriptInfo], health: str | None, threads: int, timeout: float
) -> AsgiApp:
    """Load an application that is served over WSGI."""
    served = import_string("flask.asgi._threaded_wsgi.ThreadedWsgi")  # a higher layer, with asyncio
    app: WSGIApplication = script().load_app()
    if health is not None:
        app = _HealthCheckWSGI(app, health)
    return _GracefulASGI(served(app, threads, timeout))


def _load_asgi(script: Callable[[], ScriptInfo], health: str | None) -> AsgiApp:
    """Load an application that is served over ASGI."""
    served = _GracefulASGI(script().load_app())
    return served if health is None else _HealthCheckASGI(served, health)


class _GracefulASGI:
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


class _HealthCheckWSGI:
    """WSGI middleware that responds to a health check at one path."""

    def __init__(self, app: WSGIApplication, path: str) -> None:
        self.app = app
        self.path = path

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != self.path:
            answer: Iterable[bytes] = self.app(environ, start_response)
            return answer
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"ok"]


class _HealthCheckASGI:
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
