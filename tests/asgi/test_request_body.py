"""The body of a request as a stream of bytes, with the methods of a file."""

from __future__ import annotations

import asyncio
import typing as t
from io import BytesIO

import pytest
from werkzeug.exceptions import ClientDisconnected

from flask import Flask
from flask.asgi._request_body import Message, RequestBody
from flask.asgi._thread_executor import ThreadExecutor

TEXT = b"one\ntwo\n\nthree and more\nno end"
SPLIT = {
    "whole": [TEXT],
    "in halves": [TEXT[:15], TEXT[15:]],
    "byte by byte": [TEXT[at : at + 1] for at in range(len(TEXT))],
    "with an empty end": [TEXT, b""],
    "with empty parts": [b"", TEXT[:4], b"", TEXT[4:], b""],
    "empty": [b""],
}
CALLS: dict[str, t.Callable[[t.Any], t.Any]] = {
    "read": lambda it: it.read(),
    "read none": lambda it: it.read(None),
    "read nothing": lambda it: (it.read(0), it.read()),
    "read some": lambda it: [it.read(7) for _ in range(6)],
    "read more than there is": lambda it: (it.read(1000), it.read(1000)),
    "readline": lambda it: [it.readline() for _ in range(7)],
    "readline, short": lambda it: [it.readline(2) for _ in range(20)],
    "readline of nothing": lambda it: (it.readline(0), it.readline(None)),
    "readlines": lambda it: it.readlines(),
    "readlines, some": lambda it: (it.readlines(5), it.readlines()),
    "iterate": lambda it: list(it),
    "all of it": lambda it: (it.readline(), it.read(2), it.readlines(4), list(it), it.read()),
}


def body_of(messages: list[Message]) -> RequestBody:
    async def receive() -> Message:
        return messages.pop(0)

    return RequestBody(receive)


def parts_of(parts: list[bytes]) -> list[Message]:
    last = len(parts) - 1
    return [
        {"type": "http.request", "body": part, "more_body": at < last}
        for at, part in enumerate(parts)
    ]


GONE: Message = {"type": "http.disconnect"}


@pytest.mark.parametrize("parts", SPLIT.values(), ids=SPLIT)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_it_reads_as_a_file_does(call: t.Callable[[t.Any], t.Any], parts: list[bytes]) -> None:
    messages = parts_of(parts)
    assert call(body_of(messages)) == call(BytesIO(b"".join(parts)))


def test_after_a_disconnect_every_read_is_an_error() -> None:
    body = body_of([*parts_of([b"one\nt", b""])[:1], GONE])
    assert body.readline() == b"one\n"
    for read in (body.read, body.readline, body.readlines, lambda: body.read(5)):
        with pytest.raises(ClientDisconnected):
            read()
    assert body.is_disconnected


# Read ahead, and watched -------------------------------------------------------------------------

AHEAD = {
    "all of it": ({"CONTENT_LENGTH": "6"}, None, [b"abc", b"def"], 0),
    "of unknown length": ({}, 6, [b"abc", b"def"], 0),
    "no body is usual": ({"REQUEST_METHOD": "GET"}, None, [b"abc"], 1),
    "its length is beyond the limit": ({"CONTENT_LENGTH": "6"}, 5, [b"abc", b"def"], 2),
    "it grows beyond the limit": ({}, 3, [b"abc", b"def", b"ghi"], 1),
}


@pytest.mark.parametrize(("entries", "limit", "parts", "left"), AHEAD.values(), ids=AHEAD)
def test_it_may_be_read_ahead(
    entries: dict[str, str], limit: int | None, parts: list[bytes], left: int
) -> None:
    messages = parts_of(parts)
    body = body_of(messages)
    asyncio.run(body.buffer_whole_body(limit, {"REQUEST_METHOD": "POST", **entries}))
    assert len(messages) == left
    assert body.read() == b"".join(parts)


def test_reading_ahead_stops_at_a_disconnect() -> None:
    body = body_of([*parts_of([b"abc", b""])[:1], GONE])
    asyncio.run(body.buffer_whole_body(None, {"REQUEST_METHOD": "POST"}))
    with pytest.raises(ClientDisconnected):
        body.read()


WATCHED = {
    "it goes at once": ([GONE], True),
    "it goes after its body": ([*parts_of([b"abc"]), GONE], True),
    "it sends on after its body": ([*parts_of([b"abc"]), *parts_of([b"more"])], False),
}


@pytest.mark.parametrize(("messages", "is_gone"), WATCHED.values(), ids=WATCHED)
def test_a_watch_sees_a_client_that_disconnects(messages: list[Message], is_gone: bool) -> None:
    body = body_of(list(messages))
    assert asyncio.run(body.wait_for_disconnect()) is is_gone
    assert body.is_disconnected is is_gone


def test_a_view_that_reads_while_it_is_watched_gets_the_whole_body() -> None:
    async def go() -> tuple[bytes, bool]:
        goes = asyncio.Event()
        messages = parts_of([b"abc", b"def", b"ghi"])

        async def receive() -> Message:
            if messages:
                return messages.pop(0)
            await goes.wait()
            return GONE

        body = RequestBody(receive)
        watching = asyncio.create_task(body.wait_for_disconnect())
        await asyncio.sleep(0)  # it begins before the reader, as where it is used
        read = await ThreadExecutor().run(Flask(__name__), body.read)
        goes.set()
        return read, await watching

    assert asyncio.run(go()) == (b"abcdefghi", True)


def test_a_view_that_reads_while_it_is_watched_gets_the_disconnect() -> None:
    async def go() -> None:
        body = body_of([*parts_of([b"abc", b""])[:1], GONE])
        watching = asyncio.create_task(body.wait_for_disconnect())
        await asyncio.sleep(0)  # it begins before the reader, as where it is used
        with pytest.raises(ClientDisconnected):
            await ThreadExecutor().run(Flask(__name__), body.read)
        assert await watching

    asyncio.run(go())
