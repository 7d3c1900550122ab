"""Serves the checked application from a thread, over WSGI or ASGI, also below a prefix."""

from __future__ import annotations

import os
import threading
import time
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.utils import import_string
from werkzeug.wrappers import Response

from flask import Flask

PROTOCOLS = ("wsgi", "asgi")


def load_app() -> Flask:
    """Return the application that ``API_CHECKS_APP`` names, or the small one."""
    name = os.environ.get("API_CHECKS_APP") or "checked_app:app"
    return t.cast("Flask", import_string(name))


def urls_of(app: Flask, name: t.Literal["url", "docs"]) -> list[str]:
    """Return the paths of the documents, or of the pages, of an application."""
    return [getattr(api, name) for api in app.extensions["flask.api"]]


@contextmanager
def serve(app: Flask, protocol: str, prefix: str = "") -> Iterator[str]:
    """Serve an application; yield its address without a slash at the end.

    :param prefix: the path below which it is mounted.
    """
    with (_serve_wsgi if protocol == "wsgi" else _serve_asgi)(app, prefix) as port:
        yield f"http://127.0.0.1:{port}{prefix}"


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: t.Any) -> None:
        pass


@contextmanager
def _serve_wsgi(app: Flask, prefix: str) -> Iterator[int]:
    mounts = {prefix: app} if prefix else {}
    root: t.Any = DispatcherMiddleware(Response("", 404) if prefix else app, mounts)
    server = make_server("127.0.0.1", 0, root, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _serve_asgi(app: Flask, prefix: str) -> Iterator[int]:
    import uvicorn

    async def mounted(scope: t.Any, receive: t.Any, send: t.Any) -> None:
        await app({**scope, "root_path": prefix}, receive, send)

    config = uvicorn.Config(mounted, port=0, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
