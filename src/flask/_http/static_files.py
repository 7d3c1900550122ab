"""Send a file, as ``werkzeug.utils.send_file`` does with default arguments.

Werkzeug creates the headers of a file once. They are cached with the file's size and time. Werkzeug
handles ranges, missing files, and conditions unless the client repeats the exact value.
"""

from __future__ import annotations

import mimetypes
import os
import typing as t
from collections.abc import Callable, Mapping
from functools import lru_cache
from io import BytesIO
from stat import S_ISREG
from time import time

import werkzeug.utils
from werkzeug.http import http_date
from werkzeug.security import safe_join
from werkzeug.wrappers import Response as BaseResponse
from werkzeug.wsgi import FileWrapper, wrap_file

from .._core.bounded_cache import store
from .body_kind import GIVEN, BodyKind, Pairs
from .headers import drop_entity_headers, make_headers
from .response import Response

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MaxAge: t.TypeAlias = int | Callable[[str | None], int | None] | None

_LARGEST: t.Final = 8 * 1024
"""Larger files are read while they are sent. It is the size of Werkzeug's chunks."""
_MOST_KNOWN: t.Final = 1000
_LONGEST_PATH: t.Final = 2048
"""Bytes of a cached path, with its headers. A client may have chosen the path."""
LONGEST_NAME: t.Final = 200

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_METHODS = frozenset({"GET", "HEAD"})
_STEPS = (
    "cache_control",
    "content_length",
    "expires",
    "last_modified",
    "make_conditional",
    "set_etag",
    "status_code",
)
"""Members of a response that Werkzeug uses here, besides those of `Response._is_unmodified`."""

_new_object = object.__new__


class _FileApp(t.Protocol):
    """The application that sends a file."""

    @property
    def config(self) -> Mapping[str, object]: ...
    @property
    def response_class(self) -> type[BaseResponse]: ...

    def get_send_file_max_age(self, filename: str | None) -> int | None: ...


class _CachedFile:
    """The headers of a file; valid until its size, its time or its type changes."""

    __slots__ = (
        *(
            "cache_at",
            "date_at",
            "etag",
            "extension",
            "pairs_of_304",
            "last_modified",
            "media_type",
        ),
        *("modified", "pairs", "second", "size"),
    )

    size: int
    modified: float
    extension: str
    media_type: str | None
    pairs: list[tuple[str, str]]
    """The headers without a ``max-age``."""
    pairs_of_304: list[tuple[str, str]]
    """The headers of a 304."""
    second: int
    """The time of their ``Date`` header."""
    cache_at: int
    """Index of ``Cache-Control`` in `pairs`."""
    date_at: int
    """Index of ``Date`` in `pairs`."""
    last_modified: str
    etag: str


_cached_files: dict[str, _CachedFile] = {}


def make_file_response(
    app: _FileApp, environ: WSGIEnvironment, path: str, max_age: MaxAge
) -> Response | None:
    """Create the response with a file; ``None`` if Werkzeug must do it.

    PERF: 5 us, including the sending; Werkzeug takes 90 us.

    :param app: the application.
    :param environ: the WSGI environment of the request.
    :param path: the whole path of the file.
    :param max_age: seconds that caches may keep it, or a function that returns them for the path;
        ``None``: the application's default.
    """
    # PERF: not split, because each further call takes 400 instructions.
    kind = app.response_class
    if (
        environ["REQUEST_METHOD"] not in _METHODS
        or "HTTP_RANGE" in environ
        or "HTTP_IF_MATCH" in environ
        or not (_unmodified_kinds.get(kind) or _is_unmodified(kind))
        or app.config["USE_X_SENDFILE"]
    ):
        return None
    is_conditional = "HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MODIFIED_SINCE" in environ
    content: bytes | None
    file: t.IO[bytes] | None = None
    try:
        if is_conditional:
            facts = os.stat(path)  # PERF: the file is not read: 1 us less
            if not S_ISREG(facts.st_mode):
                return None
            content = b""
        else:
            content, file, facts = _open(path, -1 if "wsgi.file_wrapper" in environ else _LARGEST)
        known = _cached_files.get(path)
        if (
            known is None
            or known.modified != facts.st_mtime
            or known.size != facts.st_size
            or known.media_type != mimetypes.types_map.get(known.extension)
        ):
            known = _read_headers(path, facts)
        if is_conditional:
            # The client sends the current entity tag, or the current time.
            tag = environ.get("HTTP_IF_NONE_MATCH")
            if tag is None:
                if environ["HTTP_IF_MODIFIED_SINCE"] != known.last_modified:
                    return None
            elif tag != known.etag:
                return None
    except (OSError, ValueError):
        if file is not None:
            file.close()
        return None

    if not known.second <= time() < known.second + 1:
        second = int(time())
        pairs = known.pairs.copy()  # earlier responses refer to the other list
        pairs[known.date_at] = ("Date", http_date(second))
        known.pairs = pairs
        known.pairs_of_304 = drop_entity_headers(pairs)
        known.second = second  # last, because other threads read it first
    pairs = known.pairs
    if max_age is None:
        max_age = app.get_send_file_max_age(path)
    elif callable(max_age):
        max_age = max_age(path)
    if max_age is not None:
        pairs = _set_max_age(pairs, known.cache_at, max_age)

    response: Response = _new_object(kind)  # type: ignore[assignment]
    response._body = response._headers = response._more_headers = None
    response._kind = GIVEN
    if file is not None:
        response._iterable = _wrap(environ, file, facts.st_size)
        response._callbacks = []
        response._headers = make_headers(pairs.copy())
    else:
        response._body = content
        response._content_type = None
        response._kind = kind_of_body = _FileBody()
        kind_of_body.environ = environ
        kind_of_body.path = path
        kind_of_body.facts = facts
        kind_of_body.pairs = pairs
        kind_of_body.pairs_of_304 = (
            known.pairs_of_304.copy() if is_conditional and max_age is None else []
        )
    response.direct_passthrough = True
    response._status_code = 304 if is_conditional else 200
    response._status = "304 NOT MODIFIED" if is_conditional else "200 OK"
    return response


def _is_unmodified(kind: type) -> bool:
    """Return whether a class of responses sends files as `Response` does."""
    is_unmodified = (
        issubclass(kind, Response)
        and kind._is_unmodified
        and all(getattr(kind, name) is getattr(Response, name) for name in _STEPS)
    )
    store(_unmodified_kinds, kind, is_unmodified, _MOST_KINDS)
    return is_unmodified


_unmodified_kinds: dict[type, bool] = {}
"""Whether a class of responses sends files as `Response` does."""
_MOST_KINDS = 256


def _open(path: str, largest: int) -> tuple[bytes | None, t.IO[bytes] | None, os.stat_result]:
    """Return the content of a small file, or an open larger file, and the ``stat`` result.

    The result describes the opened file, even if another file has the path now.

    :param path: the path of the file.
    :param largest: maximum bytes of a small file.
    :raises OSError: there is no such file, or Werkzeug must handle it.
    """
    number = os.open(path, _FLAGS)
    try:
        facts = os.fstat(number)
        size = facts.st_size
        if not S_ISREG(facts.st_mode):
            raise OSError("it is not a regular file")
        if size > largest:
            opened, number = number, -1
            return None, open(path, "rb", opener=lambda *_: opened), facts  # with the name
        content = os.read(number, size + 1)
    finally:
        if number >= 0:
            os.close(number)
    if len(content) != size:
        raise OSError("it changed while it was read")
    return content, None, facts


def _read_headers(path: str, facts: os.stat_result) -> _CachedFile:
    """Let Werkzeug create the headers of a file, and cache them.

    :param path: the path of the file.
    :param facts: the ``stat`` result of the file that the headers must describe.
    :raises OSError: the file was deleted, or another file has its path now.
    """
    extension = os.path.splitext(path)[1]
    media_type = mimetypes.types_map.get(extension)  # before Werkzeug uses it
    response = werkzeug.utils.send_file(path, {"REQUEST_METHOD": "GET"}, _root_path="")
    response.close()
    pairs = response.headers.to_wsgi_list()
    names = [name for name, _ in pairs]
    known = _CachedFile()
    known.size = facts.st_size
    known.modified = facts.st_mtime
    known.extension = extension
    known.media_type = media_type
    known.pairs = pairs
    known.pairs_of_304 = []
    known.second = 0
    known.cache_at = names.index("Cache-Control")
    known.date_at = names.index("Date")
    known.last_modified = response.headers["Last-Modified"]
    known.etag = response.headers["ETag"]
    # Werkzeug calls stat again. Its entity tag contains the time and size that it found.
    if not known.etag.startswith(f'"{facts.st_mtime}-{facts.st_size}-'):
        raise OSError("it was replaced")
    store(_cached_files, path, known, _MOST_KNOWN, _LONGEST_PATH)
    return known


def _set_max_age(pairs: Pairs, place: int, seconds: int) -> Pairs:
    """Return a copy of headers, with how long caches may keep the file."""
    value = f"public, max-age={seconds}" if seconds > 0 else f"no-cache, max-age={seconds}"
    expires = http_date(int(time() + seconds))
    return [*pairs[:place], ("Cache-Control", value), ("Expires", expires), *pairs[place + 1 :]]


class _FileBody(BodyKind):
    """The content of a small file, with the headers of the file.

    For a 304 the file was not read, so the body is empty.
    """

    __slots__ = ("environ", "facts", "pairs", "pairs_of_304", "path")

    environ: WSGIEnvironment
    path: str
    facts: os.stat_result
    pairs: Pairs
    """The headers."""
    pairs_of_304: Pairs
    """The headers of a 304; empty if they are not computed yet."""

    is_readable = False
    may_be_empty = False

    def make_headers(self, body: bytes, content_type: tuple[str, str] | None) -> Pairs:
        """Return the headers of the file."""
        return self.pairs.copy()

    def make_headers_of_304(self, body: bytes, content_type: tuple[str, str] | None) -> Pairs:
        """Return the headers of the file for a 304."""
        return self.pairs_of_304 or drop_entity_headers(self.pairs)

    def make_iterable(self, body: bytes) -> t.Iterable[bytes]:
        """Return the file as Werkzeug passes it to the server.

        The body is used if the file was changed or deleted.
        """
        facts = self.facts
        try:
            _, file, now = _open(self.path, -1)
        except OSError:
            return _wrap(self.environ, BytesIO(body), facts.st_size)
        was = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
        if file is not None and (now.st_ino, now.st_size, now.st_mtime_ns) != was:
            file.close()
            file = None
        return _wrap(self.environ, file or BytesIO(body), facts.st_size)


def _wrap(environ: WSGIEnvironment, file: t.IO[bytes], size: int) -> t.Iterable[bytes]:
    """Return a file as an iterable of ``size`` bytes; the server's file wrapper is preferred."""
    if "wsgi.file_wrapper" in environ:
        return wrap_file(environ, file)
    return _SizedFile(file, size)


def limit_to_content_length(response: BaseResponse) -> BaseResponse:
    """Make a response send no more bytes of a file than ``Content-Length``.

    A file that becomes too short is an error.

    :param response: from Werkzeug's ``send_file``; it is changed in place.
    """
    body = response.response
    length = response.content_length
    if type(body) is FileWrapper and response.status_code == 200 and length is not None:
        response.response = _SizedFile(body.file, length)
    return response


class _SizedFile(FileWrapper):
    """A file of which exactly the announced number of bytes is sent.

    If the file grows in the meantime, the rest is not sent. If it shrinks, an error makes the
    server close the connection. Otherwise the client would read the next response as the rest of
    this one.

    :param file: it is closed after sending.
    :param size: the number of bytes to send.
    """

    def __init__(self, file: t.IO[bytes], size: int) -> None:
        super().__init__(file)
        self._size = self._left = size

    def seek(self, *args: int) -> None:
        """Continue at another position, for a range."""
        super().seek(*args)
        self._left = self._size - (self.tell() or 0)

    def __next__(self) -> bytes:
        left = self._left
        data: bytes = self.file.read(min(self.buffer_size, left)) if left > 0 else b""
        if data:
            self._left -= len(data)
            return data
        if left > 0:
            raise RuntimeError(
                f"{getattr(self.file, 'name', 'A file')} became shorter while it was sent:"
                f" {left} of {self._size} bytes are missing. Replace files by renaming."
            )
        raise StopIteration


def join_below(root: str, folder: str, name: str) -> str | None:
    """Return the path of a name below a folder; ``None`` if it leads out.

    :param root: the base of a relative folder.
    :param folder: a trusted folder.
    :param name: the name from the client.
    """
    path = safe_join(folder, name)
    return None if path is None else os.path.join(root, path)


join_below_cached: Callable[[str, str, str], str | None] = lru_cache(maxsize=1000)(join_below)
"""`join_below` with a cache, for a folder and a name that are no longer than `LONGEST_NAME`.

PERF: 0.1 us; joining takes 2 us.
"""
