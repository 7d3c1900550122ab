"""The typed test client: a view is called as a function, over HTTP."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import io
import typing as t
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from functools import wraps

import attrs
import msgspec
import pytest
from msgspec import Meta, Struct
from pydantic import BaseModel, Field
from werkzeug.datastructures import FileStorage

from flask import Flask, Response, abort, g, redirect, request
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


@dataclasses.dataclass
class DataFilter:
    name: str
    size: int = 1


@attrs.define
class AttrsFilter:
    name: str
    size: int = 1


class DictFilter(t.TypedDict):
    name: str
    size: t.NotRequired[int]


class ModelFilter(BaseModel):
    name: str
    size: int = Field(1, alias="the-size")


class TaggedFilter(Struct, tag=True):
    name: str
    x_size: int | None = None


@pytest.mark.parametrize(
    "value",
    [
        *(DataFilter("a", 2), AttrsFilter("a", 2), DictFilter(name="a", size=2)),
        *(ModelFilter(**{"name": "a", "the-size": 2}), TaggedFilter("a"), TaggedFilter("a", 2)),
    ],
    ids=repr,
)
def test_models_of_all_libraries_spread_their_fields(
    app: Flask, ask: TypedClient, value: t.Any
) -> None:
    hint: t.Any = DictFilter if isinstance(value, dict) else type(value)

    @app.get("/query")
    @typed
    def query(by: Query[hint]) -> hint:
        return by

    @app.get("/header")
    @typed
    def header(by: Header[hint]) -> hint:
        return by

    assert ask(query, by=value) == value
    assert ask(header, by=value) == value


def test_optional_bodies_may_be_left_out(app: Flask, ask: TypedClient) -> None:
    @app.post("/json")
    @typed
    def optional(order: Body[NewOrder | None] = None) -> NewOrder | None:
        return order

    @app.post("/text")
    @typed
    def text(text: Body[str] = "nothing") -> str:
        return text

    assert ask(optional) is None
    assert ask(optional, order=None) is None
    assert ask(optional, order=NewOrder("tea")) == NewOrder("tea")
    assert ask(text) == "nothing"


def test_an_untyped_answer_is_the_response(app: Flask, ask: TypedClient) -> None:
    @app.get("/<name>")
    @typed
    def page(name: str):  # type: ignore[no-untyped-def]
        return "tea" if name == "tea" else abort(404)

    assert ask(page, name="tea").get_data(as_text=True) == "tea"
    with pytest.raises(Problem):
        ask(page, name="rye")


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

    def note(view: Callable[..., t.Any]) -> t.Any:
        @wraps(view)
        def noted(*args: t.Any, **kwargs: t.Any) -> t.Any:
            return view(*args, **kwargs)

        return noted

    class Item(MethodView):
        decorators: t.ClassVar[t.Any] = [note]

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

    @app.get("/csv")
    @typed
    def csv() -> t.Annotated[Iterator[str], media("text/csv")]:
        yield "a,"
        yield "b"

    assert "".join(ask(csv)) == "a,b"
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
