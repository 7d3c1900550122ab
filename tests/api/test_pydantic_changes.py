"""Merge patches (RFC 7396) of models of pydantic."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field

from flask.api import Changes
from flask.api._patches import decode_changes
from flask.api._shapes import Rejected


class Home(BaseModel):
    city: str = Field(alias="cityName")
    street: str = ""


class Person(BaseModel):
    name: str = Field(min_length=1)
    nick: str | None = "n"
    home: Home | None = None
    tags: list[str] = []
    boss: Person | None = None


def read(data: bytes) -> Changes[Person]:
    changes = decode_changes(Person).decode(data)
    assert isinstance(changes, Changes)
    return changes


def test_changes_have_only_what_was_given() -> None:
    """Item 10."""
    assert read(b"{}").given == {}
    assert read(b'{"nick": null, "home": {"cityName": "Ulm"}}').given == {
        "nick": None,
        "home": Changes({"city": "Ulm"}),
    }


@pytest.mark.parametrize("data", [b'{"name": null}', b'{"name": ""}', b'{"tags": null}'])
def test_given_values_are_checked_as_those_of_the_model(data: bytes) -> None:
    with pytest.raises(Rejected):
        read(data)


def test_changes_are_applied_to_a_copy() -> None:
    ann = Person(name="ann", home=Home(cityName="Ulm", street="B"))
    changed = read(b'{"nick": null, "home": {"street": "C"}}').apply(ann)
    assert changed == Person(name="ann", nick=None, home=Home(cityName="Ulm", street="C"))
    assert ann.home == Home(cityName="Ulm", street="B")
    bob = read(b'{"home": {"cityName": "Bern"}}').apply(Person(name="bob"))
    assert bob.home == Home(cityName="Bern")


def test_changes_are_written_with_aliases() -> None:
    data = b'{"home":{"cityName":"Ulm"}}'
    assert decode_changes(Person).encode(read(data)) == data
