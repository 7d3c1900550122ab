"""An application without channels imports nothing of them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from flask import Flask
from flask.channels import Channels
from flask.channels._settings import DEFAULTS

PROGRAM = """
import sys
import flask
app = flask.Flask("app")
app.add_url_rule("/", view_func=lambda: "hello")
assert app.test_client().get("/").text == "hello"
print(sorted(name for name in sys.modules if "channels" in name or name.startswith("redis")))
"""


def test_nothing_is_imported() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert printed.stdout == "[]\n"


def test_memory_does_not_import_redis() -> None:
    program = PROGRAM.replace("import flask\n", "import flask\nimport flask.channels\n")
    program = program.replace("app.add", "flask.channels.Channels(app)\napp.add")
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "'redis" not in printed.stdout
    assert "flask.channels._memory" in printed.stdout


def test_an_application_has_the_settings_with_their_defaults() -> None:
    app = Flask("an_app")
    app.config["CHANNELS_QUEUE"] = 7
    Channels(app)
    expected = {**DEFAULTS, "CHANNELS_QUEUE": 7}
    assert {key: app.config[key] for key in DEFAULTS} == expected


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("CHANNELS_URL", "http://localhost", "begins with 'http'"),
        ("CHANNELS_URL", "memory", "Possible are 'memory://'"),
        ("CHANNELS_URL", None, "has to be a text"),
        ("CHANNELS_HISTORY", 0, "a whole number from 1"),
        ("CHANNELS_HISTORY_LIFETIME", 1.5, "a whole number from 1"),
        ("CHANNELS_QUEUE", "256", "a whole number from 1"),
        ("CHANNELS_MESSAGE_SIZE", True, "a whole number from 1"),
        ("CHANNELS_TIMEOUT", 0, "a number of seconds above 0"),
        ("CHANNELS_TIMEOUT", float("nan"), "a number of seconds above 0"),
        ("CHANNELS_PREFIX", "", "has to be a text"),
    ],
)
def test_a_wrong_setting_is_an_error_at_startup(key: str, value: object, text: str) -> None:
    app = Flask("an_app")
    Channels(app)
    app.testing = True
    app.config[key] = value
    app.add_url_rule("/", view_func=lambda: "hello")
    with pytest.raises(ValueError, match=text):
        app.test_client().get("/")


def test_without_an_application_the_error_says_what_to_do() -> None:
    channels = Channels()
    with pytest.raises(RuntimeError, match=r"belongs to 0 of them.*with app.app_context"):
        channels.publish("a", 1)
    app = Flask("an_app")
    channels.init_app(app)
    assert channels.publish("a", 1).id  # it is the only one
    other = Flask("another_app")
    channels.init_app(other)
    with pytest.raises(RuntimeError, match="belongs to 2 of them"):
        channels.publish("a", 1)
    with other.app_context(), channels.subscribe("a") as messages:
        channels.publish("a", 2)
        assert messages.receive(1).data == 2  # type: ignore[union-attr]


def test_the_documentation_has_the_settings() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "configuration.md"
    section = page.read_text("utf-8").partition("## Channels\n")[2]
    rows = re.findall(r"^\| `(CHANNELS_\w+)` \| `([^`]+)` \| .", section, re.MULTILINE)
    assert {key: ast.literal_eval(default) for key, default in rows} == DEFAULTS


def test_two_objects_of_one_application_share_their_listeners() -> None:
    app = Flask("an_app")
    first, second = Channels(app), Channels(app)
    with first.subscribe("a"):
        assert second.listeners("a") == 1
