"""Parse a ``multipart/form-data`` body (RFC 7578).

This module parses what browsers and HTTP clients send. At the first part that is unusual Werkzeug's
parser takes over. Delimiters follow Werkzeug's grammar.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable
from io import BytesIO
from tempfile import SpooledTemporaryFile

from werkzeug.datastructures import FileStorage, Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser, default_stream_factory

from .._core.lazy import lazy
from .query import NEEDS_LIBRARY, NeedsLibrary

Read = Callable[[int], bytes]
Store = Callable[[bytes], object]

CHUNK_SIZE: t.Final = 128 * 1024
"""Bytes of a large body that are read at a time. Larger chunks only use more memory."""

_LONGEST_HEADERS = 2_000
_LOWEST_LIMIT = 70_000
"""With a smaller limit Werkzeug may reject a form because of the size of its own chunks."""

# What browsers write: no escapes, no continuation lines, no charset.
_simple_headers = re.compile(
    r'(Content-Disposition): (form-data; name="([^"\\%\x00-\x1f\x7f]*)"'
    r'(?:; filename="([^"\\%\x00-\x1f\x7f]*)")?)'
    r"(?:\r\n(Content-Type): ([!-~](?:[ -~]*[!-~])?))?",
    re.IGNORECASE,
)
_spaces = re.compile(rb"[^\S\n\r]*")


class Limits(t.NamedTuple):
    """The limits of a form; ``None`` is no limit."""

    field_size: int | None
    """Bytes of one text field."""
    parts: int | None
    """Number of fields and files together."""


class Form:
    """The fields and files of a form, in order."""

    def __init__(self) -> None:
        self.fields: list[tuple[str, str]] = []
        self.files: list[tuple[str, FileStorage]] = []

    def close(self) -> None:
        """Close the files."""
        for _, file in self.files:
            file.close()


class _Unsupported(Exception):
    """Werkzeug must parse the rest, which begins at the parser's position."""


def parse_whole(
    body: bytes, boundary: str, limits: Limits, memory_size: int
) -> Form | NeedsLibrary:
    """Return a `Form` whose files are in memory; `NEEDS_LIBRARY` if Werkzeug must parse it.

    :param body: the whole body.
    :param boundary: the text between the parts.
    :param limits: the limits of the form.
    :param memory_size: bytes up to which a file stays in memory when the application writes to it.
    """
    reader = _Reader(BytesIO(body).read, len(body), boundary, limits)
    reader.memory_size = memory_size
    try:
        reader.read_parts()
    except (_Unsupported, ValueError, RequestEntityTooLarge):
        reader.form.close()
        return NEEDS_LIBRARY  # Werkzeug raises the error
    return reader.form


def parse_stream(read: Read, boundary: str, limits: Limits) -> Form:
    """Return a form that is read in chunks; its larger files are on disk.

    :param read: reads at most so many bytes of the body.
    :param boundary: the text between the parts.
    :param limits: the limits of the form.
    :raises RequestEntityTooLarge: a limit is exceeded (413).
    :raises ValueError: the form is malformed.
    """
    reader = _Reader(read, CHUNK_SIZE, boundary, limits)
    form = reader.form
    try:
        try:
            reader.read_parts()
        except _Unsupported:
            _let_werkzeug_read(reader, boundary, limits)
    except BaseException:
        form.close()
        raise
    return form


def _let_werkzeug_read(reader: _Reader, boundary: str, limits: Limits) -> None:
    """Parse the rest of a form with Werkzeug's parser."""
    form = reader.form
    parts = limits.parts
    if parts is not None:
        parts -= len(form.fields) + len(form.files)
    parser = FormDataParser(
        max_form_memory_size=limits.field_size, max_form_parts=parts, silent=False
    )
    rest = t.cast("t.IO[bytes]", _Rest(reader.buffer[reader.position :], reader.read))
    _, fields, files = parser.parse(rest, "multipart/form-data", None, {"boundary": boundary})
    form.fields.extend(fields.items(multi=True))
    form.files.extend(files.items(multi=True))


class _Rest:
    """The rest of a body: bytes that were read already, then the stream.

    `read` returns as many bytes as requested, because the result of Werkzeug's parser for an
    unusual form depends on the size of the chunks.
    """

    def __init__(self, start: bytes, read: Read) -> None:
        self._start = BytesIO(start)
        self._read = read

    def read(self, size: int) -> bytes:
        data = self._start.read(size)
        while len(data) < size:
            try:
                piece = self._read(size - len(data))
            except RequestEntityTooLarge:
                if not data:
                    raise
                break  # Werkzeug parses these bytes before it reads more
            if not piece:
                break
            data += piece
        return data


class _Reader:
    """Parses a form from delimiter to delimiter.

    :param read: as for `parse_stream`, like ``boundary`` and ``limits``.
    :param size: bytes to read at a time.
    """

    buffer: bytes
    """The chunk of the body that is being parsed."""
    position: int
    """Index in `buffer` of the next delimiter."""
    memory_size: int | None = None
    """Keep files in memory up to this size; ``None``: Werkzeug's rule applies."""

    def __init__(self, read: Read, size: int, boundary: str, limits: Limits) -> None:
        self.read = read
        self.form = Form()
        self.buffer = read(size)
        self.position = 0
        self._size = size
        self._delimiter = b"--" + boundary.encode()
        self._limits = limits

    @lazy
    def _candidate(self) -> re.Pattern[bytes]:
        """Matches a possible delimiter on its own line; at the end of the buffer it may go on."""
        text = re.escape(self._delimiter)
        # The literal text comes first and a lookbehind checks what is before it. So `re` searches
        # for the literal text, which is fast.
        return re.compile(rb"%s(?<=[\r\n]%s)(?:-(?:-|\Z)|[^\S\n\r]*+(?:[\r\n]|\Z))" % (text, text))

    def _read_piece(self) -> bytes:
        piece = self.read(self._size)
        if not piece:
            raise ValueError("a form without an end")
        return piece

    def _read_between(self) -> bytes:
        """Read more of the body between two parts.

        :raises _Unsupported: the body is too large. Werkzeug parses the beginning first.
        """
        try:
            return self.read(self._size)
        except RequestEntityTooLarge:
            raise _Unsupported from None

    def read_parts(self) -> None:
        """Parse all parts and the end of the form."""
        form = self.form
        limit = self._limits.field_size
        if limit is not None and limit < _LOWEST_LIMIT:
            raise _Unsupported
        line = self._delimiter + b"\r\n"
        while self._is_here(line):
            name, filename, headers = self._read_part_headers(len(line))
            if len(form.fields) + len(form.files) == self._limits.parts:
                raise RequestEntityTooLarge()
            if filename is None:
                form.fields.append((name, self._read_field()))
            else:
                file = self._read_file()
                form.files.append((name, FileStorage(file, filename, name, headers=headers)))
        if self.buffer[self.position + len(self._delimiter) :] not in _ENDS:
            raise _Unsupported
        more = self._read_between()
        if more:
            self.buffer += more
            raise _Unsupported

    def _is_here(self, line: bytes) -> bool:
        """Return whether the body continues with this line."""
        while len(self.buffer) - self.position < len(line):
            piece = self._read_between()
            if not piece:
                return False
            self.buffer = self.buffer[self.position :] + piece
            self.position = 0
        return self.buffer.startswith(line, self.position)

    def _read_part_headers(self, skipped: int) -> tuple[str, str | None, Headers]:
        """Parse the headers of a part; return the names of field and file, and the headers.

        :param skipped: length of the delimiter before them.
        """
        end = self.buffer.find(b"\r\n\r\n", self.position + skipped)
        while end < 0 and len(self.buffer) - self.position < _LONGEST_HEADERS:
            piece = self._read_between()
            if not piece:
                raise _Unsupported
            self.buffer = self.buffer[self.position :] + piece
            self.position = 0
            end = self.buffer.find(b"\r\n\r\n", skipped)
        start = self.position + skipped
        if not 0 <= end - start < _LONGEST_HEADERS:
            raise _Unsupported
        try:
            head = _simple_headers.fullmatch(self.buffer[start:end].decode())
        except UnicodeDecodeError:
            head = None
        if head is None:
            raise _Unsupported
        disposition, value, name, filename, content_type, media_type = head.groups()
        headers = [(disposition, value)]
        if content_type is not None:
            if filename is None:
                raise _Unsupported  # a text field may name its charset
            headers.append((content_type, media_type))
        self.position = end + 4
        return name, filename, Headers(headers)

    def _read_field(self) -> str:
        limit = self._limits.field_size
        pieces: list[bytes] = []
        pieces.append(self._read_content(pieces.append, limit))
        value = b"".join(pieces)
        if limit is not None and len(value) > limit:
            raise RequestEntityTooLarge()
        return value.decode(errors="replace")

    def _read_file(self) -> t.IO[bytes]:
        if self.memory_size is not None:
            # The whole body is in the buffer, so nothing is stored.
            return _open_in_memory(self._read_content(_discard, None), self.memory_size)
        file = default_stream_factory(None, None, None)
        try:
            file.write(self._read_content(file.write, None))
        except BaseException:  # for example, the client disconnected
            file.close()
            raise
        file.seek(0)
        return file

    def _read_content(self, store: Store, limit: int | None) -> bytes:
        """Return the content up to the next delimiter.

        :param store: called with each chunk but the last one, if there are several.
        :param limit: raise an error soon after that many bytes.
        """
        delimiter = self._delimiter
        start = search = self.position  # the two bytes before it are a line break
        length = 0
        while True:
            buffer = self.buffer
            found = buffer.find(delimiter, search)
            if found < 0:
                # A delimiter may begin at the end of the buffer, after a line break.
                end = len(buffer) - len(delimiter) - 1
                search = max(search, end)
            else:
                search = found
                end = _begin_of_line_end(buffer, found)
                is_delimiter = end < found and _ends_line(buffer, found + len(delimiter))
                if is_delimiter:
                    self.position = found
                    return buffer[start:end]
                if is_delimiter is False:
                    # A client may send any number of texts that look like a delimiter.
                    later = self._candidate.search(buffer, found + 1)
                    begun = len(buffer) - len(delimiter) + 1  # a delimiter may begin after this
                    search = max(found + 1, begun) if later is None else later.start()
                    continue
            piece = self._read_piece()
            if end > start:
                store(buffer[start:end])
                length += end - start
                if limit is not None and length > limit:
                    raise RequestEntityTooLarge()
                start = end
                keep = end
            else:
                keep = max(start - 2, 0)
            self.buffer = buffer[keep:] + piece
            start -= keep
            search = max(search - keep, start)


def _discard(chunk: bytes) -> None:
    """Do not store a chunk."""


_ENDS = (b"--", b"--\r\n")


def _begin_of_line_end(buffer: bytes, index: int) -> int:
    """Return the index of the line break before ``index``; ``index`` itself if there is none."""
    last = buffer[index - 1]
    if last == 10:
        return index - 2 if index > 1 and buffer[index - 2] == 13 else index - 1
    return index - 1 if last == 13 else index


def _ends_line(buffer: bytes, index: int) -> bool | None:
    """Return whether a delimiter may end here; ``None`` if more must be read first."""
    following = buffer[index : index + 2]
    if following == b"\r\n" or following == b"--":
        return True
    end = t.cast("re.Match[bytes]", _spaces.match(buffer, index)).end()
    if end == len(buffer):
        return None if end - index < _LONGEST_HEADERS else False
    if following == b"-":
        return None
    return buffer[end] in b"\r\n"


def _open_in_memory(content: bytes, memory_size: int) -> t.IO[bytes]:
    """Return a file with this content."""
    file = SpooledTemporaryFile(memory_size, "rb+")  # noqa: SIM115  # closed by the request
    if type(getattr(file, "_file", None)) is BytesIO:
        file._file = BytesIO(
            content
        )  # PERF: shares the bytes; writing copies them, 0.1 ms for 1 MiB
    else:
        file.write(content)
        file.seek(0)
    return t.cast("t.IO[bytes]", file)
