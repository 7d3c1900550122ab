"""Context variables and raw proxies, the same objects as the public ones."""

from __future__ import annotations

import flask.globals
from flask import Flask, has_app_context, has_request_context
from flask._core import current
from flask.globals import app_ctx


def test_the_public_proxies_are_the_raw_ones() -> None:
    for name in ("app_ctx", "current_app", "g", "request_ctx", "request", "session"):
        assert getattr(flask.globals, name) is getattr(current, name)
    assert flask.globals._cv_app is current._cv_app
    assert flask.globals._cv_request is current._cv_request


def test_the_ground_knows_no_classes_of_contexts() -> None:
    """The proxies read the object that the variable holds."""

    class Anything:
        class app:
            name = "anything"

        g = {"key": "value"}

    token = current._cv_app.set(Anything())
    try:
        assert current.current_app.name == "anything"
        assert current.g["key"] == "value"
        assert "key" in current.g
        current.g["new"] = 1
        assert Anything.g == {"key": "value", "new": 1}
        assert has_app_context()
        assert not has_request_context()
    finally:
        current._cv_app.reset(token)
    assert not has_app_context()


def test_a_proxy_to_the_context_itself(app: Flask) -> None:
    with app.app_context() as context:
        assert app_ctx._get_current_object() is context  # type: ignore[attr-defined]
        assert app_ctx.app is app
