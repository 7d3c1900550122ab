"""Marginalia, a small blog."""

from pathlib import Path

from werkzeug.exceptions import HTTPException, SecurityError

from flask import Flask, render_template
from flask.security import Security

from . import accounts, api, comments, database, feed, posts


def create_app(settings=None):
    """Create the application; ``settings`` override all other settings."""
    app = Flask(__name__)
    app.config.from_mapping(
        BLOG_NAME="Marginalia",
        DATABASE=str(Path(app.instance_path) / "blog.sqlite"),
        MAX_CONTENT_LENGTH=256 * 1024,
        POSTS_PER_PAGE=5,
        SECRET_KEY="development",
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(settings or {})
    if app.config["SECRET_KEY"] == "development" and not app.debug:
        raise RuntimeError("Set FLASK_SECRET_KEY to a long random text, or use debug mode.")

    Security(app)
    database.init_app(app)
    comments.channels.init_app(app)
    for module in (accounts, api, comments, feed, posts):
        app.register_blueprint(module.bp)
    app.register_error_handler(HTTPException, show_error)
    return app


def show_error(error):
    """Show an HTTP error, such as 404, as a page of the blog."""
    if isinstance(error, SecurityError):
        return error  # the host is not ours, so the page could not link to other pages
    return render_template("error.html", error=error), error.code
