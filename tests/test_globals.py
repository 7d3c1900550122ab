"""The proxies with the types that users see."""

from __future__ import annotations

import copy
import typing as t
from contextvars import ContextVar

import pytest
from werkzeug.local import LocalProxy

import flask
from flask import Flask, globals


def test_the_names_are_the_same_objects_everywhere() -> None:
    for name in ("current_app", "g", "request", "session"):
        assert getattr(flask, name) is getattr(globals, name)


def test_the_context_variables_hold_the_contexts(app: Flask) -> None:
    assert isinstance(globals._cv_app, ContextVar)
    assert globals._cv_app.get(None) is None
    assert globals._cv_request.get(None) is None
    with app.test_request_context("/x") as context:
        assert globals._cv_request.get() is context
        assert globals._cv_app.get().app is app
        assert globals.request_ctx == context
        assert globals.request_ctx.request.path == "/x"
        assert globals.app_ctx.app is app
    with app.app_context() as app_context:
        assert globals._cv_app.get() is app_context
        assert globals._cv_request.get(None) is None


def test_extensions_may_set_attributes_on_the_contexts(app: Flask) -> None:
    with app.test_request_context():
        globals.request_ctx.of_an_extension = 1  # type: ignore[attr-defined]
        globals.app_ctx.of_another = 2  # type: ignore[attr-defined]
        assert globals._cv_request.get().of_an_extension == 1  # type: ignore[attr-defined]
        assert globals._cv_app.get().of_another == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name", ["current_app", "g", "request", "session", "app_ctx", "request_ctx"]
)
def test_a_proxy_behaves_as_a_local_proxy(app: Flask, name: str) -> None:
    proxy = getattr(globals, name)
    assert isinstance(proxy, LocalProxy)
    assert type(proxy).__name__ == "LocalProxy"
    assert (repr(proxy), bool(proxy)) == ("<LocalProxy unbound>", False)
    assert dir(proxy) == []
    with pytest.raises(RuntimeError, match="Working outside of"):
        proxy._get_current_object()
    with pytest.raises(RuntimeError, match="Working outside of"):
        _ = proxy.anything
    with pytest.raises(RuntimeError, match="Working outside of"):
        proxy.anything = 1
    with app.test_request_context("/x"):
        current = proxy._get_current_object()
        assert not isinstance(current, LocalProxy)
        assert isinstance(proxy, type(current))
        assert repr(proxy) == repr(current)
        assert str(proxy) == str(current)
        assert set(dir(current)) <= set(dir(proxy))
        assert (proxy == current, proxy != current) == (True, False)
        with pytest.raises(AttributeError):
            _ = proxy.no_such_attribute
        proxy.set_by_test = 1
        assert current.set_by_test == 1
        del proxy.set_by_test
        assert not hasattr(proxy, "set_by_test")


def test_attributes_of_request_follow_the_current_one(app: Flask) -> None:
    """Whatever the request has, the proxy gives; none is forgotten, none is stale."""
    for path in ("/a?x=1", "/b?x=2"):
        with app.test_request_context(path, headers={"X-A": path}):
            current = flask.request._get_current_object()  # type: ignore[attr-defined]
            for name in dir(type(current)):
                if name.startswith("_") or callable(getattr(type(current), name, None)):
                    continue
                if name in ("form", "files", "values", "json", "data", "stream"):
                    continue
                assert getattr(flask.request, name) is getattr(current, name) or getattr(
                    flask.request, name
                ) == getattr(current, name), name
            assert flask.request.headers["X-A"] == path
            assert flask.request.args["x"] == path[-1]


def test_a_request_class_with_its_own_attributes_is_seen_through_the_proxy(app: Flask) -> None:
    class Own(flask.Request):
        @property
        def user_agent(self) -> str:  # type: ignore[override]
            return "own"

        extra = "extra"

    app.request_class = Own
    with app.test_request_context("/x"):
        assert (flask.request.user_agent, flask.request.extra) == ("own", "extra")  # type: ignore[attr-defined]
        flask.request.method = "SET"
        assert flask.request._get_current_object().method == "SET"  # type: ignore[attr-defined]


def test_items_operators_and_copies_go_through(app: Flask) -> None:
    with app.test_request_context():
        flask.session["a"] = 1
        assert (flask.session["a"], "a" in flask.session, len(flask.session)) == (1, True, 1)
        assert list(flask.session) == ["a"]
        assert flask.session | {"b": 2} == {"a": 1, "b": 2}  # type: ignore[operator]
        assert copy.copy(flask.session) == {"a": 1}
        del flask.session["a"]
        assert "a" not in flask.session
        flask.g.x = 1
        assert "x" in flask.g
        assert list(flask.g) == ["x"]


def test_attributes_of_the_application_go_through(app: Flask) -> None:
    with app.app_context():
        for name in ("config", "debug", "extensions", "jinja_env", "json", "logger", "name"):
            assert getattr(flask.current_app, name) == getattr(app, name)
        assert hash(flask.current_app) == hash(app)
        flask.current_app.config["X"] = 1
        assert app.config["X"] == 1


def test_the_messages_explain_what_to_do() -> None:
    for use, words in [
        (lambda: flask.current_app.name, ["application context", "app.app_context()"]),
        (lambda: flask.request.path, ["request context", "test_request_context"]),
    ]:
        with pytest.raises(RuntimeError) as caught:
            t.cast("t.Any", use)()
        text = str(caught.value)
        assert text.startswith("Working outside of ")
        assert [word for word in words if word not in text] == []
