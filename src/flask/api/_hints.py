"""Makes type hints again from msgspec's description of a type."""

from __future__ import annotations

import datetime
import decimal
import typing as t
import uuid

import msgspec
from msgspec import inspect as shapes
from werkzeug.datastructures import FileStorage

_PLAIN: t.Final[dict[type[shapes.Type], object]] = {
    shapes.AnyType: t.Any,
    shapes.NoneType: type(None),
    shapes.BoolType: bool,
    shapes.ByteArrayType: bytearray,
    shapes.MemoryViewType: memoryview,
    shapes.DateType: datetime.date,
    shapes.DecimalType: decimal.Decimal,
    shapes.TimeDeltaType: datetime.timedelta,
    shapes.UUIDType: uuid.UUID,
    shapes.RawType: msgspec.Raw,
}
_CONSTRAINED: t.Final[dict[type[shapes.Type], object]] = {
    shapes.IntType: int,
    shapes.FloatType: float,
    shapes.StrType: str,
    shapes.BytesType: bytes,
    shapes.DateTimeType: datetime.datetime,
    shapes.TimeType: datetime.time,
}
_COLLECTIONS: t.Final[dict[type[shapes.Type], t.Any]] = {
    shapes.ListType: list,
    shapes.SetType: set,
    shapes.FrozenSetType: frozenset,
}
_PARTS: t.Final = (
    *("type", "types", "fields", "item_type", "item_types", "key_type", "value_type"),
)
"""The attributes of a description that hold other descriptions."""
_CONSTRAINTS: t.Final = (
    *("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern", "tz"),
)


def hint_of(info: shapes.Type) -> t.Any:
    """Return a type hint that msgspec describes in the same way.

    :param info: from ``msgspec.inspect.type_info``.
    """
    kind = type(info)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if isinstance(info, shapes.Metadata):
        return hint_of(info.type)
    if isinstance(info, shapes.LiteralType):
        return t.Literal[info.values]
    if isinstance(info, shapes.UnionType):
        return t.Union[tuple(hint_of(each) for each in info.types)]  # noqa: UP007
    if kind in _CONSTRAINED:
        return _constrain(_CONSTRAINED[kind], info)
    if kind in _COLLECTIONS:
        collection = t.cast("shapes.ListType", info)
        return _constrain(_COLLECTIONS[kind][hint_of(collection.item_type)], info)
    if isinstance(info, shapes.VarTupleType):
        item: t.Any = hint_of(info.item_type)
        return _constrain(tuple[item, ...], info)
    if isinstance(info, shapes.TupleType):
        return tuple[tuple(hint_of(each) for each in info.item_types)]  # type: ignore[misc]
    if isinstance(info, shapes.DictType):
        keys, values = hint_of(info.key_type), hint_of(info.value_type)
        return _constrain(dict[keys, values], info)  # type: ignore[valid-type]
    return info.cls  # type: ignore[attr-defined]  # a model, an enumeration or another class


def find_unknown_class(hint: object) -> type | None:
    """Return a class in a type that JSON and forms cannot hold, or ``None``.

    :param hint: a type.
    """
    found: list[type] = []
    seen: set[int] = set()
    todo: list[object] = [shapes.type_info(t.cast("type", hint))]
    while todo:
        info = todo.pop()
        if isinstance(info, tuple):
            todo.extend(info)
        elif isinstance(info, shapes.CustomType) and not issubclass(info.cls, FileStorage):
            found.append(info.cls)
        elif isinstance(info, (shapes.Type, shapes.Field)) and id(info) not in seen:
            seen.add(id(info))
            todo.extend(getattr(info, name) for name in _PARTS if hasattr(info, name))
    return found[0] if found else None


def _constrain(hint: object, info: shapes.Type) -> t.Any:
    constraints = {
        name: getattr(info, name) for name in _CONSTRAINTS if getattr(info, name, None) is not None
    }
    return t.Annotated[hint, msgspec.Meta(**constraints)] if constraints else hint
