"""Multipart forms are read as Werkzeug reads them, in one piece or in many."""

from __future__ import annotations

import io
import os
import tracemalloc
import typing as t

import pytest
import werkzeug.wrappers
from hypothesis import example, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser

import flask
import flask._http.multipart
from flask import Request

# Werkzeug does not close the files of a malformed form.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

TYPE = "multipart/form-data; boundary=B"


class InMemory(Request):
    """Reads the body at once."""


class InPieces(Request):
    """Reads the body in pieces, however short it is."""

    max_file_memory_size = 0  # type: ignore[assignment]


KINDS = (InMemory, InPieces)


class Stingy(io.BytesIO):
    """Gives fewer bytes than it is asked for."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size, 7) if size is not None and size > 0 else size)

    def readinto(self, buffer: t.Any) -> int:
        return super().readinto(memoryview(buffer)[:7])


def request_of(
    kind: type[t.Any], body: bytes, source: type[io.BytesIO] = io.BytesIO, **limits: t.Any
) -> t.Any:
    request = kind(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": limits.pop("content_type", TYPE),
            "CONTENT_LENGTH": str(limits.pop("length", len(body))),
            "wsgi.input": source(body),
        }
    )
    if limits.pop("is_chunked", False):
        request.environ["wsgi.input_terminated"] = True
    for name, value in limits.items():
        setattr(request, name, value)
    return request


def seen(request: t.Any) -> t.Any:
    """What a view sees of a form; an error is seen as its class."""
    try:
        form, files = request.form, request.files
    except HTTPException as error:
        return type(error)
    found = (
        type(form),
        list(form.items(multi=True)),
        type(files),
        [
            (key, file.name, file.filename, list(file.headers), file.content_type, file.read())
            for key, file in files.items(multi=True)
        ],
    )
    request.close()
    return found


def agree(body: bytes, **limits: t.Any) -> None:
    expected = seen(request_of(werkzeug.wrappers.Request, body, **limits))
    for kind in KINDS:
        assert seen(request_of(kind, body, **limits)) == expected, kind


FIELD = b'Content-Disposition: form-data; name="a"\r\n\r\n'
FILE = (
    b'Content-Disposition: form-data; name="f"; filename="x.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\n"
)
PART_HEADERS = [
    FIELD,
    FILE,
    b'Content-Disposition: form-data; name="f"; filename=""\r\n\r\n',
    b'content-disposition: FORM-DATA; NAME="f"; FILENAME="x"\r\ncontent-type: a/b; c=d \r\n\r\n',
    'Content-Disposition: form-data; name="é"; filename="日.txt"\r\n\r\n'.encode(),
    b'Content-Disposition: form-data; name="\xe9"\r\n\r\n',
    b'Content-Disposition: form-data; name="a%22b"\r\n\r\n',
    b'Content-Disposition: form-data; name="a\\"b"\r\n\r\n',
    b"Content-Disposition: form-data; name=a; filename*=UTF-8''%e2%82%ac\r\n\r\n",
    b'Content-Disposition: form-data;\r\n name="a"\r\n\r\n',
    b'Content-Disposition: form-data; name="a"\n\n',
    b'Content-Disposition: form-data; name="a"\r\rb',
    b'Content-Disposition: form-data; name="a"\r\nContent-Type: a/b; charset=latin-1\r\n\r\n',
    b'Content-Disposition: form-data; name="a"\r\n'
    b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n",
    b'Content-Disposition: form-data; name="f"; filename="x"\r\n'
    b"Content-Transfer-Encoding: base64\r\nContent-Type: a/b\r\n\r\n",
    b'Content-Type: a/b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n',
    b'Content-Disposition: form-data; name="f"; filename="x"\r\nContent-Type:  \r\n\r\n',
    b'Content-Disposition: form-data; filename="x"\r\n\r\n',
    b"Content-Disposition: form-data\r\n\r\n",
    b"Content-Type: text/plain\r\n\r\n",
    b'X-Long: %s\r\nContent-Disposition: form-data; name="a"\r\n\r\n' % (b"x" * 3000),
    b"\r\n",
    b"",
]
CONTENTS = [
    *(
        b"",
        b"text",
        "é日".encode(),
        b"\xe9\xff",
        b"\r\n",
        b"\n",
        b"\r",
        b"-",
        b"--",
        b"--B",
        b"--Bx",
    ),
    *(b"\r\n--", b"\r\n--Bx\r\n", b"\r\n--B x", b"\r\n-", b"\r\n\r\n", b"B", b"x" * 5000),
]
DELIMITERS = [
    *(b"\r\n--B\r\n", b"\r\n--B--", b"\r\n--B--\r\n", b"\n--B\n", b"\r--B\r", b"\r\n--B \t\r\n"),
    *(b"\r\n--B --\r\n", b"\r\n--B-\r\n", b"--B\r\n", b"\r\n--B\n", b"\r\n--B--\n\n", b"\r\n--B"),
]
BODY = b"--B\r\n" + FIELD + b"text\r\n--B\r\n" + FILE + b"content\r\n--B--\r\n"


@pytest.mark.parametrize("head", PART_HEADERS)
def test_part_headers_are_read_as_werkzeug_reads_them(head: bytes) -> None:
    agree(b"--B\r\n" + head + b"one\r\n--B\r\n" + FILE + b"two\r\n--B--\r\n")
    agree(b"--B\r\n" + FILE + b"two\r\n--B\r\n" + head + b"one\r\n--B--\r\n")


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("head", [FIELD, FILE])
def test_contents_end_where_werkzeug_ends_them(
    head: bytes, content: bytes, delimiter: bytes
) -> None:
    agree(b"--B\r\n" + head + content + delimiter + FIELD + b"more\r\n--B--\r\n")


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"--B--",
            b"--B--\r\n",
            b"--B\r\n",
            b"--B",
            b"\r\n",
            b"text",
            BODY[:-3],
            BODY[:-20],
        ),
        *(b"preamble\r\n" + BODY, b"\r\n" + BODY, b"--B\r\n" + BODY),
        *(BODY + b"epilogue", BODY + b"\r\n" * 400_000, BODY + b"x" * 600_000, BODY + BODY),
    ],
    ids=lambda body: repr(body[:12]),
)
def test_beginning_and_end_are_read_as_werkzeug_reads_them(body: bytes) -> None:
    agree(body)


def test_a_delimiter_at_the_edge_of_werkzeugs_pieces_adds_nothing_to_a_file() -> None:
    begin = b"--B\r\n" + FILE
    content = b"x" * (64 * 1024 - len(begin + b"\r\n--B-"))
    for kind in KINDS:
        request = request_of(kind, begin + content + b"\r\n--B--\r\n")
        assert request.files["f"].read() == content
        request.close()


body_pieces = st.one_of(
    st.sampled_from(DELIMITERS),
    st.sampled_from(PART_HEADERS),
    st.sampled_from(CONTENTS),
    st.binary(max_size=5),
)
usual_parts = st.tuples(
    st.sampled_from([FIELD, FILE]),
    st.lists(st.sampled_from(CONTENTS), max_size=3).map(b"".join),
    st.sampled_from([b"\r\n--B\r\n", b"\r\n--B\r\n", b"\r\n--B \r\n", b"\n--B\n"]),
).map(b"".join)
bodies = st.tuples(
    st.sampled_from([b"--B\r\n", b"--B\r\n", b""]),
    st.lists(usual_parts, max_size=4).map(b"".join),
    st.lists(body_pieces, max_size=4).map(b"".join),
    st.sampled_from([b"\r\n--B--\r\n", b"--B--\r\n", b""]),
).map(b"".join)


@pytest.mark.slow
@settings(max_examples=600)
@given(body=bodies, size=st.integers(1, 400))
@example(body=BODY, size=1)
def test_any_body_in_pieces_of_any_size(body: bytes, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flask._http.multipart, "CHUNK_SIZE", size)
        agree(body)


@pytest.mark.slow
@settings(max_examples=300)
@given(body=bodies)
def test_a_stream_that_gives_little_at_a_time(body: bytes) -> None:
    expected = seen(request_of(werkzeug.wrappers.Request, body))
    for kind in KINDS:
        assert seen(request_of(kind, body, Stingy)) == expected


# Limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field_size", [None, 0, 3, 4, 100, 69_999, 70_000])
@pytest.mark.parametrize("parts", [None, 0, 1, 2])
def test_limits_are_werkzeugs(field_size: int | None, parts: int | None) -> None:
    for body in (BODY, b"--B\r\n" + FIELD + b"x" * 80_000 + b"\r\n--B--\r\n"):
        agree(body, max_form_memory_size=field_size, max_form_parts=parts)


@pytest.mark.parametrize("limit", [len(BODY) - 1, len(BODY)])
def test_the_limit_of_the_whole_body_is_werkzeugs(limit: int) -> None:
    agree(BODY, max_content_length=limit)


@pytest.mark.slow
@settings(max_examples=400)
@given(body=bodies, more=st.integers(-3, 1))
@example(body=b"--B\r\nnone\r\n\r\n", more=0)
@example(body=b"--B\r\n\r\n--B\r\n\n\r\n--B--\r\n", more=0)
def test_the_limit_of_a_chunked_body_is_werkzeugs(body: bytes, more: int) -> None:
    agree(body, is_chunked=True, max_content_length=max(0, len(body) + more))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("head", [FIELD, FILE])
@pytest.mark.parametrize("unit", [b"\r\n--Bx", b"\n--B-", b"\r\n--B  x", b"--B", b"\r\n--B\tx"])
def test_what_looks_like_a_delimiter_costs_no_step_of_its_own(
    monkeypatch: pytest.MonkeyPatch, kind: type[Request], head: bytes, unit: bytes
) -> None:
    looks = []
    ends_line = flask._http.multipart._ends_line

    def counted(buffer: bytes, index: int) -> bool | None:
        looks.append(index)
        return ends_line(buffer, index)

    monkeypatch.setattr(flask._http.multipart, "_ends_line", counted)
    body = b"--B\r\n" + head + b"x" + unit * 60_000 + b"\r\n--B--\r\n"
    request = request_of(kind, body, max_form_memory_size=10**9)
    read = [*request.form.values(), *(file.read() for file in request.files.values())]
    assert [len(content) for content in read] == [1 + 60_000 * len(unit)]
    request.close()
    assert len(looks) < 20


def test_a_body_that_ends_before_its_length_is_a_bad_request() -> None:
    agree(BODY, length=len(BODY) + 1)


@pytest.mark.parametrize(
    "content_type",
    [
        *(
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data;boundary=B",
        ),
        *("Multipart/Form-Data; Boundary=B", 'multipart/form-data; boundary="B"'),
        *("multipart/form-data; boundary=B; charset=latin-1", "multipart/mixed; boundary=B"),
        *("multipart/form-data; boundary=C", "multipart/form-data; boundary=B\xe9"),
    ],
)
def test_content_types_are_read_as_werkzeug_reads_them(content_type: str) -> None:
    agree(BODY, content_type=content_type)


# Where a file goes -------------------------------------------------------------------------------


def upload(size: int) -> bytes:
    return b"--B\r\n" + FILE + b"x" * size + b"\r\n--B--\r\n"


@pytest.mark.parametrize(
    ("size", "most", "is_on_disk"),
    [
        (1_000_000, 2_000_000, False),
        (1_000_000, 1_000_000, True),
        (400_000, 0, False),
        (600_000, 0, True),
        (600_000, None, True),
    ],
)
def test_a_setting_decides_which_files_go_to_disk(
    size: int, most: int | None, is_on_disk: bool
) -> None:
    app = flask.Flask(__name__)
    app.config["MAX_FILE_MEMORY_SIZE"] = most
    with app.test_request_context("/", method="POST", data=upload(size), content_type=TYPE):
        file: t.Any = flask.request.files["f"]
        assert file.stream._rolled is is_on_disk
        assert file.read() == b"x" * size
        file.seek(0)
        assert os.fstat(file.fileno()).st_size == size


def test_a_file_in_memory_that_is_written_to_is_a_separate_file() -> None:
    request = request_of(InMemory, BODY)
    file = request.files["f"]
    assert file.stream.write(b"CON") == 3
    file.seek(0)
    assert file.read() == b"CONtent"
    request.close()
    assert file.stream.closed


def test_a_large_body_is_never_in_memory() -> None:
    body = upload(8_000_000)
    source = io.BytesIO(body)
    request = request_of(InMemory, b"", length=len(body))
    request.environ["wsgi.input"] = source
    tracemalloc.start()
    file = request.files["f"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_500_000
    assert len(file.read()) == 8_000_000
    request.close()


# Subclasses --------------------------------------------------------------------------------------


class OwnStream(Request):
    def _get_file_stream(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        return io.BytesIO(b"own")


class OwnContainer(Request):
    parameter_storage_class = MultiDict  # type: ignore[assignment]


class OwnParser(Request):
    class form_data_parser_class(FormDataParser):
        def parse(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
            stream, form, files = super().parse(*args, **kwargs)
            return stream, MultiDict([*form.items(multi=True), ("own", "1")]), files


class WantsNoForm(Request):
    want_form_data_parsed = False  # type: ignore[assignment]


def test_a_subclass_may_choose_where_files_go() -> None:
    request = request_of(OwnStream, BODY)
    assert isinstance(request.files["f"].stream, io.BytesIO)


def test_a_subclass_may_have_its_own_container() -> None:
    request = request_of(OwnContainer, BODY)
    assert type(request.form) is MultiDict
    request.close()


def test_a_request_may_have_its_own_container() -> None:
    request = request_of(Request, BODY)
    request.parameter_storage_class = MultiDict
    assert type(request.form) is MultiDict
    request.close()


def test_a_subclass_may_have_its_own_parser() -> None:
    request = request_of(OwnParser, BODY)
    assert request.form.to_dict() == {"a": "text", "own": "1"}
    request.close()


def test_a_subclass_may_want_no_form() -> None:
    request = request_of(WantsNoForm, BODY)
    assert not request.form and not request.files
    assert request.stream.read() == BODY


# The body beside the form ------------------------------------------------------------------------


def before(request: t.Any) -> t.Any:
    return request.get_data(), request.form["a"], request.get_data()


def after(request: t.Any) -> t.Any:
    return request.form["a"], request.get_data(), request.stream.read()


def partly(request: t.Any) -> t.Any:
    return request.stream.read(10), dict(request.form)


@pytest.mark.parametrize("look", [before, after, partly])
@pytest.mark.parametrize("kind", KINDS)
def test_the_body_is_there_once(kind: type[Request], look: t.Callable[[t.Any], t.Any]) -> None:
    requests = [request_of(one, BODY) for one in (kind, werkzeug.wrappers.Request)]
    assert look(requests[0]) == look(requests[1])
    for request in requests:
        request.close()
