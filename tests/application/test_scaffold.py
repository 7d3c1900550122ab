"""The registers that applications and blueprints share, and the decorators that fill them."""

from __future__ import annotations

import typing as t

import pytest
from werkzeug.exceptions import Forbidden, HTTPException, NotFound

from flask import Blueprint, Flask
from flask.sansio.scaffold import Scaffold, _endpoint_from_view_func, setupmethod

KINDS = [
    pytest.param(lambda: Flask("app", static_folder=None), id="app"),
    pytest.param(lambda: Blueprint("b", "x"), id="blueprint"),
]


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize(
    ("decorator", "register"),
    [
        ("before_request", "before_request_funcs"),
        ("after_request", "after_request_funcs"),
        ("teardown_request", "teardown_request_funcs"),
        ("context_processor", "template_context_processors"),
        ("url_value_preprocessor", "url_value_preprocessors"),
        ("url_defaults", "url_default_functions"),
    ],
)
def test_a_decorator_enters_the_function_and_returns_it(
    make: t.Callable[[], t.Any], decorator: str, register: str
) -> None:
    scaffold = make()

    def one(*args: t.Any) -> t.Any: ...
    def two(*args: t.Any) -> t.Any: ...

    assert getattr(scaffold, decorator)(one) is one
    assert getattr(scaffold, decorator)(two) is two
    assert getattr(scaffold, register)[None][-2:] == [one, two]


@pytest.mark.parametrize("make", KINDS)
def test_error_handlers_are_entered_by_code_and_class(make: t.Callable[[], t.Any]) -> None:
    scaffold = make()

    def handle(error: t.Any) -> str:
        return ""

    assert scaffold.errorhandler(404)(handle) is handle
    scaffold.register_error_handler(ValueError, handle)
    scaffold.register_error_handler(Forbidden, handle)
    scaffold.register_error_handler(HTTPException, handle)
    assert {k: dict(v) for k, v in scaffold.error_handler_spec[None].items()} == {
        404: {NotFound: handle},
        403: {Forbidden: handle},
        None: {ValueError: handle, HTTPException: handle},
    }


def test_views_keep_their_functions(app: Flask) -> None:
    def view() -> str:
        return "x"

    assert app.route("/a")(view) is view
    assert app.get("/b")(view) is view
    assert app.endpoint("named")(view) is view
    assert app.view_functions["view"] is app.view_functions["named"] is view


@pytest.mark.parametrize("verb", ["get", "post", "put", "delete", "patch"])
def test_a_verb_routes_only_that_verb(app: Flask, verb: str) -> None:
    with pytest.raises(TypeError, match="Use the 'route' decorator to use the 'methods'"):
        getattr(app, verb)("/", methods=["GET"])
    getattr(app, verb)("/", endpoint="x")(lambda: verb)
    for other in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        expected = 200 if other == verb.upper() else 405
        assert app.test_client().open("/", method=other).status_code == expected


def test_one_decorator_may_route_several_functions(app: Flask) -> None:
    route = app.route("/x", endpoint="fixed")

    @route
    def one() -> str:
        return "one"

    assert app.view_functions["fixed"] is one


def test_a_route_needs_a_slash_and_a_list_of_methods(app: Flask) -> None:
    with pytest.raises(ValueError, match="must start with a slash"):
        app.route("x")(lambda: "")
    with pytest.raises(TypeError, match="must be a list of strings"):
        app.route("/x", methods="GET")(lambda: "")


def test_the_endpoint_is_the_functions_name() -> None:
    def named() -> str:
        return ""

    assert _endpoint_from_view_func(named) == "named"
    with pytest.raises(AssertionError, match="expected view func if endpoint is not provided"):
        _endpoint_from_view_func(t.cast("t.Any", None))


def test_a_bare_scaffold_leaves_the_check_for_setup_to_subclasses() -> None:
    scaffold = Scaffold("x", root_path="/r", static_folder="s", template_folder="t")
    assert (scaffold.import_name, scaffold.root_path) == ("x", "/r")
    assert scaffold.static_url_path == "/s"
    scaffold.static_folder = None
    assert (scaffold.static_folder, scaffold.static_url_path) == (None, None)
    with pytest.raises(NotImplementedError):
        scaffold._check_setup_finished("anything")


def test_a_custom_setup_method_is_refused_after_setup(app: Flask) -> None:
    class Own(Flask):
        @setupmethod
        def install(self, value: int) -> int:
            """Installs."""
            return value

    own = Own("own")
    assert (own.install(1), Own.install.__name__, Own.install.__doc__) == (
        1,
        "install",
        "Installs.",
    )
    own.test_client().get("/")
    with pytest.raises(AssertionError, match="'install' can no longer be called"):
        own.install(2)


def test_hooks_of_a_blueprint_may_be_entered_directly(app: Flask) -> None:
    calls: list[str] = []
    blueprint = Blueprint("b", "x")
    blueprint.before_request_funcs.setdefault(None, []).append(lambda: calls.append("direct"))
    blueprint.add_url_rule("/", "view", lambda: "ok")
    app.register_blueprint(blueprint)
    app.before_request_funcs.setdefault("b", []).append(lambda: calls.append("by name"))
    app.test_client().get("/")
    assert calls == ["direct", "by name"]
