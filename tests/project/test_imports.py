"""Serving imports only what it needs. The layers are checked by import-linter: ``make lint``."""

from __future__ import annotations

import os
import subprocess
import sys

SERVING = """
import sys
from flask import Blueprint, Flask
app = Flask("app")
app.add_url_rule("/", "index", lambda: "Hello")
app.register_blueprint(Blueprint("shop", "app"))
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "a", "SERVER_PORT": "80"}
environ["wsgi.url_scheme"] = "http"
assert b"".join(app(environ, lambda *args: None)) == b"Hello"
late = {"asyncio", "click", "decimal", "flask.cli", "flask.testing", "itsdangerous", "jinja2"}
print(*sorted(late & set(sys.modules)))
"""


def test_serving_does_not_import_what_is_put_off() -> None:
    # Measuring coverage in the process would import more modules.
    variables = {name: it for name, it in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", SERVING], capture_output=True, check=True, text=True, env=variables
    )
    assert done.stdout.split() == []


COMMANDS = """
import sys
from flask import Flask
app = Flask("app")
app.cli.command("say")(lambda: None)
late = {"IPython", "flask.cli._project_checks", "flask.cli._setting_checks", "webbrowser"}
late |= {"flask.cli._setting_sources", "importlib.metadata", "importlib.resources", "subprocess"}
print(*sorted(late & set(sys.modules)))
"""


def test_an_applications_commands_do_not_import_what_other_commands_need() -> None:
    variables = {name: it for name, it in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS], capture_output=True, check=True, text=True, env=variables
    )
    assert done.stdout.split() == []
