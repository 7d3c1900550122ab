"""Contexts that begin and end inside of a request, as a table."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from flask import Flask, copy_current_request_context, request


def _ask_other(app: Flask, asgi: bool) -> None:
    other = Flask("other")
    other.teardown_request(lambda error: None)
    other.teardown_appcontext(lambda error: None)
    other.add_url_rule("/", "view", lambda: "other")
    assert other.test_client(asgi=asgi).get("/").text == "other"


def _enter(context: t.Any) -> None:
    with context:
        pass


def _push_twice(app: Flask) -> None:
    context = app.test_request_context("/nested")
    context.push()
    context.push()
    context.pop()
    context.pop()


INSIDE: dict[str, Callable[[Flask], t.Any]] = {
    "nothing": lambda app: None,
    "application context": lambda app: _enter(app.app_context()),
    "another application's context": lambda app: _enter(Flask("other").app_context()),
    "request context": lambda app: _enter(app.test_request_context("/nested")),
    "pushed twice": _push_twice,
    "same environment": lambda app: _enter(app.request_context(request.environ)),
    "copied context": lambda app: copy_current_request_context(lambda: None)(),
    "client of another application": lambda app: _ask_other(app, False),
    "ASGI client of another application": lambda app: _ask_other(app, True),
    "client of the same application": lambda app: app.test_client().get("/nested"),
}
