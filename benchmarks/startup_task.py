"""One thing that happens once in a process, timed inside that process.

Run as `python -P startup_task.py TASK` in an environment that has flask, by startup.py.
Prints the microseconds. Imports nothing before the clock starts but what the clock needs.
"""

from __future__ import annotations

import sys
from time import perf_counter
from typing import Any


def first_request() -> float:
    """Import flask, make an app with one view, answer one request."""
    begin = perf_counter()
    from flask import Flask

    app = Flask("startup")
    app.add_url_rule("/", "hello", lambda: "Hello, World!")

    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost:8000",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": sys.stdin.buffer,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    body = b"".join(app(environ, start_response))
    seconds = perf_counter() - begin
    if body != b"Hello, World!":
        raise SystemExit(f"the first request was answered with {body!r}")
    return seconds


def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
    """Take the status and the headers, and give no write()."""
    return None


def import_only() -> float:
    """Import flask."""
    begin = perf_counter()
    import flask  # noqa: F401

    return perf_counter() - begin


def routes() -> float:
    """Register 1,000 routes with two parameters on an app."""
    from flask import Flask

    def view(first: str, second: str) -> str:
        return first + second

    app = Flask("startup")
    begin = perf_counter()
    for number in range(1000):
        app.add_url_rule(f"/r{number}/<first>/<second>", f"view{number}", view)
    return perf_counter() - begin


def blueprints() -> float:
    """Make and register 100 blueprints, each with five routes and two hooks."""
    from flask import Blueprint, Flask

    def view() -> str:
        return ""

    def hook() -> None:
        return None

    app = Flask("startup")
    begin = perf_counter()
    for number in range(100):
        blueprint = Blueprint(f"b{number}", "startup", url_prefix=f"/b{number}")
        for route in range(5):
            blueprint.add_url_rule(f"/{route}", f"view{route}", view)
        blueprint.before_request(hook)
        blueprint.teardown_request(lambda error: None)
        app.register_blueprint(blueprint)
    return perf_counter() - begin


#: What each task is called on the command line, and in startup.py's table.
TASKS = {
    "import": import_only,
    "first_request": first_request,
    "routes1000": routes,
    "blueprints100": blueprints,
}

if __name__ == "__main__":
    print(TASKS[sys.argv[1]]() * 1e6)
