"""The rest of a body is received when a response is sent before the body is complete."""

from __future__ import annotations

import asyncio
import typing as t

import pytest

from flask import Flask, request
from flask.asgi import _early_answers
from flask.asgi._early_answers import EarlyAnswers

Log = list[tuple[str, t.Any]]


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 10

    @app.post("/read")
    async def read() -> str:
        return str(len(request.get_data()))

    @app.post("/ignore")
    def ignore() -> str:
        return "ignored"

    @app.post("/empty")
    async def empty() -> tuple[str, int]:
        return "", 204

    return app


def serve(
    path: str,
    headers: dict[bytes, bytes],
    parts: list[bytes],
    *,
    ends: str = "complete",
    version: str = "1.1",
    app: t.Any = None,
) -> Log:
    """Serve a request whose client sends parts of a body; return what was received and sent."""
    log: Log = []
    waiting = list(parts)

    async def receive() -> dict[str, t.Any]:
        if waiting:
            part = waiting.pop(0)
            more = bool(waiting) or ends != "complete"
            log.append(("received", len(part)))
            return {"type": "http.request", "body": part, "more_body": more}
        if ends == "silent":
            await asyncio.Event().wait()
        log.append(("received", "disconnect"))
        return {"type": "http.disconnect"}

    async def send(message: dict[str, t.Any]) -> None:
        if message["type"] == "http.response.start":
            log.append(("status", message["status"]))
        else:
            log.append(("more" if message.get("more_body") else "last", message.get("body")))

    scope = {"type": "http", "method": "POST", "path": path, "query_string": b""}
    scope |= {"http_version": version, "headers": list(headers.items())}
    asyncio.run(EarlyAnswers(app or create_app().asgi_app)(scope, receive, send))
    return log


LONG = {b"content-length": b"300"}


def test_the_end_of_the_response_waits_for_the_body() -> None:
    log = serve("/read", LONG, [b"a" * 100] * 3)
    assert log[0] == ("status", 413)
    assert [kind for kind, _ in log[1:]] == ["more", "received", "received", "received", "last"]
    assert log[1][1].startswith(b"<!doctype")
    assert len(log[-1][1]) == 1


def test_a_synchronous_view_that_ignores_its_body_is_no_different() -> None:
    log = serve("/ignore", {b"transfer-encoding": b"chunked"}, [b"a" * 100] * 2)
    assert log == [
        *[("status", 200), ("more", b"ignore"), ("received", 100), ("received", 100)],
        ("last", b"d"),
    ]


def test_an_empty_response_comes_after_the_body() -> None:
    log = serve("/empty", {b"transfer-encoding": b"chunked"}, [b"a" * 100] * 2)
    assert log[-2:] == [("received", 100), ("last", b"")]
    assert "more" not in dict(log)


def test_a_body_that_was_read_changes_nothing() -> None:
    log = serve("/read", {b"content-length": b"4"}, [b"aaaa"])
    assert log == [("received", 4), ("status", 200), ("last", b"4")]


WHOLE: list[tuple[dict[bytes, bytes], str]] = [
    ({}, "1.1"),
    ({b"content-length": b"0"}, "1.1"),
    ({b"content-length": b"300", b"expect": b"100-continue"}, "1.1"),  # the client sends nothing
    ({b"content-length": b"300"}, "2"),  # the server ends the stream without a reset
]


@pytest.mark.parametrize(("headers", "version"), WHOLE)
def test_other_requests_are_not_waited_for(headers: dict[bytes, bytes], version: str) -> None:
    parts = [b""] if headers.get(b"content-length") == b"0" else []
    log = serve(
        "/ignore", headers, parts, ends="silent" if not parts else "complete", version=version
    )
    assert log[-1] == ("last", b"ignored")


def test_a_client_that_disconnects_ends_the_wait() -> None:
    log = serve("/read", LONG, [b"a" * 100], ends="disconnect")
    assert log[-2] == ("received", "disconnect")
    assert log[-1][0] == "last"


@pytest.mark.parametrize("limit", ["_MAX_SILENCE", "_MAX_SECONDS"])
def test_a_client_that_stops_sending_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(_early_answers, limit, 0.01)
    log = serve("/read", LONG, [b"a" * 100], ends="silent")
    assert log[-2] == ("received", 100)
    assert log[-1][0] == "last"


def test_a_body_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_early_answers, "_MAX_BYTES", 250)
    log = serve("/read", {b"transfer-encoding": b"chunked"}, [b"a" * 100] * 50)
    kinds = [kind for kind, _ in log]
    assert kinds[kinds.index("more") :] == ["more", "received", "received", "received", "last"]


def test_other_connections_pass_through() -> None:
    seen = []

    async def app(scope: t.Any, receive: t.Any, send: t.Any) -> None:
        seen.append((scope, receive, send))

    scope = {"type": "lifespan"}
    asyncio.run(t.cast("t.Any", EarlyAnswers(app)(scope, print, repr)))  # type: ignore[arg-type]
    assert seen == [(scope, print, repr)]
