"""Faults that users of other frameworks reported. Item 18; each test names the report."""

from __future__ import annotations

import io
import typing as t

from protocol_client import Client

from flask.api import Annotated, Body, File, Form, Meta, Query, Struct, Upload, typed


def test_an_optional_file_may_be_left_out(client: Client) -> None:
    """litestar#4647."""

    class Data(Struct):
        name: str
        photo: Upload | None = None

    @client.app.post("/")
    @typed
    def save(data: Form[Data], other: File | None = None) -> list[t.Any]:
        return [data.name, data.photo is None, other is None]

    assert client.post("/", data={"name": "a"}).json == ["a", True, True]
    assert client.post("/", data={"name": "a", "photo": ""}).json == ["a", True, True]
    empty = {"name": "a", "photo": (io.BytesIO(b""), "")}
    assert client.post("/", data=empty).json == ["a", True, True]
    given = {"name": "a", "photo": (io.BytesIO(b"x"), "a.png"), "other": (io.BytesIO(b""), "b")}
    assert client.post("/", data=given).json == ["a", False, False]


def test_the_same_message_for_two_fields_is_two_errors(client: Client) -> None:
    """litestar#2714."""

    class Data(Struct):
        first: Annotated[str, Meta(min_length=2)]
        second: Annotated[str, Meta(min_length=2)]

    @client.app.post("/")
    @typed
    def save(data: Body[Data]) -> str:
        return ""

    errors = client.post("/", json={"first": "", "second": ""}).json["errors"]
    assert [(e["pointer"], e["code"]) for e in errors] == [
        ("#/first", "min_length"),
        ("#/second", "min_length"),
    ]


def test_the_member_of_a_union_is_the_one_of_the_value(client: Client) -> None:
    """fastapi#955."""

    class Cat(Struct, tag="cat"):
        name: str
        lives: int = 9

    class Dog(Struct, tag="dog"):
        name: str
        owner: str = ""

    @client.app.post("/")
    @typed
    def save(pet: Body[Cat | Dog], value: Query[int | str] = 0) -> str:
        return f"{type(pet).__name__} {pet.name} {value!r}"

    assert client.post("/", json={"type": "dog", "name": "x"}).text == "Dog x 0"
    assert client.post("/?value=a", json={"type": "cat", "name": "x"}).text == "Cat x 'a'"


def test_empty_fields_of_a_form_keep_their_defaults(client: Client) -> None:
    """fastapi#13533."""

    class Data(Struct):
        count: int = 5
        price: float | None = None
        tags: list[int] = []
        note: str = "none"

    @client.app.post("/")
    @typed
    def save(data: Form[Data]) -> Data:
        return data

    answer = client.post("/", data={"count": "", "price": "", "tags": "", "note": ""})
    assert answer.json == {"count": 5, "price": None, "tags": [], "note": ""}


def test_a_body_that_is_not_utf_8_is_no_500(client: Client) -> None:
    """fastapi#13111."""

    @client.app.post("/")
    @typed
    def save(data: Body[dict[str, str]]) -> str:
        return ""

    answer = client.post("/", data=b'{"a": "\xe4"}', content_type="application/json")
    assert answer.status_code == 400


def test_aliases_are_the_names_in_requests_and_errors(client: Client) -> None:
    """fastapi#12402."""

    class Data(Struct, rename="camel"):
        first_name: str
        is_admin: bool = False

    @client.app.get("/")
    @typed
    def show(data: Query[Data]) -> Data:
        return data

    @client.app.post("/")
    @typed
    def save(data: Body[Data]) -> Data:
        return data

    expected = {"firstName": "Ann", "isAdmin": True}
    assert client.get("/?firstName=Ann&isAdmin=true").json == expected
    assert client.post("/", json=expected).json == expected
    assert client.get("/?first_name=Ann").json["errors"][0]["name"] == "firstName"
    assert client.post("/", json={"isAdmin": 1}).json["errors"] == [
        {
            "in": "body",
            "pointer": "#/firstName",
            "code": "missing",
            "detail": "Is required.",
        },
        {
            "in": "body",
            "pointer": "#/isAdmin",
            "code": "type",
            "expected": "boolean",
            "detail": "Must be true or false.",
        },
    ]


def test_one_value_is_a_list_of_one_and_none_is_the_default(client: Client) -> None:
    """flask-openapi#174 and spectree#355."""

    @client.app.get("/")
    @typed
    def show(tag: Query[list[str]] = ["usual"]) -> list[str]:  # noqa: B006
        return tag

    assert client.get("/?tag=a").json == ["a"]
    assert client.get("/").json == ["usual"]
