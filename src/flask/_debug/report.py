"""The debug page of an unhandled error, as HTML, as JSON or as text.

Both protocols use it: `wsgi` on the development server, and ``flask.asgi`` under ASGI servers.
"""

from __future__ import annotations

import json
import platform
import secrets as random
import typing as t
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from types import FrameType

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from .facts import RequestFacts, find_context, find_secrets, read_request
from .faults import CAUSE, CONTEXT, Collector, Fault, Frame
from .masking import Secrets, is_own_host
from .template import make_headers, render

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HTML: t.Final = "text/html"
JSON: t.Final = "application/json"
PROBLEM: t.Final = "application/problem+json"
TEXT: t.Final = "text/plain"


_TERMINAL_PROGRAMS: t.Final = ("curl/", "HTTPie/", "Wget/")


def default_type(user_agent: str) -> str:
    """Return the media type of a debug page for a client that accepts any.

    It is HTML, as the page of Werkzeug's debugger, except for programs that print it.

    :param user_agent: the header ``User-Agent``.
    """
    return TEXT if user_agent.startswith(_TERMINAL_PROGRAMS) else HTML


def choose_type(accept: str | None, default: str = TEXT) -> str:
    """Return the media type of a page for an ``Accept`` header.

    HTML for a browser and JSON for an API's client, which name their types.

    :param accept: the header, if there is one.
    :param default: the media type for any other client.
    """
    given = parse_accept_header(accept, MIMEAccept)
    qualities = {HTML: 0.0, JSON: 0.0, TEXT: 0.0}
    qualities[default] = 0.001
    for name, quality in given:
        name = name.partition(";")[0].strip().lower()
        if name == "application/xhtml+xml":
            name = HTML
        elif name.endswith("+json"):
            name = JSON
        if name in qualities:
            qualities[name] = max(qualities[name], quality)
    return max(qualities, key=lambda name: qualities[name])  # of equal ones the first


@dataclass
class ConsoleAccess:
    """What a page with the interactive console needs.

    :param secret: identifies the page to the debugger.
    :param add: registers a frame and its line, and returns its identifier.
    :param is_trusted: whether the browser has sent the PIN already.
    """

    secret: str
    add: Callable[[FrameType, int], int]
    is_trusted: bool


def _find_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # its files were copied without the metadata
        return "(unknown version)"


class Page(t.NamedTuple):
    """A response: its headers and its body. The status is 500."""

    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class Report:
    """What is shown of an error."""

    faults: list[Fault]
    """The error, then the errors behind it."""
    request: RequestFacts
    text: str
    """The traceback as Python prints it."""
    is_detailed: bool
    """Whether variables and the request are shown."""

    @property
    def title(self) -> str:
        """Class and message of the error, in one line."""
        fault = self.faults[0]
        first = fault.message.strip().partition("\n")[0][:200]
        return f"{fault.kind}: {first}" if first else fault.kind

    @property
    def origin(self) -> Frame | None:
        """The failing line of the user's code.

        It is that of the error, or of the nearest cause that has one.
        """
        for fault in self.faults:
            if fault.relation in ("", CAUSE, CONTEXT) and fault.origin and fault.origin.is_user:
                return fault.origin
        return self.faults[0].origin

    @property
    def versions(self) -> str:
        """The releases of Python and of the packages."""
        return describe_versions()


def describe_versions() -> str:
    """Return the releases of Python, of this package and of Werkzeug."""
    packages = [f"{name.title()} {_find_version(name)}" for name in ("flask", "werkzeug")]
    return ", ".join([f"Python {platform.python_version()}", *packages])


def make_page(
    error: BaseException,
    environ: WSGIEnvironment,
    settings: Mapping[str, object],
    skip: int = 0,
    console: ConsoleAccess | None = None,
    trusted: Iterable[str] = (),
) -> Page:
    """Create the response for an unhandled error.

    :param error: the error.
    :param environ: the WSGI environment of its request.
    :param settings: the configuration of the application.
    :param skip: the number of calls of the traceback that belong to the debugger.
    :param console: offers the interactive console in each frame.
    :param trusted: further hosts that may see variables and the request.
    """
    try:
        return _make_page(error, environ, settings, skip, console, tuple(trusted))
    except Exception as failure:  # the error is shown in any case
        collector = Collector(Secrets(settings))
        text = (
            f"{collector.format_text(error, skip)}\n"
            f"The debug page of this error failed:\n\n{collector.format_text(failure)}"
        )
        return Page([("Content-Type", f"{TEXT}; charset=utf-8"), *_COMMON], _encode(text))


def _make_page(
    error: BaseException,
    environ: WSGIEnvironment,
    settings: Mapping[str, object],
    skip: int,
    console: ConsoleAccess | None,
    trusted: tuple[str, ...],
) -> Page:
    context = find_context(error)
    if context is not None:
        settings = context.app.config
    hidden = Secrets(settings, find_secrets(environ, context))
    default = default_type(environ.get("HTTP_USER_AGENT", ""))
    media_type = choose_type(environ.get("HTTP_ACCEPT"), default)
    if media_type != HTML:
        console = None
    is_detailed = is_own_host(environ.get("HTTP_HOST"), settings, trusted)
    collector = Collector(
        hidden,
        root="" if context is None else context.app.root_path,
        with_names=is_detailed,
        add_console=None if console is None else console.add,
    )
    report = Report(
        collector.collect(error, skip),
        read_request(environ, context, hidden, is_detailed),
        collector.format_text(error, skip),
        is_detailed,
    )
    if media_type == HTML:
        nonce = random.token_urlsafe(16)
        body = render(
            "error.html",
            nonce,
            report=report,
            console=console,
            text=format_report(report),
            relations={"cause": CAUSE, "context": CONTEXT},
        )
        return Page(make_headers(nonce, has_console=console is not None), _encode(body))
    if media_type == JSON:
        document = json.dumps(make_document(report), indent=2).encode()
        return Page([("Content-Type", PROBLEM), *_COMMON], document + b"\n")
    return Page(
        [("Content-Type", f"{TEXT}; charset=utf-8"), *_COMMON], _encode(format_report(report))
    )


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")


_COMMON: t.Final = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]


def format_report(report: Report) -> str:
    """Return a report as text: the failing line first, then the request and the traceback."""
    lines = [f"{report.faults[0].kind}: {report.faults[0].message}"]
    lines += report.faults[0].notes
    origin = report.origin
    if origin is not None:
        lines += ["", f"{origin.path}:{origin.number}{_in(origin)}", f"    {origin.code}"]
    lines += ["", f"{report.request.method} {report.request.url}", report.versions]
    return "\n".join([*lines, "", report.text])


def _in(frame: Frame) -> str:
    return f" in {frame.function}" if frame.function else ""


def make_document(report: Report) -> dict[str, object]:
    """Return a report as problem details (RFC 9457) with further members."""
    return {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": report.title,
        "location": _describe_frame(report.origin),
        "errors": [
            {
                "type": fault.kind,
                "message": fault.message,
                "notes": fault.notes,
                "relation": fault.relation or None,
                "frames": [_describe_frame(frame) for frame in fault.frames],
            }
            for fault in report.faults
        ],
        "request": {"method": report.request.method, "url": report.request.url},
        "traceback": report.text.splitlines(),
    }


def _describe_frame(frame: Frame | None) -> dict[str, object] | None:
    if frame is None:
        return None
    return {
        "file": frame.path,
        "line": frame.number,
        "function": frame.function,
        "code": frame.code,
        "library": frame.package,
    }
