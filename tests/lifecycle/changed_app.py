"""Applications and requests for the tests of changed attributes."""

from __future__ import annotations

import typing as t

from werkzeug.datastructures import Headers

from flask import (
    Flask,
)
from flask.sessions import SecureCookieSession


def get(app: Flask, path: str = "/", **options: t.Any) -> tuple[str, Headers, bytes]:
    """Return status, headers and body of the second answer: the first one decides things."""
    for _ in range(2):
        answer = app.test_client(use_cookies=False).get(path, **options)
    return answer.status, answer.headers, answer.data


def answering(answer: t.Callable[[], t.Any]) -> Flask:
    app = Flask("outside")
    app.secret_key = "a secret"
    app.add_url_rule("/", "index", answer)
    return app


class Marked(SecureCookieSession):
    permanent = True  # type: ignore[assignment]
