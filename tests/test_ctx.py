"""The public names of ``flask.ctx``; ``lifecycle/`` tests contexts in requests."""

from __future__ import annotations

import typing as t

import pytest

from flask import Flask, has_app_context, has_request_context
from flask.ctx import AppContext, RequestContext, _AppCtxGlobals


def test_contexts_are_made_from_an_application(app: Flask) -> None:
    with AppContext(app) as context:
        assert context.app is app
        assert isinstance(context.g, _AppCtxGlobals)
        assert isinstance(app.app_context(), AppContext)
    with app.test_request_context("/x") as made:
        environ = made.request.environ
    with RequestContext(app, environ) as request_context:
        assert request_context.request.path == "/x"
        assert request_context.session is not None
        assert request_context.flashes is None
    assert not has_app_context()


def test_a_request_and_a_session_may_be_given(app: Flask) -> None:
    with app.test_request_context("/given") as made:
        given = made.request
    session: t.Any = {"given": 1}

    class Session(dict[str, t.Any]):
        accessed = modified = permanent = False

    session = Session(given=1)
    with RequestContext(app, given.environ, request=given, session=session) as context:
        assert context.request is given
        assert context.session == {"given": 1}


@pytest.mark.parametrize("kind", ["app", "request"])
def test_a_context_that_is_not_pushed_cannot_be_popped(app: Flask, kind: str) -> None:
    context = app.app_context() if kind == "app" else app.test_request_context()
    with pytest.raises((LookupError, AssertionError)):
        context.pop()
    assert not has_request_context()


def test_it_shows_what_it_is(app: Flask) -> None:
    context = app.test_request_context("/x?a=1", method="POST")
    assert repr(context) == (f"<RequestContext 'http://localhost/x?a=1' [POST] of {app.name}>")


def test_g_outside_a_context_shows_its_class() -> None:
    assert "_AppCtxGlobals" in repr(_AppCtxGlobals())


def test_g_may_be_of_another_class(app: Flask) -> None:
    class Own(_AppCtxGlobals):
        @property
        def shout(self) -> str:
            return str(self.get("word", "")).upper()

    app.app_ctx_globals_class = Own
    with app.app_context() as context:
        context.g.word = "x"
        assert context.g.shout == "X"
