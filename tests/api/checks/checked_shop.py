"""The application of ``examples/shop_api`` with a database of its own, for the checks."""

from __future__ import annotations

import atexit
import importlib
import sys
import tempfile
from pathlib import Path

from flask import Flask

EXAMPLE = Path(__file__).parents[3] / "examples" / "shop_api"


def make_app() -> Flask:
    """Create the application, with products, and an account of the staff."""
    sys.path.insert(0, str(EXAMPLE))
    shop = importlib.import_module("shop")
    accounts = importlib.import_module("shop.accounts")
    sys.path.remove(str(EXAMPLE))
    folder = tempfile.TemporaryDirectory()
    made: Flask = shop.create_app(SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder.name}/shop.db")
    with made.app_context():
        shop.db.create_all()
        shop.add_samples()
        made.config["API_CHECKS_TOKEN"] = accounts.create_account("staff", is_staff=True)

    def close() -> None:
        with made.app_context():
            for engine in shop.db.engines.values():
                engine.dispose()
        folder.cleanup()

    atexit.register(close)
    return made


app = make_app()
