"""One SQLite connection for each request, opened when it is first asked for."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import click

from flask import Flask, current_app, g
from flask.cli import with_appcontext


def connection() -> sqlite3.Connection:
    """This request's connection; rows are read by the names of their columns."""
    if "connection" not in g:
        g.connection = sqlite3.connect(current_app.config["DATABASE"])
        g.connection.row_factory = sqlite3.Row
        g.connection.execute("PRAGMA foreign_keys = ON")
    opened: sqlite3.Connection = g.connection
    return opened


def one(question: str, *values: object) -> sqlite3.Row | None:
    """The first row of the answer, or None."""
    row: sqlite3.Row | None = connection().execute(question, values).fetchone()
    return row


def every(question: str, *values: object) -> list[sqlite3.Row]:
    """All rows of the answer."""
    return connection().execute(question, values).fetchall()


def change(statement: str, *values: object) -> int:
    """Change something, for good; the id of the row that was added, if any."""
    with connection() as changing:
        return changing.execute(statement, values).lastrowid or 0


def moment(text: str) -> datetime:
    """A time as the database keeps it, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def close(error: BaseException | None = None) -> None:
    """Close the connection if the request opened one."""
    opened = g.pop("connection", None)
    if opened is not None:
        opened.close()


def create() -> None:
    """Make the tables anew; what was in them is lost."""
    Path(current_app.config["DATABASE"]).parent.mkdir(parents=True, exist_ok=True)
    with current_app.open_resource("schema.sql", "r") as schema:
        connection().executescript(schema.read())


@click.command("init-db")
@with_appcontext
def create_command() -> None:
    """Make the tables anew; what was in them is lost."""
    create()
    click.echo(f"The blog is empty and ready: {current_app.config['DATABASE']}")


def install(app: Flask) -> None:
    """Close after each request; add the command and the filter for times."""
    app.teardown_appcontext(close)
    app.cli.add_command(create_command)
    app.add_template_filter(moment)
