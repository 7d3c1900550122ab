"""What a real application has beside its views: hooks in one blueprint, handlers, extensions.

Flask-Login has an `after_request` function that reads the session of each request, and a context
processor. Flask-SQLAlchemy has a `teardown_appcontext` function.
"""

from __future__ import annotations

from typing import Any

from flask_login import LoginManager, UserMixin
from flask_sqlalchemy import SQLAlchemy

from benchmarks.peers.data import SECRET
from benchmarks.peers.flask_apps import add_main_views, add_routes, hooked_blueprint
from flask import Flask


def applications() -> dict[str, Any]:
    """Return one application, which has all workloads."""
    app = realistic_app()
    add_main_views(app)
    add_routes(app)
    names = (
        "hello json param post_json form upload template session echo redirect routes1000 hooked "
        "static static304 notfound url_for10 abort_handler stream100 method_view async_view"
    )
    return dict.fromkeys(names.split(), app)


def realistic_app() -> Flask:
    """Return an application that has everything but views of its own."""
    app = Flask(__name__)
    app.secret_key = SECRET
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    app.register_blueprint(hooked_blueprint())
    SQLAlchemy().init_app(app)
    login = LoginManager()
    login.init_app(app)

    @login.user_loader
    def load_user(user_id: str) -> UserMixin:
        return UserMixin()

    @app.errorhandler(500)
    def failed(error: Exception) -> tuple[str, int]:
        return "failed", 500

    @app.context_processor
    def names() -> dict[str, object]:
        return {"site": "benchmark"}

    @app.teardown_request
    def end_request(error: BaseException | None) -> None:
        return None

    @app.teardown_appcontext
    def end_context(error: BaseException | None) -> None:
        return None

    return app
