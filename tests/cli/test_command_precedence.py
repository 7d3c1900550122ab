"""Commands that Flask 3.1.3 does not have yield to those of an application; near misses."""

from __future__ import annotations

import click
import pytest

from flask import Flask, has_app_context
from flask.cli import FlaskGroup, cli

NEW_COMMANDS = ["config", "doctor", "new", "serve"]


def make_app(*names: str) -> Flask:
    app = Flask("shop")
    for name in names:
        app.cli.command(name)(lambda: click.echo("the application's"))
    return app


def group(app: Flask) -> FlaskGroup:
    return FlaskGroup(name="tool", create_app=lambda: app)


@pytest.mark.parametrize("name", NEW_COMMANDS)
def test_an_applications_command_takes_precedence(runner, name: str) -> None:
    result = runner.invoke(group(make_app(name)), [name])
    assert (result.exit_code, result.output) == (0, "the application's\n")


@pytest.mark.parametrize("name", ["routes", "run", "shell"])
def test_a_command_of_flask_3_takes_precedence_over_the_applications(runner, name: str) -> None:
    result = runner.invoke(group(make_app(name)), [name, "--help"])
    assert result.exit_code == 0
    first_line = (cli.commands[name].help or "").splitlines()[0]
    assert first_line in result.output


@pytest.mark.parametrize("name", NEW_COMMANDS)
@pytest.mark.parametrize("text", [None, "1/0", "import missing_module", "x = 1"])
def test_help_of_a_command_needs_no_application(
    project, runner, name: str, text: str | None
) -> None:
    if text is not None:
        project.write(app=text)
    result = runner.invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: flask {name} ")
    assert result.stderr == ""
    assert not has_app_context()


def test_a_faulty_application_is_loaded_once_for_help(project, runner) -> None:
    project.write(app="import builtins\nbuiltins.loads = getattr(builtins, 'loads', 0) + 1\n1/0")
    import builtins

    try:
        assert runner.invoke(cli, ["--help"]).exit_code == 0
        assert builtins.loads == 1  # type: ignore[attr-defined]
    finally:
        del builtins.loads  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["config", "doctor"])
def test_a_command_that_needs_an_application_says_so(project, runner, name: str) -> None:
    result = runner.invoke(cli, [name])
    assert result.exit_code == 2
    assert "Could not locate a Flask application." in result.stderr


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("rout", "No such command 'rout'. Did you mean 'routes'?"),
        ("sevre", "No such command 'sevre'. Did you mean 'serve'?"),
        ("paimter", "No such command 'paimter'. Did you mean 'painter' or 'paint'?"),
        ("painr", "No such command 'painr'. Did you mean 'painter' or 'paint'?"),
        ("zzzzz", "No such command 'zzzzz'."),
    ],
)
def test_a_near_miss_is_suggested(runner, typed: str, message: str) -> None:
    result = runner.invoke(group(make_app("paint", "painter")), [typed])
    assert result.exit_code == 2
    assert result.stderr == (
        "Usage: tool [OPTIONS] COMMAND [ARGS]...\n"
        f"Try 'tool --help' for help.\n\nError: {message}\n"
    )


def test_a_near_miss_is_suggested_without_an_application(project, runner) -> None:
    result = runner.invoke(cli, ["rout"])
    assert result.stderr.endswith("Error: No such command 'rout'. Did you mean 'routes'?\n")


def test_a_wrong_option_is_not_a_command(project, runner) -> None:
    result = runner.invoke(cli, ["--rout"])
    assert result.exit_code == 2
    assert "No such option" in result.stderr
