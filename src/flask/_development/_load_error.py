"""What is shown while the code cannot be imported: where the error is, in terminal and browser.

Only frames of the project are shown. The next change starts the application again.
"""

from __future__ import annotations

import linecache
import os
import traceback
import typing as t
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping

import click
from markupsafe import escape

from .._core.user_code import find_library
from .._debug.report import HTML, choose_type, default_type, describe_versions

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_CONTEXT_LINES: t.Final = 4
_WAITING: t.Final = "The application is loaded again at the next change."


class Place(t.NamedTuple):
    """Where an error is."""

    path: str
    """The file, relative to the current directory if it is below it."""
    line: int
    """The number of the line."""
    source: list[tuple[int, str]]
    """The lines around it, with their numbers."""


def format_load_error(error: BaseException) -> str:
    """Return the traceback of an error, with frames of the project only.

    :param error: why the application cannot be loaded.
    """
    origin = _find_origin(error)
    if isinstance(origin, click.ClickException):  # no application was found
        return f"Error: {origin.format_message()}"
    report = traceback.TracebackException.from_exception(origin)
    for part in _list_parts(report):
        frames = [frame for frame in part.stack if not _is_hidden(frame.filename)]
        part.stack[:] = frames
    return "".join(report.format()).rstrip()


def _list_parts(
    report: traceback.TracebackException,
) -> Iterator[traceback.TracebackException]:
    """Yield the report of an error, and of its causes."""
    part: traceback.TracebackException | None = report
    while part is not None:
        yield part
        part = part.__cause__ or part.__context__


def _is_hidden(filename: str) -> bool:
    return filename.startswith("<") or find_library(filename) is not None


def _find_origin(error: BaseException) -> BaseException:
    """Return the error of the user's import, instead of the usage error that reports it."""
    context = error.__context__
    if isinstance(context, ImportError) and _find_frame(context) is not None:
        return context
    return error


def _find_frame(error: BaseException) -> tuple[str, int] | None:
    """Return file and line of the innermost frame of the project."""
    frames = [
        (frame.filename, frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.lineno is not None and not _is_hidden(frame.filename)
    ]
    return frames[-1] if frames else None


def find_place(error: BaseException) -> Place | None:
    """Return where an error is; ``None``: in no file of the project.

    :param error: why the application cannot be loaded.
    """
    origin = _find_origin(error)
    found = _find_frame(origin)
    if isinstance(origin, SyntaxError) and origin.filename and origin.lineno:
        found = (origin.filename, origin.lineno)
    if found is None:
        return None
    path, number = os.path.abspath(found[0]), found[1]
    linecache.checkcache(path)
    first = max(1, number - _CONTEXT_LINES)
    lines = linecache.getlines(path)[first - 1 : number + _CONTEXT_LINES]
    source = [(first + index, line.rstrip("\n")) for index, line in enumerate(lines)]
    relative = os.path.relpath(path)
    return Place(path if relative.startswith("..") else relative, number, source)


def find_syntax_error(paths: Iterable[str]) -> SyntaxError | None:
    """Return the syntax error of a file, if one has any.

    :param paths: Python files, which may be missing.
    """
    for path in sorted(paths):
        try:
            with open(path, "rb") as file:
                compile(file.read(), path, "exec", dont_inherit=True)
        except SyntaxError as error:
            return error
        except (OSError, ValueError):
            continue
    return None


class LoadErrorApp:
    """Responds to each request with the error, over WSGI and ASGI.

    :param error: why the application could not be loaded; ``None``: only the terminal shows it.
    :param is_shown: whether the error is shown in the browser.
    """

    debug = True

    def __init__(self, error: Exception | None, is_shown: bool) -> None:
        self.error = error
        shown = error if is_shown else None
        self._page = _create_page(shown).encode()
        self._text = _create_text(shown).encode()

    def _respond(self, accept: str, user_agent: str) -> tuple[list[tuple[str, str]], bytes]:
        media_type = choose_type(accept, default_type(user_agent))
        body, kind = (self._page, "html") if media_type == HTML else (self._text, "plain")
        return [
            ("Content-Type", f"text/{kind}; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ], body

    def __call__(self, environ: t.Any, start_response: t.Any, send: t.Any = None) -> t.Any:
        """Serve a request, like ``Flask.__call__``."""
        if send is not None:
            return self._serve_asgi(environ, start_response, send)
        return self._serve_wsgi(environ, start_response)

    def _serve_wsgi(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        headers, body = self._respond(
            environ.get("HTTP_ACCEPT", ""), environ.get("HTTP_USER_AGENT", "")
        )
        start_response("500 Internal Server Error", headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    async def _serve_asgi(
        self,
        scope: MutableMapping[str, t.Any],
        receive: Callable[[], Awaitable[MutableMapping[str, t.Any]]],
        send: Callable[[MutableMapping[str, t.Any]], Awaitable[None]],
    ) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1011, "reason": ""})
            return
        sent = dict(scope["headers"])
        accept, user_agent = (
            sent.get(name, b"").decode("latin-1") for name in (b"accept", b"user-agent")
        )
        headers, body = self._respond(accept, user_agent)
        body = b"" if scope["method"] == "HEAD" else body
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": 500, "headers": pairs})
        await send(
            {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body}
        )


def _create_text(error: Exception | None) -> str:
    if error is None:
        return f"The application could not be loaded. The terminal shows why.\n{_WAITING}\n"
    return f"The application could not be loaded.\n\n{format_load_error(error)}\n\n{_WAITING}\n"


_PAGE: t.Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --mark: light-dark(#ffe3e0, #5c1f1a);
  --line: light-dark(#d8d8d8, #444); --red: light-dark(#b3261e, #ff8a80); }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }}
h1 {{ font-size: 1.3rem; color: var(--red); overflow-wrap: anywhere; }}
pre {{ overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; padding: .6rem 0; }}
pre span {{ display: block; padding: 0 .8rem; }}
pre .error {{ background: var(--mark); font-weight: 600; }}
pre.trace {{ padding: .6rem .8rem; }}
</style>
</head>
<body>
<main>
<p>The application could not be loaded.</p>
{content}
<p>{waiting} This page is loaded again then, too.</p>
<p>{versions}</p>
</main>
</body>
</html>
"""


def _create_page(error: Exception | None) -> str:
    if error is None:
        return _PAGE.format(
            title="The application could not be loaded",
            content="<p>The terminal shows why.</p>",
            waiting=_WAITING,
            versions=describe_versions(),
        )
    trace = format_load_error(error)
    title = escape(trace.rpartition("\n")[2])
    place = find_place(error)
    content = [f"<h1>{title}</h1>"]
    if place is not None:
        content.append(f"<p><code>{escape(place.path)}</code>, line {place.line}</p>")
        content.append('<pre tabindex="0">')
        for number, line in place.source:
            kind = ' class="error"' if number == place.line else ""
            content.append(f"<span{kind}>{number:>4}  {escape(line)}</span>")
        content.append("</pre>")
    content.append(f'<pre class="trace" tabindex="0">{escape(trace)}</pre>')
    return _PAGE.format(
        title=title, content="".join(content), waiting=_WAITING, versions=describe_versions()
    )
