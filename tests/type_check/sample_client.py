"""The typed test client as users write it; checked by type checkers, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from flask import Flask, ServerSentEvent
from flask.api import API, Body, Changes, Patch, Query, Returns, Struct, TypedClient, typed
from flask.views import MethodView

app = Flask(__name__)


class Order(Struct):
    name: str


@app.post("/")
@typed(status=201)
def create(order: Body[Order], page: Query[int] = 1) -> Returns[Order]:
    return order, {"X-Page": str(page)}


@app.get("/<int:id>")
@typed
async def show(id: int) -> Order | None:
    return None


@app.get("/lines")
@typed
def lines() -> Iterator[Order]:
    yield Order("tea")


@app.get("/events")
@typed
async def events() -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent("tea")


class Item(MethodView):
    @typed
    def get(self, id: int) -> Order:
        return Order("tea")

    @typed
    async def patch(self, id: int, change: Patch[Order]) -> Order:
        return change.apply(Order("tea"))


api = API(app, title="Shop", version="1")
ask = api.client(app)
assert_type(ask, TypedClient)
assert_type(ask(create, order=Order("tea")), Order)
assert_type(ask(create, Order("tea"), page=2), Order)
assert_type(ask(show, id=1), Order | None)
assert_type(ask(lines), Iterator[Order])
assert_type(ask(events), AsyncIterator[ServerSentEvent])
assert_type(ask(Item.get, id=1), Order)
assert_type(ask(Item.patch, id=1, change=Changes[Order]({"name": "rye"})), Order)
assert_type(ask.with_(headers={"X-Token": "x"})(show, 1), Order | None)
