"""The switch from cookies to a store logs no user out."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from flask import Flask, session
from flask._sessions.identifiers import hash_identifier, is_signed_identifier, verify
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient

DATA = {"user": 7, "cart": [1, (2,)], "since": datetime(2020, 1, 2, tzinfo=UTC)}


@pytest.fixture
def app(stored_app: Flask) -> Flask:
    app = stored_app
    app.add_url_rule("/", "index", lambda: "untouched")
    app.add_url_rule("/user", "user", lambda: str(session.get("user")))
    app.add_url_rule("/count", "count", lambda: str(session.increment("n")))
    app.add_url_rule("/out", "out", lambda: session.end() or "")
    return app


def old_cookie(app: Flask, data: dict[str, t.Any] = DATA) -> str:
    signing = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signing is not None
    return str(signing.dumps(data))


def client_with(app: Flask, cookie: str) -> FlaskClient:
    client = app.test_client()
    client.set_cookie("session", cookie)
    return client


def cookie_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("session")
    assert cookie is not None
    return cookie.value


@pytest.mark.parametrize("path", ["/", "/user", "/count", "/missing"])
def test_the_first_request_takes_the_session_over(app: Flask, path: str) -> None:
    client = client_with(app, old_cookie(app))
    response = client.get(path)
    assert "Cookie" in response.headers["Vary"]
    assert is_signed_identifier(cookie_of(client))
    with client.session_transaction() as kept:
        found = dict(kept)
        found.pop("n", None)
        assert found == DATA
    assert "Set-Cookie" not in client.get("/user").headers


def test_concurrent_requests_with_the_old_cookie_share_one_session(app: Flask) -> None:
    cookie = old_cookie(app)
    client = client_with(app, cookie)

    @app.route("/slow")
    def slow() -> str:
        session.increment("n")
        client_with(app, cookie).get("/count")
        return ""

    client.get("/slow")
    again = client_with(app, cookie)  # the response with the new cookie was lost
    assert again.get("/count").text == "3"
    assert cookie_of(again) == cookie_of(client)
    assert client.get("/user").text == "7"


@pytest.mark.parametrize(
    "make_cookie",
    [
        lambda app: old_cookie(app)[:-2],
        lambda app: old_cookie(app) + "x",
        lambda app: "nonsense",
        lambda app: "a.b.c",
        lambda app: old_cookie(app, {}),
        lambda app: old_cookie(app, [1]),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_session_is_not_taken_over(
    app: Flask, make_cookie: Callable[[Flask], str]
) -> None:
    client = client_with(app, make_cookie(app))
    response = client.get("/")
    assert (response.status_code, "Set-Cookie" in response.headers) == (200, False)
    assert client.get("/user").text == "None"


def test_an_expired_cookie_is_not_taken_over(app: Flask) -> None:
    cookie = old_cookie(app)
    app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(seconds=-10)
    assert client_with(app, cookie).get("/user").text == "None"


def test_a_permanent_session_stays_permanent(app: Flask) -> None:
    client = client_with(app, old_cookie(app, {"_permanent": True, "user": 7}))
    assert "Expires" in client.get("/").headers["Set-Cookie"]


def test_a_cookie_of_an_old_key_is_taken_over(app: Flask) -> None:
    cookie = old_cookie(app)
    app.config.update(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["a key for tests"])
    assert client_with(app, cookie).get("/user").text == "7"


def test_a_logout_at_the_first_request_deletes_the_cookie(app: Flask) -> None:
    client = client_with(app, old_cookie(app))
    client.get("/out")
    assert client.get_cookie("session") is None


def test_a_login_at_the_first_request_has_another_identifier(app: Flask) -> None:
    app.add_url_rule("/login", "login", lambda: session.regenerate() or "")
    cookie = old_cookie(app)
    client = client_with(app, cookie)
    client.get("/login")
    assert client.get("/user").text == "7"
    other = client_with(app, cookie)
    other.get("/user")
    assert cookie_of(other) != cookie_of(client)


def test_the_stored_session_of_a_cookie_is_found_under_its_hash_only(app: Flask) -> None:
    client = client_with(app, old_cookie(app))
    client.get("/user")
    verified = verify(cookie_of(client), ["a key for tests"])
    assert verified is not None
    store = t.cast("t.Any", app.session_interface).store
    assert store.read(hash_identifier(verified[0])) is not None
