"""The fields of a model, as text from a query string, a form or headers fills them."""

from __future__ import annotations

import sys
import types
import typing as t
from dataclasses import dataclass

import msgspec
from msgspec import inspect as shapes
from werkzeug.datastructures import FileStorage

from ._hints import hint_of

_MODELS = (shapes.StructType, shapes.DataclassType, shapes.TypedDictType)
_LISTS = (shapes.ListType, shapes.SetType, shapes.FrozenSetType, shapes.VarTupleType)
_TUPLE = shapes.TupleType


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a model, or a parameter of its own.

    :param name: the name in the request.
    """

    name: str
    is_list: bool = False
    """Repetitions of the name make a list."""
    is_file: bool = False
    is_json: bool = False
    """In a form, the value is JSON text."""
    takes_text: bool = False
    """Any text is a value, so an empty one is no absent one."""
    is_bool: bool = False
    hint: object = None
    """The type, if the value is JSON text."""


def nullable(hint: object) -> tuple[object, bool]:
    """Return a type without ``None``, and whether it had it."""
    if t.get_origin(hint) not in {t.Union, types.UnionType}:
        return hint, False
    members = tuple(each for each in t.get_args(hint) if each is not type(None))
    if len(members) == len(t.get_args(hint)):
        return hint, False
    return t.Union[members], True  # noqa: UP007  # made from a tuple


def is_model(hint: object) -> bool:
    """Return whether the fields of a type can be parameters of their own."""
    if _pydantic_model(hint) is not None:
        return True
    try:
        info = shapes.type_info(t.cast("type", nullable(hint)[0]))
    except (TypeError, NameError):
        return False
    return bool(_models_of(info))


def model_fields(hint: object) -> list[Field]:
    """Return the fields of a model, of all models of a union.

    :param hint: a type of which `is_model` is true.
    """
    model = _pydantic_model(hint)
    if model is not None:
        return [
            make_field(field.alias or name, field.annotation)
            for name, field in model.model_fields.items()
        ]
    fields: dict[str, Field] = {}
    for info in models_of(hint):
        tag = getattr(info, "tag_field", None)
        if tag is not None:
            fields.setdefault(tag, Field(tag, takes_text=True))
        for field in info.fields:
            fields.setdefault(field.encode_name, _field_of(field.encode_name, field.type))
    return list(fields.values())


def models_of(hint: object) -> list[t.Any]:
    """Return msgspec's descriptions of the models of a type; none for another library's models.

    :param hint: a type of which `is_model` is true.
    """
    if _pydantic_model(hint) is not None:
        return []
    return _models_of(shapes.type_info(t.cast("type", nullable(hint)[0])))


def make_field(name: str, hint: object) -> Field:
    """Describe a parameter of a type."""
    try:
        info = shapes.type_info(t.cast("type", hint))
    except TypeError:  # a type of another library
        origin = t.get_origin(nullable(hint)[0])
        is_list = origin in {list, tuple, set, frozenset}
        return Field(name, is_list=is_list, is_json=not is_list, hint=hint)
    return _field_of(name, info)


def _field_of(name: str, info: shapes.Type) -> Field:
    members = _members(info)
    lists = [each for each in members if isinstance(each, (*_LISTS, _TUPLE))]
    items = [item for each in lists for item in _items_of(each)] if lists else members
    items = [each for each in items if not isinstance(each, shapes.NoneType)]
    is_json = any(isinstance(each, (*_MODELS, shapes.DictType)) for each in items)
    return Field(
        name,
        is_list=bool(lists),
        is_file=any(
            isinstance(each, shapes.CustomType) and issubclass(each.cls, FileStorage)
            for each in items
        ),
        is_json=is_json,
        hint=_union_of(items) if is_json else None,
        takes_text=any(_takes_any_text(each) for each in items),
        is_bool=any(isinstance(each, shapes.BoolType) for each in items),
    )


def _union_of(members: list[shapes.Type]) -> object:
    return t.Union[tuple(hint_of(each) for each in members)]  # noqa: UP007


def _takes_any_text(info: shapes.Type) -> bool:
    return isinstance(info, (shapes.StrType, shapes.AnyType)) or (
        isinstance(info, shapes.LiteralType) and "" in info.values
    )


def _members(info: shapes.Type) -> list[shapes.Type]:
    while isinstance(info, shapes.Metadata):
        info = info.type
    return list(info.types) if isinstance(info, shapes.UnionType) else [info]


def _items_of(info: t.Any) -> list[shapes.Type]:
    kinds = info.item_types if isinstance(info, _TUPLE) else (info.item_type,)
    return [member for kind in kinds for member in _members(kind)]


def _models_of(info: shapes.Type) -> list[t.Any]:
    members = _members(info)
    return members if all(isinstance(each, _MODELS) for each in members) else []


def _pydantic_model(hint: object) -> t.Any:
    """Return a pydantic model, without importing pydantic."""
    pydantic = sys.modules.get("pydantic")
    inner = nullable(hint)[0]
    if pydantic is None or not isinstance(inner, type):
        return None
    return inner if issubclass(inner, pydantic.BaseModel) else None


def has_default(default: object) -> bool:
    """Return whether a parameter may be left out."""
    return default is not msgspec.NODEFAULT
