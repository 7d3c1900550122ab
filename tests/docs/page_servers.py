"""Servers of this process that answer the requests of a page."""

from __future__ import annotations

import socket
import threading
import typing as t
from contextlib import contextmanager

import uvicorn
from werkzeug.serving import WSGIRequestHandler, make_server

from flask import Flask

_LONGEST = 10.0  # seconds that a server may take to start or to stop


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: t.Any) -> None:
        """Log nothing."""


@contextmanager
def served(app: Flask, *, asgi: bool) -> t.Iterator[int]:
    """Serve an application in a thread, over WSGI as ``flask run`` does, or over ASGI.

    :return: the port.
    """
    with _serve_asgi(app) if asgi else _serve_wsgi(app) as port:
        yield port


@contextmanager
def _serve_wsgi(app: Flask) -> t.Iterator[int]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(_LONGEST)
        server.server_close()


@contextmanager
def _serve_asgi(app: Flask) -> t.Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()[1]  # connections wait until the server accepts
        finally:
            server.should_exit = True
            thread.join(_LONGEST)
