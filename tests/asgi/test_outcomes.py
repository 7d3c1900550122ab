"""An outcome of a thread continues its task, and an outcome of the loop its thread."""

from __future__ import annotations

import asyncio
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest

from flask.asgi._outcomes import LoopOutcome, ThreadOutcome

VARIABLE: ContextVar[str] = ContextVar("variable", default="not set")


def run(body: t.Any) -> None:
    asyncio.run(asyncio.wait_for(body(), 10))


async def start_waiting(outcome: ThreadOutcome, seen: list[object]) -> asyncio.Task[None]:
    """Start a task that notes the outcome, or that it was cancelled."""

    async def wait() -> None:
        VARIABLE.set("set by the task")
        try:
            seen.append(await outcome)
        except asyncio.CancelledError:
            seen.append("cancelled")
        seen.append(VARIABLE.get())

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    assert seen == []
    return task


def test_a_task_continues_in_the_step_in_which_the_outcome_arrives() -> None:
    async def body() -> None:
        seen: list[object] = []
        outcome = ThreadOutcome()
        task = await start_waiting(outcome, seen)
        loop = asyncio.get_running_loop()
        thread = threading.Thread(
            target=loop.call_soon_threadsafe, args=(outcome.arrive, ("result", None))
        )
        thread.start()
        thread.join()
        loop.call_soon(seen.append, "the next callback")
        await task
        assert seen == [("result", None), "set by the task", "the next callback"]

    run(body)


def test_an_outcome_that_is_there_first_is_returned() -> None:
    async def body() -> None:
        outcome = ThreadOutcome()
        outcome.arrive(("result", None))
        outcome.arrive(("another", None))
        assert await outcome == ("result", None)

    run(body)


@pytest.mark.parametrize("what", ["the task", "the outcome"])
def test_a_cancelled_task_continues_and_the_outcome_is_dropped(what: str) -> None:
    async def body() -> None:
        seen: list[object] = []
        outcome = ThreadOutcome()
        task = await start_waiting(outcome, seen)
        (task if what == "the task" else outcome).cancel()
        asyncio.get_running_loop().call_soon(outcome.arrive, ("too late", None))
        await task
        assert seen == ["cancelled", "set by the task"]
        assert not outcome.cancel()

    run(body)


def test_other_callbacks_are_called_too() -> None:
    async def body() -> None:
        seen: list[object] = []
        outcome = ThreadOutcome()
        called = asyncio.Event()
        task = await start_waiting(outcome, seen)
        outcome.add_done_callback(lambda done: called.set())
        asyncio.get_running_loop().call_soon(outcome.arrive, ("result", None))
        await called.wait()
        await task
        assert seen == [("result", None), "set by the task"]

    run(body)


def test_a_thread_waits_for_an_outcome_of_the_loop() -> None:
    outcome = LoopOutcome()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(outcome.wait)
        assert not waiting.done()
        outcome.arrive(("result", None))
        assert waiting.result(10) == ("result", None)
    outcome.cancel()


def test_a_thread_continues_without_an_outcome_if_it_is_cancelled() -> None:
    outcome = LoopOutcome()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(outcome.wait)
        outcome.cancel()
        outcome.cancel()
        assert waiting.result(10) is None
    assert outcome.is_cancelled


def test_an_outcome_that_has_arrived_cannot_be_cancelled() -> None:
    outcome = LoopOutcome()
    outcome.arrive(("result", None))
    outcome.cancel()
    assert outcome.wait() == ("result", None)
