"""Requests to an application in debug mode, over both protocols, as servers send them."""

from __future__ import annotations

import asyncio
import io
import typing as t
from collections.abc import Callable

from werkzeug.test import Client, EnvironBuilder

from flask import Flask
from flask._debug.wsgi import Debugger

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Answer(t.NamedTuple):
    """A response, and what the server has got besides."""

    status: int
    headers: dict[str, str]
    text: str
    raised: BaseException | None
    """The error that the server got; under WSGI the debugger is the last to get it."""


Ask = Callable[..., Answer]


def ask_wsgi(app: Flask, path: str = "/", accept: str = BROWSER, **options: t.Any) -> Answer:
    headers = {"Accept": accept, "Host": "localhost", **options.pop("headers", {})}
    errors = io.StringIO()
    response = Client(Debugger(app, evalex=True), use_cookies=False).open(
        path, headers=headers, errors_stream=errors, **options
    )
    return Answer(response.status_code, dict(response.headers), response.text, None)


def ask_asgi(app: Flask, path: str = "/", accept: str = BROWSER, **options: t.Any) -> Answer:
    headers = {"Accept": accept, "Host": "localhost", **options.pop("headers", {})}
    environ = EnvironBuilder(path, headers=headers, **options).get_environ()
    body = environ["wsgi.input"].read()
    fields = [
        (name[5:].replace("_", "-").lower().encode(), str(value).encode())
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    if body:
        fields.append((b"content-type", environ["CONTENT_TYPE"].encode()))
        fields.append((b"content-length", environ["CONTENT_LENGTH"].encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"],
        "root_path": "",
        "scheme": "http",
        "query_string": environ["QUERY_STRING"].encode(),
        "headers": fields,
        "client": ("127.0.0.1", 4000),
        "server": ("localhost", 80),
    }
    return asyncio.run(call_asgi(app, scope, body))


async def call_asgi(app: Flask, scope: dict[str, t.Any], body: bytes) -> Answer:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[dict[str, t.Any]] = []

    async def receive() -> dict[str, t.Any]:
        if waiting:
            return waiting.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: t.Any) -> None:
        sent.append(message)

    raised: BaseException | None = None
    try:
        await app(scope, receive, send)
    except Exception as error:
        raised = error
    if not sent:
        return Answer(0, {}, "", raised)
    headers = {name.decode().title(): value.decode() for name, value in sent[0]["headers"]}
    text = b"".join(message["body"] for message in sent[1:]).decode()
    return Answer(sent[0]["status"], headers, text, raised)
