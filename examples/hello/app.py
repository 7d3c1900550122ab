"""What `make demo` serves: one page that leads to each feature of the package."""

from __future__ import annotations

import secrets
import time
import typing as t
from collections import deque
from collections.abc import Iterator
from importlib.metadata import version

from api import api_bp

from flask import (
    Flask,
    Response,
    ServerSentEvent,
    flash,
    redirect,
    render_template,
    request,
    stream_events,
    url_for,
    websocket,
)
from flask.security import Security
from flask.typing import ResponseReturnValue

LONGEST_MESSAGE = 200
TICK = 1.0
"""Seconds between two events of the stream."""

app = Flask(__name__)
app.secret_key = secrets.token_hex()  # a new one at each start, which is enough for a demo
app.config["TRUSTED_HOSTS"] = ["localhost", "127.0.0.1"]
app.register_blueprint(api_bp, url_prefix="/api")
# Without TLS, a browser may refuse a secure cookie.
Security(app, session_cookie=False)

guests: deque[tuple[str, str]] = deque(maxlen=20)
"""Names and messages, the newest first."""


@app.get("/")
def index() -> str:
    """Show the page that leads to everything else."""
    links = {
        url_for("hello"): "the first page of the guide",
        url_for("hello_name", name="Ada"): "a template, with a part of the path",
        url_for("show_post", post_id=7): "a part of the path, as a number",
        url_for("api.greeting", name="Ada"): "JSON, from a blueprint",
        url_for("api.square", number=12): "JSON, from a number in the path",
    }
    return render_template("index.html", links=links, version=version("flask"))


# The routes of the guide ------------------------------------------------------------------------


@app.route("/hello")
def hello() -> str:
    """Return the page of the guide."""
    return "Hello, World!"


@app.route("/hello/<name>")
def hello_name(name: str) -> str:
    """Render a page with a greeting."""
    return render_template("hello.html", name=name)


@app.route("/post/<int:post_id>")
def show_post(post_id: int) -> str:
    """Return the number of a post."""
    return f"Post {post_id}"


# A form -------------------------------------------------------------------------------------------


@app.route("/guests", methods=["GET", "POST"])
def guest_book() -> ResponseReturnValue:
    """Show the guest book, or add an entry to it."""
    errors: dict[str, str] = {}
    name = request.form.get("name", "").strip()
    message = request.form.get("message", "").strip()
    if request.method == "POST":
        if not name:
            errors["name"] = "Enter your name."
        if not message:
            errors["message"] = "Enter a message."
        elif len(message) > LONGEST_MESSAGE:
            errors["message"] = f"Enter at most {LONGEST_MESSAGE} characters."
        if not errors:
            guests.appendleft((name[:LONGEST_MESSAGE], message))
            flash(f"Thank you, {name[:LONGEST_MESSAGE]}.")
            return redirect(url_for("guest_book"))
    page = render_template(
        "guests.html", guests=list(guests), errors=errors, name=name, message=message
    )
    return page, 422 if errors else 200


# A WebSocket and an event stream ----------------------------------------------------------------


@app.websocket("/shout")
def shout() -> None:
    """Return each message in capital letters."""
    for message in websocket:
        websocket.send(str(message)[:LONGEST_MESSAGE].upper())


@app.get("/ticks")
def ticks() -> Response:
    """Send an event each second, as long as the client listens."""

    def count() -> Iterator[t.Any]:
        for number in range(1, 3600):
            yield ServerSentEvent(
                {"number": number, "time": time.strftime("%H:%M:%S")}, event="tick", id=number
            )
            time.sleep(TICK)

    return stream_events(count())


if __name__ == "__main__":
    app.run(debug=True)
