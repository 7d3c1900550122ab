"""The warning in debug mode about code that blocks the event loop."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import logging
import subprocess
import sys
import threading
import typing as t
import weakref
from collections.abc import Callable, Iterator

import pytest
from polling import LONGEST, wait_until

from flask import Flask, render_template_string, websocket
from flask.asgi import _blocked_loop
from flask.asgi._blocked_loop import LoopWatch, find_place, watch

pytest.importorskip("greenlet")  # without it nothing runs on the loop


class Warnings(logging.Handler):
    """The warnings, and an event for the first one: code that blocks waits for it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.came = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self.came.set()


@pytest.fixture
def warnings() -> Iterator[Warnings]:
    handler = Warnings()
    logging.getLogger("blocking").addHandler(handler)
    watch._places.clear()
    yield handler
    logging.getLogger("blocking").removeHandler(handler)


def create_app(debug: bool = True) -> Flask:
    app = Flask("blocking")
    app.debug = debug
    return app


def line_of(function: Callable[..., object], offset: int) -> str:
    return f"{__file__}:{inspect.getsourcelines(function)[1] + offset}"


def test_it_names_the_view_and_the_line(warnings: Warnings) -> None:
    app = create_app()

    def load() -> None:
        warnings.came.wait(LONGEST)

    @app.get("/slow/<int:number>")
    async def slow(number: int) -> str:
        await asyncio.sleep(0)
        load()
        return "done"

    assert app.test_client(asgi=True).get("/slow/1").text == "done"
    (line,) = warnings.lines
    assert line.startswith("The view 'slow' has blocked the event loop for more than 100 ms at ")
    assert f"{line_of(load, 1)}, in load()." in line


def test_a_place_is_named_once(warnings: Warnings) -> None:
    looks = LoopWatch()
    step = _blocked_loop._Step(create_app(), lambda: "The view 'slow'")
    for _ in range(3):
        looks._report(step, sys._getframe())
    looks._report(step, sys._getframe())
    assert len(warnings.lines) == 2


def test_it_names_a_websocket_handler_and_a_background_task(warnings: Warnings) -> None:
    app = create_app()

    @app.websocket("/talk")
    async def talk() -> None:
        await websocket.receive()
        warnings.came.wait(LONGEST)

    with app.test_client(asgi=True).websocket_connect("/talk") as session:
        session.send("go on")
        wait_until(lambda: warnings.lines)
    assert warnings.lines[0].startswith("The WebSocket handler 'talk' has")

    warnings.came.clear()

    async def send_mail() -> None:
        warnings.came.wait(LONGEST)

    @app.get("/mail")
    async def mail() -> str:
        app.add_background_task(send_mail)
        return ""

    app.test_client(asgi=True).get("/mail")
    wait_until(lambda: len(warnings.lines) == 2)
    assert warnings.lines[1].startswith("The background task")
    assert "send_mail" in warnings.lines[1]


def test_a_request_without_a_view_is_named_by_its_path(warnings: Warnings) -> None:
    app = create_app()
    scope = {"type": "http", "method": "GET", "path": "/none", "headers": [], "query_string": b""}
    assert _blocked_loop._describe_request(app, scope) == "The request GET '/none'"


def test_a_function_that_a_template_calls_is_named(warnings: Warnings) -> None:
    app = create_app()

    def load() -> str:
        warnings.came.wait(LONGEST)
        return ""

    @app.get("/")
    async def page() -> str:
        return render_template_string("{{ load() }}", load=load)

    app.test_client(asgi=True).get("/")
    assert line_of(load, 1) in warnings.lines[0]


def test_code_of_a_template_is_attributed_to_the_view() -> None:
    app = create_app()
    found: list[t.Any] = []

    def look() -> str:
        frame = sys._getframe().f_back  # the template's
        place = find_place(frame)
        found.append(place and place.f_code.co_name)
        return ""

    def view() -> str:
        return render_template_string("{{ look() }}", look=look)

    with app.app_context():
        view()
    assert found == ["view"]


def test_code_of_an_application_that_is_an_installed_package_is_named() -> None:
    names: dict[str, t.Any] = {"sys": sys}
    for file, text in {
        "shop/app.py": "def view(): return find()",
        "requests/api.py": "def find(): return sys._getframe()",
    }.items():
        exec(compile(text, f"/venv/site-packages/{file}", "exec"), names)
    frame = names["view"]()

    def name_place(root: str) -> str:
        place = find_place(frame, root)
        return place.f_code.co_filename if place else ""

    assert name_place("/venv/site-packages/shop") == "/venv/site-packages/shop/app.py"
    assert name_place("/srv/shop") == __file__


def test_a_request_that_awaits_runs_no_step(warnings: Warnings) -> None:
    app = create_app()
    seen = []

    async def look() -> None:  # another task, while the view waits
        seen.append(dict(watch.steps))

    @app.get("/")
    async def view() -> str:
        seen.append(dict(watch.steps))
        await asyncio.create_task(look())
        return ""

    app.test_client(asgi=True).get("/")
    assert len(seen[0]) == 1
    assert seen[1] == {}
    assert watch.steps == {}


def test_errors_and_cancellation_pass_through() -> None:
    app = create_app()
    ended = []

    async def fail() -> None:
        raise LookupError("on purpose")

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def main() -> None:
        with pytest.raises(LookupError):
            await _blocked_loop.watch_task(app, "fail", fail())
        task = asyncio.create_task(_blocked_loop.watch_task(app, "hang", hang()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended == [True]
    assert watch.steps == {}


def test_the_thread_sleeps_while_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = LoopWatch(limit=0.001)
    slept = threading.Semaphore(0)
    sleep = _blocked_loop.time.sleep

    class Clock:
        monotonic = staticmethod(_blocked_loop.time.monotonic)

        @staticmethod
        def sleep(seconds: float) -> None:
            slept.release()
            sleep(seconds)

    monkeypatch.setattr(_blocked_loop, "time", Clock)
    looks.end(looks.begin(create_app(), str))
    assert slept.acquire(timeout=LONGEST)
    wait_until(lambda: not looks._is_needed.is_set())
    while slept.acquire(blocking=False):
        pass
    assert not slept.acquire(timeout=0.2)  # it would have slept 200 times
    looks.end(looks.begin(create_app(), str))
    assert slept.acquire(timeout=LONGEST)


def test_steps_within_a_step_leave_the_outer_one() -> None:
    looks = LoopWatch(limit=LONGEST)
    app = create_app()
    outer = looks.begin(app, str)
    (step,) = looks.steps.values()
    looks.end(looks.begin(app, str))
    assert list(looks.steps.values()) == [step]
    looks.end(outer)
    assert looks.steps == {}


def test_a_thread_that_sleeps_holds_no_application(warnings: Warnings) -> None:
    def block_once() -> weakref.ref[Flask]:
        app = create_app()

        async def block() -> None:
            warnings.came.wait(LONGEST)

        asyncio.run(_blocked_loop.watch_task(app, "block", block()))
        return weakref.ref(app)

    held = block_once()
    assert len(warnings.lines) == 1

    def is_collected() -> bool:
        gc.collect()
        return held() is None

    wait_until(is_collected)


CHECK = """\
import json, sys, threading
from flask import Flask
app = Flask("app")
app.debug = {debug}

@app.get("/")
async def index():
    return "ok"

app.test_client(asgi=True).get("/")
print(json.dumps([
    "flask.asgi._blocked_loop" in sys.modules,
    any(thread.name == "flask-loop-watch" for thread in threading.enumerate()),
]))
"""


@pytest.mark.parametrize("debug", [False, True])
def test_outside_of_debug_mode_nothing_of_it_is_imported(debug: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHECK.format(debug=debug)],
        capture_output=True,
        text=True,
        check=True,
        timeout=LONGEST,
    )
    assert json.loads(done.stdout) == [debug, debug]
