"""The views. Each change is a PUT with a key, so proxies and clients may repeat it.

A cart only grows, by `session.append`: its lines, and the keys of the lines that are ordered.
Concurrent requests and repeated ones give the same result in any order.
"""

from __future__ import annotations

import typing as t
import uuid

from flask import Blueprint, Response, abort, current_app, render_template, request, session
from flask import websocket as socket
from flask.channels import Channels

from .stores import ITEMS, Line

MOST_LINES = 200
LONGEST_KEY = 64

bp = Blueprint("shop", __name__)
channels = Channels()


@bp.get("/")
def show() -> str:
    return render_template("shop.html", items=ITEMS)


@bp.get("/items")
def items() -> dict[str, float]:
    """Needs neither the session nor Redis."""
    return ITEMS


@bp.get("/stock")
def stock() -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", current_app.extensions["warehouse"].read())


@bp.get("/stock/events")
async def listen() -> Response:
    """Send each change of the stock. Async, so that a listener holds no thread."""
    return channels.stream("stock", retry=200)


@bp.websocket("/stock/socket")
async def talk() -> None:
    async with channels.subscribe("stock") as messages:
        await socket.accept()
        async for message in messages:
            await socket.send_json(message.data)


@bp.get("/cart")
def cart() -> dict[str, t.Any]:
    find_customer()
    visits = session.increment("visits")
    return {"lines": read_cart(), "orders": session.get("orders", []), "visits": visits}


@bp.put("/cart/<key>")
def add(key: str) -> tuple[dict[str, t.Any], int]:
    """Add an item to the cart. The same key adds it once."""
    find_customer()
    check_key(key)
    body = request.get_json()
    item = body.get("item") if isinstance(body, dict) else None
    if not isinstance(item, str) or item not in ITEMS:
        abort(400, "There is no such item.")
    known = session.get("lines", [])
    if len(known) >= MOST_LINES:
        abort(409, f"A cart has at most {MOST_LINES} lines.")
    if key not in (line for line, _ in known):
        session.append("lines", [key, item])
    return {"key": key, "item": item}, 201


@bp.put("/orders/<key>")
def order(key: str) -> tuple[dict[str, t.Any], int]:
    """Order what is in the cart. The same key orders it once.

    A node that is killed may have done a part of this. So each part is repeated: the stock is
    reserved once, whatever happens, and listeners and the worker expect messages to be repeated.
    """
    customer = find_customer()
    check_key(key)
    placed = current_app.extensions["warehouse"].order(f"{customer}:{key}", read_cart())
    ordered = set(session.get("ordered", []))
    for line, _ in placed["lines"]:
        if line not in ordered:
            session.append("ordered", line)
    if key not in session.get("orders", []):
        session.append("orders", key)
    channels.publish("stock", {"number": placed["number"], "stock": placed["stock"]})
    queue_mail(f"{customer}:{key}", f"Order {key}: {len(placed['lines'])} items")
    return {"key": key, "lines": placed["lines"], "number": placed["number"]}, 201


@bp.get("/release")
def release() -> dict[str, str]:
    return {"node": str(current_app.config["NODE"]), "release": current_app.config["RELEASE"]}


def find_customer() -> str:
    """Return the identifier of this customer, who gets one at the first request."""
    if "customer" not in session:
        session["customer"] = uuid.uuid4().hex
    return t.cast("str", session["customer"])


def read_cart() -> list[Line]:
    """Return the lines that are not ordered yet. A line that was added twice counts once."""
    ordered = set(session.get("ordered", []))
    lines = dict(session.get("lines", []))
    return [[line, item] for line, item in lines.items() if line not in ordered]


def check_key(key: str) -> None:
    """Refuse a key that is too long."""
    if len(key) > LONGEST_KEY:
        abort(400, f"A key has at most {LONGEST_KEY} characters.")


def queue_mail(key: str, text: str) -> None:
    """Give the mail to Celery; without a broker, send it now."""
    outbox = current_app.extensions["outbox"]
    if "celery" not in current_app.extensions:
        outbox.note_attempt(key)
        outbox.send(key, text)
        return
    from .tasks import send_mail

    send_mail.delay(key, text)
    outbox.note_queued(key)
