"""From an ASGI scope to a WSGI environment: a plain function, and the table that it reads.

The environment is what a WSGI server would have made of the same request (PEP 3333). What a scope
lacks, the environment lacks too.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Coroutine
from urllib.parse import unquote_to_bytes

from .._core.bounded_cache import store
from .._core.current import _cv_app, _cv_request
from .._http.environ_scope import EXTRAS

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Scope: t.TypeAlias = t.MutableMapping[str, t.Any]
"""What an ASGI server tells of a connection."""

Result = t.TypeVar("Result")

_VERSION = (1, 0)

_IGNORED = "asgi.headers_left_out"
"""Stands in `_KEYS` for headers that are left out of the environment that applications read."""

_KEYS: dict[bytes, str] = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}
"""Header name to key of the environment; filled as names are met."""

_MAX_KEYS, _MAX_KEY_SIZE = 1000, 400  # what clients send must not pile up


class ScopeError(ValueError):
    """An ASGI server's scope or message is not what the ASGI specification says."""


async def without_contexts(serving: Coroutine[object, None, Result]) -> Result:
    """Serve a connection with no context current, whatever is current around it.

    Servers call the application in a copy of the context of the import. All connections would share
    a context that was pushed at import.
    """
    app_token = _cv_app.set(None)
    request_token = _cv_request.set(None)
    try:
        return await serving
    finally:
        _cv_request.reset(request_token)
        _cv_app.reset(app_token)


def make_environ(scope: Scope, body: object) -> WSGIEnvironment:
    """Make the environment of a request.

    :param scope: of an ``http`` or ``websocket`` connection.
    :param body: becomes ``wsgi.input``.
    :raises ScopeError: something is missing in the scope, or is of another type than ASGI says.
    """
    # PERF: one literal, no calls; 0.8 us, a copy of constants filled step by step takes 1.2 us.
    try:
        path: str = scope["path"]
        if not path.isascii():
            path = _encode_path(scope)
        elif type(path) is not str:
            raise TypeError(f"'path' is {path!r} and no text")
        root = scope["root_path"]
        if root:
            root, path = _split_root(root, path)
        query: bytes | None = scope["query_string"]
        server = scope["server"] or _NO_SERVER
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": scope["method"],
            "SCRIPT_NAME": root,
            "PATH_INFO": path,
            "QUERY_STRING": query.decode("latin-1") if query else "",
            "SERVER_PROTOCOL": _PROTOCOLS.get(scope["http_version"], "HTTP/1.1"),
            "SERVER_NAME": server[0],
            "SERVER_PORT": "" if server[1] is None else str(server[1]),
            "wsgi.version": _VERSION,
            "wsgi.url_scheme": scope["scheme"],
            "wsgi.input": body,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "asgi.scope": scope,
        }
        keys = _KEYS
        for name, value in scope["headers"]:
            key = keys.get(name)
            if key is None:
                key = _make_key(name)
            if key not in environ:
                environ[key] = value.decode("latin-1")
            elif key == "HTTP_COOKIE":  # HTTP/2 splits them (RFC 9113 section 8.2.3)
                environ[key] = f"{environ[key]}; {value.decode('latin-1')}"
            else:
                environ[key] = f"{environ[key]},{value.decode('latin-1')}"
        client = scope["client"]
        if client:
            environ["REMOTE_ADDR"] = client[0]
            environ["REMOTE_PORT"] = str(client[1])
    except KeyError as error:
        complete: Scope = {**_DEFAULTS, **scope}
        if error.args[0] in _DEFAULTS and complete.keys() != scope.keys():
            return make_environ(complete, body)
        raise _malformed(scope, error) from error
    except (TypeError, AttributeError, ValueError, IndexError) as error:
        raise _malformed(scope, error) from error
    if "CONTENT_LENGTH" not in environ:
        environ["wsgi.input_terminated"] = True  # chunked, or HTTP/2: the end tells itself
    elif "HTTP_TRANSFER_ENCODING" in environ:  # it overrides a length (RFC 9112 section 6.3)
        del environ["CONTENT_LENGTH"]
        environ["wsgi.input_terminated"] = True
    if EXTRAS in scope:
        environ.update(scope[EXTRAS])
    return environ


_DEFAULTS: Scope = {
    "client": None,
    "http_version": "1.1",
    "method": "GET",  # a WebSocket is asked for by GET
    "query_string": b"",
    "root_path": "",
    "scheme": "http",
    "server": None,
}
"""What a scope need not have (ASGI specification, "HTTP & WebSocket")."""


def _malformed(scope: Scope, error: Exception) -> ScopeError:
    return ScopeError(
        f"The server's ASGI scope is malformed: {type(error).__name__}: {error}."
        f" It has {sorted(map(str, scope))}; see the ASGI specification, 'HTTP & WebSocket'."
    )


def _split_root(root: str, path: str) -> tuple[str, str]:
    """Return root and path as WSGI wants them.

    Servers give the whole path (ASGI 2.1 and newer) or what is below the root (older ones).
    """
    root = root.rstrip("/").encode().decode("latin-1")
    if path.startswith(root) and path[len(root) : len(root) + 1] in _ENDS:
        path = path[len(root) :]
    return root, path


_ENDS = frozenset({"", "/"})
_NO_SERVER = ("localhost", None)
_PROTOCOLS = {
    "1": "HTTP/1.0",  # COMPAT: Granian writes it so
    "1.0": "HTTP/1.0",
    "1.1": "HTTP/1.1",
    "2": "HTTP/2.0",
    "3": "HTTP/3.0",
}


def _make_key(name: bytes) -> str:
    """Return the key for a header.

    A name with an underscore is left out: it could not be told from another header's.
    """
    if b"_" in name:
        return _IGNORED
    text = name.decode("latin-1").upper().replace("-", "_")
    key = text if text in _WITHOUT_PREFIX else f"HTTP_{text}"
    store(_KEYS, name, key, _MAX_KEYS, _MAX_KEY_SIZE)
    return key


_WITHOUT_PREFIX = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})


def _encode_path(scope: Scope) -> str:
    """Return a path's bytes as Latin-1 (PEP 3333, "Unicode issues").

    The scope's ``path`` is decoded already; of bytes that are no UTF-8 only ``raw_path`` knows.
    """
    raw: bytes | None = scope.get("raw_path")
    if raw and "\N{REPLACEMENT CHARACTER}" in scope["path"]:
        return unquote_to_bytes(raw.partition(b"?")[0]).decode("latin-1")
    path: str = scope["path"]
    return path.encode("utf-8", "surrogateescape").decode("latin-1")
