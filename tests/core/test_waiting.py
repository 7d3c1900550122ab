"""Waiting, from synchronous code, for something awaitable."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import signal
import subprocess
import sys
import threading
import types
import typing as t
import weakref

import pytest
from polling import LONGEST

from flask import Flask, appcontext_pushed
from flask._core.waiting import is_in_coroutine, wait, wait_long
from flask.asgi._thread_executor import run_in_greenlet

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
other: contextvars.ContextVar[str] = contextvars.ContextVar("other", default="default")


async def add(a: int, b: int) -> int:
    await asyncio.sleep(0)
    return a + b


async def fail() -> t.NoReturn:
    await asyncio.sleep(0)
    raise ValueError("failed")


async def set_variables() -> str:
    await asyncio.sleep(0)
    variable.set("inside")
    return other.get()


class Awaitable:
    def __await__(self) -> t.Generator[None, None, int]:
        yield from asyncio.sleep(0).__await__()
        return 7


def here(function: t.Callable[[], t.Any]) -> t.Any:
    return contextvars.copy_context().run(function)


def in_a_running_loop(function: t.Callable[[], t.Any]) -> t.Any:
    async def run() -> t.Any:
        return function()

    return asyncio.run(run())


def in_a_thread(function: t.Callable[[], t.Any]) -> t.Any:
    outcome: list[t.Any] = []

    def run() -> None:
        try:
            outcome.append((True, function()))
        except BaseException as error:
            outcome.append((False, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    succeeded, value = outcome.pop()
    if succeeded:
        return value
    raise value


def in_a_fiber(function: t.Callable[[], t.Any]) -> t.Any:
    return asyncio.run(run_in_greenlet(function))


WHERE = [here, in_a_running_loop, in_a_thread, in_a_fiber]


@pytest.mark.parametrize("where", WHERE)
def test_the_result_comes_back(where: t.Callable[..., t.Any]) -> None:
    assert where(lambda: wait(add(1, 2))) == 3
    assert where(lambda: [wait(add(n, n)) for n in range(3)]) == [0, 2, 4]
    assert where(lambda: wait(Awaitable())) == 7


class Once:
    """Says the first time only what it is; and what it says has the fewest methods."""

    def __init__(self) -> None:
        self.results = iter(["once"])

    def __await__(self) -> t.Iterator[t.Any]:  # type: ignore[misc]
        return map(self.stop, self.results)

    def stop(self, result: str) -> t.NoReturn:
        raise StopIteration(result)


@types.coroutine
def made_of_a_generator() -> t.Generator[t.Any, t.Any, str]:
    yield from asyncio.sleep(0).__await__()
    return "generated"


@pytest.mark.parametrize("where", WHERE)
def test_every_kind_of_awaitable_is_awaited(where: t.Callable[..., t.Any]) -> None:
    assert where(lambda: wait(Once())) == "once"  # type: ignore[arg-type]
    assert where(lambda: wait(made_of_a_generator())) == "generated"
    with pytest.raises(TypeError, match="can't be used in 'await' expression"):
        where(lambda: wait(5))  # type: ignore[arg-type]


@pytest.mark.parametrize("where", WHERE)
def test_the_error_comes_back(where: t.Callable[..., t.Any]) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="failed"):
            where(lambda: wait(fail()))
    assert where(lambda: wait(add(1, 1))) == 2


@pytest.mark.parametrize("where", WHERE)
def test_context_variables_go_in_and_come_out(where: t.Callable[..., t.Any]) -> None:
    def use() -> tuple[str, str]:
        other.set("from outside")
        seen = wait(set_variables())
        return seen, variable.get()

    assert where(use) == ("from outside", "inside")


@pytest.mark.parametrize("where", WHERE)
def test_what_was_set_before_an_error_is_seen_too(where: t.Callable[..., t.Any]) -> None:
    async def set_and_fail() -> None:
        variable.set("before the error")
        raise ValueError

    def use() -> str:
        with pytest.raises(ValueError):
            wait(set_and_fail())
        return variable.get()

    assert where(use) == "before the error"


def test_a_wait_inside_a_wait() -> None:
    async def outer() -> int:
        return wait(add(1, 2)) + 1

    assert wait(outer()) == 4


def test_a_loop_that_cannot_be_created_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_to_make() -> t.NoReturn:
        raise OSError("Too many open files")

    async def use() -> None:
        coroutine = add(1, 2)
        monkeypatch.setattr(asyncio, "new_event_loop", fail_to_make)
        with pytest.raises(OSError, match="Too many open files"):
            wait(coroutine)
        coroutine.close()

    asyncio.run(use())


def test_a_loop_is_closed_with_its_thread() -> None:
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def keep() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))

    in_a_thread(lambda: [wait(keep()), wait(keep())])
    gc.collect()
    first, second = loops
    assert first() is None or first().is_closed()  # type: ignore[union-attr]
    assert second() is first()


def test_a_loop_is_closed_with_its_thread_even_if_an_error_refers_to_it() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def fail_on_a_loop() -> t.NoReturn:
        loops.append(asyncio.get_running_loop())
        raise ValueError("failed")

    with pytest.raises(ValueError, match="failed") as caught:
        in_a_thread(lambda: wait(fail_on_a_loop()))
    assert caught.value.__traceback__ is not None
    assert loops[0].is_closed()


def test_synchronous_code_that_the_package_calls_cannot_await(app: Flask) -> None:
    def ask() -> bool:
        return is_in_coroutine()

    seen: list[bool] = []

    def notice(sender: object) -> None:
        seen.append(ask())

    async def push() -> bool:
        with appcontext_pushed.connected_to(notice, app), app.app_context():
            return ask()

    assert asyncio.run(push())
    assert seen == [False]
    assert not ask()


def test_threads_wait_at_the_same_time() -> None:
    together = threading.Barrier(4)

    async def meet() -> int:
        return await asyncio.to_thread(together.wait, LONGEST)

    threads = [threading.Thread(target=lambda: met.append(wait(meet()))) for _ in range(4)]
    met: list[int] = []
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(met) == [0, 1, 2, 3]


def test_keyboard_interrupts_are_not_swallowed() -> None:
    async def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_a_running_loop(lambda: wait(interrupted()))


def test_an_interrupt_lets_what_is_waited_for_end_in_good_order() -> None:
    noted: list[str] = []

    async def waiting() -> None:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            noted.append("ended")

    with pytest.raises(KeyboardInterrupt):
        wait(waiting())
    assert noted == ["ended"]
    assert wait(add(1, 2)) == 3


def test_an_interrupt_does_not_hit_what_runs_beside_it() -> None:
    """In the middle of the loop's own work it would lose a step, and the end would never come."""
    noted: list[str] = []

    async def beside() -> None:
        signal.raise_signal(signal.SIGINT)
        noted.append("went on")

    async def waiting() -> None:
        task = asyncio.ensure_future(beside())
        try:
            await asyncio.Event().wait()
        finally:
            await task

    with pytest.raises(KeyboardInterrupt):
        wait_long(waiting())
    assert noted == ["went on"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_interrupt_is_raised_at_once() -> None:
    async def stubborn() -> None:
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)
        pytest.fail("it went on")

    with pytest.raises(KeyboardInterrupt):
        wait_long(stubborn())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_custom_interrupt_handler_stays_installed() -> None:
    taken: list[int] = []

    async def interrupted() -> str:
        signal.raise_signal(signal.SIGINT)
        return "went on"

    before = signal.signal(signal.SIGINT, lambda number, frame: taken.append(number))
    try:
        assert wait_long(interrupted()) == "went on"
    finally:
        signal.signal(signal.SIGINT, before)
    assert taken == [signal.SIGINT]


WAITED = """\
import atexit
from flask import Flask

app = Flask(__name__)

@app.route("/")
async def hello():
    return "hello"

def ask():
    print(app.test_client().get("/").text)

@app.after_serving
async def after():
    print("after")

ask()
atexit.register(ask)
"""


def test_a_process_that_waited_ends_without_a_word() -> None:
    ended = subprocess.run([sys.executable, "-c", WAITED], capture_output=True, text=True)
    assert (ended.stdout.splitlines(), ended.stderr) == (["hello", "hello", "after"], "")
