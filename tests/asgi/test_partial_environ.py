"""A request with the most common entries of its environment behaves like one with all of them."""

from __future__ import annotations

import asyncio
import gc
import threading
import typing as t
import weakref

import pytest
from warm_app import warm_up

from flask import Flask, Request, request
from flask._http.environ_request import REST
from flask.globals import request_ctx

Headers = list[tuple[bytes, bytes]]
HOST = (b"host", b"localhost")


def send(
    app: Flask, method: str = "GET", headers: Headers | None = None, body: bytes = b""
) -> None:
    """Send a request as a server does."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": "/items/7",
        "raw_path": b"/items/7",
        "query_string": b"a=1&b=%C3%A9",
        "root_path": "",
        "client": ("10.0.0.1", 4000),
        "server": ("localhost", 443),
        "headers": [HOST, *(headers or [])],
    }

    async def receive() -> dict[str, t.Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def take(message: t.Any) -> None:
        pass

    asyncio.run(app(scope, receive, take))


def make_app(view: t.Any, has_middleware: bool = False) -> Flask:
    app = Flask("partial")
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.add_url_rule("/items/<int:item>", "view", view, methods=["GET", "POST"])
    if has_middleware:  # so every request has all entries
        inner = app.wsgi_app
        app.wsgi_app = lambda *arguments: inner(*arguments)  # type: ignore[method-assign]
    warm_up(app)
    return app


REQUESTS: dict[str, tuple[str, Headers, bytes]] = {
    "without a body": ("GET", [(b"cookie", b"a=1"), (b"x-name", b"\xe9")], b""),
    "a text": ("POST", [(b"content-length", b"4")], b"text"),
    "JSON": (
        "POST",
        [(b"content-type", b"application/json"), (b"content-length", b"8")],
        b'{"a": 1}',
    ),
    "a form": (
        "POST",
        [(b"content-length", b"3"), (b"content-type", b"application/x-www-form-urlencoded")],
        b"a=1",
    ),
    "in chunks": ("POST", [(b"transfer-encoding", b"chunked")], b"text"),
    "a type twice": (
        "POST",
        [(b"content-type", b"text/a"), (b"content-length", b"4"), (b"content-type", b"text/b")],
        b"text",
    ),
}
NAMES = [name for name in dir(Request) if not name.startswith("_") and name not in {"input_stream"}]


@pytest.mark.parametrize("sent", REQUESTS.values(), ids=REQUESTS)
def test_every_attribute_is_the_same_where_it_is_read_first(
    sent: tuple[str, Headers, bytes],
) -> None:
    name = ""
    found: list[str] = []

    async def view(item: int) -> str:
        try:
            value = getattr(request, name)
        except Exception as error:
            value = error
        if name == "environ":
            value = {key: value[key] for key in sorted(value) if "." not in key}
        elif name == "headers":  # their order has no meaning (RFC 9110 section 5.3)
            value = sorted(value)
        is_own = callable(value) or "object at 0x" in repr(value)  # differs from run to run
        found.append(type(value).__name__ if is_own else repr(value))
        return ""

    partial, whole = make_app(view), make_app(view, has_middleware=True)
    for name in NAMES:
        found.clear()
        send(partial, *sent)
        send(whole, *sent)
        assert len(found) == 2
        assert found[0] == found[1], name


def test_usual_attributes_do_not_need_all_entries() -> None:
    async def view(item: int) -> str:
        assert request.get_json() == {"a": 1}
        assert (request.method, request.path, request.args["a"]) == ("POST", "/items/7", "1")
        assert request.cookies["c"] == "2"
        assert REST in request_ctx._known
        assert request.headers["Cookie"] == "c=2"
        assert REST not in request_ctx._known
        seen.append(item)
        return ""

    seen: list[int] = []
    method, headers, body = REQUESTS["JSON"]
    send(make_app(view), method, [*headers, (b"cookie", b"c=2")], body)
    assert seen == [7]


@pytest.mark.parametrize("is_request_first", [True, False])
def test_context_and_request_have_the_same_environment(is_request_first: bool) -> None:
    async def view(item: int) -> str:
        if is_request_first:
            request.environ["HTTP_X_NEW"] = "new"
        request_ctx._environ["HTTP_X_OTHER"] = "other"
        assert request.environ is request_ctx._environ is request_ctx._known
        assert request.headers["X-Other"] == "other"
        assert ("X-New" in request.headers) == is_request_first
        seen.append(item)
        return ""

    seen: list[int] = []
    send(make_app(view))
    assert seen == [7]


def test_threads_that_a_view_starts_see_all_entries() -> None:
    async def view(item: int) -> str:
        current: t.Any = request._get_current_object()  # type: ignore[attr-defined]
        start = threading.Barrier(8)

        def read() -> None:
            start.wait()
            seen.append(current.environ.get("HTTP_X_NAME"))

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return ""

    seen: list[str | None] = []
    send(make_app(view), headers=[(b"x-name", b"Ada")])
    assert seen == ["Ada"] * 8


def test_a_request_leaves_no_reference_cycle() -> None:
    async def view(item: int) -> str:
        current: t.Any = request._get_current_object()  # type: ignore[attr-defined]
        if reads_headers:
            assert current.headers["Host"] == "localhost"
            assert current.environ["HTTP_HOST"] == "localhost"
        seen.append(weakref.ref(current))
        return ""

    seen: list[weakref.ref[t.Any]] = []
    app = make_app(view)
    gc.collect()
    gc.disable()
    try:
        for reads_headers in (False, True):  # noqa: B007 - the view reads it
            send(app)
            assert seen.pop()() is None
    finally:
        gc.enable()
