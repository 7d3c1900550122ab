"""Synchronous iterators in async views, and clients that disconnect between two awaits."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import typing as t
from collections.abc import Callable, Iterator

import pytest
from asgi_exchange import Exchange, ask, run
from polling import LONGEST, wait_until_async

from flask import Flask, Response, current_app, request, stream_with_context


def made_by_generator() -> Iterator[str]:
    for number in range(3):
        time.sleep(0)
        yield f"{number} {asyncio._get_running_loop() is None} "


class Iterated:
    """A synchronous iterator, which is no generator."""

    def __init__(self) -> None:
        self._parts = made_by_generator()

    def __iter__(self) -> Iterated:
        return self

    def __next__(self) -> str:
        return next(self._parts)


BODIES: dict[str, Callable[[], t.Any]] = {
    "a generator": made_by_generator,
    "a response": lambda: Response(made_by_generator()),
    "an iterator": lambda: Response(Iterated()),
    "with its request": lambda: stream_with_context(made_by_generator()),
    "a map": lambda: Response(map(str.lower, made_by_generator())),
}


# Iterators that are not asynchronous -------------------------------------------------------------


@pytest.mark.parametrize("make", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("middleware", [False, True])
def test_steps_of_a_sync_iterator_from_an_async_view_are_off_the_loop(
    app: Flask, make: Callable[[], t.Any], middleware: bool
) -> None:
    if middleware:
        inner = app.wsgi_app
        app.wsgi_app = lambda environ, start: inner(environ, start)  # type: ignore[method-assign]
    closed_on: list[bool] = []

    @app.get("/")
    async def view() -> t.Any:
        response = current_app.make_response(make())
        response.call_on_close(lambda: closed_on.append(asyncio._get_running_loop() is None))
        return response

    async def go() -> None:
        status, body = await ask(app, "/")
        assert (status, body.decode().lower()) == (200, "0 true 1 true 2 true ")

    run(go)
    assert closed_on == [True]


def test_a_step_that_blocks_leaves_the_loop_to_others(app: Flask, gate: threading.Event) -> None:
    ended: list[str] = []
    busy = threading.Semaphore(0)

    @app.get("/slow")
    async def slow() -> t.Any:
        def generate() -> Iterator[str]:
            try:
                yield "first"
                busy.release()
                assert gate.wait(LONGEST)
                yield request.path
            finally:
                ended.append("slow")

        return stream_with_context(generate())

    @app.get("/quick")
    async def quick() -> str:
        return "quick"

    async def go() -> None:
        stays, leaves = Exchange(app, "/slow"), Exchange(app, "/slow")
        await stays.part(b"first")
        await leaves.part(b"first")
        for _ in range(2):
            assert await asyncio.to_thread(busy.acquire, timeout=LONGEST)
        assert await ask(app, "/quick") == (200, b"quick")
        leaves.leave()
        async with asyncio.timeout(LONGEST):
            await leaves.task  # though its step is still running
        assert ended == []
        gate.set()
        await stays.part(b"/slow")
        await stays.task
        await wait_until_async(lambda: ended == ["slow", "slow"])

    run(go)


async def charge_and_record(book: list[str], has_charged: asyncio.Event) -> str:
    book.append("charged")
    has_charged.set()
    await asyncio.sleep(0.01)
    book.append("recorded")
    return "done"


# Between two awaits ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["async", "blocking", "sync", "quick", "hook", "hook of an async view", "late hook"]
)
def test_a_client_that_leaves_does_not_cut_a_request_between_two_awaits(
    app: Flask, kind: str
) -> None:
    """By default. Synchronous code is never cancelled, with either setting."""
    app.config["CANCEL_ON_DISCONNECT"] = kind in {"sync", "quick", "hook", "late hook"}
    book: list[str] = []
    torn: list[t.Any] = []
    app.teardown_request(torn.append)

    async def go() -> None:
        has_charged = asyncio.Event()

        async def work(*_: t.Any) -> t.Any:
            await charge_and_record(book, has_charged)
            return _[0] if _ else None

        async def view() -> str:
            if kind != "hook of an async view":
                await work()
            return "done"

        def sync() -> str:
            if kind in {"sync", "quick"}:
                current_app.ensure_sync(work)()
            return "done"

        if kind.startswith("hook"):
            app.before_request(work)
        elif kind == "late hook":
            app.after_request(work)
        is_async = kind in {"async", "blocking", "hook of an async view"}
        blocking = {"blocking": True, "quick": False}.get(kind)
        app.get("/", blocking=blocking)(view if is_async else sync)
        exchange = Exchange(app, "/")
        await has_charged.wait()
        exchange.leave()
        async with asyncio.timeout(LONGEST):
            await exchange.task

    with contextlib.suppress(asyncio.CancelledError):
        run(go)
    assert (book, torn) == (["charged", "recorded"], [None])
