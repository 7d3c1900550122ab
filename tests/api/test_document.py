"""The OpenAPI document: paths, ids, tags, texts, and several documents of one application."""

from __future__ import annotations

import json
import typing as t
import uuid

import pytest
from described import PROTOCOLS, Ask, document_of, operation_of
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from flask import Blueprint, Flask
from flask.api import Annotated, Body, Meta, Query, Struct, defaults, typed
from flask.api._api import API
from flask.views import MethodView

Views = t.Any


@typed
def show(**values: object) -> str:
    return "shown"


def app_with(*rules: str, **options: t.Any) -> Flask:
    app = Flask("shop")
    for rule in rules:
        app.add_url_rule(rule, "show", show, **options)
    return app


def test_the_document_says_what_the_api_is() -> None:
    document = document_of(
        app_with("/"),
        version="1.4",
        description="Sells tea.",
        tags={"tea": "Hot.", "cups": ""},
        extra={"info": {"contact": {"name": "Ann"}}, "externalDocs": {"url": "/help"}},
    )
    assert document["openapi"] == "3.1.1"
    assert document["info"] == {
        "title": "Shop",
        "version": "1.4",
        "description": "Sells tea.",
        "contact": {"name": "Ann"},
    }
    assert document["tags"] == [{"name": "tea", "description": "Hot."}, {"name": "cups"}]
    assert document["externalDocs"] == {"url": "/help"}
    assert document["servers"] == [{"url": "/"}]
    assert "components" not in document


CONVERTERS: list[tuple[str, str, dict[str, t.Any]]] = [
    ("/<id>", "/{id}", {"type": "string"}),
    ("/<string(length=2):id>", "/{id}", {"type": "string", "minLength": 2, "maxLength": 2}),
    ("/<string(minlength=3):id>", "/{id}", {"type": "string", "minLength": 3}),
    ("/<string(maxlength=3):id>", "/{id}", {"type": "string", "maxLength": 3}),
    ("/a/<path:id>/b", "/a/{id}/b", {"type": "string"}),
    ("/<int:id>", "/{id}", {"type": "integer", "minimum": 0}),
    ("/<int(signed=True):id>", "/{id}", {"type": "integer"}),
    ("/<int(min=2, max=5):id>", "/{id}", {"type": "integer", "minimum": 2, "maximum": 5}),
    ("/<int(fixed_digits=4):id>", "/{id}", {"type": "string", "pattern": r"^\d{4}$"}),
    ("/<float(signed=True):id>.txt", "/{id}.txt", {"type": "number"}),
    ("/<uuid:id>", "/{id}", {"type": "string", "format": "uuid"}),
    ("/<any(b, 'a|c', x.y):id>", "/{id}", {"type": "string", "enum": ["b", "a|c", "x.y"]}),
]


@pytest.mark.parametrize(("rule", "path", "schema"), CONVERTERS, ids=[it[0] for it in CONVERTERS])
def test_a_converter_is_a_schema(rule: str, path: str, schema: dict[str, t.Any]) -> None:
    paths = document_of(app_with(rule))["paths"]
    assert list(paths) == [path]
    (parameter,) = paths[path]["get"]["parameters"]
    assert parameter == {"name": "id", "in": "path", "required": True, "schema": schema}


def test_an_annotation_adds_to_its_converter() -> None:
    @typed
    def limited(id: Annotated[int, Meta(ge=1, le=9, description="Its number.")]) -> str:
        return ""

    @typed
    def converted(id: uuid.UUID) -> str:
        return ""

    @typed
    def numbered(id: int) -> str:
        return ""

    (parameter,) = operation_of(numbered, "/<id>", "get")["parameters"]
    assert parameter["schema"] == {"type": "integer"}
    (parameter,) = operation_of(numbered, "/<float:id>", "get")["parameters"]
    assert parameter["schema"] == {"type": "number", "minimum": 0}
    (parameter,) = operation_of(limited, "/<int(max=5):id>", "get")["parameters"]
    assert parameter["schema"] == {"type": "integer", "minimum": 1, "maximum": 5}
    assert parameter["description"] == "Its number."
    (parameter,) = operation_of(converted, "/<id>", "get")["parameters"]
    assert parameter["schema"] == {"type": "string", "format": "uuid"}


def test_paths_are_sorted_and_methods_have_the_order_of_openapi() -> None:
    app = app_with("/b", "/a", methods=["PATCH", "DELETE", "POST", "PUT", "GET"])
    paths = document_of(app)["paths"]
    assert list(paths) == ["/a", "/b"]
    assert list(paths["/a"]) == ["get", "put", "post", "delete", "patch"]


def test_what_flask_adds_is_absent_and_what_a_class_defines_is_not() -> None:
    class Item(MethodView):
        @typed
        def get(self) -> str:
            return ""

        @typed
        def head(self) -> str:
            return ""

        @typed
        def options(self) -> str:
            return ""

        def post(self) -> str:  # untyped
            return ""

    app = app_with("/f")
    app.add_url_rule("/c", view_func=Item.as_view("item"))
    paths = document_of(app)["paths"]
    assert list(paths["/f"]) == ["get"]
    assert list(paths["/c"]) == ["get", "options", "head"]
    assert "content" not in paths["/c"]["head"]["responses"]["200"]


def test_rules_that_are_no_operations_are_absent() -> None:
    app = app_with("/a")
    app.add_url_rule("/untyped", "untyped", lambda: "")
    app.add_url_rule("/old", "show", show, alias=True)
    app.add_url_rule("/moved", "show", show, redirect_to="/a")
    app.add_url_rule("/built", "show", show, build_only=True)
    app.add_url_rule("/hidden", view_func=typed(hidden=True)(lambda: ""), endpoint="hidden")
    assert list(document_of(app)["paths"]) == ["/a"]


IDS: list[tuple[list[tuple[str, list[str]]], list[str]]] = [
    ([("/", ["GET"])], ["show"]),
    ([("/", ["GET", "POST"])], ["show_get", "show_post"]),
    ([("/", ["GET"]), ("/new", ["POST"])], ["show_get", "show_post"]),
    ([("/", ["GET"]), ("/<int:page>", ["GET"])], ["show", "show_page"]),
    ([("/a", ["GET"]), ("/b", ["GET"]), ("/c", ["GET"])], ["show", "show_2", "show_3"]),
]


@pytest.mark.parametrize(("rules", "ids"), IDS)
def test_ids_differ_for_each_method_and_path(rules: t.Any, ids: list[str]) -> None:
    """Item 18: fastapi#13175."""
    app = Flask("shop")
    for rule, methods in rules:
        app.add_url_rule(rule, "show", show, methods=methods)
    items = document_of(app)["paths"].values()
    assert [it["operationId"] for item in items for it in item.values()] == ids


def test_a_chosen_id_is_used_and_gets_the_method_where_there_are_several() -> None:
    app = Flask("shop")
    app.add_url_rule("/a", "a", typed(operation_id="make")(lambda: ""), methods=["POST"])
    app.add_url_rule("/b", "b", typed(operation_id="use")(lambda: ""), methods=["GET", "PUT"])
    paths = document_of(app)["paths"]
    assert paths["/a"]["post"]["operationId"] == "make"
    assert [it["operationId"] for it in paths["/b"].values()] == ["use_get", "use_put"]


def test_tags_and_ids_follow_nested_blueprints_and_one_that_is_registered_twice() -> None:
    """Items 13 and 18: flask-smorest#261."""
    inner = Blueprint("inner", __name__, url_prefix="/inner")
    outer = Blueprint("outer", __name__, url_prefix="/outer")
    inner.add_url_rule("/", view_func=show)
    outer.register_blueprint(inner)
    app = app_with("/")
    app.register_blueprint(outer)
    app.register_blueprint(inner, name="again", url_prefix="/again")
    document = document_of(app)
    found = {
        path: (item["get"]["operationId"], item["get"].get("tags"))
        for path, item in document["paths"].items()
    }
    assert found == {
        "/": ("show", None),
        "/again/": ("again_show", ["again"]),
        "/outer/inner/": ("outer_inner_show", ["outer"]),
    }
    assert document["tags"] == [{"name": "again"}, {"name": "outer"}]


def test_the_docstring_has_summary_and_description_unless_they_are_given() -> None:
    @typed
    def view() -> str:
        """Show what
        there is.

        In *all* colors.

        :returns: for readers of the code.
        """
        return ""

    operation = operation_of(view, method="get")
    assert operation["summary"] == "Show what there is."
    assert operation["description"] == "In *all* colors."
    given = typed(summary="S", description="", deprecated=True)(view.__wrapped__)
    operation = operation_of(given, method="get")
    assert (operation["summary"], operation["deprecated"]) == ("S", True)
    assert "description" not in operation


def test_settings_of_blueprints_and_extra_members_are_merged() -> None:
    shop = Blueprint("shop", __name__)
    defaults(shop, tags=["all"], status=202, extra={"x-team": "tea"})

    @shop.get("/")
    @typed(tags=["one"])
    def first() -> str:
        return ""

    @shop.get("/2")
    @typed(extra={"responses": {"202": {"headers": {"X-Left": {"schema": {"type": "integer"}}}}}})
    def second() -> str:
        return ""

    app = Flask("shop")
    app.register_blueprint(shop)
    paths = document_of(app)["paths"]
    assert paths["/"]["get"]["tags"] == ["all", "one"]
    assert paths["/"]["get"]["x-team"] == "tea"
    assert list(paths["/"]["get"]["responses"]) == ["202"]
    accepted = paths["/2"]["get"]["responses"]["202"]
    assert list(accepted) == ["description", "content", "headers"]


class Order(Struct):
    name: str


def test_examples_are_those_of_the_body_or_else_of_the_answer() -> None:
    examples = {"tea": Order("tea"), "raw": {"name": "x"}}

    @typed(examples=examples)
    def create(order: Body[Order]) -> str:
        return ""

    @typed(examples=examples)
    def read() -> Order:
        return Order("tea")

    described = {"tea": {"value": {"name": "tea"}}, "raw": {"value": {"name": "x"}}}
    body = operation_of(create)["requestBody"]["content"]["application/json"]
    assert body["examples"] == described
    answer = operation_of(read, method="get")["responses"]["200"]["content"]["application/json"]
    assert answer["examples"] == described


def test_a_fixed_host_or_subdomain_is_a_server_and_a_variable_one_is_absent() -> None:
    app = Flask("shop", subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    app.add_url_rule("/a", "a", show, subdomain="api")
    app.add_url_rule("/b", "b", show, subdomain="<user>")
    app.add_url_rule("/c", "c", show)
    document = API(app, title="Shop", docs=None).document(app, "/root")
    assert list(document["paths"]) == ["/a", "/c"]
    assert document["paths"]["/a"]["get"]["servers"] == [{"url": "//api.shop.example/root"}]
    assert "servers" not in document["paths"]["/c"]["get"]
    by_host = Flask("shop", host_matching=True, static_host="shop.example")
    by_host.add_url_rule("/a", "a", show, host="api.example")
    item = API(title="Shop").document(by_host)["paths"]["/a"]
    assert item["get"]["servers"] == [{"url": "//api.example/"}]


# Over HTTP ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", PROTOCOLS.values(), ids=PROTOCOLS)
def test_the_document_is_served_once_made_and_not_again_if_unchanged(ask: Ask) -> None:
    app = app_with("/")
    api = API(app, title="Shop", docs=None)
    answer = ask(app, "/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.json == api.document(app)
    api.title = "Changed"  # it is made once
    again = ask(app, "/openapi.json")
    assert again.json == answer.json
    unchanged = ask(app, "/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")


def test_the_server_is_the_path_where_the_application_is_mounted() -> None:
    """fastapi#11622."""
    app = app_with("/")
    API(app, title="Shop", docs=None)
    client = Client(DispatcherMiddleware(app, {"/one": app, "/two/x": app}))
    for root in ("/one", "/two/x", ""):
        answer = client.get(f"{root}/openapi.json")
        assert json.loads(answer.data)["servers"] == [{"url": root or "/"}]
    etags = {client.get(f"{root}/openapi.json").headers["ETag"] for root in ("/one", "/two/x")}
    assert len(etags) == 2


def test_a_client_that_chooses_the_root_cannot_fill_the_memory() -> None:
    app = app_with("/")
    API(app, title="Shop", docs=None)
    client = app.test_client()
    view: Views = app.view_functions["openapi_document"]
    served = view.__closure__[0].cell_contents.__self__
    for number in range(50):
        overrides = {"SCRIPT_NAME": f"/{number}"}
        answer = client.get("/openapi.json", environ_overrides=overrides)
        assert answer.json["servers"] == [{"url": f"/{number}"}]
    client.get("/openapi.json", environ_overrides={"SCRIPT_NAME": "/" + "a" * 300})
    assert len(served.documents) == 8


@pytest.mark.parametrize("ask", PROTOCOLS.values(), ids=PROTOCOLS)
def test_an_application_may_have_a_document_for_each_version(ask: Ask) -> None:
    app = app_with("/")
    versions = []
    for number in (1, 2):
        version = Blueprint(f"v{number}", __name__, url_prefix=f"/v{number}")
        inner = Blueprint("inner", __name__)
        inner.add_url_rule("/inner", view_func=show)
        version.add_url_rule("/", view_func=show)
        version.register_blueprint(inner)
        app.register_blueprint(version)
        versions.append(version)
    for number, version in enumerate(versions, 1):
        base = f"/v{number}"
        API(
            app,
            title="Shop",
            version=str(number),
            url=f"{base}/openapi.json",
            docs=f"{base}/docs",
            blueprints=[version],
        )
    for number in (1, 2):
        document = ask(app, f"/v{number}/openapi.json").json
        assert list(document["paths"]) == [f"/v{number}/", f"/v{number}/inner"]
        assert document["info"]["version"] == str(number)
        tags = [path["get"]["tags"] for path in document["paths"].values()]
        assert tags == [[f"v{number}"], ["inner"]]  # not the blueprint of the version for both
        assert f"/v{number}/openapi.json" in ask(app, f"/v{number}/docs").text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"url": "openapi.json"}, "API(url='openapi.json'): a path begins with a slash"),
        ({"docs": "docs"}, "API(docs='docs')"),
        ({"problems": "api/"}, "API(problems='api/')"),
        ({"url": "/docs"}, "the page needs a path of its own"),
    ],
)
def test_a_wrong_path_is_an_error(options: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        API(title="Shop", **options)
    assert message in str(caught.value)


def test_two_documents_at_one_path_are_an_error() -> None:
    app = app_with("/")
    API(app, title="One")
    with pytest.raises(ValueError, match=r"API\(title='Two'\) and API\(title='One'\) both use"):
        API(app, title="Two", url="/two.json")


def test_one_object_may_describe_several_applications() -> None:
    api = API(title="Shop")
    for rule in ("/a", "/b"):
        app = app_with(rule)
        api.init_app(app)
        assert list(app.test_client().get("/openapi.json").json["paths"]) == [rule]
        assert app.extensions["flask.api"] == [api]


def test_the_document_may_be_guarded() -> None:
    from flask import abort

    def refuse(view: t.Any) -> t.Any:
        return lambda: abort(403)

    app = app_with("/")
    API(app, title="Shop", docs_decorators=[refuse])
    client = app.test_client()
    assert [client.get(path).status_code for path in ("/openapi.json", "/docs")] == [403, 403]


def test_a_query_without_api_object_is_described_on_demand() -> None:
    @typed
    def search(page: Query[int] = 1) -> str:
        return ""

    app = Flask("shop")
    app.add_url_rule("/", view_func=search)
    assert API(title="Shop").document(app)["paths"]["/"]["get"]["parameters"] == [
        {"name": "page", "in": "query", "schema": {"type": "integer", "default": 1}}
    ]
