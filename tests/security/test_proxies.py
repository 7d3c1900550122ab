"""Forwarded headers are believed from trusted addresses only."""

from __future__ import annotations

import asyncio
import logging
import typing as t

import pytest
from protocol_client import Client

from flask import Flask, request
from flask.security import Security
from flask.security._proxies import (
    AsgiProxies,
    ConflictingHeaders,
    TrustedProxies,
    split_quoted,
)

PROXY, INNER, CLIENT, EVIL = "10.0.0.1", "10.0.0.2", "203.0.113.7", "198.51.100.9"
FOR, PROTO, HOST = "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"
NETWORKS = ["10.0.0.0/8", "::1", "fd00::/8"]

CLIENTS: list[tuple[str, dict[str, str], str | None]] = [
    # the address that connects, its headers, the address of the client; None: nothing is believed
    (PROXY, {}, None),
    (EVIL, {FOR: CLIENT}, None),
    ("", {FOR: CLIENT}, None),
    ("unix", {FOR: CLIENT}, None),
    (PROXY, {FOR: CLIENT}, CLIENT),
    (PROXY, {FOR: f"{EVIL}, {CLIENT}"}, CLIENT),
    (PROXY, {FOR: f"{EVIL}, {CLIENT}, {INNER}"}, CLIENT),
    (PROXY, {FOR: f"{INNER}, {CLIENT}"}, CLIENT),
    (PROXY, {FOR: INNER}, INNER),
    (PROXY, {FOR: f" {CLIENT} ,, "}, CLIENT),
    (PROXY, {FOR: f"{CLIENT}:4711"}, CLIENT),
    (PROXY, {FOR: "[2001:db8::1]:4711"}, "2001:db8::1"),
    (PROXY, {FOR: "2001:db8::1"}, "2001:db8::1"),
    (PROXY, {FOR: "unknown"}, PROXY),
    (PROXY, {FOR: "<script>"}, PROXY),
    (PROXY, {FOR: ", ".join([EVIL] * 1000 + [CLIENT])}, CLIENT),
    (PROXY, {PROTO: "https"}, PROXY),
    ("::1", {FOR: CLIENT}, CLIENT),
    ("::ffff:10.0.0.1", {FOR: CLIENT}, CLIENT),
    ("fe80::1%eth0", {FOR: CLIENT}, None),
    (PROXY, {"forwarded": f"for={CLIENT};proto=https"}, CLIENT),
    (PROXY, {"forwarded": f"for={EVIL}, for={CLIENT}"}, CLIENT),
    (PROXY, {"forwarded": 'for="[2001:db8::1]:4711"'}, "2001:db8::1"),
    (PROXY, {"forwarded": 'FOR="203.0.113.7:80";by=x'}, CLIENT),
    (PROXY, {"forwarded": "for=_hidden"}, PROXY),
    (PROXY, {"forwarded": "for=unknown, for=10.0.0.2"}, PROXY),
    (PROXY, {"forwarded": ";;,=,"}, PROXY),
    (PROXY, {"forwarded": f"for={CLIENT}", FOR: CLIENT}, CLIENT),
    (EVIL, {"forwarded": f"for={CLIENT}"}, None),
]


@pytest.mark.parametrize(("peer", "headers", "address"), CLIENTS)
def test_the_client_is_the_last_address_that_is_not_trusted(
    peer: str, headers: dict[str, str], address: str | None
) -> None:
    client = TrustedProxies(NETWORKS).find_client(peer, headers)
    assert (client and client.address) == (address if headers else client and client.address)


COUNTED = [(1, CLIENT), (2, EVIL), (3, INNER), (9, INNER)]


@pytest.mark.parametrize(("count", "address"), COUNTED)
def test_proxies_can_be_counted(count: int, address: str) -> None:
    client = TrustedProxies(count).find_client("", {FOR: f"{INNER}, {EVIL}, {CLIENT}"})
    assert client is not None
    assert client.address == address


def test_the_other_headers_are_those_of_the_same_proxy() -> None:
    headers = {
        FOR: f"{EVIL}, {CLIENT}, {INNER}",
        PROTO: "http, https, http",
        HOST: "e, shop, i",
        "x-forwarded-port": "1, 8443, 2",
        "x-forwarded-prefix": "/shop/",
    }
    client = TrustedProxies(NETWORKS).find_client(PROXY, headers)
    assert client is not None
    assert (client.scheme, client.host, client.port, client.prefix) == (
        *("https", "shop"),
        *("8443", "/shop"),
    )


MALFORMED = [
    {PROTO: "javascript"},
    {"x-forwarded-port": "x"},
    {"x-forwarded-port": "999999"},
    {"x-forwarded-prefix": "//evil.example"},
    {"x-forwarded-prefix": "evil"},
]


@pytest.mark.parametrize("headers", MALFORMED)
def test_malformed_values_are_left_out(headers: dict[str, str]) -> None:
    client = TrustedProxies(NETWORKS).find_client(PROXY, headers)
    assert client is not None
    assert (client.scheme, client.port, client.prefix) == (None, None, None)


def test_headers_that_contradict_each_other_are_refused() -> None:
    headers = {FOR: CLIENT, "forwarded": f"for={EVIL}"}
    with pytest.raises(ConflictingHeaders, match="TRUSTED_PROXY_HEADER"):
        TrustedProxies(NETWORKS).find_client(PROXY, headers)
    for header, address in (("forwarded", EVIL), ("x-forwarded", CLIENT)):
        client = TrustedProxies(NETWORKS, header).find_client(PROXY, headers)
        assert client is not None
        assert client.address == address


@pytest.mark.parametrize("proxies", ["10.0.0.0/8", ["10.0.0.0/99"], ["proxy.example"], -1])
def test_proxies_that_are_none_are_an_error(proxies: t.Any) -> None:
    with pytest.raises(ValueError, match="TRUSTED_PROXIES"):
        TrustedProxies(proxies)


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a, b", ["a", "b"]), ('a="x,y", b', ['a="x,y"', "b"]), (r'a="\",", b', [r'a="\","', "b"])],
)
def test_a_comma_in_quotes_does_not_split(text: str, parts: list[str]) -> None:
    assert split_quoted(text) == parts


def proxied(app: Flask, **config: object) -> None:
    app.config.update(TRUSTED_PROXIES=["127.0.0.1"], **config)

    @app.get("/")
    def show() -> dict[str, t.Any]:
        return {
            "address": request.remote_addr,
            "url": request.url,
            "secure": request.is_secure,
            "root": request.script_root,
        }

    Security(app)


def test_the_application_sees_the_client(client: Client) -> None:
    proxied(client.app)
    headers = {FOR: CLIENT, PROTO: "https", HOST: "shop.example", "x-forwarded-prefix": "/shop"}
    assert client.get("/", headers=headers).json == {
        "address": CLIENT,
        "url": "https://shop.example/shop/",
        "secure": True,
        "root": "/shop",
    }
    assert client.get("/").json["address"] == "127.0.0.1"
    by_forwarded = {"Forwarded": f'for="{CLIENT}:80";proto=https;host="shop.example:8443"'}
    answer = client.get("/", headers=by_forwarded)
    assert answer.json["url"] == "https://shop.example:8443/"


def test_a_client_that_is_no_proxy_is_not_believed(client: Client) -> None:
    proxied(client.app, TRUSTED_PROXY_HEADER="x-forwarded")
    client.app.config["TRUSTED_HOSTS"] = ["localhost"]
    headers = {FOR: CLIENT, HOST: "evil.example"}
    assert client.get("/", headers=headers).status_code == 400


def test_contradicting_headers_are_a_400(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    proxied(client.app)
    with caplog.at_level(logging.WARNING):
        answer = client.get("/", headers={FOR: CLIENT, "Forwarded": f"for={EVIL}"})
    assert answer.status_code == 400
    assert "TRUSTED_PROXY_HEADER" in caplog.text


def test_the_setting_must_come_first(app: Flask) -> None:
    Security(app)
    app.config["TRUSTED_PROXIES"] = 1
    app.testing = True
    with pytest.raises(RuntimeError, match="TRUSTED_PROXIES was set after"):
        app.test_client().get("/")


def test_a_websocket_has_the_client_too() -> None:
    seen: list[t.Any] = []

    async def app(scope: t.Any, receive: t.Any, send: t.Any) -> None:
        seen.append(scope)

    middleware = AsgiProxies(app, TrustedProxies(NETWORKS))
    scope = {
        "type": "websocket",
        "scheme": "ws",
        "client": (PROXY, 1),
        "server": ("a", 80),
        "headers": [(b"x-forwarded-for", CLIENT.encode()), (b"x-forwarded-proto", b"https")],
        "path": "/ws",
    }
    asyncio.run(middleware(scope, None, None))
    asyncio.run(middleware({**scope, "client": (EVIL, 1)}, None, None))
    assert [(each["client"][0], each["scheme"]) for each in seen] == [(CLIENT, "wss"), (EVIL, "ws")]
