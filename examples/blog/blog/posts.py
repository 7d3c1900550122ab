"""Posts: read, write, edit, delete."""

from datetime import UTC, datetime

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    url_for,
)

from . import database
from .accounts import sign_in_required
from .forms import Form

bp = Blueprint("posts", __name__)

NUMBER = "<int(max=999999999):number>"

POSTS = """
SELECT post.*, author.name AS author
FROM post JOIN author ON author.id = post.author_id
"""


@bp.route("/")
@bp.route("/page/<int(min=2, max=999999):page>")
def front(page=1):
    """Show a page of posts, the newest first."""
    size = current_app.config["POSTS_PER_PAGE"]
    query = f"{POSTS} ORDER BY post.id DESC LIMIT ? OFFSET ?"
    found = database.find_all(query, size + 1, (page - 1) * size)
    if page > 1 and not found:
        abort(404, "There are not so many pages.")
    has_older = len(found) > size
    return render_template("posts/front.html", posts=found[:size], page=page, has_older=has_older)


@bp.route(f"/post/{NUMBER}")
def show(number):
    """Show one post."""
    return render_template("posts/show.html", post=find_post(number))


@bp.route("/write", methods=["GET", "POST"])
@sign_in_required
def write():
    """Write a post."""
    form = read_form()
    if form.is_valid():
        statement = "INSERT INTO post (author_id, title, text) VALUES (?, ?, ?)"
        number = database.change(statement, g.author["id"], form["title"], form["text"])
        flash("The post is published.")
        return redirect(url_for("posts.show", number=number))
    return render_template("posts/write.html", form=form)


@bp.route(f"/post/{NUMBER}/edit", methods=["GET", "POST"])
@sign_in_required
def edit(number):
    """Edit a post of your own."""
    post = find_own_post(number)
    form = read_form(post)
    if form.is_valid():
        statement = "UPDATE post SET title = ?, text = ? WHERE id = ?"
        database.change(statement, form["title"], form["text"], number)
        flash("The post is saved.")
        return redirect(url_for("posts.show", number=number))
    return render_template("posts/edit.html", form=form, post=post)


@bp.route(f"/post/{NUMBER}/delete", methods=["POST"])
@sign_in_required
def delete(number):
    """Delete a post of your own."""
    find_own_post(number)
    database.change("DELETE FROM post WHERE id = ?", number)
    flash("The post is deleted.")
    return redirect(url_for("posts.front"))


def find_post(number):
    """Return a post; abort with a 404 if it does not exist."""
    post = database.find_one(f"{POSTS} WHERE post.id = ?", number)
    if post is None:
        abort(404, "There is no post with this number.")
    return post


def find_own_post(number):
    """Return a post; abort with a 403 if another author wrote it."""
    post = find_post(number)
    if post["author_id"] != g.author["id"]:
        abort(403, "Only its author may change a post.")
    return post


def read_form(post=None):
    """Return the form of a post; before it is sent, it shows the saved post."""
    return Form({"title": (1, 120), "text": (1, 20_000)}, post)


@bp.app_template_filter()
def moment(text):
    """Turn a time of the database, which is in UTC, into a datetime."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@bp.app_template_filter()
def paragraphs(text):
    """Split a text into paragraphs at its empty lines."""
    return [part.strip() for part in text.split("\n\n") if part.strip()]
