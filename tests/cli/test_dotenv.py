"""Environment variables out of files, and which file wins."""

from __future__ import annotations

import os
import sys

import pytest

from flask import Flask
from flask.cli import FlaskGroup, ScriptInfo, cli, load_dotenv

TIP = " * Tip: There are .env files present. Install python-dotenv to use them.\n"


def shown(*names: str) -> dict[str, str | None]:
    return {name: os.environ.get(name) for name in names}


def test_the_named_file_wins_over_env_and_env_over_flaskenv(project) -> None:
    os.environ["REAL"] = "real"
    for file, value in ((".flaskenv", "flaskenv"), (".env", "env"), ("named", "named")):
        text = {
            ".flaskenv": "ONE TWO THREE REAL",
            ".env": "TWO THREE REAL",
            "named": "THREE REAL",
        }[file]
        project.write_file(file, "".join(f"{name}={value}\n" for name in text.split()))

    assert load_dotenv("named") is True
    assert shown("ONE", "TWO", "THREE", "REAL") == {
        "ONE": "flaskenv",
        "TWO": "env",
        "THREE": "named",
        "REAL": "real",
    }


@pytest.mark.parametrize(
    ("files", "arguments", "loaded", "value"),
    [
        ({}, {}, False, None),
        ({".env": ""}, {}, False, None),
        ({".env": "NAME=1"}, {}, True, "1"),
        ({".flaskenv": "NAME=1"}, {}, True, "1"),
        ({".env": "NAME=1"}, {"load_defaults": False}, False, None),
        ({".env": "NAME=1"}, {"path": "missing"}, True, "1"),
        ({"file": "NAME=2"}, {"path": "missing"}, False, None),
        ({".env": "NAME=1", "file": "NAME=2"}, {"path": "file"}, True, "2"),
        ({"file": "NAME=2"}, {"path": "file", "load_defaults": False}, True, "2"),
        ({".env": "NAME"}, {}, True, None),
        ({".env": "NAME="}, {}, True, ""),
        ({".env": "NAME=火腿"}, {}, True, "火腿"),
        ({".env": "OTHER=1\nNAME=${OTHER}2"}, {}, True, "12"),
    ],
)
def test_files_set_variables(
    project, files: dict[str, str], arguments: dict[str, str], loaded: bool, value: str | None
) -> None:
    for file, text in files.items():
        project.write_file(file, text)
    assert load_dotenv(**arguments) is loaded
    assert os.environ.get("NAME") == value


def test_a_file_may_be_given_as_a_path_object(project) -> None:
    assert load_dotenv(project.write_file("file", "NAME=1")) is True


def test_each_default_file_is_taken_from_the_nearest_folder_that_has_one(
    project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write_file(".flaskenv", "FAR=far\nNAME=far")
    project.write_file(".env", "HIDDEN=far")
    project.write_file("inner/.env", "NAME=near")
    (project.root / "inner" / "most").mkdir()
    monkeypatch.chdir(project.root / "inner" / "most")
    assert load_dotenv() is True
    assert shown("NAME", "FAR", "HIDDEN") == {"NAME": "near", "FAR": "far", "HIDDEN": None}


class TestWithoutPythonDotenv:
    """Nothing is read; with such files, a message names what is missing."""

    @pytest.fixture(autouse=True)
    def uninstall(self, project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "dotenv", None)

    @pytest.mark.parametrize("file", [".env", ".flaskenv"])
    def test_a_tip_is_printed_if_there_is_a_default_file(self, project, capsys, file) -> None:
        project.write_file(file, "NAME=1")
        assert load_dotenv() is False
        assert capsys.readouterr() == ("", TIP)
        assert "NAME" not in os.environ

    def test_a_tip_is_printed_if_a_file_was_named(self, capsys) -> None:
        assert load_dotenv("file") is False
        assert capsys.readouterr() == ("", TIP)

    def test_nothing_is_printed_if_there_is_no_file(self, capsys) -> None:
        assert load_dotenv() is False
        assert capsys.readouterr() == ("", "")

    def test_naming_a_file_on_the_command_line_is_refused(self, project, runner) -> None:
        project.write_file("file", "NAME=1")
        result = runner.invoke(cli, ["-e", "file", "routes"])
        assert result.exit_code == 2
        assert (
            "Error: Invalid value for '-e' / '--env-file': python-dotenv must be installed to load"
            " an env file.\n"
        ) in result.stderr


def print_name_with(group: FlaskGroup) -> FlaskGroup:
    @group.command("name", with_appcontext=False)
    def print_name() -> None:
        print(os.environ.get("NAME"), os.environ.get("OTHER"))

    return group


@pytest.mark.parametrize(
    ("skip", "setting", "args", "printed"),
    [
        (None, True, [], "env None"),
        (None, False, [], "None None"),
        (None, True, ["-e", "file"], "env file"),
        (None, False, ["--env-file", "file"], "None file"),
        ("1", True, [], "None None"),
        ("yes", True, [], "None None"),
        ("1", True, ["-e", "file"], "None file"),
        ("0", True, [], "env None"),
        ("False", True, [], "env None"),
        ("NO", True, [], "env None"),
        ("", True, [], "env None"),
    ],
)
def test_the_command_line_loads_files_as_far_as_it_may(
    project, runner, skip: str | None, setting: bool, args: list[str], printed: str
) -> None:
    project.write_file(".env", "NAME=env")
    project.write_file("file", "OTHER=file")
    group = print_name_with(FlaskGroup(create_app=lambda: Flask("x"), load_dotenv=setting))
    result = runner.invoke(group, [*args, "name"], env={"FLASK_SKIP_DOTENV": skip})
    assert result.output == f"{printed}\n"


def test_the_file_can_be_named_by_a_variable_and_can_name_the_application(project, runner) -> None:
    project.write(
        named="from flask import Flask\napp = Flask('by-file')\n"
        "@app.cli.command()\ndef name():\n    print(app.name)\n"
    )
    project.write_file("file", "FLASK_APP=named")
    result = runner.invoke(cli, ["name"], env={"FLASK_ENV_FILE": "file"})
    assert result.output == "by-file\n"


@pytest.mark.parametrize(
    ("make", "reason"),
    [(lambda root: None, "does not exist"), (lambda root: (root / "file").mkdir(), "a directory")],
)
def test_naming_what_is_no_file_is_refused(project, runner, make, reason: str) -> None:
    make(project.root)
    result = runner.invoke(cli, ["-e", "file", "routes"])
    assert result.exit_code == 2
    assert reason in result.stderr


def test_a_given_script_info_decides_about_the_default_files(project, runner) -> None:
    project.write_file(".env", "NAME=env")
    info = ScriptInfo(load_dotenv_defaults=False)
    result = runner.invoke(print_name_with(FlaskGroup()), ["name"], obj=info)
    assert result.output == "None None\n"
