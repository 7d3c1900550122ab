"""An attribute that is computed at its first access."""

from __future__ import annotations

import typing as t

import pytest

from flask._core.lazy import lazy


class Thing:
    def __init__(self) -> None:
        self.asked = 0

    @lazy
    def value(self) -> int:
        """The docstring."""
        self.asked += 1
        return self.asked

    @lazy
    def fails(self) -> int:
        raise ValueError("failed")


class Slotted:
    __slots__ = ("__dict__",)

    @lazy
    def value(self) -> list[int]:
        return []


def test_it_is_computed_once_for_each_object() -> None:
    one, two = Thing(), Thing()
    assert [one.value, one.value, one.asked, two.asked] == [1, 1, 1, 0]
    assert two.value == 1


def test_it_may_be_set_and_deleted_like_any_attribute() -> None:
    thing = Thing()
    thing.value = 7
    assert (thing.value, thing.asked) == (7, 0)
    del thing.value
    assert (thing.value, thing.asked) == (1, 1)


def test_on_the_class_it_is_itself() -> None:
    assert isinstance(Thing.value, lazy)
    assert Thing.value.__doc__ == "The docstring."


def test_an_error_is_raised_at_every_read() -> None:
    thing = Thing()
    for _ in range(2):
        with pytest.raises(ValueError, match="failed"):
            _ = thing.fails


def test_a_subclass_may_override_it() -> None:
    class Fixed(Thing):
        value: t.Any = 3

    class Property(Thing):
        @property
        def value(self) -> int:  # type: ignore[override]
            return 4

    assert (Fixed().value, Property().value) == (3, 4)


def test_an_object_with_slots_and_a_dict_keeps_it_there() -> None:
    thing = Slotted()
    assert thing.value is thing.value
