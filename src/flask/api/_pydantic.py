"""Models of pydantic. This module never imports pydantic before an application has done so."""

from __future__ import annotations

import ast
import copy
import json
import re
import sys
import types
import typing as t
from collections.abc import Iterable, Mapping

import msgspec

from ._partial_models import PLAN_NAME, Plan
from ._shapes import Malformed, Rejected, register_shape
from ._validation import MOST_ERRORS, Entry, make_pointer

if t.TYPE_CHECKING:
    import pydantic

    from ._names import Names

# The types of pydantic's errors by what a message names.
_EXPECTED: t.Final[dict[str, tuple[str, ...]]] = {
    "integer": ("int_type", "int_parsing", "int_from_float", "int_parsing_size"),
    "number": ("float_type", "float_parsing", "finite_number", "complex_type"),
    "boolean": ("bool_type", "bool_parsing"),
    "null": ("none_required",),
    "string": (
        *("string_type", "string_sub_type", "string_unicode", "bytes_type", "uuid_type"),
        *("date_type", "datetime_type", "time_type", "time_delta_type", "decimal_type"),
        *("url_type",),
    ),
    "array": (
        *("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"),
        *("iteration_error",),
    ),
    "object": (
        *("dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"),
        *("dataclass_exact_type", "arguments_type", "typed_dict_type"),
    ),
}
_FORMATS: t.Final[dict[str, tuple[str, ...]]] = {
    "date": ("date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
    "date-time": ("datetime_parsing", "datetime_from_date_parsing", "datetime_object_invalid"),
    "time": ("time_parsing",),
    "duration": ("time_delta_parsing",),
    "uuid": ("uuid_parsing", "uuid_version"),
    "decimal": ("decimal_parsing",),
    "base64": ("bytes_invalid_encoding",),
    "url": ("url_parsing", "url_syntax_violation", "url_scheme"),
}
# Each with the name of the limit in the error's context.
_LIMITS: t.Final[dict[str, tuple[str, str]]] = {
    "greater_than": ("exclusive_minimum", "gt"),
    "greater_than_equal": ("minimum", "ge"),
    "less_than": ("exclusive_maximum", "lt"),
    "less_than_equal": ("maximum", "le"),
    "multiple_of": ("multiple_of", "multiple_of"),
    "string_too_short": ("min_length", "min_length"),
    "string_too_long": ("max_length", "max_length"),
    "bytes_too_short": ("min_length", "min_length"),
    "bytes_too_long": ("max_length", "max_length"),
    "too_short": ("min_items", "min_length"),
    "too_long": ("max_items", "max_length"),
}
_TYPE_OF: t.Final = {kind: name for name, kinds in _EXPECTED.items() for kind in kinds}
_FORMAT_OF: t.Final = {kind: name for name, kinds in _FORMATS.items() for kind in kinds}
_VALUES: t.Final = frozenset({"enum", "literal_error"})
_OWN: t.Final = frozenset({"value_error", "assertion_error"})
_FIELDS: t.Final = ("__dataclass_fields__", "__total__", "_fields")
"""Attributes of dataclasses, typed dicts and named tuples."""
_NO_NUMBERS: t.Final = (b"NaN", b"Infinity")


def holds_pydantic(hint: object) -> bool:
    """Return whether a model of pydantic occurs in a type.

    :param hint: a type; the fields of dataclasses and typed dicts count too.
    """
    return "pydantic" in sys.modules and any(map(is_pydantic_model, _iterate_classes(hint)))


def is_pydantic_model(kind: object) -> bool:
    """Return whether a type is a model or a dataclass of pydantic."""
    return isinstance(kind, type) and hasattr(kind, "__pydantic_validator__")


def _iterate_classes(hint: object) -> Iterable[type]:
    """Yield the classes that a type consists of."""
    seen: list[object] = []
    waiting = [hint]
    while waiting:
        each = waiting.pop()
        each = getattr(each, "__value__", each)  # of a type alias, from Python 3.12 on
        if any(each is other for other in seen):
            continue
        seen.append(each)
        arguments = t.get_args(each)
        waiting += arguments
        kind = t.get_origin(each) if arguments else each
        if not isinstance(kind, type):
            continue
        yield kind
        if hasattr(kind, "model_fields"):
            waiting += [field.annotation for field in t.cast("t.Any", kind).model_fields.values()]
        elif any(hasattr(kind, name) for name in _FIELDS):
            try:
                waiting += t.get_type_hints(kind, include_extras=True).values()
            except (NameError, TypeError):
                pass  # pydantic explains it, or msgspec


class PydanticShape:
    """The shape of a type with models of pydantic.

    Its rules for conversion are pydantic's: without ``strict``, the text ``"1"`` is an ``int``.

    :param hint: the type.
    :raises TypeError: pydantic does not know the type.
    """

    def __init__(self, hint: object) -> None:
        import pydantic

        self._error = pydantic.ValidationError
        try:
            self._adapter: pydantic.TypeAdapter[t.Any] = pydantic.TypeAdapter(t.cast("type", hint))
        except pydantic.errors.PydanticUserError as error:
            raise TypeError(f"pydantic cannot validate {hint}: {error.message}") from error
        self._hint = hint

    def decode(self, data: bytes) -> object:
        """Read a value with pydantic, which has its own parser of JSON."""
        if any(word in data for word in _NO_NUMBERS):  # pydantic reads them as numbers
            _decode_untyped(data)
        try:
            return self._adapter.validate_json(data)
        except self._error as error:
            raise Rejected(_decode_untyped(data)) from error

    def convert(self, value: object, text: bool) -> object:
        """Make a value from dicts and lists, or from objects with attributes."""
        strict = False if text else None
        try:
            return self._adapter.validate_python(value, from_attributes=True, strict=strict)
        except self._error as error:
            raise Rejected(value, text) from error

    def encode(self, value: object) -> bytes:
        """Write a value as JSON, with the declared fields and their aliases."""
        return self._adapter.dump_json(value, by_alias=True, warnings=False)

    def errors(self, error: Rejected) -> list[Entry]:
        """Return pydantic's errors with the codes of this package."""
        cause = error.__cause__
        if not isinstance(cause, self._error):
            try:
                self.convert(error.value, error.text)
            except Rejected as again:
                cause = again.__cause__
        if not isinstance(cause, self._error):
            return [{"pointer": "#", "code": "invalid"}]
        return _make_entries(cause, error.value)

    def schema(self, names: Names) -> dict[str, t.Any]:
        """Describe the type; models and enumerations become components."""
        import pydantic

        items: t.Any = list[self._hint]  # type: ignore[name-defined]
        schema = pydantic.TypeAdapter(items).json_schema()  # below a list, all models have names
        components = _Components(self._hint, schema.get("$defs", {}), names)
        described: dict[str, t.Any] = components.insert(schema["items"])
        return described


def _decode_untyped(data: bytes) -> object:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Malformed(str(error)) from None


def make_partial_model(model: t.Any) -> t.Any:
    """Return a model of which each field may be left out; ``model_fields_set`` has the given ones.

    Nested models are partial too. Validators of the model are not called.

    :param model: a model of pydantic, but not a dataclass.
    """
    return _make_partial(model, frozenset())


def _make_partial(model: t.Any, known: frozenset[type]) -> t.Any:
    import pydantic

    if model in known:
        return model  # a model that contains itself is replaced as a whole
    fields: dict[str, t.Any] = {}
    for name, field in model.model_fields.items():
        optional = copy.copy(field)
        optional.default, optional.default_factory = None, None
        fields[name] = (_make_partial_hint(field.annotation, known | {model}), optional)
    config = t.cast("pydantic.ConfigDict", {**model.model_config, "validate_default": False})
    partial: t.Any = pydantic.create_model(
        f"{model.__name__}Patch",
        __config__=config,
        __doc__=model.__doc__,
        __module__=model.__module__,
        **fields,
    )
    names = {name: field.alias or name for name, field in model.model_fields.items()}

    def create(**values: object) -> object:
        try:
            return model.model_validate({names[name]: item for name, item in values.items()})
        except pydantic.ValidationError as error:  # its text repeats the input
            raise ValueError(error.errors(include_input=False)[0]["msg"]) from None

    plan = Plan(
        create,
        partial,
        attributes={name: name for name in names},
        names=names,
        required=tuple(name for name, each in model.model_fields.items() if each.is_required()),
    )
    setattr(partial, PLAN_NAME, plan)
    return partial


def _make_partial_hint(hint: t.Any, known: frozenset[type]) -> t.Any:
    members = t.get_args(hint) if t.get_origin(hint) in {t.Union, types.UnionType} else (hint,)
    if sum(hasattr(each, "model_fields") for each in members) != 1:
        return hint
    made = tuple(
        _make_partial(each, known) if hasattr(each, "model_fields") else each for each in members
    )
    return t.Union[made]  # noqa: UP007


# Errors ------------------------------------------------------------------------------------------


def _make_entries(error: pydantic.ValidationError, value: object) -> list[Entry]:
    entries: dict[tuple[str, str], Entry] = {}
    for each in error.errors(include_url=False, include_input=False)[:MOST_ERRORS]:
        path = _find_path(each["loc"], value, each["type"])
        described = _describe(each["type"], each.get("ctx", {}))
        field = described.pop("field", None)
        entry = {"pointer": make_pointer(path if field is None else (*path, field)), **described}
        key = (entry["pointer"], entry["code"])
        known = entries.setdefault(key, entry)
        if known is not entry and "expected" in known:  # the members of a union
            names = known["expected"]
            names = names if isinstance(names, list) else [names]
            known["expected"] = list(dict.fromkeys([*names, entry["expected"]]))
    return list(entries.values())


def _find_path(location: tuple[int | str, ...], value: object, kind: str) -> list[int | str]:
    """Return the location of an error in the value.

    pydantic's location also names members of unions, which the value does not have.
    """
    path: list[int | str] = []
    for position, part in enumerate(location):
        try:
            value = t.cast("t.Any", value)[part]
        except (LookupError, TypeError):
            if kind != "missing" or position < len(location) - 1:
                continue
        path.append(part)
    return path


def _describe(kind: str, context: Mapping[str, t.Any]) -> Entry:
    """Return the code of an error, and what its message names. The input is never part of it."""
    if kind in _LIMITS:
        code, name = _LIMITS[kind]
        limit = context[name]
        if context.get("field_type") == "Dictionary":
            code = code.replace("items", "properties")
        return {"code": code, "limit": limit if isinstance(limit, (int, float)) else str(limit)}
    if kind in _TYPE_OF:
        return {"code": "type", "expected": _TYPE_OF[kind]}
    if kind in _FORMAT_OF:
        return {"code": "format", "expected": _FORMAT_OF[kind]}
    if kind in _VALUES:
        return {"code": "enum", "allowed": _read_list(context["expected"])}
    if kind in _OWN:
        return {"code": "value", "detail": str(context["error"])}
    match kind:
        case "missing":
            return {"code": "missing"}
        case "extra_forbidden":
            return {"code": "unknown"}
        case "string_pattern_mismatch":
            return {"code": "pattern", "pattern": context["pattern"]}
        case "union_tag_invalid":
            allowed = _read_list(context["expected_tags"])
            return {"field": _read_name(context), "code": "enum", "allowed": allowed}
        case "union_tag_not_found":
            return {"field": _read_name(context), "code": "missing"}
    return {"code": "invalid"}


def _read_name(context: Mapping[str, t.Any]) -> str | None:
    """Return the name of the field that distinguishes the members of a union."""
    found = re.fullmatch(r"'(\w+)'", context["discriminator"])
    return found[1] if found else None


def _read_list(text: str) -> list[object]:
    """Return the values of ``"'a', 'b' or 3"``; pydantic has no other list of them."""
    try:
        return list(ast.literal_eval(f"[{text.replace(' or ', ', ')}]"))
    except (SyntaxError, ValueError):
        return [text]


# Schemas -----------------------------------------------------------------------------------------


class _Components:
    """Makes components of pydantic's definitions.

    :param hint: the type that is described.
    :param definitions: the schemas of its models, by pydantic's names.
    :param names: the components of the document.
    """

    def __init__(self, hint: object, definitions: dict[str, t.Any], names: Names) -> None:
        self._definitions = definitions
        self._names = names
        self._classes: dict[str, list[type]] = {}
        for kind in _iterate_classes(hint):
            name = re.sub(r"[^a-zA-Z0-9.\-_]", "_", kind.__name__)
            self._classes.setdefault(name, []).append(kind)

    def insert(self, part: t.Any) -> t.Any:
        """Return a part of a schema with references to the components."""
        if isinstance(part, dict):
            return {name: self.insert(value) for name, value in part.items()}
        if isinstance(part, list):
            return [self.insert(value) for value in part]
        if isinstance(part, str) and part.startswith("#/$defs/"):
            return self._refer(part.removeprefix("#/$defs/"))
        return part

    def _refer(self, name: str) -> str:
        definition = self._definitions[name]
        known = self._classes.get(name, [])
        make = lambda: self.insert(definition)  # noqa: E731
        if len(known) == 1:
            reference = self._names.refer_to_class(known[0], make)
        else:  # pydantic made the name longer, because several classes have it
            key = (name, json.dumps(definition, sort_keys=True))
            short = definition.get("title", name)
            reference = self._names.refer(key, short, name.replace("__", "."), make)
        return str(reference["$ref"])


register_shape(holds_pydantic, PydanticShape)
