"""JSON schemas (2020-12) of Python types, made from what ``msgspec.inspect`` reports.

msgspec has a generator of its own. It puts module paths in names, numbers models of one name by
order, sorts enums, and omits the format of a ``datetime`` without time zone.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence

import msgspec
from msgspec import inspect as types
from werkzeug.datastructures import FileStorage

from ._changes import Changes
from ._names import Names, Schema
from ._schema_parts import (
    NULL,
    Model,
    Orders,
    describe_class,
    describe_file,
    describe_tag,
    describe_tuple,
    describe_values,
    encode_value,
    find_literals,
    identify,
    is_tagged,
    nullable,
    read_hints,
    read_limits,
    read_size,
    split_generic,
)

_TEXTS: t.Final[dict[type[types.Type], Schema]] = {
    types.AnyType: {},
    types.RawType: {},
    types.NoneType: NULL,
    types.BoolType: {"type": "boolean"},
    types.DateTimeType: {"type": "string", "format": "date-time"},
    types.DateType: {"type": "string", "format": "date"},
    types.TimeType: {"type": "string", "format": "time"},
    types.TimeDeltaType: {"type": "string", "format": "duration"},
    types.UUIDType: {"type": "string", "format": "uuid"},
    types.DecimalType: {"type": "string", "format": "decimal", "pattern": r"^[+-]?\d+(\.\d+)?$"},
}
"""The types without constraints."""


_OF_CHANGES: t.Final = "A merge patch (RFC 7396): what is absent does not change."


def make_schema(hint: object, names: Names) -> Schema:
    """Return the schema of a type; models are described once and referred to.

    :param hint: a type that msgspec knows, or one that holds types of other libraries.
    :param names: the models of the document.
    :raises TypeError: no library knows the type.
    """
    return _Generator(names).describe(hint)


def make_changes_schema(hint: object, names: Names) -> Schema:
    """Return the schema of ``Patch[T]``: a merge patch (RFC 7396).

    All fields are optional. Fields that are models are patches too. ``null`` is possible where the
    type has it, and for the keys of a dict, which it removes.

    :param hint: ``T``.
    :param names: the models of the document.
    """
    return _relax(names.describe(hint), names)


def _relax(schema: Schema, names: Names) -> Schema:
    """Return what a merge patch may have for a value."""
    relaxed = {key: value for key, value in schema.items() if key != "default"}
    if "$ref" in schema:
        model = names.get_schema(schema)
        if "properties" not in model:
            return relaxed
        mark = names.mark_of(schema)
        reference = names.refer(
            ("changes", mark),
            "Changes",
            Changes.__module__,
            lambda: _relax({**model, "description": _OF_CHANGES}, names),
            [mark],
            origin=Changes,
        )
        return {**relaxed, **reference}
    kinds = [each for each in schema.get("anyOf", ()) if each != NULL]
    if len(kinds) == 1:
        relaxed["anyOf"] = [_relax(each, names) for each in schema["anyOf"]]
    if "properties" in schema:
        fields = schema["properties"].items()
        relaxed["properties"] = {name: _relax(field, names) for name, field in fields}
        for key in ("required", "title"):
            relaxed.pop(key, None)
    if isinstance(schema.get("additionalProperties"), dict):
        relaxed["additionalProperties"] = nullable(_relax(schema["additionalProperties"], names))
    return relaxed


def list_fields(hint: object, names: Names) -> tuple[Schema, list[str]]:
    """Return the schemas of a model's fields by name, and the names of the required ones.

    Of a union of models: all fields, and those that all models require.

    :param hint: one or several models, or ``None`` beside them.
    :param names: the models of the document.
    """
    fields: Schema = {}
    required: list[list[str]] = []
    waiting = [names.describe(hint)]
    while waiting:
        described = names.get_schema(waiting.pop(0))
        waiting += [*described.get("anyOf", ()), *described.get("oneOf", ())]
        if "properties" in described:
            fields = {**described["properties"], **fields}
            required.append(described.get("required", []))
    return fields, [name for name in fields if all(name in each for each in required)]


class _Generator:
    """Describes types. Models go to ``names``."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.orders: Orders = {}

    def describe(self, hint: object) -> Schema:
        info = types.type_info(t.cast("type", hint))
        self.orders = find_literals([hint])
        return self.make(info)

    def make(self, info: types.Type) -> Schema:
        """Describe a type that msgspec inspected."""
        simple = _TEXTS.get(type(info))
        if simple is not None:
            return dict(simple)
        return self._MAKERS[type(info)](self, info)

    def _make_metadata(self, info: types.Metadata) -> Schema:
        extra = dict(info.extra_json_schema or {})
        if "examples" in extra:
            encoded = (encode_value(example) for example in extra["examples"])
            extra["examples"] = [value for value in encoded if value is not msgspec.NODEFAULT]
        return {**self.make(info.type), **extra}

    def _make_integer(self, info: types.IntType) -> Schema:
        return {"type": "integer", **read_limits(info)}

    def _make_number(self, info: types.FloatType) -> Schema:
        return {"type": "number", **read_limits(info)}

    def _make_string(self, info: types.StrType) -> Schema:
        schema = {"type": "string", **read_size(info, "minLength", "maxLength")}
        if info.pattern is not None:
            schema["pattern"] = info.pattern
        return schema

    def _make_bytes(self, info: types.BytesType) -> Schema:
        # Four characters for each three bytes.
        size = read_size(info, "minLength", "maxLength")
        sizes = {name: 4 * ((count + 2) // 3) for name, count in size.items()}
        return {"type": "string", "contentEncoding": "base64", **sizes}

    def _make_list(self, info: types.CollectionType) -> Schema:
        size = read_size(info, "minItems", "maxItems")
        item = self.make(info.item_type)
        return {"type": "array", **({"items": item} if item else {}), **size}

    def _make_tuple(self, info: types.TupleType) -> Schema:
        return describe_tuple([self.make(item) for item in info.item_types])

    def _make_dict(self, info: types.DictType) -> Schema:
        schema: Schema = {"type": "object", **read_size(info, "minProperties", "maxProperties")}
        key, value = self.make(info.key_type), self.make(info.value_type)
        if key.get("type") in {"integer", "number"}:
            whole = r"(0|-?[1-9]\d*)"
            digits = whole if key["type"] == "integer" else whole + r"(\.\d+)?([eE][+-]?\d+)?"
            schema["propertyNames"] = {"pattern": f"^{digits}$"}
        elif key not in ({}, {"type": "string"}):
            schema["propertyNames"] = key
        if value:
            schema["additionalProperties"] = value
        return schema

    def _make_literal(self, info: types.LiteralType) -> Schema:
        ordered = self.orders.get(identify(info.values), info.values)
        return describe_values(ordered)

    def _make_enum(self, info: types.EnumType) -> Schema:
        def make() -> Schema:
            schema = describe_values([member.value for member in info.cls])
            return {**schema, **describe_class(info.cls)}

        return self.names.refer_to_class(info.cls, make)

    def _make_union(self, info: types.UnionType) -> Schema:
        tagged = [each for each in info.types if is_tagged(each)]
        variants = [
            self.make(each)
            for each in info.types
            if not isinstance(each, types.NoneType) and (len(tagged) < 2 or each not in tagged)
        ]
        if len(tagged) > 1:
            variants.insert(0, self._make_tagged(tagged))
        is_nullable = any(isinstance(each, types.NoneType) for each in info.types)
        if len(variants) == 1:
            return nullable(variants[0]) if is_nullable else variants[0]
        if is_nullable:
            variants.append(dict(NULL))
        if all(list(variant) == ["type"] for variant in variants):
            return {"type": [variant["type"] for variant in variants]}
        return {"anyOf": variants}

    def _make_tagged(self, structs: Sequence[types.StructType]) -> Schema:
        references = [self._make_model(struct) for struct in structs]
        mapping = {
            str(struct.tag): reference["$ref"]
            for struct, reference in zip(structs, references, strict=True)
        }
        discriminator = {"propertyName": structs[0].tag_field, "mapping": mapping}
        return {"oneOf": references, "discriminator": discriminator}

    def _make_model(self, info: Model) -> Schema:
        cls, arguments = split_generic(info.cls)
        return self.names.refer_to_class(
            cls,
            lambda: self._describe_model(info),
            [self._name_argument(argument) for argument in arguments],
            key=info.cls if arguments else cls,
        )

    def _describe_model(self, info: Model) -> Schema:
        cls, arguments = split_generic(info.cls)
        inner = _Generator(self.names)
        inner.orders = find_literals([*read_hints(cls), *arguments])
        fields = [(field, inner._make_field(field)) for field in info.fields]
        tag = describe_tag(info)
        is_closed = isinstance(info, types.StructType) and info.forbid_unknown_fields
        if isinstance(info, types.NamedTupleType) or getattr(info, "array_like", False):
            required = sum(field.required for field in info.fields) + len(tag)
            items = [*tag.values(), *(schema for _, schema in fields)]
            is_open = not is_closed and not isinstance(info, types.NamedTupleType)
            return {**describe_class(cls), **describe_tuple(items, required, is_open)}
        schema: Schema = {**describe_class(cls), "type": "object"}
        schema["properties"] = {**tag, **{field.encode_name: it for field, it in fields}}
        required_names = [*tag, *(field.encode_name for field, _ in fields if field.required)]
        if required_names:
            schema["required"] = required_names
        if is_closed:
            schema["additionalProperties"] = False
        return schema

    def _make_field(self, field: types.Field) -> Schema:
        schema = {**self.make(field.type)}
        default = field.default
        if default is msgspec.NODEFAULT and field.default_factory in (list, dict, set, tuple):
            default = field.default_factory()
        # ``null`` says nothing beside "not required", and generators of clients would require it.
        if not any(default is absent for absent in (msgspec.NODEFAULT, msgspec.UNSET, None)):
            encoded = encode_value(default)
            if encoded is not msgspec.NODEFAULT:
                schema["default"] = encoded
        return schema

    def _make_custom(self, info: types.CustomType) -> Schema:
        if isinstance(info.cls, type) and issubclass(info.cls, FileStorage):
            return describe_file()
        return self.names.describe(info.cls)

    def _name_argument(self, hint: object) -> str:
        """Return a type argument's part of a name: ``Order``, ``list_Order``, ``int_None``."""
        if isinstance(hint, t.TypeVar):
            return "Any"
        origin, arguments = t.get_origin(hint), t.get_args(hint)
        if origin is t.Annotated:
            return self._name_argument(arguments[0])
        if origin is t.Literal:
            return "_".join(str(value) for value in arguments)
        if hint is type(None) or hint is None:
            return "None"
        reference = self.describe(hint)
        if "$ref" in reference:
            return self.names.mark_of(reference)
        if arguments:
            is_collection = isinstance(origin, type) and hasattr(origin, "__len__")
            own = [origin.__name__] if is_collection and origin else []  # not "UnionType"
            return "_".join([*own, *(self._name_argument(argument) for argument in arguments)])
        return str(getattr(hint, "__name__", hint))

    _MAKERS: t.ClassVar[dict[type, Callable[..., Schema]]] = {
        types.Metadata: _make_metadata,
        types.IntType: _make_integer,
        types.FloatType: _make_number,
        types.StrType: _make_string,
        types.BytesType: _make_bytes,
        types.ByteArrayType: _make_bytes,
        types.MemoryViewType: _make_bytes,
        types.EnumType: _make_enum,
        types.LiteralType: _make_literal,
        types.CustomType: _make_custom,
        types.UnionType: _make_union,
        types.ListType: _make_list,
        types.VarTupleType: _make_list,
        types.SetType: _make_list,
        types.FrozenSetType: _make_list,
        types.TupleType: _make_tuple,
        types.DictType: _make_dict,
        types.FrozenDictType: _make_dict,
        types.StructType: _make_model,
        types.DataclassType: _make_model,
        types.TypedDictType: _make_model,
        types.NamedTupleType: _make_model,
    }
