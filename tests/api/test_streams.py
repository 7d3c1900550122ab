"""Streams of typed views: JSON lines and server-sent events."""

from __future__ import annotations

import itertools
import json
import logging
import typing as t
from collections.abc import AsyncIterator, Iterator

import pytest
from hand_made import answering, both_protocols, client_of
from msgspec import Struct

from flask import Flask, g, request
from flask._http.sse import ServerSentEvent
from flask.api._operation import Answer
from flask.helpers import stream_with_context
from flask.testing import FlaskClient


class Row(Struct):
    number: int


class WideRow(Row):
    secret: str = "s"


LINES = Answer("lines", Row)
EVENTS = Answer("events", ServerSentEvent)


def sync_rows() -> Iterator[Row]:
    yield Row(1)
    yield WideRow(2)


def async_rows() -> AsyncIterator[Row]:
    async def iterate() -> AsyncIterator[Row]:
        yield Row(1)
        yield WideRow(2)

    return iterate()


async def awaited_rows() -> AsyncIterator[Row]:
    return async_rows()


def listed_rows() -> list[Row]:
    return [Row(1), WideRow(2)]


@both_protocols
@pytest.mark.parametrize("view", [sync_rows, async_rows, awaited_rows, listed_rows])
def test_an_iterable_is_sent_as_lines(
    app: Flask, protocol: str, view: t.Callable[[], object]
) -> None:
    """Item 12: an item has only the declared fields."""
    response = client_of(answering(app, view, LINES), protocol).get("/")
    assert response.mimetype == "application/jsonl"
    assert "Content-Length" not in response.headers
    assert response.data == b'{"number":1}\n{"number":2}\n'


def test_status_headers_and_media_type(app: Flask) -> None:
    answer = Answer("lines", Row, 206, "application/x-ndjson")
    answering(app, lambda: (sync_rows(), {"X-Kind": "rows"}), answer)
    response = app.test_client().get("/")
    assert response.status_code == 206
    assert response.headers["X-Kind"] == "rows"
    assert response.mimetype == "application/x-ndjson"


@both_protocols
def test_texts_of_another_media_type_are_parts_of_the_body(app: Flask, protocol: str) -> None:
    def rows() -> Iterator[str]:
        yield "ä,"
        yield "b\n"

    answering(app, rows, Answer("lines", str, 200, "text/csv"))
    answering(app, rows, Answer("lines", str), rule="/json")
    client = client_of(app, protocol)
    response = client.get("/")
    assert response.content_type == "text/csv; charset=utf-8"
    assert response.data == "ä,b\n".encode()
    assert client.get("/json").data == '"ä,"\n"b\\n"\n'.encode()


def test_bytes_may_be_streamed_but_no_other_parts(app: Flask) -> None:
    def parts() -> Iterator[t.Any]:
        yield b"\x89PNG"
        yield 5

    response = (
        answering(app, parts, Answer("lines", bytes, 200, "image/png")).test_client().get("/")
    )
    chunks = response.iter_encoded()
    assert next(iter(chunks)) == b"\x89PNG"
    with pytest.raises(TypeError, match="not int"):
        list(chunks)


class Steps:
    """Notes which items were asked for, and whether the generator was closed."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def sync_rows(self) -> Iterator[Row]:
        try:
            for number in itertools.count():
                self.seen.append(number)
                yield Row(number)
        finally:
            self.seen.append("closed")

    def async_rows(self) -> AsyncIterator[Row]:
        async def iterate() -> AsyncIterator[Row]:
            try:
                for number in itertools.count():
                    self.seen.append(number)
                    yield Row(number)
            finally:
                self.seen.append("closed")

        return iterate()


@both_protocols
@pytest.mark.parametrize("name", ["sync_rows", "async_rows"])
def test_no_item_is_made_before_the_server_asks_for_it(
    app: Flask, protocol: str, name: str
) -> None:
    """connexion#904."""
    steps = Steps()
    response = client_of(answering(app, getattr(steps, name), LINES), protocol).get("/")
    parts = response.iter_encoded()
    assert next(parts) == b'{"number":0}\n'  # the stream has no end
    parts.close()  # type: ignore[attr-defined]
    response.close()
    assert steps.seen[-1] == "closed"


@both_protocols
@pytest.mark.parametrize("name", ["sync_rows", "async_rows"])
def test_head_makes_no_item(app: Flask, protocol: str, name: str) -> None:
    steps = Steps()
    response = client_of(answering(app, getattr(steps, name), LINES), protocol).head("/")
    assert (response.status_code, response.data) == (200, b"")
    assert steps.seen == []


@both_protocols
def test_the_request_is_current_in_each_step(app: Flask, protocol: str) -> None:
    @app.before_request
    def begin() -> None:
        g.first = 7

    def rows() -> Iterator[Row]:
        yield Row(g.first)
        yield Row(int(request.args["n"]))

    client = client_of(answering(app, rows, LINES), protocol)
    assert client.get("/?n=8").data == b'{"number":7}\n{"number":8}\n'


def failing_rows() -> Iterator[Row]:
    yield Row(1)
    raise RuntimeError("an internal password")


def failing_async_rows() -> AsyncIterator[Row]:
    async def iterate() -> AsyncIterator[Row]:
        yield Row(1)
        raise RuntimeError("an internal password")

    return iterate()


def wrong_rows() -> Iterator[object]:
    yield Row(1)
    yield object()


@both_protocols
@pytest.mark.parametrize("view", [failing_rows, failing_async_rows, wrong_rows])
def test_an_error_within_a_stream_is_logged_and_ends_the_connection(
    app: Flask, protocol: str, view: t.Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    client = client_of(answering(app, view, LINES), protocol)
    received: list[bytes] = []
    with caplog.at_level(logging.ERROR, app.name):
        response = client.get("/")
        assert response.status_code == 200
        with pytest.raises((RuntimeError, TypeError)):
            received.extend(response.iter_encoded())
    assert b"".join(received) == b'{"number":1}\n'
    messages = [record for record in caplog.records if record.name == app.name]
    assert [record.getMessage() for record in messages] == ["Exception on / [GET]"]
    assert messages[0].exc_info is not None


def test_each_item_is_validated_in_tests(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    def rows() -> Iterator[Row]:
        yield Row(1)
        yield Row("two")  # type: ignore[arg-type]

    app.testing = True
    response = answering(app, rows, LINES).test_client().get("/")
    with pytest.raises(TypeError, match="/number"):
        response.get_data()
    assert "hand_made" not in response.headers


# Server-sent events -----------------------------------------------------------------------------


def sync_events() -> Iterator[ServerSentEvent]:
    yield ServerSentEvent("tea", event="order", id=1)
    yield ServerSentEvent({"left": 2})
    yield ServerSentEvent(Row(3))


def async_events() -> AsyncIterator[ServerSentEvent]:
    async def iterate() -> AsyncIterator[ServerSentEvent]:
        for event in sync_events():
            yield event

    return iterate()


@both_protocols
@pytest.mark.parametrize("view", [sync_events, async_events])
def test_events_are_an_event_stream(
    app: Flask, protocol: str, view: t.Callable[[], object]
) -> None:
    response = client_of(answering(app, view, EVENTS), protocol).get("/")
    assert response.mimetype == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-cache"
    text = response.get_data(as_text=True)
    assert "event: order\nid: 1\ndata: tea\n\n" in text
    data = [line[6:] for line in text.splitlines() if line.startswith("data: {")]
    assert [json.loads(each) for each in data] == [{"left": 2}, {"number": 3}]


@both_protocols
def test_an_error_within_an_event_stream_is_logged(
    app: Flask, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    def events() -> Iterator[ServerSentEvent]:
        yield ServerSentEvent("tea")
        raise RuntimeError("an internal password")

    received: list[bytes] = []
    with caplog.at_level(logging.ERROR, app.name):
        response = client_of(answering(app, events, EVENTS), protocol).get("/")
        with pytest.raises(RuntimeError):
            received.extend(response.iter_encoded())
    assert b"password" not in b"".join(received)
    assert "Exception on / [GET]" in caplog.text


def test_a_view_may_be_a_generator_that_keeps_its_context_itself(app: Flask) -> None:
    @stream_with_context
    def rows() -> Iterator[t.Any]:
        yield Row(int(request.args["n"]))

    client: FlaskClient = answering(app, rows, LINES).test_client()
    assert client.get("/?n=8").data == b'{"number":8}\n'
