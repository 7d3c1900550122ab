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


def memory_of_routes() -> float:
    """Return the MiB that an app with 1,000 routes adds, in thousandths: the table shows MiB."""
    from flask import Flask

    Flask("startup").add_url_rule("/", "hello", lambda: "")
    before = _memory("VmRSS")
    app = Flask("startup")
    for number in range(1000):
        app.add_url_rule(f"/r{number}/<first>/<second>", f"view{number}", lambda first, second: "")
    list(app.url_map.iter_rules())
    return (_memory("VmRSS") - before) / 1000


def memory_of_an_upload() -> float:
    """Return the MiB at the peak of a 100 MiB upload above the process at rest, in thousandths."""
    from flask import Flask, request

    app = Flask("startup")

    def view() -> str:
        size = 0
        file = request.files["file"]
        while piece := file.read(65536):
            size += len(piece)
        return str(size)

    app.add_url_rule("/", "upload", view, methods=["POST"])
    for mebibytes in (1, 100):  # the first answer pays for what is kept
        head = b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
        body = _Body(head, b"\0" * 65536, 16 * mebibytes, b"\r\n--XX--\r\n")
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_TYPE": "multipart/form-data; boundary=XX",
            "CONTENT_LENGTH": str(body.length),
            "wsgi.url_scheme": "http",
            "wsgi.input": body,
            "wsgi.errors": sys.stderr,
        }
        before = _memory("VmRSS")
        answer = b"".join(app(environ, start_response))
        if answer != b"%d" % (mebibytes * 1024 * 1024):
            raise SystemExit(f"the upload was answered with {answer!r}")
    return (_memory("VmHWM") - before) / 1000


class _Body:
    """A body that is made as it is read, so that it takes no memory."""

    def __init__(self, head: bytes, piece: bytes, count: int, tail: bytes) -> None:
        self.length = len(head) + len(piece) * count + len(tail)
        self._pieces = iter([head, *[piece] * count, tail])
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Read at most so many bytes, and no more than a piece."""
        if not self._rest:
            self._rest = next(self._pieces, b"")
        data = self._rest[:size]
        self._rest = self._rest[len(data) :]
        return data


def _memory(name: str) -> float:
    """Return a figure of this process in MiB, as Linux reports it."""
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    raise SystemExit(f"there is no {name} in /proc/self/status")


#: What each task is called on the command line, and in startup.py's table.
TASKS = {
    "import": import_only,
    "first_request": first_request,
    "routes1000": routes,
    "blueprints100": blueprints,
    "memory_routes1000": memory_of_routes,
    "memory_upload100": memory_of_an_upload,
}

if __name__ == "__main__":
    print(TASKS[sys.argv[1]]() * 1e6)
