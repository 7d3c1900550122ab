"""HTTP over ASGI: how a response is sent, whole or streamed."""

from __future__ import annotations

import asyncio
import sys
import typing as t
from collections.abc import AsyncIterator, Iterator

import pytest
from scripted_server import Server, run, where

from flask import (
    Flask,
    Response,
    request,
    stream_with_context,
)

# Messages -----------------------------------------------------------------------------------------


def test_a_whole_body_is_one_message(app: Flask) -> None:
    app.get("/text", blocking=False)(lambda: "text")
    app.get("/list", endpoint="list", blocking=False)(lambda: Response(["a", "b"]))
    app.get("/changed", endpoint="changed", blocking=False)(lambda: ("text", {"X-Own": "1"}))
    app.get("/empty", endpoint="empty", blocking=False)(lambda: ("", 204))

    async def go() -> None:
        for path, body in (
            ("/text", b"text"),
            ("/changed", b"text"),
            ("/empty", b""),
        ):
            server = Server(app, path)
            _, message = await server.serve()
            assert message == {"type": "http.response.body", "body": body}
        server = Server(app, "/list")
        assert [m.get("more_body", False) for m in await server.serve()] == [
            False,
            True,
            True,
            False,
        ]

    run(go)


@pytest.mark.parametrize("view_kind", ["async", "sync"])
@pytest.mark.parametrize("kind", ["async", "sync"])
@pytest.mark.parametrize("asgi", [True, False])
def test_generators_of_either_kind_stream(
    app: Flask, view_kind: str, kind: str, asgi: bool
) -> None:
    def generate() -> Iterator[str]:
        for n in range(3):
            yield f"{request.path}{n} "

    async def generate_async() -> AsyncIterator[str]:
        for n in range(3):
            await asyncio.sleep(0)
            yield f"{request.path}{n} "

    def made() -> t.Any:
        return stream_with_context(generate if kind == "sync" else generate_async)()

    async def made_async() -> t.Any:
        return made()

    app.add_url_rule("/", "view", made if view_kind == "sync" else made_async)
    assert app.test_client(asgi=asgi).get("/").text == "/0 /1 /2 "


def test_an_async_generator_may_be_the_body_of_a_response(app: Flask) -> None:
    async def generate() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    app.add_url_rule("/", "view", lambda: (generate(), 201, {"X-Own": "1"}))
    app.add_url_rule("/r", "response", lambda: Response(generate(), mimetype="text/plain"))
    for asgi in (True, False):
        client = app.test_client(asgi=asgi)
        answer = client.get("/")
        assert (answer.status_code, answer.headers["X-Own"], answer.text) == (201, "1", "ab")
        assert client.get("/r").text == "ab"


def test_start_response_is_held_to_its_contract(app: Flask) -> None:
    def twice(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [])
        start_response("200 OK", [])

    def never(environ: t.Any, start_response: t.Any) -> t.Any:
        return [b"body"]

    def write(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [])(b"written ")
        return [b"and returned"]

    def replaced(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [])
        try:
            raise ValueError
        except ValueError:
            import sys

            start_response("500 Oh", [("A", "b")], sys.exc_info())
        return [b""]

    async def go() -> None:
        for faulty, words in ((twice, "called twice"), (never, "did not call start_response")):
            app.wsgi_app = faulty  # type: ignore[method-assign]
            with pytest.raises(AssertionError, match=words):
                await Server(app).serve()
        app.wsgi_app = write  # type: ignore[method-assign]
        server = Server(app)
        await server.serve()
        assert server.text == "written and returned"
        app.wsgi_app = replaced  # type: ignore[method-assign]
        server = Server(app)
        await server.serve()
        assert (server.status, server.sent[0]["headers"]) == (500, [(b"a", b"b")])

    run(go)


def test_an_error_in_the_middle_of_a_body_cannot_begin_another_answer(app: Flask) -> None:
    def wsgi_app(environ: t.Any, start_response: t.Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"part"
        try:
            raise ValueError("in the middle")
        except ValueError:
            start_response("500 Oh", [], sys.exc_info())
        yield b"never"

    app.wsgi_app = wsgi_app  # type: ignore[method-assign, assignment]

    async def go() -> None:
        server = Server(app)
        with pytest.raises(ValueError, match="in the middle"):
            await server.serve()
        assert (server.status, server.text) == (200, "part")

    run(go)


# Errors and unusual views -------------------------------------------------------------------------


@pytest.mark.parametrize("view_kind", ["async", "sync"])
@pytest.mark.parametrize("debug", [False, True])
def test_a_crash_is_logged_once(
    app: Flask, caplog: pytest.LogCaptureFixture, view_kind: str, debug: bool
) -> None:
    """By us, with a 500; in debug mode it is raised to the server, which logs it."""
    app.config["PROPAGATE_EXCEPTIONS"] = debug
    seen: list[t.Any] = []
    app.teardown_request(lambda error: seen.append(type(error)))

    async def crash() -> t.NoReturn:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    def crash_sync() -> t.NoReturn:
        raise ZeroDivisionError

    app.add_url_rule("/", "view", crash if view_kind == "async" else crash_sync)

    async def go() -> None:
        server = Server(app)
        if debug:
            with pytest.raises(ZeroDivisionError):
                await server.serve()
        else:
            await server.serve()
            assert server.status == 500

    run(go)
    assert len(caplog.records) == (not debug)
    assert seen == [ZeroDivisionError]


def test_a_stream_that_breaks_is_raised_to_the_server(app: Flask) -> None:
    @app.get("/")
    async def view() -> t.Any:
        async def generate() -> AsyncIterator[str]:
            yield "x"
            raise ZeroDivisionError

        return generate()

    async def go() -> None:
        server = Server(app)
        with pytest.raises(ZeroDivisionError):
            await server.serve()
        assert [message["type"] for message in server.sent] == [
            "http.response.start",
            "http.response.body",
        ]

    run(go)


def test_a_view_that_is_not_hashable_is_served(app: Flask) -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self) -> str:
            return where()

    app.add_url_rule("/", "view", Unhashable())
    for asgi in (False, True):
        assert app.test_client(asgi=asgi).get("/").text == "thread"
