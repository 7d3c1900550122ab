"""The options of the ``flask`` command: application, environment file, debug mode, version.

Each option has a callback that runs while the command line is parsed, and passes no value to the
command. The environment file is read first, because it may name the application.
"""

from __future__ import annotations

import importlib.util
import os
import platform

import click
from click.core import ParameterSource

from ._dotenv import load_dotenv
from ._script import ScriptInfo

_IMPLEMENTATION = "Implementation: independent of the Pallets release, pure Python"


def _read_env_file(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Load the named file, and the default files unless they are disabled."""
    if value is not None and importlib.util.find_spec("dotenv") is None:
        raise click.BadParameter("python-dotenv must be installed to load an env file.", ctx, param)
    load_defaults = ctx.ensure_object(ScriptInfo).load_dotenv_defaults
    if value is not None or load_defaults:
        load_dotenv(value, load_defaults=load_defaults)
    return value


def _name_app(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Store the name of the application in the `ScriptInfo`."""
    if value is not None:
        ctx.ensure_object(ScriptInfo).app_import_path = value
    return value


def _set_debug(ctx: click.Context, param: click.Parameter, value: bool) -> bool | None:
    """Set ``FLASK_DEBUG``.

    A factory can read the variable, and the process that the reloader starts inherits it.
    """
    asked = ctx.get_parameter_source(param.name)
    if asked in (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP):
        return None
    os.environ["FLASK_DEBUG"] = "1" if value else "0"
    return value


def get_version(ctx: click.Context, param: click.Parameter | None, value: object) -> None:
    """Print versions and the name of the implementation, and end the command.

    It is the callback of ``--version``, and does nothing if ``value`` is false.
    """
    if not value or ctx.resilient_parsing:
        return
    import importlib.metadata  # 4 ms that no request needs

    for name, version in (
        ("Python", platform.python_version()),
        ("Flask", importlib.metadata.version("flask")),
        ("Werkzeug", importlib.metadata.version("werkzeug")),
    ):
        click.echo(f"{name} {version}", color=ctx.color)
    click.echo(_IMPLEMENTATION, color=ctx.color)
    ctx.exit()


env_file_option = click.Option(
    ["-e", "--env-file"],
    type=click.Path(exists=True, dir_okay=False),
    is_eager=True,
    expose_value=False,
    callback=_read_env_file,
    help=(
        "File with environment variables to set. It wins over '.env' and '.flaskenv'; variables"
        " that are already set win over all files. Needs python-dotenv."
    ),
)

app_option = click.Option(
    ["-A", "--app"],
    metavar="IMPORT",
    is_eager=True,
    expose_value=False,
    callback=_name_app,
    help=(
        "The application or its factory, as 'module:name'. The module is a dotted name or a file's"
        " path. ':name' may be left out for the usual names: 'app', 'application', 'create_app',"
        " 'make_app'. A factory may be called with literals: 'module:name(\"x\", key=1)'."
    ),
)

# Not eager, so --help does not change the environment.
debug_option = click.Option(
    ["--debug/--no-debug"],
    expose_value=False,
    callback=_set_debug,
    show_default="FLASK_DEBUG, else off",
    help="Switch debug mode on or off.",
)

version_option = click.Option(
    ["--version"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=get_version,
    help="Show the versions of Flask, Werkzeug and Python, and the implementation.",
)
