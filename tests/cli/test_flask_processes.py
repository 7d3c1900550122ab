"""The real thing: ``python -m flask`` as a process, answered over HTTP or through a pipe."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

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
        [*FLASK, *args], input=text, capture_output=True, text=True, timeout=60, check=False
    )


class Server:
    """A ``flask run`` on a free port, and what it has printed."""

    def __init__(self, *args: str) -> None:
        self._process = subprocess.Popen(
            [*FLASK, *args, "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self.printed = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.url = self.wait_for(r"Running on (http://127\.0\.0\.1:\d+)")

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                self._lines.put(line)

    def wait_for(self, pattern: str) -> str:
        """Read on until a line matches; return the pattern's group, or all that matched."""
        while True:
            try:
                line = self._lines.get(timeout=60)
            except queue.Empty:
                pytest.fail(f"No line {pattern!r} in what the server printed:\n{self.printed}")
            self.printed += line
            found = re.search(pattern, line)
            if found:
                return found[found.re.groups]

    def get(self) -> httpx.Response:
        return httpx.get(self.url, timeout=60)

    def stop(self) -> None:
        # The whole session: with the reloader the server is a child of the process started here.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=60)
        self._reader.join(timeout=60)


@pytest.fixture
def serve(project) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*args: str) -> Server:
        servers.append(Server(*args))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def test_run_serves_the_application_and_warns_that_it_is_for_development(project, serve) -> None:
    project.write(app=APP)
    server = serve("--app", "app", "run")
    assert "WARNING: This is a development server." in server.printed
    assert " * Serving Flask app 'app'\n * Debug mode: off\n" in server.printed
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
    server.wait_for("Debugger is active!")
    assert server.get().text == "Hello, World!"

    edit(path, "import missing_module\n" + APP, 1)
    server.wait_for("Detected change in")
    server.wait_for("Debugger is active!")
    assert "No module named 'missing_module'" in server.printed
    response = server.get()
    assert response.status_code == 500
    assert "missing_module" in response.text and "Werkzeug" in response.text

    edit(path, APP.replace("World", "again"), 2)
    server.wait_for("Detected change in")
    server.wait_for("Debugger is active!")
    assert server.get().text == "Hello, again!"


def test_routes_prints_the_table(project) -> None:
    project.write(app=APP)
    result = call("routes")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[2:] == [
        "hello     GET      /                      ",
        "static    GET      /static/<path:filename>",
    ]


def test_shell_runs_what_it_is_fed_in_the_applications_context(project) -> None:
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
        [script, "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.stdout == call("--version").stdout
    assert re.fullmatch(r"Python \S+\nFlask \S+\nWerkzeug \S+\n", result.stdout)
