"""A small ASGI server beside the WSGI one, and what of an answer both can show.

Official Flask is asked by WSGI, this package by ASGI: what ASGI cannot say is left out of the
comparison on both sides, and requests that only WSGI can carry are not asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
from typing import Any

from protocol import AUTOMATIC, Observation, Request

TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^`|~-]+")  # without "_", which servers refuse or leave out
CARRIED = {"wsgi.url_scheme"}
"""Environ entries that a scope has too."""


_STOPPED = re.compile(r"builtins\.StopIteration: .*")
_STOPPED_IN_A_COROUTINE = "builtins.RuntimeError: coroutine raised StopIteration"  # Python's rule


def can_be_carried(request: Request) -> bool:
    """Tell whether a server could hand this request on by ASGI."""
    names = [name.lower() for name, _ in request.headers]
    return (
        (request.path or "").startswith("/")
        and "stream/wrong" not in (request.path or "")  # parts that are no bytes: WSGI carries them
        and request.length == AUTOMATIC
        and request.take is None
        and request.method == request.method.upper()
        and request.method.isascii()
        and all(TOKEN.fullmatch(name) for name in names)
        and all(value == value.strip() for _, value in request.headers)
        and "transfer-encoding" not in names
        and "upgrade" not in names
        and all(name in CARRIED and value for name, value in request.environ)
    )


def likened(seen: Observation) -> Observation:
    """What of an observation can be seen by ASGI too.

    Whoever raises before a part of the body is out has answered nothing: then the server answers.
    """
    raised = [_STOPPED.sub(_STOPPED_IN_A_COROUTINE, text) for text in seen.raised]
    has_answered = seen.status is not None and (not raised or bool(seen.body))
    return Observation(
        status=str(seen.status_code) if has_answered else None,
        headers=[[name.lower(), value] for name, value in seen.headers] if has_answered else [],
        body=seen.body,
        events=seen.events,
        warnings=seen.warnings,
        logs=seen.logs,
        errors=seen.errors,
        raised=[text.partition(": ")[2] for text in raised],
        protocol=[text for text in seen.protocol if "left behind" in text],
        read=0,
    )


class AsgiAnswer:
    """One call of the app: what it sent, and what went wrong."""

    def __init__(self) -> None:
        self.status: str | None = None
        self.headers: list[tuple[str, str]] = []
        self.chunks: list[bytes] = []
        self.raised: list[str] = []
        self.breaches: list[str] = []
        self._has_ended = False

    def serve(self, app: Any, request: Request, errors: io.StringIO, name_of: Any) -> None:
        """Call the app and take all that it sends."""
        with contextlib.redirect_stderr(errors):
            loop = _loop()
            try:
                loop.run_until_complete(self._serve(app, request))
            except BaseException as error:
                self.raised.append(f"call: {name_of(error)}")
                if app.debug and ("cache-control", "no-store") in self.headers:
                    # The debug page (docs/decisions/0046). Under WSGI the server has one.
                    self.status, self.headers, self.chunks = None, [], []
            if any("SystemExit" in text or "KeyboardInterrupt" in text for text in self.raised):
                return  # the loop stops at once, whoever is still to be cancelled
            left = [task for task in asyncio.all_tasks(loop) if not task.done()]
            self.breaches += [f"a task was left behind: {task!r}" for task in left]

    async def _serve(self, app: Any, request: Request) -> None:
        messages = [{"type": "http.request", "body": request.body.encode("latin-1")}]

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop()
            await asyncio.Event().wait()
            raise AssertionError("nobody sets it")

        await app(scope_of(request), receive, self.send)

    async def send(self, message: dict[str, Any]) -> None:
        """Take a message; note each breach of ASGI and go on."""
        if message["type"] == "http.response.start":
            if self.status is not None:
                self.breaches.append("a second head was left behind")
            self.status = str(message["status"])
            self.headers = [
                (bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
                for name, value in message["headers"]
            ]
        elif self.status is None or self._has_ended:
            self.breaches.append(f"{message['type']} was left behind at the wrong time")
        else:
            self.chunks.append(message["body"])
            self._has_ended = not message.get("more_body", False)


def scope_of(request: Request) -> dict[str, Any]:
    """The scope that a server would make of this request."""
    raw = (request.path or "").encode("latin-1")
    given = dict(request.environ)
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in request.headers]
    if request.body and "content-length" not in [name.lower() for name, _ in request.headers]:
        headers.insert(0, (b"content-length", str(len(request.body)).encode()))
    if not any(name == b"host" for name, _ in headers):
        headers.insert(0, (b"host", b"localhost"))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": given.get("wsgi.url_scheme") or "http",
        "path": raw.decode(errors="replace"),
        "raw_path": raw.replace(b"%", b"%25"),
        "query_string": request.query.encode("latin-1"),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("localhost", 80),
    }


_loops: list[asyncio.AbstractEventLoop] = []


def _loop() -> asyncio.AbstractEventLoop:
    """The loop of this process, as a server has one."""
    if not _loops:
        _loops.append(asyncio.new_event_loop())
    return _loops[0]
