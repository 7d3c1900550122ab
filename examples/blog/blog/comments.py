"""Comments, which appear at once on every page that shows their post."""

from flask import (
    Blueprint,
    ServerSentEvent,
    current_app,
    g,
    redirect,
    render_template,
    request,
    stream_events,
    url_for,
)
from flask.channels import Channels

from . import database
from .accounts import sign_in_required
from .forms import Form
from .posts import NUMBER, find_post

bp = Blueprint("comments", __name__)
channels = Channels()


@bp.route(f"/post/{NUMBER}/comments", methods=["POST"])
@sign_in_required
def add(number):
    """Save a comment, and wake up the open pages."""
    post = find_post(number)
    form = comment_form()
    if form.is_valid():
        statement = "INSERT INTO comment (post_id, author_id, text) VALUES (?, ?, ?)"
        comment = database.change(statement, number, g.author["id"], form["text"])
        channels.publish(f"post:{number}", comment)
        return redirect(url_for("posts.show", number=number, _anchor=f"comment-{comment}"))
    return render_template("posts/show.html", post=post, form=form)


@bp.route(f"/post/{NUMBER}/comments/after/<int(max=999999999):last>")
def listen(number, last):
    """Send the comments that an open page does not have, and then each new one."""
    find_post(number)
    last = request.headers.get("Last-Event-ID", last)
    return stream_events(events(number, last))


async def events(number, last):
    """Yield each comment on a post as an event."""
    async with channels.subscribe(f"post:{number}") as messages:
        for event in new_events(number, last):
            yield event
            last = event.id
        async for _ in messages:
            for event in new_events(number, last):
                yield event
                last = event.id


def new_events(number, last):
    """Return an event for each comment after the last one."""
    with current_app.app_context():
        return [
            ServerSentEvent(
                render_template("comments/comment.html", comment=comment), id=comment["id"]
            )
            for comment in find_comments(number, last)
        ]


@bp.app_template_global()
def find_comments(number, last=0):
    """Return the comments on a post that are newer than the last one."""
    query = """
        SELECT comment.*, author.name AS author
        FROM comment JOIN author ON author.id = comment.author_id
        WHERE comment.post_id = ? AND comment.id > ?
        ORDER BY comment.id
    """
    return database.find_all(query, number, last)


@bp.app_template_global()
def comment_form():
    """Return the form of a comment."""
    return Form({"text": (1, 2_000)})
