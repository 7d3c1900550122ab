"""Responses of an operation in the document: its answers, and the errors that can happen."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ._names import Names, Schema
from ._operation import REQUIRED, Answer, Settings
from ._paths import Route, can_refuse
from ._problems import MEDIA_TYPE, Invalid, Problem, member_hints, title_of, type_uri
from ._schema_parts import clean_doc, describe_file, encode_value

Contents: t.TypeAlias = dict[str, list[Schema]]
"""The schemas of a response by media type."""

_PROBLEM: t.Final[Schema] = {
    "type": {
        "type": "string",
        "format": "uri-reference",
        "description": "Names the kind of problem.",
    },
    "title": {"type": "string", "description": "A short name of the kind of problem."},
    "status": {"type": "integer", "description": "The HTTP status."},
    "detail": {"type": "string", "description": "What happened this time."},
}
"""The members of problem details (RFC 9457, section 3.1) that this package sends."""

_INVALID: t.Final[Schema] = {
    "type": "object",
    "properties": {
        "in": {
            "type": "string",
            "enum": ["body", "query", "header", "cookie", "form"],
            "description": "The part of the request.",
        },
        "pointer": {
            "type": "string",
            "description": "Where the value is in the body: a JSON Pointer (RFC 6901).",
        },
        "name": {"type": "string", "description": "The name of the parameter."},
        "code": {"type": "string", "description": "Why the value is not valid."},
        "detail": {"type": "string", "description": "The same, for people."},
    },
    "required": ["in", "code", "detail"],
}
"""An entry of ``errors``."""


class Errors(t.Protocol):
    """What the errors of an application depend on."""

    @property
    def problems(self) -> str | None:
        """The prefix of unknown URLs that are problems."""
        ...

    @property
    def problem_base(self) -> str | None:
        """What the types of problems begin with."""
        ...


def describe_responses(
    route: Route,
    settings: Settings,
    names: Names,
    errors: Errors,
    validation_status: int,
    parts: Mapping[str, t.Any],
) -> Schema:
    """Return the Responses Object of a route, sorted by status.

    :param route: the route.
    :param settings: its settings, with those of its blueprints.
    :param names: the models of the document.
    :param errors: settings of the ``API`` object.
    :param validation_status: ``API_VALIDATION_STATUS``.
    :param parts: ``parameters`` and ``requestBody`` of the operation, if it has them.
    """
    found: dict[int, tuple[str, Contents]] = {}
    for answer in route.operation.answers:
        for each in (answer, *(replace(answer, media_type=it) for it in answer.other_types)):
            _add(found, _status_of(answer, route, settings), "", _describe_answer(each, names))
    base = errors.problem_base
    for status in _list_statuses(route, parts, settings):
        _add(found, status, "", {MEDIA_TYPE: [refer_to_problem(names)]})
    if _can_be_invalid(route, parts, names):
        _add(found, validation_status, "", {MEDIA_TYPE: [refer_to_invalid(names, base)]})
    if _can_be_unknown(route) and not route.path.startswith(errors.problems or "\0"):
        found[404][1].setdefault("text/html", [{"type": "string"}])
    for error in settings.errors:
        if isinstance(error, int):
            _add(found, error, "", {MEDIA_TYPE: [refer_to_problem(names)]})
        else:
            reference = refer_to_problem_class(error, names, base)
            summary = clean_doc(error.__dict__.get("__doc__")).partition("\n")[0]
            _add(found, error.status, summary, {MEDIA_TYPE: [reference]})
    return {str(status): _join(status, *found[status], route, names) for status in sorted(found)}


def _add(
    found: dict[int, tuple[str, Contents]], status: int, description: str, contents: Contents
) -> None:
    before, known = found.get(status, ("", {}))
    for media_type, schemas in contents.items():
        known.setdefault(media_type, []).extend(schemas)
    found[status] = (before or description, known)


def _join(status: int, description: str, contents: Contents, route: Route, names: Names) -> Schema:
    """Return a Response Object; several schemas of one media type are alternatives."""
    response: Schema = {"description": description or title_of(status)}
    if not contents or route.method == "HEAD":
        return response
    response["content"] = {}
    for media_type, schemas in contents.items():
        unique = [each for place, each in enumerate(schemas) if each not in schemas[:place]]
        schema = unique[0] if len(unique) == 1 else {"anyOf": unique}
        response["content"][media_type] = {"schema": schema}
        if unique == [refer_to_problem(names)]:
            example = {"type": "about:blank", "title": title_of(status), "status": status}
            response["content"][media_type]["example"] = example
    return response


# Answers ------------------------------------------------------------------------------------------


def _status_of(answer: Answer, route: Route, settings: Settings) -> int:
    is_default = answer.status == 200 and route.operation.settings.status is None
    return settings.status if is_default and settings.status is not None else answer.status


def _describe_answer(answer: Answer, names: Names) -> Contents:
    if answer.kind in {"empty", "untyped"}:
        return {}
    media_type = answer.media_type or "application/octet-stream"
    if answer.kind == "bytes":
        return {media_type: [describe_file(media_type)]}
    if answer.kind == "events":
        return {media_type: [{"type": "string", "contentMediaType": media_type}]}
    schema = names.describe(answer.hint)
    if answer.kind == "lines":  # 3.1 describes the whole body; 3.2 has `itemSchema`
        lines = {"type": "string", "contentMediaType": media_type, "x-itemSchema": schema}
        return {media_type: [lines]}
    return {media_type: [schema]}


# Errors -------------------------------------------------------------------------------------------


def _list_statuses(route: Route, parts: Mapping[str, t.Any], settings: Settings) -> Iterable[int]:
    """Yield the statuses of errors that follow from what an operation takes."""
    body, form = route.operation.inputs.body, route.operation.inputs.form
    if body is not None and body.kind in {"json", "patch", "text"}:
        yield 400
    if route.requirements or settings.security:
        yield 401
    if route.requirements or any(each.scopes for each in settings.security or ()):
        yield 403
    if _can_be_unknown(route):
        yield 404
    if form or (body is not None and (body.kind in {"json", "patch", "text"} or body.media_types)):
        yield 415


def _can_be_unknown(route: Route) -> bool:
    """Return whether a value of the path may be none of the converter, or of the annotation."""
    inputs = route.operation.inputs
    return any(
        can_refuse(converter) or inputs.unmarked.get(name, str) is not str
        for name, converter in route.converters.items()
    )


def _can_be_invalid(route: Route, parts: Mapping[str, t.Any], names: Names) -> bool:
    """Return whether a value of the request may be refused."""
    inputs = route.operation.inputs
    if any(each.is_model and not isinstance(each.hint, type) for each in inputs.parameters):
        return True  # the values together decide which model of a union it is
    for parameter in parts.get("parameters", ()):
        if parameter["in"] != "path":
            is_required = parameter.get("required", False)
            if is_required or not _takes_any_text(parameter.get("schema", {"type": "object"})):
                return True
    body = inputs.body
    if body is not None and body.kind in {"json", "patch"}:
        return body.kind == "patch" or names.describe(body.hint) != {}
    if body is not None:
        return t.get_origin(body.hint) is t.Annotated
    for content in parts.get("requestBody", {}).get("content", {}).values():
        fields = content["schema"]
        if "required" in fields or not all(map(_takes_any_text, fields["properties"].values())):
            return True
    return False


def _takes_any_text(schema: Schema) -> bool:
    if schema.get("type") == "array":
        return _takes_any_text(schema.get("items", {})) and not schema.keys() & _SIZES
    is_text = schema.get("type", "string") == "string" and "$ref" not in schema
    return is_text and not schema.keys() & _TEXT_LIMITS and "anyOf" not in schema


_SIZES: t.Final = {"minItems", "maxItems"}
_TEXT_LIMITS: t.Final = {"minLength", "maxLength", "pattern", "format", "enum", "const"}


def refer_to_problem(names: Names) -> Schema:
    """Return a reference to problem details without members of their own.

    :param names: the models of the document.
    """

    def make() -> Schema:
        doc = "An error (RFC 9457)."
        return {"description": doc, **_describe_members({}, [])}

    return names.refer(Problem, "Problem", Problem.__module__, make, is_explicit=True)


def refer_to_invalid(names: Names, base: str | None) -> Schema:
    """Return a reference to the problem details of values that are not valid.

    :param names: the models of the document.
    :param base: what the types of problems begin with.
    """

    def make() -> Schema:
        items = {"type": "array", "items": _INVALID, "maxItems": 100}
        uri = type_uri(Invalid, base)
        example = {
            "type": uri,
            "title": title_of(422),
            "status": 422,
            "detail": "1 value is not valid.",
            "errors": [
                {"in": "body", "pointer": "#/count", "code": "missing", "detail": "Is required."}
            ],
        }
        doc = "Values of the request are not valid."
        members = _describe_members({"errors": items}, ["errors"], uri)
        return {"description": doc, **members, "examples": [example]}

    return names.refer(Invalid, "Invalid", Invalid.__module__, make, is_explicit=True)


def refer_to_problem_class(kind: type[Problem], names: Names, base: str | None) -> Schema:
    """Return a reference to the problem details of a class.

    :param kind: the class.
    :param names: the models of the document.
    :param base: what the types of problems begin with.
    """

    def make() -> Schema:
        members: Schema = {}
        required: list[str] = []
        for name, hint in member_hints(kind).items():
            members[name] = {**names.describe(hint)}
            default = encode_value(getattr(kind, name, REQUIRED))
            if default is REQUIRED:
                required.append(name)
            else:
                members[name]["default"] = default
        described = _describe_members(members, required, type_uri(kind, base), kind.status)
        doc = clean_doc(kind.__dict__.get("__doc__"))
        return {**({"description": doc} if doc else {}), **described}

    return names.refer_to_class(kind, make)


def _describe_members(
    members: Schema, required: list[str], uri: str = "about:blank", status: int | None = None
) -> Schema:
    properties = {name: {**schema} for name, schema in _PROBLEM.items()}
    if uri != "about:blank":
        properties["type"]["const"] = uri
    if status is not None:
        properties["status"]["const"] = status
    return {
        "type": "object",
        "properties": {**properties, **members},
        "required": ["type", "title", "status", *required],
    }
