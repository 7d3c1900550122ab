"""Parse forms in the common case.

Werkzeug parses the form if the request's class overrides a step, or if the body is unusual.
"""

from __future__ import annotations

import re
import typing as t
from io import BytesIO
from tempfile import SpooledTemporaryFile

from werkzeug.datastructures import FileStorage, ImmutableMultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from .body import read_body
from .query import NEEDS_LIBRARY, NeedsLibrary, parse_query

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Texts: t.TypeAlias = ImmutableMultiDict[str, str]
Files: t.TypeAlias = ImmutableMultiDict[str, FileStorage]

URLENCODED: t.Final = "application/x-www-form-urlencoded"

_URLENCODED_TYPES: t.Final = frozenset(
    {URLENCODED, f"{URLENCODED}; charset=UTF-8", f"{URLENCODED}; charset=utf-8"}
)
"""The header as browsers and their scripts write it. The charset is always UTF-8."""

_multipart_type = re.compile(r"multipart/form-data; ?boundary=([\w'+.-]{1,70})", re.ASCII)

_LONGEST_KEPT: t.Final = 200
"""Characters of the longest content type whose boundary may stay in the cache of ``re``."""

FORM_STEPS: t.Final = (
    "_get_file_stream",
    "_get_stream_for_parsing",
    "_load_form_data",
    "content_length",
    "get_data",
    "make_form_data_parser",
    "mimetype",
    "mimetype_params",
    "stream",
    "want_form_data_parsed",
)
"""Members of a request that decide how a form is parsed. An override of one disables this
module."""


class FormRequest(t.Protocol):
    """The attributes of a request that parsing its form needs."""

    _environ: WSGIEnvironment
    _is_body_taken: bool
    _is_body_read: bool
    _is_form_parsed: bool
    _has_fields_only: bool
    shallow: bool

    @property
    def parameter_storage_class(self) -> type: ...
    @property
    def form_data_parser_class(self) -> type: ...
    @property
    def stream(self) -> t.IO[bytes]: ...
    @property
    def content_length(self) -> int | None: ...
    @property
    def max_content_length(self) -> int | None: ...
    @property
    def max_form_memory_size(self) -> int | None: ...
    @property
    def max_form_parts(self) -> int | None: ...
    @property
    def max_file_memory_size(self) -> int | None: ...


def load_form(request: FormRequest) -> bool:
    """Set ``form`` and ``files`` of a request; return ``False`` if Werkzeug must do it.

    :raises werkzeug.exceptions.RequestEntityTooLarge: a limit is exceeded (413).
    :raises werkzeug.exceptions.ClientDisconnected: the body ends before its length (400).
    """
    if (
        request.parameter_storage_class is not ImmutableMultiDict
        or request.form_data_parser_class is not FormDataParser
    ):
        return False
    content_type: str = request._environ.get("CONTENT_TYPE", "")
    if content_type not in _URLENCODED_TYPES:
        multipart = _multipart_type.fullmatch(content_type)
        return multipart is not None and _load_multipart(request, multipart[1])
    form = read_fields(request)
    if form is NEEDS_LIBRARY:
        return False
    vars(request).update(form=form, files=ImmutableMultiDict())
    return True


def read_fields(request: FormRequest) -> Texts | NeedsLibrary:
    """Return the fields of a request with an urlencoded form.

    `NEEDS_LIBRARY` if the form has another type, or if Werkzeug must parse it.

    :raises werkzeug.exceptions.ClientDisconnected: the body ends before its length (400).
    """
    environ = request._environ
    if (
        environ.get("CONTENT_TYPE") not in _URLENCODED_TYPES
        or request.parameter_storage_class is not ImmutableMultiDict
        or request.form_data_parser_class is not FormDataParser
        or request._is_form_parsed
        or request.shallow
        or (_FIELDS_ARE_LIMITED and not _fits(request))
    ):
        return NEEDS_LIBRARY
    body: bytes | NeedsLibrary
    if request._is_body_taken:
        body = getattr(request, "_cached_data", NEEDS_LIBRARY)
    else:
        body = read_body(environ, request.max_content_length)
    if body is NEEDS_LIBRARY:
        return NEEDS_LIBRARY
    request._is_body_taken = request._is_body_read = True
    form = parse_query(body.decode("ascii")) if body.isascii() else NEEDS_LIBRARY
    if form is NEEDS_LIBRARY:
        vars(request)["stream"] = BytesIO(body)
    else:
        request._has_fields_only = True
    return form


def _limits_fields() -> bool:
    """Return whether Werkzeug limits urlencoded forms too, as releases before 3.1.9 do."""
    parser = FormDataParser(max_form_memory_size=0, silent=False)
    try:
        parser.parse(BytesIO(), URLENCODED, 1)
    except RequestEntityTooLarge:
        return True
    return False


_FIELDS_ARE_LIMITED: t.Final = _limits_fields()


def _fits(request: FormRequest) -> bool:
    limit, length = request.max_form_memory_size, request.content_length
    return limit is None or length is None or length <= limit


def _take_body(request: FormRequest, longest: int) -> bytes | NeedsLibrary:
    """Return the whole body if it was read or can be read in one piece, else `NEEDS_LIBRARY`."""
    if request._is_body_taken:
        cached: bytes | NeedsLibrary = getattr(request, "_cached_data", NEEDS_LIBRARY)
        return cached
    body = read_body(request._environ, request.max_content_length, longest)
    if body is not NEEDS_LIBRARY:
        request._is_body_taken = request._is_body_read = True
    return body


def _load_multipart(request: FormRequest, boundary: str) -> bool:
    # 3 ms, which most applications do not need.
    from .multipart import Form, Limits, parse_stream, parse_whole

    limits = Limits(request.max_form_memory_size, request.max_form_parts)
    memory_size = request.max_file_memory_size or 0
    body = _take_body(request, memory_size)
    form: Form | NeedsLibrary
    if body is NEEDS_LIBRARY:
        try:
            form = parse_stream(request.stream.read, boundary, limits)
        except ValueError:
            form = Form()  # as in Werkzeug, a malformed form is empty
    else:
        form = NEEDS_LIBRARY
        if len(body) <= memory_size:
            form = parse_whole(body, boundary, limits, memory_size)
        if form is NEEDS_LIBRARY:
            vars(request)["stream"] = BytesIO(body)
            return False
    vars(request).update(form=ImmutableMultiDict(form.fields), files=ImmutableMultiDict(form.files))
    return True


def forget_long_boundary(content_type: str) -> None:
    """Empty the cache of ``re`` if Werkzeug's parser added a large pattern to it.

    Werkzeug compiles each boundary. The cache has 512 entries, each of 20 times the boundary's
    bytes. Real boundaries are not that long: the maximum is 70 characters (RFC 2046 section 5.1.1).

    :param content_type: the header of the request.
    """
    if len(content_type) > _LONGEST_KEPT and "boundary" in content_type.lower():
        re.purge()


def make_file(memory_size: int) -> t.IO[bytes]:
    """Create an empty file that stays in memory up to a size."""
    return t.cast("t.IO[bytes]", SpooledTemporaryFile(memory_size, "rb+"))
