"""A document that clients know, and ways to change it."""

from __future__ import annotations

import json
import typing as t

Document = dict[str, t.Any]
Change = t.Callable[[Document], object]

STRING = {"type": "string"}
INTEGER = {"type": "integer"}

SCHEMAS: Document = {
    "NewOrder": {
        "type": "object",
        "properties": {
            "name": {**STRING, "minLength": 1, "maxLength": 80},
            "count": {**INTEGER, "minimum": 1, "default": 1},
            "note": {"type": ["string", "null"]},
            "color": {**STRING, "enum": ["red", "blue"]},
            "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
            "extra": {"type": "object", "additionalProperties": INTEGER},
            "pair": {"type": "array", "prefixItems": [INTEGER, STRING]},
        },
        "required": ["name"],
    },
    "Line": {
        "type": "object",
        "properties": {"price": {"type": "number"}, "inner": {"$ref": "#/components/schemas/Line"}},
    },
    "Order": {
        "type": "object",
        "properties": {
            "id": INTEGER,
            "at": {**STRING, "format": "date-time"},
            "state": {**STRING, "enum": ["new", "sent"]},
            "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
            "left": {**INTEGER, "maximum": 10},
        },
        "required": ["id", "at"],
    },
    "Cat": {
        "type": "object",
        "properties": {"kind": {"const": "cat"}, "lives": INTEGER},
        "required": ["kind"],
    },
    "Dog": {
        "type": "object",
        "properties": {"kind": {"const": "dog"}, "name": STRING},
        "required": ["kind"],
    },
}


def reference(*names: str) -> Document:
    found = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    return found[0] if len(found) == 1 else {"oneOf": found}


OLD: Document = {
    "openapi": "3.1.1",
    "paths": {
        "/orders": {
            "parameters": [{"name": "Trace-Id", "in": "header", "schema": STRING}],
            "get": {
                "parameters": [
                    {"name": "page", "in": "query", "schema": {**INTEGER, "minimum": 1}},
                    {"name": "by", "in": "query", "schema": {**STRING, "enum": ["up", "down"]}},
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": reference("Order")}}},
                    "409": {"description": "Conflict"},
                    "422": {"description": "Invalid"},
                },
            },
            "post": {
                "security": [{"token": ["read"]}],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": reference("NewOrder")},
                        "text/csv": {"schema": STRING},
                    }
                },
                "responses": {"201": {"content": {"application/json": {"schema": INTEGER}}}},
            },
        },
        "/pets/{id}": {
            "put": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": STRING}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": reference("Cat", "Dog")}},
                },
                "responses": {
                    "200": {"content": {"application/json": {"schema": reference("Cat", "Dog")}}}
                },
            }
        },
    },
    "components": {"schemas": SCHEMAS},
}


def copy_of(document: Document) -> Document:
    """Return a copy in which no two parts are the same object."""
    return t.cast("Document", json.loads(json.dumps(document)))


def path_to(document: Document, *keys: object) -> t.Any:
    part: t.Any = document
    for key in keys:
        part = part[key]
    return part


def get(document: Document) -> t.Any:
    return document["paths"]["/orders"]["get"]


def post(document: Document) -> t.Any:
    return document["paths"]["/orders"]["post"]


def put(document: Document) -> t.Any:
    return document["paths"]["/pets/{id}"]["put"]


def json_of(holder: Document) -> t.Any:
    return holder["content"]["application/json"]


def model(name: str, *keys: str) -> t.Callable[[Document], t.Any]:
    return lambda document: path_to(document, "components", "schemas", name, *keys)


def field(name: str, field_name: str, **changes: object) -> Change:
    return lambda it: model(name, "properties", field_name)(it).update(changes)


def add(name: str, field_name: str, schema: Document) -> Change:
    return lambda it: model(name, "properties")(it).update({field_name: schema})


def remove(name: str, field_name: str) -> Change:
    return lambda it: model(name, "properties")(it).pop(field_name)


def require(name: str, *names: str) -> Change:
    return lambda it: model(name)(it).update({"required": list(names)})
