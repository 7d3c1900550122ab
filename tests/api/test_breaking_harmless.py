"""Changes of a document that do not break its clients."""

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
    require,
)

from flask import Flask
from flask.api import Body, Query, Struct, typed
from flask.api._api import API
from flask.api._breaking import find_breaking_changes

HARMLESS: list[tuple[str, Change]] = [
    ("nothing", lambda it: None),
    ("new operation", lambda it: it["paths"].update({"/new": {"get": {"responses": {}}}})),
    (
        "new optional parameter",
        lambda it: get(it)["parameters"].append({"name": "q", "in": "query", "schema": STRING}),
    ),
    ("order of parameters", lambda it: get(it)["parameters"].reverse()),
    ("wider limit", lambda it: get(it)["parameters"][0]["schema"].update(minimum=0)),
    ("no limit", lambda it: get(it)["parameters"][0].update(schema=INTEGER)),
    ("wider type", lambda it: get(it)["parameters"][0]["schema"].update(type="number")),
    ("any type", lambda it: get(it)["parameters"][1].update(schema={})),
    (
        "an equal exclusive limit",
        lambda it: get(it)["parameters"][0].update(schema={**INTEGER, "exclusiveMinimum": 0}),
    ),
    (
        "case of a header",
        lambda it: it["paths"]["/orders"]["parameters"][0].update(name="trace-id"),
    ),
    ("new optional field", add("NewOrder", "more", STRING)),
    ("a field that is no longer required", require("NewOrder")),
    ("new value of an input's enum", field("NewOrder", "color", enum=["red", "blue", "green"])),
    ("no enum", field("NewOrder", "color", enum=[None, "red", "blue"], type=["string", "null"])),
    ("null of an input", field("NewOrder", "count", type=["integer", "null"])),
    ("default", field("NewOrder", "count", default=2)),
    ("smallest length of 0", field("NewOrder", "note", minLength=0)),
    ("descriptions", field("NewOrder", "name", description="x", title="y", examples=["z"])),
    ("limits of an answer", field("Order", "left", maximum=100, minimum=5)),
    ("new field of an answer", add("Order", "more", STRING)),
    ("a required field of an answer", require("Order", "id", "at", "left")),
    ("fewer values in an answer", field("Order", "state", enum=["new"])),
    (
        "a model in place of its fields",
        lambda it: json_of(get(it)["responses"]["200"]).update(schema=model("Order")(it)),
    ),
    ("another name of a model", lambda it: it["components"]["schemas"].update(Zoo={})),
    (
        "one model less in an answer",
        lambda it: json_of(put(it)["responses"]["200"]).update(schema=reference("Cat")),
    ),
    (
        "a model more in an input",
        lambda it: json_of(put(it)["requestBody"]).update(
            schema={"oneOf": [reference("Line"), *reference("Cat", "Dog")["oneOf"]]}
        ),
    ),
    ("body optional", lambda it: put(it)["requestBody"].pop("required")),
    ("media type more", lambda it: post(it)["requestBody"]["content"].update({"a/b": {}})),
    ("response more", lambda it: get(it)["responses"].update({"404": {"description": "No"}})),
    ("no validation error", lambda it: get(it)["responses"].pop("422")),
    ("no authentication", lambda it: post(it).update(security=[])),
    ("an alternative", lambda it: post(it).update(security=[{"key": []}, {"token": ["read"]}])),
    ("a scope less", lambda it: post(it).update(security=[{"token": []}])),
    ("operation id", lambda it: get(it).update(operationId="other", summary="Other.")),
]


def rename_variable(document: dict[str, dict[str, object]]) -> None:
    document["paths"]["/pets/{key}"] = document["paths"].pop("/pets/{id}")
    put_other = document["paths"]["/pets/{key}"]["put"]  # type: ignore[index]
    put_other["parameters"][0]["name"] = "key"


@pytest.mark.parametrize(
    "change",
    [*(it[1] for it in HARMLESS), rename_variable],
    ids=[*(it[0] for it in HARMLESS), "name of a variable"],
)
def test_a_change_that_breaks_no_client_gives_no_alarm(change: Change) -> None:
    """Item 15."""
    new = copy_of(OLD)
    change(new)
    assert find_breaking_changes(OLD, new) == []


def test_an_added_optional_field_of_an_application_gives_no_alarm() -> None:
    """Item 15."""

    def make(fields: dict[str, object]) -> dict[str, object]:
        kind = type("Order", (Struct,), {"__annotations__": {"id": int}, **fields})

        def view(order: Body[kind], page: Query[int] = 1) -> kind: ...  # type: ignore[valid-type]

        view.__annotations__ = {"order": Body[kind], "page": Query[int], "return": kind}
        app = Flask("shop")
        app.add_url_rule("/", view_func=typed(view), methods=["POST"])
        return API(title="Shop").document(app)

    old = make({})
    new = make({"__annotations__": {"id": int, "note": str | None}, "note": None})
    assert find_breaking_changes(old, new) == []
    assert find_breaking_changes(new, old) == [
        "POST /: body /note: it was removed.",
        "POST /: response 200 /note: it was removed.",
    ]
