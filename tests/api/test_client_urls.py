"""How the typed test client finds a view's URL, and what it keeps between calls."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from functools import wraps

import pytest
from msgspec import Struct

from flask import Blueprint, Flask, abort, request, session
from flask.api import Body, Cookie, Problem, typed
from flask.api._client import TypedClient


class NewOrder(Struct):
    name: str


class Order(NewOrder):
    pass


@pytest.fixture(params=["wsgi", "asgi"])
def ask(app: Flask, request: pytest.FixtureRequest) -> TypedClient:
    return TypedClient(app, asgi=request.param == "asgi")


def login_required(view: Callable[..., t.Any]) -> t.Any:
    @wraps(view)
    def decorated(*args: t.Any, **kwargs: t.Any) -> t.Any:
        if "user" not in session:
            abort(401)
        return view(*args, **kwargs)

    return decorated


def test_cookies_and_headers(app: Flask, ask: TypedClient) -> None:
    @app.post("/login")
    @typed(status=204)
    def login(user: Body[str]) -> None:
        session["user"] = user

    @app.get("/")
    @login_required
    @typed
    def show(theme: Cookie[str] = "light") -> list[str]:
        return [session["user"], request.headers.get("X-Token", ""), theme]

    with pytest.raises(Problem) as caught:
        ask(show)
    assert caught.value.code == 401
    with ask.client.session_transaction() as opened:
        opened["user"] = "ann"
    assert ask(show) == ["ann", "", "light"]
    with_token = ask.with_(headers={"X-Token": "x"})
    assert with_token(show, theme="dark") == ["ann", "x", "dark"]
    ask(login, user="bob")
    assert with_token(show) == ["bob", "x", "light"]


def test_a_view_that_is_registered_twice_needs_an_endpoint(app: Flask, ask: TypedClient) -> None:
    """Item 13."""
    shop = Blueprint("shop", __name__)

    @shop.route("/<lang>/orders/<int:id>")
    @typed
    def show(lang: str, id: int) -> list[t.Any]:
        return [lang, id, request.endpoint]

    app.register_blueprint(shop, url_prefix="/v1", name="v1")
    app.register_blueprint(shop, url_prefix="/v2", name="v2")
    with pytest.raises(LookupError, match=r"'v1\.show', 'v2\.show'"):
        ask(show, lang="de", id=1)
    assert ask.with_(endpoint="v2.show")(show, lang="de", id=1) == ["de", 1, "v2.show"]
    with pytest.raises(LookupError, match=r"not registered as 'v3\.show'"):
        ask.with_(endpoint="v3.show")(show, lang="de", id=1)


def test_the_arguments_choose_the_rule_and_the_method(app: Flask, ask: TypedClient) -> None:
    @app.route("/orders", methods=["GET", "POST"])
    @app.route("/orders/<int:id>", methods=["GET", "POST"])
    @typed
    def show(id: int = 0) -> list[t.Any]:
        return [request.method, request.path]

    assert ask(show) == ["GET", "/orders"]
    assert ask(show, id=2) == ["GET", "/orders/2"]
    assert ask.with_(method="post")(show) == ["POST", "/orders"]


@pytest.mark.parametrize("asgi", [False, True])
def test_defaults_of_urls_and_subdomains(asgi: bool) -> None:
    app = Flask(__name__, subdomain_matching=True)
    ask = TypedClient(app, asgi)
    app.config.update(SERVER_NAME="shop.test", APPLICATION_ROOT="/root")

    @app.url_defaults
    def add_lang(endpoint: str, values: dict[str, t.Any]) -> None:
        values.setdefault("lang", "de")

    @app.get("/<lang>/", subdomain="api")
    @typed
    def show(lang: str) -> str:
        return request.url

    assert ask(show, lang="fr") == "http://api.shop.test/root/fr/"
    assert ask(show) == "http://api.shop.test/root/de/"  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("args", "kwargs", "text"),
    [
        ((), {}, "needs the arguments: order"),
        ((), {"order": NewOrder("tea"), "color": 1}, "color"),
        ((1, 2, 3), {}, "too many"),
        ((), {"order": NewOrder("tea"), "user": 1}, "does not read 'user'"),
    ],
)
def test_wrong_arguments_are_errors_of_the_test(
    app: Flask, ask: TypedClient, args: t.Any, kwargs: t.Any, text: str
) -> None:
    @app.post("/")
    @typed
    def create(order: Body[NewOrder], user: object = None) -> Order:
        raise AssertionError

    with pytest.raises(TypeError, match=text):
        ask(create, *args, **kwargs)


def test_what_is_no_registered_typed_view(app: Flask, ask: TypedClient) -> None:
    @typed
    def lost() -> Order:
        raise AssertionError

    with pytest.raises(LookupError, match="no rule"):
        ask(lost)
    with pytest.raises(TypeError, match="not a typed view"):
        ask(print)  # type: ignore[call-overload]
