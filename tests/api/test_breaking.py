"""Breaking changes between two documents."""

from __future__ import annotations

import pytest
from breaking_documents import (
    INTEGER,
    OLD,
    STRING,
    Change,
    add,
    copy_of,
    field,
    get,
    json_of,
    model,
    post,
    put,
    reference,
    remove,
    require,
)

from flask.api._breaking import find_breaking_changes

GET, POST, PUT = "GET /orders: ", "POST /orders: ", "PUT /pets/{id}: "

BREAKING: list[tuple[str, Change, list[str]]] = [
    ("path", lambda it: it["paths"].pop("/pets/{id}"), [PUT + "the operation was removed."]),
    ("method", lambda it: it["paths"]["/orders"].pop("get"), [GET + "the operation was removed."]),
    # Parameters
    (
        "parameter removed",
        lambda it: get(it)["parameters"].pop(),
        [GET + "query parameter by: it was removed."],
    ),
    (
        "parameter required",
        lambda it: get(it)["parameters"][0].update(required=True),
        [GET + "query parameter page: it is now required."],
    ),
    (
        "new required parameter",
        lambda it: get(it)["parameters"].append({"name": "q", "in": "query", "required": True}),
        [GET + "query parameter q: it is new and required."],
    ),
    (
        "limit of a parameter",
        lambda it: get(it)["parameters"][0]["schema"].update(minimum=5, maximum=9),
        [
            GET + "query parameter page: the minimum is now 5; it was 1.",
            GET + "query parameter page: the maximum is now 9; it was none.",
        ],
    ),
    (
        "exclusive limit",
        lambda it: get(it)["parameters"][0].update(schema={**INTEGER, "exclusiveMinimum": 1}),
        [GET + "query parameter page: the minimum is now 2; it was 1."],
    ),
    (
        "enum of a parameter",
        lambda it: get(it)["parameters"][1]["schema"].update(enum=["down", "left"]),
        [GET + 'query parameter by: "up" is no longer accepted.'],
    ),
    (
        "header of the path required",
        lambda it: it["paths"]["/orders"]["parameters"][0].update(required=True),
        [
            GET + "header parameter Trace-Id: it is now required.",
            POST + "header parameter Trace-Id: it is now required.",
        ],
    ),
    (
        "type of a variable",
        lambda it: put(it)["parameters"][0].update(schema=INTEGER),
        [PUT + "path parameter id: it is now integer; it was string."],
    ),
    (
        "format of a variable",
        lambda it: put(it)["parameters"][0].update(schema={**STRING, "format": "uuid"}),
        [PUT + "path parameter id: the format is now uuid; it was none."],
    ),
    # Body
    (
        "body removed",
        lambda it: put(it).pop("requestBody"),
        [PUT + "body: it is no longer read."],
    ),
    (
        "body required",
        lambda it: post(it)["requestBody"].update(required=True),
        [POST + "body: it is now required."],
    ),
    (
        "media type of the body",
        lambda it: post(it)["requestBody"]["content"].pop("text/csv"),
        [POST + "body: text/csv is no longer accepted."],
    ),
    (
        "field required",
        require("NewOrder", "name", "count"),
        [POST + "body /count: it is now required."],
    ),
    (
        "new required field",
        lambda it: (add("NewOrder", "a", STRING)(it), require("NewOrder", "name", "a")(it)),
        [POST + "body /a: it is new and required."],
    ),
    ("field removed", remove("NewOrder", "note"), [POST + "body /note: it was removed."]),
    (
        "type of a field",
        field("NewOrder", "count", type="string", minimum=1),
        [POST + "body /count: it is now string; it was integer."],
    ),
    (
        "null of a field",
        field("NewOrder", "note", type="string"),
        [POST + "body /note: null is no longer accepted."],
    ),
    (
        "length",
        field("NewOrder", "name", minLength=2, maxLength=20, pattern="^a"),
        [
            POST + "body /name: the pattern is now ^a; it was none.",
            POST + "body /name: the smallest length is now 2; it was 1.",
            POST + "body /name: the largest length is now 20; it was 80.",
        ],
    ),
    (
        "number of items",
        field("NewOrder", "lines", minItems=1, uniqueItems=True),
        [
            POST + "body /lines: the smallest number of items is now 1; it was none.",
            POST + "body /lines: its items now have to be different.",
        ],
    ),
    (
        "multiple",
        field("NewOrder", "count", multipleOf=5),
        [POST + "body /count: it now has to be a multiple of 5."],
    ),
    (
        "enum of a field",
        field("NewOrder", "color", enum=["red"]),
        [POST + 'body /color: "blue" is no longer accepted.'],
    ),
    (
        "new enum",
        field("NewOrder", "name", enum=["a"]),
        [POST + 'body /name: it now has to be one of "a".'],
    ),
    (
        "unknown fields",
        lambda it: model("NewOrder")(it).update(additionalProperties=False),
        [POST + "body: unknown fields are no longer accepted."],
    ),
    (
        "values of a dict",
        field("NewOrder", "extra", additionalProperties=STRING),
        [POST + "body /extra/*: it is now string; it was integer."],
    ),
    (
        "items of a tuple",
        field("NewOrder", "pair", prefixItems=[STRING]),
        [
            POST + "body /pair/0: it is now string; it was integer.",
            POST + "body /pair/1: it was removed.",
        ],
    ),
    (
        "a model that contains itself",
        field("Line", "price", type="integer"),
        [POST + "body /lines/*/price: it is now integer; it was number."],
    ),
    (
        "a model of a union removed",
        lambda it: json_of(put(it)["requestBody"]).update(schema=reference("Cat")),
        [PUT + "body: Dog is no longer accepted."],
    ),
    (
        "a model of a union changed",
        require("Dog", "kind", "name"),
        [PUT + "body /name: it is now required."],
    ),
    # Responses
    (
        "response removed",
        lambda it: get(it)["responses"].pop("409"),
        [GET + "response 409: it was removed."],
    ),
    (
        "media type of a response",
        lambda it: get(it)["responses"].update({"200": {"content": {"text/csv": {}}}}),
        [GET + "response 200: application/json is no longer sent."],
    ),
    ("field of an answer", remove("Order", "left"), [GET + "response 200 /left: it was removed."]),
    (
        "field of an answer may be absent",
        require("Order", "id"),
        [GET + "response 200 /at: it may now be absent."],
    ),
    (
        "null in an answer",
        field("Order", "id", type=["integer", "null"]),
        [GET + "response 200 /id: it may now be null."],
    ),
    (
        "type of an answer",
        field("Order", "id", type="number"),
        [GET + "response 200 /id: it is now number; it was integer."],
    ),
    (
        "format of an answer",
        lambda it: model("Order", "properties", "at")(it).pop("format"),
        [GET + "response 200 /at: the format is now none; it was date-time."],
    ),
    (
        "new value of an answer's enum",
        field("Order", "state", enum=["new", "sent", "lost"]),
        [GET + 'response 200 /state: it may now be "lost".'],
    ),
    (
        "end of an answer's enum",
        lambda it: model("Order", "properties", "state")(it).pop("enum"),
        [GET + 'response 200 /state: it was one of "new", "sent".'],
    ),
    (
        "a new model in an answer",
        lambda it: json_of(put(it)["responses"]["200"]).update(
            schema={"oneOf": [*reference("Cat", "Dog")["oneOf"], reference("Line")]}
        ),
        [PUT + "response 200: it may now be Line."],
    ),
    # Security
    (
        "authentication",
        lambda it: get(it).update(security=[{"token": []}]),
        [GET + "security: no authentication is no longer enough; the client needs token."],
    ),
    (
        "scope",
        lambda it: post(it).update(security=[{"token": ["read", "write"]}]),
        [
            POST + "security: token with read is no longer enough; the client needs token with"
            " read, write."
        ],
    ),
    (
        "another scheme",
        lambda it: post(it).update(security=[{"key": []}, {"token": ["read"], "key": []}]),
        [
            POST + "security: token with read is no longer enough; the client needs key or token"
            " with read and key."
        ],
    ),
]


@pytest.mark.parametrize(
    ("change", "found"), [it[1:] for it in BREAKING], ids=[it[0] for it in BREAKING]
)
def test_a_breaking_change_is_described(change: Change, found: list[str]) -> None:
    """Item 15."""
    new = copy_of(OLD)
    change(new)
    assert find_breaking_changes(OLD, new) == found
