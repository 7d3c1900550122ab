"""``python -m flask`` in a separate process, used over HTTP and through a pipe."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from polling import LONGEST
from processes import PrintingProcess

pytestmark = pytest.mark.slow

FLASK = [sys.executable, "-m", "flask"]
APP = """\
from flask import Flask

app = Flask(__name__)

@app.route("/")
def hello():
    return "Hello, World!"
"""


def call(*args: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FLASK, *args], input=text, capture_output=True, text=True, timeout=LONGEST, check=False
    )


class Server(PrintingProcess):
    """A ``flask run`` on a free port, and what it has printed."""

    def __init__(self, folder: Path, *args: str) -> None:
        super().__init__([*FLASK, *args, "--port", "0"], folder)
        self.url = self.wait_for(r"Running on (http://127\.0\.0\.1:\d+)")

    def get(self) -> httpx.Response:
        return httpx.get(self.url, timeout=LONGEST)


@pytest.fixture
def serve(project) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*args: str) -> Server:
        servers.append(Server(project.root, *args))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def test_run_serves_the_application_and_warns_that_it_is_for_development(project, serve) -> None:
    project.write(app=APP)
    server = serve("--app", "app", "run")
    server.wait_until(lambda: "WARNING: This is a development server." in server.printed)
    server.wait_until(lambda: " * Serving Flask app 'app'\n * Debug mode: off\n" in server.printed)
    response = server.get()
    assert (response.status_code, response.text) == (200, "Hello, World!")


def edit(path: Path, text: str, step: int) -> None:
    """Change a file so that every edit has a later time than the one before."""
    path.write_text(text)
    now = path.stat().st_mtime
    os.utime(path, (now + 10 * step, now + 10 * step))


def test_run_with_debug_reloads_and_outlives_a_faulty_edit(project, serve) -> None:
    path = project.write_file("app.py", APP)
    server = serve("run", "--debug")
    server.wait_for("Debugger is active!", after_last=True)
    assert server.get().text == "Hello, World!"

    edit(path, "import missing_module\n" + APP, 1)
    server.wait_for("Detected change in", after_last=True)
    server.wait_for("Debugger is active!", after_last=True)
    server.wait_until(lambda: "No module named 'missing_module'" in server.printed)
    response = server.get()
    assert response.status_code == 500
    assert "missing_module" in response.text and "Werkzeug" in response.text

    edit(path, APP.replace("World", "again"), 2)
    server.wait_for("Detected change in", after_last=True)
    server.wait_for("Debugger is active!", after_last=True)
    assert server.get().text == "Hello, again!"


def test_routes_prints_the_table(project) -> None:
    project.write(app=APP)
    result = call("routes")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[2:] == [
        "hello     GET      /                      ",
        "static    GET      /static/<path:filename>",
    ]


def test_shell_runs_its_input_in_the_applications_context(project) -> None:
    project.write(app=APP)
    result = call("shell", text="from flask import current_app\nprint(current_app.name, app)\n")
    assert result.returncode == 0
    assert "app <Flask 'app'>" in result.stdout
    assert "App: app\nInstance: " in result.stderr


def test_a_call_of_app_run_in_the_module_does_not_start_a_second_server(project) -> None:
    project.write(app=APP + "app.run()\n")
    result = call("routes")
    assert result.returncode == 0
    assert "app.run()" in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("files", "args", "message"),
    [
        ({}, ["run"], "Error: Could not locate a Flask application."),
        ({}, ["--app", "missing", "routes"], "Error: Could not import 'missing'."),
        ({"app": "import missing_module"}, ["run", "--debug"], "While importing 'app'"),
        ({"app": "x = 1"}, ["shell"], "Failed to find Flask application or factory"),
    ],
)
def test_a_missing_or_broken_application_is_a_usage_error(
    project, files: dict[str, str], args: list[str], message: str
) -> None:
    project.write(**files)
    result = call(*args)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: python -m flask ")
    assert message in result.stderr
    assert "most recent call last" not in result.stderr or "missing_module" in result.stderr


def test_the_installed_command_is_the_same_as_the_module(project) -> None:
    script = Path(sys.executable).with_name("flask")
    result = subprocess.run(
        [script, "--version"], capture_output=True, text=True, timeout=LONGEST, check=False
    )
    assert result.stdout == call("--version").stdout
    lines = r"Python \S+\nFlask \S+\nWerkzeug \S+\nImplementation: independent .+\n"
    assert re.fullmatch(lines, result.stdout)
