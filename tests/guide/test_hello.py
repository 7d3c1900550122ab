"""The guide's first file, unchanged, started in each way that the guide describes."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from polling import free_port

from .conftest import FLASK, Server, is_free

pytestmark = pytest.mark.slow

HELLO = """\
from flask import Flask

app = Flask(__name__)

@app.route('/')
def hello():
    return 'Hello, World!'

if __name__ == '__main__':
    app.run(debug=True)
"""

Start = Callable[..., Server]


def edit(path: Path, text: str) -> None:
    """Change a file, with a later time than it had: an editor is slower than a test."""
    before = path.stat().st_mtime
    path.write_text(text)
    later = max(path.stat().st_mtime, before + 2)
    os.utime(path, (later, later))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the guide's ``app.py`` in it."""
    (tmp_path / "app.py").write_text(HELLO)
    return tmp_path


@pytest.fixture
def run_by_python(folder: Path, start: Start) -> Server:
    """``python app.py``, on port 5000 where the guide has it.

    Where something else listens on 5000 the call gets a ``port=`` beside ``debug=True``: the only
    word that then differs from the guide.
    """
    server = start([sys.executable, "app.py"], folder)
    if server.wait_for(r"Running on (http\S+)|in use by another program")[1] is None:
        text = HELLO.replace("debug=True", f"debug=True, port={free_port()}")
        (folder / "app.py").write_text(text)
        server = start([sys.executable, "app.py"], folder)
        server.wait_for(r"Running on")
    server.url = re.findall(r"Running on (http\S+)", server.printed)[-1]
    server.ask()
    server.wait_for("Debugger is active!")
    return server


def test_python_app_py_answers_on_localhost(run_by_python: Server) -> None:
    port = run_by_python.url.rsplit(":", 1)[1]
    run_by_python.url = f"http://localhost:{port}"
    response = run_by_python.ask()
    assert (response.status_code, response.text) == (200, "Hello, World!")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Debug mode: on" in run_by_python.printed


def test_python_app_py_reloads_after_an_edit(run_by_python: Server, folder: Path) -> None:
    text = (folder / "app.py").read_text()
    edit(folder / "app.py", text.replace("World", "new World"))
    run_by_python.ask_until("/", lambda response: response.text == "Hello, new World!")


PORT = "{port}"

WAYS: dict[str, tuple[str, list[str], dict[str, str]]] = {
    "flask run": ("app.py", [FLASK, "run", "--port", PORT], {}),
    "flask run --debug": ("app.py", [FLASK, "run", "--debug", "-p", PORT], {}),
    "flask --debug run": ("app.py", [FLASK, "--debug", "run", "-p", PORT], {}),
    "python -m flask run": ("app.py", [sys.executable, "-m", "flask", "run", "-p", PORT], {}),
    "flask --app hello run": ("hello.py", [FLASK, "--app", "hello", "run", "-p", PORT], {}),
    "flask -A hello:app run": ("hello.py", [FLASK, "-A", "hello:app", "run", "-p", PORT], {}),
    "flask --app hello.py run": ("hello.py", [FLASK, "--app", "hello.py", "run", "-p", PORT], {}),
    "FLASK_APP": ("hello.py", [FLASK, "run", "-p", PORT], {"FLASK_APP": "hello"}),
    "FLASK_RUN_PORT": ("app.py", [FLASK, "run"], {"FLASK_RUN_PORT": PORT}),
    "FLASK_DEBUG": ("app.py", [FLASK, "run", "-p", PORT], {"FLASK_DEBUG": "1"}),
    "wsgi.py": ("wsgi.py", [FLASK, "run", "-p", PORT], {}),
}
"""Name of the file, the command, and the variables, for each way to start."""


@pytest.mark.parametrize("way", WAYS)
def test_the_app_is_served_when_started_by(way: str, tmp_path: Path, start: Start) -> None:
    name, command, variables = WAYS[way]
    (tmp_path / name).write_text(HELLO)
    port = str(free_port())
    server = start(
        [word.replace(PORT, port) for word in command],
        tmp_path,
        **{key: value.replace(PORT, port) for key, value in variables.items()},
    )
    assert server.wait_until_it_serves() == f"http://127.0.0.1:{port}"
    assert server.ask().text == "Hello, World!"
    debug = "debug" in way.lower()
    assert f"Debug mode: {'on' if debug else 'off'}" in server.printed


def test_flask_run_listens_on_5000_by_default(folder: Path, start: Start) -> None:
    server = start([FLASK, "run"], folder)
    if server.wait_for(r"Running on (http\S+)|in use by another program")[1] is None:
        assert "Port 5000 is in use by another program" in server.printed
        pytest.skip("something else on this machine listens on port 5000")
    server.url = "http://127.0.0.1:5000"
    assert f"Running on {server.url}" in server.printed
    assert server.ask().text == "Hello, World!"


def test_flask_run_with_debug_reloads_after_each_edit(folder: Path, start: Start) -> None:
    server = start([FLASK, "run", "--debug", "--port", str(free_port())], folder)
    server.wait_until_it_serves()
    for word in ("first", "second"):
        edit(folder / "app.py", HELLO.replace("World", word))
        server.ask_until("/", lambda response, word=word: response.text == f"Hello, {word}!")  # type: ignore[misc]


def test_flask_run_with_debug_survives_a_syntax_error(folder: Path, start: Start) -> None:
    server = start([FLASK, "run", "--debug", "--port", str(free_port())], folder)
    server.wait_until_it_serves()
    edit(folder / "app.py", HELLO.replace("def hello():", "def hello(:"))
    broken = server.ask_until("/", lambda response: response.status_code == 500)
    assert "SyntaxError" in broken.text
    edit(folder / "app.py", HELLO.replace("World", "mended World"))
    server.ask_until("/", lambda response: response.text == "Hello, mended World!")


def test_flask_run_without_debug_does_not_reload(folder: Path, start: Start) -> None:
    server = start([FLASK, "run", "--port", str(free_port())], folder)
    server.wait_until_it_serves()
    edit(folder / "app.py", HELLO.replace("World", "changed"))
    assert server.ask().text == "Hello, World!"
    server.stop(signal.SIGTERM)
    assert "Restarting" not in server.printed


@pytest.mark.parametrize("options", [[], ["--debug"]], ids=["sync", "debug"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "kill"])
def test_a_signal_ends_every_process_of_it(
    number: signal.Signals, options: list[str], folder: Path, start: Start
) -> None:
    port = free_port()
    server = start([FLASK, "run", "--port", str(port), *options], folder)
    server.wait_until_it_serves()
    if options:
        # The process that serves is a child of the one that was started.
        server.wait_for("Debugger PIN")
    assert server.ask().status_code == 200
    status = server.stop(number)
    assert not server.leftovers()
    assert is_free(port)
    assert status in (0, -number), server.printed
    assert "Traceback" not in server.printed
