"""The variable ``flask.globals._cv_app``: a request sets it once code has asked for it."""

from __future__ import annotations

import subprocess
import sys
import typing as t

import pytest

import flask.globals
from flask import Flask, Response, current_app, g, has_app_context, has_request_context, request
from flask import stream_with_context as with_context
from flask._core import current
from flask.globals import app_ctx, request_ctx
from flask.testing import FlaskClient


@pytest.fixture(params=["private", "public"])
def app(request: pytest.FixtureRequest, app: Flask) -> Flask:
    """An application, before and after code has imported the variable."""
    if request.param == "public":
        _ = flask.globals._cv_app
    return app


def state() -> tuple[t.Any, ...]:
    """Return what is current: objects and not proxies."""
    request_context = request_ctx._get_current_object() if has_request_context() else None  # type: ignore[attr-defined]
    app_context = app_ctx._get_current_object() if has_app_context() else None  # type: ignore[attr-defined]
    return app_context, request_context, current_app._get_current_object() if app_context else None


def test_a_request_is_its_own_application_context(app: Flask) -> None:
    context = app.test_request_context()
    with context:
        assert state() == (context, context, app)
        g.a = 1
        assert app_ctx.g.a == 1
        assert flask.globals._cv_app.get() is context
        assert flask.globals._cv_request.get() is context
    assert state() == (None, None, None)
    assert flask.globals._cv_app.get(None) is None


def test_an_application_context_inside_of_a_request(app: Flask) -> None:
    other = Flask("other")
    outer = app.test_request_context()
    with outer:
        with other.app_context() as inner:
            assert state() == (inner, outer, other)
            assert flask.globals._cv_app.get() is inner
        assert state() == (outer, outer, app)


def test_a_request_inside_of_a_request_shares_the_application_context(app: Flask) -> None:
    outer, inner = app.test_request_context("/outer"), app.test_request_context("/inner")
    with outer:
        with inner:
            assert state() == (outer, inner, app)
            assert request.path == "/inner"
        assert state() == (outer, outer, app)
        with outer:  # once more
            assert state() == (outer, outer, app)
        assert state() == (outer, outer, app)
    assert state() == (None, None, None)


def test_a_request_of_another_application_inside_of_a_request(app: Flask) -> None:
    other = Flask("other")
    with app.test_request_context() as outer:
        with other.test_request_context() as inner:
            assert state() == (inner, inner, other)
        assert state() == (outer, outer, app)


def test_a_request_inside_of_an_application_context_shares_it(app: Flask) -> None:
    with app.app_context() as outer:
        with app.test_request_context() as inner:
            assert state() == (outer, inner, app)
        assert state() == (outer, None, app)


def test_the_application_context_is_current_longer_than_the_request(app: Flask) -> None:
    found: list[tuple[bool, bool, t.Any]] = []
    app.teardown_appcontext(
        lambda error: found.append((has_app_context(), has_request_context(), app_ctx.app))
    )
    app.add_url_rule("/", "view", lambda: "ok")
    app.test_client().get("/")
    assert found == [(True, False, app)]
    assert state() == (None, None, None)


def test_the_variable_may_be_imported_by_a_view(app: Flask, client: FlaskClient) -> None:
    @app.route("/")
    def view() -> str:
        from flask.globals import _cv_app

        assert _cv_app.get() is app_ctx._get_current_object()  # type: ignore[attr-defined]
        return _cv_app.get().app.name

    assert client.get("/").text == app.name
    assert client.get("/").text == app.name
    assert state() == (None, None, None)
    assert flask.globals._cv_app.get(None) is None


def test_a_stream_keeps_both_contexts(app: Flask, client: FlaskClient) -> None:
    @app.route("/")
    def view() -> Response:
        return Response(with_context(str(has_app_context() and app_ctx.app is app) for _ in "ab"))

    assert client.get("/").text == "TrueTrue"
    assert state() == (None, None, None)


@pytest.mark.parametrize("module", ["flask.globals", "flask.ctx", "flask.app", "flask.helpers"])
def test_each_import_of_the_variable_is_noticed(module: str) -> None:
    program = (
        "import flask, flask._core.current as current\n"
        "assert not current.published\n"
        f"from {module} import _cv_app\n"
        "assert current.published\n"
        "with flask.Flask('a').test_request_context() as context:\n"
        "    assert _cv_app.get() is context\n"
        "assert _cv_app.get(None) is None\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("name", ["app_ctx", "current_app", "g"])
def test_the_variable_of_a_proxy_is_noticed_too(name: str) -> None:
    proxy: t.Any = getattr(flask.globals, name)
    assert proxy.__wrapped__ is current._app_variable
    assert current.published
