"""Rules, methods, registers and replaceable classes of an application."""

from __future__ import annotations

import functools
import typing as t

import pytest
from werkzeug.exceptions import Aborter, BadRequest, HTTPException
from werkzeug.routing import BaseConverter, BuildError, Map, Rule

from flask import Flask, abort, request

# Options of the rule, attributes of the view, and the methods that are answered with 200.
METHODS: list[tuple[dict[str, t.Any], dict[str, t.Any], set[str]]] = [
    ({}, {}, {"GET", "HEAD", "OPTIONS"}),
    ({"methods": ["POST"]}, {}, {"POST", "OPTIONS"}),
    ({"methods": ["post", "Put"]}, {}, {"POST", "PUT", "OPTIONS"}),
    ({"methods": []}, {}, {"OPTIONS"}),
    ({}, {"methods": ["DELETE"]}, {"DELETE", "OPTIONS"}),
    ({"methods": ["PUT"]}, {"methods": ["DELETE"]}, {"PUT", "OPTIONS"}),
    ({}, {"required_methods": ["PATCH"]}, {"GET", "HEAD", "PATCH", "OPTIONS"}),
    ({}, {"provide_automatic_options": False}, {"GET", "HEAD"}),
    ({"provide_automatic_options": False}, {}, {"GET", "HEAD"}),
    ({"methods": ["OPTIONS"]}, {}, {"OPTIONS"}),
    ({"methods": ["GET", "OPTIONS"]}, {}, {"GET", "HEAD", "OPTIONS"}),
    ({"methods": ("GET",)}, {}, {"GET", "HEAD", "OPTIONS"}),
]


@pytest.mark.parametrize(("options", "attributes", "answered"), METHODS, ids=str)
def test_which_methods_a_rule_takes(
    app: Flask, options: dict[str, t.Any], attributes: dict[str, t.Any], answered: set[str]
) -> None:
    def view() -> str:
        return request.method

    vars(view).update(attributes)
    app.add_url_rule("/", "view", view, **options)
    client = app.test_client()
    every = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")
    assert {m for m in every if client.open("/", method=m).status_code == 200} == answered
    (rule,) = app.url_map.iter_rules("view")
    assert rule.methods == answered


def test_options_are_answered_with_the_methods_and_no_body(app: Flask) -> None:
    app.add_url_rule("/", "a", lambda: "", methods=["GET"])
    app.add_url_rule("/", "b", lambda: "", methods=["PUT"])
    response = app.test_client().options("/")
    assert (response.status_code, response.data) == (200, b"")
    assert response.allow.as_set(True) == {"GET", "HEAD", "PUT", "OPTIONS"}


def test_options_of_a_view_are_its_own(app: Flask) -> None:
    app.add_url_rule("/", "a", lambda: f"own {request.method}", methods=["OPTIONS"])
    assert app.test_client().options("/").text == "own OPTIONS"


def test_automatic_options_may_be_switched_off_for_all() -> None:
    app = Flask("app")
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.add_url_rule("/", "view", lambda: "")
    response = app.test_client().options("/")
    assert (response.status_code, response.allow.as_set(True)) == (405, {"GET", "HEAD"})


def test_one_endpoint_has_one_function(app: Flask) -> None:
    def one() -> str:
        return "one"

    def two() -> str:
        return "two"

    app.add_url_rule("/1", "same", one)
    app.add_url_rule("/2", "same", one)
    with pytest.raises(AssertionError, match="overwriting an existing endpoint function: same"):
        app.add_url_rule("/3", "same", two)
    assert app.test_client().get("/2").text == "one"


def test_an_endpoint_may_get_its_function_later(app: Flask) -> None:
    app.add_url_rule("/x", "later")
    app.testing = True
    app.view_functions["other"] = lambda: ""

    @app.endpoint("later")
    def later() -> str:
        return "later"

    app.add_url_rule("/none", "none")
    assert app.test_client().get("/x").text == "later"
    with pytest.raises(KeyError, match="none"):
        app.test_client().get("/none")


def test_neither_endpoint_nor_function_is_an_error(app: Flask) -> None:
    with pytest.raises(AssertionError, match="expected view func if endpoint is not provided"):
        app.add_url_rule("/x")


def test_a_callable_of_any_kind_is_a_view(app: Flask) -> None:
    class Thing:
        def __call__(self, n: int) -> str:
            return f"thing {n}"

        def method(self, n: int) -> str:
            return f"method {n}"

    app.add_url_rule("/thing/<int:n>", "thing", Thing())
    app.add_url_rule("/method/<int:n>", view_func=Thing().method)
    app.add_url_rule("/partial", "partial", functools.partial(Thing().method, 7))
    client = app.test_client()
    assert client.get("/thing/1").text == "thing 1"
    assert client.get("/method/2").text == "method 2"
    assert client.get("/partial").text == "method 7"


def test_rules_and_map_are_made_by_replaceable_classes() -> None:
    class OwnRule(Rule):
        pass

    class OwnMap(Map):
        pass

    class Own(Flask):
        url_rule_class = OwnRule
        url_map_class = OwnMap

    app = Own("own")
    app.add_url_rule("/<x>", "view", lambda x: x)
    assert isinstance(app.url_map, OwnMap)
    assert all(isinstance(rule, OwnRule) for rule in app.url_map.iter_rules())
    assert app.test_client().get("/x").text == "x"


def test_a_custom_converter(app: Flask) -> None:
    class Listed(BaseConverter):
        def to_python(self, value: str) -> list[str]:
            return value.split(",")

        def to_url(self, value: t.Any) -> str:
            return ",".join(super(Listed, self).to_url(part) for part in value)

    app.url_map.converters["list"] = Listed
    app.add_url_rule("/<list:parts>", "view", lambda parts: "|".join(parts))
    assert app.test_client().get("/a,b").text == "a|b"
    with app.test_request_context():
        assert app.url_for("view", parts=["1", "ü"]) == "/1,%C3%BC"


def test_the_aborter_is_made_by_a_replaceable_class() -> None:
    class Teapot(HTTPException):
        code = 498

    class OwnAborter(Aborter):
        def __init__(self) -> None:
            super().__init__(extra={498: Teapot})

    class Own(Flask):
        aborter_class = OwnAborter

    app = Own("own")
    assert isinstance(app.aborter, OwnAborter)
    with app.app_context(), pytest.raises(Teapot):
        abort(498)


@pytest.mark.parametrize(
    ("settings", "error", "expected"),
    [
        ({}, BadRequest(), False),
        ({"TRAP_HTTP_EXCEPTIONS": True}, BadRequest(), True),
        ({"TRAP_BAD_REQUEST_ERRORS": True}, BadRequest(), True),
        ({"TRAP_BAD_REQUEST_ERRORS": True}, HTTPException(), False),
    ],
    ids=str,
)
def test_what_is_trapped(
    app: Flask, settings: dict[str, bool], error: Exception, expected: bool
) -> None:
    app.config.update(settings)
    assert app.trap_http_exception(error) is expected


def test_build_errors_without_a_handler_are_raised(app: Flask) -> None:
    error = BuildError("x", {}, None)
    with pytest.raises(BuildError) as caught:
        app.handle_url_build_error(error, "x", {})
    assert caught.value is error


def test_the_registers_are_builtin_containers_and_empty_at_first(app: Flask) -> None:
    assert (app.blueprints, app.extensions, app.teardown_appcontext_funcs) == ({}, {}, [])
    assert (app.shell_context_processors, app.url_build_error_handlers) == ([], [])
    for register in (app.before_request_funcs, app.after_request_funcs, app.view_functions):
        assert isinstance(register, dict)


def test_a_setup_method_that_is_called_too_late_explains_what_to_do(app: Flask) -> None:
    app.test_client().get("/")
    with pytest.raises(AssertionError) as caught:
        app.route("/late")
    text = str(caught.value)
    assert "'route' can no longer be called on the application" in text
    assert "has already handled its first request" in text


def test_debug_is_the_setting(app: Flask) -> None:
    app.debug = True
    assert app.config["DEBUG"] is True
    app.config["DEBUG"] = False
    assert app.debug is False
