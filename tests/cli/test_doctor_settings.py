"""``flask doctor``: the checks of settings, and the exit status."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from collections.abc import Callable

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

from flask import Flask
from flask.cli import FlaskGroup, cli
from flask.security import Security

KEY = "3f9a1c07be5548d2a6c4f0e19b7d2835"
SAFE: dict[str, object] = {
    "SECRET_KEY": KEY,
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "TRUSTED_HOSTS": ["shop.example"],
    "MAX_CONTENT_LENGTH": 1_000_000,
    "TRUSTED_PROXIES": 0,
}


def make_app(security: bool = True, **settings: object) -> Flask:
    """Return an application without findings, except for what the settings cause."""
    app = Flask("shop")
    app.config.update({**SAFE, **settings})
    if security:
        Security(app)
    return app


def examine(runner, app: Flask, *args: str) -> dict[str, t.Any]:
    """Return what the command prints as JSON."""
    tool = FlaskGroup(create_app=lambda: app, set_debug_flag=False)
    result = runner.invoke(tool, ["doctor", "--json", *args])
    document: dict[str, t.Any] = json.loads(result.stdout)
    assert result.exit_code == int(document["failed"]), result.output
    return document


def levels(document: dict[str, t.Any]) -> dict[str, str]:
    return {finding["id"]: finding["level"] for finding in document["findings"]}


def test_an_application_with_safe_settings_has_no_findings(runner) -> None:
    assert examine(runner, make_app()) == {
        "app": "shop",
        "failed": False,
        "findings": [],
        "ignored": 0,
    }
    app = make_app()
    tool = FlaskGroup(create_app=lambda: app)
    assert runner.invoke(tool, ["doctor"]).output == "No findings.\n"


FINDINGS: list[tuple[dict[str, object], dict[str, str]]] = [
    ({"DEBUG": True}, {"debug-on": "error"}),
    ({"TESTING": True}, {"testing-on": "error"}),
    ({"PROPAGATE_EXCEPTIONS": True}, {"propagate-exceptions": "warning"}),
    ({"SECRET_KEY": None}, {"secret-key-missing": "warning"}),
    ({"SECRET_KEY": ""}, {"secret-key-missing": "warning"}),
    ({"SECRET_KEY": "x7Kq2!aZ"}, {"secret-key-short": "error"}),
    ({"SECRET_KEY": b"x7Kq2!aZ"}, {"secret-key-short": "error"}),
    ({"SECRET_KEY": "a" * 40}, {"secret-key-guessable": "error"}),
    ({"SECRET_KEY": "you-will-never-guess"}, {"secret-key-guessable": "error"}),
    ({"SECRET_KEY": "change me in production 12345"}, {"secret-key-guessable": "error"}),
    ({"SECRET_KEY": b"super secret flask key"}, {"secret-key-guessable": "error"}),
    ({"SECRET_KEY": "correct horse battery staple"}, {}),
    ({"SECRET_KEY": bytes(range(24))}, {}),
    ({"SECRET_KEY_FALLBACKS": ["dev"]}, {"secret-key-short": "error"}),
    ({"SECRET_KEY_FALLBACKS": [KEY, "dev" * 9]}, {"secret-key-guessable": "error"}),
    ({"SESSION_COOKIE_HTTPONLY": False}, {"session-cookie-httponly": "error"}),
    ({"SESSION_COOKIE_SAMESITE": "None"}, {"session-cookie-samesite": "warning"}),
    ({"TRUSTED_HOSTS": None}, {"trusted-hosts-missing": "warning"}),
    ({"MAX_CONTENT_LENGTH": None}, {"max-content-length-missing": "warning"}),
    ({"SERVER_NAME": "shop.example"}, {"preferred-url-scheme": "warning"}),
    ({"SERVER_NAME": "shop.example", "PREFERRED_URL_SCHEME": "https"}, {}),
    ({"TRUSTED_PROXIES": None}, {"proxies-unknown": "info"}),
    ({"TRUSTED_PROXIES": ["10.0.0.0/8"]}, {}),
    ({"TRUSTED_PROXIES": ["10.0.0.0/8", "0.0.0.0/0"]}, {"proxies-trust-everyone": "error"}),
    ({"TRUSTED_PROXIES": ["::/0"]}, {"proxies-trust-everyone": "error"}),
    ({"SESSION_STORE": "nonsense://"}, {"set-up-fails": "error"}),
]


@pytest.mark.parametrize(("settings", "expected"), FINDINGS)
def test_a_setting_causes_a_finding(
    runner, settings: dict[str, object], expected: dict[str, str]
) -> None:
    assert levels(examine(runner, make_app(**settings))) == expected


def test_without_the_security_extension_cookies_are_checked_as_they_are(runner) -> None:
    app = make_app(security=False, SESSION_COOKIE_SECURE=False, SESSION_COOKIE_SAMESITE=None)
    assert levels(examine(runner, app)) == {
        "session-cookie-secure": "warning",
        "session-cookie-samesite": "warning",
        "security-missing": "warning",
    }


def test_the_security_extension_protects_the_cookie(runner) -> None:
    app = make_app(SESSION_COOKIE_SECURE=False, SESSION_COOKIE_SAMESITE=None)
    assert levels(examine(runner, app)) == {}


def test_an_application_without_sessions_has_no_cookie_to_check(runner) -> None:
    app = make_app(security=False, SECRET_KEY=None, SESSION_COOKIE_SECURE=False)
    assert "session-cookie-secure" not in levels(examine(runner, app))


def test_middleware_of_werkzeug_is_a_proxy_that_is_named(runner) -> None:
    app = make_app(security=False, TRUSTED_PROXIES=None)
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    assert "proxies-unknown" not in levels(examine(runner, app))


@pytest.mark.parametrize(
    ("args", "status"),
    [
        ([], 1),
        (["--fail-level", "info"], 1),
        (["--fail-level", "warning"], 1),
        (["--fail-level", "error"], 0),
        (["--fail-level", "never"], 0),
        (["--ignore", "trusted-hosts-missing"], 0),
        (["-i", "debug-on,trusted-hosts-missing"], 0),
        (["-i", "debug-on", "-i", "trusted-hosts-missing"], 0),
        (["-i", "debug-on"], 1),
        (["--ignore", "trusted-hosts-missing", "--fail-level", "info"], 1),
    ],
)
def test_the_exit_status_depends_on_the_level(runner, args: list[str], status: int) -> None:
    app = make_app(TRUSTED_HOSTS=None, TRUSTED_PROXIES=None)  # a warning, and an information
    result = runner.invoke(FlaskGroup(create_app=lambda: app), ["doctor", *args])
    assert result.exit_code == status, result.output


def test_a_finding_says_what_and_why_and_what_to_do(runner) -> None:
    app = make_app(TRUSTED_HOSTS=None, TRUSTED_PROXIES=None, SECRET_KEY="short")
    tool = FlaskGroup(create_app=lambda: app)
    result = runner.invoke(tool, ["doctor", "--ignore", "proxies-unknown"])
    assert result.output == (
        "error    secret-key-short\n"
        "    SECRET_KEY has 5 bytes, which is less than 16 (code).\n"
        "    why: A short key can be found by trying."
        " With the key, anyone can sign a session of any\n"
        "         user, and tokens of extensions.\n"
        '    fix: Use a new random key: python -c "import secrets; print(secrets.token_hex())"\n'
        "\n"
        "warning  trusted-hosts-missing\n"
        "    TRUSTED_HOSTS is not set.\n"
        "    why: A client can send any host, which then is in links that the app builds, for"
        " example in\n"
        "         mails that reset passwords.\n"
        "    fix: Set TRUSTED_HOSTS = ['shop.example'] with the hosts that you serve.\n"
        "\n"
        "2 findings: 1 error, 1 warning. 1 ignored.\n"
    )


def test_no_finding_shows_a_key(runner) -> None:
    app = make_app(SECRET_KEY="x7Kq2!aZ", SECRET_KEY_FALLBACKS=["w4Tp9?bY"])
    text = json.dumps(examine(runner, app))
    assert "x7Kq2!aZ" not in text and "w4Tp9?bY" not in text


def test_errors_show_no_password(runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(app: Flask) -> t.NoReturn:
        raise ConnectionError("no answer of redis://me:w4Tp9bY@host")

    app = make_app()
    app.cli.check(connect)
    monkeypatch.setattr("flask.cli._config.PREPARATIONS", [connect])
    found = {finding["id"]: finding for finding in examine(runner, app)["findings"]}
    for identifier in ("set-up-fails", "check-failed"):
        what = found[identifier]["what"]
        assert what.endswith("ConnectionError: no answer of redis://me:********@host")
    result = runner.invoke(FlaskGroup(create_app=lambda: app), ["config"])
    assert "no answer of redis://me:********@host" in result.output


# Where a key is written ---------------------------------------------------------------------------

START = "from flask import Flask\nimport json, os, tomllib\napp = Flask(__name__)\n"
PLACES: dict[str, tuple[str, dict[str, str], bool]] = {
    "in the module": (f"app.secret_key = '{KEY}'", {}, True),
    "as bytes": (f"app.config.update(SECRET_KEY=b'{KEY}')", {}, True),
    "in a module of settings": (
        "app.config.from_object('settings')",
        {"settings.py": f"SECRET_KEY = '{KEY}'"},
        True,
    ),
    "in a data file": (
        "app.config.from_file('x.toml', tomllib.load, text=False)",
        {"x.toml": f'SECRET_KEY = "{KEY}"'},
        True,
    ),
    "as a default of the environment": (
        f"app.secret_key = os.environ.get('NO_SUCH_KEY', '{KEY}')",
        {},
        True,
    ),
    "in the instance folder": (
        "app.config.from_file('instance/x.toml', tomllib.load, text=False)",
        {"instance/x.toml": f'SECRET_KEY = "{KEY}"'},
        False,
    ),
    "from the environment, in code": ("app.secret_key = os.environ['SHOP_SECRET_KEY']", {}, False),
    "from the environment": ("app.config.from_prefixed_env('SHOP')", {}, False),
}


@pytest.mark.parametrize(("code", "files", "is_found"), PLACES.values(), ids=PLACES)
def test_a_key_in_the_sources_is_found(
    project,
    runner,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    files: dict[str, str],
    is_found: bool,
) -> None:
    monkeypatch.setenv("SHOP_SECRET_KEY", KEY)
    for path, text in files.items():
        project.write_file(path, text)
    project.write(app=START + code)
    document = json.loads(runner.invoke(cli, ["doctor", "--json"]).stdout)
    assert ("secret-key-in-source" in levels(document)) is is_found


@pytest.fixture
def git(project) -> Callable[..., None]:
    def run(*args: str) -> None:
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        subprocess.run(["git", *identity, *args], cwd=project.root, check=True, capture_output=True)

    run("init", "-q")
    return run


def test_a_file_that_git_ignores_may_have_a_key(project, runner, git) -> None:
    project.write(app=START + "app.config.from_object('local')", local=f"SECRET_KEY = '{KEY}'")
    found = levels(json.loads(runner.invoke(cli, ["doctor", "--json"]).stdout))
    assert "secret-key-in-source" in found
    for name in ("app", "local"):
        del sys.modules[name]
    project.write_file(".gitignore", "local.py\n")
    found = levels(json.loads(runner.invoke(cli, ["doctor", "--json"]).stdout))
    assert "secret-key-in-source" not in found


def test_an_environment_file_in_the_repository_is_found(project, runner, git) -> None:
    project.write(app=START)
    project.write_file(".env", "SHOP_A=1\n")
    found = levels(json.loads(runner.invoke(cli, ["doctor", "--json"]).stdout))
    assert "env-file-committed" not in found
    git("add", ".env")
    found = levels(json.loads(runner.invoke(cli, ["doctor", "--json"]).stdout))
    assert found["env-file-committed"] == "error"


def test_without_git_a_key_in_the_sources_is_found(
    project, runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    project.write(app=START + f"app.secret_key = '{KEY}'")
    found = levels(json.loads(runner.invoke(cli, ["doctor", "--json"]).stdout))
    assert "secret-key-in-source" in found
