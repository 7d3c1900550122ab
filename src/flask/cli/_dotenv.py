"""Load environment variables from files: ``.flaskenv``, ``.env``, and one that the user names."""

from __future__ import annotations

import os

import click

DEFAULT_FILES = (".flaskenv", ".env")
"""Files that are searched for, the one with the highest precedence last."""


def load_dotenv(path: str | os.PathLike[str] | None = None, load_defaults: bool = True) -> bool:
    """Set environment variables from files in the format of python-dotenv.

    A variable that is already set does not change. ``path`` takes precedence over ``.env``, and
    ``.env`` over ``.flaskenv``. The encoding is UTF-8. Without python-dotenv no file is read, and a
    tip is printed on stderr if there is one.

    :param path: a file to read in addition to the default ones; it need not exist.
    :param load_defaults: read `DEFAULT_FILES`, each from the nearest directory that has one, from
        the current directory upwards.
    :return: ``True`` if the files named at least one variable, set by this call or not.
    """
    try:
        import dotenv
    except ImportError:
        if path or any(os.path.isfile(name) for name in DEFAULT_FILES):
            click.secho(
                " * Tip: There are .env files present. Install python-dotenv to use them.",
                fg="yellow",
                err=True,
            )
        return False

    files: list[str | os.PathLike[str]] = []
    if load_defaults:
        found = (dotenv.find_dotenv(name, usecwd=True) for name in DEFAULT_FILES)
        files += [file for file in found if file]
    if path is not None:
        files.append(path)

    values: dict[str, str | None] = {}
    for file in files:
        values |= dotenv.dotenv_values(file, encoding="utf-8")
    for name, value in values.items():
        # A line without a value has only a name.
        if value is not None and name not in os.environ:
            os.environ[name] = value
    return bool(values)
