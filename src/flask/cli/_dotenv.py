"""Environment variables out of files: ``.flaskenv``, ``.env``, and one that the user names."""

from __future__ import annotations

import os

import click

DEFAULT_FILES = (".flaskenv", ".env")
"""Files looked for in the current directory and upwards; a later one wins over an earlier one."""


def load_dotenv(path: str | os.PathLike[str] | None = None, load_defaults: bool = True) -> bool:
    """Set environment variables from files in the notation of python-dotenv.

    A variable that is already set stays as it is. Among the files, ``path`` wins over ``.env``,
    and ``.env`` over ``.flaskenv``. They are read as UTF-8. Without python-dotenv nothing is read;
    if there is a file that would have been, a tip says so on stderr.

    :param path: a file to read beside the default ones; one that does not exist counts as empty.
    :param load_defaults: look for `DEFAULT_FILES`, each in the nearest directory that has one,
        from the current one upwards.
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
        # A line that is only a name has no value: there is nothing to set.
        if value is not None and name not in os.environ:
            os.environ[name] = value
    return bool(values)
