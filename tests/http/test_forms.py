"""Urlencoded forms are read as Werkzeug reads them."""

from __future__ import annotations

import io
import pickle
import typing as t

import pytest
import werkzeug.wrappers
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException

from flask import Flask, Request

TYPE = "application/x-www-form-urlencoded"


def request_of(kind: type[t.Any], body: bytes, **entries: str) -> t.Any:
    return kind(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": TYPE,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            **entries,
        }
    )


def seen(request: t.Any) -> t.Any:
    """What a view sees of a form; an error is seen as its class."""
    try:
        form = request.form
    except HTTPException as error:
        return type(error)
    return (
        repr(form),
        isinstance(form, ImmutableMultiDict),
        list(form.items(multi=True)),
        type(request.files),
        len(request.files),
        request.get_data(),
        request.stream.read(),
    )


def agree(body: bytes, **entries: str) -> None:
    ours, theirs = (
        seen(request_of(kind, body, **entries)) for kind in (Request, werkzeug.wrappers.Request)
    )
    assert ours == theirs


BODIES = [
    *(b"", b"a=1", b"a=1&b=2&a=3", b"a", b"a=", b"=a", b"&&", b"a=+b+&c+d=%2B", b"a=b=c", b"a=%3D"),
    *(b"a=%C3%A9&%C3%A9=1", "é=é".encode(), b"a=%FF", b"a=\xff", b"a=%", b"a=%4", b"a=%zz&b=%41"),
    *(
        b"a=%0D%0A",
        b"a=\r\n",
        b"a=%41\n",
        b"a=%%41",
        b"a=1;b=2",
        b"a=%00",
        b"a=" + b"x" * 2_000_000,
    ),
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:20]))
def test_bodies_are_read_as_werkzeug_reads_them(body: bytes) -> None:
    agree(body)


tokens = st.one_of(
    st.sampled_from([*"ab=&%+;\r\n _~", "%C3%A9", "%41", "%3D", "%0D%0A", "%ff", "%2", "é"]),
    st.text(max_size=3),
)


@given(body=st.lists(tokens, max_size=15).map(lambda parts: "".join(parts).encode()))
def test_any_text(body: bytes) -> None:
    agree(body)


@given(body=st.binary(max_size=30))
def test_any_bytes(body: bytes) -> None:
    agree(body)


@pytest.mark.parametrize(
    "entries",
    [
        {"CONTENT_TYPE": TYPE + "; charset=utf-8"},
        {"CONTENT_TYPE": TYPE.title()},
        {"CONTENT_TYPE": "text/plain"},
        {"CONTENT_TYPE": ""},
        {"CONTENT_LENGTH": "2"},
        {"CONTENT_LENGTH": "99"},
        {"CONTENT_LENGTH": "-1"},
        {"CONTENT_LENGTH": ""},
        {"CONTENT_LENGTH": "", "wsgi.input_terminated": "yes"},
        {"REQUEST_METHOD": "GET"},
    ],
    ids=repr,
)
def test_environments_are_read_as_werkzeug_reads_them(entries: dict[str, str]) -> None:
    agree(b"a=1&b=2", **entries)


@pytest.mark.parametrize("limit", [6, 7])
def test_the_limit_is_werkzeugs(limit: int) -> None:
    found = []
    for kind in (Request, werkzeug.wrappers.Request):
        request = request_of(kind, b"a=1&b=2")
        request.max_content_length = limit
        found.append(seen(request))
    assert found[0] == found[1]


def test_a_missing_field_is_a_bad_request() -> None:
    app = Flask(__name__)

    @app.post("/")
    def index() -> str:
        from flask import request

        return request.form["name"] + request.form["none"]

    assert app.test_client().post("/", data={"name": "Ann"}).status_code == 400


def test_the_form_is_werkzeugs_own_type() -> None:
    form = request_of(Request, b"a=1").form
    assert isinstance(form, ImmutableMultiDict)
    assert repr(type(form)) == repr(ImmutableMultiDict)
    assert type(pickle.loads(pickle.dumps(form))) is ImmutableMultiDict
    assert form == ImmutableMultiDict({"a": "1"}) == form
    with pytest.raises(TypeError):
        form["a"] = "2"


def test_the_fields_of_a_form_leave_no_files_to_close() -> None:
    request = request_of(Request, b"a=1")
    assert request.form["a"] == "1"
    assert (len(request.files), request.get_data(), request.form["a"]) == (0, b"", "1")
    request.close()


def test_a_form_is_read_after_its_body_was() -> None:
    request = request_of(Request, b"a=1&a=%3D")
    assert request.get_data() == b"a=1&a=%3D"
    assert request.form.getlist("a") == ["1", "="]


def test_a_request_may_change_its_storage_before_it_is_read() -> None:
    class Own(ImmutableMultiDict[str, str]):
        pass

    request = request_of(Request, b"a=1")
    request.parameter_storage_class = Own
    assert type(request.form) is Own
