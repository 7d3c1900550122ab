"""Streams, views of each kind and background tasks together, over both protocols.

Each combination is served to a client that reads everything, and to one that disconnects early.
"""

from __future__ import annotations

import typing as t
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from polling import wait_until
from protocols import PROTOCOLS, Serve

from flask import (
    Flask,
    Response,
    has_request_context,
    request,
    stream_events,
    stream_with_context,
)

Log = list[str]


def generate(log: Log) -> Iterator[str]:
    try:
        for number in range(3):
            yield f"piece {number}"
    finally:
        log.append("closed")


async def generate_async(log: Log) -> AsyncIterator[str]:
    try:
        for number in range(3):
            yield f"piece {number}"
    finally:
        log.append("closed")


BODIES: dict[str, Callable[[Log], t.Any]] = {
    "generator": generate,
    "generator with context": lambda log: stream_with_context(generate(log)),
    "response": lambda log: Response(generate(log)),
    "events": lambda log: stream_events(generate(log), heartbeat=None),
    "events with heartbeats": lambda log: stream_events(generate(log), heartbeat=30),
    "async generator": generate_async,
    "async generator with context": lambda log: stream_with_context(generate_async(log)),
    "async response": lambda log: Response(stream_with_context(generate_async(log))),
    "async events": lambda log: stream_events(generate_async(log), heartbeat=None),
}

WITHOUT_CONTEXT = {"generator", "response", "async generator"}
"""Teardown functions run once more at the end of the other streams, which keep the context."""


def add_sync_view(app: Flask, make: Callable[[], t.Any]) -> None:
    app.add_url_rule("/", "view", make)


def add_sync_view_on_the_loop(app: Flask, make: Callable[[], t.Any]) -> None:
    app.get("/", blocking=False)(lambda: make())


def add_async_view(app: Flask, make: Callable[[], t.Any]) -> None:
    @app.get("/")
    async def view() -> t.Any:
        return make()


VIEWS = {
    "sync": add_sync_view,
    "sync, on the loop": add_sync_view_on_the_loop,
    "async": add_async_view,
}


@pytest.mark.parametrize("until", [None, "piece 0"], ids=["reads all", "disconnects"])
@pytest.mark.parametrize("task_kind", ["sync", "async"])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("add_view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("serve", PROTOCOLS.values(), ids=PROTOCOLS)
def test_a_stream_ends_once_and_its_tasks_follow(
    serve: Serve,
    add_view: t.Any,
    body: str,
    task_kind: str,
    until: str | None,
) -> None:
    app = Flask("streams")
    log: Log = []
    teardowns: list[t.Any] = []
    app.teardown_request(teardowns.append)

    def task() -> None:
        log.append(f"task {request.path}")

    async def task_async() -> None:
        task()

    def make() -> t.Any:
        app.add_background_task(task if task_kind == "sync" else task_async)
        return BODIES[body](log)

    add_view(app, make)
    serve(app, log, until)
    # Of the request, of the task's own context, and of the stream.
    count = 2 if body in WITHOUT_CONTEXT else 3
    wait_until(lambda: {"closed", "task /"} <= {*log} and len(teardowns) >= count)
    assert log.count("closed") == 1
    assert log.count("task /") == 1
    sent = [number for number, line in enumerate(log) if "piece" in line]
    assert log.index("task /") > sent[-1]
    if until is None:
        assert ["".join(log).count(f"piece {number}") for number in range(3)] == [1, 1, 1]
        assert log.index("task /") > log.index("closed")
    assert len(teardowns) == count
    errors = [error for error in teardowns if error is not None]
    assert errors == [] or (until and [type(error) for error in errors] == [GeneratorExit])
    assert not has_request_context()
