"""Requests that another site makes with the user's cookies are refused."""

from __future__ import annotations

import pytest
from protocol_client import Client
from werkzeug.datastructures import Headers

from flask import Blueprint, Flask
from flask.security import Security
from flask.security._cross_origin import find_forgery, host_of
from flask.views import MethodView

HOST = "shop.example"
TRUSTED = {"https://app.example"}

DECISIONS: list[tuple[str, dict[str, str], bool]] = [
    # method, headers, whether the request passes
    ("GET", {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, True),
    ("HEAD", {"Sec-Fetch-Site": "cross-site"}, True),
    ("OPTIONS", {"Origin": "https://evil.example"}, True),
    ("POST", {}, True),
    ("POST", {"Sec-Fetch-Site": "same-origin"}, True),
    ("POST", {"Sec-Fetch-Site": "none"}, True),
    ("POST", {"Sec-Fetch-Site": "same-site"}, False),
    ("POST", {"Sec-Fetch-Site": "cross-site"}, False),
    ("POST", {"Sec-Fetch-Site": "SAME-ORIGIN"}, False),
    ("POST", {"Sec-Fetch-Site": "anything"}, False),
    ("POST", {"Sec-Fetch-Site": "cross-site", "Origin": f"https://{HOST}"}, False),
    ("POST", {"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example"}, True),
    ("POST", {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, True),
    ("POST", {"Origin": f"https://{HOST}"}, True),
    ("POST", {"Origin": f"http://{HOST}"}, True),
    ("POST", {"Origin": f"https://{HOST}:8443"}, False),
    ("POST", {"Origin": f"https://sub.{HOST}"}, False),
    ("POST", {"Origin": f"https://{HOST}.evil.example"}, False),
    ("POST", {"Origin": f"https://evil.example/{HOST}"}, False),
    ("POST", {"Origin": f"https://{HOST}@evil.example"}, False),
    ("POST", {"Origin": "null"}, False),
    ("POST", {"Origin": "https://[malformed"}, False),
    ("POST", {"Origin": "https://app.example"}, True),
    ("PUT", {"Origin": "https://evil.example"}, False),
    ("PATCH", {"Origin": "https://evil.example"}, False),
    ("DELETE", {"Origin": "https://evil.example"}, False),
    ("PURGE", {"Origin": "https://evil.example"}, False),
]


@pytest.mark.parametrize(("method", "headers", "passes"), DECISIONS)
def test_a_request_passes_or_is_forged(method: str, headers: dict[str, str], passes: bool) -> None:
    reason = find_forgery(method, Headers(headers), HOST, TRUSTED)
    assert (reason is None) == passes, reason


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://a.example", "a.example"),
        ("https://a.example:443", "a.example"),
        ("http://a.example:80", "a.example"),
        ("http://a.example:443", "a.example:443"),
        ("http://[::1]:5000", "[::1]:5000"),
        ("null", ""),
        ("https://a.example:x", ""),
    ],
)
def test_the_host_of_an_origin(origin: str, host: str) -> None:
    assert host_of(origin) == host


EVIL = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_forged_request_never_reaches_a_hook_or_a_view(client: Client, method: str) -> None:
    called: list[str] = []
    client.app.before_request(lambda: called.append("hook"))
    client.app.url_value_preprocessor(lambda endpoint, values: called.append("values"))
    client.app.route("/", methods=[method])(lambda: called.append("view") or "")
    Security(client.app)
    answer = client.open("/", method=method, headers={**EVIL, "Cookie": "session=x"})
    assert (answer.status_code, called) == (403, [])
    assert client.open("/", method=method).status_code == 200
    assert called == ["values", "hook", "view"]


def test_the_answer_says_why_in_debug_mode_only(app: Flask) -> None:
    app.post("/")(lambda: "")
    Security(app)
    assert "trusted_origins" not in app.test_client().post("/", headers=EVIL).text
    app.debug = True
    assert "trusted_origins" in app.test_client().post("/", headers=EVIL).text


def test_views_and_blueprints_can_be_exempt(client: Client) -> None:
    security = Security()
    hooks = Blueprint("hooks", __name__, url_prefix="/hooks")
    hooks.post("/")(lambda: "blueprint")
    security.exempt(hooks)
    client.app.register_blueprint(hooks)

    @client.app.post("/webhook")
    @security.exempt
    def webhook() -> str:
        return "view"

    @security.exempt
    class Hook(MethodView):
        def post(self) -> str:
            return "class"

    client.app.add_url_rule("/class", view_func=Hook.as_view("class"))
    client.app.post("/other")(lambda: "other")
    security.init_app(client.app)
    assert client.post("/webhook", headers=EVIL).text == "view"
    assert client.post("/hooks/", headers=EVIL).text == "blueprint"
    assert client.post("/class", headers=EVIL).text == "class"
    assert client.post("/other", headers=EVIL).status_code == 403


def test_an_api_checks_requests_with_cookies_only(client: Client) -> None:
    client.app.post("/")(lambda: "")
    Security(client.app, profile="api")
    assert client.post("/", headers=EVIL).status_code == 200
    assert client.post("/", headers={**EVIL, "Authorization": "Bearer x"}).status_code == 200
    assert client.post("/", headers={**EVIL, "Cookie": "session=x"}).status_code == 403


def test_the_check_can_be_turned_off(client: Client) -> None:
    client.app.post("/")(lambda: "")
    Security(client.app, cross_origin_protection=False)
    assert client.post("/", headers=EVIL).status_code == 200


def test_one_application_has_one_security_object(app: Flask) -> None:
    Security(app)
    with pytest.raises(RuntimeError, match="has a Security object already"):
        Security(app)
