"""The tables: accounts, products, orders with their lines and their events."""

from __future__ import annotations

import datetime
import typing as t

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, DateTime, ForeignKey, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from flask import abort


class Base(DeclarativeBase):
    """The base class of all tables."""


db = SQLAlchemy(model_class=Base)


class Time(TypeDecorator[datetime.datetime]):
    """A time in UTC. SQLite stores it without the zone, which clients need."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(
        self, value: datetime.datetime | None, dialect: object
    ) -> datetime.datetime | None:
        """Return what is stored."""
        return None if value is None else value.astimezone(datetime.UTC).replace(tzinfo=None)

    def process_result_value(
        self, value: datetime.datetime | None, dialect: object
    ) -> datetime.datetime | None:
        """Return what was stored, with its zone."""
        return None if value is None else value.replace(tzinfo=datetime.UTC)


def now() -> datetime.datetime:
    """Return the current time."""
    return datetime.datetime.now(datetime.UTC)


class AccountRow(Base):
    """Who may order. Of the token, only a hash is stored."""

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64))
    is_staff: Mapped[bool] = mapped_column(default=False)


class ProductRow(Base):
    """What the shop sells. A price is in cents."""

    __tablename__ = "product"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str | None]
    price: Mapped[int]
    stock: Mapped[int] = mapped_column(default=0)
    photo: Mapped[bytes | None] = mapped_column(deferred=True)
    photo_type: Mapped[str | None] = mapped_column(String(40))

    @property
    def has_photo(self) -> bool:
        """Whether there is a photo."""
        return self.photo_type is not None


class OrderRow(Base):
    """An order of an account."""

    __tablename__ = "order"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    payment: Mapped[dict[str, t.Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(20))
    placed_at: Mapped[datetime.datetime] = mapped_column(Time, default=now)
    lines: Mapped[list[LineRow]] = relationship(lazy="selectin", order_by="LineRow.id")


class LineRow(Base):
    """A product in an order, with the price of that day."""

    __tablename__ = "line"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"))
    product_id: Mapped[int]
    count: Mapped[int]
    price: Mapped[int]


class EventRow(Base):
    """What happened to an order."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"), index=True)
    state: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime.datetime] = mapped_column(Time, default=now)


LARGEST_ID = 2**63 - 1
"""The largest integer of SQLite."""


def find(kind: type[Base], id: int) -> t.Any:
    """Return the row with an id.

    Views return rows, and are annotated with the models that clients receive. No type checker knows
    that a row has the fields of its model, so the type is ``Any``.

    :raises NotFound: there is none.
    """
    row = db.session.get(kind, id) if id <= LARGEST_ID else None
    return row if row is not None else abort(404)
