"""What msgspec rejects has errors that say where, and what it accepts is accepted."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import typing as t
import uuid
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask.api import Annotated, Meta, Struct
from flask.api._shapes import Malformed, MsgspecShape, Rejected
from flask.api._validation import MOST_ERRORS, find_errors, make_pointer


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Cat(Struct, tag="cat"):
    name: str


class Dog(Struct, tag="dog"):
    age: int


class Point(t.NamedTuple):
    x: int
    y: int = 0


class Row(Struct, array_like=True):
    a: int
    b: str = ""


class Range(Struct):
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low must not be above high")


class Named(t.TypedDict):
    name: str
    age: t.NotRequired[int]


@dataclasses.dataclass
class Box:
    width: Annotated[float, Meta(gt=0)]
    labels: list[str] = dataclasses.field(default_factory=list)


class Strict(Struct, forbid_unknown_fields=True, rename="camel"):
    first_name: str
    at: datetime.datetime | None = None


TABLE: list[tuple[t.Any, t.Any, list[tuple[str, str]]]] = [
    # type, value, pointer and code of each error
    (int, "x", [("#", "type")]),
    (Color, "green", [("#", "enum")]),
    (t.Literal["a", 1], "b", [("#", "enum")]),
    (list[int], [1, "x", None], [("#/1", "type"), ("#/2", "type")]),
    (list[int], {}, [("#", "type")]),
    (Annotated[list[int], Meta(min_length=2)], ["x"], [("#", "min_items"), ("#/0", "type")]),
    (Annotated[list[int], Meta(max_length=1)], [1, 2], [("#", "max_items")]),
    (set[int], [1, "x"], [("#/1", "type")]),
    (tuple[int, str], [1], [("#", "min_items")]),
    (tuple[int, str], [1, "a", 2], [("#", "max_items")]),
    (tuple[int, str], ["a", 1], [("#/0", "type"), ("#/1", "type")]),
    (tuple[int, ...], ["a"], [("#/0", "type")]),
    (dict[str, int], {"a/b": "x", "c": 1}, [("#/a~1b", "type")]),
    (dict[int, str], {"x": "a"}, [("#/x", "type")]),
    (Annotated[dict[str, int], Meta(min_length=1)], {}, [("#", "min_properties")]),
    (Annotated[str, Meta(min_length=2)], "a", [("#", "min_length")]),
    (Annotated[str, Meta(max_length=2)], "abc", [("#", "max_length")]),
    (Annotated[str, Meta(pattern="^a")], "b", [("#", "pattern")]),
    (Annotated[int, Meta(ge=1)], 0, [("#", "minimum")]),
    (Annotated[int, Meta(gt=1)], 1, [("#", "exclusive_minimum")]),
    (Annotated[int, Meta(le=1)], 2, [("#", "maximum")]),
    (Annotated[int, Meta(lt=1)], 1, [("#", "exclusive_maximum")]),
    (Annotated[int, Meta(multiple_of=2)], 1, [("#", "multiple_of")]),
    (Annotated[bytes, Meta(min_length=2)], "YQ==", [("#", "min_length")]),
    (bytes, "?", [("#", "format")]),
    (datetime.datetime, "2024", [("#", "format")]),
    (datetime.datetime, 5.5, [("#", "type")]),
    (Annotated[datetime.datetime, Meta(tz=True)], "2024-01-01T00:00:00", [("#", "format")]),
    (datetime.date, "x", [("#", "format")]),
    (uuid.UUID, "x", [("#", "format")]),
    (Decimal, "x", [("#", "format")]),
    (int | None, "x", [("#", "type")]),
    (Annotated[int, Meta(ge=1)] | None, 0, [("#", "minimum")]),
    (int | str, [], [("#", "type")]),
    (int | list[int], ["x"], [("#/0", "type")]),
    (Cat | Dog, {"type": "cow"}, [("#/type", "enum")]),
    (Cat | Dog, {}, [("#/type", "missing")]),
    (Cat | Dog, {"type": "dog", "age": "x"}, [("#/age", "type")]),
    (Cat | Dog | None, {"type": "cat"}, [("#/name", "missing")]),
    (Cat, {"type": "dog", "name": "x"}, [("#/type", "enum")]),
    (Point, [], [("#", "min_items")]),
    (Point, ["x"], [("#/0", "type")]),
    (Row, ["x", 1], [("#/0", "type"), ("#/1", "type")]),
    (Range, {"low": 2, "high": 1}, [("#", "value")]),
    (Range, {"low": "x"}, [("#/low", "type"), ("#/high", "missing")]),
    (list[Range], [{"low": 2, "high": 1}], [("#/0", "value")]),
    (Named, {"age": "x"}, [("#/name", "missing"), ("#/age", "type")]),
    (Named, None, [("#", "type")]),
    (Box, {"width": 0, "labels": [1]}, [("#/width", "exclusive_minimum"), ("#/labels/0", "type")]),
    (Strict, {"first_name": "x"}, [("#/firstName", "missing"), ("#/first_name", "unknown")]),
    (Strict, {"firstName": "x", "at": "x"}, [("#/at", "format")]),
    (Strict, [], [("#", "type")]),
]


@pytest.mark.parametrize(("hint", "value", "errors"), TABLE, ids=str)
def test_each_error_has_a_pointer_and_a_code(
    hint: t.Any, value: t.Any, errors: list[tuple[str, str]]
) -> None:
    shape = MsgspecShape(hint)
    with pytest.raises(Rejected) as caught:
        shape.decode(msgspec.json.encode(value))
    found = [(entry["pointer"], entry["code"]) for entry in shape.errors(caught.value)]
    assert sorted(found) == sorted(errors)


def test_the_message_of_a_model_is_passed_on() -> None:
    (entry,) = find_errors(Range, {"low": 2, "high": 1}, False)
    assert entry == {"pointer": "#", "code": "value", "detail": "low must not be above high"}


@pytest.mark.parametrize(
    ("parts", "pointer"), [((), "#"), (("a", 0), "#/a/0"), (("a/b~c",), "#/a~1b~0c")]
)
def test_pointers_are_escaped(parts: tuple[object, ...], pointer: str) -> None:
    assert make_pointer(parts) == pointer


# Random types and values --------------------------------------------------------------------------

SCALARS: list[t.Any] = [
    *(int, float, str, bool, None, bytes, datetime.date, datetime.datetime, uuid.UUID, Decimal),
    *(Color, t.Literal["a", 2], Annotated[int, Meta(ge=0, le=9)], Annotated[float, Meta(gt=0)]),
    *(Annotated[str, Meta(min_length=1, max_length=3)], Annotated[str, Meta(pattern="^a")]),
    *(Range, Point, Row, Named, Box, Strict, Cat | Dog, t.Any),
]


def make_model(item: t.Any) -> t.Any:
    fields = [("a", item), ("b", item, None)]
    return msgspec.defstruct("Made", fields, rename={"b": "b/~"})


TYPES = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.one_of(
        inner.map(lambda item: list[item]),  # type: ignore[valid-type]
        inner.map(lambda item: dict[str, item]),  # type: ignore[valid-type]
        inner.map(lambda item: tuple[item, int]),  # type: ignore[valid-type]
        inner.map(lambda item: item | None if item is not None else None),
        inner.map(make_model),
    ),
    max_leaves=4,
)
NAMES = st.sampled_from(
    ["a", "b/~", "name", "low", "high", "type", "age", "width", "labels", "firstName", "at", "x~/"]
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 12),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(["", "a", "ab", "red", "cat", "dog", "1", "null", "2024-01-01", "YQ=="]),
        st.text(max_size=4),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)


def resolve(value: t.Any, pointer: str) -> t.Any:
    """Return the part of a value that a pointer names."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


@given(TYPES, VALUES)
def test_each_rejected_value_has_an_error_that_says_where(hint: t.Any, value: t.Any) -> None:
    shape = MsgspecShape(hint)
    data = msgspec.json.encode(value)
    try:
        expected = msgspec.json.decode(data, type=hint)
    except msgspec.ValidationError:
        with pytest.raises(Rejected) as caught:
            shape.decode(data)
        entries = shape.errors(caught.value)
        assert 1 <= len(entries) <= MOST_ERRORS
        for entry in entries:
            assert entry["code"] != "invalid", entry
            where = entry["pointer"]
            if entry["code"] == "missing":
                where = where.rpartition("/")[0]
            resolve(msgspec.json.decode(data), where)
    else:
        assert repr(shape.decode(data)) == repr(expected)


@given(TYPES, st.binary(max_size=40))
def test_any_bytes_are_a_value_or_an_error(hint: t.Any, data: bytes) -> None:
    shape = MsgspecShape(hint)
    try:
        shape.decode(data)
    except Malformed:
        pass
    except Rejected as error:
        assert shape.errors(error)
