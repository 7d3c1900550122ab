"""Many threads that send requests to one application at once, over WSGI and over ASGI."""

from __future__ import annotations

import asyncio
import threading
import typing as t
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from werkzeug.test import EnvironBuilder

from flask import Flask, has_app_context, has_request_context

THREADS = 16
LONGEST = 60  # seconds that a thread waits for the others

Ask = t.Callable[..., tuple[int, dict[str, str], str]]
"""Sends a request: application, path, method, headers and body; returns status, headers, text."""


def ask_by_wsgi(
    app: Flask,
    path: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> tuple[int, dict[str, str], str]:
    """Send a request as a WSGI server does."""
    environ = EnvironBuilder(path, method=method, headers=headers, data=body).get_environ()
    started: list[t.Any] = []
    chunks = app(environ, lambda status, sent, exc_info=None: started.extend((status, sent)))
    try:
        text = b"".join(chunks).decode()
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    assert not has_request_context()
    assert not has_app_context()
    return int(started[0][:3]), dict(started[1]), text


async def _ask_asgi(
    app: Flask, path: str, method: str, headers: dict[str, str], body: bytes
) -> tuple[int, dict[str, str], str]:
    path, _, query = path.partition("?")
    sent: list[dict[str, t.Any]] = []
    done = asyncio.Event()
    is_read = False
    fields = {"host": "localhost", "content-length": str(len(body)), **headers}

    async def receive() -> dict[str, t.Any]:
        nonlocal is_read
        if not is_read:
            is_read = True
            return {"type": "http.request", "body": body, "more_body": False}
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, t.Any]) -> None:
        sent.append(message)

    await app(  # type: ignore[call-overload]
        {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), it.encode()) for name, it in fields.items()],
            "server": ("localhost", 80),
            "client": ("127.0.0.1", 1),
        },
        receive,
        send,
    )
    done.set()
    found = {name.decode().title(): it.decode() for name, it in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(part.get("body", b"") for part in sent[1:]).decode()


@contextmanager
def asgi_loop() -> Iterator[Ask]:
    """Run an event loop in a thread; yield what sends a request on it from any other thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def ask(
        app: Flask,
        path: str,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> tuple[int, dict[str, str], str]:
        request = _ask_asgi(app, path, method, headers or {}, body)
        return asyncio.run_coroutine_threadsafe(request, loop).result(LONGEST)

    try:
        yield ask
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def run_crowd(act: Callable[[int], None], threads: int = THREADS) -> None:
    """Call a function with 0, 1, ... in as many threads at once.

    The first error is raised here.
    """
    together = threading.Barrier(threads)

    def begin(number: int) -> None:
        together.wait(LONGEST)
        act(number)

    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(begin, number) for number in range(threads)]:
            future.result()
