"""Read what nearly every request sends: a query string, a body of known length, JSON.

Each function answers only for the plain case, with what Werkzeug and the standard library would
say, and tells by `NOT_PLAIN` where they must be asked: for malformed input above all.
"""

from __future__ import annotations

import typing as t
from binascii import a2b_qp
from collections.abc import Callable
from json import JSONDecoder

from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import BadRequestKeyError, ClientDisconnected, RequestEntityTooLarge
from werkzeug.wsgi import LimitedStream

NOT_PLAIN: t.Final = object()
"""Ask the library."""

LONGEST_BODY: t.Final = 999_999
"""Longer bodies are not read in one piece, unless somebody asks for it."""

_MOST_DIGITS = 12

_scan: t.Any = JSONDecoder().scan_once  # type: ignore[attr-defined]


class Parameters(ImmutableMultiDict[str, str]):
    """What was read of a query or a form.

    PERF: ``form["name"]`` takes 0.05 us, in Werkzeug's class 0.18 us.
    """

    # COMPAT: it is shown, and pickled, as the class that it stands for.
    __module__ = ImmutableMultiDict.__module__
    __qualname__ = ImmutableMultiDict.__qualname__

    def __getitem__(self, key: str) -> str:
        try:
            return _get_list(self, key)[0]
        except LookupError:
            pass
        raise BadRequestKeyError(key)

    def __reduce_ex__(self, protocol: t.SupportsIndex) -> t.Any:
        return ImmutableMultiDict, (list(self.items(multi=True)),)


Parameters.__name__ = ImmutableMultiDict.__name__

_get_list: Callable[[t.Any, str], list[str]] = dict.__getitem__  # a MultiDict is a dict of lists
_put_lists: t.Any = dict.update
_new_parameters: t.Any = Parameters.__new__


def parse_query(query: str) -> t.Any:
    """Return the parameters of a query string, as an `ImmutableMultiDict`.

    The rules are those of HTML forms (https://url.spec.whatwg.org/#urlencoded-parsing); bytes that
    are no UTF-8 stay percent-encoded, which is left to Werkzeug.

    PERF: 1.6 us for five parameters, some of them percent-encoded; ``parse_qsl`` and the class's
    own initialiser take 9 us.

    :param query: as WSGI gives it.
    """
    if not query.isascii():
        return NOT_PLAIN
    parameters: Parameters = _new_parameters(Parameters)
    if not query:
        return parameters
    if "%" in query:
        text = _decode(query)
        if text is None:
            return NOT_PLAIN
        pairs = text.split(_BETWEEN)
        sign = _SIGN
    else:
        pairs = query.replace("+", " ").split("&")
        sign = "="
    lists: dict[str, list[str]] = {}
    try:
        for pair in pairs:
            name, value = pair.split(sign)
            lists[name] = [value]
    except ValueError:
        lists = _collect(pairs, sign)
    else:
        if len(lists) < len(pairs):
            lists = _collect(pairs, sign)
    _put_lists(parameters, lists)
    return parameters


def _collect(pairs: list[str], sign: str) -> dict[str, list[str]]:
    """Collect values by name where one has several, or a pair is not just a pair."""
    lists: dict[str, list[str]] = {}
    for pair in pairs:
        if pair:
            name, _, value = pair.partition(sign)
            lists.setdefault(name, []).append(value.replace(sign, "="))
    return lists


_BETWEEN, _SIGN = "\x1e", "\x1f"
"""Stand for the query's own ``&`` and ``=`` once it is decoded."""

# What may not stand in a query becomes a byte that may not stand in UTF-8.
_IN_QUOTED_PRINTABLE = bytes.maketrans(b"+&=%\r\n\x1e\x1f", b" \x1e\x1f=\xff\xff\xff\xff")


def _decode(query: str) -> str | None:
    """Decode a whole query, with `_BETWEEN` and `_SIGN` for its ``&`` and ``=``.

    PERF: quoted-printable is percent-encoding with another sign, and is decoded in C: 0.4 us,
    where each piece would take 0.3 us. Where the two could differ, the answer is ``None``.

    :param query: ASCII.
    """
    if "%1" in query or query[-1] == "%":
        return None  # perhaps a sign for which another one stands here; an escape without an end
    try:
        text = a2b_qp(query.encode().translate(_IN_QUOTED_PRINTABLE)).decode()
    except UnicodeDecodeError:
        return None
    # What is no escape stays as it is, with the sign of quoted-printable.
    if "=" in text and (
        "%%" in query or text.count("=") != query.count("%3D") + query.count("%3d")
    ):
        return None
    return text


def read_body(environ: dict[str, t.Any], limit: int | None, longest: int = LONGEST_BODY) -> t.Any:
    """Read the whole body, if its length is known and moderate.

    Nothing has been read where the answer is `NOT_PLAIN`.

    PERF: 0.4 us; through Werkzeug's limited stream it takes 4 us.

    :param environ: the WSGI environment.
    :param limit: largest body that is allowed, in bytes; ``None`` is no limit.
    :param longest: largest one that is read in one piece.
    :raises werkzeug.exceptions.ClientDisconnected: the body ends before its length.
    """
    text: str | None = environ.get("CONTENT_LENGTH")
    if (
        not text
        or not text.isdecimal()
        or not text.isascii()
        or len(text) > _MOST_DIGITS
        or "wsgi.input_terminated" in environ
        or "HTTP_TRANSFER_ENCODING" in environ
    ):
        return NOT_PLAIN
    length = int(text)
    if length > longest or (limit is not None and length > limit):
        return NOT_PLAIN
    read = environ["wsgi.input"].read
    try:
        body: bytes = read(length)
        while len(body) < length:  # a server may give less than it is asked for
            more = read(length - len(body))
            if not more:
                raise ClientDisconnected()
            body += more
    except (OSError, ValueError) as error:
        raise ClientDisconnected() from error
    return body


def loads(data: str | bytes) -> t.Any:
    """Return the object that a JSON text stands for.

    PERF: 0.4 us for a small object; ``json.loads`` of bytes takes 1.4 us.

    :param data: UTF-8, in the plain case.
    """
    if isinstance(data, bytes):
        # In UTF-16 and UTF-32 one of the first two bytes is zero (RFC 4627 section 3).
        if len(data) < 2 or data[0] not in _STARTS or not data[1]:
            return NOT_PLAIN
        try:
            data = data.decode()
        except UnicodeDecodeError:
            return NOT_PLAIN
    elif type(data) is not str:
        return NOT_PLAIN
    try:
        value, end = _scan(data, 0)
    except (StopIteration, ValueError, RecursionError):
        return NOT_PLAIN
    return value if end == len(data) else NOT_PLAIN


_STARTS = frozenset(b'{["')


class StrictlyLimitedStream(LimitedStream):
    """A body of unknown length, read up to a limit.

    With Werkzeug's stream, a view that reads a larger body as a whole silently gets only its first
    bytes. A view that reads a body of exactly the limit in chunks gets a 413.

    :param stream: the body, which ends by itself.
    :param limit: maximum number of bytes that are read.
    """

    def __init__(self, stream: t.IO[bytes], limit: int) -> None:
        super().__init__(stream, limit, is_max=True)
        self._is_too_large = False

    def on_exhausted(self) -> None:
        """Check whether the body ends at the limit.

        :raises werkzeug.exceptions.RequestEntityTooLarge: the body goes on (413).
        """
        if self._is_too_large or self._stream.read(1):
            self._is_too_large = True
            raise RequestEntityTooLarge()

    def readall(self) -> bytes:
        """Read to the end.

        :raises werkzeug.exceptions.RequestEntityTooLarge: the end is beyond the limit (413).
        """
        body = super().readall()
        if self.is_exhausted:
            self.on_exhausted()
        return body
