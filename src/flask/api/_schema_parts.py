"""Parts of JSON schemas that are the same for several types."""

from __future__ import annotations

import enum
import inspect
import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import inspect as types

from ._names import Schema

Model: t.TypeAlias = (
    types.StructType | types.DataclassType | types.TypedDictType | types.NamedTupleType
)
"""What msgspec reports for a type with fields."""

Orders: t.TypeAlias = Mapping[frozenset[tuple[type, object]], tuple[object, ...]]
"""The values of each ``Literal`` in the order in which it lists them."""

NULL: t.Final[Schema] = {"type": "null"}

_LIMITS: t.Final = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
}


def nullable(schema: Schema) -> Schema:
    """Return a schema that also admits ``null``: a type array where that is enough.

    :param schema: any schema.
    """
    kind = schema.get("type")
    if not schema or kind == "null" or (isinstance(kind, list) and "null" in kind):
        return schema
    if kind is None:
        return {"anyOf": [schema, NULL]}
    wider = {**schema, "type": [*([kind] if isinstance(kind, str) else kind), "null"]}
    if "const" in wider:
        wider["enum"] = [wider.pop("const")]
    if "enum" in wider:
        wider["enum"] = [*wider["enum"], None]
    return wider


def clean_doc(doc: str | None) -> str:
    """Return a docstring as CommonMark, without the fields for readers of the code.

    :param doc: the docstring.
    """
    text = inspect.cleandoc(doc or "")
    return re.split(r"^:(?:param|returns?|raises?|type|rtype)\b", text, maxsplit=1, flags=re.M)[
        0
    ].strip()


def encode_value(value: object) -> object:
    """Return a default or an example as JSON has it, or ``NODEFAULT`` if JSON cannot have it.

    :param value: any value.
    """
    try:
        return t.cast("object", msgspec.to_builtins(value))
    except (TypeError, ValueError):
        return msgspec.NODEFAULT


def describe_file(media_type: str = "application/octet-stream") -> Schema:
    """Return the schema of an uploaded file, or of a body that is not text.

    :param media_type: what the file has.
    """
    return {"type": "string", "format": "binary", "contentMediaType": media_type}


def describe_values(values: Sequence[object]) -> Schema:
    """Return the schema of fixed values, such as those of an enum.

    :param values: the values, in the order of the document.
    """
    names = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
    kinds = list(dict.fromkeys(names[type(value)] for value in values if type(value) in names))
    schema: Schema = {"type": kinds[0] if len(kinds) == 1 else kinds} if kinds else {}
    return {**schema, **({"const": values[0]} if len(values) == 1 else {"enum": list(values)})}


def describe_tuple(
    items: list[Schema], required: int | None = None, is_open: bool = False
) -> Schema:
    """Return the schema of an array whose items have a type each.

    :param items: the schemas of the items.
    :param required: how many must be given; all by default.
    :param is_open: whether more may be given.
    """
    schema: Schema = {"type": "array"}
    if items:
        schema["prefixItems"] = items
    schema["minItems"] = len(items) if required is None else required
    if not is_open:
        schema["maxItems"] = len(items)
        schema["items"] = False
    return schema


def describe_class(cls: type) -> Schema:
    """Return the description of a class: its docstring, unless Python wrote it.

    :param cls: a model or an enum.
    """
    doc = cls.__dict__.get("__doc__")
    if not isinstance(doc, str) or doc.startswith(f"{cls.__name__}("):
        return {}
    if issubclass(cls, enum.Enum) and doc == "An enumeration.":
        return {}
    text = clean_doc(doc)
    return {"description": text} if text else {}


def describe_tag(info: Model) -> dict[str, Schema]:
    """Return the field that says which model of a union a value is.

    :param info: the model.
    """
    if not isinstance(info, types.StructType) or info.tag is None:
        return {}
    return {info.tag_field or "type": describe_values([info.tag])}


def is_tagged(info: types.Type) -> t.TypeGuard[types.StructType]:
    """Return whether a type is a Struct that a field distinguishes from others.

    :param info: a member of a union.
    """
    return isinstance(info, types.StructType) and info.tag is not None and not info.array_like


def read_limits(info: types.IntType | types.FloatType) -> Schema:
    """Return the limits of a number.

    :param info: the type.
    """
    limits = {name: getattr(info, attribute) for attribute, name in _LIMITS.items()}
    return {name: limit for name, limit in limits.items() if limit is not None}


def read_size(info: types.Type, smallest: str, largest: str) -> dict[str, int]:
    """Return the limits of a length under the names of a keyword each.

    :param info: the type.
    :param smallest: the keyword for ``min_length``.
    :param largest: the keyword for ``max_length``.
    """
    sizes = {
        smallest: getattr(info, "min_length", None),
        largest: getattr(info, "max_length", None),
    }
    return {name: size for name, size in sizes.items() if size is not None}


def split_generic(cls: object) -> tuple[type, tuple[object, ...]]:
    """Return the class of a model and its type arguments, which ``Page`` alone does not have.

    :param cls: what msgspec reports, such as ``Page[Order]``.
    """
    arguments = t.get_args(cls)
    if all(isinstance(argument, t.TypeVar) for argument in arguments):
        arguments = ()
    return t.cast("type", t.get_origin(cls) or cls), arguments


def identify(values: Iterable[object]) -> frozenset[tuple[type, object]]:
    """Return a key for the values of a ``Literal`` in any order.

    :param values: the values.
    """
    return frozenset((type(value), value) for value in values)


def find_literals(hints: Iterable[object]) -> Orders:
    """Return the values of each ``Literal`` in the given types, in the order of the source.

    msgspec reports them sorted.

    :param hints: types, and what they are made of.
    """
    orders: dict[frozenset[tuple[type, object]], tuple[object, ...]] = {}
    waiting = list(hints)
    while waiting:
        hint = waiting.pop()
        hint = getattr(hint, "__value__", hint)  # of a type alias, from Python 3.12 on
        arguments = t.get_args(hint)
        if t.get_origin(hint) is t.Literal:
            orders.setdefault(identify(arguments), arguments)
        else:
            waiting += arguments
    return orders


def read_hints(cls: type) -> Iterable[object]:
    """Return the types of a class's fields, or nothing if one cannot be resolved.

    :param cls: a model.
    """
    try:
        return t.get_type_hints(cls, include_extras=True).values()
    except (NameError, TypeError):  # msgspec resolves more than the standard library
        return ()
