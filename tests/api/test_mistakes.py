"""Mistakes that users of other packages make, and the errors that explain them."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable
from functools import wraps

import pytest

from flask import Flask
from flask.api import (
    API,
    Annotated,
    Body,
    File,
    Form,
    Header,
    Patch,
    Problem,
    Query,
    Struct,
    Upload,
    defaults,
    named,
    typed,
)
from flask.views import MethodView


@pytest.fixture(autouse=True)
def raise_errors(app: Flask) -> None:
    """Let errors reach the test."""
    app.testing = True


class Order(Struct):
    name: str


def taking(hint: t.Any) -> Callable[[], object]:
    def view(page: t.Any = None) -> None: ...

    view.__annotations__ = {"page": hint}
    return lambda: typed(view)


@pytest.mark.parametrize(
    ("hint", "message"),
    [
        (Annotated[int, Query], "write Query[...] instead of Annotated[..., Query]"),
        (Annotated[Order, Body], "write Body[...] instead"),
        (Annotated[str, Form], "write Form[...] instead"),
        (Annotated[bytes, File], "write File[...] instead"),
        (Query, "Query needs a type, such as Query[int]"),
        (Body, "Body needs a type"),
        (Header, "Header needs a type"),
        (Patch, "Patch needs a type"),
        (Query[Upload], "a file is a part of a form. Annotate it as File."),
    ],
    ids=str,
)
def test_a_marker_is_written_with_its_type(hint: object, message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)) as caught:
        taking(hint)()
    assert "argument 'page' of test_mistakes." in str(caught.value)


class Filter(Struct, rename="kebab"):
    page_size: int = 10


@pytest.mark.parametrize("marker", [Query, Header, Form])
def test_two_arguments_do_not_read_the_same_value(marker: t.Any) -> None:
    def view(by: t.Any, size: t.Any) -> None: ...

    view.__annotations__ = {
        "by": marker[Filter],
        "size": Annotated[marker[int], named("page-size")],
    }
    message = r"the arguments 'by' and 'size' both read 'page-size' from the (query|header|form)"
    with pytest.raises(TypeError, match=message):
        typed(view)


def test_any_value_is_not_an_object() -> None:
    with pytest.raises(TypeError, match=r"builtins\.object .* For any value, use typing\.Any"):
        taking(Query[list[object]])()


def needs_page(page: int) -> str:
    return str(page)


class Shown(MethodView):
    @typed
    def get(self, order: Order) -> str:
        return order.name


def test_an_argument_that_nothing_gives_is_an_error(app: Flask) -> None:
    """FastAPI would read it from the query string or from the body."""
    app.get("/")(typed(needs_page))
    with pytest.raises(TypeError, match="takes 'page', but the rule '/' does not name it"):
        app.test_client().get("/?page=1")


def test_an_argument_of_a_method_that_nothing_gives_is_an_error(app: Flask) -> None:
    app.add_url_rule("/", view_func=Shown.as_view("shown"))
    with pytest.raises(TypeError, match=r"Shown\.get\(\) takes 'order'"):
        app.test_client().get("/")


def give_page(view: Callable[..., t.Any]) -> Callable[..., t.Any]:
    @wraps(view)
    def giving(**arguments: t.Any) -> t.Any:
        return view(**{"page": 7, **arguments})

    return giving


class Decorated(MethodView):
    decorators = [give_page]

    @typed
    def get(self, page: int) -> str:
        return str(page)


def test_an_argument_may_come_from_a_decorator_or_a_rule(app: Flask) -> None:
    app.get("/decorated", endpoint="decorated")(give_page(typed(needs_page)))
    app.add_url_rule("/class", view_func=Decorated.as_view("decorated_class"))
    app.add_url_rule("/rule/<int:page>", view_func=typed(needs_page))
    app.add_url_rule("/defaults", "with_defaults", typed(needs_page), defaults={"page": 7})
    for path in ("/decorated", "/class", "/rule/7", "/defaults"):
        assert app.test_client().get(path).text == "7"


def test_an_argument_may_come_from_a_preprocessor(app: Flask) -> None:
    @app.url_value_preprocessor
    def add(endpoint: str | None, values: dict[str, t.Any] | None) -> None:
        assert values is not None
        values["page"] = 7

    app.get("/")(typed(needs_page))
    assert app.test_client().get("/").text == "7"


def test_a_websocket_handler_is_not_typed(app: Flask) -> None:
    @app.websocket("/events")
    @typed
    async def events(page: Query[int]) -> None: ...

    with pytest.raises(TypeError, match=r"events\(\) is the WebSocket handler of '/events'"):
        app.test_client().get("/")


class WithoutStatus(Problem):
    """A base class of problems."""

    left: int


class WithStatus(WithoutStatus):
    status = 409


def test_a_problem_has_a_status(app: Flask) -> None:
    message = "WithoutStatus has no status. Add a line such as 'status = 409' to it."
    for use in (
        lambda: WithoutStatus(left=1),
        lambda: typed(errors=[WithoutStatus]),
        lambda: defaults(app, errors=[WithoutStatus]),
    ):
        with pytest.raises(TypeError, match=re.escape(message)):
            use()
    assert WithStatus(left=1).code == 409


class Card(Struct, tag="card"):
    token: str = ""


class Voucher(Struct, tag="voucher"):
    code: str = ""


@pytest.mark.parametrize("sent", [{}, {"token": "x"}, {"code": 1}])
def test_a_union_names_the_tag_that_is_missing(app: Flask, sent: dict[str, str]) -> None:
    @app.post("/")
    @typed
    def pay(payment: Body[Card | Voucher]) -> None: ...

    (error,) = app.test_client().post("/", json=sent).json["errors"]
    assert (error["pointer"], error["code"]) == ("#/type", "missing")


def test_the_client_explains_what_it_was_given_and_what_it_received(app: Flask) -> None:
    @app.post("/orders")
    @typed
    def place(order: Body[Order]) -> Order:
        return order

    @app.post("/files")
    @typed
    def upload(files: list[File]) -> None: ...

    @app.get("/wrong")
    @typed
    def wrong() -> Order:
        return t.cast("Order", {"name": 1})

    app.config["API_VALIDATE_RESPONSES"] = False
    ask = API(title="Shop", docs=None).client(app)
    with pytest.raises(TypeError, match=r"The argument 'files' takes a file\. Pass a werkzeug"):
        ask(upload, files=[t.cast("Upload", b"x")])
    with pytest.raises(Problem) as problem:
        ask(place, order=t.cast("Order", {"name": 1}))
    assert "'pointer': '#/name'" in problem.value.__notes__[0]
    with pytest.raises(Exception, match="not valid") as rejected:
        ask(wrong)
    assert rejected.value.__notes__[0].endswith('annotation says: {"name":1}')
