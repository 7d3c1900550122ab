"""The command ``new``: a small, typed, tested application to start from.

The files are in ``skeleton/``: those of every application in ``common``, the others in ``pages``
and ``api``. Words such as ``@package@`` are replaced.
"""

from __future__ import annotations

import importlib.util
import keyword
import os
import re
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import click

if t.TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_API_REQUIREMENTS: t.Final = ("msgspec>=0.22", "flask-swagger-ui>=5.0")
_SUFFIX: t.Final = ".tmpl"
_PLACES: t.Final = {"gitignore": ".gitignore", "instance_config.toml": "instance/config.toml"}
"""The paths of files whose names in ``skeleton/`` differ."""
_PRIVATE: t.Final = frozenset({"instance/config.toml"})
"""Files that only the user may read."""
_OWN_FOLDERS: t.Final = frozenset({"instance", "test", "tests", "wsgi"})


@click.command(
    "new", short_help="Create a new application.", context_settings={"show_default": True}
)
@click.argument("name")
@click.option("--api", is_flag=True, help="A typed JSON API with flask.api, instead of pages.")
def new_command(name: str, api: bool) -> None:
    """Create a small application in a new folder NAME, with tests.

    It has a factory, a blueprint, settings from the environment, templates that work with a strict
    Content-Security-Policy, and types that 'mypy --strict' accepts. 'flask run' in the folder
    serves it.

    The name consists of lower-case letters, digits, '_' and '-', such as 'corner-shop'.
    """
    package = _check_name(name)
    folder = Path(name)
    _check_folder(folder)
    if api and importlib.util.find_spec("msgspec") is None:
        needed = " ".join(f"'{text}'" for text in _API_REQUIREMENTS)
        raise click.UsageError(
            "'--api' needs msgspec, which is not installed. Install it, and the assets of the docs"
            f" page, with: pip install {needed}"
        )
    words = _make_words(name, package, api)
    for path, text in sorted(_read_skeleton(api, package).items()):
        for word, value in words.items():
            text = text.replace(f"@{word}@", value)
        _write(folder / path, text, is_private=path in _PRIVATE)
    _print_next_steps(name, package, api)


# The name -----------------------------------------------------------------------------------------


def _check_name(name: str) -> str:
    """Return the name of the package.

    :raises click.BadParameter: the name is not valid, or another module has it.
    """
    package = name.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", package):
        suggestion = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-0123456789") or "shop"
        raise _refuse(
            name,
            "a name consists of lower-case letters, digits, '_' and '-', and begins with a letter",
            suggestion if not _find_conflict(suggestion.replace("-", "_")) else "my-app",
        )
    conflict = _find_conflict(package)
    if conflict is not None:
        raise _refuse(name, conflict, f"my-{name}")
    return package


def _refuse(name: str, reason: str, suggestion: str) -> click.BadParameter:
    return click.BadParameter(
        f"{name!r}: {reason}. Choose another name, such as: flask new {suggestion}",
        param_hint="'NAME'",
    )


def _find_conflict(package: str) -> str | None:
    """Return why a package cannot have a name, or ``None``."""
    if keyword.iskeyword(package):
        return "this is a keyword of Python, so the package could not be imported"
    if package in sys.stdlib_module_names:
        return "a module of Python has this name, and the package would hide it"
    if package in _OWN_FOLDERS:
        return "another file or folder of the application has this name"
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    # A folder without `__init__.py`, such as an empty one in the current folder, has no origin.
    if spec is not None and spec.origin is not None:
        return "an installed package has this name, and the application would hide it"
    return None


def _check_folder(folder: Path) -> None:
    """Refuse a path that is in use.

    :raises click.ClickException: it is a file, or a folder with files.
    """
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.is_dir() or folder.exists() or folder.is_symlink():
        what = "folder with files" if folder.is_dir() else "file"
        raise click.ClickException(
            f"{str(folder)!r} is a {what} already, and nothing was changed. Choose another name,"
            " or move it away."
        )


# The files ----------------------------------------------------------------------------------------


def _read_skeleton(api: bool, package: str) -> dict[str, str]:
    """Return the texts of the files by their paths in the new folder."""
    from importlib.resources import files  # 5 ms that other commands do not need

    root = files("flask.cli").joinpath("skeleton")
    texts: dict[str, str] = {}
    for kind in ("common", "api" if api else "pages"):
        for path, file in _walk(root.joinpath(kind), ""):
            path = path.removesuffix(_SUFFIX)
            path = _PLACES.get(path, path).replace("PACKAGE", package)
            texts[path] = file.read_text("utf-8")
    return texts


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(_SUFFIX):
            yield f"{prefix}{entry.name}", entry


def _make_words(name: str, package: str, api: bool) -> dict[str, str]:
    """Return what replaces the words of the skeleton."""
    import importlib.metadata
    import secrets

    version = importlib.metadata.version("flask")
    major, minor = version.split(".")[:2]
    # The upper limit is there because another release with a larger number has other features.
    requirements = [f"flask>={version},<{major}.{int(minor) + 1}", *(_API_REQUIREMENTS * api)]
    rows = (
        f"| `{package}/templates/` | the pages as Jinja templates |\n"
        f"| `{package}/static/` | the style sheet and the icon |\n"
    )
    return {
        "dependencies": ", ".join(f'"{text}"' for text in requirements),
        "extra_rows": "" if api else rows,
        "package": package,
        "path": "/docs" if api else "",
        "prefix": package.upper(),
        "project": name,
        "secret": secrets.token_hex(),
        "title": package.replace("_", " ").strip().capitalize(),
        "views": "notes" if api else "pages",
        "wheel": f"flask-{version}-py3-none-any.whl",
    }


def _write(path: Path, text: str, is_private: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o600 if is_private else 0o666
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _print_next_steps(name: str, package: str, api: bool) -> None:
    views = "notes" if api else "pages"
    click.echo(f"Created {name}/ with the package {package!r}. Begin to read in")
    click.echo(f"{name}/{package}/{views}.py.\n")
    click.echo("Next steps:\n")
    for command, purpose in (
        (f"cd {name}", ""),
        ("flask run --debug", f"serve it on http://127.0.0.1:5000{'/docs' if api else ''}"),
        ("pip install pytest mypy", ""),
        ("python -m pytest", "run its tests"),
        ("python -m mypy", "check its types"),
        ("flask doctor", "what to set before production"),
    ):
        click.echo(f"    {command:<26}{purpose}".rstrip())
