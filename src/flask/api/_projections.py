"""Projections: what of a returned value its type declares.

msgspec writes an object with all fields of its run-time class. A projection finds the objects whose
class is not the declared one, such as a subclass or the row of a database, and keeps only the
declared fields of them. It validates nothing.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import typing as t
import uuid
from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec import UNSET, inspect

Exact: t.TypeAlias = Callable[[object], bool]

SCALARS: t.Final[tuple[type, ...]] = (
    *(type(None), bool, int, float, str, bytes, bytearray, memoryview, decimal.Decimal, uuid.UUID),
    *(dt.datetime, dt.date, dt.time, dt.timedelta, enum.Enum, msgspec.UnsetType),
)
"""Classes whose values have no fields."""

_ARRAYS: t.Final = (list, tuple, set, frozenset)
_MISSING: t.Final = object()

_LEAF_CLASSES: t.Final[dict[type[inspect.Type], type]] = {
    inspect.NoneType: type(None),
    inspect.BoolType: bool,
    inspect.IntType: int,
    inspect.FloatType: float,
    inspect.StrType: str,
    inspect.DecimalType: decimal.Decimal,
    inspect.UUIDType: uuid.UUID,
    inspect.DateTimeType: dt.datetime,
    inspect.DateType: dt.date,
}


class NotProjectable(TypeError):
    """A value has no part that its type declares, such as an object where a number is declared."""

    def __init__(self, value: object) -> None:
        super().__init__(f"A {type(value).__name__} cannot be sent as the declared type.")


class Projection:
    """What of a value a type declares. This base class is for types without fields."""

    classes: frozenset[type] | None = None
    """If a value is exact because of its class alone, these classes."""
    is_open: bool = False
    """Below another type it is not examined: it declares no fields, or it allows any."""

    allows_any: bool = False
    """Any value is one of the type."""

    def is_exact(self, value: object) -> bool:
        """Return whether all objects in a value are of the declared classes."""
        return True

    def project(self, value: object) -> object:
        """Return the declared parts of a value. Exact parts and scalars are returned themselves.

        :raises NotProjectable: the value has fields, and the type declares none.
        """
        raise NotImplementedError

    def connect(self, info: t.Any, find: Callable[[inspect.Type], Projection]) -> None:
        """Find the projections of the types that this one consists of."""


class _Anything(Projection):
    is_open = True
    allows_any = True

    def project(self, value: object) -> object:
        return value


class _Scalar(Projection):
    is_open = True

    def __init__(self, info: inspect.Type) -> None:
        kind = _LEAF_CLASSES.get(type(info))
        if isinstance(info, inspect.EnumType):
            kind = info.cls
        self.classes = None if kind is None else frozenset({kind})

    def is_exact(self, value: object) -> bool:
        return isinstance(value, SCALARS)

    def project(self, value: object) -> object:
        if isinstance(value, SCALARS):
            return value
        raise NotProjectable(value)


class _Array(Projection):
    """Lists, sets, and tuples of any length."""

    _item: Projection

    def connect(self, info: t.Any, find: Callable[[inspect.Type], Projection]) -> None:
        self._item = find(info.item_type)
        self.is_open = self._item.is_open

    def is_exact(self, value: object) -> bool:
        item = self._item
        if type(value) not in _ARRAYS:
            return False
        items = t.cast("list[object]", value)
        if item.is_open:
            return True
        if item.classes is not None:
            return item.classes.issuperset(map(type, items))
        return all(map(item.is_exact, items))

    def project(self, value: object) -> object:
        if isinstance(value, SCALARS):
            return value
        if isinstance(value, Mapping) or not isinstance(value, Iterable):
            raise NotProjectable(value)
        return [self._item.project(item) for item in value]


class _Tuple(Projection):
    """Tuples of a fixed length, and named tuples. JSON has them as arrays."""

    def __init__(self, kind: type = tuple) -> None:
        self._kind = kind

    def connect(self, info: t.Any, find: Callable[[inspect.Type], Projection]) -> None:
        if isinstance(info, inspect.NamedTupleType):
            self._names = tuple(field.name for field in info.fields)
            self._items = [find(field.type) for field in info.fields]
        else:
            self._names = ()
            self._items = [find(item) for item in info.item_types]
        self.is_open = all(item.is_open for item in self._items)

    def is_exact(self, value: object) -> bool:
        if type(value) is not self._kind:
            return False
        items = t.cast("tuple[object, ...]", value)
        return len(items) == len(self._items) and all(
            item.is_exact(each) for item, each in zip(self._items, items, strict=True)
        )

    def project(self, value: object) -> object:
        if isinstance(value, SCALARS):
            return value
        if self._names and not isinstance(value, _ARRAYS):
            get = _reader_of(value)
            values = [get(name, name) for name in self._names]
            value = [each for each in values if each is not _MISSING]
        if not isinstance(value, _ARRAYS):
            raise NotProjectable(value)
        return [item.project(each) for item, each in zip(self._items, value, strict=False)]


class _Dict(Projection):
    _value: Projection

    def connect(self, info: t.Any, find: Callable[[inspect.Type], Projection]) -> None:
        self._value = find(info.value_type)
        self.is_open = self._value.is_open

    def is_exact(self, value: object) -> bool:
        if type(value) is not dict:
            return False
        each = self._value
        if each.is_open:
            return True
        if each.classes is not None:
            return each.classes.issuperset(map(type, value.values()))
        return all(map(each.is_exact, value.values()))

    def project(self, value: object) -> object:
        if isinstance(value, SCALARS):
            return value
        if not isinstance(value, Mapping):
            raise NotProjectable(value)
        return {key: self._value.project(each) for key, each in value.items()}


class Model(Projection):
    """Structs, dataclasses, attrs classes and typed dicts."""

    def __init__(self, info: inspect.StructType | inspect.DataclassType) -> None:
        self.kind: type = t.get_origin(info.cls) or info.cls
        self.tag = getattr(info, "tag", None)
        self.tag_field = getattr(info, "tag_field", None)

    def connect(self, info: t.Any, find: Callable[[inspect.Type], Projection]) -> None:
        self._is_array = getattr(info, "array_like", False)
        is_struct = isinstance(info, inspect.StructType)
        # msgspec does not write the private attributes of other classes.
        self._fields = [
            (field, find(field.type))
            for field in info.fields
            if is_struct or not field.name.startswith("_")
        ]
        self._nested = [(field.name, each) for field, each in self._fields if not each.is_open]
        if not self._nested:
            self.classes = frozenset({self.kind})

    def is_exact(self, value: object) -> bool:
        if type(value) is not self.kind:
            return False
        for name, each in self._nested:
            item = getattr(value, name, UNSET)
            if item is not UNSET and not each.is_exact(item):
                return False
        return True

    def project(self, value: object) -> object:
        if isinstance(value, SCALARS) or self.is_exact(value):
            return value
        if isinstance(value, (list, set, frozenset)):
            raise NotProjectable(value)
        get = _reader_of(value)
        given = {field.name: get(field.name, field.encode_name) for field, _ in self._fields}
        if all(item is _MISSING for item in given.values()):
            raise NotProjectable(value)
        found: dict[str, object] = {}
        for field, each in self._fields:
            item = given[field.name]
            if item is _MISSING:
                item = _default_of(field)
            if item is not _MISSING and item is not UNSET:
                found[field.encode_name] = each.project(item)
        if self.tag_field is not None:
            found = {self.tag_field: self.tag, **found}
        return list(found.values()) if self._is_array else found


class _OpenAttrs(Model):
    """Attrs classes without slots: msgspec writes all attributes of their objects."""

    def connect(self, info: t.Any, find: Callable[[inspect.Type], Projection]) -> None:
        super().connect(info, find)
        self._names = frozenset(field.name for field in info.fields)
        self.classes = None

    def is_exact(self, value: object) -> bool:
        return super().is_exact(value) and self._names.issuperset(vars(value))


class _TypedDict(Model):
    """Typed dicts: a value may have more keys than its type declares."""

    def connect(self, info: t.Any, find: Callable[[inspect.Type], Projection]) -> None:
        self._is_array = False
        self._fields = [(field, find(field.type)) for field in info.fields]
        self._nested = [(field.name, each) for field, each in self._fields if not each.is_open]
        self._keys = frozenset(field.name for field in info.fields)

    def is_exact(self, value: object) -> bool:
        if type(value) is not dict or not self._keys.issuperset(value):
            return False
        return all(each.is_exact(value[name]) for name, each in self._nested if name in value)


class _Union(Projection):
    def connect(self, info: t.Any, find: Callable[[inspect.Type], Projection]) -> None:
        members = [find(member) for member in info.types]
        self.is_open = all(member.is_open for member in members)
        self._members = [
            member for member in members if not isinstance(member, (_Scalar, _Anything))
        ]
        self.allows_any = any(member.allows_any for member in members)
        self._by_class = {
            member.kind: member
            for member in members
            if isinstance(member, Model) and not isinstance(member, _TypedDict)
        }
        classes = [member.classes for member in members]
        if not any(known is None for known in classes):
            self.classes = frozenset().union(*filter(None, classes))

    def is_exact(self, value: object) -> bool:
        known = self._by_class.get(type(value))
        if known is not None:
            return known.is_exact(value)
        if isinstance(value, SCALARS):
            return True
        return self.allows_any or any(member.is_exact(value) for member in self._members)

    def project(self, value: object) -> object:
        if self.allows_any or isinstance(value, SCALARS) or self.is_exact(value):
            return value
        for kind in type(value).__mro__:
            if kind in self._by_class:
                return self._by_class[kind].project(value)
        models = [member for member in self._members if isinstance(member, Model)]
        if len(models) > 1:
            get = _reader_of(value)
            models = [
                each
                for each in models
                if each.tag_field is not None and get(each.tag_field, each.tag_field) == each.tag
            ]
        others = [member for member in self._members if not isinstance(member, Model)]
        for member in (*models, *others):
            try:
                return member.project(value)
            except NotProjectable:
                continue
        raise NotProjectable(value)


def _reader_of(value: object) -> Callable[[str, str], object]:
    """Return a function that reads a field, by attribute or by key.

    Mappings have the names of the JSON text. ``sqlite3.Row`` is no mapping but has ``keys``.
    """
    keys = getattr(value, "keys", None)
    if callable(keys) and hasattr(type(value), "__getitem__"):
        items = t.cast("Mapping[str, object]", value)
        known = frozenset(items.keys())
        return lambda _, key: items[key] if key in known else _MISSING
    return lambda name, _: getattr(value, name, _MISSING)


def _default_of(field: inspect.Field) -> object:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return _MISSING


def _create(info: inspect.Type) -> Projection:
    match info:
        case inspect.TypedDictType():
            return _TypedDict(t.cast("inspect.DataclassType", info))
        case inspect.StructType():
            return Model(info)
        case inspect.DataclassType():
            kind: type = t.get_origin(info.cls) or info.cls
            is_open = hasattr(kind, "__attrs_attrs__") and kind.__dictoffset__ != 0
            return _OpenAttrs(info) if is_open else Model(info)
        case inspect.NamedTupleType():
            return _Tuple(t.get_origin(info.cls) or info.cls)
        case inspect.TupleType():
            return _Tuple()
        case inspect.UnionType():
            return _Union()
        case inspect.CollectionType():
            return _Array()
        case inspect.DictType():
            return _Dict()
        case _ if hasattr(info, "value_type"):  # frozendict, which not all releases have
            return _Dict()
        case inspect.AnyType() | inspect.RawType() | inspect.CustomType() | inspect.ExtType():
            return _Anything()
    return _Scalar(info)


def make_projection(hint: object) -> Projection:
    """Return the projection of a type.

    :param hint: a type that msgspec knows.
    """
    known: dict[int, Projection] = {}
    kept: list[inspect.Type] = []  # an id is unique as long as its object exists

    def find(info: inspect.Type) -> Projection:
        while isinstance(info, inspect.Metadata):
            info = info.type
        projection = known.get(id(info))
        if projection is None:
            kept.append(info)
            projection = known[id(info)] = _create(info)
            projection.connect(info, find)
        return projection

    return find(inspect.type_info(t.cast("type", hint)))
