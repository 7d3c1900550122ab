"""The command ``config``: the settings of the application, and where each comes from."""

from __future__ import annotations

import typing as t
from json import dumps

import click

from .._app.lifespan import PREPARATIONS
from ._routes import format_table
from ._script import ScriptInfo, pass_script_info
from ._secrets import HIDDEN, hide_in_text, hide_secrets

if t.TYPE_CHECKING:
    from ..typing import AnyApp
    from ._setting_sources import Source

_WIDEST: t.Final = 60
"""Characters of a value in the table."""


@click.command(
    "config", short_help="Show the app's settings.", context_settings={"show_default": True}
)
@click.argument("text", required=False)
@click.option("--changed", is_flag=True, help="Leave out settings that have their default.")
@click.option("--json", is_flag=True, help="Print JSON, with whole values.")
@pass_script_info
def config_command(info: ScriptInfo, text: str | None, changed: bool, json: bool) -> None:
    """Show the settings of the application, and where each value comes from.

    With TEXT, only settings with this text in their name are shown, in any case.

    Secrets are hidden: values whose names say that they are keys, passwords or tokens, and
    passwords in URLs.
    """
    app, sources, error = load_with_sources(info)
    if error is not None:
        reason = hide_in_text(str(error))
        click.secho(
            f"The set-up of the app fails at its first request: {reason}", fg="red", err=True
        )
    wanted = (text or "").upper()
    rows = [
        (key, hide_secrets(key, app.config[key]), source)
        for key, source in sorted(sources.items())
        if wanted in key.upper() and not (changed and source.kind == "default")
    ]
    if json:
        click.echo(dumps({"settings": [_describe(*row) for row in rows]}, indent=2))
    elif not rows:
        click.echo("No such setting." if text else "All settings have their defaults.")
    else:
        columns = {
            "Key": [key for key, _, _ in rows],
            "Value": [_shorten(value) for _, value, _ in rows],
            "Source": [str(source) for _, _, source in rows],
        }
        for line in format_table(columns):
            click.echo(line.rstrip())


def load_with_sources(info: ScriptInfo) -> tuple[AnyApp, dict[str, Source], Exception | None]:
    """Load the application as a server does, and record where its settings come from.

    Functions of startup, such as ``before_serving``, do not run.

    :param info: names the application.
    :returns: the application, the sources, and the error of the checks before the first request.
    """
    # Imported here, because other commands do not need it.
    from ._setting_sources import read_sources, record_sources

    with record_sources():
        app = info.load_app()
    failed = None
    try:
        for prepare in PREPARATIONS:
            prepare(app)
    except Exception as error:
        failed = error
    return app, read_sources(app.config, info.set_debug_flag), failed


def _describe(key: str, value: object, source: Source) -> dict[str, object]:
    """Return a setting for JSON. These names are documented and do not change."""
    place = source.location
    return {
        "key": key,
        "value": value,
        "hidden": HIDDEN in dumps(value),
        "source": source.kind,
        "variable": source.variable,
        "file": place and place.file,
        "line": place and place.line,
    }


def _shorten(value: object) -> str:
    text = value if value == HIDDEN else repr(value)
    assert isinstance(text, str)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."
