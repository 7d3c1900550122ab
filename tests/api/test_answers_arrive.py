"""What a view returns arrives equal at the typed client, for any type that msgspec knows."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import typing as t
import uuid

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flask import Flask
from flask.api import Body, typed
from flask.api._client import TypedClient


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


Typed: t.TypeAlias = tuple[t.Any, st.SearchStrategy[t.Any]]
"""A type, and its values."""

WHOLE_MINUTES = st.integers(-12 * 60, 12 * 60).map(lambda m: dt.timezone(dt.timedelta(minutes=m)))

SCALARS: list[Typed] = [
    (int, st.integers(-(2**63), 2**64 - 1)),
    (bool, st.booleans()),
    (str, st.text()),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (bytes, st.binary(max_size=20)),
    (dt.date, st.dates()),
    (dt.datetime, st.datetimes()),
    (dt.datetime, st.datetimes(dt.datetime(1900, 1, 1), timezones=WHOLE_MINUTES)),
    (dt.time, st.times()),
    (dt.timedelta, st.timedeltas(dt.timedelta(-1000), dt.timedelta(1000))),
    (uuid.UUID, st.uuids()),
    (decimal.Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    (Size, st.sampled_from(Size)),
    (Level, st.sampled_from(Level)),
    (t.Literal["a", 1], st.sampled_from(["a", 1])),
]
NAMES = ["a", "b_c", "deep"]


def make_list(inner: Typed) -> Typed:
    return list[inner[0]], st.lists(inner[1], max_size=3)  # type: ignore[index]


def make_tuple(inner: Typed) -> Typed:
    return tuple[inner[0], int], st.tuples(inner[1], st.integers(0, 9))  # type: ignore[index]


def make_dict(inner: Typed) -> Typed:
    return dict[str, inner[0]], st.dictionaries(st.text(max_size=3), inner[1], max_size=3)  # type: ignore[index]


def make_int_dict(inner: Typed) -> Typed:
    return dict[int, inner[0]], st.dictionaries(st.integers(0, 99), inner[1], max_size=3)  # type: ignore[index]


def make_optional(inner: Typed) -> Typed:
    return t.Optional[inner[0]], st.none() | inner[1]  # noqa: UP045


def make_struct(inner: Typed, **options: t.Any) -> Typed:
    fields: list[t.Any] = [("b_c", inner[0]), ("size", int, 3)]
    kind: t.Any = msgspec.defstruct("Made", fields, **options)
    return kind, st.builds(kind, inner[1], st.integers(0, 5))


def make_dataclass(inner: Typed) -> Typed:
    kind: t.Any = dataclasses.make_dataclass("MadeData", [("b_c", inner[0]), ("size", int)])
    return kind, st.builds(kind, inner[1], st.integers(0, 5))


def make_typed_dict(inner: Typed) -> Typed:
    kind: t.Any = t.TypedDict("MadeDict", {"a-b": inner[0], "size": t.NotRequired[int]})  # type: ignore[misc]
    return kind, st.fixed_dictionaries({"a-b": inner[1]}, optional={"size": st.integers(0, 5)})


def make_named_tuple(inner: Typed) -> Typed:
    kind: t.Any = t.NamedTuple("MadeTuple", [("a", inner[0]), ("size", int)])  # type: ignore[misc]
    return kind, st.builds(kind, inner[1], st.integers(0, 5))


OPTIONS: list[dict[str, t.Any]] = [
    {},
    {"rename": "camel"},
    {"array_like": True},
    {"tag": True},
    {"omit_defaults": True, "forbid_unknown_fields": True},
    {"frozen": True, "tag": 3, "tag_field": "kind"},
]
MAKERS: list[t.Callable[[Typed], Typed]] = [
    *(make_list, make_tuple, make_dict, make_int_dict, make_optional, make_dataclass),
    *(make_typed_dict, make_named_tuple),
    *((lambda inner, options=options: make_struct(inner, **options)) for options in OPTIONS),
]


def _apply(make: t.Callable[[Typed], Typed], inner: Typed) -> Typed:
    return make(inner)


typed_values = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.builds(_apply, st.sampled_from(MAKERS), inner),
    max_leaves=6,
)


@settings(max_examples=100)
@given(st.data(), typed_values, st.booleans())
def test_a_value_arrives_equal(data: st.DataObject, made: Typed, is_testing: bool) -> None:
    hint, values = made
    value = data.draw(values)
    app = Flask(__name__)
    app.testing = is_testing

    @app.post("/")
    @typed
    def echo(value: Body[hint]) -> hint:  # type: ignore[valid-type]
        return value

    body = echo.__operation__.inputs.body
    assume(value is not None or body is None or body.kind == "json")  # a raw body has no null
    assert TypedClient(app)(echo, value=value) == value


SECRET = "a field of a subclass"


def make_subclass(inner: Typed, make: t.Callable[[Typed], Typed] = make_struct) -> Typed:
    """Return a type, and values of it and of a subclass."""
    kind, values = make(inner)
    if dataclasses.is_dataclass(kind):
        more: t.Any = dataclasses.make_dataclass("More", [("secret", str, SECRET)], bases=(kind,))
    else:
        more = msgspec.defstruct("More", [("secret", str, SECRET)], bases=(kind,))
    return kind, values | st.builds(more, inner[1], st.integers(0, 5))


def make_wider_dict(inner: Typed) -> Typed:
    kind, values = make_typed_dict(inner)
    return kind, values | values.map(lambda value: {**value, "secret": SECRET})


LEAKING: list[t.Callable[[Typed], Typed]] = [
    *(
        (lambda inner, make=make: make_subclass(inner, make))
        for make in (make_dataclass, make_struct)
    ),
    make_wider_dict,
]
leaking_values = st.builds(
    lambda made, make: make(made),
    st.recursive(
        st.builds(
            lambda make, each: make(each), st.sampled_from(LEAKING), st.sampled_from(SCALARS)
        ),
        lambda inner: st.builds(
            lambda make, each: make(each), st.sampled_from([*MAKERS[:8], *LEAKING]), inner
        ),
        max_leaves=4,
    ),
    st.sampled_from(LEAKING),
)


@settings(max_examples=100)
@given(st.data(), leaking_values, st.booleans())
def test_no_field_of_a_subclass_is_sent(data: st.DataObject, made: Typed, is_testing: bool) -> None:
    """Item 12."""
    hint, values = made
    value = data.draw(values)
    app = Flask(__name__)
    app.testing = is_testing

    @app.get("/")
    @typed
    def show() -> hint:  # type: ignore[valid-type]
        return value

    ask = TypedClient(app)
    ask(show)  # it decodes the answer as the declared type
    assert ask.response is not None
    assert SECRET.encode() not in ask.response.data
