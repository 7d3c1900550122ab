"""Posts and their comments: read, write, change, remove."""

from __future__ import annotations

import sqlite3

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from . import database
from .accounts import signed_in

bp = Blueprint("posts", __name__)

POSTS = """
SELECT post.*, author.name AS author,
       (SELECT count(*) FROM comment WHERE comment.post_id = post.id) AS comments
FROM post JOIN author ON author.id = post.author_id
"""


@bp.get("/")
@bp.get("/page/<int(min=2):page>")
def newest(page: int = 1) -> ResponseReturnValue:
    """Show the newest posts, a few on each page."""
    size = current_app.config["POSTS_ON_A_PAGE"]
    found = database.every(
        f"{POSTS} ORDER BY post.id DESC LIMIT ? OFFSET ?", size + 1, (page - 1) * size
    )
    if page > 1 and not found:
        abort(404)
    return render_template("newest.html", posts=found[:size], page=page, more=len(found) > size)


def post_or_404(number: int) -> sqlite3.Row:
    """Return a post; if it does not exist, abort with a 404."""
    post = database.one(f"{POSTS} WHERE post.id = ?", number)
    if post is None:
        abort(404)
    return post


def own_post_or_403(number: int) -> sqlite3.Row:
    """Return a post; if it is not by the current author, abort with a 403."""
    post = post_or_404(number)
    if g.author is None or post["author_id"] != g.author["id"]:
        abort(403, "Only its author can change a post.")
    return post


@bp.get("/post/<int:number>")
def one(number: int) -> ResponseReturnValue:
    """Show a post with its comments."""
    comments = database.every(
        "SELECT comment.*, author.name AS author FROM comment"
        " JOIN author ON author.id = comment.author_id WHERE post_id = ? ORDER BY comment.id",
        number,
    )
    return render_template("post.html", post=post_or_404(number), comments=comments)


def written() -> tuple[str, str] | None:
    """Return title and text of the form; None if they are not valid."""
    title, text = request.form["title"].strip(), request.form["text"].strip()
    if not title or len(title) > 120:
        flash("A title has 1 to 120 characters.", "error")
    elif not text:
        flash("A post needs some text.", "error")
    else:
        return title, text
    return None


@bp.route("/write", methods=["GET", "POST"])
@signed_in
def write() -> ResponseReturnValue:
    """Write a post."""
    if request.method == "POST" and (post := written()):
        number = database.change(
            "INSERT INTO post (author_id, title, text) VALUES (?, ?, ?)", g.author["id"], *post
        )
        flash("Published.")
        return redirect(url_for("posts.one", number=number))
    return render_template("write.html", post=request.form, title="Write")


@bp.route("/post/<int:number>/change", methods=["GET", "POST"])
@signed_in
def change(number: int) -> ResponseReturnValue:
    """Change a post; only its author may."""
    post = own_post_or_403(number)
    if request.method == "POST" and (changed := written()):
        database.change("UPDATE post SET title = ?, text = ? WHERE id = ?", *changed, number)
        flash("Changed.")
        return redirect(url_for("posts.one", number=number))
    return render_template("write.html", post=request.form or post, title="Change", number=number)


@bp.post("/post/<int:number>/remove")
@signed_in
def remove(number: int) -> ResponseReturnValue:
    """Remove a post and its comments; only its author may."""
    own_post_or_403(number)
    database.change("DELETE FROM post WHERE id = ?", number)
    flash("Removed.")
    return redirect(url_for("posts.newest"))


@bp.post("/post/<int:number>/comment")
@signed_in
def comment(number: int) -> ResponseReturnValue:
    """Add a comment to a post."""
    post_or_404(number)
    text = request.form["text"].strip()
    if text:
        database.change(
            "INSERT INTO comment (post_id, author_id, text) VALUES (?, ?, ?)",
            number,
            g.author["id"],
            text,
        )
    else:
        flash("A comment needs some text.", "error")
    return redirect(url_for("posts.one", number=number, _anchor="comments"))
