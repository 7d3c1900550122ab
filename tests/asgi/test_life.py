"""The life of an application, and work after the response, over both protocols."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import typing as t
from collections.abc import AsyncIterator, Iterator

import pytest
from polling import LONGEST, wait_until

from flask import Flask, current_app, g, request


@pytest.fixture
def log(app: Flask) -> list[str]:
    """An application's log of its life; each of its functions finds it current."""
    log: list[str] = []

    def note(what: str) -> None:
        log.append(f"{what} {current_app.name == app.name}")

    @app.before_serving
    async def before() -> None:
        await asyncio.sleep(0)
        note("before")

    @app.before_serving
    def before_plainly() -> None:
        note("before, plainly")

    @app.while_serving
    async def around() -> AsyncIterator[None]:
        note("around: begin")
        yield
        note("around: end")

    @app.while_serving
    def around_plainly() -> Iterator[None]:
        note("around, plainly: begin")
        yield
        note("around, plainly: end")

    @app.after_serving
    async def after() -> None:
        await asyncio.sleep(0)
        note("after")

    @app.after_serving
    def after_plainly() -> None:
        note("after, plainly")

    app.add_url_rule("/", "view", lambda: note("request") or "ok")
    return log


BEGINNING = [
    "before True",
    "before, plainly True",
    "around: begin True",
    "around, plainly: begin True",
]
END = [
    "around, plainly: end True",
    "around: end True",
    "after True",
    "after, plainly True",
]


def test_a_lifespan_is_the_life(app: Flask, log: list[str]) -> None:
    async def go() -> None:
        async with app.test_async_client() as client:
            assert log == BEGINNING
            for _ in range(2):
                await client.get("/")
        assert log == [*BEGINNING, "request True", "request True", *END]

    asyncio.run(go())
    log.clear()
    asyncio.run(go())  # it may be served again


def test_without_a_lifespan_the_first_request_begins_it(app: Flask, log: list[str]) -> None:
    async def go() -> None:
        client = app.test_async_client()
        await asyncio.gather(*(client.get("/") for _ in range(3)))

    asyncio.run(go())
    assert log == [*BEGINNING, *["request True"] * 3]


def test_under_wsgi_the_first_request_begins_it(app: Flask, log: list[str]) -> None:
    client = app.test_client()
    threads = [threading.Thread(target=client.get, args=("/",)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log == [*BEGINNING, *["request True"] * 5]


def test_under_wsgi_the_end_of_the_process_ends_it() -> None:
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


def test_a_beginning_that_fails_is_told_to_the_server(
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


def test_something_cancelled_is_a_beginning_or_an_end_that_fails(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """As a pool raises it that is closed meanwhile; nobody cancels the server's own task."""
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


def test_under_wsgi_a_beginning_that_fails_is_a_500_each_time(app: Flask) -> None:
    app.logger.disabled = True
    calls: list[int] = []

    @app.before_serving
    def failing() -> None:
        calls.append(1)
        raise ValueError

    client = app.test_client()
    assert [client.get("/").status_code for _ in range(2)] == [500, 500]
    assert len(calls) == 2


def test_an_end_that_fails_is_told_after_the_last_function(app: Flask) -> None:
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


def test_two_first_requests_at_a_time_begin_it_once(app: Flask) -> None:
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


def test_a_message_out_of_place_is_told(app: Flask) -> None:
    from flask.asgi import ScopeError

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.nonsense"}

    with pytest.raises(ScopeError, match=r"'lifespan\.nonsense' where 'lifespan\.startup'"):
        asyncio.run(app({"type": "lifespan"}, receive, receive))


def test_an_end_without_a_beginning_ends_nothing(app: Flask, log: list[str]) -> None:
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
    "but not for ever": (0.05, "threading.Event().wait()", "after", "still running: work"),
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
def test_a_request_made_in_the_beginning_does_not_wait_for_its_end(app: Flask, asgi: bool) -> None:
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


# Work after the response --------------------------------------------------------------------------


@pytest.mark.parametrize("asgi", [False, True])
@pytest.mark.parametrize("view_kind", ["async", "plain"])
@pytest.mark.parametrize("kind", ["async", "plain"])
def test_a_background_task_has_the_request_and_a_g_of_its_own(
    app: Flask, asgi: bool, view_kind: str, kind: str
) -> None:
    seen: list[t.Any] = []
    done = threading.Event()

    def work(a: int, *, b: int) -> None:
        seen.append((a, b, request.path, current_app.name, g.get("x")))
        done.set()

    async def work_async(a: int, *, b: int) -> None:
        await asyncio.sleep(0)
        work(a, b=b)

    def view() -> str:
        g.x = 1
        current_app.add_background_task(work if kind == "plain" else work_async, 1, b=2)
        return "ok"

    async def view_async() -> str:
        return view()

    app.add_url_rule("/", "view", view if view_kind == "plain" else view_async)
    assert app.test_client(asgi=asgi).get("/").text == "ok"
    assert done.wait(LONGEST)
    assert seen == [(1, 2, "/", app.name, None)]


def test_a_task_begins_after_the_response(app: Flask) -> None:
    log: list[str] = []

    async def work() -> None:
        log.append("task")

    @app.get("/")
    async def view() -> str:
        app.add_background_task(work)
        await asyncio.sleep(0.001)
        return "ok"

    async def go() -> None:
        async def receive() -> t.Any:
            await asyncio.Event().wait()

        async def send(message: t.Any) -> None:
            await asyncio.sleep(0.001)
            log.append(message["type"])

        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        await app(scope, receive, send)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(go())
    assert log == ["http.response.start", "http.response.body", "task"]


def test_under_wsgi_it_begins_when_the_server_closes_the_response(app: Flask) -> None:
    from werkzeug.test import create_environ

    began = threading.Event()

    @app.get("/")
    def view() -> str:
        app.add_background_task(began.set)
        app.add_background_task(lambda: None)
        return "ok"

    body = app(create_environ(), lambda *args: None)
    assert list(body) == [b"ok"]
    assert not began.is_set()
    body.close()  # type: ignore[attr-defined]
    assert began.wait(LONGEST)


@pytest.mark.parametrize("asgi", [False, True])
def test_a_task_of_a_teardown_function_begins_at_once(app: Flask, asgi: bool) -> None:
    began = threading.Event()
    app.teardown_request(lambda error: app.add_background_task(began.set))
    app.add_url_rule("/", "view", lambda: "ok")
    client = app.test_client(asgi=asgi)
    client.get("/")
    app.teardown_request_funcs.clear()
    assert began.wait(LONGEST)


@pytest.mark.parametrize("asgi", [False, True])
def test_what_a_task_raises_is_logged(
    app: Flask, caplog: pytest.LogCaptureFixture, asgi: bool
) -> None:
    done = threading.Event()
    app.teardown_appcontext(lambda error: done.set() if error else None)

    def failing_work() -> None:
        raise ValueError

    @app.get("/")
    def view() -> str:
        app.add_background_task(failing_work)
        return "ok"

    client = app.test_client(asgi=asgi)
    with caplog.at_level(logging.ERROR):
        client.get("/")
        assert done.wait(LONGEST)
        app._drain_threads()
        wait_until(lambda: caplog.records)
    assert "background task" in caplog.records[0].message
    assert "failing_work" in caplog.records[0].message


def test_tasks_are_waited_for_at_the_end(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    log: list[str] = []

    async def quick() -> None:
        await asyncio.sleep(0.01)
        log.append("quick")

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            log.append("cancelled")

    async def go(work: t.Any) -> None:
        async with app.test_async_client():
            with app.app_context():
                current_app.add_background_task(work)

    asyncio.run(go(quick))
    assert log == ["quick"]
    app.config["BACKGROUND_TASK_SHUTDOWN_TIMEOUT"] = 0.01
    asyncio.run(go(endless))
    assert log == ["quick", "cancelled"]
    assert "background tasks are still running" in caplog.text


# The async client ---------------------------------------------------------------------------------


def test_the_async_client_keeps_cookies_and_follows_redirects(app: Flask) -> None:
    from flask import redirect, session

    @app.route("/count", methods=["GET", "POST"])
    async def count() -> dict[str, t.Any]:
        session["n"] = session.get("n", 0) + 1
        return {"n": session["n"], "method": request.method, "json": request.get_json(silent=True)}

    app.add_url_rule("/go", "go", lambda: redirect("/count"), methods=["GET", "POST"])

    async def go() -> None:
        client = app.test_async_client()
        assert (await client.get("/count")).json["n"] == 1
        answer = await client.post("/count", json={"a": 1})
        assert answer.json == {"n": 2, "method": "POST", "json": {"a": 1}}
        answer = await client.post("/go", data="x", follow_redirects=True)
        assert answer.json == {"n": 3, "method": "GET", "json": None}
        assert [past.status_code for past in answer.history] == [302]
        with client.session_transaction() as opened:
            opened["n"] = 10
        assert (await client.get("/count")).json["n"] == 11
        assert (await app.test_async_client(use_cookies=False).get("/count")).json["n"] == 1

    asyncio.run(go())


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "patch", "delete", "options"])
def test_the_async_client_has_a_method_for_each_of_http(app: Flask, method: str) -> None:
    @app.route("/", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    async def view() -> tuple[str, dict[str, str]]:
        return "", {"X-Method": request.method}

    async def go() -> str:
        answer = await getattr(app.test_async_client(), method)("/")
        method_seen: str = answer.headers["X-Method"]
        return method_seen

    assert asyncio.run(go()) == method.upper()


def test_the_async_client_ends_a_circle_of_redirects(app: Flask) -> None:
    from flask import redirect

    app.add_url_rule("/", "view", lambda: redirect("/"))

    async def go() -> None:
        with pytest.raises(RuntimeError, match="more than 20 times"):
            await app.test_async_client().get("/", follow_redirects=True)

    asyncio.run(go())


def test_the_async_client_talks_to_websockets(app: Flask) -> None:
    from flask import websocket
    from flask.testing import WebsocketClosed, WebsocketRefused

    @app.websocket("/<name>")
    async def talk(name: str) -> t.Any:
        if name == "nobody":
            return "no", 401
        await websocket.send_json({"name": name})
        return None

    async def go() -> None:
        client = app.test_async_client()
        async with client.websocket("/ann") as it:
            assert await it.receive_json() == {"name": "ann"}
            with pytest.raises(WebsocketClosed):
                await it.receive()
        with pytest.raises(WebsocketRefused) as refused:
            async with client.websocket("/nobody"):
                pass
        assert (refused.value.status, refused.value.text) == (401, "no")

    asyncio.run(go())


def test_what_the_application_raises_reaches_the_async_test(app: Flask) -> None:
    app.testing = True

    @app.get("/")
    async def view() -> t.NoReturn:
        raise ValueError("told")

    async def go() -> None:
        with pytest.raises(ValueError, match="told"):
            await app.test_async_client().get("/")

    asyncio.run(go())
