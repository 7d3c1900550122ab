"""Models of pydantic in typed views."""

from __future__ import annotations

import dataclasses
import enum
import subprocess
import sys
import typing as t

import pydantic
import pytest
from hand_made import both_protocols, client_of, returning
from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from flask import Flask
from flask.api import Body, Patch, Query, typed
from flask.api._operation import Answer
from flask.api._pydantic import PydanticShape, holds_pydantic
from flask.api._shapes import Malformed, MsgspecShape, Rejected, shape_of


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Cat(BaseModel):
    kind: t.Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: t.Literal["dog"]
    name: str


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: int = Field(ge=1, alias="the-number")
    below: float = Field(0, lt=5)
    above: float = Field(1, gt=0)
    most: float = Field(1, le=5)
    even: int = Field(2, multiple_of=2)
    either: int | list[int] = 1
    color: Color = Color.RED
    letter: t.Literal["p", "q", 3] = "p"
    items: list[int] = Field([1], min_length=1, max_length=2)
    named: dict[str, int] = Field({}, max_length=1)
    text: str = Field("abc", min_length=2, max_length=3, pattern="^a")
    pet: t.Annotated[Cat | Dog, Field(discriminator="kind")] | None = None

    @pydantic.field_validator("text")
    @classmethod
    def check_text(cls, value: str) -> str:
        if value == "abx":
            raise ValueError("abx is taken")
        return value


@pydantic.dataclasses.dataclass
class Point:
    x: int
    y: int = 0


@dataclasses.dataclass
class Holder:
    cat: Cat


class TypedHolder(TypedDict):
    cats: list[Cat]


class Order(Struct):
    name: str


# The type, and whether pydantic is needed for it.
FOUND: list[tuple[t.Any, bool]] = [
    (Cat, True),
    (Cat | None, True),
    (list[Cat], True),
    (dict[str, list[Cat | Dog]], True),
    (t.Annotated[list[Cat], Field(max_length=2)], True),
    (Point, True),
    (Holder, True),
    (TypedHolder, True),
    (Order, False),
    (list[Order | None], False),
    (int, False),
    (Color, False),
]


@pytest.mark.parametrize(("hint", "is_found"), FOUND, ids=str)
def test_models_of_pydantic_are_found_anywhere_in_a_type(hint: object, is_found: bool) -> None:
    assert holds_pydantic(hint) is is_found
    assert type(shape_of(hint)) is (PydanticShape if is_found else MsgspecShape)


# What a client sends, and the errors.
ERRORS: list[tuple[bytes, list[dict[str, t.Any]]]] = [
    (b"{}", [{"pointer": "#/the-number", "code": "missing"}]),
    (b"[]", [{"pointer": "#", "code": "type", "expected": "object"}]),
    (b'{"the-number": 0}', [{"pointer": "#/the-number", "code": "minimum", "limit": 1}]),
    (
        b'{"the-number": "x"}',
        [{"pointer": "#/the-number", "code": "type", "expected": "integer"}],
    ),
    (
        b'{"the-number": 1, "below": 5, "above": 0, "most": 6, "even": 3}',
        [
            {"pointer": "#/below", "code": "exclusive_maximum", "limit": 5},
            {"pointer": "#/above", "code": "exclusive_minimum", "limit": 0},
            {"pointer": "#/most", "code": "maximum", "limit": 5},
            {"pointer": "#/even", "code": "multiple_of", "limit": 2},
        ],
    ),
    (
        b'{"the-number": 1, "either": {}}',
        [{"pointer": "#/either", "code": "type", "expected": ["integer", "array"]}],
    ),
    (
        b'{"the-number": 1, "either": ["x"]}',
        [
            {"pointer": "#/either", "code": "type", "expected": "integer"},
            {"pointer": "#/either/0", "code": "type", "expected": "integer"},
        ],
    ),
    (
        b'{"the-number": 1, "color": "x", "letter": "x"}',
        [
            {"pointer": "#/color", "code": "enum", "allowed": ["red", "blue"]},
            {"pointer": "#/letter", "code": "enum", "allowed": ["p", "q", 3]},
        ],
    ),
    (
        b'{"the-number": 1, "items": []}',
        [{"pointer": "#/items", "code": "min_items", "limit": 1}],
    ),
    (
        b'{"the-number": 1, "items": [1, 2, 3], "named": {"a": 1, "b": 2}}',
        [
            {"pointer": "#/items", "code": "max_items", "limit": 2},
            {"pointer": "#/named", "code": "max_properties", "limit": 1},
        ],
    ),
    (
        b'{"the-number": 1, "named": {"a/b": "x"}}',
        [{"pointer": "#/named/a~1b", "code": "type", "expected": "integer"}],
    ),
    (
        b'{"the-number": 1, "text": "a"}',
        [{"pointer": "#/text", "code": "min_length", "limit": 2}],
    ),
    (
        b'{"the-number": 1, "text": "abcd"}',
        [{"pointer": "#/text", "code": "max_length", "limit": 3}],
    ),
    (
        b'{"the-number": 1, "text": "xyz"}',
        [{"pointer": "#/text", "code": "pattern", "pattern": "^a"}],
    ),
    (
        b'{"the-number": 1, "text": "abx"}',
        [{"pointer": "#/text", "code": "value", "detail": "abx is taken"}],
    ),
    (
        b'{"the-number": 1, "pet": {"kind": "fish"}}',
        [{"pointer": "#/pet/kind", "code": "enum", "allowed": ["cat", "dog"]}],
    ),
    (b'{"the-number": 1, "pet": {}}', [{"pointer": "#/pet/kind", "code": "missing"}]),
    (
        b'{"the-number": 1, "pet": {"kind": "dog"}}',
        [{"pointer": "#/pet/name", "code": "missing"}],
    ),
    (b'{"the-number": 1, "secret": 1}', [{"pointer": "#/secret", "code": "unknown"}]),
]


@pytest.mark.parametrize(("data", "errors"), ERRORS, ids=str)
def test_errors_have_the_codes_of_this_package(data: bytes, errors: list[dict[str, t.Any]]) -> None:
    """Item 4: all errors at once, with escaped pointers."""
    shape = shape_of(Strict)
    with pytest.raises(Rejected) as caught:
        shape.decode(data)
    assert shape.errors(caught.value) == errors
    assert shape.errors(Rejected(caught.value.value)) == errors  # of a value that was read before


def test_formats_are_named() -> None:
    class Formats(BaseModel):
        date: t.Annotated[t.Any, pydantic.AfterValidator(str)] = 1
        uuid: pydantic.UUID4
        at: pydantic.AwareDatetime
        url: pydantic.HttpUrl

    shape = shape_of(Formats)
    with pytest.raises(Rejected) as caught:
        shape.decode(b'{"uuid": "x", "at": "y", "url": "z"}')
    entries = shape.errors(caught.value)
    assert [(entry["code"], entry["expected"]) for entry in entries] == [
        ("format", "uuid"),
        ("format", "date-time"),
        ("format", "url"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b'{"the-number": NaN}',
        b"[" * 20_000,
        b'{"the-number": 1, "x": -Infinity}',
    ],
    ids=lambda data: str(data[:20]),
)
def test_malformed_json(data: bytes) -> None:
    """Item 6."""
    with pytest.raises(Malformed):
        shape_of(Strict).decode(data)


def test_the_word_nan_may_be_in_a_text() -> None:
    assert shape_of(Dog).decode(b'{"kind": "dog", "name": "NaN"}') == Dog(kind="dog", name="NaN")


def test_a_type_that_pydantic_does_not_know_is_an_error() -> None:
    class Unknown:
        pass

    with pytest.raises(TypeError, match="pydantic cannot validate"):
        shape_of(dict[str, Cat | Unknown])


# Views ------------------------------------------------------------------------------------------


class Secret(Cat):
    secret: str = "s"


@pytest.fixture
def views(app: Flask) -> Flask:
    @app.post("/orders")
    @typed(status=201)
    def create(order: Body[Strict], size: Query[int] = 1) -> Strict:
        order.number += size
        return order

    @app.post("/cats")
    @typed
    async def cats(cats: Body[list[Cat]]) -> list[Cat]:
        return cats

    @app.patch("/cat")
    @typed
    def change(change: Patch[Cat]) -> Cat:
        return change.apply(Cat(kind="cat", lives=3))

    return app


@both_protocols
def test_bodies_and_answers(views: Flask, protocol: str) -> None:
    client = client_of(views, protocol)
    response = client.post("/orders?size=2", json={"the-number": 1})
    assert response.status_code == 201
    assert response.json["the-number"] == 3
    assert client.post("/cats", json=[{"kind": "cat"}]).json == [{"kind": "cat", "lives": 9}]


@both_protocols
def test_all_errors_are_reported_without_the_input(views: Flask, protocol: str) -> None:
    client = client_of(views, protocol)
    response = client.post("/orders?size=x", json={"text": "password", "color": "password"})
    assert response.status_code == 422
    assert [entry["code"] for entry in response.json["errors"]] == [
        *("missing", "enum", "max_length", "type")
    ]
    assert b"password" not in response.data


def test_patches(views: Flask) -> None:
    """Item 10."""
    client = views.test_client()
    assert client.patch("/cat", json={}).json == {"kind": "cat", "lives": 3}
    assert client.patch("/cat", json={"lives": 2}).json == {"kind": "cat", "lives": 2}
    response = client.patch("/cat", json={"lives": None})
    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"] == "#/lives"


# The declared type, the returned value, and what is sent.
SENT: list[tuple[t.Any, t.Any, t.Any]] = [
    (Cat, Secret(kind="cat"), {"kind": "cat", "lives": 9}),
    (list[Cat], [Secret(kind="cat")], [{"kind": "cat", "lives": 9}]),
    (Cat | None, None, None),
    (Holder, Holder(Secret(kind="cat")), {"cat": {"kind": "cat", "lives": 9}}),
    (Cat, {"kind": "cat", "secret": 1}, {"kind": "cat", "lives": 9}),
    (Point, Point(1), {"x": 1, "y": 0}),
]


@pytest.mark.parametrize("is_testing", [False, True])
@pytest.mark.parametrize(("hint", "value", "sent"), SENT, ids=str)
def test_only_declared_fields_are_sent(
    app: Flask, is_testing: bool, hint: object, value: object, sent: object
) -> None:
    """Item 12."""
    app.testing = is_testing
    response = returning(app, value, Answer("json", hint)).test_client().get("/")
    assert response.status_code == 200
    assert response.json == sent


def test_an_object_with_the_attributes_is_sent_as_its_model(app: Flask) -> None:
    """Item 12."""

    class Row:
        kind = "cat"
        lives = 3
        secret = "s"

    response = returning(app, [Row()], Answer("json", list[Cat])).test_client().get("/")
    assert response.json == [{"kind": "cat", "lives": 3}]


def test_a_wrong_return_is_an_error(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    returning(app, {"kind": "fish"}, Answer("json", Cat))
    assert app.test_client().get("/").status_code == 500
    assert "'#/kind'" in caplog.text


# Schemas ----------------------------------------------------------------------------------------


class SimpleNames:
    """Collects the components of a document."""

    def __init__(self) -> None:
        self.components: dict[str, t.Any] = {}

    def refer(self, key: t.Any, name: str, module: str, make: t.Callable[[], t.Any]) -> t.Any:
        if name not in self.components:
            self.components[name] = {}
            self.components[name].update(make())
        return {"$ref": f"#/components/schemas/{name}"}

    def refer_to_class(self, cls: type, make: t.Callable[[], t.Any]) -> t.Any:
        return self.refer(cls, cls.__name__, cls.__module__, make)


def test_the_schema_refers_to_components() -> None:
    names = SimpleNames()
    schema = shape_of(list[Strict] | None).schema(t.cast("t.Any", names))
    assert schema["anyOf"][0]["items"] == {"$ref": "#/components/schemas/Strict"}
    assert set(names.components) == {"Strict", "Color", "Cat", "Dog"}
    strict = names.components["Strict"]
    assert strict["required"] == ["the-number"]
    assert strict["properties"]["the-number"]["minimum"] == 1
    pet = strict["properties"]["pet"]["anyOf"][0]
    assert pet["discriminator"]["mapping"]["cat"] == "#/components/schemas/Cat"


class Tree(BaseModel):
    below: list[Tree] = []


def test_a_model_that_contains_itself_is_described_once() -> None:
    names = SimpleNames()
    schema = shape_of(Tree).schema(t.cast("t.Any", names))
    assert schema == {"$ref": "#/components/schemas/Tree"}
    below = names.components["Tree"]["properties"]["below"]
    assert below["items"] == {"$ref": "#/components/schemas/Tree"}


PROGRAM = """
import sys
from flask import Flask
from flask.api import Body, Patch, Struct, typed

class Order(Struct):
    name: str

app = Flask("shop")

@app.post("/")
@typed
def create(order: Body[Order]) -> list[Order]:
    return [order]

@app.patch("/")
@typed
def change(order: Patch[Order]) -> Order:
    return order.apply(Order("tea"))

client = app.test_client()
assert client.post("/", json={"name": "tea"}).json == [{"name": "tea"}]
assert client.patch("/", json={"name": "rye"}).json == {"name": "rye"}
assert client.post("/", json={}).status_code == 422
print("pydantic" in sys.modules)
"""


def test_pydantic_is_not_imported_without_its_models() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
