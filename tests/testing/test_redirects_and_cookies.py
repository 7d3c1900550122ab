"""Bodies after redirects, and cookies, of the test clients."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Callable
from io import BytesIO

import pytest

from flask import Flask, Response, redirect, request, session

Send = Callable[..., t.Any]


@pytest.fixture(params=["wsgi", "asgi", "async"])
def send(request: t.Any, app: Flask) -> Send:
    """Send requests by each of the clients."""
    if request.param != "async":
        return app.test_client(asgi=request.param == "asgi").open
    client = app.test_async_client()

    def send(*args: t.Any, **kwargs: t.Any) -> t.Any:
        return asyncio.run(client.open(*args, **kwargs))

    return send


def _tail(data: bytes) -> BytesIO:
    stream = BytesIO(b"skipped" + data)
    stream.seek(7)
    return stream


BODIES: dict[str, tuple[Callable[[], dict[str, t.Any]], str]] = {
    "form": (lambda: {"data": {"a": "1"}}, "{'a': '1'} []"),
    "json": (lambda: {"json": {"a": 1}}, "b'{\"a\": 1}'"),
    "bytes": (lambda: {"data": b"x" * 200_000}, repr(b"x" * 200_000)),
    "text": (lambda: {"data": "é"}, repr("é".encode())),
    "files": (
        lambda: {"data": {"a": "1", "file": (BytesIO(b"y" * 100_000), "f.txt")}},
        "{'a': '1'} [100000]",
    ),
    "large files": (
        lambda: {"data": {"a": "1", "file": (BytesIO(b"y" * 1_000_000), "f.txt")}},
        "{'a': '1'} [1000000]",
    ),
    "stream": (lambda: {"input_stream": BytesIO(b"stream")}, "b'stream'"),
    "rest of a stream": (lambda: {"input_stream": _tail(b"rest")}, "b'rest'"),
    "nothing": (dict, "b''"),
}


def _see_body() -> str:
    if request.form or request.files:
        sizes = [len(file.read()) for file in request.files.values()]
        return f"{request.form.to_dict()} {sizes}"
    return repr(request.get_data())


@pytest.mark.parametrize("reads_first", [False, True], ids=["unread", "read before"])
@pytest.mark.parametrize("code", [307, 308])
@pytest.mark.parametrize(("make", "expected"), BODIES.values(), ids=BODIES.keys())
def test_a_body_is_sent_again_where_the_redirect_says_so(
    app: Flask, send: Send, make: t.Any, expected: str, code: int, reads_first: bool
) -> None:
    @app.route("/first", methods=["POST", "PUT"])
    def first() -> Response:
        if reads_first:
            _see_body()
        return redirect("/second", code)  # type: ignore[return-value]

    app.add_url_rule("/second", "second", lambda: redirect("/save", code), methods=["PUT"])
    app.add_url_rule(
        "/save/", "save", lambda: f"{request.method} {_see_body()}", methods=["PUT", "POST"]
    )
    with send("/first", method="PUT", follow_redirects=True, **make()) as answer:
        assert len(answer.history) == 3
        assert answer.text == f"PUT {expected}"
    with send("/save", method="POST", follow_redirects=True, **make()) as answer:
        assert answer.text == f"POST {expected}"


@pytest.mark.parametrize("code", [301, 302, 303])
def test_a_body_is_not_sent_again_if_the_redirect_becomes_a_get(
    app: Flask, send: Send, code: int
) -> None:
    app.add_url_rule("/first", "first", lambda: redirect("/second", code), methods=["POST"])
    app.add_url_rule("/second", "second", lambda: f"{request.method} {_see_body()}")
    answer = send("/first", method="POST", data={"a": "1"}, follow_redirects=True)
    assert answer.text == "GET b''"


@pytest.fixture
def cookies(app: Flask) -> None:
    def see() -> dict[str, str]:
        return {name: value for name, value in request.cookies.items() if name != "session"}

    def put() -> Response:
        response = redirect(request.args.get("to", "/see"))
        for name, value in request.args.items():
            if name == "gone":
                response.delete_cookie(value)
            elif name != "to":
                response.set_cookie(name, value)
        return response  # type: ignore[return-value]

    app.add_url_rule("/see", "see", see)
    app.add_url_rule("/put", "put", put)
    app.add_url_rule("/login", "login", lambda: session.update(user="ann") or redirect("/who"))
    app.add_url_rule("/logout", "logout", lambda: session.clear() or redirect("/who"))
    app.add_url_rule("/who", "who", lambda: session.get("user", "none"))


@pytest.mark.usefixtures("cookies")
def test_given_cookies_join_those_that_the_client_keeps(send: Send) -> None:
    given = {"headers": {"Cookie": "a=given; c=3"}}
    assert send("/see", **given).json == {"a": "given", "c": "3"}
    assert send("/see").json == {}
    assert send("/put?a=kept&b=2", follow_redirects=True).json == {"a": "kept", "b": "2"}
    assert send("/see", **given).json == {"a": "given", "c": "3", "b": "2"}
    assert send("/see").json == {"a": "kept", "b": "2"}


@pytest.mark.usefixtures("cookies")
def test_a_redirect_sends_the_cookies_as_they_are_then(send: Send) -> None:
    given = {"headers": {"Cookie": "c=3"}, "follow_redirects": True}
    assert send("/put?a=1", **given).json == {"c": "3", "a": "1"}
    assert send("/put?a=2", **given).json == {"c": "3", "a": "2"}
    assert send("/put?gone=a", **given).json == {"c": "3"}
    assert send("/login", **given).text == "ann"
    assert send("/logout", **given).text == "none"
    assert send("/who").text == "none"


@pytest.mark.usefixtures("cookies")
def test_a_request_that_is_sent_once_more_has_the_cookies_of_now(send: Send) -> None:
    answer = send("/login", follow_redirects=True, headers={"Cookie": "c=3"})
    assert answer.text == "ann"
    send("/logout")
    assert send(answer.request).text == "none"
    assert send(answer.request.environ).text == "none"


@pytest.mark.usefixtures("cookies")
@pytest.mark.parametrize("asgi", [False, True])
def test_a_client_without_cookies_sends_the_given_ones_alone(app: Flask, asgi: bool) -> None:
    client = app.test_client(use_cookies=False, asgi=asgi)
    assert client.get("/see", headers={"Cookie": "a=1"}).json == {"a": "1"}
