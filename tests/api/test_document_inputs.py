"""Parameters and bodies of operations in the document."""

from __future__ import annotations

import typing as t

import pytest
from described import document_of, operation_of

from flask import Flask
from flask.api import (
    Annotated,
    Body,
    Cookie,
    File,
    Form,
    Header,
    Meta,
    Patch,
    Query,
    Struct,
    Upload,
    media,
    named,
    typed,
)
from flask.api._document_inputs import strip_null

STRING = {"type": "string"}
INTEGER = {"type": "integer"}
FILE = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}


class Filter(Struct, rename="kebab"):
    name: Annotated[str, Meta(description="A part of it.")]
    page_size: Annotated[int, Meta(le=100)] = 10
    before: int | None = None
    tags: list[str] = []


class Place(Struct):
    city: str


class Near(Struct, tag="near"):
    place: str


class Far(Struct, tag="far"):
    place: str
    distance: int


def parameter_of(view: t.Any) -> dict[str, t.Any]:
    (parameter,) = operation_of(typed(view), method="get")["parameters"]
    return t.cast("dict[str, t.Any]", parameter)


def test_a_parameter_without_default_is_required() -> None:
    def view(page: Query[int]) -> None: ...

    assert parameter_of(view) == {
        "name": "page",
        "in": "query",
        "required": True,
        "schema": INTEGER,
    }


def test_text_is_never_null_so_the_schema_has_none() -> None:
    """Item 8."""

    def one(page: Query[int | None] = None) -> None: ...
    def word(by: Query[t.Literal["up", "down"] | None] = None) -> None: ...
    def many(tag: Query[list[str] | None] = None) -> None: ...

    assert parameter_of(one)["schema"] == INTEGER
    assert parameter_of(word)["schema"] == {**STRING, "enum": ["up", "down"]}
    assert parameter_of(many)["schema"] == {"type": "array", "items": STRING}


def test_headers_have_hyphens_and_names_may_be_given() -> None:
    def header(trace_id: Header[str] = "none") -> None: ...
    def query(size: Annotated[Query[int], named("page-size")] = 10) -> None: ...
    def cookie(sid: Cookie[str]) -> None: ...

    assert parameter_of(header) == {
        "name": "trace-id",
        "in": "header",
        "schema": {**STRING, "default": "none"},
    }
    assert parameter_of(query)["name"] == "page-size"
    assert (parameter_of(cookie)["in"], parameter_of(cookie)["required"]) == ("cookie", True)


def test_a_model_spreads_its_fields_and_is_no_component() -> None:
    @typed
    def view(by: Query[Filter]) -> None: ...

    app = Flask("shop")
    app.add_url_rule("/", view_func=view)
    document = document_of(app)
    assert document["paths"]["/"]["get"]["parameters"] == [
        {
            "name": "name",
            "in": "query",
            "description": "A part of it.",
            "required": True,
            "schema": STRING,
        },
        {"name": "page-size", "in": "query", "schema": {**INTEGER, "maximum": 100, "default": 10}},
        {"name": "before", "in": "query", "schema": INTEGER},
        {
            "name": "tags",
            "in": "query",
            "schema": {"type": "array", "items": STRING, "default": []},
        },
    ]
    assert "Filter" not in document["components"]["schemas"]


def test_a_model_with_a_default_requires_nothing() -> None:
    @typed
    def view(by: Query[Filter | None] = None) -> None: ...

    parameters = operation_of(view, method="get")["parameters"]
    assert [it["name"] for it in parameters] == ["name", "page-size", "before", "tags"]
    assert not any(it.get("required") for it in parameters)


def test_a_union_of_models_spreads_all_fields() -> None:
    @typed
    def view(by: Query[Near | Far]) -> None: ...

    parameters = operation_of(view, method="get")["parameters"]
    found = {it["name"]: it.get("required", False) for it in parameters}
    assert found == {"type": True, "place": True, "distance": False}


def test_a_model_inside_the_query_is_json_text() -> None:
    class Search(Struct):
        place: Place

    @typed
    def view(by: Query[Search]) -> None: ...

    reference = {"$ref": "#/components/schemas/Place"}
    (parameter,) = operation_of(view, method="get")["parameters"]
    assert parameter["content"] == {"application/json": {"schema": reference}}
    assert "schema" not in parameter


def test_parameters_are_ordered_by_their_place() -> None:
    @typed
    def view(c: Cookie[str], h: Header[str], q: Query[str], p: int) -> None: ...

    operation = operation_of(view, "/<int:p>", "get")
    places = [it["in"] for it in operation["parameters"]]
    assert places == ["path", "query", "header", "cookie"]


def test_what_another_decorator_injects_is_absent() -> None:
    @typed
    def view(user: Filter, session: object) -> None: ...

    assert "parameters" not in operation_of(view, method="get")


BODIES: list[tuple[object, dict[str, t.Any]]] = [
    (Body[list[int]], {"application/json": {"schema": {"type": "array", "items": INTEGER}}}),
    (
        Annotated[Body[dict[str, int]], media("application/vnd.shop+json")],
        {
            "application/vnd.shop+json": {
                "schema": {"type": "object", "additionalProperties": INTEGER}
            }
        },
    ),
    (Body[bytes], {"application/octet-stream": {"schema": FILE}}),
    (Body[t.IO[bytes]], {"application/octet-stream": {"schema": FILE}}),
    (
        Annotated[Body[bytes], media("image/png", "image/*")],
        {
            "image/png": {"schema": {**FILE, "contentMediaType": "image/png"}},
            "image/*": {"schema": {**FILE, "contentMediaType": "image/*"}},
        },
    ),
    (Body[str], {"text/plain": {"schema": STRING}}),
    (
        Patch[Place],
        {
            kind: {"schema": {"$ref": "#/components/schemas/Changes_Place"}}
            for kind in ("application/merge-patch+json", "application/json")
        },
    ),
    (
        Form[int],
        {
            kind: {"schema": {"type": "object", "properties": {"it": INTEGER}, "required": ["it"]}}
            for kind in ("application/x-www-form-urlencoded", "multipart/form-data")
        },
    ),
    (
        File,
        {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"it": FILE}, "required": ["it"]}
            }
        },
    ),
    (
        Annotated[File, media("image/png", "image/*")],
        {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"it": FILE}, "required": ["it"]},
                "encoding": {"it": {"contentType": "image/png, image/*"}},
            }
        },
    ),
    (
        list[File],
        {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"it": {"type": "array", "items": FILE}},
                    "required": ["it"],
                }
            }
        },
    ),
]


@pytest.mark.parametrize(("hint", "content"), BODIES, ids=lambda it: str(it)[:50])
def test_a_body_has_its_media_types(hint: object, content: dict[str, t.Any]) -> None:
    def view(it: t.Any) -> None: ...

    view.__annotations__ = {"it": hint}
    body = operation_of(typed(view))["requestBody"]
    is_raw = hint in (Body[str], Body[bytes], Body[t.IO[bytes]])  # the empty text is one too
    assert body == {"content": content, **({} if is_raw else {"required": True})}


def test_a_body_with_a_default_is_not_required() -> None:
    @typed
    def view(it: Body[Place | None] = None) -> None: ...

    assert "required" not in operation_of(view)["requestBody"]


def test_a_multipart_form_of_a_model_says_what_is_json() -> None:
    """Item 9."""

    class Photo(Struct):
        image: Upload
        place: Place
        more: list[Upload] = []
        title: str = ""
        note: str | None = None

    @typed
    def view(photo: Form[Photo], agreed: Form[bool] = False) -> None: ...

    (content,) = operation_of(view)["requestBody"]["content"].items()
    assert content == (
        "multipart/form-data",
        {
            "schema": {
                "type": "object",
                "properties": {
                    "image": FILE,
                    "place": {"$ref": "#/components/schemas/Place"},
                    "more": {"type": "array", "items": FILE, "default": []},
                    "title": {**STRING, "default": ""},
                    "note": STRING,
                    "agreed": {"type": "boolean", "default": False},
                },
                "required": ["image", "place"],
            },
            "encoding": {"place": {"contentType": "application/json"}},
        },
    )


def test_a_form_with_json_is_multipart() -> None:
    class Wanted(Struct):
        place: Place

    @typed
    def nested(it: Form[Wanted]) -> None: ...

    content = operation_of(nested)["requestBody"]["content"]
    assert list(content) == ["multipart/form-data"]
    assert content["multipart/form-data"]["encoding"] == {
        "place": {"contentType": "application/json"}
    }


def test_a_form_whose_fields_are_optional_may_be_absent() -> None:
    @typed
    def view(note: Form[str | None] = None, file: File | None = None) -> None: ...

    assert "required" not in operation_of(view)["requestBody"]


NULLABLE: list[tuple[dict[str, t.Any], dict[str, t.Any]]] = [
    ({"type": ["integer", "null"], "default": None}, INTEGER),
    ({"type": ["integer", "string", "null"]}, {"type": ["integer", "string"]}),
    ({"anyOf": [{"$ref": "a"}, {"type": "null"}], "title": "T"}, {"$ref": "a", "title": "T"}),
    (
        {"anyOf": [{"$ref": "a"}, {"$ref": "b"}, {"type": "null"}]},
        {"anyOf": [{"$ref": "a"}, {"$ref": "b"}]},
    ),
    ({"anyOf": [{"type": ["integer", "null"]}, {"type": "null"}]}, INTEGER),
]


@pytest.mark.parametrize(("schema", "stripped"), NULLABLE, ids=str)
def test_null_is_stripped_from_each_form_of_a_schema(
    schema: dict[str, t.Any], stripped: dict[str, t.Any]
) -> None:
    assert strip_null(schema) == stripped
