"""The development server for ASGI: uvicorn, with the reloader.

Werkzeug's server opens the socket and prints the address. uvicorn serves from the same socket.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
import time
import typing as t
from collections.abc import Callable, Iterable

import werkzeug.serving

from ._browser_asgi import AsgiBrowserReload
from ._link import Restarter, find_restarter
from ._pages import EVENTS_PATH
from ._serving import Reloader, reloads_pages, start_reports

if t.TYPE_CHECKING:
    from ssl import SSLContext

    import uvicorn

_SHUTDOWN_TIMEOUT: t.Final = 1
"""Seconds that requests, WebSockets and streams have to end when the application is restarted."""

WITHOUT_UVICORN: t.Final = (
    "'flask run --asgi' needs uvicorn, which is not installed. Install it with:"
    "\n\n    pip install 'uvicorn>=0.34' 'wsproto>=1.2'"
)


def run_asgi(
    host: str,
    port: int,
    app: t.Any,
    *,
    ssl_context: tuple[str, str] | SSLContext | t.Literal["adhoc"] | None,
    use_reloader: bool,
    reloader_type: str,
    extra_files: Iterable[str] | None,
    exclude_patterns: Iterable[str] | None,
) -> None:
    """Serve an application over ASGI.

    :param host: address to listen on.
    :param port: port to listen on.
    :param app: the application; or a ``LoadErrorApp``.
    :param ssl_context: as for ``werkzeug.serving.run_simple``.
    :param use_reloader: restart when code changes.
    :param reloader_type: see ``RELOADERS``.
    :param extra_files: see ``Project``.
    :param exclude_patterns: likewise.
    :raises ImportError: uvicorn is not installed.
    """
    import uvicorn  # noqa: F401

    is_child = werkzeug.serving.is_running_from_reloader()
    number = int(os.environ["WERKZEUG_SERVER_FD"]) if is_child else None
    server = werkzeug.serving.make_server(
        host, port, app, ssl_context=ssl_context, fd=number, threaded=True
    )
    if not is_child:
        server.log_startup()
        server.log("info", "Press CTRL+C to quit")
    if use_reloader and not is_child:
        os.environ["WERKZEUG_SERVER_FD"] = str(server.fileno())
        Reloader.address = (host, port, ssl_context)
        _supervise(server.socket, Reloader(extra_files, exclude_patterns, kind=reloader_type))
    # Werkzeug may have wrapped the socket for HTTPS; uvicorn does that itself.
    listening = socket.socket(fileno=os.dup(server.fileno()))
    try:
        _serve(app, listening, server.ssl_context, find_restarter())
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


def _supervise(listening: socket.socket, reloader: Reloader) -> t.NoReturn:
    """Run the processes of the application, until one ends or Ctrl-C is pressed."""
    listening.set_inheritable(True)
    signal.signal(signal.SIGTERM, lambda *arguments: sys.exit(0))
    try:
        sys.exit(reloader.restart_with_reloader())
    except KeyboardInterrupt:
        sys.exit(0)


def _serve(
    app: t.Any, listening: socket.socket, context: SSLContext | None, restarter: Restarter | None
) -> None:
    """Run uvicorn, until the process has to end."""
    import uvicorn

    served = app
    if restarter is not None and reloads_pages(app):
        served = AsgiBrowserReload(app, Reloader.pages)
    config = uvicorn.Config(
        served,
        interface="asgi3",
        lifespan="on",
    )
    config.load()
    config.ssl = context
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").addFilter(_is_shown)
    server, stop = _create_server(config)
    codes: list[int] = []
    if restarter is not None:
        start_reports(restarter, app)
        threading.Thread(target=_follow, args=(restarter, stop, codes), daemon=True).start()
    server.run([listening])
    if codes:
        sys.exit(codes[0])


def _create_server(config: uvicorn.Config) -> tuple[uvicorn.Server, Callable[[], object]]:
    """Return a server, and a function that stops it.

    uvicorn itself looks ten times a second whether it has to stop, and whether connections have
    ended. This server is woken.
    """
    import uvicorn

    loop: asyncio.AbstractEventLoop | None = None
    called = asyncio.Event()

    class Server(uvicorn.Server):
        """Serves until the event is set, or a signal has arrived."""

        async def main_loop(self) -> None:
            """Serve until the server has to stop."""
            nonlocal loop
            loop = asyncio.get_running_loop()
            counter = 0
            while not await self.on_tick(counter):
                counter += 1
                try:
                    await asyncio.wait_for(called.wait(), 0.1)
                except TimeoutError:
                    pass

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            """End connections and the application, without waits of a fixed length."""
            for listener in (*self.servers, *(sockets or ())):
                listener.close()
            state = self.server_state
            for connection in list(state.connections):
                connection.shutdown()
            end = time.monotonic() + _SHUTDOWN_TIMEOUT
            while (state.connections or state.tasks) and time.monotonic() < end:
                if self.force_exit:  # Ctrl-C was pressed again
                    return
                await asyncio.sleep(0.005)
            for task in list(state.tasks):
                task.cancel()
            await self.lifespan.shutdown()

    server = Server(config)

    def stop() -> None:
        server.should_exit = True
        if loop is not None:
            loop.call_soon_threadsafe(called.set)

    return server, stop


def _follow(
    restarter: Restarter,
    stop: Callable[[], object],
    codes: list[int],
) -> None:
    codes.append(restarter.follow(Reloader.pages.publish))
    Reloader.pages.close()
    stop()


def _is_shown(record: logging.LogRecord) -> bool:
    """Return whether a request is logged; those of the script are not."""
    values = record.args
    return not (isinstance(values, tuple) and len(values) > 2) or not str(values[2]).startswith(
        EVENTS_PATH
    )
