"""Which application the commands of one command line share, and its context."""

from __future__ import annotations

import os

import click
import pytest

from flask import Flask, current_app, has_app_context
from flask.cli import NoAppException, ScriptInfo, pass_script_info, with_appcontext

APP = "from flask import Flask\napp = Flask({0!r})\n"


def test_a_new_script_info_keeps_its_arguments_and_loads_nothing() -> None:
    info = ScriptInfo()
    assert (info.app_import_path, info.create_app, info.data) == (None, None, {})
    assert (info.set_debug_flag, info.load_dotenv_defaults) == (True, True)
    info = ScriptInfo("path", list, False, False)  # type: ignore[arg-type]
    assert (info.app_import_path, info.create_app) == ("path", list)
    assert (info.set_debug_flag, info.load_dotenv_defaults) == (False, False)


def test_the_application_is_made_once() -> None:
    info = ScriptInfo(create_app=lambda: Flask("made"))
    assert info.load_app().name == "made"
    assert info.load_app() is info.load_app()


@pytest.mark.parametrize(
    ("files", "path", "name"),
    [
        ({"hello": APP.format("hello")}, "hello", "hello"),
        ({"hello": APP.format("hello")}, "hello.py", "hello"),
        ({"hello": APP.format("hello")}, "hello:app", "hello"),
        ({"hello": APP.format("hello")}, "./hello.py:app", "hello"),
        ({"hello": "from flask import Flask\n"}, "hello:Flask", None),
        ({"app": APP.format("app")}, None, "app"),
        ({"app": APP.format("app")}, "", "app"),
        ({"wsgi": APP.format("wsgi")}, None, "wsgi"),
        ({"wsgi": APP.format("wsgi"), "app": APP.format("app")}, None, "wsgi"),
        ({"wsgi": "", "app": APP.format("app")}, None, None),
        ({"wsgi": "import missing_module", "app": APP.format("app")}, None, None),
        ({}, None, None),
    ],
)
def test_the_application_is_imported(
    project, files: dict[str, str], path: str | None, name: str | None
) -> None:
    project.write(**files)
    info = ScriptInfo(path)
    if name is None:
        with pytest.raises(NoAppException):
            info.load_app()
    else:
        assert info.load_app().name == name


def test_a_factory_wins_over_an_import_path() -> None:
    assert ScriptInfo("missing", lambda: Flask("made")).load_app().name == "made"


@pytest.mark.skipif(os.sep == "\\", reason="looks for these paths below a POSIX folder")
@pytest.mark.parametrize(
    ("path", "module"), [(r"C:\missing.py", r"C:\missing"), ("C:/missing.py:app", "missing")]
)
def test_the_colon_of_a_drive_does_not_end_the_path(project, path: str, module: str) -> None:
    with pytest.raises(NoAppException) as refused:
        ScriptInfo(path).load_app()
    assert refused.value.message.startswith(f"Could not import {module!r}. There is no")


@pytest.mark.parametrize("create_app", [None, lambda: None])
def test_no_application_is_an_error_that_explains_what_to_do(project, create_app) -> None:
    with pytest.raises(NoAppException) as refused:
        ScriptInfo(create_app=create_app).load_app()
    assert refused.value.message.startswith(
        "Could not locate a Flask application. Use the 'flask --app' option, 'FLASK_APP'"
        " environment variable, or a 'wsgi.py' or 'app.py' file in the current directory."
    )
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("variable", "set_debug_flag", "own", "debug"),
    [
        ("1", True, False, True),
        ("0", True, True, False),
        (None, True, True, False),
        ("0", False, True, True),
        (None, False, True, True),
    ],
)
def test_debug_mode_is_set_on_the_loaded_application(
    monkeypatch: pytest.MonkeyPatch,
    variable: str | None,
    set_debug_flag: bool,
    own: bool,
    debug: bool,
) -> None:
    if variable is not None:
        monkeypatch.setenv("FLASK_DEBUG", variable)
    app = Flask("x")
    app.debug = own
    assert ScriptInfo(create_app=lambda: app, set_debug_flag=set_debug_flag).load_app() is app
    assert app.debug is debug


def test_a_command_can_ask_for_the_script_info(runner) -> None:
    @click.command()
    @pass_script_info
    def command(info: ScriptInfo) -> None:
        click.echo(info.app_import_path)

    assert runner.invoke(command, obj=ScriptInfo("given")).output == "given\n"
    assert runner.invoke(command).output == "\n"


@click.command()
@with_appcontext
def print_app() -> None:
    """Say who is current."""
    click.echo(current_app.name)


def test_a_command_runs_in_the_applications_context_and_leaves_it(runner) -> None:
    info = ScriptInfo(create_app=lambda: Flask("given"))
    assert runner.invoke(print_app, obj=info).output == "given\n"
    assert not has_app_context()


@pytest.mark.parametrize("obj", [None, 3])
def test_without_a_script_info_the_usual_files_are_tried(project, runner, obj: object) -> None:
    project.write(app=APP.format("from-file"))
    assert runner.invoke(print_app, obj=obj).output == "from-file\n"


def test_a_context_that_is_active_is_used(runner) -> None:
    with Flask("outer").app_context():
        result = runner.invoke(print_app, obj=ScriptInfo(create_app=lambda: Flask("given")))
    assert result.output == "outer\n"


def test_the_function_keeps_its_name_documentation_and_arguments(runner) -> None:
    def function(value: str, *, flag: bool) -> tuple[str, bool, str]:
        """Documentation."""
        return value, flag, current_app.name

    wrapped = with_appcontext(function)
    assert (wrapped.__name__, wrapped.__doc__) == ("function", "Documentation.")
    assert wrapped.__wrapped__ is function  # type: ignore[attr-defined]
    command = click.command()(
        click.argument("value")(click.option("--flag", is_flag=True)(wrapped))
    )
    result = runner.invoke(
        command,
        ["x", "--flag"],
        obj=ScriptInfo(create_app=lambda: Flask("given")),
        standalone_mode=False,
    )
    assert result.return_value == ("x", True, "given")


def test_teardown_runs_after_the_command_and_gets_its_error(runner) -> None:
    app = Flask("x")
    events: list[object] = []
    app.teardown_appcontext(lambda error: events.append(error))

    @click.command()
    @click.option("--fail", is_flag=True)
    @with_appcontext
    def command(fail: bool) -> None:
        events.append("run")
        if fail:
            raise KeyError("fault")

    info = ScriptInfo(create_app=lambda: app)
    runner.invoke(command, obj=info)
    assert events == ["run", None]
    runner.invoke(command, ["--fail"], obj=info)
    assert repr(events[2:]) == "['run', KeyError('fault')]"
