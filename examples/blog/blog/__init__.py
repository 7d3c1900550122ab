"""A small blog: the application factory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from flask import Flask, render_template

from . import accounts, database, feed, guard, posts


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """Create the application; ``settings`` override the environment and the defaults."""
    app = Flask(__name__)
    app.config.from_mapping(
        SECRET_KEY="for development only",
        DATABASE=os.path.join(app.instance_path, "blog.sqlite"),
        SESSION_COOKIE_SAMESITE="Lax",
        POSTS_ON_A_PAGE=5,
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(settings or {})

    database.install(app)
    guard.install(app)
    app.register_blueprint(accounts.bp)
    app.register_blueprint(posts.bp)
    app.register_blueprint(feed.bp)
    app.add_template_filter(paragraphs)
    app.register_error_handler(404, lambda error: (render_template("missing.html"), 404))
    return app


def paragraphs(text: str) -> list[str]:
    """Split a text into paragraphs at empty lines."""
    return [part.strip() for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
