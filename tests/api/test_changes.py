"""Changes: JSON merge patches (RFC 7396) of a model."""

from __future__ import annotations

import dataclasses
import typing as t

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from flask.api import Changes, Invalid
from flask.api._patches import decode_changes
from flask.api._shapes import Malformed, Rejected


class Address(Struct, rename="camel"):
    city_name: str
    street: str = ""


class Person(Struct, forbid_unknown_fields=True):
    name: t.Annotated[str, Meta(min_length=1)]
    email: str
    nick: str | None = None
    home: Address | None = None
    work: Address = msgspec.field(default_factory=lambda: Address("Ulm"))
    limits: dict[str, int] = {}
    nested: dict[str, dict[str, int]] = {}
    tags: list[str] = []
    boss: Person | None = None
    age: int | UnsetType = UNSET
    anything: t.Any = None


class TypedPerson(t.TypedDict):
    name: str
    nick: t.NotRequired[str | None]
    age: t.NotRequired[int]


@dataclasses.dataclass(frozen=True)
class DataPerson:
    name: str
    nick: str | None = None


@attrs.frozen
class AttrsPerson:
    name: str
    nick: str | None = None


class TuplePerson(t.NamedTuple):
    name: str
    nick: str | None = None


T = t.TypeVar("T")


class Box(Struct, t.Generic[T]):
    item: T
    size: int = 1


def read(model: object, data: bytes) -> Changes[t.Any]:
    changes = decode_changes(model).decode(data)
    assert isinstance(changes, Changes)
    return changes


# The patch, and what is given.
GIVEN: list[tuple[bytes, dict[str, t.Any]]] = [
    (b"{}", {}),
    (b'{"name": "ann"}', {"name": "ann"}),
    (b'{"nick": null}', {"nick": None}),
    (b'{"home": {"cityName": "Ulm"}}', {"home": Changes({"city_name": "Ulm"})}),
    (b'{"home": null}', {"home": None}),
    (b'{"limits": {"a": 1, "b": null}}', {"limits": Changes({"a": 1, "b": None})}),
    (b'{"tags": ["a"]}', {"tags": ["a"]}),
    (b'{"boss": {"boss": {"name": "x"}}}', {"boss": Changes({"boss": Changes({"name": "x"})})}),
    (b'{"age": null}', {"age": None}),
]


@pytest.mark.parametrize(("data", "given"), GIVEN, ids=str)
def test_only_what_the_client_gave_is_given(data: bytes, given: dict[str, t.Any]) -> None:
    """Item 10."""
    assert read(Person, data).given == given


# The patch, and the errors.
REJECTED: list[tuple[bytes, list[dict[str, t.Any]]]] = [
    (b'{"email": null}', [{"pointer": "#/email", "code": "type", "expected": "string"}]),
    (b'{"name": ""}', [{"pointer": "#/name", "code": "min_length", "limit": 1}]),
    (b'{"zip": 1}', [{"pointer": "#/zip", "code": "unknown"}]),
    (
        b'{"email": 1, "home": {"cityName": 2}}',
        [
            {"pointer": "#/email", "code": "type", "expected": "string"},
            {"pointer": "#/home/cityName", "code": "type", "expected": "string"},
        ],
    ),
    (b'{"work": null}', [{"pointer": "#/work", "code": "type", "expected": "object"}]),
    (b'{"tags": [1]}', [{"pointer": "#/tags/0", "code": "type", "expected": "string"}]),
    (b"[]", [{"pointer": "#", "code": "type", "expected": "object"}]),
]


@pytest.mark.parametrize(("data", "errors"), REJECTED, ids=str)
def test_given_values_are_checked_as_those_of_the_model(
    data: bytes, errors: list[dict[str, t.Any]]
) -> None:
    """Item 10: null is rejected where the model is not nullable."""
    shape = decode_changes(Person)
    with pytest.raises(Rejected) as caught:
        shape.decode(data)
    assert shape.errors(caught.value) == errors


def test_unknown_fields_follow_the_model() -> None:
    assert read(Address, b'{"zip": 1}').given == {}


def test_malformed_json() -> None:
    with pytest.raises(Malformed):
        decode_changes(Person).decode(b'{"name"')


@pytest.mark.parametrize("hint", [int, list[int], str | None, Box[int] | list[int]], ids=str)
def test_a_type_that_is_no_object_has_no_changes(hint: object) -> None:
    with pytest.raises(TypeError, match="needs a model"):
        decode_changes(hint)


ANN = Person("ann", "a@x", nick="a", home=Address("Ulm", "B 1"), limits={"a": 1, "b": 2}, age=4)

# The patch, and the fields that differ afterwards.
APPLIED: list[tuple[bytes, dict[str, t.Any]]] = [
    (b"{}", {}),
    (b'{"name": "bob"}', {"name": "bob"}),
    (b'{"nick": null}', {"nick": None}),
    (b'{"home": null}', {"home": None}),
    (b'{"home": {"cityName": "Bern"}}', {"home": Address("Bern", "B 1")}),
    (b'{"limits": {"b": null, "c": 3}}', {"limits": {"a": 1, "c": 3}}),
    (b'{"nested": {"x": {"y": 1, "z": null}}}', {"nested": {"x": {"y": 1}}}),
    (b'{"tags": ["x"]}', {"tags": ["x"]}),
    (b'{"boss": {"name": "b", "email": "e"}}', {"boss": Person("b", "e")}),
    (b'{"age": null}', {"age": UNSET}),
    (b'{"age": 5}', {"age": 5}),
    (b'{"anything": {"a": null}}', {"anything": {}}),
]


@pytest.mark.parametrize(("data", "differing"), APPLIED, ids=str)
def test_apply_returns_a_changed_copy_of_a_struct(data: bytes, differing: dict[str, t.Any]) -> None:
    before = msgspec.json.encode(ANN)
    changed = read(Person, data).apply(ANN)
    assert changed == msgspec.structs.replace(ANN, **differing)
    assert msgspec.json.encode(ANN) == before


def test_apply_to_the_other_immutable_kinds() -> None:
    data = b'{"name": "bob", "nick": null}'
    for kind in (DataPerson, AttrsPerson, TuplePerson):
        person: t.Any = kind("ann", "a")
        changed = (
            decode_changes(kind) if kind is not TuplePerson else decode_changes(Person)
        ).decode(data)
        assert isinstance(changed, Changes)
        assert changed.apply(person) == kind("bob", None)
        assert person == kind("ann", "a")


def test_apply_to_a_dict_returns_a_copy() -> None:
    person: TypedPerson = {"name": "ann", "nick": "a", "age": 4}
    assert read(TypedPerson, b'{"age": null, "nick": null}').apply(person) == {
        "name": "ann",
        "nick": None,
    }
    assert person == {"name": "ann", "nick": "a", "age": 4}


class Base(MappedAsDataclass, DeclarativeBase):
    pass


class PersonRow(Base):
    __tablename__ = "persons"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    nick: Mapped[str | None]


class Mutable:
    def __init__(self) -> None:
        self.name = "ann"
        self.home = Address("Ulm", "B 1")


def test_apply_changes_a_row_in_place() -> None:
    row = PersonRow(id=1, name="ann", nick="a")
    assert read(Person, b'{"name": "bob", "nick": null}').apply(row) is row
    assert (row.name, row.nick) == ("bob", None)


def test_apply_changes_other_objects_in_place() -> None:
    thing = Mutable()
    assert read(Person, b'{"name": "bob", "home": {"street": "C"}}').apply(thing) is thing
    assert (thing.name, thing.home) == ("bob", Address("Ulm", "C"))


@pytest.mark.parametrize(
    "target", [Mutable(), Address("Ulm")], ids=lambda each: type(each).__name__
)
def test_an_object_without_the_field_is_an_error(target: object) -> None:
    with pytest.raises(TypeError, match="nick"):
        read(Person, b'{"nick": "a"}').apply(target)


def test_changes_that_python_code_made_may_have_nested_dicts() -> None:
    changes: Changes[Person] = Changes({"home": {"street": "C"}})
    assert changes.apply(ANN).home == Address("Ulm", "C")
    assert repr(changes) == "Changes({'home': {'street': 'C'}})"


def test_a_new_nested_object_needs_its_required_fields() -> None:
    with pytest.raises(Invalid) as caught:
        read(Person, b'{"boss": {"home": {"street": "B"}}}').apply(Person("a", "b"))
    assert [(entry["pointer"], entry["code"]) for entry in caught.value.errors] == [
        ("#/boss/home/cityName", "missing")
    ]


class Span(Struct):
    first: int
    last: int

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError("first must not be after last")


class Calendar(Struct):
    span: Span | None = None


def test_what_the_model_says_itself_is_an_error_of_the_client() -> None:
    with pytest.raises(Invalid) as caught:
        read(Span, b'{"first": 9}').apply(Span(1, 2))
    assert caught.value.errors[0]["detail"] == "first must not be after last"
    for calendar in (Calendar(), Calendar(Span(1, 5))):
        with pytest.raises(Invalid) as caught:
            read(Calendar, b'{"span": {"first": 9, "last": 8}}').apply(calendar)
        assert caught.value.errors[0]["pointer"] == "#/span"


class Cat(Struct, tag=True):
    name: str
    lives: int = 9


class Dog(Struct, tag=True):
    name: str


class Owner(Struct):
    pet: Cat | Dog


def test_a_member_of_a_tagged_union_is_replaced() -> None:
    owner = Owner(Cat("tom", 3))
    assert read(Owner, b'{"pet": {"type": "Dog", "name": "rex"}}').apply(owner) == Owner(Dog("rex"))
    with pytest.raises(Rejected):
        read(Owner, b'{"pet": {"name": "rex"}}')


def test_a_tagged_model_may_be_patched_with_and_without_its_tag() -> None:
    assert read(Cat, b'{"lives": 8}').apply(Cat("tom")) == Cat("tom", 8)
    assert read(Cat, b'{"type": "Cat", "lives": 8}').given == {"lives": 8}
    with pytest.raises(Rejected):
        read(Cat, b'{"type": "Dog"}')


def test_a_generic_model() -> None:
    assert read(Box[int], b'{"item": 2}').apply(Box(1)) == Box(2)
    with pytest.raises(Rejected):
        read(Box[int], b'{"item": "2"}')


def test_changes_are_written_with_the_names_of_clients() -> None:
    shape = decode_changes(Person)
    data = b'{"nick":null,"home":{"cityName":"Ulm"},"limits":{"a":null}}'
    assert shape.encode(shape.decode(data)) == data
    made: Changes[Person] = Changes({"home": Changes({"city_name": "Ulm"})})
    assert shape.encode(made) == b'{"home":{"cityName":"Ulm"}}'


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)


def merge(target: t.Any, patch: t.Any) -> t.Any:
    """The pseudocode of RFC 7396 section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


@given(
    st.dictionaries(st.sampled_from("abc"), json_values),
    st.dictionaries(st.sampled_from("abc"), json_values),
)
def test_dicts_are_merged_as_the_rfc_says(
    target: dict[str, t.Any], patch: dict[str, t.Any]
) -> None:
    changes = read(dict[str, t.Any], msgspec.json.encode(patch))
    assert changes.apply(target) == merge(target, patch)


@given(
    st.dictionaries(st.sampled_from("abc"), st.dictionaries(st.sampled_from("xy"), st.integers())),
    st.dictionaries(
        st.sampled_from("abc"),
        st.none() | st.dictionaries(st.sampled_from("xy"), st.none() | st.integers()),
    ),
)
def test_typed_dicts_of_dicts_are_merged_alike(
    target: dict[str, dict[str, int]], patch: dict[str, t.Any]
) -> None:
    changes = read(dict[str, dict[str, int]], msgspec.json.encode(patch))
    assert changes.apply(target) == merge(target, patch)
