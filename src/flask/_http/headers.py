"""Lists of headers and status lines, as responses keep them and WSGI takes them."""

from __future__ import annotations

import re
import typing as t

from werkzeug.datastructures import EnvironHeaders, Headers
from werkzeug.exceptions import BadRequestKeyError
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.utils import get_content_type

from .._core.bounded_cache import store

_new_headers = Headers.__new__

# A Location that Werkzeug's iri_to_uri returns as it is: a plain path, and perhaps a plain query.
_SIMPLE_LOCATION = re.compile(r"/(?:[\w.~-][\w.~/-]*)?(?:\?[\w.~/=&-]+)?", re.ASCII).fullmatch


STATUS_LINES = {code: f"{code} {name.upper()}" for code, name in HTTP_STATUS_CODES.items()}
"""A status as WSGI wants it, for each code: ``404 NOT FOUND``."""

_CONTENT_TYPES: dict[str, tuple[str, str]] = {}
"""The header for a media type, made once for each."""
_MOST_TYPES, _LARGEST_TYPE = 1000, 1024  # an application may answer with a client's media type


def content_type_of(media_type: str) -> tuple[str, str]:
    """Return the header for a media type; text gets its charset.

    :raises ValueError: there is a line break in it.
    """
    header = _CONTENT_TYPES.get(media_type)
    if header is None:
        # Headers refuse a line break, which would begin a header of its own.
        header = Headers([("Content-Type", get_content_type(media_type, "utf-8"))])._list[0]
        store(_CONTENT_TYPES, media_type, header, _MOST_TYPES, _LARGEST_TYPE)
    return header


def make_headers(pairs: list[tuple[str, str]]) -> Headers:
    """Return headers that keep these very pairs.

    PERF: 0.1 us; Werkzeug's initialiser, which looks at each value, takes 1.3 us.

    :param pairs: names and values, the values without line breaks.
    """
    headers = _new_headers(Headers)
    headers._list = pairs
    return headers


def is_valid_location(location: str) -> bool:
    """Tell whether a ``Location`` may be sent as it is."""
    return _SIMPLE_LOCATION(location) is not None


_LENGTHS = frozenset(map(len, ("content-length", "location", "content-location")))


def make_wsgi_headers(headers: Headers, body: bytes | None) -> list[tuple[str, str]] | None:
    """Return the headers of a response as WSGI wants them; ``None``: Werkzeug shall make them.

    PERF: 0.4 us; Werkzeug's ``get_wsgi_headers`` takes 3 us.

    :param body: its length is added if it is missing; ``None``: it is not.
    """
    if headers.__class__ is not Headers:
        return None  # a dict that somebody put there, or a class with ways of its own
    pairs = list(headers._list)
    is_length_known = False
    for name, value in pairs:
        if len(name) in _LENGTHS:  # PERF: most names are not looked at any further
            name = name.lower()
            if name == "content-length":
                is_length_known = True
            elif name == "location":
                if not _SIMPLE_LOCATION(value):
                    return None
            elif name == "content-location":
                return None
    if not is_length_known and body is not None:
        pairs.append(("Content-Length", str(len(body))))
    return pairs


# What describes a content: RFC 2616 section 7.1, as Werkzeug reads it; "Expires" goes on.
_ENTITY_HEADERS = frozenset(
    {
        *("allow", "content-encoding", "content-language", "content-length", "content-md5"),
        *("content-range", "content-type", "last-modified"),
    }
)


def drop_entity_headers(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return headers without those that describe a content, for a 304, which has none."""
    return [pair for pair in pairs if pair[0].lower() not in _ENTITY_HEADERS]


class FileBody(t.Protocol):
    """What a response needs to know of a file."""

    pairs: list[tuple[str, str]]
    """The headers."""
    kept: list[tuple[str, str]]
    """Those of them that a 304 has; none: to be found out."""

    def open(self, content: bytes) -> t.Iterable[bytes]:
        """Return the file as an iterable."""
        ...


if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_keys: dict[str, str] = {}
"""Where a header stands in an environment, by its name as the application writes it."""
_MOST_KEYS, _LARGEST_KEY = 1000, 1024  # an application may ask for names that a client chooses


def _find_key(name: str) -> str:
    if not isinstance(name, str):
        raise BadRequestKeyError(name)
    key = name.upper().replace("-", "_")
    if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
        key = f"HTTP_{key}"
    store(_keys, name, key, _MOST_KEYS, _LARGEST_KEY)
    return key


class RequestHeaders(EnvironHeaders):
    """The headers of a request.

    PERF: ``headers["X-Name"]`` takes 0.12 us, in Werkzeug's class 0.35 us.

    :param environ: the WSGI environment.
    """

    # COMPAT: it is shown, and pickled, as the class that it stands for.
    __module__ = EnvironHeaders.__module__
    __qualname__ = EnvironHeaders.__qualname__

    def __init__(self, environ: WSGIEnvironment) -> None:
        # PERF: the two attributes of Werkzeug's class, without its three initialisers: 0.2 us.
        self._list = []
        self.environ = environ

    def __getitem__(self, key: str) -> str:  # type: ignore[override]
        name = _keys.get(key) if type(key) is str else None
        if name is None:
            name = _find_key(key)
        return self.environ[name]  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: t.SupportsIndex) -> t.Any:
        return EnvironHeaders, (self.environ,)

    _get_key = __getitem__  # type: ignore[assignment]  # what Werkzeug's other methods look up with


RequestHeaders.__name__ = EnvironHeaders.__name__
