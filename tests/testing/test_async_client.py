"""The test client for async tests."""

from __future__ import annotations

import asyncio
import typing as t

import pytest

from flask import Flask, request


def test_the_async_client_keeps_cookies_and_follows_redirects(app: Flask) -> None:
    from flask import redirect, session

    @app.route("/count", methods=["GET", "POST"])
    async def count() -> dict[str, t.Any]:
        session["n"] = session.get("n", 0) + 1
        return {"n": session["n"], "method": request.method, "json": request.get_json(silent=True)}

    app.add_url_rule("/go", "go", lambda: redirect("/count"), methods=["GET", "POST"])

    async def go() -> None:
        client = app.test_async_client()
        assert (await client.get("/count")).json["n"] == 1
        answer = await client.post("/count", json={"a": 1})
        assert answer.json == {"n": 2, "method": "POST", "json": {"a": 1}}
        answer = await client.post("/go", data="x", follow_redirects=True)
        assert answer.json == {"n": 3, "method": "GET", "json": None}
        assert [past.status_code for past in answer.history] == [302]
        with client.session_transaction() as opened:
            opened["n"] = 10
        assert (await client.get("/count")).json["n"] == 11
        assert (await app.test_async_client(use_cookies=False).get("/count")).json["n"] == 1

    asyncio.run(go())


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "patch", "delete", "options"])
def test_the_async_client_has_a_method_for_each_of_http(app: Flask, method: str) -> None:
    @app.route("/", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    async def view() -> tuple[str, dict[str, str]]:
        return "", {"X-Method": request.method}

    async def go() -> str:
        answer = await getattr(app.test_async_client(), method)("/")
        method_seen: str = answer.headers["X-Method"]
        return method_seen

    assert asyncio.run(go()) == method.upper()


def test_the_async_client_stops_at_a_redirect_loop(app: Flask) -> None:
    from flask import redirect

    app.add_url_rule("/", "view", lambda: redirect("/"))

    async def go() -> None:
        with pytest.raises(RuntimeError, match="more than 20 times"):
            await app.test_async_client().get("/", follow_redirects=True)

    asyncio.run(go())


def test_the_async_client_connects_to_websockets(app: Flask) -> None:
    from flask import websocket
    from flask.testing import WebsocketClosed, WebsocketRefused

    @app.websocket("/<name>")
    async def talk(name: str) -> t.Any:
        if name == "refused":
            return "no", 401
        await websocket.send_json({"name": name})
        return None

    async def go() -> None:
        client = app.test_async_client()
        async with client.websocket("/ann") as it:
            assert await it.receive_json() == {"name": "ann"}
            with pytest.raises(WebsocketClosed):
                await it.receive()
        with pytest.raises(WebsocketRefused) as refused:
            async with client.websocket("/refused"):
                pass
        assert (refused.value.status, refused.value.text) == (401, "no")

    asyncio.run(go())


def test_what_the_application_raises_reaches_the_async_test(app: Flask) -> None:
    app.testing = True

    @app.get("/")
    async def view() -> t.NoReturn:
        raise ValueError("failed")

    async def go() -> None:
        with pytest.raises(ValueError, match="failed"):
            await app.test_async_client().get("/")

    asyncio.run(go())
