"""Query strings, bodies and JSON are read as Werkzeug and the standard library read them."""

from __future__ import annotations

import copy
import io
import itertools
import json
import pickle
import typing as t

import pytest
import werkzeug.exceptions
import werkzeug.wrappers
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import ImmutableMultiDict

from flask import Flask, Request

QUERIES = [
    *("", "a", "a=", "=", "=a", "&", "&&", "a&&b", "a=1", "a=1&a=2", "a=1&b=2&a=3", "a=b=c"),
    *("a=%C3%A9", "%C3%A9=1", "a=%FF", "%FF=a", "a=%", "a=%4", "a=%zz", "a=+", "+a=1", "a=%2B"),
    *(
        "a=%26b=1",
        "a=%3D",
        "a;b=1",
        "a=1;b=2",
        "a=%00",
        "a=%EF%BF%BD",
        "a=%ED%A0%80",
        "%F0%9F%98%80",
    ),
    *("a=%C3", "a=%A9%C3", "a=%C3%A9%FF", "a=%e9", "?a=1", "#a=1", "a[]=1&a[]=2", "a=\x01", "a= b"),
    *("\xe9=1", "a=\xc3\xa9", "a=\xff", "a=%C3\xa9", "%61=%62", "a=1&%61=2", "a" * 5000),
]


def environ_of(**entries: t.Any) -> dict[str, t.Any]:
    return {
        "REQUEST_METHOD": "POST",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(entries.pop("body", b"")),
        **entries,
    }


def both(look: t.Callable[[t.Any], t.Any], **entries: t.Any) -> tuple[t.Any, t.Any]:
    """What is seen of our request and of Werkzeug's; an error is seen as its class."""
    seen = []
    for kind in (Request, werkzeug.wrappers.Request):
        try:
            seen.append(look(kind(environ_of(**entries))))
        except Exception as error:
            seen.append(type(error))
    return seen[0], seen[1]


def parameters(request: t.Any) -> t.Any:
    args = request.args
    return (
        repr(args),
        args,
        list(args.items(multi=True)),
        list(args.lists()),
        args.to_dict(),
        list(args.values()),
        args.get("a"),
        args.getlist("a"),
        len(args),
        str(args),
        copy.copy(args),
        args.copy(),
        pickle.loads(pickle.dumps(args)),
        hash(args),
    )


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: ascii(query)[:30])
def test_a_query_is_read_as_by_werkzeug(query: str) -> None:
    ours, theirs = both(parameters, QUERY_STRING=query)
    assert ours == theirs


def test_bytes_with_zeros_are_in_the_encoding_that_the_standard_library_finds(app: Flask) -> None:
    fragments = (b"1", b"\0", b'"', b"{", b"}", b"[", b"]", b"\xef\xbb\xbf", b"\xff\xfe")
    for length in range(5):
        for parts in itertools.product(fragments, repeat=length):
            data = b"".join(parts)
            assert outcome(lambda: app.json.loads(data)) == outcome(lambda: json.loads(data))  # noqa: B023


@settings(max_examples=600)
@given(st.text(alphabet="ab=&+%;CFDé3901EA\xff\x1e\x1f\r\n ", max_size=20))
def test_any_query_is_read_as_by_werkzeug(query: str) -> None:
    ours, theirs = both(parameters, QUERY_STRING=query)
    assert ours == theirs


def test_parameters_cannot_be_changed() -> None:
    args = Request(environ_of(QUERY_STRING="a=1")).args
    assert isinstance(args, ImmutableMultiDict)
    for change in (
        lambda: args.__setitem__("b", "2"),
        lambda: args.pop("a"),
        lambda: args.clear(),
        lambda: args.add("b", "2"),
        lambda: args.setlist("b", []),
    ):
        with pytest.raises(TypeError):
            change()


def test_another_storage_for_parameters_is_used() -> None:
    class Own(ImmutableMultiDict[str, str]):
        pass

    class OwnRequest(Request):
        parameter_storage_class = Own

    assert type(OwnRequest(environ_of(QUERY_STRING="a=1")).args) is Own


# Bodies --------------------------------------------------------------------------------------

FORM = "application/x-www-form-urlencoded"
READS: dict[str, t.Callable[[t.Any], t.Any]] = {
    "data": lambda r: r.data,
    "get_data": lambda r: r.get_data(),
    "uncached": lambda r: r.get_data(cache=False),
    "text": lambda r: r.get_data(as_text=True),
    "parsed": lambda r: r.get_data(parse_form_data=True),
    "form": lambda r: r.form.to_dict(flat=False),
    "values": lambda r: r.values.to_dict(flat=False),
    "files": lambda r: list(r.files),
    "stream": lambda r: r.stream.read(),
    "part": lambda r: r.stream.read(2),
    "line": lambda r: r.stream.readline(),
    "json": lambda r: r.get_json(force=True, silent=True),
}
BODIES: list[dict[str, t.Any]] = [
    {"body": b"a=1&b=2", "CONTENT_LENGTH": "7", "CONTENT_TYPE": FORM},
    {"body": b"a=1&b=2 and more", "CONTENT_LENGTH": "7", "CONTENT_TYPE": FORM},
    {"body": b"[1]\n\xc3\xa9", "CONTENT_LENGTH": "6", "CONTENT_TYPE": "application/json"},
    {"body": b"\xff\xfe", "CONTENT_LENGTH": "2", "CONTENT_TYPE": "text/plain"},
    {"body": b"short", "CONTENT_LENGTH": "9", "CONTENT_TYPE": "text/plain"},
    {"body": b"a=1", "CONTENT_LENGTH": "9", "CONTENT_TYPE": FORM},
    {"body": b"ignored", "CONTENT_TYPE": "text/plain"},
    {"body": b"ignored", "CONTENT_LENGTH": "", "CONTENT_TYPE": "text/plain"},
    {"body": b"ignored", "CONTENT_LENGTH": "0", "CONTENT_TYPE": "text/plain"},
    {"body": b"ignored", "CONTENT_LENGTH": "+3", "CONTENT_TYPE": "text/plain"},
    {"body": b"ignored", "CONTENT_LENGTH": "-3", "CONTENT_TYPE": "text/plain"},
    {"body": b"ignored", "CONTENT_LENGTH": "3_0", "CONTENT_TYPE": "text/plain"},
    {"body": b"ignored", "CONTENT_LENGTH": " 3 ", "CONTENT_TYPE": "text/plain"},
    {"body": b"ignored", "CONTENT_LENGTH": "\u0663", "CONTENT_TYPE": "text/plain"},
    {"body": b"0" * 12, "CONTENT_LENGTH": "0000000012", "CONTENT_TYPE": "text/plain"},
    {"body": b"until the end", "wsgi.input_terminated": True, "CONTENT_TYPE": "text/plain"},
    {
        "body": b"until the end",
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": "5",
        "CONTENT_TYPE": "text/plain",
    },
    {"body": b"chunked", "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "3"},
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body)[:60])
@pytest.mark.parametrize("first", READS)
def test_a_body_is_read_as_by_werkzeug_in_every_order(body: dict[str, t.Any], first: str) -> None:
    for then in itertools.product(READS, ["data", "form"]):
        order = [first, *then]

        def look(request: t.Any, order: list[str] = order) -> t.Any:
            seen = []
            for name in order:
                try:
                    seen.append(READS[name](request))
                except Exception as error:
                    seen.append(type(error))
            return seen

        ours, theirs = both(look, **body)
        assert (order, ours) == (order, theirs)


class Trickling(io.RawIOBase):
    """A server's stream that gives a byte or two at a time."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, size: int | None = -1) -> bytes:
        size = 2 if size is None or size < 0 else min(size, 2)
        part, self.data = self.data[:size], self.data[size:]
        return part


def test_a_body_that_comes_in_small_parts_is_read_whole() -> None:
    environ = environ_of(CONTENT_LENGTH="7")
    environ["wsgi.input"] = Trickling(b"abcdefghij")
    assert Request(environ).get_data() == b"abcdefg"


@pytest.mark.parametrize("error", [OSError, ValueError])
def test_a_stream_that_fails_counts_as_a_disconnect(error: type[Exception]) -> None:
    class Failing(io.RawIOBase):
        def read(self, size: int | None = -1) -> bytes:
            raise error("gone")

        def readinto(self, buffer: t.Any) -> int:
            raise error("gone")

    for kind in (Request, werkzeug.wrappers.Request):
        environ = environ_of(CONTENT_LENGTH="7")
        environ["wsgi.input"] = Failing()
        with pytest.raises(werkzeug.exceptions.ClientDisconnected):
            kind(environ).get_data()


# JSON ----------------------------------------------------------------------------------------

TEXTS = [
    *('{"a": 1}', "[1, 2.5, -3e2, true, false, null]", '"text"', "7", " 7 ", "\n[1]\t", "1 2"),
    *("{", "}", "", " ", "[1,]", "{,}", "nul", "tru", "NaN", "-Infinity", "+1", "01", "1.", ".5"),
    *('{"a":1,"a":2}', '"\\u00e9\\ud83d\\ude00"', '"\\ud800"', '"é"', '"a\nb"', "'a'", "\ufeff[1]"),
    *("[" * 50 + "]" * 50, '{"a": {"b": [{}]}}', "//c\n1", "1//c", "[1]x", "\x00", "1\x00"),
]


def outcome(read: t.Callable[[], t.Any]) -> t.Any:
    try:
        return repr(read())
    except ValueError as error:
        return type(error), str(error)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text)[:30])
@pytest.mark.parametrize(
    "encoding", ["str", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_json_is_read_as_by_the_standard_library(app: Flask, text: str, encoding: str) -> None:
    data: t.Any = text if encoding == "str" else text.encode(encoding)
    assert outcome(lambda: app.json.loads(data)) == outcome(lambda: json.loads(data))
    as_array = bytearray(data) if isinstance(data, bytes) else data
    assert outcome(lambda: app.json.loads(as_array)) == outcome(lambda: json.loads(as_array))


@pytest.mark.parametrize(
    "data", [b"\xff", b'"\xff"', b'{"\xc3": 1}', b"\x00", b"1\x00", b"1", b"{"]
)
def test_bytes_that_are_no_text_are_refused_alike(app: Flask, data: bytes) -> None:
    assert outcome(lambda: app.json.loads(data)) == outcome(lambda: json.loads(data))


@settings(max_examples=600)
@given(st.text(alphabet='{}[]",:0123.e-+ truefalsn\\u\n\ufeff', max_size=12), st.booleans())
def test_any_text_is_read_as_by_the_standard_library(text: str, as_bytes: bool) -> None:
    app = Flask("reading")
    data: t.Any = text.encode() if as_bytes else text
    assert outcome(lambda: app.json.loads(data)) == outcome(lambda: json.loads(data))


def test_json_that_is_too_deep_is_an_error_and_nothing_worse(app: Flask) -> None:
    with pytest.raises((RecursionError, ValueError)):
        app.json.loads("[" * 200_000)


READERS: dict[str, t.Callable[[Request], object]] = {
    "get_data": lambda request: request.get_data(),
    "data": lambda request: request.data,
    "form": lambda request: request.form,
    "files": lambda request: request.files,
    "values": lambda request: request.values,
    "json": lambda request: request.get_json(force=True),
    "read": lambda request: request.stream.read(),
    "parts": lambda request: list(iter(lambda: request.stream.read(1000), b"")),
    "readline": lambda request: list(iter(request.stream.readline, b"")),
    "readlines": lambda request: request.stream.readlines(),
    "iterate": lambda request: list(request.stream),
}


class Failing(io.BytesIO):
    """The input of a server that raises when the client disconnects."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size) or self._fail()

    def readinto(self, buffer: t.Any, /) -> int:
        return super().readinto(buffer) or len(self._fail())

    def _fail(self) -> bytes:
        raise ConnectionResetError


@pytest.mark.parametrize("limit", [None, 5_000_000])
@pytest.mark.parametrize("input_class", [io.BytesIO, Failing])
@pytest.mark.parametrize("length", ["300", "2000000"])
@pytest.mark.parametrize("reader", READERS)
def test_a_body_that_ends_before_its_length_is_an_error_however_it_is_read(
    reader: str, length: str, input_class: type[io.BytesIO], limit: int | None
) -> None:
    form = "application/x-www-form-urlencoded"
    multipart = "multipart/form-data; boundary=B"
    part = b'--B\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\nabc\r\n'
    bodies = [(form, b"a=1&b=2"), (form, b""), (multipart, part), (multipart, part + b"--B--\r\n")]
    for kind, body in bodies:
        environ = {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": kind,
            "CONTENT_LENGTH": length,
            "wsgi.input": input_class(body),
        }
        request = Request(environ)
        request.max_content_length = limit
        request.max_form_memory_size = 5_000_000
        with pytest.raises(werkzeug.exceptions.ClientDisconnected):
            READERS[reader](request)
