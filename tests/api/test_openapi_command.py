"""The command ``flask openapi``."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from flask import Flask
from flask.api import Query, typed
from flask.api._api import API


def make_app(*apis: dict[str, t.Any], required: bool = False) -> Flask:
    app = Flask("shop")

    @typed
    def search(by: Query[str] = "") -> str:
        """Söker."""
        return ""

    @typed
    def search_by(by: Query[str]) -> str:
        return ""

    app.add_url_rule("/", "search", search_by if required else search)
    for options in apis or ({"title": "Shop", "version": "1"},):
        API(app, docs=None, **options)
    return app


def run(app: Flask, *arguments: object) -> t.Any:
    return app.test_cli_runner().invoke(args=["openapi", *map(str, arguments)])


def test_the_document_is_printed_for_people() -> None:
    app = make_app()
    result = run(app)
    assert result.exit_code == 0
    assert json.loads(result.stdout) == app.test_client().get("/openapi.json").json
    assert '\n  "openapi": "3.1.1",\n' in result.stdout
    assert "Söker." in result.stdout


def test_the_server_is_the_configured_root() -> None:
    app = make_app()
    app.config["APPLICATION_ROOT"] = "/shop/"
    assert json.loads(run(app).stdout)["servers"] == [{"url": "/shop"}]


def test_the_document_is_written_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    written = run(make_app(), "--output", file)
    assert (written.exit_code, written.output) == (0, "")
    assert file.read_text("utf-8") == run(make_app()).stdout
    current = run(make_app(), "--check", file)
    assert (current.exit_code, current.output) == (0, "")
    stale = run(make_app(required=True), "--check", file)
    assert stale.exit_code == 1
    assert stale.stderr == f"{file} is not the current document. Write it with --output {file}\n"
    assert stale.stdout == ""


def test_breaking_changes_are_listed(tmp_path: Path) -> None:
    """Item 15."""
    file = tmp_path / "old.json"
    run(make_app(), "--output", file)
    assert run(make_app(), "--breaking", file).exit_code == 0
    broken = run(make_app(required=True), "--breaking", file)
    assert broken.exit_code == 1
    assert broken.stdout == "GET /: query parameter by: it is now required.\n"
    both = run(make_app(required=True), "--breaking", file, "--check", file)
    assert both.exit_code == 1
    assert "is now required" in both.stdout and "not the current" in both.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not JSON", "is not JSON"),
        ("[]", "is not an OpenAPI document"),
        ("{}", "is not an OpenAPI"),
    ],
)
def test_a_file_that_is_no_document_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "old.json"
    file.write_text(text)
    result = run(make_app(), "--breaking", file)
    assert (result.exit_code, message in result.stderr) == (2, True)
    missing = run(make_app(), "--check", tmp_path / "missing.json")
    assert missing.exit_code == 2


@pytest.mark.parametrize(
    ("wanted", "version"),
    [("Shop 2", "2"), ("/one.json", "1"), ("Bank", "3")],
)
def test_one_of_several_apis_is_chosen(wanted: str, version: str) -> None:
    app = make_app(
        {"title": "Shop", "version": "1", "url": "/one.json"},
        {"title": "Shop", "version": "2", "url": "/two.json"},
        {"title": "Bank", "version": "3", "url": "/bank.json"},
    )
    result = run(app, "--api", wanted)
    assert json.loads(result.stdout)["info"]["version"] == version


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "The application has several APIs. Choose one with --api"),
        (["--api", "Shop"], "Several APIs match --api 'Shop'"),
        (["--api", "Other"], "No API matches --api 'Other'"),
    ],
)
def test_an_unclear_choice_is_an_error_that_lists_the_apis(
    arguments: list[str], message: str
) -> None:
    app = make_app(
        {"title": "Shop", "version": "1", "url": "/one.json"},
        {"title": "Shop", "version": "2", "url": "/two.json"},
    )
    result = run(app, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Shop 1 (/one.json), Shop 2 (/two.json)" in result.stderr


def test_an_application_without_api_has_no_such_command() -> None:
    result = Flask("shop").test_cli_runner().invoke(args=["openapi"])
    assert (result.exit_code, "No such command 'openapi'" in result.stderr) == (2, True)
