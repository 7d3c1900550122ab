"""An application with WebSockets on Werkzeug's threaded server."""

from __future__ import annotations

import socket
import threading
import typing as t
from contextlib import ExitStack

from polling import LONGEST
from websockets.sync.client import connect
from werkzeug.serving import make_server

from flask import Flask


class ThreadedServer:
    """An application on Werkzeug's threaded server, and what happened in it."""

    def __init__(self) -> None:
        self.app = Flask(__name__)
        self.app.secret_key = "a key for tests"
        self.noted: list[str] = []
        self._changed = threading.Condition()
        self._clients = ExitStack()
        self._server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.port

    def note(self, what: str) -> None:
        with self._changed:
            self.noted.append(what)
            self._changed.notify_all()

    def wait_for(self, what: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: what in self.noted, LONGEST), self.noted

    def connect(self, path: str, **options: t.Any) -> t.Any:
        url = f"ws://127.0.0.1:{self.port}{path}"
        return self._clients.enter_context(connect(url, max_size=None, **options))

    def send_raw(self, *lines: str) -> bytes:
        """Send a request head unchanged; return the whole response."""
        with socket.create_connection(("127.0.0.1", self.port), LONGEST) as raw:
            raw.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
            return b"".join(iter(lambda: raw.recv(65536), b""))

    def close(self) -> None:
        self._clients.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


HANDSHAKE = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def handshake(path: str) -> bytes:
    head = [f"{name}: {value}" for name, value in HANDSHAKE.items()]
    return "\r\n".join([f"GET {path} HTTP/1.1", *head, "", ""]).encode()


MESSAGES = {
    "text": "hello",
    "empty": "",
    "bytes": b"\x00\xff",
    "beyond ASCII": "é" * 1000,
    "large": b"z" * 1_000_000,
}
