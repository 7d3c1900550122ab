"""The checks of ``flask doctor`` that look at routes, files and installed packages."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

from .._core.awaitables import is_async_view
from .._core.user_code import shorten_path
from ._checked_keys import is_committed
from ._dotenv import DEFAULT_FILES
from ._findings import Finding
from ._locations import Location, locate_view
from ._setting_checks import Subject
from ._shadowed import find_winners

_MOST_PLACES: t.Final = 5
"""Places that a text names."""
_MOST_TEMPLATES: t.Final = 2_000
_LARGEST_TEMPLATE: t.Final = 1_000_000  # bytes

_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)\s*(?:>=(?P<version>[\d.]+))?[^;]*(?P<marker>;.*)?")


def check_routes(subject: Subject) -> Iterator[Finding]:
    """Each rule can match a request."""
    app = subject.app
    rules = list(app.url_map.iter_rules())
    for rule, winner in zip(rules, find_winners(app.url_map), strict=True):
        if winner is None:
            continue
        place = locate_view(app.view_functions.get(rule.endpoint))
        where = "" if place is None else f" ({place})"
        yield Finding(
            "shadowed-route",
            "warning",
            f"The rule {rule.rule!r} of {rule.endpoint!r} never matches{where}.",
            f"The earlier rule {winner.rule!r} of {winner.endpoint!r} answers all its requests.",
            "Remove or change one of the two rules, or register the more special one first.",
        )


def check_packages(subject: Subject) -> Iterator[Finding]:
    """The packages that the application's features need are installed."""
    app = subject.app
    has_websockets = any(rule.websocket for rule in app.url_map.iter_rules())
    has_async_views = any(map(is_async_view, app.view_functions.values()))
    if (has_websockets or has_async_views) and not _is_installed("greenlet"):
        yield _missing(
            "greenlet",
            "greenlet>=3.1",
            "the app has async views or WebSocket handlers",
            "Under ASGI, each of them takes a thread while it runs.",
        )
    if has_websockets and not _is_installed("wsproto"):
        yield _missing(
            "wsproto",
            "wsproto>=1.2",
            "the app has WebSocket handlers",
            "WSGI servers, such as 'flask run', refuse WebSockets.",
        )
    files = [name for name in DEFAULT_FILES if os.path.isfile(name)]
    if files and not _is_installed("dotenv"):
        yield _missing(
            "python-dotenv",
            "python-dotenv>=1",
            f"there is a file {files[0]!r}",
            "The variables in it are not set.",
        )


def _missing(name: str, requirement: str, reason: str, effect: str) -> Finding:
    return Finding(
        f"missing-{name}",
        "warning",
        f"{name} is not installed, and {reason}.",
        effect,
        f"Install it with: pip install '{requirement}'",
    )


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ValueError:  # in `sys.modules` without a spec
        return False


def check_env_files(subject: Subject) -> Iterator[Finding]:
    """Files with secrets are not committed."""
    if os.path.isfile(".env") and is_committed(os.path.abspath(".env")):
        yield Finding(
            "env-file-committed",
            "error",
            "The file '.env' is in the repository.",
            "Everyone who can read the repository has the secrets in it.",
            "Run 'git rm --cached .env', add '.env' to .gitignore, and replace the secrets.",
        )


# Files --------------------------------------------------------------------------------------------


def check_folders(subject: Subject) -> Iterator[Finding]:
    """The folder of static files contains no code and no templates."""
    for owner in (subject.app, *subject.app.blueprints.values()):
        if not owner.static_folder:
            continue
        static = os.path.realpath(owner.static_folder)
        private = [owner.root_path]
        if owner.template_folder:
            private.append(os.path.join(owner.root_path, owner.template_folder))
        for folder in map(os.path.realpath, private):
            if os.path.isdir(folder) and os.path.commonpath([static, folder]) == static:
                yield Finding(
                    "static-folder-exposes-files",
                    "error",
                    f"The static folder {shorten_path(static)!r} contains"
                    f" {shorten_path(folder)!r}.",
                    "Every client can download the code or the templates in it.",
                    "Move static files to a folder of their own, such as 'static'.",
                )


def check_templates(subject: Subject) -> Iterator[Finding]:
    """Templates build the URLs of static files."""
    path = subject.app.static_url_path if subject.app.has_static_folder else None
    if not path:
        return
    pattern = re.compile(rf"""(?:src|href)\s*=\s*["']{re.escape(path)}/""", re.IGNORECASE)
    places = [
        str(Location(str(file), number))
        for file in _find_templates(subject)
        for number, line in enumerate(file.read_text("utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    if places:
        more = len(places) - _MOST_PLACES
        listed = ", ".join(places[:_MOST_PLACES]) + (f" and {more} more" if more > 0 else "")
        yield Finding(
            "static-url-in-templates",
            "info",
            f"Templates contain '{path}/' as text: {listed}.",
            "The links break if the app is served below a path, or static files move.",
            "Use url_for('static', filename='...').",
        )


def _find_templates(subject: Subject) -> Iterator[Path]:
    """Yield the templates of the application and its blueprints, up to a limit."""
    left = _MOST_TEMPLATES
    for owner in (subject.app, *subject.app.blueprints.values()):
        if not owner.template_folder:
            continue
        for file in sorted(Path(owner.root_path, owner.template_folder).rglob("*.htm*")):
            if left > 0 and file.is_file() and file.stat().st_size <= _LARGEST_TEMPLATE:
                left -= 1
                yield file


# Distributions ------------------------------------------------------------------------------------


def check_distributions(subject: Subject) -> Iterator[Finding]:
    """No other distribution named ``flask`` is installed."""
    others: dict[str, str] = {}
    own = 0
    for distribution in importlib.metadata.distributions(name="flask"):
        if len(distribution.version.split(".")) == 4:  # docs/decisions/0002
            own += 1
        else:
            others[str(distribution.locate_file(""))] = distribution.version
    for folder, version in others.items():
        yield Finding(
            "other-flask",
            "error",
            f"The Pallets release {version} of Flask is installed in {folder!r} too.",
            "Which of the two is imported depends on the order of folders, and a command of pip"
            " may overwrite files of either.",
            "Uninstall both with 'pip uninstall flask', as often as it finds one, and install this"
            " package again.",
        )


def check_versions(subject: Subject) -> Iterator[Finding]:
    """Dependencies have the versions that this package needs."""
    try:
        requirements = importlib.metadata.requires("flask") or []
    except importlib.metadata.PackageNotFoundError:
        return
    for text in requirements:
        match = _REQUIREMENT.match(text)
        if match is None:
            continue
        is_optional = "extra" in (match["marker"] or "")
        yield from _check_version(match["name"], match["version"], is_optional)


def _check_version(name: str, oldest: str | None, is_optional: bool) -> Iterator[Finding]:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        if not is_optional:
            yield _missing(name, name, "this package needs it", "Imports of it fail.")
        return
    if oldest is not None and _numbers_of(version) < _numbers_of(oldest):
        yield Finding(
            f"outdated-{name}",
            "error",
            f"{name} {version} is installed, and this package needs {oldest} or newer.",
            "It was not tested with older versions, and may fail.",
            f"Install a newer one: pip install --upgrade '{name}>={oldest}'",
        )


def _numbers_of(version: str) -> tuple[int, ...]:
    """Return the numbers of a version; what comes after them, such as ``rc1``, is left out."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, match[0].split("."))) if match else ()


PROJECT_CHECKS: t.Final[tuple[Callable[[Subject], Iterator[Finding]], ...]] = (
    check_routes,
    check_packages,
    check_env_files,
    check_folders,
    check_templates,
    check_distributions,
    check_versions,
)
"""The checks of this module, in the order of their findings."""
