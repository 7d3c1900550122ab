"""While the store answers, the event loop runs: other requests, other tasks, cancellation."""

from __future__ import annotations

import asyncio
import functools
import threading
import typing as t
from collections.abc import Callable

import pytest
from polling import LONGEST

from flask import Flask, session
from flask._sessions.memory_store import MemoryStore


class Gate(MemoryStore):
    """Answers when it is opened."""

    answers_at_once = False

    def __init__(self, waits_for: str) -> None:
        super().__init__()
        self.is_open = threading.Event()
        self.is_asked = threading.Event()
        self.waits_for = waits_for

    def __getattribute__(self, name: str) -> t.Any:
        if name in {"read", "write"} and name == self.waits_for:
            self.is_asked.set()
            assert self.is_open.wait(LONGEST)
        return super().__getattribute__(name)


@pytest.mark.parametrize("waits_for", ["read", "write"])
@pytest.mark.parametrize("executor", ["greenlet", "thread"])
def test_an_async_view_does_not_block_the_loop_while_the_store_answers(
    make_app: Callable[..., Flask], waits_for: str, executor: str
) -> None:
    store = Gate("nothing")
    app = make_app(store)
    if executor == "thread":  # an override, so that each request runs in a thread
        app.ensure_sync = functools.partial(Flask.ensure_sync, app)  # type: ignore[method-assign]

    @app.route("/")
    async def count() -> str:
        return str(session.increment("n"))

    @app.route("/open")
    async def open_gate() -> str:
        assert store.is_asked.is_set()
        store.is_open.set()
        return "open"

    async def ask_both() -> list[str]:
        async with app.test_async_client() as client:
            await client.get("/")
            store.waits_for = waits_for
            waiting = asyncio.create_task(client.get("/"))
            while not store.is_asked.is_set():
                await asyncio.sleep(0.001)
            # A blocked loop would never come to this request.
            opened = await client.get("/open")
            counted = await waiting
            return [opened.text, counted.text]

    assert asyncio.run(asyncio.wait_for(ask_both(), LONGEST)) == ["open", "2"]


def test_a_request_that_is_cancelled_while_the_store_answers_ends(
    make_app: Callable[..., Flask],
) -> None:
    store = Gate("nothing")
    app = make_app(store)
    torn_down: list[BaseException | None] = []
    app.teardown_request(torn_down.append)

    @app.route("/")
    async def count() -> str:
        return str(session.increment("n"))

    async def cancel() -> None:
        async with app.test_async_client() as client:
            await client.get("/")
            store.waits_for = "read"
            waiting = asyncio.create_task(client.get("/"))
            while not store.is_asked.is_set():
                await asyncio.sleep(0.001)
            waiting.cancel()
            await asyncio.wait([waiting])
            store.is_open.set()

    asyncio.run(asyncio.wait_for(cancel(), LONGEST))
    assert len(torn_down) == 2


def test_two_tasks_of_a_request_share_the_session(make_app: Callable[..., Flask]) -> None:
    class First(MemoryStore):
        """The first read answers after the second one."""

        answers_at_once = False
        reads = 0
        is_second = threading.Event()

        def read(self, id: str) -> tuple[str, int] | None:
            self.reads += 1
            if self.reads == 1:
                assert self.is_second.wait(LONGEST)
            else:
                self.is_second.set()
            return super().read(id)

    store = First()
    app = make_app(store)
    app.add_url_rule("/begin", "begin", lambda: session.update(n=0) or "")

    async def change() -> None:
        session["task"] = 1

    @app.route("/")
    async def view() -> dict[str, object]:
        task = asyncio.create_task(change())
        session["view"] = 1  # waits for the store; the task opens the session meanwhile
        await task
        return dict(session)

    client = app.test_client(asgi=True)
    client.get("/begin")
    assert client.get("/").json == {"n": 0, "task": 1, "view": 1}
    assert store.reads == 2
    with client.session_transaction() as kept:
        assert dict(kept) == {"n": 0, "task": 1, "view": 1}
