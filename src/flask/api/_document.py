"""The OpenAPI 3.1.1 document of an application's typed operations.

It depends on the application alone: paths are sorted, methods have a fixed order, components are
sorted by name. ``docs/`` and tests compare it byte for byte.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping

from ._document_answers import Errors, describe_responses
from ._document_inputs import describe_body, describe_parameters
from ._names import Names, Schema
from ._operation import Settings
from ._paths import Route, list_routes, name_operations
from ._schema_parts import clean_doc, encode_value
from ._security import Requirement, Scheme
from ._settings import effective_settings
from ._shapes import shape_of

if t.TYPE_CHECKING:
    from ..app import Flask

VERSION: t.Final = "3.1.1"
"""The version of OpenAPI."""


class Described(Errors, t.Protocol):
    """What a document says of the whole API."""

    @property
    def title(self) -> str:
        """The name of the API."""
        ...

    @property
    def version(self) -> str:
        """Its version."""
        ...

    @property
    def description(self) -> str | None:
        """What it is for, in CommonMark."""
        ...

    @property
    def tags(self) -> Mapping[str, str]:
        """Descriptions of tags."""
        ...

    @property
    def blueprints(self) -> Collection[object] | None:
        """Only these blueprints are described."""
        ...

    @property
    def extra(self) -> Mapping[str, object]:
        """Further members of the document."""
        ...


def make_document(api: Described, app: Flask, script_root: str = "") -> Schema:
    """Return the document.

    :param api: what it says of the whole.
    :param app: the application.
    :param script_root: the path below which the server mounts the application.
    :raises ValueError: two models, or two security schemes, have the same name.
    """
    names = Names(lambda hint, names: shape_of(hint).schema(names))
    routes = list_routes(app, api.blueprints)
    settings = {id(each): effective_settings(app, each.endpoint, each.operation) for each in routes}
    shown = [each for each in routes if not settings[id(each)].hidden]
    all_settings = [settings[id(each)] for each in shown]
    paths: Schema = {}
    schemes: dict[str, Scheme] = {}
    tags: set[str] = set()
    named = name_operations(shown, lambda route: settings[id(route)].operation_id)
    for route, its_settings in zip(named, all_settings, strict=True):
        operation = _describe_operation(api, app, route, its_settings, names, schemes)
        if route.host:
            operation["servers"] = [{"url": _url_of(app, route.host, script_root)}]
        tags.update(operation.get("tags", ()))
        described = _merge(operation, its_settings.extra or {})
        paths.setdefault(route.path, {})[route.method.lower()] = described
    paths, components = names.finish(paths)
    document: Schema = {"openapi": VERSION, "info": _describe_api(api)}
    document["servers"] = [{"url": script_root or "/"}]
    all_tags = [*api.tags, *sorted(tags - api.tags.keys())]
    if all_tags:
        document["tags"] = [_describe_tag(tag, api.tags.get(tag)) for tag in all_tags]
    document["paths"] = paths
    if components:
        document.setdefault("components", {})["schemas"] = components
    if schemes:
        described_schemes = {name: schemes[name].to_schema() for name in sorted(schemes)}
        document.setdefault("components", {})["securitySchemes"] = described_schemes
    return _merge(document, api.extra)


def _describe_api(api: Described) -> Schema:
    info: Schema = {"title": api.title, "version": api.version}
    if api.description:
        info["description"] = clean_doc(api.description)
    return info


def _describe_tag(tag: str, description: str | None) -> Schema:
    return {"name": tag, "description": description} if description else {"name": tag}


def _url_of(app: Flask, host: str, script_root: str) -> str:
    """Return the address of a host or a subdomain, for the scheme of the document itself."""
    name = host if app.url_map.host_matching else f"{host}.{app.config['SERVER_NAME']}"
    return f"//{name}{script_root or '/'}"


def _describe_operation(
    api: Described,
    app: Flask,
    route: Route,
    settings: Settings,
    names: Names,
    schemes: dict[str, Scheme],
) -> Schema:
    operation: Schema = {}
    tags = settings.tags or _tags_of(app, route.endpoint, api.blueprints)
    if tags:
        operation["tags"] = list(tags)
    operation.update(_describe_texts(route, settings))
    operation["operationId"] = route.operation_id
    if settings.deprecated:
        operation["deprecated"] = True
    security = _describe_security(route, settings, schemes)
    if security is not None:
        operation["security"] = security
    parameters = describe_parameters(route, names)
    if parameters:
        operation["parameters"] = parameters
    body = describe_body(route.operation, names)
    if body is not None:
        operation["requestBody"] = body
    status: t.Any = app.config.get("API_VALIDATION_STATUS", 422)
    operation["responses"] = describe_responses(route, settings, names, api, status, operation)
    if settings.examples:
        _add_examples(operation, settings.examples)
    return operation


def _tags_of(app: Flask, endpoint: str, described: Collection[object] | None) -> tuple[str, ...]:
    """Return the usual tag: the outermost blueprint, or the one inside the described blueprint."""
    names = endpoint.split(".")[:-1]
    for place in range(1, len(names)):
        if described and app.blueprints.get(".".join(names[:place])) in described:
            return (names[place],)
    return tuple(names[:1])


def _describe_texts(route: Route, settings: Settings) -> Schema:
    """Return summary and description: of the settings, or else of the view's docstring."""
    first, _, rest = clean_doc(route.operation.view.__doc__).partition("\n\n")
    summary = settings.summary if settings.summary is not None else " ".join(first.split("\n"))
    description = settings.description if settings.description is not None else rest.strip()
    texts = {"summary": summary, "description": description}
    return {name: text for name, text in texts.items() if text}


def _describe_security(
    route: Route, settings: Settings, schemes: dict[str, Scheme]
) -> list[dict[str, list[str]]] | None:
    """Return the alternatives, each with all requirements that decorators add to it."""
    if settings.security is None and not route.requirements:
        return None
    always = route.requirements
    alternatives = [(each, *always) for each in settings.security or ()] or [always]
    described = [_describe_requirements(alternative, schemes) for alternative in alternatives]
    return [each for each in described if each]


def _describe_requirements(
    requirements: tuple[Requirement, ...], schemes: dict[str, Scheme]
) -> dict[str, list[str]]:
    described: dict[str, list[str]] = {}
    for requirement in requirements:
        scheme = requirement.scheme
        other = schemes.setdefault(scheme.name, scheme)
        if other.to_schema() != scheme.to_schema():
            raise ValueError(
                f"Two security schemes are named {scheme.name!r}: {other!r} and {scheme!r}."
                " Give one of them another name."
            )
        scopes = described.setdefault(scheme.name, [])
        scopes += [scope for scope in requirement.scopes if scope not in scopes]
    return described


def _add_examples(operation: Schema, examples: Mapping[str, object]) -> None:
    """Add examples to the body of the request, or of the first answer if it takes none."""
    described = {name: {"value": encode_value(value)} for name, value in examples.items()}
    holders = [operation.get("requestBody", {}), *operation["responses"].values()]
    holder: Schema = next((each for each in holders if each.get("content")), {})
    for content in holder.get("content", {}).values():
        content["examples"] = described


def _merge(described: Schema, extra: Mapping[str, t.Any]) -> Schema:
    """Return a description with further members; objects are merged, other values replaced."""
    merged = {**described}
    for name, value in extra.items():
        before = merged.get(name)
        if isinstance(before, dict) and isinstance(value, Mapping):
            merged[name] = _merge(before, value)
        else:
            merged[name] = value
    return merged
