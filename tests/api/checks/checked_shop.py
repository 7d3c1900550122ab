"""The application of ``examples/shop_api`` with a database of its own, for the checks."""

from __future__ import annotations

import atexit
import importlib
import tempfile
import typing as t
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from importing import import_from

from flask import Flask

EXAMPLE = Path(__file__).parents[3] / "examples" / "shop_api"


@contextmanager
def made_shop() -> Iterator[Flask]:
    """Create the application, with products, and an account of the staff."""
    with import_from(EXAMPLE, "shop") as shop, tempfile.TemporaryDirectory() as folder:
        accounts = importlib.import_module("shop.accounts")
        app: Flask = shop.create_app(SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder}/shop.db")
        with app.app_context():
            shop.db.create_all()
            shop.add_samples()
            app.config["API_CHECKS_TOKEN"] = accounts.create_account("staff", is_staff=True)
        yield app
        with app.app_context():
            for engine in shop.db.engines.values():
                engine.dispose()


def __getattr__(name: str) -> t.Any:
    """Create ``app`` for ``make api-checks``, which imports it by its name; keep it."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    stack = ExitStack()
    app = globals()["app"] = stack.enter_context(made_shop())
    atexit.register(stack.close)
    return app
