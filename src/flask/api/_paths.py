"""The typed routes of an application: paths, methods, converters and operation ids.

- Untyped views, WebSockets, redirects and aliases are absent.
- A route of a fixed host or subdomain has a server of its own. One whose host has a variable part
  is absent, because no address can be given for it.
- If two routes have one path and method, the first in matching order is in the document.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from werkzeug.routing import (
    AnyConverter,
    BaseConverter,
    FloatConverter,
    IntegerConverter,
    PathConverter,
    Rule,
    UnicodeConverter,
    UUIDConverter,
)

from .._routing.rule import get_converter
from ._names import Schema
from ._operation import Operation, find_operation
from ._security import Requirement, get_requirements

if t.TYPE_CHECKING:
    from ..app import Flask

METHODS: t.Final = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE")
"""The methods of a Path Item Object, in its order."""

_VARIABLE = re.compile(r"<(?:[a-zA-Z_]\w*(?:\(.*?\))?:)?([a-zA-Z_]\w*)>", re.ASCII)


@dataclass(frozen=True, slots=True)
class Route:
    """A typed view at a path, for one method."""

    path: str
    """The path template, such as ``/orders/{id}``."""
    method: str
    endpoint: str
    operation: Operation
    requirements: tuple[Requirement, ...]
    """What `documents` left on the view."""
    converters: Mapping[str, BaseConverter]
    """The converters of the path's variables, in order."""
    host: str = ""
    """The host or subdomain, if the rule has one."""
    operation_id: str = ""


def list_routes(app: Flask, blueprints: Collection[object] | None = None) -> list[Route]:
    """Return the typed routes of an application, sorted by path and method.

    :param app: the application.
    :param blueprints: only routes of these blueprints, and of those that are nested in them.
    """
    found: dict[tuple[str, str, str], Route] = {}
    for rule in app.url_map.iter_rules():
        if _is_described(rule) and (blueprints is None or _is_within(app, rule, blueprints)):
            for route in _read_rule(app, rule):
                found.setdefault((route.path, route.method, route.host), route)
    first: dict[tuple[str, str], Route] = {}
    for (path, method, _), route in sorted(found.items(), key=lambda item: item[0][2]):
        first.setdefault((path, method), route)
    return sorted(first.values(), key=lambda route: (route.path, METHODS.index(route.method)))


def _is_described(rule: Rule) -> bool:
    host = (rule.host or "") + (rule.subdomain or "")
    return not (
        rule.websocket
        or rule.build_only
        or rule.alias
        or rule.redirect_to is not None
        or "<" in host
    )


def _is_within(app: Flask, rule: Rule, blueprints: Collection[object]) -> bool:
    parts = rule.endpoint.split(".")
    outer = (".".join(parts[:end]) for end in range(1, len(parts)))
    return any(app.blueprints.get(name) in blueprints for name in outer)


def _read_rule(app: Flask, rule: Rule) -> Iterable[Route]:
    """Yield the typed view of a rule for each of its methods."""
    view = app.view_functions.get(rule.endpoint)
    is_automatic = getattr(rule, "provide_automatic_options", False)
    names = _VARIABLE.findall(rule.rule)
    converters = {name: get_converter(rule, name) or BaseConverter(app.url_map) for name in names}
    for method in sorted(rule.methods or ()):
        if method not in METHODS or (method == "OPTIONS" and is_automatic):
            continue
        view_class = getattr(view, "view_class", None)
        handler = getattr(view_class, method.lower(), None)
        if method == "HEAD" and "GET" in (rule.methods or ()) and handler is None:
            continue
        handler = handler or getattr(view_class, "dispatch_request", None)
        operation = find_operation(view, method)
        if operation is not None:
            yield Route(
                path=_VARIABLE.sub(r"{\1}", rule.rule),
                method=method,
                endpoint=rule.endpoint,
                operation=operation,
                requirements=(*get_requirements(handler), *get_requirements(view)),
                converters=converters,
                host=rule.host or rule.subdomain or "",
            )


def name_operations(
    routes: Sequence[Route], chosen: Callable[[Route], str | None] = lambda route: None
) -> list[Route]:
    """Return the routes with their operation ids.

    The id is the endpoint with ``_`` for dots. If the endpoint has several methods, the method is
    added. If it has several paths, the variables that the first path does not have are added.

    :param routes: all routes of a document.
    :param chosen: returns ``operation_id`` of a route's settings.
    """
    methods: dict[str, set[str]] = {}
    for route in routes:
        methods.setdefault(route.endpoint, set()).add(route.method)
    taken: dict[tuple[str, str], list[Route]] = {}
    used: set[str] = set()
    named = []
    for route in routes:
        name = chosen(route) or route.endpoint.replace(".", "_")
        if len(methods[route.endpoint]) > 1:
            name = f"{name}_{route.method.lower()}"
        others = taken.setdefault((route.endpoint, route.method), [])
        if others:
            more = [name for name in route.converters if name not in others[0].converters]
            name = "_".join([name, *(more or [str(len(others) + 1)])])
        while name in used:
            name = f"{name}_{len(others) + 2}"
        used.add(name)
        named.append(replace(route, operation_id=name))
        others.append(named[-1])
    return named


def describe_converter(converter: BaseConverter) -> Schema:
    """Return the schema of the values that a converter accepts.

    :param converter: the converter of a path's variable.
    """
    if isinstance(converter, AnyConverter):
        items = [
            re.sub(r"\\(.)", r"\1", it) for it in re.split(r"(?<!\\)\|", converter.regex[3:-1])
        ]
        return {"type": "string", "enum": items}
    if isinstance(converter, UUIDConverter):
        return {"type": "string", "format": "uuid"}
    if isinstance(converter, IntegerConverter | FloatConverter):
        return _describe_number(converter)
    schema: Schema = {"type": "string"}
    size = re.fullmatch(r"\[\^/\]\{(\d+)(,?)(\d*)\}", converter.regex)
    if isinstance(converter, UnicodeConverter) and size is not None:
        smallest = int(size[1])
        largest = int(size[3]) if size[3] else None if size[2] else smallest
        if smallest > 1:
            schema["minLength"] = smallest
        if largest is not None:
            schema["maxLength"] = largest
    return schema


def _describe_number(converter: IntegerConverter | FloatConverter) -> Schema:
    if converter.fixed_digits:  # leading zeros are part of the text
        return {"type": "string", "pattern": rf"^\d{{{converter.fixed_digits}}}$"}
    kind = "integer" if isinstance(converter, IntegerConverter) else "number"
    schema: Schema = {"type": kind}
    smallest = converter.min if converter.signed or converter.min else 0
    if smallest is not None:
        schema["minimum"] = smallest
    if converter.max is not None:
        schema["maximum"] = converter.max
    return schema


def can_refuse(converter: BaseConverter) -> bool:
    """Return whether a text in the path may be no value of the converter.

    :param converter: the converter of a path's variable.
    """
    if type(converter) is UnicodeConverter:
        return converter.regex != "[^/]{1,}"
    return type(converter) is not PathConverter
