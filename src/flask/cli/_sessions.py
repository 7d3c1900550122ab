"""The commands ``flask sessions``, for an application with ``SESSION_STORE``."""

from __future__ import annotations

import typing as t

import click

from .._core.current import current_app
from ._script import with_appcontext


@click.group("sessions", short_help="Manage stored sessions.")
def sessions_group() -> None:
    """Manage the sessions in SESSION_STORE."""


@sessions_group.command("purge", short_help="Delete expired sessions.")
@with_appcontext
def purge_command() -> None:
    """Delete expired sessions from the database.

    Run it once a day. Redis deletes expired sessions itself.
    """
    from .._sessions.configuration import make_store
    from ..sessions import SessionStoreError

    app = current_app._get_current_object()
    store: t.Any = make_store(app.config["SESSION_STORE"], app.instance_path)
    purge = getattr(store, "purge", None)
    if purge is None:
        click.echo("Nothing to do: this store deletes expired sessions itself.")
        return
    try:
        count: int = purge()
    except SessionStoreError as error:
        raise click.ClickException(f"The session store does not answer: {error}") from error
    finally:
        getattr(store, "close", lambda: None)()
    click.echo(f"Expired sessions that were deleted: {count}.")
