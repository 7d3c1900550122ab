"""What clients send and receive. The rows of the database have more fields."""

from __future__ import annotations

import datetime
import enum
import typing as t

from flask.api import Annotated, Meta, Struct

Item = t.TypeVar("Item")

Cents = Annotated[int, Meta(ge=0, le=10_000_000, description="A price in cents.", examples=[450])]
Name = Annotated[str, Meta(min_length=1, max_length=80, examples=["Green tea"])]
Number = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class NewProduct(Struct, forbid_unknown_fields=True):
    """A product to be added."""

    name: Name
    price: Cents
    description: Annotated[str, Meta(max_length=2000)] | None = None
    stock: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class Product(NewProduct, kw_only=True):
    """A product of the shop."""

    id: Number
    has_photo: bool


class Page(Struct, t.Generic[Item]):
    """A part of a list."""

    items: list[Item]
    page: int
    total: Annotated[int, Meta(description="How many items all pages have.")]


class Search(Struct):
    """Which part of a list is wanted."""

    q: Annotated[str, Meta(max_length=80, description="A part of the name.")] = ""
    page: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    size: Annotated[int, Meta(ge=1, le=100)] = 20


class Card(Struct, tag="card", tag_field="method", forbid_unknown_fields=True):
    """A card. The payment provider gives the browser a token for it."""

    token: Annotated[str, Meta(pattern=r"^tok_[a-z0-9]{4,40}$", examples=["tok_4242"])]


class Invoice(Struct, tag="invoice", tag_field="method", forbid_unknown_fields=True):
    """An invoice, for companies."""

    company: Name
    due_in_days: t.Literal[14, 30] = 14


class Voucher(Struct, tag="voucher", tag_field="method", forbid_unknown_fields=True):
    """A voucher."""

    code: Annotated[str, Meta(min_length=4, max_length=20)]


Payment = Card | Invoice | Voucher


class NewLine(Struct, forbid_unknown_fields=True):
    """A product, and how many of it."""

    product_id: Number
    count: Annotated[int, Meta(ge=1, le=1000)] = 1


class Line(NewLine, kw_only=True):
    """A product in an order, with the price of that day."""

    price: Cents


class NewOrder(Struct, forbid_unknown_fields=True):
    """An order to be placed."""

    lines: Annotated[list[NewLine], Meta(min_length=1, max_length=50)]
    payment: Payment


class State(enum.Enum):
    """How far an order is."""

    PLACED = "placed"
    PAID = "paid"
    SENT = "sent"
    CANCELLED = "cancelled"


class Order(Struct):
    """An order."""

    id: Number
    state: State
    placed_at: Annotated[datetime.datetime, Meta(tz=True)]
    lines: list[Line]
    payment: Payment
