"""Creates a WSGI environment from an ASGI scope.

The environment is the one that a WSGI server would create for the same request (PEP 3333). A key is
missing if the scope has no value for it.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Coroutine
from urllib.parse import unquote_to_bytes

from .._core.bounded_cache import store
from .._core.current import _app_variable, _cv_request
from .._http.environ_scope import EXTRAS

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Scope: t.TypeAlias = t.MutableMapping[str, t.Any]
"""What an ASGI server says about a connection."""

Result = t.TypeVar("Result")

_VERSION = (1, 0)

_IGNORED = "asgi.headers_left_out"
"""The value in `_KEYS` for headers that the application does not read."""

_KEYS: dict[bytes, str] = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}
"""A cache: names of headers to keys of the environment."""

_MAX_KEYS, _MAX_KEY_SIZE = 1000, 400  # clients choose the names


class ScopeError(ValueError):
    """A scope or a message of the ASGI server does not follow the ASGI specification."""


async def without_contexts(serving: Coroutine[object, None, Result]) -> Result:
    """Serve a connection without the contexts that are current where it starts.

    Servers call the application in a copy of the context of the import. All connections would share
    a context that was pushed at import.

    :param serving: serves the connection.
    :returns: its result.
    """
    app_token = _app_variable.set(None)
    request_token = _cv_request.set(None)
    try:
        return await serving
    finally:
        _cv_request.reset(request_token)
        _app_variable.reset(app_token)


def make_environ(scope: Scope, body: object) -> WSGIEnvironment:
    """Create the WSGI environment of a request.

    :param scope: the scope of an ``http`` or ``websocket`` connection.
    :param body: the ``wsgi.input``.
    :returns: the environment.
    :raises ScopeError: the scope lacks a key, or a value has the wrong type.
    """
    # PERF: one literal and no calls: 0.8 us. To copy constants and add the rest takes 1.2 us.
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
        environ["wsgi.input_terminated"] = True  # chunked, or HTTP/2: the protocol marks the end
    elif "HTTP_TRANSFER_ENCODING" in environ:  # it overrides a length (RFC 9112 section 6.3)
        del environ["CONTENT_LENGTH"]
        environ["wsgi.input_terminated"] = True
    if EXTRAS in scope:
        environ.update(scope[EXTRAS])
    return environ


_DEFAULTS: Scope = {
    "client": None,
    "http_version": "1.1",
    "method": "GET",  # the handshake of a WebSocket is a GET request
    "query_string": b"",
    "root_path": "",
    "scheme": "http",
    "server": None,
}
"""The optional keys of a scope (ASGI specification, "HTTP & WebSocket")."""


def _malformed(scope: Scope, error: Exception) -> ScopeError:
    return ScopeError(
        f"The server's ASGI scope is malformed: {type(error).__name__}: {error}."
        f" It has {sorted(map(str, scope))}; see the ASGI specification, 'HTTP & WebSocket'."
    )


def _split_root(root: str, path: str) -> tuple[str, str]:
    """Return root and path as in WSGI.

    The path of a scope includes the root (ASGI 2.1 and newer), or is below it (older servers).
    """
    root = root.rstrip("/").encode().decode("latin-1")
    if path.startswith(root) and path[len(root) : len(root) + 1] in _ENDS:
        path = path[len(root) :]
    return root, path


_ENDS = frozenset({"", "/"})
_NO_SERVER = ("localhost", None)
_PROTOCOLS = {
    "1": "HTTP/1.0",  # COMPAT: Granian
    "1.0": "HTTP/1.0",
    "1.1": "HTTP/1.1",
    "2": "HTTP/2.0",
    "3": "HTTP/3.0",
}


def _make_key(name: bytes) -> str:
    """Return the key for a header.

    A name with an underscore is ignored, because it would have the key of another header.
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

    The ``path`` of the scope is decoded. Only ``raw_path`` has the bytes that are not UTF-8.
    """
    raw: bytes | None = scope.get("raw_path")
    if raw and "\N{REPLACEMENT CHARACTER}" in scope["path"]:
        return unquote_to_bytes(raw.partition(b"?")[0]).decode("latin-1")
    path: str = scope["path"]
    return path.encode("utf-8", "surrogateescape").decode("latin-1")
