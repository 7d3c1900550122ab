"""Breaking changes between two documents of an API, in words.

A change breaks if a client that was written for the old document may no longer work:

- An operation, a response, a field or a parameter is removed, or a media type is no longer used.
- An input accepts less: it is newly required, or has a narrower type, enum or limit.
- An answer may have what the client does not expect: another type, ``null``, a new value of an
  enum, a field that may be absent. Limits of an answer do not count.
- More is needed to authenticate.

Further operations, responses, optional inputs and fields of answers do not break. Neither does the
end of 400, 415 or 422: these follow from the inputs, which are compared themselves.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator

from ._breaking_schemas import SchemaComparison
from ._names import Schema
from ._paths import METHODS

_OF_INPUTS: t.Final = {"400", "415", "422"}


def find_breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Return a sentence for each breaking change: operation, place, and what has changed.

    :param old: the document that clients know.
    :param new: the current document.
    """
    comparison = SchemaComparison(old, new)
    known = {
        (_unify(path), method): (path, described)
        for path, method, described in _list_operations(new)
    }
    changes: list[str] = []
    for path, method, before in _list_operations(old):
        name = f"{method.upper()} {path}"
        found = known.get((_unify(path), method))
        if found is None:
            changes.append(f"{name}: the operation was removed.")
            continue
        pair = _Pair(comparison, path, before, *found)
        changes += [f"{name}: {change}." for change in pair.compare()]
    return changes


def _list_operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    """Yield the operations, with the parameters and the security that they have from outside."""
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            operation = item.get(method.lower())
            if operation is not None:
                shared = {"parameters": item.get("parameters", [])}
                parameters = [*shared["parameters"], *operation.get("parameters", [])]
                security = operation.get("security", document.get("security", []))
                yield (
                    path,
                    method.lower(),
                    {**operation, "parameters": parameters, "security": security},
                )


def _unify(path: str) -> str:
    """Return a path in which the names of variables do not matter."""
    return re.sub(r"\{[^}]*\}", "{}", path)


class _Pair:
    """An operation of the old document, and the one of the new document."""

    def __init__(
        self, schemas: SchemaComparison, old_path: str, old: Schema, new_path: str, new: Schema
    ) -> None:
        self.schemas = schemas
        self.old = old
        self.new = new
        self.variables = dict(
            zip(re.findall(r"\{(.*?)\}", new_path), re.findall(r"\{(.*?)\}", old_path), strict=True)
        )

    def compare(self) -> Iterator[str]:
        yield from self._compare_security()
        yield from self._compare_parameters()
        yield from self._compare_bodies()
        yield from self._compare_responses()

    # Authentication

    def _compare_security(self) -> Iterator[str]:
        new = self.new["security"] or [{}]
        for alternative in self.old["security"] or [{}]:
            if not any(_is_enough(alternative, each) for each in new):
                given = " and ".join(_write_requirements(alternative)) or "no authentication"
                wanted = " or ".join(" and ".join(_write_requirements(each)) for each in new)
                yield f"security: {given} is no longer enough; the client needs {wanted}"

    # Parameters

    def _compare_parameters(self) -> Iterator[str]:
        old = self._index_parameters(self.schemas.old, self.old, {})
        new = self._index_parameters(self.schemas.new, self.new, self.variables)
        for key, before in old.items():
            place = _write_parameter(before)
            after = new.get(key)
            if after is None:
                yield f"{place}: it was removed"
                continue
            if after.get("required") and not before.get("required"):
                yield f"{place}: it is now required"
            schemas = _get_schema(before), _get_schema(after)
            yield from self._compare_schemas(place, *schemas, is_input=True)
        for key, after in new.items():
            if key not in old and after.get("required"):
                yield f"{_write_parameter(after)}: it is new and required"

    def _index_parameters(
        self, document: Schema, operation: Schema, variables: dict[str, str]
    ) -> dict[tuple[str, str], Schema]:
        indexed = {}
        for each in operation["parameters"]:
            parameter = self.schemas.resolve(each, document)[0]
            name, place = str(parameter["name"]), str(parameter["in"])
            if place == "path":
                name = variables.get(name, name)
            indexed[place, name.lower() if place == "header" else name] = parameter
        return indexed

    # Bodies and responses

    def _compare_bodies(self) -> Iterator[str]:
        before = self._resolve(self.schemas.old, self.old.get("requestBody", {}))
        after = self._resolve(self.schemas.new, self.new.get("requestBody", {}))
        if before and not after:
            yield "body: it is no longer read"
            return
        if after.get("required") and not before.get("required"):
            yield "body: it is now required"
        if before:
            yield from self._compare_contents("body", before, after, is_input=True)

    def _compare_responses(self) -> Iterator[str]:
        for status, described in self.old.get("responses", {}).items():
            place = f"response {status}"
            if status not in self.new.get("responses", {}):
                if status not in _OF_INPUTS:
                    yield f"{place}: it was removed"
                continue
            before = self._resolve(self.schemas.old, described)
            after = self._resolve(self.schemas.new, self.new["responses"][status])
            yield from self._compare_contents(place, before, after, is_input=False)

    def _resolve(self, document: Schema, part: Schema) -> Schema:
        return self.schemas.resolve(part, document)[0]

    def _compare_contents(
        self, place: str, old: Schema, new: Schema, is_input: bool
    ) -> Iterator[str]:
        content = new.get("content", {})
        for media_type, before in old.get("content", {}).items():
            after = content.get(media_type)
            if after is not None:
                schemas = before.get("schema", {}), after.get("schema", {})
                yield from self._compare_schemas(place, *schemas, is_input=is_input)
            elif is_input:
                yield f"{place}: {media_type} is no longer accepted"
            elif media_type != "text/html" or not place.startswith("response 4"):
                yield f"{place}: {media_type} is no longer sent"

    def _compare_schemas(
        self, place: str, old: Schema, new: Schema, is_input: bool
    ) -> Iterator[str]:
        for path, change in self.schemas.compare(old, new, is_input):
            yield f"{place} {path}: {change}" if path else f"{place}: {change}"


def _is_enough(given: Schema, wanted: Schema) -> bool:
    return all(name in given and set(scopes) <= set(given[name]) for name, scopes in wanted.items())


def _write_requirements(alternative: Schema) -> list[str]:
    return [
        f"{name} with {', '.join(scopes)}" if scopes else name
        for name, scopes in alternative.items()
    ]


def _write_parameter(parameter: Schema) -> str:
    return f"{parameter['in']} parameter {parameter['name']}"


def _get_schema(parameter: Schema) -> Schema:
    """Return the schema of a parameter, which may be that of a media type."""
    contents: list[Schema] = [*parameter.get("content", {}).values(), {}]
    schema: Schema = parameter.get("schema") or contents[0].get("schema", {})
    return schema
