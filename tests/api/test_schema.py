"""JSON schemas of Python types."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import sys
import typing as t
import uuid

import attrs
import pytest
from described import describe, make_names
from msgspec import UNSET, Meta, Struct, UnsetType, field
from pydantic import BaseModel

from flask.api import Upload
from flask.api._names import Names
from flask.api._schema import make_changes_schema, make_schema

Item = t.TypeVar("Item")

STRING = {"type": "string"}
INTEGER = {"type": "integer"}


class Color(enum.Enum):
    """What it looks like."""

    RED = "red"
    BLUE = "blue"
    CRIMSON = "red"  # noqa: PIE796  # an alias is no value of its own


class Level(enum.IntEnum):
    HIGH = 9
    LOW = 1


class Line(Struct):
    """A line of an order.

    It has a price.

    :param name: for readers of the code.
    """

    name: t.Annotated[str, Meta(min_length=1, max_length=80, examples=["tea"])]
    count: t.Annotated[int, Meta(ge=1, description="How many.")] = 1
    note: str | None = None


class Order(Struct, forbid_unknown_fields=True, rename="camel"):
    first_line: Line
    more_lines: list[Line] = []
    made_with: t.Literal["web", "app", None] = "web"
    color: Color = Color.BLUE
    key: uuid.UUID = field(default_factory=uuid.uuid4)
    left_out: int | UnsetType = UNSET


class Tree(Struct):
    children: list[Tree]
    parent: Tree | None = None


class Cat(Struct, tag="cat"):
    lives: int


class Dog(Struct, tag="dog"):
    name: str


class Page(Struct, t.Generic[Item]):
    items: list[Item]


@dataclasses.dataclass
class Address:
    street: str
    tags: dict[str, int] = dataclasses.field(default_factory=dict)


class Point(t.NamedTuple):
    x: float
    y: float = 0.0


class Options(t.TypedDict, total=False):
    verbose: t.Required[bool]
    depth: int


@attrs.define
class Desk:
    number: int


class Pair(Struct, array_like=True, tag="pair", forbid_unknown_fields=True):
    left: int
    right: int = 0


class Guest(BaseModel):
    name: str
    age: int | None = None


INLINE: list[tuple[object, dict[str, t.Any]]] = [
    (bool, {"type": "boolean"}),
    (int, INTEGER),
    (float, {"type": "number"}),
    (str, STRING),
    (None, {"type": "null"}),
    (t.Any, {}),
    (bytes, {"type": "string", "contentEncoding": "base64"}),
    (datetime.datetime, {"type": "string", "format": "date-time"}),
    (t.Annotated[datetime.datetime, Meta(tz=True)], {"type": "string", "format": "date-time"}),
    (t.Annotated[datetime.datetime, Meta(tz=False)], {"type": "string", "format": "date-time"}),
    (datetime.date, {"type": "string", "format": "date"}),
    (datetime.time, {"type": "string", "format": "time"}),
    (datetime.timedelta, {"type": "string", "format": "duration"}),
    (uuid.UUID, {"type": "string", "format": "uuid"}),
    (
        t.Annotated[int, Meta(ge=1, lt=10, multiple_of=3)],
        {**INTEGER, "minimum": 1, "exclusiveMaximum": 10, "multipleOf": 3},
    ),
    (
        t.Annotated[float, Meta(gt=0, le=1.5)],
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1.5},
    ),
    (
        t.Annotated[str, Meta(pattern="^a", min_length=1)],
        {**STRING, "minLength": 1, "pattern": "^a"},
    ),
    (
        t.Annotated[bytes, Meta(max_length=4)],
        {**STRING, "contentEncoding": "base64", "maxLength": 8},
    ),
    (
        t.Annotated[str, Meta(title="T", description="D", extra_json_schema={"format": "email"})],
        {**STRING, "title": "T", "description": "D", "format": "email"},
    ),
    (
        t.Annotated[datetime.date, Meta(examples=[datetime.date(2024, 12, 31)])],
        {**STRING, "format": "date", "examples": ["2024-12-31"]},
    ),
    (list, {"type": "array"}),
    (list[int], {"type": "array", "items": INTEGER}),
    (set[str], {"type": "array", "items": STRING}),
    (frozenset[str], {"type": "array", "items": STRING}),
    (tuple[int, ...], {"type": "array", "items": INTEGER}),
    (
        t.Annotated[list[int], Meta(min_length=1, max_length=2)],
        {"type": "array", "items": INTEGER, "minItems": 1, "maxItems": 2},
    ),
    (
        tuple[int, str],
        {
            "type": "array",
            "prefixItems": [INTEGER, STRING],
            "minItems": 2,
            "maxItems": 2,
            "items": False,
        },
    ),
    (tuple[()], {"type": "array", "minItems": 0, "maxItems": 0, "items": False}),
    (dict, {"type": "object"}),
    (dict[str, int], {"type": "object", "additionalProperties": INTEGER}),
    (
        dict[int, str],
        {
            "type": "object",
            "propertyNames": {"pattern": r"^(0|-?[1-9]\d*)$"},
            "additionalProperties": STRING,
        },
    ),
    (
        dict[uuid.UUID, t.Any],
        {"type": "object", "propertyNames": {"type": "string", "format": "uuid"}},
    ),
    (
        t.Annotated[dict[str, t.Any], Meta(min_length=1)],
        {"type": "object", "minProperties": 1},
    ),
    (t.Literal["b", "a"], {**STRING, "enum": ["b", "a"]}),
    (t.Literal["a"], {**STRING, "const": "a"}),
    (t.Literal["b", 1], {"type": ["string", "integer"], "enum": ["b", 1]}),
    (int | None, {"type": ["integer", "null"]}),
    (t.Annotated[int, Meta(ge=1)] | None, {"type": ["integer", "null"], "minimum": 1}),
    (t.Literal["b", "a"] | None, {"type": ["string", "null"], "enum": ["b", "a", None]}),
    (t.Literal["a"] | None, {"type": ["string", "null"], "enum": ["a", None]}),
    (list[int] | None, {"type": ["array", "null"], "items": INTEGER}),
    (t.Any | None, {}),
    (int | str | None, {"type": ["integer", "string", "null"]}),
    (
        t.Annotated[str, Meta(max_length=3)] | int,
        {"anyOf": [{**STRING, "maxLength": 3}, INTEGER]},
    ),
    (
        Upload,
        {**STRING, "format": "binary", "contentMediaType": "application/octet-stream"},
    ),
]


@pytest.mark.parametrize(("hint", "schema"), INLINE, ids=lambda it: str(it)[:60])
def test_a_type_without_a_name_is_described_in_place(
    hint: object, schema: dict[str, t.Any]
) -> None:
    """Item 15."""
    assert make_schema(hint, make_names()) == schema


@pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python has no type aliases")
def test_an_alias_is_what_it_names() -> None:
    namespace: dict[str, t.Any] = {"t": t, "Struct": Struct, "__name__": __name__}
    exec("type Mode = t.Literal['z', 'a']\nclass Page[T](Struct):\n    it: T", namespace)
    mode, page = namespace["Mode"], namespace["Page"]
    assert describe(mode)[0] == {**STRING, "enum": ["z", "a"]}
    reference, components = describe(page[mode])
    assert reference == {"$ref": "#/components/schemas/Page_Mode"}
    assert components["Page_Mode"]["properties"]["it"]["enum"] == ["z", "a"]


def test_a_decimal_is_text_that_looks_like_a_number() -> None:
    schema, _ = describe(decimal.Decimal)
    assert (schema["type"], schema["format"]) == ("string", "decimal")


MODELS: list[tuple[object, str, dict[str, t.Any]]] = [
    (
        Line,
        "Line",
        {
            "description": "A line of an order.\n\nIt has a price.",
            "type": "object",
            "properties": {
                "name": {**STRING, "minLength": 1, "maxLength": 80, "examples": ["tea"]},
                "count": {**INTEGER, "minimum": 1, "description": "How many.", "default": 1},
                "note": {"type": ["string", "null"]},
            },
            "required": ["name"],
        },
    ),
    (
        Color,
        "Color",
        {**STRING, "enum": ["red", "blue"], "description": "What it looks like."},
    ),
    (Level, "Level", {**INTEGER, "enum": [9, 1]}),
    (
        Address,
        "Address",
        {
            "type": "object",
            "properties": {
                "street": STRING,
                "tags": {"type": "object", "additionalProperties": INTEGER, "default": {}},
            },
            "required": ["street"],
        },
    ),
    (
        Point,
        "Point",
        {
            "type": "array",
            "prefixItems": [{"type": "number"}, {"type": "number", "default": 0.0}],
            "minItems": 1,
            "maxItems": 2,
            "items": False,
        },
    ),
    (
        Options,
        "Options",
        {
            "type": "object",
            "properties": {"verbose": {"type": "boolean"}, "depth": INTEGER},
            "required": ["verbose"],
        },
    ),
    (Desk, "Desk", {"type": "object", "properties": {"number": INTEGER}, "required": ["number"]}),
    (
        Pair,
        "Pair",
        {
            "type": "array",
            "prefixItems": [{**STRING, "const": "pair"}, INTEGER, {**INTEGER, "default": 0}],
            "minItems": 2,
            "maxItems": 3,
            "items": False,
        },
    ),
]


@pytest.mark.parametrize(("model", "name", "schema"), MODELS, ids=lambda it: str(it)[:60])
def test_a_model_is_a_component(model: object, name: str, schema: dict[str, t.Any]) -> None:
    reference, components = describe(model)
    assert reference == {"$ref": f"#/components/schemas/{name}"}
    assert {**components[name], "properties": None} == {**schema, "properties": None}
    assert sorted(components[name].get("properties", {})) == sorted(schema.get("properties", {}))
    for key, described in schema.get("properties", {}).items():
        assert components[name]["properties"][key] == described, key


def test_fields_have_their_encoded_names_and_no_default_that_changes() -> None:
    """Item 18: fastapi#12402."""
    _, components = describe(Order)
    order = components["Order"]
    assert list(order["properties"]) == [
        *("firstLine", "moreLines", "madeWith", "color", "key", "leftOut")
    ]
    assert order["required"] == ["firstLine"]
    assert order["additionalProperties"] is False
    assert order["properties"]["moreLines"]["default"] == []
    assert order["properties"]["madeWith"] == {
        "type": ["string", "null"],
        "enum": ["web", "app", None],
        "default": "web",
    }
    assert order["properties"]["color"]["default"] == "blue"
    assert "default" not in order["properties"]["key"]
    assert order["properties"]["leftOut"] == INTEGER


def test_a_model_may_contain_itself() -> None:
    """Item 18: fastapi#13056."""
    _, components = describe(Tree)
    reference = {"$ref": "#/components/schemas/Tree"}
    assert components["Tree"]["properties"] == {
        "children": {"type": "array", "items": reference},
        "parent": {"anyOf": [reference, {"type": "null"}]},
    }


def test_a_tagged_union_has_a_discriminator_and_each_model_its_tag() -> None:
    """Item 18: litestar#3659."""
    schema, components = describe(Cat | Dog)
    cat, dog = "#/components/schemas/Cat", "#/components/schemas/Dog"
    assert schema == {
        "oneOf": [{"$ref": cat}, {"$ref": dog}],
        "discriminator": {"propertyName": "type", "mapping": {"cat": cat, "dog": dog}},
    }
    assert components["Cat"]["properties"]["type"] == {**STRING, "const": "cat"}
    assert components["Dog"]["required"] == ["type", "name"]
    nullable, _ = describe(Cat | Dog | None)
    assert nullable == {"anyOf": [schema, {"type": "null"}]}
    mixed, _ = describe(Cat | Dog | int)
    assert mixed == {"anyOf": [schema, INTEGER]}


def test_a_pydantic_model_inside_other_types_is_described_by_its_shape() -> None:
    seen: list[object] = []

    def describe_guest(hint: object, names: t.Any) -> dict[str, t.Any]:
        if hint is Guest:
            seen.append(hint)
            return {"type": "object", "title": "Guest"}
        return make_schema(hint, names)

    names = Names(describe_guest)
    assert names.describe(dict[str, list[Guest]]) == {
        "type": "object",
        "additionalProperties": {"type": "array", "items": {"type": "object", "title": "Guest"}},
    }
    assert seen == [Guest]


def test_a_class_that_no_library_knows_is_an_error() -> None:
    with pytest.raises(TypeError, match="Unknown is not supported"):
        describe(type("Unknown", (), {}))


class Draft(Struct, forbid_unknown_fields=True):
    title: str
    size: t.Annotated[int, Meta(ge=1)] = 1
    editor: str | None = None
    line: Line | None = None
    lines: list[Line] = []
    by_name: dict[str, Line] = {}


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (t.Annotated[list[int], Meta(description="D")], {"type": "array", "description": "D"}),
        (dict[str, t.Any], {"type": "object"}),
        (int | str | None, {"type": ["integer", "string", "null"]}),
        (Point, {"$ref": "#/components/schemas/Point"}),
        (Pair, {"$ref": "#/components/schemas/Pair"}),
        (Guest, {"type": "object", "properties": {"name": STRING}}),
    ],
    ids=str,
)
def test_changes_of_what_has_no_fields_replace_it(hint: object, schema: dict[str, t.Any]) -> None:
    def describe_guest(hint: object, names: t.Any) -> dict[str, t.Any]:
        guest = {"type": "object", "properties": {"name": STRING}, "required": ["name"]}
        return guest if hint is Guest else make_schema(hint, names)

    names = Names(describe_guest)
    parts, _ = names.finish({"it": make_changes_schema(hint, names)})
    assert {**parts["it"], "items": None} == {**schema, "items": None}


def test_changes_have_no_required_field_and_null_only_where_the_type_has_it() -> None:
    """Item 10."""
    names = make_names()
    parts, components = names.finish({"it": make_changes_schema(Draft, names)})
    assert parts["it"] == {"$ref": "#/components/schemas/Changes_Draft"}
    changes = components["Changes_Draft"]
    nested = {"$ref": "#/components/schemas/Changes_Line"}
    null = {"type": "null"}
    assert changes["properties"] == {
        "title": STRING,
        "size": {**INTEGER, "minimum": 1},
        "editor": {"type": ["string", "null"]},
        "line": {"anyOf": [nested, null]},
        "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
        "by_name": {"type": "object", "additionalProperties": {"anyOf": [nested, null]}},
    }
    assert "required" not in changes
    assert changes["additionalProperties"] is False
    assert sorted(components) == ["Changes_Draft", "Changes_Line", "Line"]  # and no "Draft"
