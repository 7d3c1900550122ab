"""Answers are alike wherever a typed view is, on both protocols."""

from __future__ import annotations

import typing as t
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from hand_made import both_protocols, client_of
from msgspec import Struct

from flask import Blueprint, Flask
from flask.api import Problem, Returns, status, typed
from flask.views import MethodView


class Order(Struct):
    name: str


class SecretOrder(Order):
    secret: str = "s"


class Ticket(Struct):
    number: int


View: t.TypeAlias = Callable[..., t.Any]


@typed(status=201)
def show() -> Returns[Order]:
    return SecretOrder("tea"), {"X-Kind": "tea"}


@typed(status=201)
async def show_async() -> Returns[Order]:
    return SecretOrder("tea"), {"X-Kind": "tea"}


@typed
def page() -> list[Order | None]:
    return [Order("tea"), None, SecretOrder("rye")]


@typed
async def page_async() -> list[Order | None]:
    return [Order("tea"), None, SecretOrder("rye")]


@typed(status=204)
def delete() -> None:
    pass


@typed(status=204)
async def delete_async() -> None:
    pass


@typed
def choose() -> t.Annotated[Order, status(200)] | t.Annotated[Ticket, status(202)]:
    return Ticket(7)


@typed
async def choose_async() -> t.Annotated[Order, status(200)] | t.Annotated[Ticket, status(202)]:
    return Ticket(7)


@typed
def lines() -> Iterator[Order]:
    yield Order("tea")
    yield SecretOrder("rye")


@typed
async def lines_async() -> AsyncIterator[Order]:
    yield Order("tea")
    yield SecretOrder("rye")


@typed
def refuse() -> Order:
    raise Problem("Not today.", status=409)


@typed
async def refuse_async() -> Order:
    raise Problem("Not today.", status=409)


@typed
def forget() -> Order:
    return None  # type: ignore[return-value]


@typed
async def forget_async() -> Order:
    return None  # type: ignore[return-value]


TEA, RYE = {"name": "tea"}, {"name": "rye"}

# The synchronous and the async view, the status, and the body.
VIEWS: list[tuple[View, View, int, t.Any]] = [
    (show, show_async, 201, TEA),
    (page, page_async, 200, [TEA, None, RYE]),
    (delete, delete_async, 204, b""),
    (choose, choose_async, 202, {"number": 7}),
    (lines, lines_async, 200, b'{"name":"tea"}\n{"name":"rye"}\n'),
    (refuse, refuse_async, 409, None),
    (forget, forget_async, 500, None),
]


def as_function(app: Flask, view: View) -> list[str]:
    app.add_url_rule("/view", view_func=view)
    return ["/view"]


def as_method(app: Flask, view: View) -> list[str]:
    class Item(MethodView):
        get = staticmethod(view)

    app.add_url_rule("/view", view_func=Item.as_view("item"))
    return ["/view"]


def in_nested_blueprints(app: Flask, view: View) -> list[str]:
    outer = Blueprint("outer", __name__, url_prefix="/outer")
    inner = Blueprint("inner", __name__, url_prefix="/inner")
    inner.add_url_rule("/view", view_func=view)
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    return ["/outer/inner/view"]


def in_one_blueprint_twice(app: Flask, view: View) -> list[str]:
    shop = Blueprint("shop", __name__)
    shop.add_url_rule("/view", view_func=view)
    app.register_blueprint(shop, url_prefix="/v1", name="v1")
    app.register_blueprint(shop, url_prefix="/v2", name="v2")
    return ["/v1/view", "/v2/view"]


PLACES = [as_function, as_method, in_nested_blueprints, in_one_blueprint_twice]


@both_protocols
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(("sync", "awaited", "code", "body"), VIEWS, ids=lambda each: "")
def test_answers_are_alike(
    app: Flask,
    protocol: str,
    place: Callable[[Flask, View], list[str]],
    is_async: bool,
    sync: View,
    awaited: View,
    code: int,
    body: object,
) -> None:
    """Items 12 and 13."""
    paths = place(app, awaited if is_async else sync)
    client = client_of(app, protocol)
    for path in (*paths, *paths):
        response = client.get(path)
        assert response.status_code == code
        assert b"secret" not in response.data
        if isinstance(body, bytes):
            assert response.data == body
        elif body is not None:
            assert response.json == body
        else:
            assert response.mimetype == "application/problem+json"
        if code == 201:
            assert response.headers["X-Kind"] == "tea"
