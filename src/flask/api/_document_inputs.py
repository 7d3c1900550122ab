"""Parameters and request body of an operation in the document."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping

from werkzeug.routing import BaseConverter

from ._media_types import media_types_of
from ._names import Names, Schema
from ._operation import REQUIRED, BodyInput, Operation, Parameter
from ._paths import Route, describe_converter
from ._schema import list_fields, make_changes_schema, make_schema
from ._schema_parts import describe_file, encode_value

_PLACES: t.Final = ("path", "query", "header", "cookie")

_TIGHTER: t.Final = {"minimum": max, "maximum": min, "minLength": max, "maxLength": min}


def describe_parameters(route: Route, names: Names) -> list[Schema]:
    """Return the Parameter Objects of a route: path, query, headers, cookies.

    :param route: the route.
    :param names: the models of the document.
    """
    inputs = route.operation.inputs
    described = [
        _describe_path_value(name, converter, inputs.unmarked.get(name), names)
        for name, converter in route.converters.items()
    ]
    others = (each for each in inputs.parameters if each.place in _PLACES[1:])
    fields = [field for each in others for field in _spread(each, names)]
    fields.sort(key=lambda field: _PLACES.index(field["in"]))
    return described + fields


def _describe_path_value(
    name: str, converter: BaseConverter, hint: object | None, names: Names
) -> Schema:
    schema = describe_converter(converter)
    if hint is not None:
        described = strip_null(names.describe(hint))
        if described.get("type", schema["type"]) == schema["type"] and "$ref" not in described:
            tighter = {
                key: choose(schema[key], described[key])
                for key, choose in _TIGHTER.items()
                if key in schema and key in described
            }
            schema = {**schema, **described, **tighter}
        elif schema == {"type": "string"}:  # the annotation converts the text
            schema = described
    return _describe_parameter(name, "path", schema, is_required=True)


def _spread(parameter: Parameter, names: Names) -> Iterator[Schema]:
    """Yield a Parameter Object, or one for each field of a model."""
    for name, schema, is_required in _read_values(parameter, names):
        is_header_of_model = parameter.is_model and parameter.place == "header"
        shown = name.replace("_", "-") if is_header_of_model else name
        if names.get_schema(schema).get("type") == "object":
            yield {
                **_describe_parameter(shown, parameter.place, {}, is_required),
                "content": {"application/json": {"schema": schema}},
            }
        else:
            yield _describe_parameter(shown, parameter.place, schema, is_required)


def _read_values(parameter: Parameter, names: Names) -> Iterator[tuple[str, Schema, bool]]:
    """Yield name, schema and whether it is required, of a value or of a model's fields.

    Text has no ``null``: a value that is absent takes the default.
    """
    if parameter.is_model:
        fields, required = list_fields(parameter.hint, names)
        needs_fields = parameter.default is REQUIRED
        for name, schema in fields.items():
            yield name, strip_null(schema), needs_fields and name in required
        return
    hint = parameter.hint
    described = make_schema(hint, names) if parameter.is_file else names.describe(hint)
    schema = strip_null(described)
    if parameter.default is not REQUIRED and parameter.default is not None:
        default = encode_value(parameter.default)
        if default is not REQUIRED:  # JSON can write it
            schema = {**schema, "default": default}
    yield parameter.name, schema, parameter.default is REQUIRED


def _describe_parameter(name: str, place: str, schema: Schema, is_required: bool) -> Schema:
    parameter: Schema = {"name": name, "in": place}
    described = {**schema}
    for key in ("description", "deprecated"):
        if key in described and "$ref" not in described:
            parameter[key] = described.pop(key)
    if is_required:
        parameter["required"] = True
    if described:
        parameter["schema"] = described
    return parameter


def strip_null(schema: Schema) -> Schema:
    """Return a schema without ``null``, which a text cannot be.

    :param schema: any schema.
    """
    stripped = {**schema}
    if stripped.get("default", 0) is None:
        del stripped["default"]
    if isinstance(stripped.get("type"), list):
        kinds = [kind for kind in stripped["type"] if kind != "null"]
        stripped["type"] = kinds[0] if len(kinds) == 1 else kinds
    if None in stripped.get("enum", ()):
        stripped["enum"] = [value for value in stripped["enum"] if value is not None]
    if "anyOf" in stripped:
        others = [each for each in stripped["anyOf"] if each.get("type") != "null"]
        if len(others) == 1:
            del stripped["anyOf"]
            return {**strip_null(others[0]), **stripped}
        stripped["anyOf"] = others
    return stripped


def describe_body(operation: Operation, names: Names) -> Schema | None:
    """Return the Request Body Object of an operation, if it reads the body.

    :param operation: the operation.
    :param names: the models of the document.
    """
    body, form = operation.inputs.body, operation.inputs.form
    if body is not None:
        content = _describe_content(body, names)
        request_body: Schema = {"content": content}
        # An empty body is a text too, unless its media type has to be given.
        is_json = body.kind in {"json", "patch"}
        if body.default is REQUIRED and (is_json or body.media_types):
            request_body["required"] = True
        return request_body
    return _describe_form(form, names) if form else None


def _describe_content(body: BodyInput, names: Names) -> Schema:
    if body.kind == "json":
        types = body.media_types or ("application/json",)
        schema = names.describe(body.hint)
    elif body.kind == "patch":
        types = body.media_types or ("application/merge-patch+json", "application/json")
        schema = make_changes_schema(body.hint, names)
    elif body.kind == "text":
        types = body.media_types or ("text/plain",)
        schema = names.describe(body.hint)
    else:
        types = body.media_types or ("application/octet-stream",)
        return {kind: {"schema": describe_file(kind)} for kind in types}
    return {kind: {"schema": schema} for kind in types}


def _describe_form(form: Iterable[Parameter], names: Names) -> Schema:
    properties: Schema = {}
    required: list[str] = []
    encoding: dict[str, Mapping[str, str]] = {}
    for parameter in form:
        accepted = media_types_of(parameter)
        for name, schema, is_required in _read_values(parameter, names):
            properties[name] = schema
            if is_required:
                required.append(name)
            if name in accepted:
                encoding[name] = {"contentType": ", ".join(accepted[name])}
            elif names.get_schema(schema).get("type") == "object":
                encoding[name] = {"contentType": "application/json"}
    fields: Schema = {"type": "object", "properties": properties}
    if required:
        fields["required"] = required
    content: Schema = {"schema": fields, **({"encoding": encoding} if encoding else {})}
    types = ["multipart/form-data"]
    # The other type has no parts with a type of their own, which files and JSON need.
    if not encoding and not any(_is_file(schema) for schema in properties.values()):
        types.insert(0, "application/x-www-form-urlencoded")
    request_body: Schema = {"content": dict.fromkeys(types, content)}
    if required:
        request_body["required"] = True
    return request_body


def _is_file(schema: Schema) -> bool:
    return schema.get("format") == "binary" or schema.get("items", {}).get("format") == "binary"
