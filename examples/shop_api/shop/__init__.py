"""A shop with a typed API in two versions, on SQLAlchemy.

``flask --app shop run``, ``uvicorn "shop:create_app()" --factory`` and any WSGI server serve it.
Version 2 is described at ``/v2/docs``, version 1 at ``/v1/docs``.
"""

from __future__ import annotations

import typing as t

from flask import Blueprint, Flask
from flask.api import API

from .accounts import accounts
from .database import ProductRow, db
from .first_version import first_products
from .orders import orders
from .products import products

v1 = Blueprint("v1", __name__, url_prefix="/v1")
v1.register_blueprint(first_products)

v2 = Blueprint("v2", __name__, url_prefix="/v2")
v2.register_blueprint(products)
v2.register_blueprint(orders)

first = API(
    title="Shop",
    version="1.9",
    description="Version 1 ends with this year. Please change to version 2.",
    url="/v1/openapi.json",
    docs="/v1/docs",
    blueprints=[v1],
)
second = API(
    title="Shop",
    version="2.3",
    description="Products and orders. Prices are in cents.",
    url="/v2/openapi.json",
    docs="/v2/docs",
    blueprints=[v2],
    tags={"products": "What the shop sells.", "orders": "Your orders."},
    problems="/",
)


def create_app(**config: t.Any) -> Flask:
    """Create the application.

    :param config: settings, such as ``SQLALCHEMY_DATABASE_URI``.
    """
    app = Flask(__name__)
    app.config.update(SQLALCHEMY_DATABASE_URI="sqlite:///shop.db", MAX_CONTENT_LENGTH=100_000)
    app.config.from_prefixed_env()
    app.config.update(config)
    db.init_app(app)
    app.register_blueprint(accounts)
    app.register_blueprint(v1)
    app.register_blueprint(v2)
    first.init_app(app)
    second.init_app(app)

    @app.before_serving
    def create_tables() -> None:
        db.create_all()

    @app.cli.command("init-db")
    def init_db() -> None:
        """Create the tables, with some products."""
        db.create_all()
        add_samples()

    return app


def add_samples() -> None:
    """Add three products to an empty shop."""
    if db.session.query(ProductRow).count() == 0:
        for name, price, stock in [("Green tea", 450, 40), ("Cup", 900, 12), ("Teapot", 3200, 3)]:
            db.session.add(ProductRow(name=name, price=price, stock=stock))
        db.session.commit()
