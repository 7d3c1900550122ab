"""The command ``flask openapi``: print, write or check the document of an application."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import click

from .._core.current import current_app
from ..cli import with_appcontext
from ._breaking import find_breaking_changes
from ._names import Schema

if t.TYPE_CHECKING:
    from ..app import Flask


class _Api(t.Protocol):
    """What the command needs of an ``API`` object."""

    @property
    def title(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def url(self) -> str: ...
    def document(self, app: Flask, script_root: str = "") -> Schema: ...


_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("openapi", short_help="Print the OpenAPI document.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the document to a file.",
)
@click.option("--check", type=_EXISTING, help="Fail if the file is not the current document.")
@click.option(
    "--breaking",
    type=_EXISTING,
    help="Fail if clients of the document in the file may no longer work, and list why.",
)
@click.option("--api", "wanted", help="Which API, if there are several: its title or its URL.")
@with_appcontext
def openapi_command(
    output: Path | None, check: Path | None, breaking: Path | None, wanted: str | None
) -> None:
    """Print the OpenAPI document of the application.

    With '--check' or '--breaking', the exit code is 1 if the file is stale, or if there are
    breaking changes. These options can be combined.
    """
    app: Flask = current_app._get_current_object()
    api = _choose_api(app, wanted)
    document = api.document(app, str(app.config["APPLICATION_ROOT"]).rstrip("/"))
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    if output is not None:
        output.write_text(text, encoding="utf-8", newline="\n")
    has_failed = False
    if check is not None and check.read_text(encoding="utf-8") != text:
        click.echo(f"{check} is not the current document. Write it with --output {check}", err=True)
        has_failed = True
    if breaking is not None:
        changes = find_breaking_changes(_read_document(breaking), document)
        for change in changes:
            click.echo(change)
        has_failed = has_failed or bool(changes)
    if output is None and check is None and breaking is None:
        click.echo(text, nl=False)
    if has_failed:
        raise SystemExit(1)


def _choose_api(app: Flask, wanted: str | None) -> _Api:
    apis: list[_Api] = app.extensions["flask.api"]
    found = [
        api for api in apis if wanted in {None, api.title, f"{api.title} {api.version}", api.url}
    ]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{api.title} {api.version} ({api.url})" for api in apis)
    if wanted is None:
        problem = "The application has several APIs. Choose one with --api"
    else:
        problem = f"{'Several APIs match' if found else 'No API matches'} --api {wanted!r}. Use"
    raise click.UsageError(f"{problem}: a title, a title with its version, or a URL of {known}.")


def _read_document(path: Path) -> Schema:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.UsageError(f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict) or "openapi" not in document:
        raise click.UsageError(f"{path} is not an OpenAPI document.")
    return t.cast("Schema", document)
