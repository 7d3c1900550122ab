"""One SQLite connection for each request, opened at the first use."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import click

from flask import Flask, current_app, g
from flask.cli import with_appcontext


def connection() -> sqlite3.Connection:
    """Return the connection of this request; its rows have columns by name."""
    if "connection" not in g:
        g.connection = sqlite3.connect(current_app.config["DATABASE"])
        g.connection.row_factory = sqlite3.Row
        g.connection.execute("PRAGMA foreign_keys = ON")
    opened: sqlite3.Connection = g.connection
    return opened


def one(question: str, *values: object) -> sqlite3.Row | None:
    """Return the first row of the result, or None."""
    row: sqlite3.Row | None = connection().execute(question, values).fetchone()
    return row


def every(question: str, *values: object) -> list[sqlite3.Row]:
    """Return all rows of the result."""
    return connection().execute(question, values).fetchall()


def change(statement: str, *values: object) -> int:
    """Run a statement and commit; return the id of an added row, or 0."""
    with connection() as changing:
        return changing.execute(statement, values).lastrowid or 0


def moment(text: str) -> datetime:
    """Parse a time from the database, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def close(error: BaseException | None = None) -> None:
    """Close the connection if the request opened one."""
    opened = g.pop("connection", None)
    if opened is not None:
        opened.close()


def create() -> None:
    """Create empty tables; existing data is deleted."""
    Path(current_app.config["DATABASE"]).parent.mkdir(parents=True, exist_ok=True)
    with current_app.open_resource("schema.sql", "r") as schema:
        connection().executescript(schema.read())


@click.command("init-db")
@with_appcontext
def create_command() -> None:
    """Create empty tables; existing data is deleted."""
    create()
    click.echo(f"The blog is empty and ready: {current_app.config['DATABASE']}")


def install(app: Flask) -> None:
    """Close the connection after each request; add the command and the filter."""
    app.teardown_appcontext(close)
    app.cli.add_command(create_command)
    app.add_template_filter(moment)
