"""Streaming with and without a context, to the end or abandoned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import (
    Flask,
    Response,
    g,
    has_app_context,
    has_request_context,
    request,
    session,
    stream_with_context,
)

from .record import note


def chunks(count: int, fail_at: int = -1) -> Iterator[str]:
    """Numbers as text, with notes; raises before the given chunk."""
    note("stream begins")
    try:
        for number in range(count):
            if number == fail_at:
                raise RuntimeError(f"in the stream at {number}")
            note(f"chunk {number}")
            yield f"{number};"
    finally:
        note(f"stream ends, app {has_app_context()}, request {has_request_context()}")


def reading() -> Iterator[str]:
    """Reads the request, g and the session while it streams."""
    yield f"{request.path};"
    yield f"{g.get('token')};"
    yield f"{session.get('a')};"
    session["late"] = "never saved"
    yield "end"


def plain(count: int) -> Any:
    """No context: the request is over when the stream begins."""
    fail_at = int(request.args.get("fail", -1))
    return chunks(count, fail_at), {"Content-Type": "text/plain"}


def with_context(count: int) -> Any:
    """The context is kept for the stream."""
    fail_at = int(request.args.get("fail", -1))
    return stream_with_context(chunks(count, fail_at)), {"X-Stream": "context"}


def decorated() -> Any:
    """``stream_with_context`` as a decorator."""
    g.token = "token"

    @stream_with_context
    def generate(prefix: str) -> Iterator[str]:
        yield prefix
        yield from reading()

    return Response(generate("start;"), mimetype="text/plain")


def reads_without() -> Any:
    """Reading the request without its context fails in the middle."""
    return Response(reading(), mimetype="text/plain")


def reads_with() -> Any:
    """The session and g are there while streaming."""
    g.token = "token"
    session["a"] = "in time"
    return stream_with_context(reading())


def in_view() -> Any:
    """A stream with context that is read up in the view itself."""
    g.token = "inner"
    text = "".join(stream_with_context(reading()))
    return f"{text} and still {request.path}"


def buffered() -> Any:
    """A stream that is made to a sequence before it is sent."""
    response = Response(chunks(3), mimetype="text/plain")
    response.make_sequence()
    return response


def closing() -> Any:
    """An iterable with ``close`` that is no generator."""

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            yield b"x"
            yield b"y"

        def close(self) -> None:
            note(f"body closed, request {has_request_context()}")

    response = Response(Body(), mimetype="text/plain")
    response.call_on_close(lambda: note("response closed"))
    return response


def mixed() -> Any:
    """Text and bytes in one stream."""
    return iter(["text ", b"bytes ", "\u2603"]), {"Content-Type": "text/plain; charset=utf-8"}


def wrong() -> Any:
    """A stream of numbers cannot be sent."""
    return iter([1, 2])


def empty() -> Any:
    """A stream of nothing."""
    return iter([])


def install(app: Flask) -> None:
    """Routes below ``/stream``."""
    app.add_url_rule("/stream/plain/<int:count>", "stream_plain", plain)
    app.add_url_rule("/stream/context/<int:count>", "stream_context", with_context)
    for function in (decorated, reads_without, reads_with, in_view, buffered, closing, mixed):
        app.add_url_rule(f"/stream/{function.__name__}", f"stream_{function.__name__}", function)
    app.add_url_rule("/stream/wrong", "stream_wrong", wrong)
    app.add_url_rule("/stream/empty", "stream_empty", empty)
