"""Orders of the current account, and an event stream of what happens to them."""

from __future__ import annotations

import typing as t
from collections.abc import AsyncIterator

import msgspec
from sqlalchemy import func, select

from flask import Blueprint, ServerSentEvent, abort, url_for
from flask.api import Annotated, Body, Header, Meta, Problem, Query, Returns, Struct, typed
from flask.views import MethodView

from .accounts import for_staff, get_account, with_token
from .database import LARGEST_ID, EventRow, LineRow, OrderRow, ProductRow, db, find
from .models import NewOrder, Order, Page, State

orders = Blueprint("orders", __name__, url_prefix="/orders")

PAGE_SIZE = 20


class OutOfStock(Problem):
    """Fewer are left than ordered."""

    status = 409
    product_id: int
    left: int


class WrongState(Problem):
    """The order is not in a state for this."""

    status = 409
    state: State


class NewState(Struct, forbid_unknown_fields=True):
    """How far an order is now."""

    state: t.Literal["paid", "sent"]


def find_order(id: int) -> t.Any:
    """Return an order of the current account; the staff may see all."""
    row = find(OrderRow, id)
    account = get_account()
    if row.account_id != account.id and not account.is_staff:
        abort(404)
    return row


def set_state(row: OrderRow, state: State) -> None:
    """Change the state of an order, and record it."""
    row.state = state.value
    db.session.add(EventRow(order_id=row.id, state=state.value))
    db.session.commit()


@orders.post("/")
@with_token
@typed(status=201, errors=[OutOfStock])
async def place(order: Body[NewOrder]) -> Returns[Order]:
    """Place an order.

    It is placed completely, or not at all.
    """
    row: t.Any = OrderRow(account_id=get_account().id, payment=msgspec.to_builtins(order.payment))
    for line in order.lines:
        product = db.session.get(ProductRow, line.product_id, with_for_update=True)
        left = 0 if product is None else product.stock
        if product is None or left < line.count:
            db.session.rollback()
            raise OutOfStock(product_id=line.product_id, left=left)
        product.stock -= line.count
        row.lines.append(LineRow(product_id=product.id, count=line.count, price=product.price))
    row.state = State.PLACED.value
    db.session.add(row)
    db.session.flush()
    set_state(row, State.PLACED)
    return row, {"Location": url_for(".item", id=row.id)}


@orders.get("/")
@with_token
@typed
def list_orders(page: Query[Annotated[int, Meta(ge=1, le=1_000_000)]] = 1) -> Page[Order]:
    """List your orders, the newest first."""
    found = select(OrderRow).filter_by(account_id=get_account().id)
    total = db.session.scalar(select(func.count()).select_from(found.subquery())) or 0
    part = found.order_by(OrderRow.id.desc()).offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    rows: t.Any = db.session.scalars(part)
    return Page(rows.all(), page, total)


class OrderItem(MethodView):
    """An order."""

    @with_token
    @typed(errors=[404])
    async def get(self, id: int) -> Order:
        """Show an order."""
        order: Order = find_order(id)
        return order

    @for_staff
    @typed(errors=[404, WrongState])
    def put(self, id: int, change: Body[NewState]) -> Order:
        """Record that an order is paid or sent."""
        row = find_order(id)
        if row.state == State.CANCELLED.value:
            raise WrongState(state=State.CANCELLED)
        set_state(row, State(change.state))
        order: Order = row
        return order

    @with_token
    @typed(status=204, errors=[404, WrongState])
    def delete(self, id: int) -> None:
        """Cancel an order that is not paid yet."""
        row = find_order(id)
        if row.state != State.PLACED.value:
            raise WrongState(state=State(row.state))
        for line in row.lines:
            product = db.session.get(ProductRow, line.product_id)
            if product is not None:
                product.stock += line.count
        set_state(row, State.CANCELLED)


orders.add_url_rule("/<int:id>", view_func=OrderItem.as_view("item"))


@orders.get("/<int:id>/events")
@with_token
@typed(errors=[404])
def follow(
    id: int, last_event_id: Header[Annotated[int, Meta(ge=0, le=LARGEST_ID)]] = 0
) -> AsyncIterator[ServerSentEvent]:
    """Follow an order.

    The stream ends after the newest event. A browser connects again after two seconds, and names
    the last event that it received.
    """
    find_order(id)
    return iterate_events(id, last_event_id)


async def iterate_events(id: int, last: int) -> AsyncIterator[ServerSentEvent]:
    """Yield the events of an order after an event."""
    yield ServerSentEvent(retry=2000)
    newer = select(EventRow).where(EventRow.order_id == id, EventRow.id > last)
    for event in db.session.scalars(newer.order_by(EventRow.id)):
        yield ServerSentEvent({"at": event.at}, event=event.state, id=event.id)
