"""How text from query strings, forms, headers and cookies becomes values."""

from __future__ import annotations

import datetime
import enum
import typing as t
import uuid
from decimal import Decimal

import pytest
from protocol_client import Client

from flask import Flask
from flask.api import Annotated, Cookie, Form, Header, Meta, Query, Struct, typed


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


ABSENT = object()
CASES: list[tuple[t.Any, str | None, t.Any]] = [
    # type, text, value or the code of the error
    (int, "5", 5),
    (int, "-5", -5),
    (int, "5.5", "type"),
    (int, " 5", "type"),
    (int, "5_0", "type"),
    (int, "٣", "type"),
    (int, "null", "type"),
    (int, "", "missing"),
    (int, None, "missing"),
    (float, "1.5", 1.5),
    (float, "nan", "type"),
    (float, "NaN", "type"),
    (float, "-inf", "type"),
    (float, "Infinity", "type"),
    (float, "1e999", "type"),
    (bool, "true", True),
    (bool, "False", False),
    (bool, "1", True),
    (bool, "0", False),
    (bool, "maybe", "type"),
    (str, "", ""),
    (str, "null", "null"),
    (str, "5", "5"),
    (int | None, "5", 5),
    (int | None, "null", "type"),
    (int | None, "NULL", "type"),
    (str | None, "null", "null"),
    (int | str, "5", "5"),
    (int | str, "x", "x"),
    (int | str, "null", "null"),
    (datetime.date, "2024-12-31", "2024-12-31"),
    (datetime.date, "yesterday", "format"),
    (datetime.datetime, "2024-12-31T10:00:00Z", "2024-12-31T10:00:00Z"),
    (uuid.UUID, "12345678-1234-5678-1234-567812345678", "12345678-1234-5678-1234-567812345678"),
    (uuid.UUID, "1", "format"),
    (Decimal, "1.50", "1.50"),
    (Color, "red", "red"),
    (Color, "blue", "enum"),
    (Level, "1", 1),
    (Level, "2", "enum"),
    (t.Literal["a", 1], "1", 1),
    (t.Literal["a", 1], "b", "enum"),
    (Annotated[int, Meta(ge=10)], "5", "minimum"),
    (Annotated[int, Meta(multiple_of=3)], "5", "multiple_of"),
    (Annotated[str, Meta(pattern="^a")], "b", "pattern"),
    (Annotated[str, Meta(max_length=1)], "ab", "max_length"),
]

PLACES = {"query": Query, "header": Header, "cookie": Cookie, "form": Form}


def view_of(app: Flask, marker: t.Any, hint: t.Any, **default: t.Any) -> None:
    def show(value: t.Any) -> t.Any:
        return {"value": value}

    show.__defaults__ = tuple(default.values())
    show.__annotations__ = {"value": marker[hint], "return": dict[str, t.Any]}
    app.post("/")(typed(show))


def ask(client: Client, place: str, *texts: str | None) -> t.Any:
    given = [text for text in texts if text is not None]
    if place == "query":
        return client.post("/", query_string=[("value", text) for text in given])
    if place == "form":
        return client.post("/", data={"value": given})
    if place == "header":
        return client.post("/", headers=[("Value", text) for text in given])
    return client.post("/", headers=[("Cookie", f"value={text}") for text in given])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("hint", "text", "value"), CASES, ids=str)
def test_a_text_is_converted_or_named_in_an_error(
    app: Flask, place: str, hint: t.Any, text: str | None, value: object
) -> None:
    if place in {"header", "cookie"} and text is not None:
        text = text.strip()  # as servers do
        if not text.isascii():
            return  # clients cannot send it
        value = 5 if text == "5" and hint is int else value
    view_of(app, PLACES[place], hint)
    answer = ask(Client(app, "wsgi"), place, text)
    if answer.status_code == 422:
        (error,) = answer.json["errors"]
        assert (error["in"], error["name"], error["code"]) == (place, "value", value)
    else:
        assert answer.json == {"value": value.strip() if isinstance(value, str) else value}


@pytest.mark.parametrize(
    ("query", "value"),
    [("?value=a", ["a"]), ("?value=a&value=b", ["a", "b"]), ("", ["usual"]), ("?value=", [""])],
)
def test_repetitions_make_a_list(client: Client, query: str, value: list[str]) -> None:
    """Item 8; flask-openapi#174 and spectree#355, item 18."""
    view_of(client.app, Query, list[str], default=["usual"])
    assert client.post(f"/{query}").json == {"value": value}


@pytest.mark.parametrize(
    ("query", "value"),
    [("?value=1", [1]), ("?value=1&value=", [1]), ("?value=", [7]), ("", [7])],
)
def test_empty_texts_of_a_list_of_numbers_are_absent(
    client: Client, query: str, value: list[int]
) -> None:
    view_of(client.app, Query, list[int], default=[7])
    assert client.post(f"/{query}").json == {"value": value}


def test_an_error_in_a_list_says_where(client: Client) -> None:
    view_of(client.app, Query, list[int])
    answer = client.post("/?value=1&value=x&value=null")
    assert [(e["name"], e["pointer"]) for e in answer.json["errors"]] == [
        ("value", "#/1"),
        ("value", "#/2"),
    ]


@pytest.mark.parametrize(
    ("query", "value"), [("?value=", 1), ("", 1), ("?value=null", None), ("?value=2", 2)]
)
def test_a_default_is_taken_for_an_empty_text(client: Client, query: str, value: object) -> None:
    """Item 8; fastapi#13533, item 18."""
    view_of(client.app, Query, int | None, default=1)
    answer = client.post(f"/{query}")
    assert answer.json.get("value") == value if value else answer.status_code == 422


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?name=tea&size=1", ["tea", "any", 1]),
        ("?name=tea&name=milk&size=1&color=", ["tea", "", 1]),
        ("?size=1", {"name": "missing"}),
        ("?name=tea", {"size": "missing"}),
        ("", {"name": "missing", "size": "missing"}),
        ("?name=&size=x", {"size": "type"}),
        ("?size=x", {"name": "missing", "size": "type"}),
    ],
)
def test_texts_need_no_conversion_beside_numbers(
    client: Client, query: str, expected: object
) -> None:
    @client.app.get("/")
    @typed
    def search(name: Query[str], size: Query[int], color: Query[str | None] = "any") -> list[t.Any]:
        return [name, color, size]

    answer = client.get("/" + query)
    if isinstance(expected, dict):
        assert answer.status_code == 422
        assert {each["name"]: each["code"] for each in answer.json["errors"]} == expected
    else:
        assert answer.json == expected


def test_on_is_true_in_forms_only(client: Client) -> None:
    view_of(client.app, Form, bool)
    assert ask(client, "form", "on").json == {"value": True}
    assert ask(client, "form", "off").status_code == 422


def test_on_is_no_boolean_in_a_query(client: Client) -> None:
    view_of(client.app, Query, bool)
    assert ask(client, "query", "on").status_code == 422


def test_a_model_spreads_its_fields(client: Client) -> None:
    class Page(Struct, rename="kebab"):
        page_size: Annotated[int, Meta(le=100)] = 10
        sort: list[t.Literal["name", "-name"]] = []

    view_of(client.app, Query, Page)
    answer = client.post("/?page-size=5&sort=name&sort=-name&unknown=1")
    assert answer.json == {"value": {"page-size": 5, "sort": ["name", "-name"]}}
    wrong = client.post("/?page-size=500&sort=x")
    assert [(e["name"], e.get("pointer"), e["code"]) for e in wrong.json["errors"]] == [
        ("page-size", None, "maximum"),
        ("sort", "#/0", "enum"),
    ]


def test_a_model_that_forbids_unknown_fields_still_ignores_other_parameters(client: Client) -> None:
    class Page(Struct, forbid_unknown_fields=True):
        size: int = 10

    view_of(client.app, Query, Page)
    assert client.post("/?size=5&utm_source=mail").json == {"value": {"size": 5}}


def test_a_tuple_takes_as_many_values_as_it_has_items(client: Client) -> None:
    @client.app.get("/")
    @typed
    def search(between: Query[tuple[int, float] | None] = None) -> t.Any:
        return [between]

    assert client.get("/?between=1&between=2.5").json == [[1, 2.5]]
    assert client.get("/").json == [None]
    assert client.get("/?between=1").status_code == 422


class Size(Struct):
    width: int = 1


class Area(Struct):
    near: dict[str, float] = {}
    sizes: list[Size] = []


def test_a_model_inside_a_query_is_json_text(client: Client) -> None:
    """The document describes it so."""

    @client.app.get("/")
    @typed
    def search(area: Query[Area], of: Query[dict[str, int]] = {}) -> t.Any:  # noqa: B006
        return [area.near, len(area.sizes), of]

    query = {"near": '{"x": 1.5}', "sizes": ["{}", "{}"], "of": '{"a": 1}'}
    assert client.get("/", query_string=query).json == [{"x": 1.5}, 2, {"a": 1}]
    assert client.get("/", query_string={"sizes": "[{}, {}]"}).json == [{}, 2, {}]
    errors = client.get("/", query_string={"near": '{"x": "a"}', "of": "{"}).json["errors"]
    assert [(each["name"], each.get("pointer"), each["code"]) for each in errors] == [
        ("near", "#/x", "type"),
        ("of", None, "json"),
    ]
