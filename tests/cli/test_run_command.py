"""``flask run``, with a replacement for Werkzeug's server."""

from __future__ import annotations

import os
from typing import Any

import pytest
import werkzeug.serving
from werkzeug.test import Client

import flask
from flask import Flask
from flask._debug.wsgi import Debugger
from flask.cli import FlaskGroup, cli, show_server_banner

DEFAULTS = {
    "use_reloader": False,
    "use_debugger": False,
    "threaded": True,
    "ssl_context": None,
    "extra_files": None,
    "exclude_patterns": None,
}

RELOAD = {"use_reloader": True}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the server was started with: host, port, application, options."""
    calls: list[Any] = []

    def run_simple(host: str, port: int, application: Any, **options: object) -> None:
        if isinstance(application, Debugger):  # ours, and Werkzeug's is off
            assert not options["use_debugger"]
            assert host in application.trusted_hosts
            application, options["use_debugger"] = application.app, application.evalex
        calls.append((host, port, application, options))

    monkeypatch.setattr(werkzeug.serving, "run_simple", run_simple)
    return calls


@pytest.fixture
def app() -> Flask:
    return Flask("shop")


@pytest.fixture
def tool(app: Flask) -> FlaskGroup:
    return FlaskGroup(name="flask", create_app=lambda: app)


@pytest.mark.parametrize(
    ("args", "host", "port", "options"),
    [
        ("run", "127.0.0.1", 5000, {}),
        ("run --host 0.0.0.0 --port 80", "0.0.0.0", 80, {}),
        ("run -h ::1 -p 81", "::1", 81, {}),
        ("run --without-threads", "127.0.0.1", 5000, {"threaded": False}),
        ("run --reload", "127.0.0.1", 5000, {"use_reloader": True}),
        ("run --debugger", "127.0.0.1", 5000, {"use_debugger": True}),
        (
            "--debug run",
            "127.0.0.1",
            5000,
            {"use_reloader": True, "use_debugger": True},
        ),
        (
            "run --debug",
            "127.0.0.1",
            5000,
            {"use_reloader": True, "use_debugger": True},
        ),
        ("run --reload --reload-type stat", "127.0.0.1", 5000, {**RELOAD, "reloader_type": "stat"}),
        ("run --debug --no-reload", "127.0.0.1", 5000, {"use_debugger": True}),
        ("run --debug --no-debugger", "127.0.0.1", 5000, {"use_reloader": True}),
        ("--debug run --no-debug", "127.0.0.1", 5000, {}),
        (
            f"run --extra-files a{os.pathsep}b --exclude-patterns *.c{os.pathsep}d",
            "127.0.0.1",
            5000,
            {"extra_files": ["a", "b"], "exclude_patterns": ["*.c", "d"]},
        ),
    ],
)
def test_the_server_is_started_as_the_options_say(
    tool: FlaskGroup,
    app: Flask,
    runner,
    served: list[Any],
    args: str,
    host: str,
    port: int,
    options: dict[str, object],
) -> None:
    assert runner.invoke(tool, args.split()).exit_code == 0
    assert served == [(host, port, app, {**DEFAULTS, **options})]


@pytest.mark.parametrize(
    ("variables", "host", "port", "options"),
    [
        ({"FLASK_RUN_HOST": "h", "FLASK_RUN_PORT": "77"}, "h", 77, {}),
        ({"FLASK_RUN_DEBUGGER": "1"}, "127.0.0.1", 5000, {"use_debugger": True}),
        (
            {"FLASK_RUN_DEBUG": "1", "FLASK_RUN_RELOAD": "0"},
            "127.0.0.1",
            5000,
            {"use_debugger": True},
        ),
        ({"FLASK_RUN_WITH_THREADS": "0"}, "127.0.0.1", 5000, {"threaded": False}),
        (
            {"FLASK_RUN_EXTRA_FILES": f"a{os.pathsep}b"},
            "127.0.0.1",
            5000,
            {"extra_files": ["a", "b"]},
        ),
    ],
)
def test_options_can_be_given_by_variables(
    tool: FlaskGroup,
    app: Flask,
    runner,
    served: list[Any],
    variables: dict[str, str],
    host: str,
    port: int,
    options: dict[str, object],
) -> None:
    assert runner.invoke(tool, ["run"], env=variables).exit_code == 0
    assert served == [(host, port, app, {**DEFAULTS, **options})]


def test_a_certificate_and_its_key_reach_the_server(
    tool: FlaskGroup, project, runner, served: list[Any]
) -> None:
    cert, key = (str(project.write_file(name, "")) for name in ("cert", "key"))
    result = runner.invoke(tool, ["run", "--key", "key"], env={"FLASK_RUN_CERT": "cert"})
    assert result.exit_code == 0
    assert served[0][3]["ssl_context"] == (cert, key)


def test_the_server_name_of_the_application_does_not_choose_the_address(
    tool: FlaskGroup, app: Flask, runner, served: list[Any]
) -> None:
    app.config["SERVER_NAME"] = "shop.example:8000"
    runner.invoke(tool, ["run"])
    assert served[0][:2] == ("127.0.0.1", 5000)


@pytest.mark.parametrize(
    ("args", "output"),
    [
        (["run"], " * Debug mode: off\n"),
        (["--app", "named", "run"], " * Serving Flask app 'named'\n * Debug mode: off\n"),
        (["run", "--debug"], " * Debug mode: on\n"),
    ],
)
def test_it_prints_what_is_served_in_which_mode(
    tool: FlaskGroup, runner, served: list[Any], args: list[str], output: str
) -> None:
    assert runner.invoke(tool, args).output == output


@pytest.mark.parametrize(
    ("arguments", "running", "output"),
    [
        ((True, None), "", " * Debug mode: on\n"),
        ((False, "x:y"), "", " * Serving Flask app 'x:y'\n * Debug mode: off\n"),
        ((None, "x"), "", " * Serving Flask app 'x'\n"),
        ((True, "x"), "true", ""),
    ],
)
def test_the_banner_is_shown_once_and_not_by_the_restarted_process(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[Any, Any],
    running: str,
    output: str,
) -> None:
    monkeypatch.setenv("WERKZEUG_RUN_MAIN", running)
    show_server_banner(*arguments)
    assert capsys.readouterr().out == output


@pytest.mark.parametrize("variables", [{}, {"FLASK_DEBUG": "1"}])
def test_without_an_application_nothing_is_served(
    project, runner, served: list[Any], variables: dict[str, str]
) -> None:
    result = runner.invoke(cli, ["run"], env=variables)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: flask run [OPTIONS]\n")
    assert "Error: Could not locate a Flask application." in result.stderr
    assert served == []


class TestInTheReloader:
    """The process that the reloader starts outlives a faulty application."""

    @pytest.fixture
    def application(
        self,
        project,
        runner,
        served: list[Any],
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> Any:
        monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
        project.write(app="1/0")
        result = runner.invoke(cli, ["run", "--debug"])
        assert result.exit_code == 0
        assert "ZeroDivisionError: division by zero" in result.stderr
        return served[0][2]

    @pytest.mark.parametrize("accept", ["text/html", "*/*", "text/plain"])
    def test_every_request_shows_the_error_and_its_line(self, application, accept: str) -> None:
        for _ in range(2):
            answer = Client(application).get("/any", headers={"Accept": accept})
            assert answer.status_code == 500
            assert answer.mimetype == accept.replace("*/*", "text/html")
            assert "ZeroDivisionError: division by zero" in answer.text
            assert "app.py" in answer.text
            assert "line 1" in answer.text
            assert os.path.dirname(flask.__file__) not in answer.text

    def test_without_the_debugger_only_the_terminal_shows_it(
        self, project, runner, served: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
        project.write(app="1/0")
        result = runner.invoke(cli, ["run", "--debug", "--no-debugger"])
        assert "ZeroDivisionError" in result.stderr
        answer = Client(served[0][2]).get("/")
        assert answer.status_code == 500
        assert "ZeroDivisionError" not in answer.text

    def test_leaving_the_process_is_not_taken_for_a_fault(
        self, project, runner, served: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
        project.write(app="raise SystemExit(3)")
        assert runner.invoke(cli, ["run"]).exit_code == 3
        assert served == []
