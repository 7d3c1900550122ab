"""The database: one SQLite connection for each request."""

import sqlite3
from pathlib import Path

import click

from flask import current_app, g
from flask.cli import with_appcontext


def connection():
    """Return the connection of this request; the first call opens it."""
    if "connection" not in g:
        g.connection = sqlite3.connect(current_app.config["DATABASE"])
        g.connection.row_factory = sqlite3.Row
        g.connection.execute("PRAGMA foreign_keys = ON")
    return g.connection


def close(error=None):
    """Close the connection if this request has opened one."""
    opened = g.pop("connection", None)
    if opened is not None:
        opened.close()


def find_all(query, *values):
    """Return all rows that a query finds."""
    return connection().execute(query, values).fetchall()


def find_one(query, *values):
    """Return the first row that a query finds, or None."""
    return connection().execute(query, values).fetchone()


def change(statement, *values):
    """Run a statement and save the change; return the number of a new row."""
    with connection() as opened:
        return opened.execute(statement, values).lastrowid


@click.command("init-db")
@with_appcontext
def init_db():
    """Create the tables that do not exist yet."""
    path = Path(current_app.config["DATABASE"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with current_app.open_resource("schema.sql", "r") as schema:
        connection().executescript(schema.read())
    click.echo(f"The database is ready: {path.name}")


def init_app(app):
    """Add the command, and close the connection at the end of each request."""
    app.cli.add_command(init_db)
    app.teardown_appcontext(close)
