"""Parse and write cookies (RFC 6265) in the common case, with the same results as Werkzeug.

Each function handles only the common case. The caller uses Werkzeug for all others.
"""

from __future__ import annotations

import re
import time
import typing as t
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.http import http_date, parse_cookie

from .query import NEEDS_LIBRARY, NeedsLibrary

_SIMPLE_NAME = re.compile(r"[\w.-]+", re.ASCII).fullmatch
_SIMPLE_PATH = re.compile(r"[\w./~-]*", re.ASCII).fullmatch
_SIMPLE_VALUE = re.compile(r"[\w!#$%&'()*+\-./:<=>?@\[\]^`{|}~]*", re.ASCII).fullmatch
"""Values that need no quotes by RFC 6265 section 4.1.1, and that Werkzeug does not quote."""

_SAME_SITE = {
    None: "",
    "Lax": "; SameSite=Lax",
    "Strict": "; SameSite=Strict",
    "None": "; SameSite=None",
}


def parse_cookies(header: str) -> ImmutableMultiDict[str, str] | NeedsLibrary:
    """Return the cookies of a request, or `NEEDS_LIBRARY`.

    PERF: 1 us for two cookies; Werkzeug's function takes 4 us.

    :param header: the ``Cookie`` header from the WSGI environment.
    """
    if not header:
        return _new_dict(ImmutableMultiDict)
    if not header.isascii() or '"' in header or "\t" in header:
        return NEEDS_LIBRARY
    if _KEEPS_SPACES and not _is_unambiguous(header):
        return NEEDS_LIBRARY
    values: dict[str, list[str]] = {}
    # PERF: browsers write one space after each semicolon, and no others.
    is_usual = header.count("; ") == header.count(" ") == header.count(";")
    for pair in header.split("; " if is_usual else ";"):
        name, _, value = pair.partition("=")
        if not is_usual:
            name = name.strip(" ")
            value = value.strip(" ")
            if " " in name or " " in value:
                continue
        if not name:
            continue
        if name in values:
            values[name].append(value)
        else:
            values[name] = [value]
    cookies = _new_dict(ImmutableMultiDict)
    # A MultiDict is a dict of lists; its initializer would copy each list again.
    dict.update(cookies, values)
    return cookies


_new_dict: Callable[[type[ImmutableMultiDict[str, str]]], ImmutableMultiDict[str, str]]
_new_dict = ImmutableMultiDict.__new__


_KEEPS_SPACES: t.Final = bool(parse_cookie("a b=c"))
"""Whether Werkzeug accepts names and values with spaces, as older releases do."""

_is_unambiguous = re.compile(r"(?:[!-~]|(?<=;) )*").fullmatch
"""Matches a header that all releases of Werkzeug parse in the same way."""


def dump_cookie(
    name: str,
    value: str,
    max_age: timedelta | int | None,
    expires: str | datetime | int | float | None,
    path: str | None,
    secure: bool,
    httponly: bool,
    samesite: str | None,
    partitioned: bool,
) -> str | None:
    """Return a ``Set-Cookie`` header; ``None`` if Werkzeug must write it.

    PERF: 0.8 us; Werkzeug's function takes 4.5 us. The attributes have the same order.

    :param max_age: seconds.
    :param expires: a ``datetime`` with a time zone, or ``None``.
    :param path: the attribute ``Path``; ``None`` sends none.
    """
    if type(value) is not str or not _SIMPLE_VALUE(value) or not _SIMPLE_NAME(name):
        return None
    end = None
    if expires is not None:
        if type(expires) is not datetime or expires.tzinfo is None:
            return None
        end = int(expires.timestamp() // 1)
    if max_age is not None:
        if type(max_age) is not int or not _SHORTEST_AGE < max_age < _LONGEST_AGE:
            return None
        if end is None:
            end = int(time.time() + max_age)
    # `_attributes` is cached, and a client may have chosen the path: it must not be long.
    if not (
        (path is None or (type(path) is str and len(path) < _LONGEST_PATH))
        and (samesite is None or (type(samesite) is str and samesite in _SAME_SITE))
    ):
        return None
    attributes = _attributes(
        end, max_age, bool(secure or partitioned), bool(httponly), path, samesite, bool(partitioned)
    )
    return None if attributes is None else f"{name}={value}{attributes}"


@lru_cache(maxsize=256)
def _attributes(
    end: int | None,
    max_age: int | None,
    secure: bool,
    httponly: bool,
    path: str | None,
    samesite: str | None,
    partitioned: bool,
) -> str | None:
    """Return the attributes of a cookie; ``None`` if Werkzeug must write them.

    PERF: within a second many cookies have the same attributes.
    """
    if not (path is None or _SIMPLE_PATH(path)):
        return None
    text = ""
    if end is not None:
        text += f"; Expires={http_date(end)}"
    if max_age is not None:
        text += f"; Max-Age={max_age}"
    if secure:
        text += "; Secure"
    if httponly:
        text += "; HttpOnly"
    if path is not None:
        text += f"; Path={path}"
    return f"{text}{_SAME_SITE[samesite]}{'; Partitioned' if partitioned else ''}"


_LONGEST_PATH = 200
_LONGEST_AGE = 34 * 365 * 24 * 3600  # seconds; far from the last date that can be written
_SHORTEST_AGE = -_LONGEST_AGE  # PERF: from 2**30 on, comparing takes longer
