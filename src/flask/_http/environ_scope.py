"""Build the ASGI scope for the request of a WSGI environment.

The test clients and WebSockets under WSGI use it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from urllib.parse import quote

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

EXTRAS: t.Final = "flask.environ"
"""Key of a scope: entries of the WSGI environment that have no equivalent in a scope."""


def make_scope(environ: WSGIEnvironment, kind: str = "http") -> dict[str, t.Any]:
    """Return the ASGI scope for the request of a WSGI environment.

    :param environ: the environment.
    :param kind: ``"http"`` or ``"websocket"``.
    """
    root = environ.get("SCRIPT_NAME", "").rstrip("/").encode("latin-1").decode(errors="replace")
    raw = environ.get("PATH_INFO", "").encode("latin-1")
    port = environ.get("SERVER_PORT") or "80"
    scope: dict[str, object] = {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": environ.get("SERVER_PROTOCOL", "HTTP/1.1").removeprefix("HTTP/"),
        "scheme": environ.get("wsgi.url_scheme", "http"),
        "path": root + raw.decode(errors="replace"),
        "raw_path": (quote(root) + quote(raw)).encode(),
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        "root_path": root,
        "headers": list(_headers_of(environ)),
        "client": (environ.get("REMOTE_ADDR", "127.0.0.1"), int(environ.get("REMOTE_PORT", 0))),
        "server": (environ.get("SERVER_NAME", "localhost"), int(port)),
        "extensions": {"websocket.http.response": {}} if kind == "websocket" else {},
        "state": {},
    }
    if kind == "http":
        scope["method"] = environ.get("REQUEST_METHOD", "GET")
        extras = {key: value for key, value in environ.items() if "." in key}
        for key in ("wsgi.input", "wsgi.input_terminated", "wsgi.url_scheme", "wsgi.version"):
            extras.pop(key, None)
        scope[EXTRAS] = extras
    return scope


def _headers_of(environ: WSGIEnvironment) -> Iterator[tuple[bytes, bytes]]:
    for key, value in environ.items():
        if key in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            if not value:
                continue
            name = key
        elif key.startswith("HTTP_"):
            name = key[5:]
        else:
            continue
        yield name.lower().replace("_", "-").encode(), str(value).encode("latin-1")
