"""Pages of other origins may use an API that names them."""

from __future__ import annotations

import typing as t

import pytest
from protocol_client import Client
from werkzeug.datastructures import Headers

from flask import Flask, abort
from flask.security import Security
from flask.security._cors import add_vary, check_origins

PAGE = "https://app.example"
PREFLIGHT = {"Origin": PAGE, "Access-Control-Request-Method": "PUT"}


@pytest.fixture
def shop(client: Client) -> Client:
    """An API whose every request needs a login."""

    @client.app.before_request
    def login() -> None:
        abort(401)

    client.app.route("/items/<int:id>", methods=["GET", "PUT"])(lambda id: str(id))
    client.app.config["PROPAGATE_EXCEPTIONS"] = False
    Security(client.app, profile="api", origins=[PAGE], expose_headers=["X-Total"])
    return client


def test_a_preflight_is_answered_before_any_hook(shop: Client) -> None:
    headers = {**PREFLIGHT, "Access-Control-Request-Headers": "authorization, x-request-id"}
    answer = shop.open("/items/1", method="OPTIONS", headers=headers)
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS, PUT"
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization, x-request-id"
    assert answer.headers["Access-Control-Max-Age"] == "600"
    assert set(answer.headers["Vary"].split(", ")) == {
        "Origin",
        "Access-Control-Request-Method",
        "Access-Control-Request-Headers",
    }


def test_a_preflight_of_another_origin_is_refused(shop: Client) -> None:
    headers = {**PREFLIGHT, "Origin": "https://evil.example"}
    answer = shop.open("/items/1", method="OPTIONS", headers=headers)
    assert answer.status_code == 403
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
    assert answer.headers["Vary"] == "Origin"


def test_a_preflight_of_an_unknown_url_is_not_found(shop: Client) -> None:
    answer = shop.open("/nothing", method="OPTIONS", headers=PREFLIGHT)
    assert answer.status_code == 404
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


def test_options_without_a_preflight_is_an_ordinary_request(shop: Client) -> None:
    assert shop.open("/items/1", method="OPTIONS").status_code == 401


ERRORS = [("/items/1", "GET", 401), ("/nothing", "GET", 401), ("/items/1", "DELETE", 401)]


@pytest.mark.parametrize(("path", "method", "status"), ERRORS)
def test_error_answers_carry_the_headers_too(
    shop: Client, path: str, method: str, status: int
) -> None:
    answer = shop.open(path, method=method, headers={"Origin": PAGE})
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Access-Control-Expose-Headers"] == "X-Total"
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", PAGE + ".evil.example"])
def test_every_answer_varies_by_origin(shop: Client, origin: str | None) -> None:
    answer = shop.get("/items/1", headers={"Origin": origin} if origin else {})
    assert answer.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_an_unhandled_error_carries_the_headers(client: Client) -> None:
    client.app.get("/")(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    client.app.config["PROPAGATE_EXCEPTIONS"] = False
    Security(client.app, profile="api", origins=[PAGE])
    answer = client.get("/", headers={"Origin": PAGE})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (500, PAGE)


def test_all_origins_means_no_cookies(client: Client) -> None:
    client.app.route("/", methods=["GET", "POST"])(lambda: "")
    Security(client.app, profile="api", origins=["*"])
    answer = client.get("/", headers={"Origin": "https://any.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    headers = {"Origin": "https://any.example", "Cookie": "session=x"}
    assert client.post("/", headers=headers).status_code == 403


def test_pages_of_origins_may_send_cookies(client: Client) -> None:
    client.app.post("/")(lambda: "")
    Security(client.app, profile="api", origins=[PAGE])
    headers = {"Origin": PAGE, "Sec-Fetch-Site": "cross-site", "Cookie": "session=x"}
    assert client.post("/", headers=headers).status_code == 200


def test_without_origins_there_is_no_cors(client: Client) -> None:
    client.app.route("/", methods=["GET", "OPTIONS"])(lambda: "view")
    Security(client.app)
    answer = client.open("/", method="OPTIONS", headers=PREFLIGHT)
    assert answer.text == "view"
    assert "Vary" not in answer.headers


def test_only_named_request_headers_are_allowed(client: Client) -> None:
    client.app.put("/")(lambda: "")
    Security(client.app, profile="api", origins=[PAGE], allow_headers=["X-One"])
    headers = {**PREFLIGHT, "Access-Control-Request-Headers": "x-one,x-two"}
    answer = client.open("/", method="OPTIONS", headers=headers)
    assert answer.headers["Access-Control-Allow-Headers"] == "x-one"


@pytest.mark.parametrize(
    "origin", ["app.example", "https://app.example/", "https://a b", "ftp://a"]
)
def test_an_origin_that_is_none_is_an_error(app: Flask, origin: str) -> None:
    with pytest.raises(ValueError, match="is not an origin"):
        Security(app, profile="api", origins=[origin])


def test_a_string_is_no_list_of_origins() -> None:
    with pytest.raises(TypeError, match="give a list"):
        check_origins(PAGE)


VARY: list[tuple[list[str], list[str], str]] = [
    ([], ["Origin"], "Origin"),
    (["Cookie"], ["Origin"], "Cookie, Origin"),
    (["origin"], ["Origin"], "origin"),
    (["Cookie", "Accept"], ["Origin"], "Cookie, Accept, Origin"),
    (["*"], ["Origin"], "*"),
]


@pytest.mark.parametrize(("present", "added", "result"), VARY)
def test_names_are_added_to_vary_once(present: t.Any, added: t.Any, result: str) -> None:
    headers = Headers([("Vary", value) for value in present])
    add_vary(headers, added)
    assert headers["Vary"] == result
