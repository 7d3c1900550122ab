"""``flask doctor``: the checks of routes, files and packages, and checks of applications."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import typing as t
from collections.abc import Iterator

import pytest

from flask import Blueprint, Flask, current_app
from flask.cli import Finding, FlaskGroup, cli


def examine(runner, app: Flask) -> dict[str, dict[str, str]]:
    """Return the findings by their identifiers."""
    tool = FlaskGroup(create_app=lambda: app, set_debug_flag=False)
    result = runner.invoke(tool, ["doctor", "--json", "--fail-level", "never"])
    assert result.exit_code == 0, result.output
    return {finding["id"]: finding for finding in json.loads(result.stdout)["findings"]}


@pytest.fixture
def app(project) -> Flask:
    for name in ("static", "templates"):
        (project.root / name).mkdir()
    return Flask("shop", root_path=str(project.root))


def show() -> str:
    return ""


# Routes and packages ------------------------------------------------------------------------------


def test_a_rule_that_never_matches_is_found(runner, app: Flask) -> None:
    app.add_url_rule("/<name>", "first", lambda name: "")
    app.add_url_rule("/<uuid:name>", "second", show)
    finding = examine(runner, app)["shadowed-route"]
    assert finding["level"] == "warning"
    assert "'/<uuid:name>' of 'second' never matches" in finding["what"]
    assert f"test_doctor_project.py:{show.__code__.co_firstlineno})" in finding["what"]
    assert "'/<name>' of 'first'" in finding["why"]


async def wait() -> str:
    return ""


@pytest.mark.parametrize(
    ("feature", "missing", "identifiers"),
    [
        ("websocket", {"greenlet", "wsproto"}, {"missing-greenlet", "missing-wsproto"}),
        ("websocket", {"wsproto"}, {"missing-wsproto"}),
        ("websocket", set(), set()),
        ("async", {"greenlet", "wsproto"}, {"missing-greenlet"}),
        ("sync", {"greenlet", "wsproto"}, set()),
        (".env", {"dotenv"}, {"missing-python-dotenv"}),
        ("sync", {"dotenv"}, set()),
        (".env", set(), set()),
    ],
)
def test_a_feature_without_its_package_is_found(
    runner,
    app: Flask,
    project,
    monkeypatch: pytest.MonkeyPatch,
    feature: str,
    missing: set[str],
    identifiers: set[str],
) -> None:
    if feature == "websocket":
        app.websocket("/chat")(wait)
    elif feature == ".env":
        project.write_file(".env", "A=1\n")
    else:
        app.add_url_rule("/", "view", wait if feature == "async" else show)
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *args: None if name in missing else find_spec(name, *args),
    )
    found = examine(runner, app)
    assert {name for name in found if name.startswith("missing-")} == identifiers
    assert all("pip install '" in found[name]["fix"] for name in identifiers)


# Files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("static", "templates", "is_found"),
    [
        ("static", "templates", False),
        (".", "templates", True),
        ("static", "static/pages", True),
        ("templates/static", "templates", False),
        ("static", "missing", False),
    ],
)
def test_a_static_folder_with_private_files_is_found(
    runner, project, static: str, templates: str, is_found: bool
) -> None:
    (project.root / "static" / "pages").mkdir(parents=True)
    app = Flask(
        "shop", root_path=str(project.root), static_folder=static, template_folder=templates
    )
    found = examine(runner, app)
    assert ("static-folder-exposes-files" in found) is is_found


def test_the_folders_of_blueprints_are_checked(runner, app: Flask, project) -> None:
    (project.root / "admin").mkdir()
    blueprint = Blueprint(
        "admin", "admin", root_path=str(project.root / "admin"), static_folder="../admin"
    )
    app.register_blueprint(blueprint, url_prefix="/admin")
    found = examine(runner, app)
    assert "'admin' contains 'admin'" in found["static-folder-exposes-files"]["what"]


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ('<img src="/static/a.png">', True),
        ("<link href='/static/a.css'>", True),
        ("<IMG SRC = '/static/a.png'>", True),
        ("<img src=\"{{ url_for('static', filename='a.png') }}\">", False),
        ('<img src="/stat/a.png">', False),
        ("Look at /static/a.png", False),
    ],
)
def test_static_urls_in_templates_are_found(
    runner, app: Flask, project, line: str, is_found: bool
) -> None:
    project.write_file("templates/deep/page.html", f"<p>\n{line}\n")
    found = examine(runner, app)
    assert ("static-url-in-templates" in found) is is_found
    if is_found:
        assert "templates/deep/page.html:2." in found["static-url-in-templates"]["what"]


def test_many_places_are_counted(runner, app: Flask, project) -> None:
    project.write_file("templates/page.html", '<img src="/static/a.png">\n' * 9)
    what = examine(runner, app)["static-url-in-templates"]["what"]
    assert "templates/page.html:5 and 4 more." in what


# Distributions ------------------------------------------------------------------------------------


def write_distribution(project, name: str, version: str) -> None:
    path = f"{name}-{version}.dist-info/METADATA"
    project.write_file(path, f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def test_the_pallets_release_beside_this_package_is_found(
    runner, app: Flask, project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "other-flask" not in examine(runner, app)
    write_distribution(project, "flask", "3.1.3")
    monkeypatch.syspath_prepend(str(project.root))
    finding = examine(runner, app)["other-flask"]
    assert finding["level"] == "error"
    assert "3.1.3" in finding["what"] and str(project.root) in finding["what"]


@pytest.mark.parametrize(
    ("version", "is_found"),
    [("1.9.9", True), ("3.0.9", True), ("3.1.0", False), ("3.1.0rc1", False), ("10.0", False)],
)
def test_a_dependency_that_is_too_old_is_found(
    runner, app: Flask, monkeypatch: pytest.MonkeyPatch, version: str, is_found: bool
) -> None:
    read = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: version if name == "werkzeug" else read(name)
    )
    found = examine(runner, app)
    assert ("outdated-werkzeug" in found) is is_found
    if is_found:
        assert "'werkzeug>=3.1.0'" in found["outdated-werkzeug"]["fix"]


@pytest.mark.parametrize(("name", "is_found"), [("granian", False), ("click", True)])
def test_only_a_required_dependency_may_not_be_missing(
    runner, app: Flask, monkeypatch: pytest.MonkeyPatch, name: str, is_found: bool
) -> None:
    read = importlib.metadata.version

    def version(wanted: str) -> str:
        if wanted == name:
            raise importlib.metadata.PackageNotFoundError(name)
        return read(wanted)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert (f"missing-{name}" in examine(runner, app)) is is_found


# Checks of applications and extensions ------------------------------------------------------------


def test_an_application_and_its_blueprints_add_checks(runner, app: Flask) -> None:
    blueprint = Blueprint("mail", __name__)

    @app.cli.check
    def check_name(checked: Flask) -> Iterator[Finding]:
        assert current_app == checked
        yield Finding("app-name", "info", checked.name, "why", "fix")

    @blueprint.cli.check
    def check_mail(checked: Flask) -> list[Finding]:
        return [Finding("mail-without-tls", "error", "what", "why", "fix")]

    app.register_blueprint(blueprint)
    found = examine(runner, app)
    assert found["app-name"] == {
        "id": "app-name",
        "level": "info",
        "what": "shop",
        "why": "why",
        "fix": "fix",
    }
    assert found["mail-without-tls"]["level"] == "error"


def test_an_installed_package_adds_a_check(
    runner, app: Flask, project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(
        mailer="from flask.cli import Finding\n"
        "def check(app):\n    yield Finding('mailer', 'info', app.name, 'why', 'fix')\n"
    )
    write_distribution(project, "mailer", "1.0")
    project.write_file(
        "mailer-1.0.dist-info/entry_points.txt", "[flask.checks]\nmailer = mailer:check\n"
    )
    monkeypatch.syspath_prepend(str(project.root))
    assert examine(runner, app)["mailer"]["what"] == "shop"


def raising(checked: Flask) -> list[Finding]:
    raise KeyError("x")


def yielding(checked: Flask) -> Iterator[Finding]:
    yield Finding("first", "info", "what", "why", "fix")
    raise KeyError("x")


def mistaken(checked: Flask) -> list[str]:
    return ["text"]


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (raising, "The check 'raising' has failed: KeyError: 'x'"),
        (yielding, "The check 'yielding' has failed: KeyError: 'x'"),
        (mistaken, "The check 'mistaken' has failed: TypeError: a check returns objects of"),
    ],
)
def test_a_check_that_fails_is_a_finding(runner, app: Flask, check: t.Any, message: str) -> None:
    app.cli.check(check)
    found = examine(runner, app)
    assert found["check-failed"]["level"] == "error"
    assert found["check-failed"]["what"].startswith(message)
    assert ("first" in found) is (check is yielding)


def test_a_check_may_return_nothing(runner, app: Flask) -> None:
    app.cli.check(lambda checked: None)
    assert "check-failed" not in examine(runner, app)


def test_a_package_whose_check_cannot_be_imported_is_a_finding(
    runner, app: Flask, project, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_distribution(project, "mailer", "1.0")
    project.write_file(
        "mailer-1.0.dist-info/entry_points.txt", "[flask.checks]\nmailer = no_such_module:check\n"
    )
    monkeypatch.syspath_prepend(str(project.root))
    what = examine(runner, app)["check-failed"]["what"]
    assert "The check 'no_such_module:check' has failed: ModuleNotFoundError" in what


def test_a_level_that_does_not_exist_is_refused() -> None:
    level: t.Any = "fatal"
    with pytest.raises(ValueError, match="the levels are info, warning, error"):
        Finding("x", level, "what", "why", "fix")


def test_without_own_checks_none_are_run(runner, app: Flask) -> None:
    assert app.cli.checks == []
    assert "check-failed" not in examine(runner, app)


def test_the_command_line_finds_the_application(project, runner) -> None:
    project.write(app="from flask import Flask\napp = Flask(__name__)\n")
    result = runner.invoke(cli, ["doctor"])
    assert result.exit_code == 1
    assert "warning  secret-key-missing" in result.output
