"""The access log of ``flask serve``, and the identifier of each request.

Each request and each WebSocket is one line, whatever the client sends: what it can choose is
encoded, and has a limited length.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import typing as t
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from urllib.parse import quote

from ..logging import current_request_id, default_handler

Message: t.TypeAlias = MutableMapping[str, t.Any]
Scope: t.TypeAlias = Message
Receive: t.TypeAlias = Callable[[], Awaitable[Message]]
Send: t.TypeAlias = Callable[[Message], Awaitable[None]]
AsgiApp: t.TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class Trusted(t.Protocol):
    """What is needed of ``flask.security.TrustedProxies``, which is in a higher layer."""

    def believes(self, peer: str) -> bool: ...


logger: t.Final = logging.getLogger("flask.access")
"""The logger of the lines. They go to standard output, unless it has a handler."""

_HEADER: t.Final = b"x-request-id"
_RECORD: t.Final = "flask.access_record"  # in a scope
_MAX_PATH: t.Final = 2000
"""Characters of a path that are written; the lines of several processes do not mix then."""
_is_valid_id = re.compile(rb"[A-Za-z0-9._~+/=@:-]{1,128}").fullmatch


class AccessLog:
    """ASGI middleware that writes a line for each request, and gives it an identifier.

    The application finds the identifier in the request header ``X-Request-Id``, and the client in
    the response header of that name.

    :param app: the ASGI application.
    :param log_format: ``"plain"`` or ``"json"``.
    :param proxies: an identifier from one of them is kept.
    """

    def __init__(self, app: AsgiApp, log_format: str, proxies: Trusted | None) -> None:
        self.app = app
        self._format = _format_json if log_format == "json" else _format_plain
        self._proxies = proxies
        if not logger.handlers:
            handler = logging.StreamHandler(sys.stdout)
            handler.setFormatter(logging.Formatter("%(message)s"))
            logger.addHandler(handler)
            logger.setLevel(logging.INFO)
            logger.propagate = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, and write its line at the end."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        record = _Record(scope, self._find_id(scope))
        headers = [pair for pair in scope["headers"] if pair[0].lower() != _HEADER]
        headers.append((_HEADER, record.request_id.encode()))
        token = current_request_id.set(record.request_id)
        try:
            await self.app(
                {**scope, "headers": headers, _RECORD: record}, receive, record.make_send(send)
            )
        except Exception:
            if record.status is None:
                record.status = 500  # which the server sends
            raise
        finally:
            current_request_id.reset(token)
            logger.info("%s", self._format(record))

    def _find_id(self, scope: Scope) -> str:
        """Return the identifier from a trusted proxy, else a random one."""
        if self._proxies is not None and self._proxies.believes(_find_address(scope)):
            sent = [value for name, value in scope["headers"] if name.lower() == _HEADER]
            if len(sent) == 1 and _is_valid_id(sent[0]):
                text: str = sent[0].decode()
                return text
        return uuid.uuid4().hex


class _Record:
    """What is known of a request.

    :param scope: what the server says about it.
    :param request_id: its identifier.
    """

    status: int | None = None
    """The status of the response; ``None``: the client disconnected before there was one."""
    size: int = 0
    """Bytes of the body, or of the messages of a WebSocket, that were sent."""

    def __init__(self, scope: Scope, request_id: str) -> None:
        is_websocket = scope["type"] == "websocket"
        self.request_id = request_id
        self.method: str = "WEBSOCKET" if is_websocket else scope["method"]
        self.path: str = scope["path"][:_MAX_PATH]
        self.client = _find_address(scope)
        self.began = time.perf_counter()

    def make_send(self, send: Send) -> Send:
        """Return a ``send`` that notes what is sent, and adds the identifier to the headers."""
        own_header = (_HEADER, self.request_id.encode())

        def note_and_send(message: Message) -> Awaitable[None]:
            kind = message["type"]
            if kind == "http.response.body":
                self.size += len(message.get("body", b""))
            elif kind == "websocket.send":
                self.size += len(message.get("bytes") or (message.get("text") or "").encode())
            elif kind == "websocket.http.response.body":
                self.size += len(message.get("body", b""))
            elif kind in _STARTS:
                self.status = message.get("status", 101)
                headers = [pair for pair in message.get("headers", ()) if pair[0] != _HEADER]
                message = {**message, "headers": [*headers, own_header]}
            elif kind == "websocket.close" and self.status is None:
                self.status = 403  # the handshake is refused
            return send(message)

        return note_and_send


_STARTS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})


def note_client(app: AsgiApp) -> AsgiApp:
    """Return ASGI middleware inside of the proxies, which notes the client that they found.

    :param app: the ASGI application.
    """

    def serve(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        record = scope.get(_RECORD)
        if record is not None:
            record.client = _find_address(scope)
        return app(scope, receive, send)

    return serve


def _find_address(scope: Scope) -> str:
    """Return the address of the client; it has none on a Unix socket."""
    return str((scope.get("client") or ("",))[0])


# Lines --------------------------------------------------------------------------------------------


def _format_plain(record: _Record) -> str:
    """Return a line of eight words: a path has no space, since it is encoded."""
    milliseconds = (time.perf_counter() - record.began) * 1000
    return (
        f"{_now()} {_encode(record.client)} {_encode(record.method)} {_encode(record.path)}"
        f" {record.status or '-'} {record.size} {milliseconds:.1f}ms {record.request_id}"
    )


def _format_json(record: _Record) -> str:
    return json.dumps(
        {
            "time": _now(),
            "client": record.client,
            "method": record.method,
            "path": record.path,
            "status": record.status,
            "bytes": record.size,
            "duration_ms": round((time.perf_counter() - record.began) * 1000, 1),
            "request_id": record.request_id,
        }
    )


def _now() -> str:
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z"


def _encode(text: str) -> str:
    """Return text as one word: control characters, spaces and quotes are percent-encoded."""
    return quote(text, safe="/:@!$&'()*+,;=~-._[]", errors="surrogateescape") or "-"


# The identifier in other log records --------------------------------------------------------------


class RequestIdWSGI:
    """WSGI middleware that makes the identifier known in the thread of the request."""

    def __init__(self, app: t.Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        # It stays until the thread's next request, so the steps of a stream have it too.
        current_request_id.set(environ["HTTP_X_REQUEST_ID"])
        return self.app(environ, start_response)


def add_request_ids() -> None:
    """Give each log record of this process a ``request_id``, and show it in default log lines."""
    create = logging.getLogRecordFactory()

    def create_with_id(*args: t.Any, **kwargs: t.Any) -> logging.LogRecord:
        record = create(*args, **kwargs)
        record.request_id = current_request_id.get() or "-"
        return record

    logging.setLogRecordFactory(create_with_id)
    default_handler.setFormatter(
        logging.Formatter("[%(asctime)s] %(levelname)s in %(module)s: %(message)s [%(request_id)s]")
    )
