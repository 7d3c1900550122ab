"""Registers, views and settings that change after the first request take effect."""

from __future__ import annotations

import typing as t

import pytest
from werkzeug.exceptions import NotFound

from flask import Blueprint, Flask, Response, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface


def test_registers_changed_after_the_first_request_take_effect(app: Flask) -> None:
    app.add_url_rule("/", "view", lambda: "first")
    client = app.test_client()
    assert client.get("/").text == "first"

    app.view_functions["view"] = lambda: "second"
    assert client.get("/").text == "second"

    app.before_request_funcs.setdefault(None, []).append(lambda: "before")
    assert client.get("/").text == "before"
    app.before_request_funcs[None].clear()
    assert client.get("/").text == "second"

    def mark(response: Response) -> Response:
        response.headers["X-Mark"] = "yes"
        return response

    app.after_request_funcs.setdefault(None, []).append(mark)
    assert client.get("/").headers["X-Mark"] == "yes"
    app.after_request_funcs.clear()
    assert "X-Mark" not in client.get("/").headers

    seen: list[t.Any] = []
    app.teardown_request_funcs.setdefault(None, []).append(seen.append)
    app.teardown_appcontext_funcs.append(lambda exc: seen.append("app"))
    client.get("/")
    assert seen == [None, "app"]

    app.error_handler_spec[None][404][NotFound] = lambda error: "caught"
    assert client.get("/missing").text == "caught"

    endpoints: list[str | None] = []
    app.url_value_preprocessors.setdefault(None, []).append(lambda e, v: endpoints.append(e))
    client.get("/")
    assert endpoints == ["view"]

    app.template_context_processors[None].append(lambda: {"late": "processor"})
    with app.app_context():
        from flask import render_template_string

        assert render_template_string("{{ late }}") == "processor"

    app.url_default_functions.setdefault(None, []).append(lambda e, v: v.setdefault("q", 1))
    with app.test_request_context():
        assert url_for("view") == "/?q=1"


def test_a_whole_register_may_be_replaced(app: Flask) -> None:
    app.add_url_rule("/", "view", lambda: "first")
    client = app.test_client()
    client.get("/")
    app.before_request_funcs = {None: [lambda: "replaced"]}
    assert client.get("/").text == "replaced"
    app.before_request_funcs = {}
    app.view_functions = {"view": lambda: "new dict"}
    assert client.get("/").text == "new dict"


def test_a_sync_view_may_be_replaced_by_an_async_one_and_back(app: Flask) -> None:
    async def waits() -> str:
        return "async"

    app.add_url_rule("/", "view", lambda: "sync")
    client = app.test_client()
    answers = [client.get("/").text]
    app.view_functions["view"] = waits
    answers.append(client.get("/").text)
    app.view_functions["view"] = lambda: "sync again"
    answers.append(client.get("/").text)
    assert answers == ["sync", "async", "sync again"]


def test_a_wrapped_view_is_called_through_its_wrapper(app: Flask) -> None:
    app.add_url_rule("/", "view", lambda: "inner")
    client = app.test_client()
    client.get("/")
    for endpoint, view in list(app.view_functions.items()):
        app.view_functions[endpoint] = lambda view=view, **kwargs: f"wrapped {view(**kwargs)}"
    assert client.get("/").text == "wrapped inner"


def test_settings_changed_after_the_first_request_take_effect(app: Flask) -> None:
    app.add_url_rule("/", "view", lambda: session.update(a=1) or "ok")
    client = app.test_client()
    client.get("/")
    app.config["SESSION_COOKIE_NAME"] = "renamed"
    assert client.get("/").headers["Set-Cookie"].startswith("renamed=")


def test_setup_methods_are_refused_after_the_first_request(app: Flask) -> None:
    app.test_client().get("/")
    for setup in (
        lambda: app.route("/x"),
        lambda: app.get("/x"),
        lambda: app.add_url_rule("/x", "x"),
        lambda: app.endpoint("x"),
        lambda: app.before_request(lambda: None),
        lambda: app.after_request(lambda r: r),
        lambda: app.teardown_request(lambda e: None),
        lambda: app.teardown_appcontext(lambda e: None),
        lambda: app.context_processor(dict),
        lambda: app.shell_context_processor(dict),
        lambda: app.errorhandler(404),
        lambda: app.register_error_handler(404, lambda e: ""),
        lambda: app.url_defaults(lambda e, v: None),
        lambda: app.url_value_preprocessor(lambda e, v: None),
        lambda: app.template_filter("x"),
        lambda: app.template_test("x"),
        lambda: app.template_global("x"),
        lambda: app.add_template_filter(str, "x"),
        lambda: app.register_blueprint(t.cast("t.Any", None)),
    ):
        with pytest.raises(AssertionError, match="has already handled its first request"):
            setup()


def test_hooks_of_one_blueprint_alone_do_not_touch_the_others(app: Flask) -> None:
    ran: list[str] = []
    one, two = Blueprint("one", __name__), Blueprint("two", __name__)
    one.before_request(lambda: ran.append("before"))
    one.after_request(lambda response: ran.append("after") or response)
    one.teardown_request(lambda exc: ran.append("teardown"))
    one.add_url_rule("/one", "view", lambda: "one")
    two.add_url_rule("/two", "view", lambda: "two")
    app.register_blueprint(one)
    app.register_blueprint(two)
    app.add_url_rule("/", "view", lambda: "app")
    client = app.test_client()
    assert [client.get(path).text for path in ("/two", "/")] == ["two", "app"]
    assert ran == []
    assert client.get("/one").text == "one"
    assert ran == ["before", "after", "teardown"]


@pytest.mark.parametrize("on_demand", [True, False])
def test_an_interface_decides_whether_its_session_is_opened_lazily(
    app: Flask, on_demand: bool
) -> None:
    opened: list[str] = []

    class Own(SecureCookieSessionInterface):
        opens_on_demand = on_demand

        def open_session(self, app: t.Any, request: t.Any) -> t.Any:
            opened.append(request.path)
            return super().open_session(app, request)

    app.session_interface = Own()
    app.add_url_rule("/", "view", lambda: "untouched")
    app.test_client().get("/")
    assert opened == ([] if on_demand else ["/"])


def test_a_session_may_be_assigned_to_a_context(app: Flask) -> None:
    with app.test_request_context() as context:
        context._session = SecureCookieSession({"a": 2})
        assert session["a"] == 2
