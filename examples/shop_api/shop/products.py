"""Products: pages, changes, photos, and an export of all."""

from __future__ import annotations

import base64
import functools
import typing as t
from collections.abc import Callable, Iterator

import msgspec
from sqlalchemy import func, select

from flask import Blueprint, request, url_for
from flask.api import (
    Annotated,
    Body,
    File,
    Form,
    Meta,
    Patch,
    Problem,
    Query,
    Returns,
    media,
    typed,
)

from .accounts import for_staff
from .database import LineRow, ProductRow, db, find
from .models import NewProduct, Page, Product, Search

P = t.ParamSpec("P")
R = t.TypeVar("R")

products = Blueprint("products", __name__, url_prefix="/products")

LARGEST_PHOTO = 2_000_000
"""In bytes, with the other parts of the form."""
WHITE_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg=="
)


class StillOrdered(Problem):
    """The product is part of orders."""

    status = 409
    orders: int


def limit_body(size: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that refuses bodies of more than ``size`` bytes with a 413."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(view)
        def limited(*args: P.args, **kwargs: P.kwargs) -> R:
            request.max_content_length = size
            return view(*args, **kwargs)

        return limited

    return decorate


@products.get("/")
@typed
async def search(by: Query[Search]) -> Page[Product]:
    """Search products."""
    found = select(ProductRow).where(ProductRow.name.contains(by.q, autoescape=True))
    total = db.session.scalar(select(func.count()).select_from(found.subquery())) or 0
    start = (by.page - 1) * by.size
    rows: t.Any = db.session.scalars(found.order_by(ProductRow.id).offset(start).limit(by.size))
    return Page(rows.all(), by.page, total)


@products.post("/")
@for_staff
@typed(status=201)
def add(product: Body[NewProduct]) -> Returns[Product]:
    """Add a product."""
    row: t.Any = ProductRow(**msgspec.structs.asdict(product))
    db.session.add(row)
    db.session.commit()
    return row, {"Location": url_for(".show", id=row.id)}


@products.get("/<int:id>")
@typed(errors=[404])
async def show(id: int) -> Product:
    """Show a product."""
    product: Product = find(ProductRow, id)
    return product


@products.patch("/<int:id>")
@for_staff
@typed(errors=[404])
def change(id: int, change: Patch[NewProduct]) -> Product:
    """Change a product.

    Only the fields that are sent change. `null` removes the description.
    """
    product: Product = change.apply(find(ProductRow, id))
    db.session.commit()
    return product


@products.delete("/<int:id>")
@for_staff
@typed(status=204, errors=[404, StillOrdered])
def remove(id: int) -> None:
    """Remove a product."""
    row = find(ProductRow, id)
    orders = db.session.scalar(
        select(func.count(LineRow.order_id.distinct())).where(LineRow.product_id == id)
    )
    if orders:
        raise StillOrdered(orders=orders)
    db.session.delete(row)
    db.session.commit()


@products.put("/<int:id>/photo")
@for_staff
@limit_body(LARGEST_PHOTO)
@typed(status=204, errors=[404, 413])
def set_photo(
    id: int,
    image: Annotated[File, media("image/png", "image/jpeg")],
    alt: Form[Annotated[str, Meta(max_length=200, description="Replaces the description.")]] = "",
) -> None:
    """Upload a photo."""
    row = find(ProductRow, id)
    row.photo, row.photo_type = image.read(), image.mimetype
    if alt:
        row.description = alt
    db.session.commit()


@products.get("/<int:id>/photo")
@typed(errors=[404])
def show_photo(id: int) -> Returns[Annotated[bytes, media("image/png", "image/jpeg")]]:
    """Show the photo of a product; a white pixel if it has none."""
    row = find(ProductRow, id)
    if row.photo is None:
        return WHITE_PIXEL
    return row.photo, {"Content-Type": row.photo_type}


@products.get("/export")
@typed
def export(q: Query[Annotated[str, Meta(max_length=80)]] = "") -> Iterator[Product]:
    """Export products as JSON lines.

    The rows are read while the response is sent.
    """
    found = select(ProductRow).where(ProductRow.name.contains(q, autoescape=True))
    rows: t.Any = db.session.scalars(found.execution_options(yield_per=100))
    yield from rows
