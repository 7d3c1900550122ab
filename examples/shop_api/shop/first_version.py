"""Version 1, for clients that have not changed yet: all products at once, prices in euros."""

from __future__ import annotations

from sqlalchemy import select

from flask import Blueprint
from flask.api import Annotated, Meta, Struct, defaults, typed

from .database import ProductRow, db, find

first_products = Blueprint("products", __name__, url_prefix="/products")
defaults(first_products, deprecated=True)


class Product(Struct):
    """A product of the shop."""

    id: int
    title: str
    price: Annotated[float, Meta(ge=0, description="A price in euros.")]


def convert(row: ProductRow) -> Product:
    """Return a product as version 1 has it."""
    return Product(row.id, row.name, row.price / 100)


@first_products.get("/")
@typed
def list_products() -> list[Product]:
    """List all products."""
    return [convert(row) for row in db.session.scalars(select(ProductRow).order_by(ProductRow.id))]


@first_products.get("/<int:id>")
@typed(errors=[404])
async def show(id: int) -> Product:
    """Show a product."""
    return convert(find(ProductRow, id))
