"""Groups of commands: those of an application, of plugins, and the built-in ones."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re

import click
import pytest

from flask import Blueprint, Flask, current_app, g, has_app_context
from flask.cli import AppGroup, FlaskGroup, NoAppException, ScriptInfo, cli, get_version

LOCATE = "Error: Could not locate a Flask application."
BUILT_IN = {"config", "doctor", "new", "routes", "run", "serve", "shell"}


def say() -> None:
    """Say who is current."""
    click.echo(current_app.name if has_app_context() else "none")


def info(name: str = "given") -> ScriptInfo:
    return ScriptInfo(create_app=lambda: Flask(name))


def group(**settings: object) -> FlaskGroup:
    return FlaskGroup(**{"create_app": lambda: Flask("made"), "name": "tool", **settings})


class TestAppGroup:
    @pytest.fixture
    def tools(self) -> AppGroup:
        tools = AppGroup("tools")
        tools.command("named")(say)
        tools.command(name="alone", with_appcontext=False)(say)
        tools.command("explained", with_appcontext=True, help="Explained.")(say)

        @tools.command
        def bare() -> None:
            say()

        @tools.group
        def inner() -> None:
            pass

        @tools.group("other", cls=click.Group)
        def other() -> None:
            pass

        inner.command("deep")(say)
        other.command("sync")(say)
        return tools

    @pytest.mark.parametrize(
        ("args", "output"),
        [
            ("named", "given"),
            ("alone", "none"),
            ("explained", "given"),
            ("bare", "given"),
            ("inner deep", "given"),
            ("other sync", "none"),
        ],
    )
    def test_commands_run_in_the_applications_context(
        self, tools: AppGroup, runner, args: str, output: str
    ) -> None:
        assert runner.invoke(tools, args.split(), obj=info()).output == f"{output}\n"

    def test_the_kind_of_a_command_and_of_an_inner_group_can_be_chosen(
        self, tools: AppGroup
    ) -> None:
        class Special(click.Command):
            pass

        assert type(tools.commands["inner"]) is AppGroup
        assert type(tools.commands["other"]) is click.Group
        assert type(tools.command("x", cls=Special)(say)) is Special

    def test_help_comes_from_the_argument_or_the_function(self, tools: AppGroup) -> None:
        assert tools.commands["explained"].help == "Explained."
        assert tools.commands["named"].help == "Say who is current."

    def test_the_group_of_an_application_bears_its_name(self) -> None:
        app = Flask("shop")
        assert type(app.cli) is AppGroup
        assert app.cli.name == "shop"


class TestFlaskGroup:
    def test_its_own_commands_run_in_the_context_of_the_application(self, runner) -> None:
        tool = group()
        tool.command("one")(say)
        assert runner.invoke(tool, ["one"]).output == "made\n"
        assert runner.invoke(tool, ["one"], obj=info()).output == "given\n"
        settings = {"obj": info("settings")}
        tool = group(context_settings=settings)
        tool.command("one")(say)
        assert runner.invoke(tool, ["one"]).output == "settings\n"
        assert settings.keys() == {"obj"}

    def test_commands_of_the_application_have_its_context_in_callbacks_too(self, runner) -> None:
        app = Flask("shop")

        @app.cli.command()
        @click.argument("value", callback=lambda ctx, param, value: current_app.name + value)
        def show(value: str) -> None:
            click.echo(value)

        tool = group(create_app=lambda: app)
        assert runner.invoke(tool, ["show", "!"]).output == "shop!\n"
        assert not has_app_context()

    def test_a_command_that_needs_no_context_has_one_if_it_is_the_applications(
        self, runner
    ) -> None:
        app = Flask("shop")
        app.cli.command("say", with_appcontext=False)(say)
        tool = group(create_app=lambda: app)
        tool.command("own", with_appcontext=False)(say)
        assert runner.invoke(tool, ["say"]).output == "shop\n"
        assert runner.invoke(tool, ["own"]).output == "none\n"

    def test_an_active_context_of_the_same_application_stays_current(self, runner) -> None:
        app = Flask("shop")
        torn_down: list[object] = []
        app.teardown_appcontext(torn_down.append)

        @app.cli.command()
        def mark() -> None:
            g.marked = current_app.name

        tool = group(create_app=lambda: app)
        with app.app_context():
            assert runner.invoke(tool, ["mark"]).exit_code == 0
            assert g.marked == "shop"
            assert torn_down == []
        with Flask("other").app_context():
            assert runner.invoke(tool, ["mark"]).exit_code == 0
            assert "marked" not in g
            assert current_app.name == "other"
        assert torn_down == [None, None]

    def test_a_group_inside_another_command_uses_its_own_application(self, runner) -> None:
        outer, inner = click.Group("outer"), group(name="inner")
        inner.command("say")(say)
        outer.add_command(inner)
        assert runner.invoke(outer, ["inner", "say"], obj=info()).output == "made\n"

    @pytest.mark.parametrize(
        ("settings", "commands", "options"),
        [
            ({}, BUILT_IN, ["env_file", "app", "debug", "version"]),
            ({"add_default_commands": False}, set(), ["env_file", "app", "debug", "version"]),
            (
                {"add_version_option": False},
                BUILT_IN,
                ["env_file", "app", "debug"],
            ),
            (
                {"params": [click.Option(["--mine"])], "add_default_commands": False},
                set(),
                ["mine", "env_file", "app", "debug", "version"],
            ),
        ],
    )
    def test_built_in_commands_and_options_can_be_chosen(
        self, settings: dict[str, object], commands: set[str], options: list[str]
    ) -> None:
        made = group(**settings)
        assert made.commands.keys() == commands
        assert [param.name for param in made.params] == options

    def test_options_are_read_from_variables_that_bear_the_commands_name(self, runner) -> None:
        for prefix, settings in (
            ("FLASK", {}),
            ("TOOL", {"context_settings": {"auto_envvar_prefix": "TOOL"}}),
        ):
            tool = group(**settings)

            @tool.command("paint")
            @click.option("--colour")
            def paint(colour: str) -> None:
                click.echo(colour)

            result = runner.invoke(tool, ["paint"], env={f"{prefix}_PAINT_COLOUR": "red"})
            assert result.output == "red\n"

    def test_the_command_line_is_announced_to_the_modules_that_it_imports(self, runner) -> None:
        runner.invoke(group(), ["--help"])
        assert os.environ["FLASK_RUN_FROM_CLI"] == "true"

    def test_the_commands_of_blueprints_are_found(self, runner) -> None:
        app = Flask("shop")
        for name, kwargs in (
            ("stock", {}),
            ("own", {"cli_group": "mine"}),
            ("top", {"cli_group": None}),
        ):
            blueprint = Blueprint(name, __name__, **kwargs)
            blueprint.cli.command(f"{name}-say")(say)
            app.register_blueprint(blueprint)
        tool = group(create_app=lambda: app)
        for args in (["stock", "stock-say"], ["mine", "own-say"], ["top-say"]):
            assert runner.invoke(tool, args).output == "shop\n"


class TestDebugOption:
    @pytest.mark.parametrize(
        ("args", "variable", "debug", "left"),
        [
            ([], None, False, None),
            (["--debug"], None, True, "1"),
            (["--no-debug"], None, False, "0"),
            (["--no-debug"], "1", False, "0"),
            (["--debug"], "0", True, "1"),
            ([], "1", True, "1"),
            ([], "yes", True, "1"),
            ([], "off", False, "0"),
            ([], "", False, ""),
        ],
    )
    def test_the_mode_reaches_the_application_and_the_environment(
        self, runner, args: list[str], variable: str | None, debug: bool, left: str | None
    ) -> None:
        app = Flask("shop")
        tool = group(create_app=lambda: app)

        @tool.command()
        def show() -> None:
            click.echo(f"{app.debug} {os.environ.get('FLASK_DEBUG')}")

        result = runner.invoke(tool, [*args, "show"], env={"FLASK_DEBUG": variable})
        assert result.output == f"{debug} {left}\n"

    def test_a_default_of_the_program_does_not_count_as_an_option_of_the_user(self, runner) -> None:
        tool = group()
        tool.command("show")(lambda: click.echo(str(current_app.debug)))
        assert runner.invoke(tool, ["show"], default_map={"debug": True}).output == "False\n"

    def test_a_group_can_leave_the_applications_own_mode(self, runner) -> None:
        app = Flask("shop")
        tool = group(create_app=lambda: app, set_debug_flag=False)
        tool.command("show")(lambda: click.echo(str(current_app.debug)))
        assert runner.invoke(tool, ["--debug", "show"]).output == "False\n"

    def test_a_value_that_is_no_answer_is_refused(self, runner) -> None:
        result = runner.invoke(group(), ["routes"], env={"FLASK_DEBUG": "perhaps"})
        assert result.exit_code == 2
        assert "'perhaps' is not a valid boolean" in result.stderr


class TestVersion:
    LINES = (
        f"Python {platform.python_version()}\n"
        f"Flask {importlib.metadata.version('flask')}\n"
        f"Werkzeug {importlib.metadata.version('werkzeug')}\n"
        "Implementation: independent of the Pallets release, pure Python\n"
    )

    @pytest.mark.parametrize("args", [["--version"], ["--version", "routes"]])
    def test_it_is_printed_without_looking_for_an_application(self, project, runner, args) -> None:
        project.write(app="1/0")
        result = runner.invoke(cli, args)
        assert (result.exit_code, result.output) == (0, self.LINES)

    @pytest.mark.parametrize(("value", "resilient"), [(False, False), (None, False), (True, True)])
    def test_it_is_printed_only_with_its_option(self, capsys, value, resilient: bool) -> None:
        get_version(click.Context(cli, resilient_parsing=resilient), None, value)
        assert capsys.readouterr().out == ""


FAULTS = {
    "missing": (None, LOCATE),
    "import": ("import missing_module", "Error: While importing 'app', an ImportError was raised"),
    "crash": ("1/0", "ZeroDivisionError: division by zero"),
    "syntax": ("import (", "SyntaxError: "),
}


class TestHelp:
    """Help must not depend on a sound application, and shows its commands if there is one."""

    APP = "from flask import Flask\napp = Flask('shop')\n@app.cli.command()\ndef paint(): ...\n"

    @staticmethod
    def commands(text: str) -> list[str]:
        return re.findall(r"^  (\w+)", text.partition("Commands:\n")[2], re.MULTILINE)

    @pytest.mark.parametrize(
        ("args", "variable"),
        [
            (["--help"], "painter"),
            ([], "painter"),
            (["--app", "painter", "--help"], None),
            (["--help", "--app", "painter"], None),
            (["--app", "painter", "--help"], "missing"),
        ],
    )
    def test_the_applications_commands_are_listed(
        self, project, runner, args: list[str], variable: str | None
    ) -> None:
        project.write(painter=self.APP)
        result = runner.invoke(cli, args, env={"FLASK_APP": variable})
        # Without arguments help is an answer to a mistake: status 2, and on stderr.
        assert result.exit_code == (0 if args else 2)
        assert self.commands(result.output) == sorted(["paint", *BUILT_IN])
        assert not has_app_context()

    def test_a_file_can_name_the_application_for_help(self, project, runner) -> None:
        project.write(painter=self.APP)
        project.write_file(".flaskenv", "FLASK_APP=painter")
        assert "paint" in self.commands(runner.invoke(cli, ["--help"]).output)

    @pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=FAULTS)
    def test_a_faulty_application_is_reported_and_the_rest_listed(
        self, project, runner, text: str | None, message: str
    ) -> None:
        if text is not None:
            project.write(app=text)
        result = runner.invoke(cli, ["--help"])
        assert result.exit_code == 0
        assert message in result.stderr
        assert self.commands(result.stdout) == sorted(BUILT_IN)

    def test_the_name_of_the_help_option_can_be_chosen(self, runner) -> None:
        tool = group(context_settings={"help_option_names": ["-?"]})
        assert runner.invoke(tool, ["-?"]).exit_code == 0
        tool = group(add_help_option=False, no_args_is_help=False)
        assert runner.invoke(tool, ["--help"]).exit_code == 2
        assert "Missing command" in runner.invoke(tool, []).stderr


class TestUnknownCommand:
    def test_it_is_refused_with_one_message_if_the_application_loads(self, runner) -> None:
        result = runner.invoke(group(), ["unknown"])
        assert result.exit_code == 2
        assert result.stderr == (
            "Usage: tool [OPTIONS] COMMAND [ARGS]...\n"
            "Try 'tool --help' for help.\n\n"
            "Error: No such command 'unknown'.\n"
        )

    def test_the_error_of_a_missing_application_is_printed_first(self, project, runner) -> None:
        result = runner.invoke(cli, ["unknown"])
        assert result.exit_code == 2
        assert result.stderr.startswith(LOCATE)
        assert result.stderr.endswith("Error: No such command 'unknown'.\n")

    def test_a_crash_of_the_application_is_not_hidden(self, runner) -> None:
        def crash() -> Flask:
            raise KeyError("fault")

        assert isinstance(runner.invoke(group(create_app=crash), ["unknown"]).exception, KeyError)


def test_errors_about_the_application_are_red_on_a_terminal(runner) -> None:
    def fail() -> Flask:
        raise NoAppException("reason")

    for args in (["--help"], ["unknown"]):
        result = runner.invoke(group(create_app=fail), args, color=True)
        assert result.stderr.startswith("\x1b[31mError: reason\n")


class TestPlugins:
    """Commands out of the entry points of installed packages."""

    @pytest.fixture
    def load(self, project, monkeypatch: pytest.MonkeyPatch) -> None:
        project.write(
            plugin="import click\n"
            "@click.command()\n"
            "def one():\n    'Help of the plugin.'\n    click.echo('plugin')\n"
        )
        project.write_file("plugin-1.dist-info/METADATA", "Name: plugin\nVersion: 1\n")
        project.write_file(
            "plugin-1.dist-info/entry_points.txt",
            "[flask.commands]\none = plugin:one\nroutes = plugin:one\nsay = plugin:one\n",
        )
        monkeypatch.syspath_prepend(str(project.root))

    @pytest.mark.parametrize("name", ["one", "routes", "say"])
    @pytest.mark.usefixtures("load")
    def test_they_win_over_built_in_commands_and_the_applications(self, runner, name: str) -> None:
        app = Flask("shop")
        app.cli.command("say")(say)
        tool = group(create_app=lambda: app)
        for _ in range(2):
            assert runner.invoke(tool, [name]).output == "plugin\n"

    @pytest.mark.usefixtures("load")
    def test_they_need_no_application_and_are_listed(self, runner) -> None:
        assert runner.invoke(group(create_app=lambda: None), ["one"]).output == "plugin\n"
        listed = runner.invoke(group(), ["--help"]).output
        assert re.search(r"^  one +Help of the plugin\.$", listed, re.MULTILINE)

    def test_they_are_looked_for_once_and_not_before_a_command_line_is_read(
        self, runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked: list[str] = []
        monkeypatch.setattr(
            importlib.metadata, "entry_points", lambda *, group: looked.append(group) or ()
        )
        tool = group()
        assert looked == []
        for args in (["--help"], ["routes"]):
            runner.invoke(tool, args)
        assert looked == ["flask.commands"]

    def test_a_plugin_that_cannot_be_imported_is_not_hidden(self, load, project, runner) -> None:
        project.write(plugin="import missing_module")
        assert isinstance(runner.invoke(group(), ["run"]).exception, ModuleNotFoundError)
