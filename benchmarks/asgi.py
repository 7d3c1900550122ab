"""One request through an ASGI application: asked, timed, and its function calls counted.

The counterpart of wsgi.py, used in the same place. One event loop serves all requests, one after
the other; scope, `receive` and `send` are made here, so no server is in the figure.
"""

from __future__ import annotations

import asyncio
import atexit
import http
import sys
from collections.abc import Awaitable, Callable
from time import perf_counter
from types import FrameType
from typing import Any

from benchmarks.workloads import Request
from benchmarks.wsgi import TRACED, Steps

Message = dict[str, Any]
Application = Callable[[Message, Any, Any], Awaitable[None]]
RawAnswer = tuple[str, list[tuple[str, str]], bytes]

_loop = asyncio.new_event_loop()
_started: set[int] = set()


def scope_of(request: Request) -> Message:
    """Return the scope of a request, with the headers that wsgi.py gives too."""
    headers = {
        "host": "localhost:8000",
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        **{name.lower(): value for name, value in request.headers.items()},
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": request.query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 54321),
        "server": ("localhost", 8000),
        "state": {},
    }


class Exchange:
    """The server's side of one request."""

    __slots__ = ("body", "is_sent", "messages")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.is_sent = False
        self.messages: list[Message] = []

    async def receive(self) -> Message:
        """Give the body in one message; then wait, as for a client that stays."""
        if self.is_sent:
            await _loop.create_future()
        self.is_sent = True
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Take a message."""
        self.messages.append(message)


async def _start(application: Application) -> None:
    """Send an application the startup of the lifespan, if it accepts one."""
    if id(application) in _started:
        return
    _started.add(id(application))
    begun = _loop.create_future()
    asked = False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await _loop.create_future()
        asked = True
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        if not begun.done():
            begun.set_result(message)

    async def live() -> None:
        try:
            scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
            await application(scope, receive, send)
        except Exception:
            pass  # it has no lifespan, which ASGI allows
        finally:
            if not begun.done():
                begun.set_result(None)

    _tasks.append(_loop.create_task(live()))
    await begun


_tasks: list[asyncio.Task[None]] = []


@atexit.register
def _finish() -> None:
    """End the applications' lifespans, which wait for a word that is never said."""
    for task in _tasks:
        task.cancel()
    if _tasks:
        _loop.run_until_complete(asyncio.wait(_tasks))
    _loop.close()


def ask(application: Application, request: Request) -> RawAnswer:
    """Send one request and return status line, header list and the whole body."""
    _loop.run_until_complete(_start(application))
    exchange = Exchange(request.body)
    _loop.run_until_complete(application(scope_of(request), exchange.receive, exchange.send))
    start = next(item for item in exchange.messages if item["type"] == "http.response.start")
    body = b"".join(
        item.get("body", b"") for item in exchange.messages if item["type"] == "http.response.body"
    )
    headers = [
        (bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
        for name, value in start.get("headers", ())
    ]
    status = start["status"]
    return f"{status} {http.HTTPStatus(status).phrase}", headers, body


def time_calls(application: Application, request: Request, calls: int) -> float:
    """Return the seconds that so many requests took, one after the other."""
    copy = scope_of(request).copy
    body = request.body

    async def run() -> float:
        begin = perf_counter()
        for _ in range(calls):
            exchange = Exchange(body)
            await application(copy(), exchange.receive, exchange.send)
        return perf_counter() - begin

    return _loop.run_until_complete(run())


def count_calls(application: Application, request: Request) -> int:
    """Return how many Python functions one request entered; see ``wsgi.count_calls``."""
    count = 0

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        if event == "call" and frame.f_code.co_filename != __file__:
            count += 1

    async def run() -> None:
        exchange = Exchange(request.body)
        sys.setprofile(profile)
        try:
            await application(scope_of(request), exchange.receive, exchange.send)
        finally:
            sys.setprofile(None)

    _loop.run_until_complete(run())
    return count


def count_steps(application: Application, request: Request) -> list[tuple[str, int, int]]:
    """Return what one request runs, by function; see ``wsgi.count_steps``."""

    async def run(steps: Steps) -> None:
        exchange = Exchange(request.body)
        scope = scope_of(request)
        with steps:
            await application(scope, exchange.receive, exchange.send)

    for _ in range(TRACED):
        steps = Steps(__file__)
        _loop.run_until_complete(run(steps))
    return steps.found()
