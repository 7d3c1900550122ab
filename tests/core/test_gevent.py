"""Async views under gevent's patches."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("gevent")

APP = """
from gevent import monkey
monkey.patch_all()

import asyncio
import contextvars
import sys
import threading
import time

import gevent
from flask import Flask, g, request

app = Flask("app")
seen = contextvars.ContextVar("seen")
together = 0
most = 0

@app.before_request
async def before():
    await asyncio.sleep(0)

@app.teardown_request
async def teardown(error):
    await asyncio.sleep(0)

@app.route("/view/<number>")
async def view(number):
    global together, most
    g.number = number
    seen.set(number)
    together += 1
    most = max(most, together)
    while most < COUNT:  # all of them are under way at a time
        await asyncio.sleep(0.001)
    assert (g.number, seen.get(), request.view_args["number"]) == (number, number, number)
    return number

@app.route("/sync/<number>")
def sync(number):
    time.sleep(0.001)
    return number

@app.route("/stream/<number>")
async def stream(number):
    async def generate():
        loop = asyncio.get_running_loop()
        for _ in range(3):
            await asyncio.sleep(0)
            assert asyncio.get_running_loop() is loop
            yield number
    return generate()

@app.route("/nested/<number>")
async def nested(number):
    async def inner():
        await asyncio.sleep(0)
        return number
    return app.ensure_sync(inner)()

@app.route("/error/<number>")
async def error(number):
    raise ValueError(number)

@app.errorhandler(ValueError)
async def handle(error):
    await asyncio.sleep(0)
    return str(error)

@app.route("/body", methods=["POST"])
async def body():
    await asyncio.sleep(0)
    return request.get_data()

class ServersBody:
    hub = gevent.get_hub()

    def read(self, size=-1):
        assert gevent.get_hub() is self.hub
        gevent.sleep(0.001)
        return b"body"

COUNT = 30

def ask(path, number):
    return app.test_client().get(f"/{path}/{number}").text

for path, times in (("view", 1), ("sync", 1), ("stream", 3), ("nested", 1), ("error", 1)):
    asking = [gevent.spawn(ask, path, str(number)) for number in range(COUNT)]
    gevent.joinall(asking, raise_error=True)
    assert [it.value for it in asking] == [str(n) * times for n in range(COUNT)], path

environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/body", "CONTENT_LENGTH": "4"}
environ |= {"wsgi.input": ServersBody(), "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr}
environ |= {"SERVER_NAME": "localhost", "SERVER_PORT": "80"}
assert b"".join(app(environ, lambda *args: None)) == b"body"

def killed():
    with app.test_request_context():
        try:
            app.ensure_sync(forever)()
        finally:
            print("ended", flush=True)

async def forever():
    try:
        print("begun", flush=True)
        begun.set()
        await asyncio.sleep(1000)
    finally:
        print("cancelled", flush=True)

begun = threading.Event()
it = gevent.spawn(killed)
begun.wait()
it.kill()
print("done")
"""


def run(text: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-c", text]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_async_functions_of_many_greenlets_run_at_a_time() -> None:
    done = run(APP)
    assert done.stderr == ""
    assert done.stdout.split() == ["begun", "cancelled", "ended", "done"]


def test_gevent_is_not_imported_for_an_application_without_it() -> None:
    text = (
        "import sys\n"
        "from flask import Flask\n"
        "app = Flask('app')\n"
        "@app.route('/')\n"
        "async def view(): return 'ok'\n"
        "print(app.test_client().get('/').text, 'gevent' in sys.modules)\n"
    )
    assert run(text).stdout == "ok False\n"


def test_gevent_without_patches_changes_nothing() -> None:
    text = (
        "import gevent\n"
        "from flask import Flask\n"
        "from flask._core.gevent_support import has_patched_threads, shared_loop\n"
        "app = Flask('app')\n"
        "@app.route('/')\n"
        "async def view(): return 'ok'\n"
        "asking = [gevent.spawn(lambda: app.test_client().get('/').text) for _ in range(3)]\n"
        "gevent.joinall(asking)\n"
        "print(*[it.value for it in asking], has_patched_threads(), shared_loop._loop)\n"
    )
    assert run(text).stdout == "ok ok ok False None\n"
