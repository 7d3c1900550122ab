"""Streams: JSON lines and server-sent events, item by item.

An item is checked and written when the server asks for it. Nothing is buffered.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator

from .._core.current import get_app_context
from .._http.sse import ServerSentEvent
from .._http.streaming import stream_with_context
from ..helpers import stream_events
from ..wrappers import Response
from ._operation import Answer
from ._writing import App, Writer, WrongAnswer, encode, validates_answers

LINES_TYPE: t.Final = "application/jsonl"
"""The media type of JSON lines, one JSON text in each line."""

Item = t.TypeVar("Item")


def compile_lines(answer: Answer, what: str) -> Callable[[object, App], Response]:
    """Return a function that sends an iterable as JSON lines.

    :param answer: its ``hint`` is the type of the items.
    :param what: names the view, for errors.
    """
    write = Writer(answer.hint, what).write
    media_type = answer.media_type or LINES_TYPE
    is_raw = is_raw_stream(answer)

    def send(value: object, app: App) -> Response:
        validates = validates_answers(app)
        if is_raw:
            chunks = _write_each(value, _check_chunk, what)
        else:
            chunks = _write_each(value, lambda item: write(item, validates) + b"\n", what)
        return app.response_class(
            stream_with_context(chunks), status=answer.status, mimetype=media_type
        )

    return send


def is_raw_stream(answer: Answer) -> bool:
    """Return whether the items of a stream are parts of a body, rather than lines of JSON.

    They are if the items are texts or bytes, and the media type is another one, such as that of
    CSV.
    """
    return answer.hint in (str, bytes) and "json" not in (answer.media_type or LINES_TYPE)


def _check_chunk(chunk: object) -> bytes:
    if isinstance(chunk, str):
        return chunk.encode()
    if isinstance(chunk, bytes):
        return chunk
    raise TypeError(f"A part of a streamed body is str or bytes, not {type(chunk).__name__}.")


def compile_events(answer: Answer, what: str) -> Callable[[object, App], Response]:
    """Return a function that sends an iterable of `ServerSentEvent` as an event stream.

    :param answer: its status, and its media type if it is not that of event streams.
    :param what: names the view, for errors.
    """

    def send(value: object, app: App) -> Response:
        response = stream_events(_write_each(value, _prepare_event, what))
        response.status_code = answer.status
        if answer.media_type:
            response.mimetype = answer.media_type
        return response

    return send


def _prepare_event(event: object) -> ServerSentEvent:
    """Return an event whose data is a text."""
    if not isinstance(event, ServerSentEvent):
        event = ServerSentEvent(data=event)
    if event.data is None or isinstance(event.data, str):
        return event
    text = encode(event.data).decode()
    return ServerSentEvent(text, event.event, event.id, event.retry, event.comment)


def _write_each(
    items: object, write: Callable[[object], Item], what: str
) -> Iterator[Item] | AsyncIterator[Item]:
    if isinstance(items, AsyncIterable):
        return _write_awaited(items, write)
    if isinstance(items, Iterable) and not isinstance(items, (str, bytes, dict)):
        return _write_sync(items, write)
    entry = {"pointer": "#", "code": "type", "expected": "iterator", "class": type(items).__name__}
    raise WrongAnswer(what, Iterator, [entry])


def _write_sync(items: Iterable[object], write: Callable[[object], Item]) -> Iterator[Item]:
    try:
        for item in items:
            yield write(item)
    except Exception:
        _log_error()
        raise
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()


async def _write_awaited(
    items: AsyncIterable[object], write: Callable[[object], Item]
) -> AsyncIterator[Item]:
    try:
        async for item in items:
            yield write(item)
    except Exception:
        _log_error()
        raise
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()


def _log_error() -> None:
    """Log the error of a stream: the status was sent, so no error handler can answer."""
    get_app_context().app.log_exception(sys.exc_info())
