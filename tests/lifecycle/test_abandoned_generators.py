"""Asynchronous generators that lose their last reference before their end are closed at once."""

from __future__ import annotations

import asyncio
import logging
import threading
import typing as t
from collections.abc import AsyncIterator

import pytest
from polling import LONGEST, wait_until

from flask import Flask, Response, request, stream_events, stream_with_context
from flask._core.waiting import wait
from flask.testing import FlaskClient

Notes = list[str]


@pytest.fixture
def notes() -> Notes:
    return []


async def innermost(notes: Notes) -> AsyncIterator[str]:
    try:
        while True:
            yield "part "
            await asyncio.sleep(0)
    finally:
        await asyncio.sleep(0.001)  # a database client closes its connection
        notes.append("innermost")


async def nested(notes: Notes, depth: int = 3) -> AsyncIterator[str]:
    try:
        async for part in innermost(notes) if depth == 0 else nested(notes, depth - 1):
            yield part
    finally:
        await asyncio.sleep(0)
        notes.append(f"nested {depth}")


CLOSED = {"innermost", "nested 0", "nested 1", "nested 2", "nested 3"}


def read_parts(client: FlaskClient, path: str, times: int) -> None:
    """Ask for a stream, and leave after its first parts; that of events begins with a comment."""
    for _ in range(times):
        response = client.get(path, buffered=False)
        parts = iter(response.response)
        assert [next(parts), next(parts)]
        response.close()


BODIES: dict[str, t.Any] = {
    "generator": nested,
    "with context": lambda notes: stream_with_context(nested(notes)),
    "response": lambda notes: Response(stream_with_context(nested(notes))),
    "events": lambda notes: stream_events(nested(notes)),
    "events without heartbeat": lambda notes: stream_events(nested(notes), heartbeat=None),
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", ["async", "sync"])
def test_a_client_that_leaves_closes_nested_generators(
    app: Flask, client: FlaskClient, notes: Notes, body: str, kind: str
) -> None:
    async def asynchronous() -> t.Any:
        return BODIES[body](notes)

    app.add_url_rule("/", "view", asynchronous if kind == "async" else lambda: BODIES[body](notes))
    read_parts(client, "/", 3)
    wait_until(lambda: len(notes) == 15)
    assert sorted(notes) == sorted([*CLOSED] * 3)


def test_a_loop_that_breaks_off_closes_its_generator(
    app: Flask, client: FlaskClient, notes: Notes
) -> None:
    @app.get("/")
    async def index() -> str:
        async for part in nested(notes):
            return part
        return "nothing"

    assert client.get("/").text == "part "
    wait_until(lambda: set(notes) == CLOSED)


def test_the_request_is_current_where_a_generator_is_closed(
    app: Flask, client: FlaskClient, notes: Notes
) -> None:
    async def rows() -> AsyncIterator[str]:
        try:
            while True:
                yield "row"
        finally:
            await asyncio.sleep(0)
            notes.append(request.path)

    async def body() -> AsyncIterator[str]:
        async for row in rows():
            yield row

    app.add_url_rule("/rows", "rows", lambda: stream_with_context(body()))
    read_parts(client, "/rows", 1)
    wait_until(lambda: notes == ["/rows"])


def test_what_a_generator_raises_at_its_end_is_logged(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    async def rows() -> AsyncIterator[str]:
        try:
            while True:
                yield "row"
        finally:
            await asyncio.sleep(0)
            raise ValueError("at the end")

    async def body() -> AsyncIterator[str]:
        async for row in rows():
            yield row

    app.add_url_rule("/", "rows", lambda: body())
    with caplog.at_level(logging.ERROR, "asyncio"):
        read_parts(client, "/", 1)
        wait_until(lambda: "at the end" in caplog.text)


class TestTheEndOfAThread:
    """Its loop is closed in good order."""

    @staticmethod
    def in_a_thread(coroutine: t.Any) -> t.Any:
        results: list[t.Any] = []
        thread = threading.Thread(target=lambda: results.append(wait(coroutine)))
        thread.start()
        thread.join(LONGEST)
        return results.pop()

    def test_tasks_are_cancelled(self, notes: Notes, caplog: pytest.LogCaptureFixture) -> None:
        async def work() -> None:
            try:
                await asyncio.sleep(1000)
            finally:
                await asyncio.sleep(0)
                notes.append("task")

        async def begin() -> asyncio.Task[None]:
            task = asyncio.create_task(work())
            await asyncio.sleep(0)
            return task

        assert self.in_a_thread(begin()).cancelled()
        assert notes == ["task"]
        assert "destroyed" not in caplog.text

    def test_generators_are_closed(self, notes: Notes) -> None:
        async def begin() -> AsyncIterator[str]:
            generator = nested(notes)
            await anext(generator)
            return generator

        held = self.in_a_thread(begin())
        assert set(notes) == CLOSED
        assert held.ag_frame is None

    def test_a_loop_inside_of_a_running_one_too(self, notes: Notes) -> None:
        async def work() -> None:
            try:
                await asyncio.sleep(1000)
            finally:
                notes.append("task")

        async def inside() -> t.Any:
            generator = nested(notes)
            await anext(generator)
            task = asyncio.create_task(work())
            await asyncio.sleep(0)
            return generator, task

        async def outside() -> t.Any:
            return wait(inside())

        _, task = asyncio.run(outside())
        assert task.cancelled()
        assert set(notes) == CLOSED | {"task"}
