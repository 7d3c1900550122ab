"""WebSockets: what refuses a handshake, and which origins are allowed."""

from __future__ import annotations

import asyncio
import typing as t

import pytest
from scripted_websocket import KINDS, echo

from flask import (
    Flask,
    abort,
    websocket,
)
from flask.testing import FlaskClient, WebsocketRefused


class Teapot(Exception):
    pass


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/abort", 401, "handled 401"),
        ("/teapot", 418, "teapot"),
        ("/value", 409, "no"),
        ("/crash", 500, "Internal Server Error"),
        ("/nothing", 403, ""),
        ("/close", 403, ""),
        ("/missing", 404, "Not Found"),
        ("/http", 400, "Bad Request"),
    ],
)
def test_what_refuses_a_handshake(
    app: Flask, client: FlaskClient, kind: str, path: str, status: int, text: str
) -> None:
    app.logger.disabled = True
    teardowns: list[BaseException | None] = []
    app.teardown_websocket(teardowns.append)
    app.register_error_handler(401, lambda error: ("handled 401", 401))
    app.register_error_handler(Teapot, lambda error: ("teapot", 418))

    def crash() -> t.NoReturn:
        raise ZeroDivisionError

    def teapot() -> t.NoReturn:
        raise Teapot

    doings: dict[str, t.Any] = {
        "/abort": lambda: abort(401),
        "/teapot": teapot,
        "/value": lambda: ("no", 409),
        "/crash": crash,
        "/nothing": lambda: None,
    }
    for at, do in doings.items():
        if kind == "sync":
            app.add_websocket(at, at.strip("/"), do)
        else:

            async def awaited(do: t.Any = do) -> t.Any:
                await asyncio.sleep(0)
                return do()

            app.add_websocket(at, at.strip("/"), awaited)

    @app.websocket("/close")
    async def close() -> None:
        await websocket.close()

    app.add_url_rule("/http", "http", lambda: "http")
    with pytest.raises(WebsocketRefused) as refused:
        client.websocket_connect(path)
    assert refused.value.status == status
    assert text in refused.value.text
    assert len(teardowns) == 1
    assert isinstance(teardowns[0], ZeroDivisionError) == (path == "/crash")


def test_a_hook_may_refuse(app: Flask, client: FlaskClient) -> None:
    app.before_websocket(lambda: ("closed today", 503))
    app.add_websocket("/", "echo", echo("async"))
    with pytest.raises(WebsocketRefused) as refused:
        client.websocket_connect("/")
    assert (refused.value.status, refused.value.text) == (503, "closed today")


def test_a_request_to_a_websocket_route_is_a_400(app: Flask, client: FlaskClient) -> None:
    app.add_websocket("/", "echo", echo("async"))
    assert client.get("/").status_code == 400


@pytest.mark.parametrize(
    ("allowed", "origin", "is_let_in"),
    [
        (None, None, True),
        (None, "http://localhost", True),
        (None, "http://localhost:81", False),
        (None, "https://evil.test", False),
        (None, "http://LOCALHOST", True),
        (None, "null", False),
        (None, "", False),
        (None, "localhost", False),
        (None, "//localhost", False),
        (None, "http://localhost.evil.test", False),
        (None, "http://localhost@evil.test", False),
        (None, "http://evil.test@localhost", False),
        (None, "http://evil.test#localhost", False),
        (None, "http://localhost/", False),
        (None, "http://[", False),
        (["https://a.test"], "https://a.test", True),
        (["https://a.test"], "https://a.test.evil.test", False),
        ("https://a.test", "https://a.test", True),
        ("https://a.test", "https://a.te", False),
        ("*", "https://evil.test", True),
        (["https://a.test"], "http://localhost", False),
        (["*"], "https://evil.test", True),
    ],
)
def test_the_origin_is_checked(
    app: Flask, client: FlaskClient, allowed: t.Any, origin: str | None, is_let_in: bool
) -> None:
    app.config["WEBSOCKET_ORIGINS"] = allowed
    app.add_websocket("/", "echo", echo("async"))
    headers = {} if origin is None else {"Origin": origin}
    if is_let_in:
        with client.websocket_connect("/", headers=headers) as ws:
            ws.send("x")
            assert ws.receive() == "x"
    else:
        with pytest.raises(WebsocketRefused) as refused:
            client.websocket_connect("/", headers=headers)
        assert refused.value.status == 403


OWN = {
    # host, scheme, origin                                              -> whether it is let in
    ("shop.example", "http", "http://shop.example:80"): True,
    ("shop.example:80", "http", "http://shop.example"): True,
    ("shop.example:8080", "http", "http://shop.example:8080"): True,
    ("shop.example:8080", "http", "http://shop.example"): False,
    ("shop.example", "http", "https://shop.example"): False,
    ("shop.example", "http", "ftp://shop.example"): False,
    ("shop.example:5000", "http", "https://shop.example:5000"): False,
    ("shop.example", "https", "https://shop.example"): True,
    ("shop.example:443", "https", "https://shop.example"): True,
    ("shop.example", "https", "https://SHOP.example:443"): True,
    ("shop.example", "https", "http://shop.example"): False,
    ("shop.example:443", "https", "http://shop.example:443"): False,
    ("shop.example", "proxied", "https://shop.example"): True,
    ("shop.example:443", "proxied", "https://shop.example"): True,
    ("shop.example", "proxied", "http://shop.example"): False,
}


@pytest.mark.parametrize(("known", "is_let_in"), OWN.items(), ids=map(" ".join, OWN))
def test_the_own_origin_is_a_scheme_and_a_host(
    app: Flask, client: FlaskClient, known: tuple[str, str, str], is_let_in: bool
) -> None:
    host, scheme, origin = known
    app.add_websocket("/", "echo", echo("async"))
    headers = {"Origin": origin, "Host": host}
    if scheme == "proxied":
        headers["X-Forwarded-Proto"] = "https"
    base_url = "https://localhost" if scheme == "https" else None
    if is_let_in:
        with client.websocket_connect("/", headers=headers, base_url=base_url) as ws:
            ws.send("x")
            assert ws.receive() == "x"
    else:
        with pytest.raises(WebsocketRefused) as refused:
            client.websocket_connect("/", headers=headers, base_url=base_url)
        assert refused.value.status == 403


def test_without_a_host_no_origin_is_its_own(app: Flask, client: FlaskClient) -> None:
    app.add_websocket("/", "echo", echo("async"))
    for origin in ("null", "http://"):
        with pytest.raises(WebsocketRefused) as refused:
            client.websocket_connect("/", headers={"Host": "", "Origin": origin})
        assert refused.value.status == 403
