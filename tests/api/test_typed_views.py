"""A typed view gets its arguments from the request."""

from __future__ import annotations

import functools
import io
import typing as t
import uuid
from collections.abc import Callable

import pytest
from protocol_client import Client

from flask import Blueprint, Flask, abort
from flask.api import (
    Annotated,
    Body,
    Cookie,
    File,
    Form,
    Header,
    Meta,
    Query,
    Struct,
    Upload,
    media,
    named,
    typed,
)
from flask.views import MethodView


class Order(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1)]
    count: Annotated[int, Meta(ge=1)] = 1


class Filter(Struct):
    color: str = "any"
    sizes: list[int] = []
    in_stock: bool = False


@typed
def place(order: Body[Order], page: Query[int] = 1) -> dict[str, t.Any]:
    return {"name": order.name, "count": order.count, "page": page}


@typed
async def place_async(order: Body[Order], page: Query[int] = 1) -> dict[str, t.Any]:
    return {"name": order.name, "count": order.count, "page": page}


class Orders(MethodView):
    @typed
    def post(self, order: Body[Order], page: Query[int] = 1) -> dict[str, t.Any]:
        return {"name": order.name, "count": order.count, "page": page}


class AsyncOrders(MethodView):
    init_every_request = False

    @typed
    async def post(self, order: Body[Order], page: Query[int] = 1) -> dict[str, t.Any]:
        return {"name": order.name, "count": order.count, "page": page}


def in_nested_blueprints(app: Flask, view: t.Any) -> list[str]:
    inner = Blueprint("inner", __name__, url_prefix="/inner")
    inner.post("/")(view)
    outer = Blueprint("outer", __name__, url_prefix="/outer")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.register_blueprint(outer, name="again", url_prefix="/again")
    return ["/outer/inner/", "/again/inner/"]


def by_rule(app: Flask, view: t.Any) -> list[str]:
    app.add_url_rule("/", "view", view, methods=["POST"])
    return ["/"]


VIEWS = {
    "function": place,
    "async function": place_async,
    "class": Orders.as_view("orders"),
    "async class": AsyncOrders.as_view("async_orders"),
}


@pytest.mark.parametrize("register", [by_rule, in_nested_blueprints])
@pytest.mark.parametrize("view", VIEWS)
def test_every_kind_of_view_is_bound_alike(
    client: Client, view: str, register: Callable[[Flask, t.Any], list[str]]
) -> None:
    """Item 13."""
    for path in register(client.app, VIEWS[view]):
        for page in (2, 3):
            answer = client.post(f"{path}?page={page}", json={"name": "tea"})
            assert (answer.status_code, answer.json) == (
                200,
                {"name": "tea", "count": 1, "page": page},
            )
        refused = client.post(f"{path}?page=x", json={"name": "", "count": 0})
        assert refused.status_code == 422
        assert [(e["in"], e.get("pointer", e.get("name"))) for e in refused.json["errors"]] == [
            ("body", "#/name"),
            ("body", "#/count"),
            ("query", "page"),
        ]


def test_what_is_above_runs_before_the_validation(client: Client) -> None:
    """Item 3; flask-openapi#111 and flask-openapi#213."""
    from flask import request

    def login_required(view: t.Any) -> t.Any:
        @functools.wraps(view)
        def check(*args: t.Any, **kwargs: t.Any) -> t.Any:
            if "Authorization" not in request.headers:
                abort(401)
            return view(*args, **kwargs)

        return check

    client.app.post("/")(login_required(place))
    read: list[int] = []
    client.app.teardown_request(lambda error: read.append(len(request.get_data(cache=False))))
    assert client.post("/", json={"count": 0}).status_code == 401
    assert read == [len(b'{"count": 0}')]  # the body was still there to be read
    headers = {"Authorization": "Bearer x"}
    assert client.post("/", json={"count": 0}, headers=headers).status_code == 422


def test_a_decorator_may_inject_an_argument(client: Client) -> None:
    """flask-openapi#143."""

    class User:
        name = "ann"

    def with_user(view: t.Any) -> t.Any:
        @functools.wraps(view)
        def inject(*args: t.Any, **kwargs: t.Any) -> t.Any:
            return view(*args, user=User(), **kwargs)

        return inject

    @client.app.get("/<int:id>")
    @with_user
    @typed
    def show(id: int, user: User, page: Query[int] = 1) -> list[t.Any]:
        return [id, user.name, page]

    assert client.get("/7?page=2").json == [7, "ann", 2]


def test_an_argument_that_the_caller_gives_is_not_read_from_the_request(app: Flask) -> None:
    with app.test_request_context("/?page=5", method="POST", json={"name": "tea"}):
        given = Order("coffee")
        assert place(given).json == {"name": "coffee", "count": 1, "page": 5}
        assert place(order=given, page=2).json == {"name": "coffee", "count": 1, "page": 2}
        assert place(page=2).json == {"name": "tea", "count": 1, "page": 2}  # type: ignore[call-arg]
    assert place.__wrapped__(Order("tea"), 3) == {"name": "tea", "count": 1, "page": 3}


def test_every_place_of_a_request_can_be_read(client: Client) -> None:
    @client.app.post("/<id>")
    @typed
    def read(
        id: uuid.UUID,
        by: Query[Filter],
        size: Annotated[Query[int], named("page-size")] = 10,
        trace_id: Header[str | None] = None,
        x_tag: Header[list[str]] = [],  # noqa: B006  # each call gets a copy
        theme: Cookie[str] = "light",
        raw: Annotated[Body[bytes], media("image/*")] = b"",
    ) -> list[t.Any]:
        return [str(id), by, size, trace_id, x_tag, theme, len(raw)]

    key = "12345678-1234-5678-1234-567812345678"
    answer = client.post(
        f"/{key}?color=red&sizes=1&sizes=2&in_stock=true&page-size=5",
        headers=[("Trace-Id", "t"), ("X-Tag", "a"), ("X-Tag", "b, c"), ("Cookie", "theme=dark")],
        data=b"\x89PNG",
        content_type="image/png",
    )
    assert answer.json == [
        *(key, {"color": "red", "sizes": [1, 2], "in_stock": True}),
        *(5, "t", ["a", "b", "c"], "dark", 4),
    ]
    usual = [key, {"color": "any", "sizes": [], "in_stock": False}, 10, None, [], "light", 0]
    assert client.post(f"/{key}").json == usual
    assert client.post(f"/{key}", data="x", content_type="text/plain").status_code == 415
    assert client.post("/no-uuid").status_code == 404


def test_a_raw_body_is_text_or_a_stream(client: Client) -> None:
    @client.app.post("/text")
    @typed
    def count(text: Body[Annotated[str, Meta(max_length=3)]]) -> int:
        return len(text)

    @client.app.post("/stream")
    @typed
    def size(stream: Body[t.IO[bytes]]) -> int:
        return len(stream.read())

    assert client.post("/text", data="äöü".encode()).json == 3
    latin = client.post(
        "/text", data="ä".encode("latin-1"), content_type="text/plain;charset=ISO-8859-1"
    )
    assert latin.json == 1
    assert client.post("/text", data=b"\xff").status_code == 400
    assert client.post("/text", data=b"x", content_type="text/plain;charset=zip").status_code == 415
    refused = client.post("/text", data=b"four")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "max_length")
    assert client.post("/stream", data=b"12345").json == 5


def test_a_form_binds_json_files_and_scalars_in_one_model(client: Client) -> None:
    """Item 9."""

    class Article(Struct):
        title: str
        price: float = 0.0
        visible: bool = False
        photo: Upload | None = None
        more: list[Upload] = []
        order: Order | None = None
        stock: dict[str, int] = {}

    @client.app.post("/")
    @typed
    def save(article: Form[Article], single: File | None = None) -> dict[str, t.Any]:
        return {
            "title": article.title,
            "price": article.price,
            "visible": article.visible,
            "photo": article.photo and article.photo.filename,
            "more": [file.filename for file in article.more],
            "order": article.order,
            "stock": article.stock,
            "single": single and single.filename,
        }

    answer = client.post(
        "/",
        data={
            "title": "Tea",
            "price": "1.5",
            "visible": "on",
            "photo": (io.BytesIO(b"x"), "tea.png"),
            "more": [(io.BytesIO(b"x"), "a.png")],
            "order": '{"name": "x", "count": 2}',
            "stock": '{"home": 3}',
            "single": (io.BytesIO(b""), ""),
        },
    )
    assert answer.json == {
        "title": "Tea",
        "price": 1.5,
        "visible": True,
        "photo": "tea.png",
        "more": ["a.png"],
        "order": {"name": "x", "count": 2},
        "stock": {"home": 3},
        "single": None,
    }
    bare = client.post("/", data={"title": "", "price": ""})
    assert bare.json == {
        "title": "",
        "price": 0.0,
        "visible": False,
        "photo": None,
        "more": [],
        "order": None,
        "stock": {},
        "single": None,
    }
    wrong = client.post("/", data={"price": "x", "order": '{"count": "2"}', "stock": "{"})
    assert wrong.status_code == 422
    assert [(e["name"], e.get("pointer"), e["code"]) for e in wrong.json["errors"]] == [
        ("title", None, "missing"),
        ("price", None, "type"),
        ("order", "#/name", "missing"),
        ("order", "#/count", "type"),
        ("stock", None, "json"),
    ]
    assert client.post("/", json={"title": "Tea"}).status_code == 415
    assert client.post("/").json["errors"] == [
        {"in": "form", "name": "title", "code": "missing", "detail": "Is required."}
    ]


def test_a_default_that_a_view_changes_is_a_new_one_each_time(client: Client) -> None:
    @client.app.get("/")
    @typed
    def grow(tags: Query[list[str]] = []) -> list[str]:  # noqa: B006
        tags.append("x")
        return tags

    assert client.get("/").json == ["x"]
    assert client.get("/").json == ["x"]


def test_a_type_that_is_defined_below_is_found_at_the_first_call(client: Client) -> None:
    """fastapi#13056. Item 18."""
    client.app.post("/")(place_later)
    assert client.post("/", json={"at": 3}).json == 3


@typed
def place_later(later: Body[Later]) -> int:
    return later.at


class Later(Struct):
    at: int


def test_a_local_type_is_found_too(client: Client) -> None:
    class Local(Struct):
        at: int

    @client.app.post("/")
    @typed
    def show(local: Body[Local]) -> int:
        return local.at

    assert client.post("/", json={"at": 3}).json == 3


def test_contradictions_are_raised_at_decoration() -> None:
    def two_bodies(one: Body[Order], two: Body[Order]) -> None: ...
    def body_and_form(one: Body[Order], two: Form[int]) -> None: ...
    def unsupported(one: Body[complex]) -> None: ...
    def unsupported_answer() -> complex: ...

    for view, text in [
        (two_bodies, "takes the body twice: 'one', 'two'"),
        (body_and_form, "takes the body as 'one' and as the form field 'two'"),
        (unsupported, "argument 'one' of .*unsupported.*complex"),
        (unsupported_answer, "the answer of .*unsupported_answer.*complex"),
    ]:
        with pytest.raises(TypeError, match=text):
            typed(t.cast("t.Any", view))
    with pytest.raises(TypeError, match="decorate its methods"):
        typed(t.cast("t.Any", Orders))
