"""A strict little WSGI server that writes down everything it sees.

One request after another on one thread. It never corrects the app: a breach of
WSGI becomes a line in the observation.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import sys
import warnings
from collections.abc import Callable, Iterable
from email.utils import parsedate_to_datetime
from typing import IO, TYPE_CHECKING, Any, Protocol

from by_asgi import AsgiAnswer
from features.record import EVENTS
from protocol import AUTOMATIC, Observation, Request

if TYPE_CHECKING:
    from flask import Flask

HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT")
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
LOG_TIME = re.compile(r"\[\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2},\d{3}\]")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
NEAR = 400 * 24 * 3600
"""Seconds: a date this near to the present is reckoned from the present."""


class Times(Protocol):
    """The worker's clock: where it stands, and the real time."""

    now: float
    real: Callable[[], float]


class Body(io.BytesIO):
    """The request's body; a client that sends no more ends it."""


class FileWrapper:
    """The file wrapper that this server offers when it is told to."""

    def __init__(self, file: IO[bytes], size: int = 8192) -> None:
        self.file, self.size = file, size
        EVENTS.append("server file_wrapper")

    def __iter__(self) -> FileWrapper:
        return self

    def __next__(self) -> bytes:
        if data := self.file.read(self.size):
            return data
        raise StopIteration

    def close(self) -> None:
        """Close the file, and tell that it was closed."""
        EVENTS.append("server file_wrapper closed")
        self.file.close()


def name_of(error: BaseException) -> str:
    """The class of an error with its module, and its text."""
    kind = type(error)
    return ADDRESS.sub("0x0", f"{kind.__module__}.{kind.__qualname__}: {error}")


def environ_of(request: Request, body: Body, errors: IO[str]) -> dict[str, Any]:
    """The environ that a server would build for this request."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "QUERY_STRING": request.query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
        "wsgi.errors": errors,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if request.path is not None:
        environ["PATH_INFO"] = request.path
    length = request.length
    if length == AUTOMATIC:
        length = str(len(request.body)) if request.body else None
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    seen: set[str] = set()
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        joint = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{joint}{value}" if key in seen else value
        seen.add(key)
    for name, replacement in request.environ:
        if replacement is None:
            environ.pop(name, None)
        elif name == "wsgi.file_wrapper":
            environ[name] = FileWrapper
        elif name == "wsgi.input_terminated":
            environ[name] = True
        else:
            environ[name] = replacement
    return environ


class Observer:
    """Serves requests, one at a time, and tells what was seen."""

    def __init__(self, clock: Times, by_asgi: bool = False, beside_asgi: bool = False) -> None:
        self.clock = clock
        self.by_asgi, self.beside_asgi = by_asgi, beside_asgi
        self.logs: list[str] = []
        self._make_record = logging.getLogRecordFactory()
        # The factory sees each record before any handler: a handler of ours on
        # the root logger would change which handlers the app adds.
        logging.setLogRecordFactory(self._record)

    def _record(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._make_record(*args, **kwargs)
        if record.name != "asyncio":
            error = record.exc_info[1] if record.exc_info else None
            told = f" <- {name_of(error)}" if error is not None else ""
            self.logs.append(f"{record.levelname} {record.name}: {record.getMessage()}{told}")
        return record

    def serve(self, app: Flask, request: Request) -> Observation:
        """Serve one request to its end and tell everything seen of it."""
        EVENTS.clear()
        self.logs.clear()
        body, errors = Body(request.body.encode("latin-1")), io.StringIO()
        answer: Answer | AsgiAnswer = AsgiAnswer() if self.by_asgi else Answer()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if isinstance(answer, AsgiAnswer):
                answer.serve(app, request, errors, name_of)
            elif self.beside_asgi:
                environ = environ_of(request, body, errors)
                environ |= {"wsgi.multithread": True, "wsgi.multiprocess": True}
                with contextlib.redirect_stderr(errors):
                    answer.serve(app, environ, request.take)
            else:
                answer.serve(app, environ_of(request, body, errors), request.take)
        return Observation(
            status=answer.status,
            headers=[[name, self.mask_dates(value)] for name, value in answer.headers],
            body=ADDRESS.sub("0x0", b"".join(answer.chunks).decode("latin-1")),
            events=[ADDRESS.sub("0x0", event) for event in EVENTS],
            warnings=[
                f"{item.category.__name__}: {item.message}"
                for item in caught
                # Files that a view left open are found whenever the collector runs.
                if not issubclass(item.category, ResourceWarning)
            ],
            logs=list(self.logs),
            errors=without_frames(errors.getvalue()),
            raised=answer.raised,
            protocol=answer.breaches + left_behind(),
            read=body.tell() if not body.closed else len(request.body),
        )

    def mask_dates(self, value: str) -> str:
        """Dates near the present as their distance, in tens of seconds."""

        def distance(found: re.Match[str]) -> str:
            seconds = parsedate_to_datetime(found[0]).timestamp()
            for present in (self.clock.real(), self.clock.now):
                if abs(seconds - present) < NEAR:
                    return f"<now{round((seconds - present) / 10) * 10:+d} s>"
            return found[0]

        return HTTP_DATE.sub(distance, value)


class Answer:
    """One call of the app: start_response, the chunks, and what went wrong."""

    def __init__(self) -> None:
        self.status: str | None = None
        self.headers: list[tuple[str, str]] = []
        self.chunks: list[bytes] = []
        self.raised: list[str] = []
        self.breaches: list[str] = []

    def serve(self, app: Flask, environ: dict[str, Any], take: int | None) -> None:
        """Call the app, read ``take`` chunks (None: all), close."""
        served: Iterable[bytes] | None = None
        stage = "call"
        try:
            served = app(environ, self.start_response)
            stage = "iterate"
            self.read(served, take)
        except BaseException as error:
            self.raised.append(f"{stage}: {name_of(error)}")
        close = getattr(served, "close", None)
        if close is not None:
            try:
                close()
            except BaseException as error:
                self.raised.append(f"close: {name_of(error)}")

    def read(self, served: Iterable[bytes], take: int | None) -> None:
        """Read up to ``take`` chunks; stop before asking for one more."""
        if isinstance(served, str | bytes):
            self.breaches.append(f"the body is {type(served).__name__}, not an iterable of bytes")
        chunks = iter(served)
        while take is None or len(self.chunks) < take:
            try:
                chunk = next(chunks)
            except StopIteration:
                break
            if self.status is None:
                self.breaches.append("a chunk before start_response")
            if not isinstance(chunk, bytes):
                self.breaches.append(f"a chunk of type {type(chunk).__name__}")
                chunk = repr(chunk).encode()
            self.chunks.append(chunk)
        if self.status is None:
            self.breaches.append("start_response was never called")

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        """PEP 3333's callable; it notes each breach and goes on."""
        if self.status is not None and exc_info is None:
            self.breaches.append("start_response was called twice")
        if type(status) is not str or not re.match(r"\d{3} ", status):
            self.breaches.append(f"a status like {status!r}")
        if type(headers) is not list:
            self.breaches.append(f"the headers are {type(headers).__name__}, not list")
        for item in headers:
            self.check_header(item)
        self.status, self.headers = str(status), [(str(k), str(v)) for k, v in headers]
        return self.chunks.append

    def check_header(self, item: Any) -> None:
        """Note a header that PEP 3333 forbids."""
        if type(item) is not tuple or len(item) != 2:
            self.breaches.append(f"a header {item!r} that is no pair")
            return
        for text in item:
            if type(text) is not str:
                self.breaches.append(f"a header part of type {type(text).__name__}")
            elif CONTROL.search(text):
                self.breaches.append(f"a control character in the header {text!r}")
            elif any(ord(character) > 255 for character in text):
                self.breaches.append(f"a header that latin-1 cannot write: {text!r}")


def left_behind() -> list[str]:
    """The contexts that are still active after a request was closed."""
    flask = sys.modules["flask"]
    kinds = {"app": flask.has_app_context, "request": flask.has_request_context}
    return [f"the {kind} context was left behind" for kind, active in kinds.items() if active()]


def without_frames(text: str) -> str:
    """Tracebacks cut to their last lines, log times masked."""
    kept = []
    in_frames = False
    for row in text.splitlines():
        if "Traceback (most recent call last)" in row:
            in_frames = True
        elif not row.startswith(" ") and row:
            in_frames = False
        if not in_frames:
            kept.append(LOG_TIME.sub("[time]", ADDRESS.sub("0x0", row)))
    return "\n".join(kept)
