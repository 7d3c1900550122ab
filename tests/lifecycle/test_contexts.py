"""Contexts: what is current when, nested, copied, and popped in the wrong order."""

from __future__ import annotations

import threading
import typing as t

import pytest
from werkzeug.routing import BaseConverter

import flask
from flask import (
    Flask,
    copy_current_request_context,
    current_app,
    g,
    has_app_context,
    has_request_context,
    request,
    session,
)
from flask.globals import app_ctx, request_ctx

pytestmark = pytest.mark.usefixtures("no_context_left")

OUTSIDE_APP = [
    pytest.param(lambda: current_app.name, id="current_app"),
    pytest.param(lambda: g.x, id="g"),
    pytest.param(lambda: app_ctx.app, id="app_ctx"),
    pytest.param(lambda: flask.url_for("x"), id="url_for"),
    pytest.param(lambda: flask.jsonify(1), id="jsonify"),
    pytest.param(lambda: flask.make_response("x"), id="make_response"),
    pytest.param(lambda: flask.render_template("x"), id="render_template"),
    pytest.param(lambda: flask.render_template_string("x"), id="render_template_string"),
    pytest.param(lambda: flask.get_template_attribute("x", "y"), id="get_template_attribute"),
]
OUTSIDE_REQUEST = [
    pytest.param(lambda: request.args, id="request"),
    pytest.param(lambda: session.get("x"), id="session"),
    pytest.param(lambda: request_ctx.request, id="request_ctx"),
    pytest.param(lambda: flask.flash("x"), id="flash"),
    pytest.param(lambda: flask.get_flashed_messages(), id="get_flashed_messages"),
    pytest.param(lambda: flask.send_file("x"), id="send_file"),
]


@pytest.mark.parametrize("use", OUTSIDE_APP)
def test_what_needs_an_application_raises_without_one(use: t.Callable[[], t.Any]) -> None:
    with pytest.raises(RuntimeError, match=r"^Working outside of application context\."):
        use()


@pytest.mark.parametrize("use", OUTSIDE_REQUEST)
def test_what_needs_a_request_raises_without_one(app: Flask, use: t.Callable[[], t.Any]) -> None:
    with (
        app.app_context(),
        pytest.raises(RuntimeError, match=r"^Working outside of request context\."),
    ):
        use()


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda: flask.after_this_request(lambda r: r), id="after_this_request"),
        pytest.param(lambda: copy_current_request_context(len), id="copy_current_request_context"),
        pytest.param(lambda: flask.stream_with_context(iter("ab")), id="stream_with_context"),
    ],
)
def test_functions_for_views_name_the_missing_request_context(
    app: Flask, use: t.Callable[[], t.Any]
) -> None:
    with app.app_context(), pytest.raises(RuntimeError, match="request context is active"):
        use()


def test_what_needs_no_context_works_without() -> None:
    assert flask.redirect("/x").headers["Location"] == "/x"
    assert flask.json.loads(flask.json.dumps({"a": 1})) == {"a": 1}
    with pytest.raises(Exception, match="404"):
        flask.abort(404)


def test_an_application_context_makes_the_application_current(app: Flask) -> None:
    assert not has_app_context()
    with app.app_context() as context:
        assert has_app_context()
        assert not has_request_context()
        assert current_app._get_current_object() is app  # type: ignore[attr-defined]
        assert app_ctx._get_current_object() is context  # type: ignore[attr-defined]
        g.x = 1
    assert not has_app_context()


def test_a_request_context_brings_an_application_context(app: Flask) -> None:
    with app.test_request_context("/path?a=1"):
        assert has_app_context()
        assert has_request_context()
        assert current_app == app
        assert request.path == "/path"
        assert request.args == {"a": ["1"]} or request.args.to_dict() == {"a": "1"}


def test_g_is_a_namespace(app: Flask) -> None:
    with app.app_context():
        g.a = 1
        assert (g.a, g.get("a"), g.get("b"), g.get("b", 2)) == (1, 1, None, 2)
        assert ("a" in g, "b" in g, list(g)) == (True, False, ["a"])
        assert (g.setdefault("a", 5), g.setdefault("c", 5), g.setdefault("d")) == (1, 5, None)
        assert (g.pop("a"), g.pop("a", 7)) == (1, 7)
        with pytest.raises(KeyError):
            g.pop("a")
        with pytest.raises(AttributeError):
            _ = g.a
        del g.c
        assert "c" not in g
        assert repr(g) == f"<flask.g of '{app.name}'>"


def test_g_is_new_in_each_application_context(app: Flask) -> None:
    with app.app_context():
        g.x = "outer"
        with app.app_context():
            assert "x" not in g
            g.x = "inner"
        assert g.x == "outer"


def test_a_request_shares_g_with_an_active_context_of_the_same_application(app: Flask) -> None:
    torn_down: list[str] = []
    app.teardown_appcontext(lambda exc: torn_down.append("app"))
    app.teardown_request(lambda exc: torn_down.append("request"))
    with app.app_context():
        g.x = 1
        with app.test_request_context():
            assert g.x == 1
            g.y = 2
        assert torn_down == ["request"]
        assert g.y == 2
    assert torn_down == ["request", "app"]


def test_requests_share_g_with_the_test_around_them_and_leave_its_context_alone(
    app: Flask,
) -> None:
    torn_down: list[str] = []
    app.teardown_appcontext(lambda exc: torn_down.append("app"))
    app.add_url_rule("/", "view", lambda: str(g.x))
    with app.app_context():
        g.x = 1
        assert app.test_client().get("/").text == "1"
        assert torn_down == []
    assert torn_down == ["app"]


def test_nested_requests_have_their_own_request_and_session(app: Flask) -> None:
    with app.test_request_context("/outer"):
        session["a"] = "outer"
        g.x = 1
        with app.test_request_context("/inner"):
            assert request.path == "/inner"
            assert "a" not in session
            assert g.x == 1
        assert request.path == "/outer"
        assert session["a"] == "outer"


def test_another_application_in_a_request_has_its_own_context(app: Flask) -> None:
    other = Flask("other")
    with app.test_request_context("/"):
        g.x = 1
        with other.test_request_context("/other"):
            assert current_app == other
            assert "x" not in g
        assert current_app == app
        assert g.x == 1


def test_a_request_inside_a_request_through_the_client(app: Flask) -> None:
    @app.route("/inner")
    def inner() -> str:
        return request.path

    @app.route("/outer")
    def outer() -> str:
        return f"{app.test_client().get('/inner').text} in {request.path}"

    assert app.test_client().get("/outer").text == "/inner in /outer"


@pytest.mark.parametrize("kind", ["app", "request"])
def test_popping_in_the_wrong_order_is_refused(app: Flask, kind: str) -> None:
    make = app.app_context if kind == "app" else app.test_request_context
    outer, inner = make(), make()

    def in_a_thread() -> None:
        outer.push()
        inner.push()
        with pytest.raises(AssertionError, match=f"Popped wrong {kind} context"):
            outer.pop()
        done.append(True)

    done: list[bool] = []
    thread = threading.Thread(target=in_a_thread)  # the mess that it leaves goes with the thread
    thread.start()
    thread.join()
    assert done == [True]


@pytest.mark.parametrize("kind", ["app", "request"])
def test_a_context_may_be_pushed_twice_and_ends_with_the_last_pop(app: Flask, kind: str) -> None:
    ended: list[str] = []
    app.teardown_appcontext(lambda exc: ended.append("app"))
    context = app.app_context() if kind == "app" else app.test_request_context()
    context.push()
    context.push()
    context.pop()
    assert ended == []
    assert has_app_context()
    context.pop()
    assert ended == ["app"]


def test_a_context_that_was_popped_may_be_pushed_again(app: Flask) -> None:
    ended: list[str] = []
    app.teardown_request(lambda exc: ended.append("request"))
    context = app.test_request_context("/again")
    for _ in range(2):
        with context:
            assert request.path == "/again"
    assert ended == ["request", "request"]


def test_teardown_gets_the_error_of_the_block(app: Flask) -> None:
    seen: list[str] = []
    app.teardown_request(lambda exc: seen.append(f"request {exc!r}"))
    app.teardown_appcontext(lambda exc: seen.append(f"app {exc!r}"))
    for make in (app.app_context, app.test_request_context):
        with pytest.raises(ValueError, match="failed"), make():
            raise ValueError("failed")
    with app.test_request_context():
        pass
    error = "ValueError('failed')"
    assert seen == [
        *(f"app {error}", f"request {error}", f"app {error}"),
        *("request None", "app None"),
    ]


def test_pop_without_an_argument_passes_the_error_being_handled(app: Flask) -> None:
    seen: list[BaseException | None] = []
    app.teardown_request(seen.append)
    context = app.test_request_context()
    context.push()
    error = ValueError("handled")
    try:
        raise error
    except ValueError:
        context.pop()
    context.push()
    context.pop(error)
    context.push()
    context.pop(None)
    assert seen == [error, error, None]


def test_a_copied_context_has_the_request_and_the_session(app: Flask) -> None:
    with app.test_request_context("/x") as original:
        session["a"] = 1
        g.x = 1
        copy = original.copy()
        outcome: list[t.Any] = []

        def elsewhere() -> None:
            with copy:
                outcome.extend([request.path, session["a"], "x" in g, current_app.name])

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert copy.request is original.request
    assert outcome == ["/x", 1, False, app.name]


def test_the_url_adapter_of_a_request_builds_and_matches(app: Flask) -> None:
    app.add_url_rule("/x/<int:n>", "x", lambda n: "")
    with app.test_request_context("/x/7") as context:
        assert context.url_adapter is not None
        assert context.url_adapter.build("x", {"n": 1}) == "/x/1"
        assert request.endpoint == "x"
        assert request.view_args == {"n": 7}


def test_the_url_adapter_of_an_application_needs_a_server_name(app: Flask) -> None:
    with app.app_context() as context:
        assert context.url_adapter is None
    app.config["SERVER_NAME"] = "x.test"
    with app.app_context() as context:
        assert context.url_adapter is not None


def test_a_missing_url_is_stored_and_not_raised(app: Flask) -> None:
    with app.test_request_context("/missing"):
        assert request.routing_exception is not None
        assert request.routing_exception.code == 404
        assert (request.url_rule, request.endpoint, request.view_args) == (None, None, None)


def test_the_proxies_are_real_proxies(app: Flask) -> None:
    from werkzeug.local import LocalProxy

    for proxy in (current_app, g, request, session):
        assert isinstance(proxy, LocalProxy)
        assert repr(proxy) == "<LocalProxy unbound>"
        assert not proxy
    with app.test_request_context("/x"):
        assert isinstance(request, flask.Request)
        assert isinstance(current_app, Flask)
        request.anything = 1  # type: ignore[attr-defined]
        assert request._get_current_object().anything == 1  # type: ignore[attr-defined]
        assert request == request_ctx.request
        assert hash(request) == hash(request_ctx.request)
        session["k"] = 1
        assert (session["k"], "k" in session, len(session), dict(session)) == (
            1,
            True,
            1,
            {"k": 1},
        )
        del session["k"]
        assert not session


def test_the_session_is_not_there_before_the_context_is_pushed(app: Flask) -> None:
    context = app.test_request_context()
    assert context._session is None if hasattr(context, "_session") else context.session is None


def test_preserved_contexts_are_handed_out_and_survive_the_request(app: Flask) -> None:
    kept: list[t.Any] = []
    ended: list[str] = []
    app.teardown_request(lambda exc: ended.append("request"))
    app.teardown_appcontext(lambda exc: ended.append("app"))
    app.add_url_rule("/x", "x", lambda: "x")
    client = app.test_client()
    client.get("/x", environ_overrides={"werkzeug.debug.preserve_context": kept.append})
    assert len(kept) == 2
    for context in kept:
        context.push()
    assert request.path == "/x"
    assert current_app == app
    for context in reversed(kept):
        context.pop()
    assert not has_request_context()
    assert ended.count("request") >= 1


def test_a_client_in_a_with_block_keeps_the_last_request(app: Flask) -> None:
    app.add_url_rule("/<x>", "x", lambda x: setattr(g, "x", x) or session.update(x=x) or x)
    with app.test_client() as client:
        client.get("/one")
        assert (request.path, g.x, session["x"]) == ("/one", "one", "one")
        client.get("/two")
        assert (request.path, g.x) == ("/two", "two")
    assert not has_request_context()


def test_the_application_context_of_a_request_may_be_pushed_in_another_thread(app: Flask) -> None:
    """It brings the application, and ends nothing there: docs/decisions/0006."""
    torn_down: list[str] = []
    seen: list[t.Any] = []
    app.teardown_request(lambda exc: torn_down.append("request"))
    app.teardown_appcontext(lambda exc: torn_down.append("app"))

    def in_background(context: t.Any) -> None:
        with context:
            seen.extend([current_app.name, has_app_context()])

    @app.route("/")
    def view() -> str:
        context = app_ctx._get_current_object()  # type: ignore[attr-defined]
        thread = threading.Thread(target=in_background, args=[context])
        thread.start()
        thread.join()
        torn_down.append("view")
        return "ok"

    assert app.test_client().get("/").text == "ok"
    assert seen == [app.name, True]
    assert torn_down[-3:] == ["view", "request", "app"]
    assert "request" not in torn_down[:-3]


def test_a_converter_may_look_at_the_request(app: Flask) -> None:
    class Named(BaseConverter):
        def to_python(self, value: str) -> str:
            return f"{value} of {request.path} on {current_app.name}"

    app.url_map.converters["named"] = Named
    app.add_url_rule("/<named:name>", "view", lambda name: name)
    client = app.test_client()
    answers = [client.get("/x").text for _ in range(3)]
    assert answers == [f"x of /x on {app.name}"] * 3
