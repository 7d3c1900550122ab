"""Pools of worker threads: how many run, what waits, what is refused, and what is logged."""

from __future__ import annotations

import logging
import threading
import typing as t
from collections.abc import Callable, Iterator

import pytest
from polling import LONGEST, wait_until

from flask import Flask
from flask._core import threads
from flask._core.threads import PoolFull, Threads


class Workshop:
    """Work that stays in its thread until it may end."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.begun: list[t.Any] = []
        self.started = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)

    def work(self, name: t.Any = None) -> Callable[[], None]:
        def work() -> None:
            self.begun.append(name)
            self.started.release()
            assert self.may_end.wait(LONGEST)
            self.ended.release()

        return work

    def wait_for(self, semaphore: threading.Semaphore, times: int) -> None:
        for _ in range(times):
            assert semaphore.acquire(timeout=LONGEST)


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    made = Workshop()
    yield made
    made.may_end.set()


def make(most: int | str = 2, queue: int | str | None = None) -> Threads:
    return Threads("the work of a test", most, queue, "Take more threads.")


def test_work_beyond_the_limit_waits_and_is_done_in_order(app: Flask, workshop: Workshop) -> None:
    pool = make()
    assert [pool.start(workshop.work(n), app) for n in range(2)] == [True, True]
    workshop.wait_for(workshop.started, 2)
    assert [pool.start(workshop.work(n), app) for n in range(2, 5)] == [False] * 3
    workshop.may_end.set()
    workshop.wait_for(workshop.ended, 5)
    assert sorted(workshop.begun[:2]) == [0, 1]
    assert sorted(workshop.begun[2:]) == [2, 3, 4]


def test_work_that_is_withdrawn_is_not_done_and_frees_its_place(
    app: Flask, workshop: Workshop
) -> None:
    pool = make(1, 1)
    pool.start(workshop.work("first"), app)
    workshop.wait_for(workshop.started, 1)
    for n in range(100):
        waiting = workshop.work(n)
        assert not pool.start(waiting, app, can_refuse=True)
        assert pool.withdraw(waiting)
        assert not pool.withdraw(waiting)
    pool.start(workshop.work("last"), app)
    workshop.may_end.set()
    workshop.wait_for(workshop.ended, 2)
    assert workshop.begun == ["first", "last"]


def test_more_than_may_wait_is_refused_where_it_can_be(app: Flask, workshop: Workshop) -> None:
    app.config.update(MOST=1, QUEUE=2)
    pool = make("MOST", "QUEUE")
    assert pool.start(workshop.work(), app)
    workshop.wait_for(workshop.started, 1)
    assert not pool.start(workshop.work(), app, can_refuse=True)
    assert not pool.start(workshop.work(), app, can_refuse=True)
    with pytest.raises(PoolFull):
        pool.start(workshop.work(), app, can_refuse=True)
    assert not pool.start(workshop.work(), app)  # it has begun elsewhere: it must go on
    workshop.may_end.set()
    workshop.wait_for(workshop.ended, 4)


def test_what_waits_and_what_is_refused_is_logged_once(
    app: Flask, workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    pool = make(1, 3)
    pool.start(workshop.work(), app)
    workshop.wait_for(workshop.started, 1)
    for _ in range(3):
        pool.start(workshop.work(), app, can_refuse=True)
    for _ in range(3):
        with pytest.raises(PoolFull):
            pool.start(workshop.work(), app, can_refuse=True)
    busy = "All 1 threads for the work of a test are busy: "
    advice = " Take more threads. This is logged once."
    assert caplog.record_tuples == [
        (app.logger.name, logging.WARNING, f"{busy}work waits for one of them.{advice}"),
        (app.logger.name, logging.WARNING, f"{busy}work is refused.{advice}"),
    ]


def test_work_that_fails_costs_no_thread(
    app: Flask, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make(1)
    reported: list[t.Any] = []
    monkeypatch.setattr(threading, "excepthook", reported.append)

    def fail() -> None:
        raise ValueError("on purpose")

    for count in range(1, 6):
        pool.start(fail, app)
        wait_until(lambda count=count: len(reported) == count)  # type: ignore[misc]
    pool.start(workshop.work(), app)
    workshop.wait_for(workshop.started, 1)
    assert {each.exc_type for each in reported} == {ValueError}


def test_threads_that_are_idle_end(
    app: Flask, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "IDLE_SECONDS", 0.01)
    pool = make(5)
    for _ in range(5):
        pool.start(workshop.work(), app)
    workshop.wait_for(workshop.started, 5)
    workshop.may_end.set()
    wait_until(lambda: (pool._count, pool._idle) == (0, 0))


def test_without_a_thread_of_the_system_work_is_left_to_those_there_are(
    app: Flask, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make(5)
    pool.start(workshop.work(1), app)
    workshop.wait_for(workshop.started, 1)

    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        pool.start(workshop.work(2), app)
        with pytest.raises(RuntimeError, match="new thread"):
            make().start(workshop.work("never"), app)
    workshop.may_end.set()
    workshop.wait_for(workshop.ended, 2)
    assert workshop.begun == [1, 2]
