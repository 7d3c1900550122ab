"""Startup and shutdown of an application, over both protocols."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from polling import LONGEST

from flask import Flask, current_app


@pytest.fixture
def log(app: Flask) -> list[str]:
    """A log of startup and shutdown; the application is current in each function."""
    log: list[str] = []

    def note(what: str) -> None:
        log.append(f"{what} {current_app.name == app.name}")

    @app.before_serving
    async def before() -> None:
        await asyncio.sleep(0)
        note("before")

    @app.before_serving
    def before_sync() -> None:
        note("before, sync")

    @app.while_serving
    async def around() -> AsyncIterator[None]:
        note("around: begin")
        yield
        note("around: end")

    @app.while_serving
    def around_sync() -> Iterator[None]:
        note("around, sync: begin")
        yield
        note("around, sync: end")

    @app.after_serving
    async def after() -> None:
        await asyncio.sleep(0)
        note("after")

    @app.after_serving
    def after_sync() -> None:
        note("after, sync")

    app.add_url_rule("/", "view", lambda: note("request") or "ok")
    return log


BEGINNING = [
    "before True",
    "before, sync True",
    "around: begin True",
    "around, sync: begin True",
]


END = [
    "around, sync: end True",
    "around: end True",
    "after True",
    "after, sync True",
]


def test_a_lifespan_runs_startup_and_shutdown(app: Flask, log: list[str]) -> None:
    async def go() -> None:
        async with app.test_async_client() as client:
            assert log == BEGINNING
            for _ in range(2):
                await client.get("/")
        assert log == [*BEGINNING, "request True", "request True", *END]

    asyncio.run(go())
    log.clear()
    asyncio.run(go())  # it may be served again


def test_without_a_lifespan_the_first_request_runs_startup(app: Flask, log: list[str]) -> None:
    async def go() -> None:
        client = app.test_async_client()
        await asyncio.gather(*(client.get("/") for _ in range(3)))

    asyncio.run(go())
    assert log == [*BEGINNING, *["request True"] * 3]


def test_under_wsgi_the_first_request_runs_startup(app: Flask, log: list[str]) -> None:
    client = app.test_client()
    threads = [threading.Thread(target=client.get, args=("/",)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log == [*BEGINNING, *["request True"] * 5]


def test_under_wsgi_the_end_of_the_process_runs_shutdown() -> None:
    program = """
from flask import Flask
app = Flask("app")
app.before_serving(lambda: print("before"))
app.after_serving(lambda: print("after"))

@app.get("/")
def view():
    app.add_background_task(lambda: print("background"))
    return ""

client = app.test_client()
client.get("/")
client.get("/")
print("end of the program")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    lines = done.stdout.split()
    assert (lines[0], lines[-1], done.stderr) == ("before", "after", "")
    assert done.stdout.count("background") == 2


def test_a_failing_startup_is_reported_to_the_server(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    log: list[str] = []

    @app.while_serving
    def around() -> Iterator[None]:
        yield
        log.append("undone")

    @app.while_serving
    def failing() -> Iterator[None]:
        raise ValueError("no database")
        yield

    async def go() -> None:
        with pytest.raises(RuntimeError, match="startup failed"):
            async with app.test_async_client():
                raise AssertionError("it began")

    asyncio.run(go())
    assert log == ["undone"]
    assert [record.message for record in caplog.records] == ["Exception before serving"]


def test_a_cancelled_startup_or_shutdown_counts_as_failed(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """A pool that is closed meanwhile raises it; the task of the server is not cancelled."""
    for register in (app.before_serving, app.after_serving):

        @register
        async def wait() -> None:
            task = asyncio.ensure_future(asyncio.sleep(60))
            task.cancel()
            await task

        async def go() -> None:
            async with app.test_async_client():
                pass

        with pytest.raises(RuntimeError, match=r"failed\. CancelledError"):
            asyncio.run(go())
        app.before_serving_funcs.clear()
    assert [record.message for record in caplog.records] == [
        "Exception before serving",
        "Exception after serving",
    ]


def test_under_wsgi_a_failing_startup_is_a_500_each_time(app: Flask) -> None:
    app.logger.disabled = True
    calls: list[int] = []

    @app.before_serving
    def failing() -> None:
        calls.append(1)
        raise ValueError

    client = app.test_client()
    assert [client.get("/").status_code for _ in range(2)] == [500, 500]
    assert len(calls) == 2


def test_a_failing_shutdown_is_reported_after_the_last_function(app: Flask) -> None:
    app.logger.disabled = True
    log: list[str] = []

    @app.after_serving
    def failing() -> None:
        raise ValueError("cannot end")

    app.after_serving(lambda: log.append("last"))

    @app.while_serving
    def twice() -> Iterator[None]:
        yield
        yield

    async def go() -> None:
        with pytest.raises(RuntimeError, match="yielded more than once"):
            async with app.test_async_client():
                pass

    asyncio.run(go())
    assert log == ["last"]


def test_two_first_requests_at_a_time_run_startup_once(app: Flask) -> None:
    log: list[str] = []
    both = threading.Barrier(2)
    begun = threading.Event()

    @app.before_serving
    def before() -> None:
        log.append("before")
        assert begun.wait(LONGEST)

    app.add_url_rule("/", "view", lambda: ",".join(log))

    def ask() -> None:
        both.wait(LONGEST)
        answers.append(app.test_client().get("/").text)

    answers: list[str] = []
    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    begun.set()
    for thread in threads:
        thread.join(LONGEST)
    assert (log, answers) == (["before"], ["before", "before"])


def test_a_lifespan_message_out_of_order_is_an_error(app: Flask) -> None:
    from flask.asgi import ScopeError

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.nonsense"}

    with pytest.raises(ScopeError, match=r"'lifespan\.nonsense' where 'lifespan\.startup'"):
        asyncio.run(app({"type": "lifespan"}, receive, receive))


def test_a_shutdown_without_a_startup_calls_nothing(app: Flask, log: list[str]) -> None:
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.shutdown"}

    async def send(message: dict[str, str]) -> None:
        sent.append(message["type"])

    asyncio.run(app({"type": "lifespan"}, receive, send))
    assert (sent, log) == (["lifespan.shutdown.complete"], [])


LATE = """\
import threading
from flask import Flask

app = Flask("late")
app.config["BACKGROUND_TASK_SHUTDOWN_TIMEOUT"] = {timeout}

def work():
    {work}
    print("worked", flush=True)

@app.after_serving
def after():
    print("after", flush=True)

@app.get("/")
def view():
    app.add_background_task(work)
    return "ok"

app.test_client().get("/").close()
"""


LATE_TASKS = {
    "it is waited for": (30, "threading.Event().wait(0.2)", "worked after", ""),
    "but not forever": (0.05, "threading.Event().wait()", "after", "still running: work"),
}


@pytest.mark.parametrize(
    ("timeout", "work", "printed", "logged"), LATE_TASKS.values(), ids=LATE_TASKS
)
def test_under_wsgi_the_end_of_the_process_waits_for_tasks(
    timeout: float, work: str, printed: str, logged: str
) -> None:
    text = LATE.format(timeout=timeout, work=work)
    ended = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout.split()) == (0, printed.split())
    assert logged in ended.stderr if logged else ended.stderr == ""


@pytest.mark.parametrize("asgi", [False, True])
def test_a_request_made_during_startup_does_not_wait_for_its_end(app: Flask, asgi: bool) -> None:
    answers: list[str] = []
    app.add_url_rule("/", "view", lambda: "ok")

    @app.before_serving
    def warm_up() -> None:
        answers.append(app.test_client(asgi=asgi).get("/").text)

    @app.before_serving
    async def warm_up_awaited() -> None:
        answers.append((await app.test_async_client().get("/")).text)

    async def go() -> None:
        async with app.test_async_client():
            pass

    if asgi:
        asyncio.run(go())
    else:
        app.test_client().get("/")
    assert answers == ["ok", "ok"]
