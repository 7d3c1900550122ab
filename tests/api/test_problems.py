"""Errors reach the client as problem details, or as a page."""

from __future__ import annotations

import types
import typing as t

import pytest
from protocol_client import Client
from werkzeug.exceptions import Conflict, HTTPException

from flask import Blueprint, Flask, abort
from flask.api import MESSAGES, Annotated, Body, Form, Invalid, Meta, Problem, Query, Struct, typed

PROBLEM = "application/problem+json"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class OutOfStock(Problem):
    """Fewer are left than ordered.

    The client may order fewer.
    """

    status = 409
    left: int


class Teapot(Problem):
    status = 418
    title = "Short and stout"
    type = "https://example.org/teapot"
    spout: str = "long"


class Order(Struct):
    name: str


def use_api(app: Flask, **settings: object) -> None:
    """Set what an ``API`` object has."""
    app.extensions["flask.api"] = [types.SimpleNamespace(**settings)]


def raise_in_view(app: Flask, error: Exception) -> None:
    @app.get("/")
    @typed
    def view() -> str:
        raise error


PROBLEMS: list[tuple[Exception, dict[str, t.Any]]] = [
    (
        OutOfStock(left=9),
        {"status": 409, "title": "Conflict", "detail": "Fewer are left than ordered.", "left": 9},
    ),
    (
        OutOfStock("Sold out.", left=0),
        {"status": 409, "title": "Conflict", "detail": "Sold out.", "left": 0},
    ),
    (
        OutOfStock(detail="Sold out.", left=0),
        {"status": 409, "title": "Conflict", "detail": "Sold out.", "left": 0},
    ),
    (
        Teapot(),
        {
            "type": "https://example.org/teapot",
            "status": 418,
            "title": "Short and stout",
            "spout": "long",
        },
    ),
    (
        Problem("Gone.", status=410, since=2020),
        {"status": 410, "title": "Gone", "detail": "Gone.", "since": 2020},
    ),
]


@pytest.mark.parametrize(("error", "document"), PROBLEMS)
def test_a_problem_is_sent_with_its_members(
    client: Client, error: Exception, document: dict[str, t.Any]
) -> None:
    raise_in_view(client.app, error)
    answer = client.get("/")
    assert (answer.status_code, answer.content_type) == (document["status"], PROBLEM)
    assert answer.json == {"type": "about:blank", **document}


def test_a_problem_has_exactly_its_members() -> None:
    with pytest.raises(TypeError, match=r"OutOfStock\(\) needs left. Its members are: left"):
        OutOfStock()
    with pytest.raises(TypeError, match="has no member right"):
        OutOfStock(left=1, right=2)
    assert OutOfStock(left=3).left == 3
    assert issubclass(OutOfStock, Conflict)


@pytest.mark.parametrize("key", [409, Conflict, OutOfStock, Problem, HTTPException, Exception])
def test_a_handler_of_the_user_wins(client: Client, key: t.Any) -> None:
    client.app.errorhandler(key)(lambda error: (f"handled {error.left}", 200))
    raise_in_view(client.app, OutOfStock(left=2))
    assert client.get("/").text == "handled 2"


def test_the_handler_of_a_blueprint_comes_first(client: Client) -> None:
    blueprint = Blueprint("shop", __name__)
    client.app.errorhandler(OutOfStock)(lambda error: ("application", 200))
    blueprint.errorhandler(Conflict)(lambda error: ("blueprint", 200))

    @blueprint.get("/")
    @typed
    def view() -> str:
        raise OutOfStock(left=1)

    client.app.register_blueprint(blueprint)
    assert client.get("/").text == "blueprint"


UNHANDLED = [(400, {}), (404, {}), (429, {"description": "Slow down."}), (503, {})]


@pytest.mark.parametrize(("status", "arguments"), UNHANDLED)
def test_exceptions_of_typed_views_become_problems(
    client: Client, status: int, arguments: dict[str, str]
) -> None:
    @client.app.get("/")
    @typed
    def view() -> str:
        abort(status, **arguments)

    @client.app.get("/untyped")
    def untyped() -> str:
        abort(status, **arguments)

    answer = client.get("/")
    assert (answer.status_code, answer.content_type) == (status, PROBLEM)
    assert answer.json["status"] == status
    assert client.get("/untyped").content_type == "text/html; charset=utf-8"


def test_a_method_that_an_operation_does_not_have_is_a_problem(client: Client) -> None:
    client.app.get("/typed")(typed(lambda: ""))  # type: ignore[arg-type]
    client.app.get("/untyped", endpoint="untyped")(lambda: "")
    answer = client.post("/typed")
    assert (answer.status_code, answer.content_type) == (405, PROBLEM)
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert client.post("/untyped").content_type == "text/html; charset=utf-8"


def test_an_unhandled_error_is_a_problem_that_says_nothing(client: Client) -> None:
    client.app.config["PROPAGATE_EXCEPTIONS"] = False
    raise_in_view(client.app, RuntimeError("SECRET"))
    answer = client.get("/")
    assert (answer.status_code, answer.content_type) == (500, PROBLEM)
    assert "SECRET" not in answer.text


def test_unknown_urls_below_a_prefix_are_problems(client: Client) -> None:
    use_api(client.app, problems="/api/")
    assert client.get("/api/nothing").content_type == PROBLEM
    assert client.get("/nothing").content_type == "text/html; charset=utf-8"


def test_pages_of_untyped_applications_stay_html(client: Client) -> None:
    """Item 14."""
    client.app.get("/")(typed(lambda: ""))  # type: ignore[arg-type]
    answer = client.get("/nothing", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.content_type) == (404, "text/html; charset=utf-8")


def test_a_browser_gets_a_page_with_escaped_errors(client: Client) -> None:
    """Item 14."""

    class Input(Struct):
        values: dict[str, int]

    @client.app.post("/")
    @typed
    def view(values: Body[Input]) -> str:
        return ""

    body = {"values": {"<script>alert(1)</script>": "x"}}
    answer = client.post("/", json=body, headers=BROWSER)
    assert (answer.status_code, answer.content_type) == (422, "text/html; charset=utf-8")
    assert "<script>" not in answer.text
    assert "<li>#/values/&lt;script&gt;alert(1)&lt;~1script&gt;: Must be an integer.</li>" in (
        answer.text
    )
    for accept in ("*/*", "application/json", "text/html;q=0.5, application/json", ""):
        answer = client.post("/", json=body, headers={"Accept": accept})
        assert answer.content_type == PROBLEM, accept


def test_a_browser_gets_flasks_page_for_other_errors(client: Client) -> None:
    raise_in_view(client.app, OutOfStock(left=1))
    answer = client.get("/", headers=BROWSER)
    assert (answer.status_code, answer.content_type) == (409, "text/html; charset=utf-8")
    assert "<p>Fewer are left than ordered.</p>" in answer.text


def test_a_handler_can_render_the_form_again(client: Client) -> None:
    @client.app.errorhandler(Invalid)
    def again(error: Invalid) -> tuple[str, int]:
        return ", ".join(f"{e['name']}: {e['detail']}" for e in error.errors), 200

    @client.app.post("/")
    @typed
    def save(name: Form[Annotated[str, Meta(min_length=1)]], age: Form[int]) -> str:
        return ""

    answer = client.post("/", data={"name": "", "age": "x"})
    assert answer.text == "name: Must not be empty., age: Must be an integer."


@pytest.mark.parametrize("placeholder", ["{number}", "}", "{0}"])
def test_a_translation_with_an_unknown_placeholder_is_not_used(
    client: Client, placeholder: str
) -> None:
    use_api(client.app, translate=lambda text: text.replace("{limit}", placeholder))

    @client.app.get("/page")
    @typed
    def show(page: Query[Annotated[int, Meta(ge=1)]]) -> int:
        return page

    answer = client.get("/page?page=0")
    assert answer.json["errors"][0]["detail"] == "Must be at least 1."


def test_errors_of_a_view_are_listed_without_a_place(client: Client) -> None:
    @client.app.get("/taken")
    @typed
    def show() -> None:
        raise Invalid([{"code": "taken", "detail": "Is <taken>."}])

    page = client.get("/taken", headers={"Accept": "text/html"})
    assert "<li>value: Is &lt;taken&gt;.</li>" in page.text


def test_messages_are_translated_in_the_request(client: Client) -> None:
    from flask import request

    german = {"Is required.": "Fehlt.", "Must be {expected}.": "Muss {expected} sein."}

    def translate(text: str) -> str:
        return german.get(text, text) if request.args.get("lang") == "de" else text

    @client.app.post("/")
    @typed
    def save(name: Form[str], age: Form[int]) -> str:
        return ""

    use_api(client.app, translate=translate)
    answer = client.post("/?lang=de", data={"age": "x"})
    assert [(e["code"], e["detail"]) for e in answer.json["errors"]] == [
        ("missing", "Fehlt."),
        ("type", "Muss an integer sein."),
    ]
    assert client.post("/", data={"age": "1"}).json["errors"][0]["detail"] == "Is required."


def test_messages_can_be_changed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MESSAGES, "missing", "We need this.")
    client.app.get("/")(typed(lambda: ""))  # type: ignore[arg-type]

    @client.app.post("/")
    @typed
    def save(name: Query[str]) -> str:
        return ""

    assert client.post("/").json["errors"][0]["detail"] == "We need this."


def test_the_type_of_a_problem_is_a_uri_below_a_base(client: Client) -> None:
    use_api(client.app, problem_base="https://shop.example/problems/")
    raise_in_view(client.app, OutOfStock(left=1))
    assert client.get("/").json["type"] == "https://shop.example/problems/out-of-stock"


def test_headers_of_an_exception_are_kept(client: Client) -> None:
    from werkzeug.exceptions import TooManyRequests

    raise_in_view(client.app, TooManyRequests(retry_after=30))
    answer = client.get("/")
    assert (answer.headers["Retry-After"], answer.content_type) == ("30", PROBLEM)
