"""The newest posts as JSON."""

from datetime import datetime

from werkzeug.exceptions import HTTPException

from flask import Blueprint, url_for
from flask.api import Annotated, Meta, Query, Struct, typed

from . import database
from .posts import POSTS, moment

bp = Blueprint("api", __name__, url_prefix="/api")


class PostSummary(Struct):
    """A post in a list."""

    title: str
    author: str
    published: datetime
    url: str


@bp.get("/posts")
@typed
def newest(limit: Query[Annotated[int, Meta(ge=1, le=50)]] = 10) -> list[PostSummary]:
    """Return the newest posts."""
    found = database.find_all(f"{POSTS} ORDER BY post.id DESC LIMIT ?", limit)
    return [
        PostSummary(
            title=post["title"],
            author=post["author"],
            published=moment(post["published"]),
            url=url_for("posts.show", number=post["id"], _external=True),
        )
        for post in found
    ]


@bp.errorhandler(HTTPException)
def keep_error(error):
    """Send an error as it is, not as a page of the blog."""
    return error
