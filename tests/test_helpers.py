"""What views call: build URLs, redirect, abort, flash."""

from __future__ import annotations

import typing as t

import pytest
import werkzeug.wrappers
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    request,
    url_for,
)


@pytest.fixture
def routed(app: Flask) -> Flask:
    def view(**values: t.Any) -> str:
        return ""

    for rule, endpoint in [
        ("/", "index"),
        ("/user/<name>", "user"),
        ("/int/<int:n>", "int"),
        ("/any/<any(a,b):x>", "any"),
        ("/path/<path:p>", "path"),
        ("/float/<float:f>", "float"),
        ("/both", "both"),
        ("/both/<int:page>", "both"),
    ]:
        app.add_url_rule(rule, endpoint, view)
    app.add_url_rule("/m", "method", view, methods=["GET"])
    app.add_url_rule("/m/post", "method", view, methods=["POST"])
    app.add_url_rule("/build", "build", view, build_only=True)
    blueprint = Blueprint("bp", "x", url_prefix="/bp")
    blueprint.add_url_rule("/", "index", lambda: url_for(".other"))
    blueprint.add_url_rule("/other", "other", view)
    app.register_blueprint(blueprint)
    return app


BUILT: list[tuple[str, dict[str, t.Any], str]] = [
    ("index", {}, "/"),
    ("index", {"q": 1}, "/?q=1"),
    ("index", {"q": ["a", "b"]}, "/?q=a&q=b"),
    ("index", {"q": None}, "/"),
    ("index", {"q": "é &="}, "/?q=%C3%A9+%26%3D"),
    ("index", {"_anchor": "x y"}, "/#x%20y"),
    ("index", {"_anchor": "é&?/"}, "/#%C3%A9&?/"),
    ("index", {"_anchor": ""}, "/#"),
    ("index", {"_external": True}, "http://localhost/"),
    ("index", {"_external": False}, "/"),
    ("index", {"_scheme": "https"}, "https://localhost/"),
    ("index", {"_scheme": "https", "_external": True}, "https://localhost/"),
    ("index", {"_scheme": "", "_external": True}, "//localhost/"),
    ("user", {"name": "é/x"}, "/user/%C3%A9/x"),
    ("int", {"n": -3}, "/int/-3"),
    ("int", {"n": "007"}, "/int/7"),
    ("path", {"p": "a/b c"}, "/path/a/b%20c"),
    ("float", {"f": 1.5}, "/float/1.5"),
    ("both", {}, "/both"),
    ("both", {"page": 2}, "/both/2"),
    ("both", {"page": 2, "q": "x"}, "/both/2?q=x"),
    ("method", {"_method": "POST"}, "/m/post"),
    ("method", {"_method": "GET"}, "/m"),
    ("method", {}, "/m"),
    ("build", {}, "/build"),
    ("bp.index", {}, "/bp/"),
    (".index", {}, "/"),
    ("static", {"filename": "a b.css"}, "/static/a%20b.css"),
]


# URLs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("endpoint", "values", "url"), BUILT, ids=str)
def test_a_url_is_built(routed: Flask, endpoint: str, values: dict[str, t.Any], url: str) -> None:
    with routed.test_request_context("/elsewhere"):
        assert url_for(endpoint, **values) == url
        assert routed.url_for(endpoint, **values) == url


def test_a_dot_means_the_current_blueprint(routed: Flask) -> None:
    assert routed.test_client().get("/bp/").text == "/bp/other"


@pytest.mark.parametrize(
    ("endpoint", "values"),
    [("nowhere", {}), ("user", {}), ("index", {"_method": "POST"}), (".other", {})],
    ids=str,
)
def test_what_cannot_be_built_is_a_build_error(
    routed: Flask, endpoint: str, values: dict[str, t.Any]
) -> None:
    with routed.test_request_context(), pytest.raises(BuildError, match="Could not build url"):
        url_for(endpoint, **values)


def test_a_value_that_a_converter_refuses_is_a_value_error(routed: Flask) -> None:
    with routed.test_request_context(), pytest.raises(ValueError, match="'c' is not one of"):
        url_for("any", x="c")


def test_a_scheme_needs_an_external_url(routed: Flask) -> None:
    with (
        routed.test_request_context(),
        pytest.raises(ValueError, match="When specifying '_scheme', '_external' must be True"),
    ):
        url_for("index", _scheme="https", _external=False)


OUTSIDE: list[tuple[dict[str, str], dict[str, t.Any], str]] = [
    ({}, {}, "http://x.test/"),
    ({}, {"_external": False}, "/"),
    ({}, {"_scheme": "https"}, "https://x.test/"),
    ({"APPLICATION_ROOT": "/root"}, {}, "http://x.test/root/"),
    ({"PREFERRED_URL_SCHEME": "https"}, {}, "https://x.test/"),
]


@pytest.mark.parametrize(("settings", "values", "url"), OUTSIDE, ids=str)
def test_outside_a_request_urls_are_external(
    routed: Flask, settings: dict[str, str], values: dict[str, t.Any], url: str
) -> None:
    routed.config.update(SERVER_NAME="x.test", **settings)
    with routed.app_context():
        assert url_for("index", **values) == url
    assert routed.url_for("index", **values) == url


def test_outside_a_request_a_server_name_is_needed(routed: Flask) -> None:
    with routed.app_context(), pytest.raises(RuntimeError, match="SERVER_NAME"):
        url_for("index")
    with pytest.raises(RuntimeError, match="SERVER_NAME"):
        routed.url_for("index")


def test_in_a_request_the_server_name_is_the_external_host(routed: Flask) -> None:
    routed.config["SERVER_NAME"] = "named.test"
    with routed.test_request_context(base_url="http://asked.test/"):
        assert url_for("index", _external=True) == "http://named.test/"


def test_url_defaults_run_for_the_target_endpoint(app: Flask) -> None:
    order: list[str] = []
    parent, child = Blueprint("par", "x"), Blueprint("ch", "x")
    for name, scaffold in (("app", app), ("par", parent), ("ch", child)):
        scaffold.url_defaults(
            lambda endpoint, values, name=name: order.append(f"{name} {endpoint}")
        )
    child.app_url_defaults(lambda endpoint, values: values.setdefault("lang", "de"))
    child.add_url_rule("/<lang>/", "view", lambda lang: "")
    parent.register_blueprint(child)
    app.register_blueprint(parent)
    app.add_url_rule("/sync", "sync", lambda: "")
    with app.test_request_context("/sync"):
        assert url_for("par.ch.view") == "/de/"
        assert url_for("sync") == "/sync?lang=de"
    assert order == ["app par.ch.view", "par par.ch.view", "ch par.ch.view", "app sync"]


def test_build_errors_are_handled_by_the_first_that_knows(app: Flask) -> None:
    seen: list[t.Any] = []

    def first(error: Exception, endpoint: str, values: dict[str, t.Any]) -> str | None:
        seen.append((endpoint, dict(values)))
        return None

    def second(error: Exception, endpoint: str, values: dict[str, t.Any]) -> str:
        assert isinstance(error, BuildError)
        raise BuildError("replaced", {}, None)

    def third(error: Exception, endpoint: str, values: dict[str, t.Any]) -> str:
        if endpoint == "unknown":
            raise error
        return f"/handled/{endpoint}"

    app.url_build_error_handlers.extend([first, second, third])  # type: ignore[list-item]
    with app.test_request_context():
        assert url_for("known", a=1, _anchor="x") == "/handled/known"
        with pytest.raises(BuildError, match="'replaced'"):
            url_for("unknown")
    assert seen[0] == (
        "known",
        {"a": 1, "_anchor": "x", "_method": None, "_scheme": None, "_external": False},
    )


def test_values_may_be_named_self_and_endpoint(app: Flask) -> None:
    app.add_url_rule("/<self>", "view", lambda **values: "")
    with app.test_request_context():
        assert url_for("view", self="x") == "/x"


# Redirect and abort --------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("code", [301, 302, 303, 305, 307, 308])
def test_a_redirect(app: Flask, inside: bool, code: int) -> None:
    if inside:
        with app.app_context():
            response = redirect("/x?a=<b>", code)
        assert type(response) is Response
    else:
        response = redirect("/x?a=<b>", code)
        assert type(response) is werkzeug.wrappers.Response
    assert (response.status_code, response.headers["Location"]) == (code, "/x?a=<b>")
    assert "/x?a=&lt;b&gt;" in response.get_data(True)
    assert app.redirect("/y").status_code == 302


def test_a_redirect_without_an_application_takes_a_class() -> None:
    class Own(werkzeug.wrappers.Response):
        pass

    assert type(redirect("/x", Response=Own)) is Own


def test_a_redirect_in_an_application_calls_its_method(app: Flask) -> None:
    app.redirect = lambda location, code=302: Response(f"{location} {code}")  # type: ignore[method-assign]
    with app.app_context():
        assert redirect("/x", 301).get_data(True) == "/x 301"


def test_abort_uses_the_applications_aborter(app: Flask) -> None:
    class Own(HTTPException):
        code = 499

    app.aborter.mapping[499] = Own
    with app.app_context(), pytest.raises(Own):
        abort(499)
    with pytest.raises(LookupError):
        abort(499)


@pytest.mark.parametrize(
    "code",
    [
        *(400, 401, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418),
        *(421, 422, 423, 424, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505),
    ],
)
def test_these_codes_abort(app: Flask, code: int) -> None:
    for context in (app.app_context(), None):
        with pytest.raises(HTTPException) as caught:
            if context is None:
                abort(code, response=Response("own"))
            with context:
                abort(code, response=Response("own"))
        assert caught.value.code == code
        assert caught.value.response is not None


# make_response -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "status", "body", "header"),
    [
        ((), 200, b"", None),
        (("x",), 200, b"x", None),
        ((("x", 201),), 201, b"x", None),
        (("x", 201), 201, b"x", None),
        (("x", {"X-A": "1"}), 200, b"x", "1"),
        (("x", 201, {"X-A": "1"}), 201, b"x", "1"),
        (({"a": 1},), 200, b'{"a":1}\n', None),
    ],
    ids=repr,
)
def test_make_response(
    app: Flask, args: t.Any, status: int, body: bytes, header: str | None
) -> None:
    with app.app_context():
        response = make_response(*args)
    assert (response.status_code, response.data) == (status, body)
    assert response.headers.get("X-A") == header


# Flash ---------------------------------------------------------------------------------------


def test_a_flash_sends_a_signal(app: Flask, received: t.Any) -> None:
    seen = received(app, "message_flashed")
    with app.test_request_context():
        flash("text", "category")
        flash("sync")
    assert seen == [
        ("message_flashed", {"message": "text", "category": "category"}),
        ("message_flashed", {"message": "sync", "category": "message"}),
    ]


# The proxy ----------------------------------------------------------------------------------------


def test_the_request_is_the_one_of_flask() -> None:
    from flask import helpers

    assert helpers.request is request
