"""Tests of `_core.secret_names`: which names say that a value is a secret."""

import typing as t

import pytest

from flask._core.secret_names import (
    find_url_passwords,
    hide_in_urls,
    is_secret_cookie,
    is_secret_header,
    is_secret_name,
    is_secret_setting,
)
from flask.config import DEFAULT_CONFIG

KINDS: dict[str, t.Callable[[str], bool]] = {
    "variable": is_secret_name,
    "setting": is_secret_setting,
    "cookie": is_secret_cookie,
    "header": is_secret_header,
}
ALL = " ".join(KINDS)
VARIABLES = "variable cookie header"

NAMES = [
    # Secrets everywhere.
    ("password", ALL),
    ("DB_PASSWD", ALL),
    ("passphrase", ALL),
    ("passCode", ALL),
    ("user_pass", ALL),
    ("MYSQL_PWD", ALL),
    ("SENTRY_DSN", ALL),
    ("client_secret", ALL),
    ("SECRET_KEY", ALL),
    ("SECRET_KEY_FALLBACKS", ALL),
    ("csrf_token", ALL),
    ("tokens", ALL),
    ("apikey", ALL),
    ("API_KEY", ALL),
    ("AWS_ACCESS_KEY_ID", ALL),
    ("PRIVATE_KEY", ALL),
    ("credentials", ALL),
    ("SECURITY_PASSWORD_SALT", ALL),
    ("jwt", ALL),
    ("csrf", ALL),
    ("basic_auth", ALL),
    ("otp", ALL),
    # Keys of the configuration.
    ("STRIPE_KEY", "setting header"),
    ("SESSION_SIGNING_KEYS", "setting cookie"),
    ("key", "setting"),
    ("keyboard", ""),
    # Options of the configuration, and secrets elsewhere.
    ("AUTH_HEADER", VARIABLES),
    ("JWT_ALGORITHM", VARIABLES),
    ("WTF_CSRF_TIME_LIMIT", VARIABLES),
    ("session", VARIABLES),
    ("session_id", VARIABLES),
    ("cookie", VARIABLES),
    ("HTTP_COOKIE", VARIABLES),
    ("Set-Cookie", VARIABLES),
    # Cookies and headers.
    ("PHPSESSID", VARIABLES),
    ("session_data", "cookie"),
    ("sid", "cookie"),
    ("remember_me", "cookie"),
    ("__wzd1234", "cookie"),
    ("Authorization", ALL),
    ("X-Signing-Key", "setting header"),
    ("X-Hub-Signature-256", VARIABLES),
    ("XSignature", "header"),
    # No secrets.
    ("author", "cookie"),
    ("authority", "cookie"),
    ("SESSION_COOKIE_NAME", "cookie"),
    ("compass", ""),
    ("passenger", ""),
    ("name", ""),
    ("", ""),
]


@pytest.mark.parametrize(("name", "kinds"), NAMES, ids=[name or "empty" for name, _ in NAMES])
def test_names_of_secrets(name: str, kinds: str) -> None:
    assert {kind for kind, is_secret in KINDS.items() if is_secret(name)} == set(kinds.split())


def test_names_are_text_or_bytes() -> None:
    assert is_secret_name(b"authorization")
    assert not any(map(is_secret_name, [b"host", None, 1, ("password",)]))


def test_a_name_that_is_very_long_is_no_name() -> None:
    assert not is_secret_name("password" * 1000)


def test_no_other_default_of_the_configuration_is_hidden() -> None:
    assert {*filter(is_secret_setting, DEFAULT_CONFIG)} == {"SECRET_KEY", "SECRET_KEY_FALLBACKS"}


@pytest.mark.parametrize(
    ("text", "passwords", "shown"),
    [
        ("no address", [], "no address"),
        ("https://example.org:80/a?page=2", [], "https://example.org:80/a?page=2"),
        ("redis://:pa55@host/0", ["pa55"], "redis://:*@host/0"),
        ("postgresql://ann:p@ss@db/shop", ["p@ss"], "postgresql://ann:*@db/shop"),
        ("mysql+pymysql://ann:p/ss@db/shop", ["p/ss"], "mysql+pymysql://ann:*@db/shop"),
        ("a://b:one@c and d://e:two@f", ["one", "two"], "a://b:*@c and d://e:*@f"),
        ("https://ann@db", [], "https://ann@db"),
        ("https://db/?sslkey=k&page=2&api_token=t", [], "https://db/?sslkey=*&page=2&api_token=*"),
        ("https://db/?signature=&page=2", [], "https://db/?signature=&page=2"),
    ],
)
def test_secrets_in_urls(text: str, passwords: list[str], shown: str) -> None:
    assert find_url_passwords(text) == passwords
    assert hide_in_urls(text, "*") == shown
