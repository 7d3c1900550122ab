"""The notes for a template, a filter or a test that does not exist: what was meant.

This module is imported when an unhandled error is explained.
"""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Iterator

from .._core.user_code import find_last_line, find_similar, suggest

_FOLDER: t.Final = "templates"
_MOST_FOLDERS = 10
_MOST_NAMES = 2_000  # templates that are compared
_MOST_ENTRIES = 2_000  # of a folder that is searched for a similar one
_UNKNOWN_NAME = re.compile(r"No (filter|test) named '(.+)'")


def explain_missing_template(app: t.Any, error: BaseException) -> str | None:
    """Return the note for a ``TemplateNotFound``.

    :param app: the application.
    :param error: the error. Its ``templates`` are the names that were searched.
    """
    names = [name for name in getattr(error, "templates", ()) if isinstance(name, str)]
    if not names:
        return None
    line = find_last_line(error)
    folders = list(_iterate_folders(app))
    found = "\n".join(f"  {path} ({whose}){_is_missing(path)}" for whose, path in folders)
    note = f"Searched for {' and '.join(map(repr, names))} in:\n{found or '  no folder'}"
    if line:
        note = f"The template is used in {line}. {note}"
    if app.debug or app.testing:  # it lists folders, which a client must not be able to repeat
        note += _suggest(app, names, folders)
    return note


def explain_missing_name(app: t.Any, text: str) -> str | None:
    """Return the note for a filter or a test that no template has; ``None`` for other errors.

    :param app: the application.
    :param text: the text of Jinja's error.
    """
    found = _UNKNOWN_NAME.match(text)
    if found is None:
        return None
    kind, name = found.groups()
    names = app.jinja_env.filters if kind == "filter" else app.jinja_env.tests
    suggestion = suggest(name, names)
    if suggestion:
        return f"Templates have no {kind} {name!r}.{suggestion}"
    return (
        f"Templates have no {kind} {name!r}. To add it, write '@app.template_{kind}(\"{name}\")'"
        " above a function."
    )


def _is_missing(path: str) -> str:
    return "" if os.path.isdir(path) else ": the folder does not exist"


def _iterate_folders(app: t.Any) -> Iterator[tuple[str, str]]:
    """Yield the folders in which templates are searched, in order, and to what each belongs."""
    count = 0
    for owner in (app, *app.iter_blueprints()):
        whose = f"application {app.name!r}" if owner is app else f"blueprint {owner.name!r}"
        for path in getattr(owner.jinja_loader, "searchpath", ()):
            if count < _MOST_FOLDERS:
                yield whose, os.fspath(path)
            count += 1


def _suggest(app: t.Any, names: list[str], folders: list[tuple[str, str]]) -> str:
    """Return a line with the template or the folder that was probably meant."""
    existing = _list_templates(app)
    for name in names:
        similar = find_similar(name, existing) or _find_elsewhere(name, existing)
        if similar is not None:
            return f"\nDid you mean {similar!r}?"
    for owner in (app, *app.iter_blueprints()):
        for name in names:
            if os.path.isfile(os.path.join(owner.root_path, name)):
                return (
                    f"\nThe file {name!r} is in {owner.root_path}. Move it to the folder"
                    f" {_FOLDER!r} there."
                )
    for _, path in folders:
        parent, folder = os.path.split(path.rstrip(os.sep))
        if not os.path.isdir(path) and os.path.isdir(parent):
            similar = find_similar(folder, _list_folders(parent))
            if similar is not None:
                return (
                    f"\n{parent} has a folder {similar!r}. Rename it to {folder!r}, or pass"
                    f" template_folder={similar!r}."
                )
    return ""


def _list_templates(app: t.Any) -> list[str]:
    try:
        templates: list[str] = app.jinja_env.list_templates()
    except (OSError, TypeError):  # a loader that cannot list its templates
        return []
    return templates[:_MOST_NAMES]


def _find_elsewhere(name: str, existing: list[str]) -> str | None:
    """Return a template with the same file name in another folder."""
    last = name.rpartition("/")[2]
    return next((other for other in existing if other.rpartition("/")[2] == last), None)


def _list_folders(parent: str) -> list[str]:
    found: list[str] = []
    try:
        with os.scandir(parent) as entries:
            for entry in entries:
                if entry.is_dir():
                    found.append(entry.name)
                if len(found) == _MOST_ENTRIES:
                    break
    except OSError:
        pass
    return found
