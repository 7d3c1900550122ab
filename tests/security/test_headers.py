"""The headers of both profiles."""

from __future__ import annotations

import logging
import re

import pytest
from protocol_client import Client

from flask import Blueprint, Flask, Response, render_template_string, session
from flask.security import Security, csp_nonce

WEB = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src"
        " 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def test_pages_and_errors_have_the_headers_of_the_profile(client: Client) -> None:
    client.app.get("/")(lambda: "")
    Security(client.app)
    for path, status in (("/", 200), ("/nothing", 404)):
        answer = client.get(path)
        assert answer.status_code == status
        assert {name: answer.headers.get(name) for name in WEB} == WEB
        assert "Strict-Transport-Security" not in answer.headers
        assert "Cache-Control" not in answer.headers


def test_answers_over_https_say_that_it_stays_so(client: Client) -> None:
    client.app.get("/")(lambda: "")
    Security(client.app)
    answer = client.get("/", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_each_page_has_its_own_nonce(client: Client) -> None:
    page = '<script nonce="{{ csp_nonce() }}"></script><style nonce="{{ csp_nonce() }}"></style>'
    client.app.get("/")(lambda: render_template_string(page))
    Security(client.app)
    seen = set()
    for _ in range(3):
        answer = client.get("/")
        nonces = re.findall('nonce="([^"]+)"', answer.text)
        assert len(nonces) == 2
        assert len(set(nonces)) == 1
        assert len(nonces[0]) >= 22
        seen.add(nonces[0])
        policy = answer.headers["Content-Security-Policy"]
        assert f"script-src 'self' 'nonce-{nonces[0]}';" in policy
        assert f"style-src 'self' 'nonce-{nonces[0]}';" in policy
    assert len(seen) == 3


def test_a_nonce_needs_a_request(app: Flask) -> None:
    with pytest.raises(RuntimeError, match="outside of a request"):
        csp_nonce()


def test_headers_that_a_view_sets_are_kept(client: Client) -> None:
    client.app.get("/")(lambda: Response("", headers={"Content-Security-Policy": "own"}))
    Security(client.app)
    assert client.get("/").headers.getlist("Content-Security-Policy") == ["own"]


def test_every_item_can_be_set_or_left_out(client: Client) -> None:
    client.app.get("/")(lambda: "")
    changes = {"Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": None, "X-Own": "1"}
    Security(client.app, headers=changes, transport_security=None)
    headers = client.get("/", base_url="https://localhost").headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Own"] == "1"
    assert "Cross-Origin-Opener-Policy" not in headers
    assert "Strict-Transport-Security" not in headers


def test_a_view_loosens_one_item(client: Client) -> None:
    security = Security()
    blueprint = Blueprint("embedded", __name__, url_prefix="/embedded")
    security.headers(X_Content_Type_Options=None)(blueprint)

    @blueprint.get("/")
    @security.headers({"Content-Security-Policy": "frame-ancestors https://other.example"})
    def embedded() -> str:
        return ""

    client.app.register_blueprint(blueprint)
    client.app.get("/")(lambda: "")
    security.init_app(client.app)
    headers = client.get("/embedded/").headers
    assert headers["Content-Security-Policy"] == "frame-ancestors https://other.example"
    assert "X-Content-Type-Options" not in headers
    assert headers["Referrer-Policy"] == WEB["Referrer-Policy"]
    assert client.get("/").headers["X-Content-Type-Options"] == "nosniff"


CREDENTIALS = [({}, None), ({"Cookie": "a=b"}, "no-store"), ({"Authorization": "x"}, "no-store")]


@pytest.mark.parametrize(("headers", "expected"), CREDENTIALS)
def test_answers_with_credentials_of_an_api_are_not_stored(
    client: Client, headers: dict[str, str], expected: str | None
) -> None:
    client.app.get("/")(dict)
    Security(client.app, profile="api")
    answer = client.get("/", headers=headers)
    assert answer.headers.get("Cache-Control") == expected
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" not in answer.headers


def set_session(app: Flask) -> None:
    @app.get("/")
    def view() -> str:
        session["a"] = 1
        return ""


@pytest.mark.parametrize("profile", ["web", "api"])
def test_the_session_cookie_is_secure(client: Client, profile: str) -> None:
    set_session(client.app)
    Security(client.app, profile=profile)  # type: ignore[arg-type]
    cookie = client.get("/").headers["Set-Cookie"]
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


def test_in_debug_mode_the_cookie_is_sent_over_http(client: Client) -> None:
    set_session(client.app)
    Security(client.app)
    client.app.debug = True  # after the set-up, as app.run(debug=True) does
    cookie = client.get("/").headers["Set-Cookie"]
    assert "Secure" not in cookie.split("; ")
    assert "SameSite=Lax" in cookie.split("; ")


def test_what_the_application_has_set_is_kept(client: Client) -> None:
    set_session(client.app)
    client.app.config["SESSION_COOKIE_SAMESITE"] = "Strict"
    Security(client.app)
    assert "SameSite=Strict" in client.get("/").headers["Set-Cookie"]


def test_the_cookie_can_be_left_alone(client: Client) -> None:
    set_session(client.app)
    Security(client.app, session_cookie=False)
    assert client.get("/").headers["Set-Cookie"].endswith("; HttpOnly; Path=/")


def test_a_wrong_host_is_400_and_logged_once(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.app.get("/")(lambda: "")
    client.app.config["TRUSTED_HOSTS"] = ["shop.example"]
    Security(client.app)
    with caplog.at_level(logging.WARNING, "flask.security"):
        for name in ("evil.example", "other.example"):
            assert client.get("/", headers={"Host": name}).status_code == 400
    assert [record.getMessage()[:60] for record in caplog.records] == [
        "A request with the host 'evil.example' was refused: it is no"
    ]
    assert client.get("/", base_url="http://shop.example").status_code == 200


def test_an_unknown_profile_is_an_error() -> None:
    with pytest.raises(ValueError, match="the profiles are 'web' and 'api'"):
        Security(profile="strict")  # type: ignore[arg-type]
