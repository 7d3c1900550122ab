"""The executors of ASGI requests: what they leave behind."""

from __future__ import annotations

import asyncio
import gc
import threading
import typing as t
import weakref

import pytest

from flask import Flask, g
from flask._core.waiting import wait
from flask.asgi import _greenlet_executor
from flask.asgi._greenlet_executor import _thread_greenlets
from flask.asgi._thread_executor import ThreadExecutor, run_in_greenlet


class Kept:
    """Something that can be looked after."""


def test_a_thread_that_ends_frees_its_greenlets(made_greenlets: t.Any) -> None:
    async def go() -> None:
        await asyncio.gather(*(run_in_greenlet(wait, asyncio.sleep(0)) for _ in range(3)))
        assert len(_thread_greenlets.idle) == made_greenlets.left() == 3

    for number in range(5):
        thread = threading.Thread(target=asyncio.run, args=(go(),))
        thread.start()
        thread.join()
        assert made_greenlets.left() == 0
        assert len(made_greenlets) == 3 * (number + 1)


@pytest.mark.slow
def test_a_limited_number_of_greenlets_is_kept(
    made_greenlets: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_greenlet_executor, "_MAX_IDLE", 3)

    def work() -> str:
        wait(run_in_greenlet(wait, asyncio.sleep(0)))  # a greenlet in a greenlet
        return "done"

    async def go() -> None:
        done = await asyncio.gather(*(run_in_greenlet(work) for _ in range(10)))
        assert done == ["done"] * 10
        assert len(_thread_greenlets.idle) == made_greenlets.idle() == 3

    thread = threading.Thread(target=asyncio.run, args=(go(),))
    thread.start()
    thread.join()
    assert made_greenlets.left() == 0
    assert len(made_greenlets) > 3


@pytest.mark.parametrize("waits", [True, False])
def test_an_idle_greenlet_holds_no_request(app: Flask, waits: bool) -> None:
    kept: list[weakref.ref[Kept]] = []

    def work() -> None:
        with app.app_context():
            value = Kept()
            kept.append(weakref.ref(value))
            g.value = value
            del value
            if waits:
                wait(asyncio.sleep(0))

    async def go() -> None:
        await asyncio.create_task(run_in_greenlet(work))
        gc.collect()
        assert kept[0]() is None

    asyncio.run(go())


def test_a_greenlet_does_not_hold_the_function_it_began_with() -> None:
    kept: list[weakref.ref[Kept]] = []
    left: list[Kept | None] = []

    def work(value: Kept) -> None:
        kept.append(weakref.ref(value))
        wait(asyncio.sleep(0))

    async def go() -> None:
        await asyncio.gather(*(run_in_greenlet(work, Kept()) for _ in range(3)))
        gc.collect()
        left.extend(value() for value in kept)

    thread = threading.Thread(target=asyncio.run, args=(go(),))  # its greenlets are new ones
    thread.start()
    thread.join()
    assert left == [None] * 3


def test_what_is_cancelled_before_its_first_step_is_closed() -> None:
    began: list[str] = []

    async def part() -> None:
        began.append("part")

    async def go() -> None:
        visit = ThreadExecutor(on_wait=lambda: visit.cancel())
        with pytest.raises(asyncio.CancelledError):
            await visit.run(Flask(__name__), lambda: wait(part()))

    asyncio.run(go())  # a coroutine that is never awaited would warn
    gc.collect()
    assert began == []


def test_an_error_is_no_result_of_the_task_that_met_it() -> None:
    tasks: list[asyncio.Task[t.Any]] = []

    async def fail() -> None:
        tasks.append(t.cast("asyncio.Task[t.Any]", asyncio.current_task()))
        raise ValueError("on purpose")

    async def go() -> None:
        with pytest.raises(ValueError, match="on purpose"):
            await ThreadExecutor().run(Flask(__name__), lambda: wait(fail()))

    asyncio.run(go())
    assert [task.result() for task in tasks] == [None]
