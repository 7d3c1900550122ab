"""Common mistakes raise errors that explain them."""

from __future__ import annotations

import typing as t

import pytest

from flask import Blueprint, Flask
from flask.testing import FlaskClient
from flask.views import MethodView, View

NEED_ARGUMENTS = ["route", "get", "post", "put", "patch", "delete", "websocket", "endpoint"]


def view() -> str:
    return "view"


@pytest.mark.parametrize("make", [Flask, lambda name: Blueprint("b", name)])
@pytest.mark.parametrize("name", [*NEED_ARGUMENTS, "errorhandler"])
def test_a_decorator_without_parentheses(make: t.Any, name: str) -> None:
    owner = make(__name__)
    with pytest.raises(TypeError, match="without parentheses") as caught:
        getattr(owner, name)(view)
    line = view.__code__.co_firstlineno
    assert f"{name!r} needs an argument" in str(caught.value)
    assert f"view() in {__file__}, line {line}" in str(caught.value)


@pytest.mark.parametrize("name", NEED_ARGUMENTS)
def test_a_class_without_parentheses(app: Flask, name: str) -> None:
    with pytest.raises(TypeError, match=f"{__name__}.View, without|flask.views.View, without"):
        getattr(app, name)(View)


def test_a_blueprints_handler_for_all_without_parentheses() -> None:
    with pytest.raises(TypeError, match=r"'@bp.app_errorhandler\(404\)'"):
        Blueprint("b", __name__).app_errorhandler(view)  # type: ignore[type-var]


def test_what_has_its_argument_is_accepted(app: Flask, client: FlaskClient) -> None:
    app.errorhandler(ValueError)(lambda error: "handled")
    app.get(rule="/")(view)
    app.endpoint("other")(view)
    assert client.get("/").text == "view"


class Returning(MethodView):
    def get(self) -> t.Any:
        return 5


WRONG: dict[str, tuple[t.Any, str]] = {
    "None": (
        None,
        "The view function for 'wrong' did not return a valid response. The function either"
        " returned None or ended without a return statement.",
    ),
    "int": (5, "Response instance, or WSGI callable, but it was a int."),
    "set": ({1}, "but it was a set."),
    "object": (object(), "but it was a object."),
    "tuple": (("a",), "(body, status, headers), (body, status), or (body, headers)."),
    "None in a tuple": ((None, 200), "or ended without a return statement."),
}


@pytest.mark.parametrize("asgi", [False, True])
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("value", WRONG)
def test_a_wrong_return_value_names_view_and_type(
    app: Flask, value: str, kind: str, asgi: bool
) -> None:
    app.testing = True
    returned, message = WRONG[value]

    def sync() -> t.Any:
        return returned

    async def asynchronous() -> t.Any:
        return returned

    function: t.Any = sync if kind == "sync" else asynchronous
    app.add_url_rule("/", "wrong", function)
    with pytest.raises(TypeError, match="did not return a valid response") as caught:
        app.test_client(asgi=asgi).get("/")
    line = function.__code__.co_firstlineno
    assert message in str(caught.value)
    assert f"'wrong' is {function.__qualname__}() in {__file__}, line {line}." in str(caught.value)


def test_a_wrong_return_value_of_a_class_names_it(app: Flask, client: FlaskClient) -> None:
    app.testing = True
    app.add_url_rule("/", view_func=Returning.as_view("returning"))
    with pytest.raises(
        TypeError, match=r"'returning' is the class \w+\.Returning \(its first method"
    ):
        client.get("/")


def test_a_wrong_return_value_of_a_handler_without_a_view(app: Flask, client: FlaskClient) -> None:
    app.testing = True
    app.register_error_handler(404, lambda error: 5)
    with pytest.raises(TypeError, match=r"but it was a int\. The value was returned by"):
        client.get("/missing")


def test_a_class_is_registered_as_official_flask_does_and_its_request_explains_it() -> None:
    app = Flask("an_app")

    @app.route("/")
    class Users(View):
        def dispatch_request(self) -> str:
            return "users"

    app.add_url_rule("/users", view_func=Users.as_view("users"))
    app.testing = True
    client = app.test_client()
    assert client.get("/users").text == "users"
    with pytest.raises(TypeError, match=r"Register the class with Users.as_view\('users'\)"):
        client.get("/")
