"""Security schemes and requirements in the document."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable

import pytest
from described import document_of, operation_of

from flask import Blueprint, Flask
from flask.api import defaults, typed
from flask.api._security import (
    ApiKey,
    Basic,
    Bearer,
    OAuth2,
    OpenID,
    Requirement,
    Scheme,
    as_requirement,
    documents,
)
from flask.views import MethodView, View

TOKEN = Bearer("token")
KEY = ApiKey("X-Key")
OAUTH = OAuth2("login", authorization_url="/in", token_url="/token", scopes={"read": "Read."})

SCHEMES: list[tuple[Scheme, str, dict[str, t.Any]]] = [
    (Bearer(), "bearer", {"type": "http", "scheme": "bearer"}),
    (
        Bearer("token", format="JWT", description="Ask us."),
        "token",
        {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "Ask us."},
    ),
    (Basic(), "basic", {"type": "http", "scheme": "basic"}),
    (KEY, "X-Key", {"type": "apiKey", "name": "X-Key", "in": "header"}),
    (ApiKey("k", "query", name="key"), "key", {"type": "apiKey", "name": "k", "in": "query"}),
    (ApiKey("sid", "cookie"), "sid", {"type": "apiKey", "name": "sid", "in": "cookie"}),
    (
        OAUTH,
        "login",
        {
            "type": "oauth2",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": "/in",
                    "tokenUrl": "/token",
                    "scopes": {"read": "Read."},
                }
            },
        },
    ),
    (
        OAuth2(flow="password", token_url="/token", refresh_url="/more"),
        "oauth2",
        {
            "type": "oauth2",
            "flows": {"password": {"tokenUrl": "/token", "refreshUrl": "/more", "scopes": {}}},
        },
    ),
    (
        OpenID("https://id.example/.well-known/openid-configuration"),
        "openid",
        {
            "type": "openIdConnect",
            "openIdConnectUrl": "https://id.example/.well-known/openid-configuration",
        },
    ),
]


@pytest.mark.parametrize(("scheme", "name", "schema"), SCHEMES, ids=lambda it: str(it)[:40])
def test_a_scheme_is_a_component(scheme: Scheme, name: str, schema: dict[str, t.Any]) -> None:
    app = Flask("shop")

    @app.get("/")
    @typed(security=[scheme])
    def show() -> str:
        return ""

    document = document_of(app)
    assert document["components"]["securitySchemes"] == {name: schema}
    assert document["paths"]["/"]["get"]["security"] == [{name: []}]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ApiKey("k", t.cast("t.Any", "body")), "is 'body'. It is 'header', 'cookie'"),
        (lambda: OAuth2(token_url="/t"), "'authorizationCode', which needs authorization_url"),
        (lambda: OAuth2(flow="implicit"), "needs authorization_url"),
        (lambda: OAuth2(flow=t.cast("t.Any", "magic")), "'magic' is not a flow"),
    ],
)
def test_a_scheme_that_cannot_be_described_is_an_error(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("given", [Basic, "token", None])
def test_what_is_no_scheme_is_an_error(given: t.Any) -> None:
    with pytest.raises(TypeError, match="is not a security scheme"):
        as_requirement(given)


def test_two_schemes_of_one_name_are_an_error() -> None:
    app = Flask("shop")

    @typed(security=[Bearer("token"), ApiKey("token")])
    def show() -> str:
        return ""

    app.add_url_rule("/", view_func=show)
    with pytest.raises(ValueError, match="Two security schemes are named 'token'"):
        document_of(app)


def check(view: Callable[..., t.Any]) -> Callable[..., t.Any]:
    """Decorate as extensions do."""

    @functools.wraps(view)
    def checked(*args: t.Any, **kwargs: t.Any) -> t.Any:
        return view(*args, **kwargs)

    return checked


def check_without_wraps(view: Callable[..., t.Any]) -> Callable[..., t.Any]:
    return lambda *args, **kwargs: view(*args, **kwargs)


def mark(view: Callable[..., t.Any]) -> Callable[..., t.Any]:
    """Decorate for a ``before_request`` function: the view itself is returned."""
    view.needs_login = True  # type: ignore[attr-defined]
    return view


@pytest.mark.parametrize("decorator", [check, check_without_wraps, mark])
def test_documents_leaves_the_requirement_and_its_errors(decorator: t.Any) -> None:
    @documents(decorator, TOKEN, scopes=["write"])
    @typed
    def show() -> str:
        return "shown"

    operation = operation_of(show, method="get")
    assert operation["security"] == [{"token": ["write"]}]
    assert list(operation["responses"]) == ["200", "401", "403"]
    app = Flask("shop")
    app.add_url_rule("/", "show", show)
    assert app.test_client().get("/").text == "shown"


def test_several_decorators_are_all_required() -> None:
    secured = documents(check, TOKEN)
    with_key = documents(check, Requirement(KEY, ("a",)), scopes=["b"])

    @secured
    @with_key
    @typed
    def show() -> str:
        return ""

    operation = operation_of(show, method="get")
    assert operation["security"] == [{"X-Key": ["a", "b"], "token": []}]


def test_settings_are_alternatives_and_a_decorator_adds_to_each() -> None:
    @documents(check, KEY)
    @typed(security=[TOKEN, Requirement(OAUTH, ("read",))])
    def show() -> str:
        return ""

    operation = operation_of(show, method="get")
    assert operation["security"] == [{"token": [], "X-Key": []}, {"login": ["read"], "X-Key": []}]


def test_the_decorators_of_a_class_apply_to_all_of_its_methods() -> None:
    class Item(MethodView):
        decorators: t.ClassVar[list[t.Any]] = [documents(check, TOKEN)]

        @typed
        def get(self) -> str:
            return ""

        @documents(check, KEY)
        @typed(status=204)
        def delete(self) -> None:
            pass

    app = Flask("shop")
    app.add_url_rule("/", view_func=Item.as_view("item"))
    item = document_of(app)["paths"]["/"]
    assert item["get"]["security"] == [{"token": []}]
    assert item["delete"]["security"] == [{"X-Key": [], "token": []}]
    assert app.test_client().get("/").text == ""


def test_a_class_with_one_method_for_all_requests_is_described_too() -> None:
    class Show(View):
        @documents(check, TOKEN)
        @typed
        def dispatch_request(self) -> str:
            return ""

    operation = operation_of(Show.as_view("show"), method="get")
    assert operation["security"] == [{"token": []}]


def test_the_settings_of_a_blueprint_apply_unless_the_view_has_its_own() -> None:
    shop = Blueprint("shop", __name__)
    defaults(shop, security=[TOKEN])

    @shop.get("/closed")
    @typed
    def closed() -> str:
        return ""

    @shop.get("/open")
    @typed(security=[])
    def opened() -> str:
        return ""

    app = Flask("shop")
    app.register_blueprint(shop)
    paths = document_of(app)["paths"]
    assert paths["/closed"]["get"]["security"] == [{"token": []}]
    assert list(paths["/closed"]["get"]["responses"]) == ["200", "401"]
    assert paths["/open"]["get"]["security"] == []
    assert list(paths["/open"]["get"]["responses"]) == ["200"]
