"""Partial models: a model of which each field may be left out, to read a merge patch.

msgspec reads and checks them as fast as the model itself.
"""

from __future__ import annotations

import keyword
import typing as t
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET, UnsetType, inspect

from ._hints import hint_of

PLAN_NAME: t.Final = "__changes_plan__"
"""The attribute of a partial model that has its `Plan`."""


class DictPlan:
    """How a dict is read: null removes a key.

    :param inner: the plan of the values, if they are dicts.
    """

    def __init__(self, inner: DictPlan | None) -> None:
        self.inner = inner

    def removes(self, name: str) -> bool:
        """Return whether null removes the key."""
        return True

    def name_in_json(self, name: str) -> str:
        """Return the key itself."""
        return name


@dataclass
class Plan:
    """How the fields of one model are read."""

    create: Callable[..., object]
    """The class of the model, or another function that takes its fields by keyword."""
    partial: t.Any = None
    """The class that is read instead of it."""
    attributes: dict[str, str] = field(default_factory=dict)
    """For each attribute of the partial class, the field of the model."""
    names: dict[str, str] = field(default_factory=dict)
    """For each field of the model, its name in JSON."""
    required: tuple[str, ...] = ()
    """The fields that a new object needs."""
    removable: frozenset[str] = frozenset()
    """The fields that null removes, because they may be absent and are not nullable."""
    dicts: dict[str, DictPlan] = field(default_factory=dict)
    """The fields that are dicts."""
    nested: dict[str, Plan] = field(default_factory=dict)
    """The fields that are models."""

    def removes(self, name: str) -> bool:
        """Return whether null removes the field."""
        return name in self.removable

    def name_in_json(self, name: str) -> str:
        """Return the name of a field as clients use it."""
        return self.names.get(name, name)


def make_partial(hint: object) -> tuple[t.Any, DictPlan | None]:
    """Return the type that reads a merge patch of a type, and the plan if it is a dict.

    :param hint: a model or a dict type.
    :raises TypeError: values of the type are not JSON objects.
    """
    info = _bare(inspect.type_info(t.cast("type", hint)))
    if isinstance(info, inspect.DictType):
        return _Planner().hint_of(info), _plan_dict(info)
    if not _is_model(info):
        raise TypeError(
            f"Patch[{hint}] needs a model or a dict type, because only objects have fields that a"
            " client can leave out. Use Body for other types."
        )
    return _Planner().make_plan(info).partial, None


class _Planner:
    """Makes the partial models of a model and of the models in it."""

    def __init__(self) -> None:
        self._plans: dict[int, Plan] = {}

    def make_plan(self, info: t.Any) -> Plan:
        """Return the plan of a model."""
        plan = self._plans.get(id(info))
        if plan is not None:
            return plan
        kind = t.get_origin(info.cls) or info.cls
        plan = self._plans[id(info)] = Plan(kind)
        fields: list[tuple[str, t.Any, t.Any]] = []
        for position, each in enumerate(info.fields):
            is_usable = each.name.isidentifier() and not keyword.iskeyword(each.name)
            attribute = each.name if is_usable else f"field_{position}"
            plan.attributes[attribute] = each.name
            plan.names[each.name] = each.encode_name
            found = _find_dict(each.type)
            if found is not None:
                plan.dicts[each.name] = _plan_dict(found)
            fields.append((attribute, t.Any, msgspec.field(default=UNSET, name=each.encode_name)))
        plan.removable = frozenset(
            each.name
            for each in info.fields
            if _may_be_absent(info, each) and not _is_nullable(each.type)
        )
        plan.required = tuple(each.name for each in info.fields if each.required)
        plan.partial = msgspec.defstruct(
            f"{kind.__name__}Patch",
            fields,
            module=kind.__module__,
            namespace={"__doc__": kind.__doc__, PLAN_NAME: plan},
            tag=getattr(info, "tag", None),
            tag_field=getattr(info, "tag_field", None),
            forbid_unknown_fields=getattr(info, "forbid_unknown_fields", False),
            kw_only=True,
        )
        # The types follow when the class exists, because a model may contain itself.
        plan.partial.__annotations__ = {
            attribute: self._field_hint(plan, each)
            for attribute, each in zip(plan.attributes, info.fields, strict=True)
        }
        return plan

    def _field_hint(self, plan: Plan, each: inspect.Field) -> t.Any:
        hint = self.hint_of(each.type)
        models = [member for member in _members(each.type) if _is_model(member)]
        if len(models) == 1:
            plan.nested[each.name] = self.make_plan(models[0])
        if each.name in plan.removable:
            hint = t.Union[hint, None]  # noqa: UP007
        return t.Union[hint, UnsetType]  # noqa: UP007

    def hint_of(self, info: inspect.Type) -> t.Any:
        """Return the type that reads the changes of a value."""
        if isinstance(info, inspect.Metadata):
            more = msgspec.Meta(extra_json_schema=info.extra_json_schema)
            return t.Annotated[self.hint_of(info.type), more]
        if _is_model(info):
            return self.make_plan(info).partial
        if isinstance(info, inspect.DictType):
            keys, values = hint_of(info.key_type), self.hint_of(info.value_type)
            return dict[keys, t.Union[values, None]]  # type: ignore[valid-type]  # noqa: UP007
        if isinstance(info, inspect.UnionType):
            models = [each for each in _members(info) if _is_model(each)]
            if len(models) <= 1:
                return t.Union[tuple(self.hint_of(each) for each in info.types)]  # noqa: UP007
        return hint_of(info)  # the whole value is replaced


def _bare(info: inspect.Type) -> inspect.Type:
    while isinstance(info, inspect.Metadata):
        info = info.type
    return info


def _is_model(info: inspect.Type) -> bool:
    if isinstance(info, inspect.StructType):
        return not info.array_like
    return isinstance(info, (inspect.DataclassType, inspect.TypedDictType))


def _members(info: inspect.Type) -> list[inspect.Type]:
    info = _bare(info)
    return [_bare(each) for each in info.types] if isinstance(info, inspect.UnionType) else [info]


def _find_dict(info: inspect.Type) -> inspect.DictType | None:
    found = (each for each in _members(info) if isinstance(each, inspect.DictType))
    return next(found, None)


def _plan_dict(info: inspect.DictType) -> DictPlan:
    inner = _find_dict(info.value_type)
    return DictPlan(None if inner is None else _plan_dict(inner))


def _is_nullable(info: inspect.Type) -> bool:
    return any(isinstance(each, (inspect.NoneType, inspect.AnyType)) for each in _members(info))


def _may_be_absent(info: t.Any, each: inspect.Field) -> bool:
    """Return whether an object needs no value for a field, not even a default."""
    if isinstance(info, inspect.TypedDictType):
        return not each.required
    if isinstance(info, inspect.StructType):
        defaults = {known.name: known.default for known in msgspec.structs.fields(info.cls)}
        return defaults.get(each.name) is UNSET
    return getattr(info.cls, each.name, None) is UNSET
