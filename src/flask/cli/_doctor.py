"""The command ``doctor``: is the application ready for production?

``_setting_checks`` and ``_project_checks`` have the built-in checks. Applications and extensions
add their own: `AppGroup.check`, and the entry points ``flask.checks``.
"""

from __future__ import annotations

import textwrap
import typing as t
from collections.abc import Iterable, Iterator
from functools import partial
from json import dumps

import click

from ._config import load_with_sources
from ._findings import LEVELS, Check, Finding
from ._script import ScriptInfo, pass_script_info
from ._secrets import hide_in_text

if t.TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from ..typing import AnyApp
    from ._setting_sources import Source

_COLORS: t.Final = {"error": "red", "warning": "yellow", "info": "cyan"}


@click.command(
    "doctor",
    short_help="Check the app for production.",
    context_settings={"show_default": True},
)
@click.option(
    "--fail-level",
    type=click.Choice([*LEVELS, "never"]),
    default="warning",
    help="The exit status is 1 if a finding has this level or a more severe one.",
)
@click.option(
    "--ignore",
    "-i",
    multiple=True,
    metavar="ID",
    help="Leave out findings with this identifier. May be given several times.",
)
@click.option("--json", is_flag=True, help="Print JSON.")
@pass_script_info
def doctor_command(info: ScriptInfo, fail_level: str, ignore: tuple[str, ...], json: bool) -> None:
    """Check whether the application is ready for production.

    Run it with the settings of production, for example on the server or when you build the
    container. Each finding has an identifier, and says why it matters and what to do.
    """
    app, sources, error = load_with_sources(info)
    found = list(_find_all(app, sources, error))
    ignored = {name.strip() for names in ignore for name in names.split(",")}
    findings = [finding for finding in found if finding.identifier not in ignored]
    findings.sort(key=lambda finding: -LEVELS.index(finding.level))
    failing = LEVELS[LEVELS.index(fail_level) :] if fail_level in LEVELS else ()
    has_failed = any(finding.level in failing for finding in findings)
    if json:
        document = {
            "app": app.name,
            "failed": has_failed,
            "findings": [_describe(finding) for finding in findings],
            "ignored": len(found) - len(findings),
        }
        click.echo(dumps(document, indent=2))
    else:
        for finding in findings:
            _print(finding)
        click.echo(_summarize(findings, len(found) - len(findings)))
    if has_failed:
        raise click.exceptions.Exit(1)


def _find_all(
    app: AnyApp, sources: dict[str, Source], error: Exception | None
) -> Iterator[Finding]:
    """Yield the findings of all checks."""
    # Imported here, because other commands do not need them.
    from ._project_checks import PROJECT_CHECKS
    from ._setting_checks import SETTING_CHECKS, Subject

    subject = Subject(app, sources)
    if error is not None:
        yield Finding(
            "set-up-fails",
            "error",
            f"The set-up of the app fails: {_name_error(error)}",
            "A server does not start, or each request fails.",
            "Change what the error names.",
        )
    for check in (*SETTING_CHECKS, *PROJECT_CHECKS):
        yield from check(subject)
    with app.app_context():
        for name, own_check in _own_checks(app):
            yield from _run(name, own_check, app)


def _own_checks(app: AnyApp) -> Iterator[tuple[str, Check]]:
    """Yield the checks of the application, its blueprints, and installed packages, with names."""
    import importlib.metadata

    groups = [app.cli, *(getattr(each, "cli", None) for each in app.blueprints.values())]
    for group in groups:
        for check in getattr(group, "checks", ()):
            yield getattr(check, "__qualname__", repr(check)), check
    for entry_point in importlib.metadata.entry_points(group="flask.checks"):
        yield entry_point.value, partial(_load_and_check, entry_point)


def _load_and_check(entry_point: EntryPoint, app: AnyApp) -> Iterable[Finding]:
    findings: Iterable[Finding] = entry_point.load()(app)
    return findings


def _run(name: str, check: Check, app: AnyApp) -> Iterator[Finding]:
    """Yield the findings of one check; an error in it is a finding too."""
    try:
        for finding in check(app) or ():
            if not isinstance(finding, Finding):
                raise TypeError(f"a check returns objects of flask.cli.Finding, not {finding!r}")
            yield finding
    except Exception as error:
        yield Finding(
            "check-failed",
            "error",
            f"The check {name!r} has failed: {_name_error(error)}",
            "What it checks is not known.",
            "Correct the check.",
        )


def _name_error(error: Exception) -> str:
    return f"{type(error).__name__}: {hide_in_text(str(error))}"


def _describe(finding: Finding) -> dict[str, str]:
    """Return a finding for JSON. These names are documented and do not change."""
    return {
        "id": finding.identifier,
        "level": finding.level,
        "what": finding.what,
        "why": finding.why,
        "fix": finding.fix,
    }


def _print(finding: Finding) -> None:
    level = click.style(f"{finding.level:<8}", fg=_COLORS[finding.level], bold=True)
    click.echo(f"{level} {finding.identifier}")
    for label, text in (("", finding.what), ("why: ", finding.why), ("fix: ", finding.fix)):
        lines = textwrap.wrap(f"{label}{text}", 92, break_long_words=False, break_on_hyphens=False)
        for number, line in enumerate(lines):
            click.echo(f"    {'     ' if number and label else ''}{line}")
    click.echo()


def _summarize(findings: list[Finding], ignored: int) -> str:
    counts = dict.fromkeys(reversed(LEVELS), 0)
    for finding in findings:
        counts[finding.level] += 1
    names = {"error": "errors", "warning": "warnings", "info": "info"}
    parts = [
        f"{count} {level if count == 1 else names[level]}"
        for level, count in counts.items()
        if count
    ]
    noun = "finding" if len(findings) == 1 else "findings"
    text = f"{len(findings)} {noun}: {', '.join(parts)}." if parts else "No findings."
    return f"{text} {ignored} ignored." if ignored else text
