"""The lines about the application that the development server prints when it starts."""

from __future__ import annotations

import click
from werkzeug.serving import is_running_from_reloader


def show_server_banner(debug: bool | None, app_import_path: str | None) -> None:
    """Print which application is served and whether debug mode is on.

    It is printed once: the process that the reloader starts prints nothing.

    :param debug: whether debug mode is on; ``None``: the line is not printed.
    :param app_import_path: the value of ``--app``; ``None``: the line is not printed.
    """
    facts: list[str] = []
    if app_import_path is not None:
        facts.append(f"Serving Flask app '{app_import_path}'")
    if debug is not None:
        facts.append("Debug mode: on" if debug else "Debug mode: off")
    if not is_running_from_reloader():
        for fact in facts:
            click.echo(f" * {fact}")


def warn_run_ignored() -> None:
    """Print that ``app.run()`` is ignored in a module that ``flask`` imports."""
    if not is_running_from_reloader():
        click.secho(
            " * Ignoring a call to 'app.run()' that would block the current 'flask' CLI command.\n"
            "   Only call 'app.run()' in an 'if __name__ == \"__main__\"' guard.",
            fg="red",
        )
