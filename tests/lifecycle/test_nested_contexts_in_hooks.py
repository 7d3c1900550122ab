"""Nested contexts in each place of a request, with background tasks, over both protocols."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
from nested import INSIDE
from places import PLACES, in_a_teardown_function
from polling import wait_until
from protocols import PROTOCOLS, Serve

from flask import Flask, g, has_request_context, request

Place = Callable[[Flask, Callable[[], None]], None]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync task", "async task"])
@pytest.mark.parametrize("inside", INSIDE.values(), ids=INSIDE)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("serve", PROTOCOLS.values(), ids=PROTOCOLS)
def test_a_request_and_its_tasks_go_on_after_a_nested_context(
    serve: Serve, place: Place, inside: Callable[[Flask], t.Any], is_async: bool
) -> None:
    app = Flask("nesting")
    log: list[str] = []
    ran_in_place: list[str] = []
    app.add_url_rule("/", "index", lambda: "text")
    app.add_url_rule("/nested", "nested", lambda: "nested")

    def task(name: str) -> None:
        log.append(f"{name} {request.path} {g.get('user')}")

    async def task_async(name: str) -> None:
        task(name)

    work = task_async if is_async else task

    def run() -> None:
        if ran_in_place or request.path != "/":  # hooks run for the nested requests too
            return
        ran_in_place.append("once")
        g.user = "ann"
        app.add_background_task(work, "first")
        inside(app)
        assert (request.path, g.user) == ("/", "ann")
        app.add_background_task(work, "second")

    place(app, run)
    serve(app, log)
    wait_until(lambda: len(log) == 3)
    assert sorted(log) == ["first / None", "second / None", "text"]
    if place is not in_a_teardown_function:  # its tasks have no response to wait for
        assert log[0] == "text"
    assert ran_in_place == ["once"]
    assert not has_request_context()
