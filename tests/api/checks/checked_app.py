"""A small application with each kind of input and answer, for tools that read documents.

``make api-checks API_APP=module:app`` checks another application.
"""

from __future__ import annotations

import datetime
import enum
import functools
import itertools
import typing as t
import uuid
from collections.abc import Callable, Iterator

from flask import Blueprint, Flask, abort, request
from flask.api import (
    Annotated,
    Body,
    Cookie,
    File,
    Form,
    Header,
    Meta,
    Patch,
    Problem,
    Query,
    Returns,
    Struct,
    media,
    typed,
)
from flask.api._api import API
from flask.api._security import Bearer, documents
from flask.views import MethodView

Item = t.TypeVar("Item")
View = t.TypeVar("View", bound=Callable[..., t.Any])


class Color(enum.Enum):
    """What a cup looks like."""

    RED = "red"
    BLUE = "blue"


class Cup(Struct, tag="cup", forbid_unknown_fields=True):
    """A cup."""

    color: Color


class Tea(Struct, tag="tea", forbid_unknown_fields=True):
    """Loose tea."""

    grams: Annotated[int, Meta(ge=1, le=5000, examples=[100])]


class NewOrder(Struct, forbid_unknown_fields=True):
    """An order to be placed."""

    name: Annotated[str, Meta(min_length=1, max_length=80, examples=["Ann"])]
    items: Annotated[list[Tea | Cup], Meta(max_length=20)] = []
    wanted: datetime.date | None = None
    note: str | None = None


class Order(NewOrder, kw_only=True):
    """An order with its number."""

    id: int
    key: uuid.UUID


class Page(Struct, t.Generic[Item]):
    """A part of a list."""

    items: list[Item]
    total: int


class Filter(Struct):
    """Which orders are listed."""

    name: str = ""
    size: Annotated[int, Meta(ge=1, le=100)] = 10


class TooMany(Problem):
    """There are too many orders."""

    status = 409
    most: int


MOST = 1000
_orders: dict[int, Order] = {}
_numbers = itertools.count(1)

orders = Blueprint("orders", __name__, url_prefix="/orders")


def login_required(view: View) -> View:
    """Check the token."""

    @functools.wraps(view)
    def checked(*args: t.Any, **kwargs: t.Any) -> t.Any:
        if request.headers.get("Authorization") != "Bearer secret":
            abort(401)
        return view(*args, **kwargs)

    return t.cast("View", checked)


secured = documents(login_required, Bearer("token"))


@orders.post("/")
@typed(status=201, errors=[TooMany], examples={"tea": {"name": "Ann"}})
def create(order: Body[NewOrder], trace_id: Header[str | None] = None) -> Returns[Order]:
    """Place an order.

    It gets a *number*.
    """
    if len(_orders) >= MOST:
        raise TooMany(most=MOST)
    number = next(_numbers)
    made = Order(order.name, order.items, order.wanted, order.note, id=number, key=uuid.uuid4())
    _orders[number] = made
    return made


@orders.get("/")
@typed
def search(by: Query[Filter], page: Query[Annotated[int, Meta(ge=1)]] = 1) -> Page[Order]:
    """List orders."""
    found = [order for order in _orders.values() if by.name in order.name]
    start = (page - 1) * by.size
    return Page(found[start : start + by.size], len(found))


class OrderItem(MethodView):
    @typed(errors=[404])
    async def get(self, id: int) -> Order:
        """Show an order."""
        if id not in _orders:
            abort(404)
        return _orders[id]

    @typed(errors=[404])
    async def patch(self, id: int, change: Patch[NewOrder]) -> Order:
        """Change an order."""
        if id not in _orders:
            abort(404)
        for name, value in change.given.items():
            setattr(_orders[id], name, value)
        return _orders[id]

    @typed(status=204, errors=[404])
    def delete(self, id: int) -> None:
        """Cancel an order."""
        if _orders.pop(id, None) is None:
            abort(404)


orders.add_url_rule("/<int:id>", view_func=OrderItem.as_view("item"))


@orders.get("/by-key/<uuid:key>")
@typed(errors=[404])
def by_key(key: uuid.UUID) -> Order:
    """Find an order."""
    return next((order for order in _orders.values() if order.key == key), None) or abort(404)


@orders.get("/export")
@secured
@typed
def export(tag: Query[list[str]] = []) -> Iterator[Order]:  # noqa: B006
    """Send all orders, one in each line."""
    return iter(list(_orders.values()))


@orders.get("/colors")
@typed
def colors(
    of: Query[list[Color]] = [],  # noqa: B006
    price: Query[float] = 1.0,
    is_sold: Query[bool] = False,
    since: Query[datetime.date | None] = None,
    key: Query[uuid.UUID | None] = None,
    name: Query[Annotated[str, Meta(min_length=2)] | None] = None,
    retry: Header[int | None] = None,
    visits: Cookie[int | None] = None,
) -> dict[str, int]:
    """Count colors, by a value of each type."""
    return {color.value: of.count(color) for color in Color}


@orders.post("/<any(front, back):side>/photo")
@typed
def photo(side: str, image: File, title: Form[str], size: Form[int] = 1) -> dict[str, int]:
    """Take a photo."""
    return {"bytes": len(image.read()), "size": size}


@orders.put("/label")
@typed
def label(data: Annotated[Body[bytes], media("image/png")]) -> Annotated[bytes, media("image/png")]:
    """Send a label and get it back."""
    return data


app = Flask(__name__)
app.register_blueprint(orders)
api = API(app, title="Shop", version="1.4", description="Sells *tea*.", problems="/")
