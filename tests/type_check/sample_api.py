"""A typed API as users write it; checked by type checkers, never run."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from functools import wraps
from typing import IO, ParamSpec, TypeVar, assert_type

from werkzeug.datastructures import FileStorage

from flask import Blueprint, Flask, Response, ServerSentEvent
from flask.api import (
    Annotated,
    Body,
    Changes,
    Cookie,
    File,
    Form,
    Header,
    Invalid,
    Meta,
    Patch,
    Problem,
    Query,
    Returns,
    Struct,
    Upload,
    defaults,
    media,
    named,
    status,
    typed,
)
from flask.views import MethodView

app = Flask(__name__)
orders = Blueprint("orders", __name__, url_prefix="/orders")
P = ParamSpec("P")
R = TypeVar("R")


class NewOrder(Struct, forbid_unknown_fields=True):
    """An order to be placed."""

    name: Annotated[str, Meta(min_length=1, max_length=80, examples=["tea"])]
    count: Annotated[int, Meta(ge=1)] = 1


class Order(NewOrder, kw_only=True):
    id: int


class Filter(Struct):
    color: str = "any"


class Article(Struct):
    title: str
    photo: Upload | None = None


class OutOfStock(Problem):
    """Fewer are left than ordered."""

    status = 409
    left: int


def login_required(view: Callable[P, R]) -> Callable[P, R]:
    @wraps(view)
    def check(*args: P.args, **kwargs: P.kwargs) -> R:
        return view(*args, **kwargs)

    return check


defaults(orders, tags=["orders"], errors=[401])
defaults(app, hidden=True)


@orders.post("/")
@login_required
@typed(status=201, errors=[OutOfStock])
def create(order: Body[NewOrder], trace_id: Header[str | None] = None) -> Returns[Order]:
    assert_type(order, NewOrder)
    assert_type(trace_id, "str | None")
    if order.count > 9:
        raise OutOfStock(left=9)
    made = Order(id=1, name=order.name)
    return made, {"Location": "/orders/1"}


@orders.get("/<int:id>")
@typed(errors=[404])
async def show(id: int) -> Order:
    return Order(id=id, name="tea")


@orders.get("/")
@typed
def search(
    by: Query[Filter],
    page: Query[Annotated[int, Meta(ge=1)]] = 1,
    size: Annotated[Query[int], named("page-size")] = 10,
    tag: Query[list[str]] = [],  # noqa: B006
    theme: Cookie[str] = "light",
) -> list[Order]:
    assert_type(by, Filter)
    assert_type(page, int)
    assert_type(size, int)
    assert_type(tag, list[str])
    return []


@orders.put("/<id>/photo")
@typed
def photo(id: uuid.UUID, data: Annotated[Body[bytes], media("image/png")]) -> None:
    assert_type(data, bytes)


@orders.post("/import")
@typed
def read(rows: Body[IO[bytes]]) -> Annotated[Order, status(200)] | Annotated[None, status(202)]:
    assert_type(rows, IO[bytes])
    return None


@orders.post("/form")
@typed
def form(article: Form[Article], more: File | None = None) -> Returns[str]:
    assert_type(more, FileStorage | None)
    if article.photo is not None:
        assert_type(article.photo, FileStorage)
        return "with a photo", 201
    return Response("")


@orders.get("/lines")
@typed
def lines() -> Iterator[Order]:
    yield Order(id=1, name="tea")


@orders.get("/events")
@typed
async def events() -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent("x")


class Item(MethodView):
    decorators = [login_required]

    @typed
    async def patch(self, id: int, change: Patch[Order]) -> Order:
        assert_type(change, Changes[Order])
        return change.apply(Order(id=id, name="tea"))


app.add_url_rule("/items/<int:id>", view_func=Item.as_view("item"))
app.register_blueprint(orders)


@app.errorhandler(Invalid)
def invalid(error: Invalid) -> tuple[str, int]:
    return ", ".join(str(entry["detail"]) for entry in error.errors), 422
