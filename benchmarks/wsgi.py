"""One request through a WSGI callable: asked, timed, and its function calls counted.

Used inside each peer's environment, with the standard library only. What is timed is what a
server does around the call and nothing more: a new environ, the call, the body exhausted,
`close()`. Copying the environ costs about 0.1 us and stays in the figure, the same for all peers.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from time import perf_counter
from types import FrameType, TracebackType
from typing import Any

from benchmarks.workloads import Request

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType]
RawAnswer = tuple[str, list[tuple[str, str]], bytes]


def environ_of(request: Request) -> dict[str, Any]:
    """Return the environ of a request: 21 keys, and those of its own headers.

    21 is what servers give for a minimal GET with four headers (counted on wsgiref without the
    process's variables, and on Granian). It matters: a dict grows at the 22nd key.
    """
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "benchmark/1",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "54321",
        "HTTP_HOST": "localhost:8000",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "HTTP_ACCEPT": "*/*",
        "HTTP_ACCEPT_ENCODING": "gzip, deflate",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ


def ask(application: Application, request: Request) -> RawAnswer:
    """Send one request and return status line, header list and the whole body."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: ExceptionInfo | None = None
    ) -> Callable[[bytes], None]:
        started.append((status, list(headers)))
        return _no_write

    body = _exhaust(application(environ_of(request), start_response))
    status, headers = started[-1]
    return status, headers, body


def time_calls(application: Application, request: Request, calls: int) -> float:
    """Return the seconds that so many requests took, one after the other."""
    copy = environ_of(request).copy
    body = request.body
    start_response = _start_response
    begin = perf_counter()
    # Two loops, so that requests without a body do not pay for a test or a new input stream.
    if body:
        for _ in range(calls):
            environ = copy()
            environ["wsgi.input"] = BytesIO(body)
            iterable = application(environ, start_response)
            for _chunk in iterable:
                pass
            if hasattr(iterable, "close"):
                iterable.close()
    else:
        for _ in range(calls):
            iterable = application(copy(), start_response)
            for _chunk in iterable:
                pass
            if hasattr(iterable, "close"):
                iterable.close()
    return perf_counter() - begin


def count_calls(application: Application, request: Request) -> int:
    """Return how many Python functions one request entered, the harness's own left out.

    Counts `call` events of `sys.setprofile`: a function entered or a generator resumed. C
    functions are not counted. The caller warms the application up first.
    """
    count = 0

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        if event == "call" and frame.f_code.co_filename != __file__:
            count += 1

    environ = environ_of(request)
    sys.setprofile(profile)
    try:
        _exhaust(application(environ, _start_response))
    finally:
        sys.setprofile(None)
    return count


def count_steps(application: Application, request: Request) -> list[tuple[str, int, int]]:
    """Return what one request runs: function, its calls, its bytecode instructions; most first.

    The harness's own is left out. The caller warms the application up first.
    """
    for _ in range(TRACED):
        steps = Steps(__file__)
        environ = environ_of(request)
        with steps:
            _exhaust(application(environ, _start_response))
    return steps.found()


TRACED = 2
"""How often a request is traced; the last one counts. CPython 3.12 and newer report instructions
only in code that has been traced before."""


class Steps:
    """Counts bytecode instructions by function, in a ``with`` block.

    :param harness: the file whose functions are left out.
    """

    def __init__(self, harness: str) -> None:
        self._harness = harness
        self._calls: Counter[str] = Counter()
        self._steps: Counter[str] = Counter()

    def _trace(self, frame: FrameType, event: str, argument: object) -> Any:
        code = frame.f_code
        if code.co_filename == self._harness:
            return None
        name = f"{Path(code.co_filename).stem}: {code.co_qualname}"
        if event == "call":
            frame.f_trace_opcodes = True
            self._calls[name] += 1
        elif event == "opcode":
            self._steps[name] += 1
        return self._trace

    def __enter__(self) -> None:
        sys.settrace(self._trace)

    def __exit__(self, *error: object) -> None:
        sys.settrace(None)

    def found(self) -> list[tuple[str, int, int]]:
        """Return each function, its calls and its instructions; the most first."""
        return [
            (name, self._calls[name], count)
            for name, count in self._steps.most_common()
            if self._calls[name]
        ]


def _exhaust(iterable: Iterable[bytes]) -> bytes:
    """Return the joined chunks, and close the iterable as PEP 3333 asks even after an error."""
    try:
        return b"".join(iterable)
    finally:
        if hasattr(iterable, "close"):
            iterable.close()


def _no_write(data: bytes) -> None:
    raise RuntimeError("the benchmark does not take WSGI's write(); return an iterable instead")


def _start_response(
    status: str, headers: list[tuple[str, str]], exc_info: ExceptionInfo | None = None
) -> Callable[[bytes], None]:
    return _no_write
