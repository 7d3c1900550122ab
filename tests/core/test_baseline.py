"""What overrides a member, and which changes of classes are noticed."""

from __future__ import annotations

import typing as t
from unittest import mock

import pytest

from flask import Flask, Request, Response
from flask._app.lifecycle import Lifecycle
from flask._core import baseline
from flask._core.baseline import Baseline, ClassGuard, note_definition


class Base:
    def __init_subclass__(cls) -> None:
        note_definition(cls)

    def step(self) -> str:
        return "base"

    def other(self) -> str:
        return "base"


BASELINE = Baseline(Base, "step", "other")


def overriding(self: object) -> str:
    return "override"


class TestBaseline:
    def test_a_subclass_without_overrides_is_unchanged(self) -> None:
        class Public(Base):
            def third(self) -> None: ...

        assert BASELINE.unchanged(Public)
        assert BASELINE.unchanged(Public())

    @pytest.mark.parametrize("value", [overriding, property(overriding), mock.Mock(), None])
    def test_an_override_on_a_subclass_is_a_change(self, value: object) -> None:
        class Public(Base):
            pass

        Public.step = value  # type: ignore[assignment]
        assert not BASELINE.unchanged(Public)
        assert not BASELINE.unchanged(Public(), "step")
        assert BASELINE.unchanged(Public, "other")

    @pytest.mark.parametrize("value", [overriding, mock.Mock(), None, Base().step])
    def test_an_attribute_of_an_instance_is_a_change_of_the_instance(self, value: object) -> None:
        class Public(Base):
            pass

        changed = Public()
        changed.step = value  # type: ignore[method-assign, assignment]
        # The same method of another instance is a change, too.
        assert not BASELINE.unchanged(changed)
        assert BASELINE.unchanged(Public())


def patch(kind: type, name: str) -> t.Any:
    return mock.patch.object(kind, name, overriding)


@pytest.fixture
def public() -> type[Base]:
    class Public(Base):
        def third(self) -> str:
            return "third"

    return Public


class TestClassGuard:
    @pytest.mark.parametrize("name", ["step", "other"])
    def test_a_patch_and_its_end_are_noticed(self, public: type[Base], name: str) -> None:
        guard = ClassGuard((public, Base))
        assert guard.is_unchanged()
        with patch(public, name):
            assert not guard.is_unchanged()
            while_patched = ClassGuard((public, Base))
            assert while_patched.is_unchanged()
        assert guard.is_unchanged()
        assert not while_patched.is_unchanged()

    @pytest.mark.parametrize("before", ["step", "third", "unrelated"])
    def test_another_patch_in_the_place_of_one_is_noticed(
        self, public: type[Base], before: str
    ) -> None:
        with mock.patch.object(public, before, overriding, create=True):
            guard = ClassGuard((public, Base))
        with patch(public, "other"):
            assert not guard.is_unchanged()

    def test_another_value_of_a_patched_member_is_noticed(self, public: type[Base]) -> None:
        public.step = overriding  # type: ignore[method-assign, assignment]
        guard = ClassGuard((public, Base))
        public.step = lambda self: "again"  # type: ignore[method-assign]
        assert not guard.is_unchanged()

    def test_each_class_before_the_base_is_guarded(self, public: type[Base]) -> None:
        class Mixin:
            pass

        class Own(Mixin, public):  # type: ignore[misc, valid-type]
            pass

        guard = ClassGuard((Own, Base))
        for kind in (Own, Mixin, public):
            with mock.patch.object(kind, "step", overriding, create=True):
                assert not guard.is_unchanged()
        assert guard.is_unchanged()

    def test_a_usual_class_needs_only_its_number_of_members(self, public: type[Base]) -> None:
        assert ClassGuard((public, Base)).is_simple


@pytest.mark.parametrize("kind", [Request, Response])
def test_the_public_classes_define_no_members(kind: type) -> None:
    own = {name for name in vars(kind) if not (name.startswith("__") and name.endswith("__"))}
    assert own <= {"_assigned", "_defined_names", "_has_default_form", "_is_unmodified"}


def test_the_application_class_defines_no_method_that_fast_paths_leave_out() -> None:
    _, methods = Lifecycle._unmodified
    assert set(methods._members) & vars(Flask).keys() == set()


class Own(Flask):
    pass


@pytest.mark.parametrize("kind", [Flask, Own])
def test_an_application_keeps_its_attributes_without_a_dict(kind: type[Flask]) -> None:
    """CPython keeps at most 30 attributes of an instance without a dict of its own."""
    app = kind("app")
    app.add_url_rule("/", "index", lambda: "")
    app.test_client().get("/")
    assert len(vars(app)) <= 28


def test_a_thread_may_change_a_class_while_it_is_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    class Changing(Base):
        first = 1

    find_names = baseline.defined_names

    def change_meanwhile(kind: type) -> frozenset[str]:
        setattr(kind, f"added{len(vars(kind))}", 3)
        return find_names(kind)

    with monkeypatch.context() as patch:
        patch.setattr(baseline, "defined_names", change_meanwhile)
        assert not ClassGuard((Changing, Base)).is_unchanged()
    assert ClassGuard((Changing, Base)).is_unchanged()
