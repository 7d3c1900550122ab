"""The headers of a request: the same as with Werkzeug's class, in any spelling."""

from __future__ import annotations

import pickle
import typing as t

import pytest
from werkzeug.datastructures import EnvironHeaders, Headers
from werkzeug.exceptions import BadRequestKeyError

from flask import Flask, request
from flask._http import headers as headers_module
from flask._http.headers import RequestHeaders

ENVIRON = {
    "HTTP_X_NAME": "a",
    "HTTP_HOST": "b",
    "CONTENT_TYPE": "text/plain",
    "CONTENT_LENGTH": "3",
    "HTTP_CONTENT_TYPE": "no header",
    "SERVER_NAME": "no header",
}
NAMES = [
    *("X-Name", "x-name", "X_NAME", "x-NAME", "Host", "Content-Type", "content-length"),
    *("Missing", "", "HTTP-X-Name", "Server-Name", "Höst", "X-Name\r\n"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("time", ["first", "second"])
def test_every_look_up_gives_what_werkzeug_gives(name: str, time: str) -> None:
    ours, theirs = RequestHeaders(ENVIRON), EnvironHeaders(ENVIRON)
    if time == "second":
        ours.get(name)
    assert ours.get(name) == theirs.get(name)
    assert ours.get(name, "default") == theirs.get(name, "default")
    assert ours.get(name, type=int) == theirs.get(name, type=int)
    assert (name in ours) is (name in theirs)
    assert ours.getlist(name) == theirs.getlist(name)
    assert _outcome(ours, name) == _outcome(theirs, name)


def _outcome(headers: Headers, name: t.Any) -> t.Any:
    try:
        return headers[name]
    except KeyError as error:
        return type(error), error.args


@pytest.mark.parametrize("key", [0, None, b"Host", slice(0, 1)])
def test_what_is_no_name_is_a_bad_request(key: t.Any) -> None:
    with pytest.raises(BadRequestKeyError):
        RequestHeaders(ENVIRON)[key]


def test_a_missing_header_is_missing_each_time() -> None:
    for _ in range(3):
        with pytest.raises(KeyError):
            RequestHeaders(ENVIRON)["X-Missing"]


def test_it_is_shown_copied_and_compared_as_werkzeugs() -> None:
    ours, theirs = RequestHeaders(ENVIRON), EnvironHeaders(ENVIRON)
    assert repr(ours) == repr(theirs)
    assert str(ours) == str(theirs)
    assert list(ours) == list(theirs)
    assert len(ours) == len(theirs)
    assert ours == theirs
    assert theirs == ours
    assert Headers(ours) == Headers(theirs)
    assert type(pickle.loads(pickle.dumps(ours))) is EnvironHeaders
    with pytest.raises(TypeError):
        ours["X-Name"] = "b"


def test_it_shows_what_is_put_into_the_environment_later(app: Flask) -> None:
    with app.test_request_context(headers={"X-Name": "a"}):
        assert request.headers["X-Name"] == "a"
        request.environ["HTTP_X_NAME"] = "b"
        assert request.headers["X-Name"] == "b"


def test_names_that_are_made_up_do_not_pile_up() -> None:
    headers = RequestHeaders(ENVIRON)
    for number in range(headers_module._MOST_KEYS + 10):
        headers.get(f"X-{number}")
    assert len(headers_module._keys) <= headers_module._MOST_KEYS
    assert headers["X-Name"] == "a"
