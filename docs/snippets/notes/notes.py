"""An application for notes: a factory, a blueprint, a template and a database."""

from __future__ import annotations

import sqlite3

from flask import (
    Blueprint,
    Flask,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    url_for,
)

notes = Blueprint("notes", __name__)


def create_app(**settings: object) -> Flask:
    """Create the application; settings override the defaults."""
    app = Flask(__name__)
    app.config.from_mapping(DATABASE="notes.sqlite")
    app.config.from_mapping(settings)
    app.register_blueprint(notes)
    app.teardown_appcontext(close_database)
    app.cli.command("create-tables")(create_tables)
    return app


def database() -> sqlite3.Connection:
    """Return the connection of this request; the first call opens it."""
    if "database" not in g:
        g.database = sqlite3.connect(current_app.config["DATABASE"])
    return g.database


def close_database(error: BaseException | None) -> None:
    """Close the connection if there is one; called at the end of every request and command."""
    connection = g.pop("database", None)
    if connection is not None:
        connection.close()


def create_tables() -> None:
    """Create the empty table."""
    database().execute("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")


@notes.get("/")
def index() -> str:
    """Show all notes."""
    rows = database().execute("SELECT id, text FROM note ORDER BY id").fetchall()
    return render_template("index.html", notes=rows)


@notes.post("/")
def write():
    """Store a note, and show all notes."""
    text = request.form["text"].strip()
    if not text:
        abort(400, "A note needs a text.")
    with database() as connection:
        connection.execute("INSERT INTO note (text) VALUES (?)", [text])
    return redirect(url_for(".index"), 303)


@notes.get("/<int:number>")
def show(number: int):
    """Return one note as JSON."""
    row = database().execute("SELECT text FROM note WHERE id = ?", [number]).fetchone()
    if row is None:
        abort(404)
    return {"id": number, "text": row[0]}
