"""Finds all errors of a value that msgspec rejected.

msgspec stops at the first error. Only after that is the value walked here, along the description of
its type, and each part is given to msgspec again. So both always agree about what is valid. The
codes come from the constraints of the types.

The walk is bounded: by the number of errors, by the number of values that are visited, and by time.
Valid parts of long lists are skipped at msgspec's speed.
"""

from __future__ import annotations

import operator
import re
import time
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from msgspec import inspect as shapes

from ._hints import hint_of

Entry: t.TypeAlias = dict[str, t.Any]
"""One error of a value: ``pointer`` (RFC 6901), ``code``, and what the message names."""

MOST_ERRORS: t.Final = 100
"""The number of errors that are reported."""
_MOST_VALUES = 20_000
_LONGEST_WALK = 1.0  # seconds of the processor
_CHUNK = 64  # items of a list or a dict that are checked at once
_LONGEST_POINTER = 1000

_OBJECTS = (shapes.StructType, shapes.DataclassType, shapes.TypedDictType)
_ARRAYS = (
    *(shapes.ListType, shapes.SetType, shapes.FrozenSetType, shapes.VarTupleType),
    *(shapes.TupleType, shapes.NamedTupleType),
)
_EXPECTED: t.Final[dict[type[shapes.Type], str]] = {
    shapes.NoneType: "null",
    shapes.BoolType: "boolean",
    shapes.IntType: "integer",
    shapes.FloatType: "number",
    shapes.DictType: "object",
    **dict.fromkeys(_OBJECTS, "object"),
    **dict.fromkeys(_ARRAYS, "array"),
}
_FORMATS: t.Final[dict[type[shapes.Type], str]] = {
    shapes.DateTimeType: "date-time",
    shapes.DateType: "date",
    shapes.TimeType: "time",
    shapes.TimeDeltaType: "duration",
    shapes.UUIDType: "uuid",
    shapes.DecimalType: "decimal",
    shapes.BytesType: "base64",
    shapes.ByteArrayType: "base64",
    shapes.MemoryViewType: "base64",
}
_LIMITS: t.Final[tuple[tuple[str, str, Callable[[t.Any, t.Any], bool]], ...]] = (
    ("ge", "minimum", operator.ge),
    ("gt", "exclusive_minimum", operator.gt),
    ("le", "maximum", operator.le),
    ("lt", "exclusive_maximum", operator.lt),
    ("multiple_of", "multiple_of", lambda value, limit: value % limit == 0),
)


def find_errors(hint: object, value: object, text: bool) -> list[Entry]:
    """Return the errors of a value, in the order of the value's type.

    :param hint: the type, with constraints.
    :param value: made of dicts, lists, strings and so on. It is not a valid one.
    :param text: numbers and booleans may be given as strings.
    :returns: at least one and at most `MOST_ERRORS` entries with ``pointer`` and ``code``.
    """
    walk = _Walk(text)
    try:
        walk.visit(shapes.type_info(t.cast("type", hint)), value, ())
    except (_EndOfWalk, RecursionError):
        pass
    return walk.entries or [_first_error(hint, value, text)]


def _first_error(hint: object, value: object, text: bool) -> Entry:
    """Return what msgspec says about a value; the walk ended before it found an error."""
    try:
        msgspec.convert(value, t.cast("type", hint), strict=not text, str_keys=True)
    except msgspec.ValidationError as error:
        path = re.search(r" - at `\$(.*)`$", str(error))
        parts = re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", path[1]) if path else []
        return {"pointer": make_pointer(name or index for name, index in parts), "code": "invalid"}
    except RecursionError:
        pass
    return {"pointer": "#", "code": "invalid"}


def make_pointer(parts: Iterable[object]) -> str:
    """Return a JSON pointer as a URI fragment without percent-encoding (RFC 6901 section 3)."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "".join(("#", *("/" + part for part in escaped)))


class _EndOfWalk(Exception):
    """One of the bounds is reached."""


_Path: t.TypeAlias = tuple[object, ...]


class _Walk:
    """One walk along a value.

    :param text: see `find_errors`.
    """

    def __init__(self, text: bool) -> None:
        self.entries: list[Entry] = []
        self._text = text
        self._values = 0
        self._end = time.thread_time() + _LONGEST_WALK

    def visit(self, info: shapes.Type, value: object, path: _Path) -> None:
        """Add the errors of a value."""
        self._values += 1
        if self._values > _MOST_VALUES or time.thread_time() > self._end:
            raise _EndOfWalk
        while isinstance(info, shapes.Metadata):
            info = info.type
        if isinstance(info, shapes.UnionType):
            self._visit_union(info, value, path)
        elif isinstance(info, _OBJECTS):
            self._visit_object(info, value, path)
        elif isinstance(info, _ARRAYS):
            self._visit_array(info, value, path)
        elif isinstance(info, shapes.DictType):
            self._visit_dict(info, value, path)
        elif not self._is_valid(info, value):
            self._add(path, **describe(info, value, self._text))

    def _add(self, path: _Path, code: str, **more: object) -> None:
        pointer = make_pointer(path)
        while (
            len(pointer) > _LONGEST_POINTER
        ):  # clients choose names: the error is said of a parent
            path = path[:-1]
            pointer = make_pointer(path)
        self.entries.append({"pointer": pointer, "code": code, **more})
        if len(self.entries) >= MOST_ERRORS:
            raise _EndOfWalk

    def _is_valid(self, info: shapes.Type, value: object) -> bool:
        return self._fits(hint_of(info), value)

    def _fits(self, hint: t.Any, value: object) -> bool:
        try:
            msgspec.convert(value, hint, strict=not self._text, str_keys=True)
        except msgspec.ValidationError:
            return False
        return True

    # Objects --------------------------------------------------------------------------------------

    def _visit_object(self, info: t.Any, value: object, path: _Path) -> None:
        if getattr(info, "array_like", False):
            self._visit_array(info, value, path)
            return
        if not isinstance(value, Mapping):
            kind = t.get_origin(info.cls) or info.cls
            if isinstance(info, shapes.TypedDictType) or not isinstance(value, kind):
                self._add(path, "type", expected="object")
            return
        before = len(self.entries)
        self._visit_tag(info, value, path)
        for field in info.fields:
            if field.encode_name in value:
                self.visit(field.type, value[field.encode_name], (*path, field.encode_name))
            elif field.required:
                self._add((*path, field.encode_name), "missing")
        if getattr(info, "forbid_unknown_fields", False):
            known = {field.encode_name for field in info.fields} | {info.tag_field}
            for name in value:
                if name not in known:
                    self._add((*path, name), "unknown")
        if len(self.entries) == before:
            self._check_whole(info, value, path)

    def _visit_tag(self, info: t.Any, value: Mapping[object, object], path: _Path) -> None:
        field = getattr(info, "tag_field", None)
        if field is not None and field in value and value[field] != info.tag:
            self._add((*path, field), "enum", allowed=[info.tag])

    def _check_whole(self, info: t.Any, value: object, path: _Path) -> None:
        """Add what the model itself says, in ``__post_init__``."""
        try:
            msgspec.convert(value, hint_of(info), strict=not self._text, str_keys=True)
        except msgspec.ValidationError as error:
            cause = error.__cause__
            if isinstance(cause, (ValueError, TypeError)) and str(cause):
                self._add(path, "value", detail=str(cause))
            else:
                self._add(path, "invalid")

    # Arrays and dicts -----------------------------------------------------------------------------

    def _visit_array(self, info: t.Any, value: object, path: _Path) -> None:
        if isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, set, frozenset)):
            self._add(path, "type", expected="array")
            return
        items = list(value)
        before = len(self.entries)
        types = _item_types(info)
        if types is not None:
            required = len(types)
            if not isinstance(info, shapes.TupleType):
                required = sum(field.required for field in info.fields)
            self._check_size(len(items), required, _longest(info, types), path, "items")
            for position, (item_type, item) in enumerate(zip(types, items, strict=False)):
                self.visit(item_type, item, (*path, position))
        else:
            self._check_size(len(items), info.min_length, info.max_length, path, "items")
            self._visit_items(info.item_type, items, path)
        if len(self.entries) == before:
            self._check_whole(info, value, path)

    def _visit_items(self, item_type: shapes.Type, items: list[object], path: _Path) -> None:
        """Visit items, and skip those at once which are valid together."""
        is_long = len(items) > _CHUNK
        item_hint: t.Any = hint_of(item_type)
        chunk_hint: t.Any = list[item_hint]
        for start in range(0, len(items), _CHUNK):
            chunk = items[start : start + _CHUNK]
            if is_long and self._fits(chunk_hint, chunk):
                continue
            for position, item in enumerate(chunk, start):
                self.visit(item_type, item, (*path, position))

    def _visit_dict(self, info: shapes.DictType, value: object, path: _Path) -> None:
        if not isinstance(value, Mapping):
            self._add(path, "type", expected="object")
            return
        self._check_size(len(value), info.min_length, info.max_length, path, "properties")
        keys: t.Any = hint_of(info.key_type)
        values: t.Any = hint_of(info.value_type)
        chunk_hint: t.Any = dict[keys, values]
        key_hint: t.Any = dict[keys, t.Any]
        names = list(value)
        for start in range(0, len(names), _CHUNK):
            chunk = names[start : start + _CHUNK]
            if self._fits(chunk_hint, {name: value[name] for name in chunk}):
                continue
            for name in chunk:
                if not self._fits(key_hint, {name: None}):
                    self._add((*path, name), **describe(info.key_type, name, True))
                self.visit(info.value_type, value[name], (*path, name))

    def _check_size(
        self, size: int, least: int | None, most: int | None, path: _Path, kind: str
    ) -> None:
        if least is not None and size < least:
            self._add(path, f"min_{kind}", limit=least)
        if most is not None and size > most:
            self._add(path, f"max_{kind}", limit=most)

    # Unions ---------------------------------------------------------------------------------------

    def _visit_union(self, info: shapes.UnionType, value: object, path: _Path) -> None:
        members = [
            member.type if isinstance(member, shapes.Metadata) else member for member in info.types
        ]
        if isinstance(value, Mapping):  # first, because one struct alone does not need its tag
            tagged = [each for each in members if getattr(each, "tag_field", None) is not None]
            if len(tagged) > 1:
                self._visit_tagged(tagged, value, path)
                return
        if any(self._is_valid(member, value) for member in members):
            return
        near = [member for member in members if _has_kind(member, value, self._text)]
        if near:
            self.visit(near[0], value, path)
        else:
            names = [name for member in members for name in _expected(member)]
            self._add(path, "type", expected=list(dict.fromkeys(names)))

    def _visit_tagged(
        self, members: list[t.Any], value: Mapping[object, object], path: _Path
    ) -> None:
        field = members[0].tag_field
        if field not in value:
            self._add((*path, field), "missing")
            return
        for member in members:
            if type(value[field]) is type(member.tag) and value[field] == member.tag:
                self.visit(member, value, path)
                return
        self._add((*path, field), "enum", allowed=[member.tag for member in members])


# Single values ------------------------------------------------------------------------------------


def describe(info: shapes.Type, value: object, text: bool) -> t.Any:
    """Return the code of a single value's error, and what its message names.

    :param info: the type of the value.
    :param value: an invalid value.
    :param text: numbers and booleans may be given as strings.
    """
    kind = type(info)
    if isinstance(info, shapes.LiteralType):
        return {"code": "enum", "allowed": list(info.values)}
    if isinstance(info, shapes.EnumType):
        return {"code": "enum", "allowed": [member.value for member in info.cls]}
    if isinstance(info, shapes.CustomType):
        return {"code": "file"}
    if kind in _FORMATS:
        if not isinstance(value, (str, bytes)):
            return {"code": "type", "expected": "string"}
        size = _describe_size(info, value)
        return size or {"code": "format", "expected": _FORMATS[kind], **_zone(info)}
    if isinstance(info, shapes.StrType):
        if not isinstance(value, str):
            return {"code": "type", "expected": "string"}
        size = _describe_size(info, value)
        return size or {"code": "pattern", "pattern": info.pattern}
    if isinstance(info, (shapes.IntType, shapes.FloatType)):
        number = _as_number(info, value, text)
        for attribute, code, holds in _LIMITS:
            limit = getattr(info, attribute)
            if number is not None and limit is not None and not holds(number, limit):
                return {"code": code, "limit": limit}
    return {"code": "type", "expected": _EXPECTED.get(kind, "value")}


def _zone(info: shapes.Type) -> dict[str, bool]:
    zone = getattr(info, "tz", None)
    return {} if zone is None else {"timezone": zone}


def _describe_size(info: t.Any, value: str | bytes) -> Entry | None:
    least, most = getattr(info, "min_length", None), getattr(info, "max_length", None)
    if isinstance(info, shapes.BytesType):
        try:
            size = len(msgspec.convert(value, bytes))
        except msgspec.ValidationError:
            return None
    else:
        size = len(value)
    if least is not None and size < least:
        return {"code": "min_length", "limit": least}
    if most is not None and size > most:
        return {"code": "max_length", "limit": most}
    return None


def _as_number(info: shapes.Type, value: object, text: bool) -> int | float | None:
    wanted = int if isinstance(info, shapes.IntType) else float
    try:
        return msgspec.convert(value, wanted, strict=not text)
    except msgspec.ValidationError:
        return None


def _item_types(info: t.Any) -> Sequence[shapes.Type] | None:
    """Return the type of each item, if each position has its own."""
    if isinstance(info, shapes.TupleType):
        return info.item_types
    if isinstance(info, (shapes.NamedTupleType, shapes.StructType)):
        return [field.type for field in info.fields]
    return None


def _longest(info: shapes.Type, types: Sequence[shapes.Type]) -> int | None:
    if isinstance(info, shapes.StructType) and not info.forbid_unknown_fields:
        return None
    return len(types)


def _has_kind(info: shapes.Type, value: object, text: bool) -> bool:
    """Return whether a value has the JSON type of a type."""
    if isinstance(value, Mapping):
        return isinstance(info, (*_OBJECTS, shapes.DictType))
    if isinstance(value, (list, tuple)):
        return isinstance(info, _ARRAYS) or getattr(info, "array_like", False)
    if isinstance(info, (shapes.IntType, shapes.FloatType)):
        return _as_number(info, value, text) is not None
    if isinstance(info, (shapes.LiteralType, shapes.EnumType)):
        return True
    return isinstance(value, str) and (isinstance(info, shapes.StrType) or type(info) in _FORMATS)


def _expected(info: shapes.Type) -> list[str]:
    """Return the names of the JSON types that a type accepts."""
    if isinstance(info, (shapes.StrType, shapes.LiteralType, shapes.EnumType)):
        return ["string"]
    return [_FORMATS.get(type(info), _EXPECTED.get(type(info), "value"))]
