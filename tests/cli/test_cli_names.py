"""The public names of ``flask.cli``."""

from __future__ import annotations

import inspect

import click
import pytest
from click.testing import CliRunner

import flask.cli
from flask.globals import current_app

SIGNATURES = {
    "ScriptInfo": "app_import_path create_app set_debug_flag load_dotenv_defaults",
    "FlaskGroup": "add_default_commands create_app add_version_option load_dotenv set_debug_flag"
    " extra",
    "find_app_by_string": "module app_name",
    "find_best_app": "module",
    "get_version": "ctx param value",
    "load_dotenv": "path load_defaults",
    "locate_app": "module_name app_name raise_if_not_found",
    "main": "",
    "pass_script_info": "f",
    "prepare_import": "path",
    "show_server_banner": "debug app_import_path",
    "with_appcontext": "f",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_name_takes_the_promised_arguments(name: str) -> None:
    parameters = inspect.signature(getattr(flask.cli, name)).parameters
    assert " ".join(parameters) == SIGNATURES[name]


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("AppGroup", click.Group),
        ("FlaskGroup", flask.cli.AppGroup),
        ("NoAppException", click.UsageError),
        ("CertParamType", click.ParamType),
        ("SeparatedPathType", click.Path),
    ],
)
def test_a_class_is_the_promised_kind(name: str, base: type) -> None:
    assert issubclass(getattr(flask.cli, name), base)


@pytest.mark.parametrize("name", sorted(flask.cli.cli.commands))
def test_the_built_in_commands_can_be_taken_alone(name: str) -> None:
    command = getattr(flask.cli, f"{name}_command")
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.short_help and command.help
    assert flask.cli.cli.commands[name] is command


DEFAULTS = [
    ("run", "default: 5000"),
    ("run", "default: with-threads"),
    ("run", "default: (as debug mode)"),
    ("serve", "default: 8000"),
    ("serve", "default: (one for each core)"),
    ("serve", "default: (16)"),
    ("serve", "default: (TRUSTED_PROXIES of the app)"),
    ("serve", "default: plain"),
    ("routes", "default: endpoint"),
    ("shell", "default: auto"),
    ("doctor", "default: warning"),
]


@pytest.mark.parametrize(("name", "default"), DEFAULTS)
def test_the_help_shows_defaults(name: str, default: str) -> None:
    result = CliRunner().invoke(flask.cli.cli, [name, "--help"])
    assert result.exit_code == 0
    assert default in " ".join(result.output.split())


def commands_of(command: click.Command, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the path of a command and of those in it."""
    inner = getattr(command, "commands", {})
    return [path, *(each for name in inner for each in commands_of(inner[name], (*path, name)))]


@pytest.mark.parametrize("path", commands_of(flask.cli.cli, ()), ids=" ".join)
def test_every_default_is_in_the_help(path: tuple[str, ...]) -> None:
    command: click.Command = flask.cli.cli
    for name in path:
        command = command.commands[name]  # type: ignore[attr-defined]
    shown = " ".join(CliRunner().invoke(flask.cli.cli, [*path, "--help"]).stdout.split())
    for option in command.params:
        default = option.to_info_dict()["default"]
        if isinstance(default, str | int) and not isinstance(default, bool):
            assert f"default: {default}" in shown


def test_names_that_extensions_take_from_here_are_the_real_ones() -> None:
    assert flask.cli.click is click
    assert flask.cli.current_app is current_app
    assert flask.cli.version_option.opts == ["--version"]
    assert callable(flask.cli.get_debug_flag) and callable(flask.cli.get_load_dotenv)
    assert type(flask.cli.cli) is flask.cli.FlaskGroup


def test_main_runs_the_flask_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["flask", "--version"])
    with pytest.raises(SystemExit) as left:
        flask.cli.main()
    assert left.value.code == 0
    assert "Flask" in capsys.readouterr().out
