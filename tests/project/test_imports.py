"""Serving imports only what it needs. The layers are checked by import-linter: ``make lint``."""

from __future__ import annotations

import os
import subprocess
import sys

# What a hello may import of this package. A new module costs every process about a thousandth of
# the time until its first response, so whatever few applications need is imported when it is used.
OURS = {
    "flask": """
        _app _context _core _http _routing app asgi blueprints config ctx debughelpers
        globals helpers json logging sansio sessions signals templating typing wrappers
    """,
    "flask._app": """
        background base blueprint blueprint_setup error_handlers fast_paths lifecycle
        lifespan request_checks scaffold serving setup_checks teardown templates
        url_building websocket_routes
    """,
    "flask._context": """
        app request routed
    """,
    "flask._core": """
        awaitables baseline bounded_cache cookie_session current environment event_loops
        gevent_support hook_registers hook_scopes json_functions lazy owned_sessions reexports
        session_types threads waiting
    """,
    "flask._http": """
        body body_kind cookies environ_request fast_paths forms headers make_response
        query request response response_factories response_state signing static_files
        streaming
    """,
    "flask._routing": """
        map rule table url_builder
    """,
    "flask.asgi": """
        _websocket_lifecycle _wsgi_servers
    """,
    "flask.json": """
        provider tag
    """,
}
OTHERS = {"_contextvars", "_queue", "blinker", "contextvars", "encodings", "queue", "stringprep"}
"""What a hello may import beside that, and beside what ``import werkzeug.routing`` imports."""

SERVING = """
import sys
import werkzeug.local, werkzeug.routing
before = set(sys.modules)
from flask import Blueprint, Flask
app = Flask("app")
app.add_url_rule("/", "index", lambda: "Hello")
app.register_blueprint(Blueprint("shop", "app"))
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "a", "SERVER_PORT": "80"}
environ["wsgi.url_scheme"] = "http"
assert b"".join(app(environ, lambda *args: None)) == b"Hello"
print(*sorted(set(sys.modules) - before))
"""


def imported_by(program: str) -> list[str]:
    """Return what a program prints, without the modules that measuring coverage imports."""
    variables = {name: it for name, it in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True, env=variables
    )
    return done.stdout.split()


def test_a_hello_imports_only_what_it_needs() -> None:
    imported = imported_by(SERVING)
    ours = {"flask", *(f"flask.{name}" for name in OURS["flask"].split())}
    for package, names in OURS.items():
        ours |= {f"{package}.{name}" for name in names.split()}
    assert [name for name in imported if name.startswith("flask") and name not in ours] == []
    others = {name.partition(".")[0] for name in imported} - {"flask"}
    assert others - OTHERS == set()


def test_the_list_of_what_a_hello_imports_is_up_to_date() -> None:
    imported = imported_by(SERVING)
    listed = {f"{package}.{name}" for package, names in OURS.items() for name in names.split()}
    assert listed - set(imported) == set()


DEFERRED = """
import sys
import flask
from flask import *
late = {"asyncio", "click", "decimal", "flask.cli", "flask.testing", "itsdangerous", "jinja2"}
late |= {"flask._http.sse", "flask.asgi._server", "pathlib"}
assert not late & set(sys.modules), sorted(late & set(sys.modules))
for name in ("ServerSentEvent", "cli", "testing"):
    assert getattr(flask, name).__name__.endswith(name)
print(*sorted(late & set(sys.modules)))
"""


def test_what_is_deferred_is_imported_at_the_first_access() -> None:
    late = imported_by(DEFERRED)
    assert {"click", "flask._http.sse", "flask.cli", "flask.testing"} <= set(late)


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
    assert imported_by(COMMANDS) == []
