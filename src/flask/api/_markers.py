"""Markers: which part of a request fills an argument of a view.

Each marker is a generic alias of ``Annotated``. A type checker sees ``int`` where a view says
``Query[int]``.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from werkzeug.datastructures import FileStorage, Headers

from ..wrappers import Response
from ._changes import Changes

T = t.TypeVar("T")

Place: t.TypeAlias = t.Literal["path", "query", "header", "cookie", "form"]
"""Where a parameter is in a request."""


@dataclass(frozen=True, slots=True)
class Source:
    """The metadata of a marker.

    :param place: where the value is in the request.
    """

    place: t.Literal["query", "header", "cookie", "form", "body", "patch"]


@dataclass(frozen=True, slots=True)
class Named:
    """The metadata of `named`."""

    name: str


@dataclass(frozen=True, slots=True)
class MediaTypes:
    """The metadata of `media`."""

    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatusCode:
    """The metadata of `status`."""

    code: int


@dataclass(frozen=True, slots=True)
class ReturnsMarker:
    """The metadata of `Returns`."""


Query = t.Annotated[T, Source("query")]
"""A value of the query string. A list takes repetitions; a model spreads its fields.

A dict, or a model inside the model, is JSON text.
"""
Header = t.Annotated[T, Source("header")]
"""A request header. An underscore in the argument's name is a hyphen in the header's name."""
Cookie = t.Annotated[T, Source("cookie")]
"""A cookie."""
Form = t.Annotated[T, Source("form")]
"""A field of a form, urlencoded or multipart. Fields of a model or dict type are JSON text."""
Body = t.Annotated[T, Source("body")]
"""The body: JSON, or the raw body for ``bytes``, ``str`` and ``IO[bytes]``."""
Patch = t.Annotated[Changes[T], Source("patch")]
"""A JSON merge patch (RFC 7396): the fields that the client gave, as `Changes`."""

Upload: t.TypeAlias = FileStorage
"""An uploaded file as a field of a form's model, also as ``list[Upload]``."""
File = t.Annotated[FileStorage, Source("form")]
"""An uploaded file, also as ``File | None`` and ``list[File]``."""

_ResponseHeaders: t.TypeAlias = (
    Headers | t.Mapping[str, str | list[str]] | t.Sequence[tuple[str, str]]
)
Returns = (
    t.Annotated[T, ReturnsMarker()]
    | tuple[T, int]
    | tuple[T, _ResponseHeaders]
    | tuple[T, int, _ResponseHeaders]
    | Response
)
"""A value that is serialized as ``T``, alone or with status and headers, or a response."""


def named(name: str) -> Named:
    """Name a parameter as the client does: ``Annotated[Query[int], named("page-size")]``.

    :param name: the name in the query string, the form, the headers or the cookies.
    """
    return Named(name)


def media(*types: str) -> MediaTypes:
    """Declare the media types of a body: ``Annotated[Body[bytes], media("image/png")]``.

    Those of a file are declared in the same way: ``Annotated[File, media("image/*")]``. On a
    return annotation the first one is the content type of the response, unless the view sets the
    header to another one.

    :param types: media types such as ``"image/png"`` or ``"image/*"``.
    :raises TypeError: no media type is given.
    :raises ValueError: one of them has no slash.
    """
    if not types:
        raise TypeError("media() takes at least one media type, such as media('image/png').")
    for media_type in types:
        if media_type.count("/") != 1:
            raise ValueError(f"{media_type!r} is not a media type. One looks like 'image/png'.")
    return MediaTypes(tuple(media_type.lower() for media_type in types))


def status(code: int) -> StatusCode:
    """Declare the status of one answer of several: ``Annotated[A, status(200)]``.

    :param code: the status, 100 to 599.
    :raises ValueError: it is not a status.
    """
    if not 100 <= code <= 599:
        raise ValueError(f"{code!r} is not an HTTP status. It is a number from 100 to 599.")
    return StatusCode(code)
