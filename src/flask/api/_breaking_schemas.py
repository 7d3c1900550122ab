"""Compares two schemas: what an input no longer accepts, or what an answer may newly have."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator

from ._names import Schema

Change: t.TypeAlias = tuple[str, str]
"""Where in the value, as a JSON Pointer with ``*`` for any item, and what has changed."""

_LOWER: t.Final = {
    "minimum": "the minimum",
    "exclusiveMinimum": "the exclusive minimum",
    "minLength": "the smallest length",
    "minItems": "the smallest number of items",
    "minProperties": "the smallest number of members",
}
_UPPER: t.Final = {
    "maximum": "the maximum",
    "exclusiveMaximum": "the exclusive maximum",
    "maxLength": "the largest length",
    "maxItems": "the largest number of items",
    "maxProperties": "the largest number of members",
}


class SchemaComparison:
    """Compares schemas of two documents.

    :param old: the document that clients know.
    :param new: the current document.
    """

    def __init__(self, old: Schema, new: Schema) -> None:
        self.old = old
        self.new = new
        self._known: dict[tuple[str, str, bool], list[Change]] = {}

    def resolve(self, part: Schema, document: Schema) -> tuple[Schema, str]:
        """Return what a part refers to, with the name of the component.

        :param part: a part of a document, which may be a reference.
        :param document: the document.
        """
        name = ""
        for _ in range(100):  # a reference to itself does not end
            reference = part.get("$ref")
            if not isinstance(reference, str) or not reference.startswith("#/"):
                break
            target: t.Any = document
            for step in reference[2:].split("/"):
                step = step.replace("~1", "/").replace("~0", "~")
                target = target.get(step, {}) if isinstance(target, dict) else {}
            name = reference.rpartition("/")[2]
            part = {**target, **{key: value for key, value in part.items() if key != "$ref"}}
        return part, name

    def compare(self, old: Schema, new: Schema, is_input: bool) -> list[Change]:
        """Return the breaking changes of a schema.

        :param old: a schema of the old document.
        :param new: a schema of the new document.
        :param is_input: whether clients send the value; otherwise they receive it.
        """
        key = json.dumps(old, sort_keys=True), json.dumps(new, sort_keys=True), is_input
        if key not in self._known:
            self._known[key] = []  # while a model that contains itself is compared
            self._known[key] = list(self._compare_variants(old, new, is_input))
        return self._known[key]

    def _compare_variants(self, old: Schema, new: Schema, is_input: bool) -> Iterator[Change]:
        """Compare each variant of the narrower side with those of the wider side that are like it.

        What an old client sends has to be accepted; what the new server sends, to be expected.
        """
        olds, news = self._split(old, self.old), self._split(new, self.new)
        narrow, wide = (olds, news) if is_input else (news, olds)
        are_several = len(olds) > 1 or len(news) > 1
        for each in narrow:
            alike = [other for other in wide if _is_alike(each, other, are_several)]
            if not alike:
                if len(olds) == 1 and len(news) == 1:
                    yield "", f"it is now {_label(news[0])}; it was {_label(olds[0])}"
                else:
                    yield "", _reject(_label(each), is_input)
                continue
            pairs = [(each, other) if is_input else (other, each) for other in alike]
            results = (list(self._compare_alike(old, new, is_input)) for old, new in pairs)
            yield from min(results, key=len)

    def _split(self, schema: Schema, document: Schema, depth: int = 0) -> list[Schema]:
        """Return the variants of a schema, each with at most one type."""
        schema, name = self.resolve(schema, document)
        members = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        if members and depth < 20:
            return [it for member in members for it in self._split(member, document, depth + 1)]
        kinds = schema.get("type")
        if isinstance(kinds, list):
            return [_keep_type(schema, kind) for kind in kinds]
        return [{**schema, "x-name": name} if name else schema]

    def _compare_alike(self, old: Schema, new: Schema, is_input: bool) -> Iterator[Change]:
        yield from _compare_values(old, new, is_input)
        yield from _compare_formats(old, new, is_input)
        if is_input:
            yield from _compare_limits(old, new)
        yield from self._compare_objects(old, new, is_input)
        yield from self._compare_arrays(old, new, is_input)

    def _compare_objects(self, old: Schema, new: Schema, is_input: bool) -> Iterator[Change]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            path = "/" + name.replace("~", "~0").replace("/", "~1")
            if name in after:
                for below, change in self.compare(schema, after[name], is_input):
                    yield path + below, change
            else:
                yield path, "it was removed"
        required_before, required_after = old.get("required", []), new.get("required", [])
        if is_input:
            for name in required_after:
                if name not in required_before:
                    is_new = "" if name in before else "new and "
                    yield f"/{name}", f"it is {'' if is_new else 'now '}{is_new}required"
        else:
            for name in required_before:
                if name not in required_after and name in after:
                    yield f"/{name}", "it may now be absent"
        yield from self._compare_others(old, new, is_input)

    def _compare_others(self, old: Schema, new: Schema, is_input: bool) -> Iterator[Change]:
        """Compare what is said of fields without a name, as in a dict."""
        before, after = old.get("additionalProperties", {}), new.get("additionalProperties", {})
        if isinstance(before, dict) and isinstance(after, dict):
            for below, change in self.compare(before, after, is_input):
                yield f"/*{below}", change
        elif is_input and after is False:
            yield "", "unknown fields are no longer accepted"

    def _compare_arrays(self, old: Schema, new: Schema, is_input: bool) -> Iterator[Change]:
        before, after = old.get("items", {}), new.get("items", {})
        if isinstance(before, dict) and isinstance(after, dict):
            for below, change in self.compare(before, after, is_input):
                yield f"/*{below}", change
        places_before, places_after = old.get("prefixItems", []), new.get("prefixItems", [])
        for place, schema in enumerate(places_before):
            if place >= len(places_after):
                yield f"/{place}", "it was removed"
                continue
            for below, change in self.compare(schema, places_after[place], is_input):
                yield f"/{place}{below}", change


def _keep_type(schema: Schema, kind: str) -> Schema:
    """Return a schema for one of its types only."""
    kept = {**schema, "type": kind}
    if "enum" in kept:
        kept["enum"] = [value for value in kept["enum"] if (value is None) is (kind == "null")]
    return kept


def _label(schema: Schema) -> str:
    name, kind = schema.get("x-name"), schema.get("type")
    return str(name) if name and kind in {"object", None} else str(kind or "any value")


def _is_alike(narrow: Schema, wide: Schema, are_several: bool) -> bool:
    """Return whether values of one schema may be values of the other.

    The tags of a union's models distinguish them.
    """
    kind, wider = narrow.get("type"), wide.get("type")
    if wider is None or kind == wider or (kind == "integer" and wider == "number"):
        tags, others = _tags_of(narrow), _tags_of(wide)
        if are_several and kind == "object":
            return tags == others
        return all(tags[name] == others[name] for name in tags.keys() & others.keys())
    return False


def _tags_of(schema: Schema) -> dict[str, object]:
    properties = schema.get("properties", {})
    return {name: each["const"] for name, each in properties.items() if "const" in each}


def _reject(what: str, is_input: bool) -> str:
    return f"{what} is no longer accepted" if is_input else f"it may now be {what}"


def _compare_values(old: Schema, new: Schema, is_input: bool) -> Iterator[Change]:
    before, after = _values_of(old), _values_of(new)
    narrow, wide = (before, after) if is_input else (after, before)
    if wide is None:
        return
    if narrow is None:
        values = ", ".join(map(_write, wide))
        yield "", f"it now has to be one of {values}" if is_input else f"it was one of {values}"
        return
    for value in narrow:
        if value not in wide:
            yield "", _reject(_write(value), is_input)


def _values_of(schema: Schema) -> list[object] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _write(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _compare_formats(old: Schema, new: Schema, is_input: bool) -> Iterator[Change]:
    """Compare what a text has to look like: an input gains it, or an answer loses it."""
    narrow, wide = (old, new) if is_input else (new, old)
    for keyword in ("format", "pattern", "contentEncoding") if is_input else ("format",):
        if keyword in wide and narrow.get(keyword) != wide[keyword]:
            name = {"contentEncoding": "encoding"}.get(keyword, keyword)
            yield "", f"the {name} is now {_show(new, keyword)}; it was {_show(old, keyword)}"


def _show(schema: Schema, keyword: str) -> str:
    return str(schema.get(keyword, "none"))


def _compare_limits(old: Schema, new: Schema) -> Iterator[Change]:
    old, new = _close_limits(old), _close_limits(new)
    for keyword, name in {**_LOWER, **_UPPER}.items():
        before, after = old.get(keyword), new.get(keyword)
        is_lower = keyword in _LOWER
        if after is None or after == before:
            continue
        if before is None:
            is_narrower = not (is_lower and keyword.endswith(("Length", "s")) and after == 0)
        else:
            is_narrower = after > before if is_lower else after < before
        if is_narrower:
            yield "", f"{name} is now {after}; it was {_show(old, keyword)}"
    step, step_before = new.get("multipleOf"), old.get("multipleOf")
    if step is not None and (step_before is None or step_before % step):
        yield "", f"it now has to be a multiple of {step}"
    if new.get("uniqueItems") and not old.get("uniqueItems"):
        yield "", "its items now have to be different"


def _close_limits(schema: Schema) -> Schema:
    """Return a schema of an integer with inclusive limits, which can be compared."""
    if schema.get("type") != "integer":
        return schema
    closed = {**schema}
    if "exclusiveMinimum" in closed:
        closed["minimum"] = closed.pop("exclusiveMinimum") + 1
    if "exclusiveMaximum" in closed:
        closed["maximum"] = closed.pop("exclusiveMaximum") - 1
    return closed
