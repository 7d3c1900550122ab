"""``flask config``: values, sources, and what is hidden."""

from __future__ import annotations

import json
import re
import sys
import typing as t
from datetime import timedelta
from pathlib import Path

import pytest

from flask import Config, Flask
from flask.cli import FlaskGroup, ScriptInfo, cli
from flask.config import DEFAULT_CONFIG

APP = """\
import json, os, tomllib
from flask import Flask

class Base:
    INHERITED = 1

class Production(Base):
    CHOSEN = 2

app = Flask(__name__)
app.config["ITEM"] = 1
app.config.update(UPDATED=1, BOTH=1)
app.config |= {"OR": 1}
app.config.setdefault("FIRST", 1)
app.config.setdefault("ITEM", 2)
app.config.from_mapping(MAPPED=1)
app.secret_key = "not shown"
app.config.from_object("settings")
app.config.from_object(Production)
app.config.from_object(Production())
app.config.from_pyfile("local.cfg")
app.config.from_file("data.toml", tomllib.load, text=False)
app.config.from_file("data.json", json.load)
app.config.from_prefixed_env("SHOP")
os.environ["SHOP_FILE"] = os.path.join(app.root_path, "other.cfg")
app.config.from_envvar("SHOP_FILE")
app.config["BOTH"] = 2
"""


def line_of(text: str) -> int:
    """Return the number of the first line of `APP` that begins with a text."""
    return next(n for n, line in enumerate(APP.splitlines(), 1) if line.startswith(text))


SOURCES: list[tuple[str, object, str, str | None, int | None]] = [
    ("ITEM", 1, "code", "app.py", line_of('app.config["ITEM"]')),
    ("UPDATED", 1, "code", "app.py", line_of("app.config.update")),
    ("BOTH", 2, "code", "app.py", line_of('app.config["BOTH"]')),
    ("OR", 1, "code", "app.py", line_of("app.config |=")),
    ("FIRST", 1, "code", "app.py", line_of('app.config.setdefault("FIRST"')),
    ("MAPPED", 1, "code", "app.py", line_of("app.config.from_mapping")),
    ("SECRET_KEY", "********", "code", "app.py", line_of("app.secret_key")),
    ("OF_MODULE", 2, "file", "settings.py", 3),
    ("CHOSEN", 2, "file", "app.py", line_of("    CHOSEN")),
    ("INHERITED", 1, "file", "app.py", line_of("    INHERITED")),
    ("OF_FILE", 1, "file", "local.cfg", 2),
    ("OF_TOML", 1, "file", "data.toml", 2),
    ("TABLE", {"x": 1}, "file", "data.toml", 3),
    ("OF_JSON", 1, "file", "data.json", 2),
    ("OF_ENVVAR", 1, "file", "other.cfg", 1),
    ("NAME", "corner", "environment", None, None),
    ("PORT", 1, "environment", ".env", 2),
    ("MAX_COOKIE_SIZE", 4093, "default", None, None),
    ("DEBUG", False, "default", None, None),
]


@pytest.fixture
def shop(project, monkeypatch: pytest.MonkeyPatch) -> t.Any:
    project.write(app=APP, settings="OF_MODULE = 1\n\nOF_MODULE: int = 2\nlower = 1\n")
    project.write_file("local.cfg", "# local\nOF_FILE = 1\n")
    project.write_file("other.cfg", "OF_ENVVAR = 1\n")
    project.write_file("data.toml", "# data\nOF_TOML = 1\n[TABLE]\nx = 1\n")
    project.write_file("data.json", '{\n  "OF_JSON": 1\n}\n')
    project.write_file(".env", "# development\nexport SHOP_PORT = '1'\n")
    monkeypatch.setenv("SHOP_NAME", "corner")
    return project


def read(runner, *args: str, tool: FlaskGroup = cli) -> dict[str, dict[str, t.Any]]:
    """Return the settings that the command prints as JSON, by key."""
    result = runner.invoke(tool, ["config", "--json", *args])
    assert result.exit_code == 0, result.output
    return {setting["key"]: setting for setting in json.loads(result.stdout)["settings"]}


@pytest.mark.parametrize(
    ("key", "value", "source", "file", "line"), SOURCES, ids=[row[0] for row in SOURCES]
)
def test_a_setting_has_a_source(
    shop, runner, key: str, value: object, source: str, file: str | None, line: int | None
) -> None:
    setting = read(runner)[key]
    place = None if file is None else str(shop.root / file)
    assert (setting["value"], setting["source"]) == (value, source)
    assert (setting["file"], setting["line"]) == (place, line)


@pytest.mark.parametrize(
    ("key", "variable"),
    [("NAME", "SHOP_NAME"), ("PORT", "SHOP_PORT"), ("DATABASE", "SHOP_DATABASE__HOST")],
)
def test_a_setting_of_the_environment_names_its_variable(
    shop, runner, monkeypatch: pytest.MonkeyPatch, key: str, variable: str
) -> None:
    monkeypatch.setenv("SHOP_DATABASE__HOST", "here")
    setting = read(runner)[key]
    assert (setting["source"], setting["variable"]) == ("environment", variable)


@pytest.mark.parametrize("args", [["--debug"], []])
def test_debug_mode_comes_from_its_variable(project, runner, args: list[str]) -> None:
    project.write(app="from flask import Flask\napp = Flask(__name__)\napp.debug = True\n")
    result = runner.invoke(
        cli, [*args, "config", "--json", "debug"], env={} if args else {"FLASK_DEBUG": "1"}
    )
    (setting,) = json.loads(result.stdout)["settings"]
    assert (setting["value"], setting["source"]) == (True, "environment")
    assert setting["variable"] == "FLASK_DEBUG"


def test_a_factory_that_was_called_before_still_shows_what_differs(runner) -> None:
    app = Flask("shop")
    app.config["MINE"] = 1
    settings = read(runner, tool=FlaskGroup(create_app=lambda: app))
    assert settings["MINE"]["source"] == "code"
    assert settings["MAX_COOKIE_SIZE"]["source"] == "default"
    assert settings.keys() == {*DEFAULT_CONFIG, "MINE"}


def test_a_configuration_class_of_the_application_keeps_its_behavior(project, runner) -> None:
    project.write(
        app="""\
from flask import Config, Flask

class Doubled(Config):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self["OWN"] = 1

    def __setitem__(self, key, value):
        super().__setitem__(key, value * 2)

class Shop(Flask):
    config_class = Doubled

app = Shop(__name__)
assert isinstance(app.config, Doubled) and type(app.config).__name__ == "Doubled"
app.config["ITEM"] = 2
"""
    )
    settings = read(runner)
    assert settings["OWN"]["value"] == 2
    assert (settings["ITEM"]["value"], settings["ITEM"]["line"]) == (4, 16)


def test_what_an_optional_package_sets_at_the_first_request_is_shown(project, runner) -> None:
    project.write(
        app="from flask import Flask\nfrom flask.security import Security\n"
        "app = Flask(__name__)\nSecurity(app)\n"
    )
    setting = read(runner)["SESSION_COOKIE_SAMESITE"]
    assert (setting["value"], setting["source"]) == ("Lax", "code")
    assert re.search(r"flask.security", setting["file"])


def test_other_commands_do_not_record(shop, runner) -> None:
    create = Config.__init__
    assert runner.invoke(cli, ["routes"]).exit_code == 0
    assert type(sys.modules["app"].app.config) is Config
    assert Config.__init__ is create


def test_nothing_records_after_the_command(shop, runner) -> None:
    create = Config.__init__
    read(runner)
    assert Config.__init__ is create
    assert type(Flask("later").config) is Config


def test_a_broken_application_leaves_nothing_behind(project, runner) -> None:
    create = Config.__init__
    project.write(app="1/0")
    assert isinstance(runner.invoke(cli, ["config"]).exception, ZeroDivisionError)
    assert Config.__init__ is create


SHOWN: list[tuple[str, object, object]] = [
    ("SECRET_KEY", "s", "********"),
    ("SECRET_KEY", b"s", "********"),
    ("SECRET_KEY", None, None),
    ("SECRET_KEY", "", ""),
    ("SECRET_KEY_FALLBACKS", ["s"], "********"),
    ("MAIL_PASSWORD", "s", "********"),
    ("STRIPE_API_KEY", "s", "********"),
    ("GITHUB_TOKEN", "s", "********"),
    ("OAUTH_CREDENTIALS", {"id": "s"}, "********"),
    ("DB_PASS", "s", "********"),
    ("SENTRY_DSN", "https://s@sentry.example/1", "********"),
    ("API_KEY_ENABLED", True, True),
    ("BYPASS", "shown", "shown"),
    ("KEYBOARD", "shown", "shown"),
    (
        "DB",
        {"password": "s", "host": "h", "port": 1},
        {"password": "********", "host": "h", "port": 1},
    ),
    ("DBS", [{"password": "s"}], [{"password": "********"}]),
    ("URI", "postgresql://me:s@host/db", "postgresql://me:********@host/db"),
    ("URI", "redis://:s@host/0", "redis://:********@host/0"),
    ("URI", "redis://:a/s@host/0", "redis://:********@host/0"),
    ("URI", "mysql+pymysql://me:a@s@host/db", "mysql+pymysql://me:********@host/db"),
    ("URI", "https://host/?a=1&token=s&b=2", "https://host/?a=1&token=********&b=2"),
    ("URI", "https://host:8000/path", "https://host:8000/path"),
    ("URIS", ["amqp://me:s@a", "amqp://me:s@b"], ["amqp://me:********@a", "amqp://me:********@b"]),
    ("LIFETIME", timedelta(days=1), "datetime.timedelta(days=1)"),
    ("RATE", 1.5, 1.5),
    ("DATA", b"x", "b'x'"),
    ("PAIR", (1, "x"), [1, "x"]),
]


@pytest.mark.parametrize(("key", "value", "shown"), SHOWN)
def test_secrets_are_hidden(runner, key: str, value: object, shown: object) -> None:
    app = Flask("shop")
    app.config[key] = value
    tool = FlaskGroup(create_app=lambda: app)
    setting = read(runner, tool=tool)[key]
    assert setting["value"] == shown
    assert setting["hidden"] is ("********" in json.dumps(shown))
    table = runner.invoke(tool, ["config", key]).output
    assert re.search(r"['\"]s['\"]|:s@|=s&", table) is None


def test_the_table_can_be_filtered(runner) -> None:
    app = Flask("shop")
    app.config.update(SHOP_NAME="corner", LONG="x" * 100)
    tool = FlaskGroup(create_app=lambda: app)
    assert runner.invoke(tool, ["config", "shop"]).output.splitlines() == [
        "Key        Value     Source",
        "---------  --------  ------",
        "SHOP_NAME  'corner'  code",
    ]
    changed = runner.invoke(tool, ["config", "--changed"]).output.splitlines()
    assert [line.split()[0] for line in changed[2:]] == ["LONG", "SHOP_NAME"]
    assert "xxx...  code" in changed[2]
    assert runner.invoke(tool, ["config", "zzz"]).output == "No such setting.\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("text", "'text'"),
        (timedelta(days=1), "datetime.timedelta(days=1)"),
        (Path("data"), repr(Path("data"))),
        (b"x", "b'x'"),
        ([timedelta(1), "a"], "[datetime.timedelta(days=1), 'a']"),
        ({"age": timedelta(1)}, "{'age': datetime.timedelta(days=1)}"),
        (float("nan"), "nan"),
    ],
)
def test_a_value_that_is_not_json_has_no_quotes_in_the_table(
    runner, value: object, shown: str
) -> None:
    app = Flask("shop")
    app.config["ITEM"] = value
    table = runner.invoke(FlaskGroup(create_app=lambda: app), ["config", "item"]).output
    assert re.fullmatch(rf"ITEM  {re.escape(shown)} +code", table.splitlines()[2])


def test_json_has_a_text_for_a_number_that_json_does_not_have(runner) -> None:
    app = Flask("shop")
    app.config["ITEMS"] = [float("nan"), -float("inf"), 1.5, 10**400]
    setting = read(runner, "items", tool=FlaskGroup(create_app=lambda: app))["ITEMS"]
    assert setting["value"] == ["nan", "-inf", 1.5, 10**400]


def test_a_package_that_sets_a_key_is_shown_by_its_short_path(project, runner) -> None:
    project.write_file("venv/site-packages/postbox/__init__.py", "")
    project.write_file(
        "venv/site-packages/postbox/extension.py",
        "def init_app(app):\n    app.config.setdefault('MAIL_HOST', 'localhost')\n",
    )
    project.write(
        app="import os, sys\nfrom flask import Flask\n"
        "sys.path.insert(0, os.path.abspath('venv/site-packages'))\n"
        "from postbox.extension import init_app\n"
        "app = Flask(__name__)\ninit_app(app)\n"
    )
    table = runner.invoke(cli, ["config", "mail"]).output
    assert table.splitlines()[2].endswith(str(Path("postbox/extension.py")) + ":2")
    assert read(runner, "mail")["MAIL_HOST"]["file"].startswith(str(project.root))


def test_without_changes_it_says_so(runner) -> None:
    tool = FlaskGroup(create_app=lambda: Flask("shop"))
    assert runner.invoke(tool, ["config", "--changed"]).output == (
        "All settings have their defaults.\n"
    )


def test_a_set_up_that_fails_is_reported_beside_the_table(runner) -> None:
    app = Flask("shop")
    app.config["SESSION_STORE"] = "nonsense://"
    result = runner.invoke(FlaskGroup(create_app=lambda: app), ["config", "session_store"])
    assert result.exit_code == 0
    assert "The set-up of the app fails at its first request: " in result.stderr
    assert "nonsense://" in result.stdout


def test_a_loaded_application_is_used(runner) -> None:
    info = ScriptInfo(create_app=lambda: Flask("given"))
    result = runner.invoke(cli.commands["config"], ["--json"], obj=info)
    assert result.exit_code == 0
