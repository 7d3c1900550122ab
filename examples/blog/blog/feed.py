"""The newest posts for feed readers."""

from flask import Blueprint, Response, render_template, request

from . import database
from .posts import POSTS

bp = Blueprint("feed", __name__)


@bp.route("/feed.xml")
def feed():
    """Return an Atom feed, or a 304 if the reader already has this one."""
    found = database.find_all(f"{POSTS} ORDER BY post.id DESC LIMIT 20")
    text = render_template("feed.xml", posts=found)
    response = Response(text, mimetype="application/atom+xml")
    response.add_etag()
    return response.make_conditional(request)
