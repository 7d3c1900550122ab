"""Answers and errors of operations in the document."""

from __future__ import annotations

import typing as t
import uuid

import pytest
from described import document_of, operation_of

from flask import Flask, ServerSentEvent
from flask.api import (
    Annotated,
    Body,
    Form,
    Meta,
    Patch,
    Problem,
    Query,
    Returns,
    Struct,
    media,
    status,
    typed,
)

STRING = {"type": "string"}
PROBLEM = "application/problem+json"


class Order(Struct):
    id: int


class Waiting(Struct):
    place: int


class OutOfStock(Problem):
    """Fewer are left than ordered.

    Order fewer.
    """

    status = 409
    left: int
    unit: str = "piece"


class Locked(Problem):
    status = 409
    type = "https://errors.example/locked"


def answers_of(hint: object, **options: t.Any) -> dict[str, t.Any]:
    def view() -> t.Any: ...

    view.__annotations__ = {"return": hint}
    responses = operation_of(typed(**options)(view), method="get")["responses"]
    return t.cast("dict[str, t.Any]", responses)


ANSWERS: list[tuple[object, dict[str, t.Any]]] = [
    (Order, {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}),
    (Returns[Order], {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}),
    (
        list[int] | None,
        {"application/json": {"schema": {"type": ["array", "null"], "items": {"type": "integer"}}}},
    ),
    (str, {"text/html": {"schema": STRING}}),
    (Annotated[str, media("text/csv")], {"text/csv": {"schema": STRING}}),
    (
        Annotated[bytes, media("image/png", "image/gif")],
        {
            kind: {"schema": {**STRING, "format": "binary", "contentMediaType": kind}}
            for kind in ("image/png", "image/gif")
        },
    ),
    (
        t.Iterator[Order],
        {
            "application/jsonl": {
                "schema": {
                    **STRING,
                    "contentMediaType": "application/jsonl",
                    "x-itemSchema": {"$ref": "#/components/schemas/Order"},
                }
            }
        },
    ),
    (
        t.AsyncIterator[ServerSentEvent],
        {"text/event-stream": {"schema": {**STRING, "contentMediaType": "text/event-stream"}}},
    ),
]


@pytest.mark.parametrize(("hint", "content"), ANSWERS, ids=lambda it: str(it)[:50])
def test_an_answer_has_the_content_of_its_type(hint: object, content: dict[str, t.Any]) -> None:
    assert answers_of(hint) == {"200": {"description": "OK", "content": content}}


def test_an_answer_without_content_has_none() -> None:
    """Item 18: fastapi#2832."""
    assert answers_of(None, status=204) == {"204": {"description": "No Content"}}

    def untyped():  # type: ignore[no-untyped-def]
        return "anything"

    responses = operation_of(typed(untyped), method="get")["responses"]
    assert responses == {"200": {"description": "OK"}}


def test_alternatives_are_listed_by_status_and_joined_within_one() -> None:
    by_status = answers_of(Annotated[Order, status(200)] | Annotated[Waiting, status(202)])
    assert [(code, it["description"]) for code, it in by_status.items()] == [
        ("200", "OK"),
        ("202", "Accepted"),
    ]
    joined = answers_of(Annotated[Order, status(200)] | Annotated[Waiting, status(200)])
    assert joined["200"]["content"]["application/json"]["schema"] == {
        "anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Order", "Waiting")]
    }


# Errors -------------------------------------------------------------------------------------------


def nothing() -> None: ...
def any_text(q: Query[str] = "", tag: Query[list[str] | None] = None) -> None: ...
def number(page: Query[int] = 1) -> None: ...
def needed(q: Query[str]) -> None: ...
def short(q: Query[Annotated[str, Meta(max_length=3)]] = "") -> None: ...
def word(q: Query[t.Literal["a", "b"]] = "a") -> None: ...
def json(order: Body[Order]) -> None: ...
def any_json(data: Body[t.Any]) -> None: ...
def patch(change: Patch[Order]) -> None: ...
def raw(data: Body[bytes]) -> None: ...
def image(data: Annotated[Body[bytes], media("image/png")]) -> None: ...
def text(data: Body[str]) -> None: ...
def long_text(data: Annotated[Body[str], Meta(max_length=3)]) -> None: ...
def form(note: Form[str] = "") -> None: ...
def number_form(count: Form[int] = 1) -> None: ...
def path(id: str) -> None: ...
def number_in_path(id: int) -> None: ...
def uuid_in_path(id: uuid.UUID) -> None: ...


ERRORS: list[tuple[t.Any, str, list[int]]] = [
    (nothing, "/", []),
    (any_text, "/", []),
    (number, "/", [422]),
    (needed, "/", [422]),
    (short, "/", [422]),
    (word, "/", [422]),
    (json, "/", [400, 415, 422]),
    (any_json, "/", [400, 415]),
    (patch, "/", [400, 415, 422]),
    (raw, "/", []),
    (image, "/", [415]),
    (text, "/", [400, 415]),
    (long_text, "/", [400, 415, 422]),
    (form, "/", [415]),
    (number_form, "/", [415, 422]),
    (path, "/<id>", []),
    (path, "/<path:id>", []),
    (path, "/<string(length=2):id>", [404]),
    (path, "/<any(a, b):id>", [404]),
    (number_in_path, "/<int:id>", [404]),
    (uuid_in_path, "/<uuid:id>", [404]),
    (uuid_in_path, "/<id>", [404]),
]


@pytest.mark.parametrize(
    ("view", "rule", "errors"), ERRORS, ids=lambda it: getattr(it, "__name__", it)
)
def test_only_errors_that_can_happen_are_listed(view: t.Any, rule: str, errors: list[int]) -> None:
    """Item 15."""
    operation = operation_of(typed(view), rule)
    assert list(operation["responses"]) == ["200", *map(str, errors)]


def test_problems_and_invalid_values_are_components() -> None:
    @typed(errors=[404, OutOfStock, Locked])
    def view(order: Body[Order]) -> None: ...

    app = Flask("shop")
    app.add_url_rule("/", view_func=view, methods=["POST"])
    document = document_of(app, problem_base="https://errors.example/")
    responses = document["paths"]["/"]["post"]["responses"]
    assert responses["404"] == {
        "description": "Not Found",
        "content": {
            PROBLEM: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": {"type": "about:blank", "title": "Not Found", "status": 404},
            }
        },
    }
    assert responses["409"] == {
        "description": "Fewer are left than ordered.",
        "content": {
            PROBLEM: {
                "schema": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/OutOfStock"},
                        {"$ref": "#/components/schemas/Locked"},
                    ]
                }
            }
        },
    }
    schemas = document["components"]["schemas"]
    out = schemas["OutOfStock"]
    assert out["description"] == "Fewer are left than ordered.\n\nOrder fewer."
    assert out["properties"]["left"] == {"type": "integer"}
    assert out["properties"]["unit"] == {**STRING, "default": "piece"}
    assert out["properties"]["status"]["const"] == 409
    assert out["properties"]["type"]["const"] == "https://errors.example/out-of-stock"
    assert out["required"] == ["type", "title", "status", "left"]
    assert schemas["Locked"]["properties"]["type"]["const"] == "https://errors.example/locked"
    assert schemas["Invalid"]["properties"]["type"]["const"] == "https://errors.example/invalid"
    assert schemas["Invalid"]["required"] == ["type", "title", "status", "errors"]


def test_a_model_named_problem_gets_its_module() -> None:
    @typed(errors=[404])
    def view() -> Problem_: ...

    app = Flask("shop")
    app.add_url_rule("/", view_func=view)
    names = sorted(document_of(app)["components"]["schemas"])
    assert names == ["Problem", "test_document_answers_Problem"]


class Problem_(Struct):  # its name is set below
    text: str


Problem_.__name__ = "Problem"


def test_a_validation_error_has_the_configured_status() -> None:
    app = Flask("shop")
    app.config["API_VALIDATION_STATUS"] = 400
    app.add_url_rule("/", view_func=typed(json), methods=["POST"])
    responses = document_of(app)["paths"]["/"]["post"]["responses"]
    assert list(responses) == ["200", "400", "415"]
    references = responses["400"]["content"][PROBLEM]["schema"]["anyOf"]
    assert [it["$ref"].rpartition("/")[2] for it in references] == ["Problem", "Invalid"]


@pytest.mark.parametrize(("problems", "is_page"), [(None, True), ("/other/", True), ("/", False)])
def test_an_unknown_url_may_be_a_page(problems: str | None, is_page: bool) -> None:
    """Item 14."""
    operation = operation_of(typed(number_in_path), "/<int:id>", "get", problems=problems)
    content = operation["responses"]["404"]["content"]
    assert list(content) == ([PROBLEM, "text/html"] if is_page else [PROBLEM])
