"""The newest posts for feed readers."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from . import database
from .posts import POSTS

bp = Blueprint("feed", __name__)


@bp.get("/feed.xml")
def atom() -> ResponseReturnValue:
    """Return an Atom feed (RFC 4287), or a 304 if the client has it already."""
    posts = database.every(f"{POSTS} ORDER BY post.id DESC LIMIT 20")
    response = Response(render_template("feed.xml", posts=posts), mimetype="application/atom+xml")
    response.add_etag()
    return response.make_conditional(request)
