"""The typed test client: a view is called as a function, over HTTP."""

from __future__ import annotations

import datetime as dt
import enum
import io
import typing as t
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from functools import wraps

import msgspec
import pytest
from msgspec import Meta, Struct
from werkzeug.datastructures import FileStorage

from flask import Blueprint, Flask, Response, abort, g, redirect, request, session
from flask._http.sse import ServerSentEvent
from flask.api import (
    Body,
    Changes,
    Cookie,
    File,
    Form,
    Header,
    Patch,
    Problem,
    Query,
    Returns,
    Upload,
    media,
    named,
    status,
    typed,
)
from flask.api._client import TypedClient
from flask.views import MethodView


class NewOrder(Struct):
    name: str
    count: t.Annotated[int, Meta(ge=1)] = 1


class Order(NewOrder, kw_only=True):
    id: int


class Ticket(Struct):
    number: int


class Color(enum.Enum):
    RED = "red"


class Filter(Struct, rename="camel"):
    min_price: float = 0
    colors: list[Color] = []
    is_new: bool | None = None


class OutOfStock(Problem):
    """Fewer are left than ordered."""

    status = 409
    left: int


class Stored(Struct):
    title: str
    sizes: list[int]
    order: NewOrder
    paper: Upload
    more: list[Upload] = []


@pytest.fixture(params=["wsgi", "asgi"])
def ask(app: Flask, request: pytest.FixtureRequest) -> TypedClient:
    return TypedClient(app, asgi=request.param == "asgi")


def test_a_body_and_the_answer(app: Flask, ask: TypedClient) -> None:
    @app.post("/orders")
    @typed(status=201, errors=[OutOfStock])
    def create(order: Body[NewOrder], trace_id: Header[str | None] = None) -> Returns[Order]:
        if order.count > 9:
            raise OutOfStock(left=9)
        return Order(order.name, order.count, id=1), {"X-Trace": trace_id or "none"}

    assert ask(create, order=NewOrder("tea")) == Order("tea", id=1)
    assert ask(create, NewOrder("tea"), trace_id="t-1") == Order("tea", id=1)
    assert ask.response is not None
    assert ask.response.headers["X-Trace"] == "t-1"


def test_async_views(app: Flask, ask: TypedClient) -> None:
    @app.get("/<int:id>")
    @typed
    async def show(id: int) -> Order:
        return Order("tea", id=id)

    assert ask(show, id=3) == Order("tea", id=3)
    assert ask(show, 4).id == 4


def test_parameters_of_all_places(app: Flask, ask: TypedClient) -> None:
    @app.get("/search/<color>/<uuid:key>/<day>")
    @typed
    def search(
        color: Color,
        key: uuid.UUID,
        day: dt.date,
        by: Query[Filter],
        tag: Query[list[str]] = [],  # noqa: B006
        page: t.Annotated[Query[int], named("page-number")] = 1,
        at: Query[dt.datetime | None] = None,
        is_open: Query[bool] = False,
        x_numbers: Header[list[int]] = [],  # noqa: B006
        theme: Cookie[str] = "light",
    ) -> dict[str, t.Any]:
        return {name: value for name, value in locals().items() if name != "ask"}

    key = uuid.uuid4()
    at = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
    by = Filter(1.5, [Color.RED, Color.RED], True)
    given = {
        "color": Color.RED,
        "key": key,
        "day": dt.date(2024, 1, 2),
        "by": by,
        "tag": ["a&b", "ö"],
        "page": 2,
        "at": at,
        "is_open": True,
        "x_numbers": [1, 2],
        "theme": "dark blue; ö",
    }
    assert ask(search, **given) == msgspec.to_builtins(given)  # type: ignore[arg-type]
    few = {name: given[name] for name in ("color", "key", "day", "by")}
    answer = ask(search, **few)  # type: ignore[arg-type]
    assert (answer["tag"], answer["page"], answer["theme"]) == ([], 1, "light")


def upload(text: str, name: str) -> FileStorage:
    return FileStorage(io.BytesIO(text.encode()), name, content_type="text/plain")


def test_forms_and_files(app: Flask, ask: TypedClient) -> None:
    @app.post("/form")
    @typed
    def store(form: Form[Stored]) -> list[t.Any]:
        texts = [each.read().decode() for each in (form.paper, *form.more)]
        return [form.title, form.sizes, form.order, *texts]

    @app.post("/fields")
    @typed
    def fields(name: Form[str], is_new: Form[bool] = False) -> list[t.Any]:
        return [name, is_new, request.mimetype]

    @app.post("/file")
    @typed
    def file(paper: File, others: list[File] = []) -> list[str | None]:  # noqa: B006
        return [each.filename for each in (paper, *others)]

    form = Stored("ö", [1, 2], NewOrder("tea"), upload("a", "a.txt"), [upload("b", "b.txt")])
    assert ask(store, form=form) == ["ö", [1, 2], {"name": "tea", "count": 1}, "a", "b"]
    assert ask(fields, name="", is_new=True) == ["", True, "application/x-www-form-urlencoded"]
    assert ask(file, paper=upload("a", "a.txt")) == ["a.txt"]
    assert ask(file, upload("a", "a.txt"), others=[upload("b", "b.txt")]) == ["a.txt", "b.txt"]


def test_raw_bodies_and_answers(app: Flask, ask: TypedClient) -> None:
    @app.post("/bytes")
    @typed
    def reverse(data: t.Annotated[Body[bytes], media("image/png")]) -> bytes:
        return data[::-1]

    @app.post("/text")
    @typed
    def upper(text: Body[str]) -> str:
        return text.upper()

    @app.post("/stream")
    @typed
    def size(stream: Body[t.IO[bytes]]) -> int:
        return len(stream.read())

    assert ask(reverse, data=b"ab") == b"ba"
    assert ask(upper, text="ö") == "Ö"
    assert ask(size, stream=io.BytesIO(b"abc")) == 3


def test_patches_and_methods_of_classes(app: Flask, ask: TypedClient) -> None:
    """Item 13."""

    class Item(MethodView):
        @typed
        def get(self, id: int) -> Order:
            return Order("tea", id=id)

        @typed
        async def patch(self, id: int, change: Patch[Order]) -> Order:
            return change.apply(Order("tea", id=id))

        @typed(status=204)
        def delete(self, id: int) -> None:
            g.deleted = id

    app.add_url_rule("/items/<int:id>", view_func=Item.as_view("item"))
    assert ask(Item.get, id=3) == Order("tea", id=3)
    assert ask(Item.patch, id=3, change=Changes({"name": "rye"})) == Order("rye", id=3)
    assert ask(Item.delete, 3) is None
    assert ask.response is not None
    assert ask.response.status_code == 204


def test_the_status_chooses_the_answer(app: Flask, ask: TypedClient) -> None:
    @app.get("/<int:id>")
    @typed
    def show(
        id: int,
    ) -> t.Annotated[Order, status(200)] | t.Annotated[Ticket, status(202)]:
        return Order("tea", id=id) if id < 5 else Ticket(id)

    assert ask(show, id=1) == Order("tea", id=1)
    assert ask(show, id=7) == Ticket(7)


# Problems ---------------------------------------------------------------------------------------


def test_a_declared_problem_is_raised_as_its_class(app: Flask, ask: TypedClient) -> None:
    @app.post("/")
    @typed(errors=[404, OutOfStock])
    def create(order: Body[NewOrder]) -> Order:
        raise OutOfStock("None of it.", left=0)

    with pytest.raises(OutOfStock) as caught:
        ask(create, order=NewOrder("tea"))
    assert caught.value.left == 0
    assert caught.value.description == "None of it."
    assert caught.value.members["title"] == "Conflict"


def test_other_errors_are_problems_with_all_members(app: Flask, ask: TypedClient) -> None:
    @app.post("/")
    @typed
    def create(order: Body[NewOrder], page: Query[int] = 1) -> Order:
        abort(410)

    with pytest.raises(Problem) as caught:
        ask(create, order=NewOrder("tea", 0), page="x")  # type: ignore[arg-type]
    problem: t.Any = caught.value
    assert problem.code == 422
    assert problem.title == "Unprocessable Content"
    assert [entry["code"] for entry in problem.errors] == ["minimum", "type"]
    with pytest.raises(Problem) as caught:
        ask(create, order=NewOrder("tea"))
    assert caught.value.code == 410


def test_a_status_that_is_not_declared_is_a_problem(app: Flask, ask: TypedClient) -> None:
    @app.get("/teapot")
    @typed
    def teapot() -> Returns[Order]:
        return Order("tea", id=1), 202

    @app.get("/away")
    @typed
    def away() -> Returns[Order]:
        return t.cast("Response", redirect("/"))

    for view, code in ((teapot, 202), (away, 302)):
        with pytest.raises(Problem) as caught:
            ask(view)
        assert caught.value.code == code


# Streams ----------------------------------------------------------------------------------------


def test_streams_are_iterators(app: Flask, ask: TypedClient) -> None:
    closed: list[str] = []

    @app.get("/lines")
    @typed
    def lines() -> Iterator[Ticket]:
        try:
            for number in range(3):
                yield Ticket(number)
        finally:
            closed.append("lines")

    @app.get("/async-lines")
    @typed
    async def async_lines() -> AsyncIterator[Ticket]:
        for number in range(3):
            yield Ticket(number)

    @app.get("/events")
    @typed
    def events() -> Iterator[ServerSentEvent]:
        yield ServerSentEvent("a\nb", event="tea", id=1, retry=5)
        yield ServerSentEvent(Ticket(1))

    tickets = [Ticket(number) for number in range(3)]
    assert list(ask(lines)) == tickets
    assert closed == ["lines"]
    assert list(t.cast("t.Iterable[Ticket]", ask(async_lines))) == tickets
    assert list(ask(events)) == [
        ServerSentEvent("a\nb", event="tea", id="1", retry=5),
        ServerSentEvent('{"number":1}'),
    ]


def test_a_stream_may_be_read_in_async_code(app: Flask) -> None:
    import asyncio

    @app.get("/")
    @typed
    async def lines() -> AsyncIterator[Ticket]:
        yield Ticket(1)

    async def read() -> list[Ticket]:
        return [ticket async for ticket in TypedClient(app)(lines)]

    assert asyncio.run(read()) == [Ticket(1)]


# The session and the request --------------------------------------------------------------------


def login_required(view: Callable[..., t.Any]) -> t.Any:
    @wraps(view)
    def decorated(*args: t.Any, **kwargs: t.Any) -> t.Any:
        if "user" not in session:
            abort(401)
        return view(*args, **kwargs)

    return decorated


def test_cookies_and_headers(app: Flask, ask: TypedClient) -> None:
    @app.post("/login")
    @typed(status=204)
    def login(user: Body[str]) -> None:
        session["user"] = user

    @app.get("/")
    @login_required
    @typed
    def show(theme: Cookie[str] = "light") -> list[str]:
        return [session["user"], request.headers.get("X-Token", ""), theme]

    with pytest.raises(Problem) as caught:
        ask(show)
    assert caught.value.code == 401
    with ask.client.session_transaction() as opened:
        opened["user"] = "ann"
    assert ask(show) == ["ann", "", "light"]
    with_token = ask.with_(headers={"X-Token": "x"})
    assert with_token(show, theme="dark") == ["ann", "x", "dark"]
    ask(login, user="bob")
    assert with_token(show) == ["bob", "x", "light"]


def test_a_view_that_is_registered_twice_needs_an_endpoint(app: Flask, ask: TypedClient) -> None:
    """Item 13."""
    shop = Blueprint("shop", __name__)

    @shop.route("/<lang>/orders/<int:id>")
    @typed
    def show(lang: str, id: int) -> list[t.Any]:
        return [lang, id, request.endpoint]

    app.register_blueprint(shop, url_prefix="/v1", name="v1")
    app.register_blueprint(shop, url_prefix="/v2", name="v2")
    with pytest.raises(LookupError, match=r"'v1\.show', 'v2\.show'"):
        ask(show, lang="de", id=1)
    assert ask.with_(endpoint="v2.show")(show, lang="de", id=1) == ["de", 1, "v2.show"]
    with pytest.raises(LookupError, match=r"not registered as 'v3\.show'"):
        ask.with_(endpoint="v3.show")(show, lang="de", id=1)


def test_the_arguments_choose_the_rule_and_the_method(app: Flask, ask: TypedClient) -> None:
    @app.route("/orders", methods=["GET", "POST"])
    @app.route("/orders/<int:id>", methods=["GET", "POST"])
    @typed
    def show(id: int = 0) -> list[t.Any]:
        return [request.method, request.path]

    assert ask(show) == ["GET", "/orders"]
    assert ask(show, id=2) == ["GET", "/orders/2"]
    assert ask.with_(method="post")(show) == ["POST", "/orders"]


@pytest.mark.parametrize("asgi", [False, True])
def test_defaults_of_urls_and_subdomains(asgi: bool) -> None:
    app = Flask(__name__, subdomain_matching=True)
    ask = TypedClient(app, asgi)
    app.config.update(SERVER_NAME="shop.test", APPLICATION_ROOT="/root")

    @app.url_defaults
    def add_lang(endpoint: str, values: dict[str, t.Any]) -> None:
        values.setdefault("lang", "de")

    @app.get("/<lang>/", subdomain="api")
    @typed
    def show(lang: str) -> str:
        return request.url

    assert ask(show, lang="fr") == "http://api.shop.test/root/fr/"
    assert ask(show) == "http://api.shop.test/root/de/"  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("args", "kwargs", "text"),
    [
        ((), {}, "needs the arguments: order"),
        ((), {"order": NewOrder("tea"), "color": 1}, "color"),
        ((1, 2, 3), {}, "too many"),
        ((), {"order": NewOrder("tea"), "user": 1}, "does not read 'user'"),
    ],
)
def test_wrong_arguments_are_errors_of_the_test(
    app: Flask, ask: TypedClient, args: t.Any, kwargs: t.Any, text: str
) -> None:
    @app.post("/")
    @typed
    def create(order: Body[NewOrder], user: object = None) -> Order:
        raise AssertionError

    with pytest.raises(TypeError, match=text):
        ask(create, *args, **kwargs)


def test_what_is_no_registered_typed_view(app: Flask, ask: TypedClient) -> None:
    @typed
    def lost() -> Order:
        raise AssertionError

    with pytest.raises(LookupError, match="no rule"):
        ask(lost)
    with pytest.raises(TypeError, match="not a typed view"):
        ask(print)  # type: ignore[call-overload]
