"""Operations are checked before an application serves its first request."""

from __future__ import annotations

import typing as t
import uuid

import pytest

from flask import Flask
from flask.api import Annotated, Body, Meta, Query, Struct, typed
from flask.views import MethodView


@pytest.fixture(autouse=True)
def raise_errors(app: Flask) -> None:
    """Let errors reach the test."""
    app.testing = True


class Order(Struct):
    name: str


def returning(hint: t.Any) -> t.Any:
    def show(id: t.Any) -> str:
        return repr(id)

    show.__annotations__ = {"id": hint, "return": str}
    return typed(show)


REFUSED = [("int", str), ("float", int), ("uuid", int), ("int", uuid.UUID), ("int", list[int])]


@pytest.mark.parametrize(("converter", "hint"), REFUSED, ids=str)
def test_a_converter_that_contradicts_its_annotation_is_an_error(
    app: Flask, converter: str, hint: t.Any
) -> None:
    """Item 11."""
    app.get(f"/<{converter}:id>")(returning(hint))
    for _ in range(2):  # it is not forgotten after the first request
        with pytest.raises(TypeError, match=r"The rule '/<.*:id>' gives 'id' as"):
            app.test_client().get("/1")


ACCEPTED: list[tuple[str, t.Any, str, int, str]] = [
    ("int", int, "7", 200, "7"),
    ("int", float, "7", 200, "7.0"),
    ("int", int | None, "7", 200, "7"),
    ("int", t.Any, "7", 200, "7"),
    ("int", t.Literal[7], "7", 200, "7"),
    ("int", t.Literal[7], "8", 404, ""),
    ("int", Annotated[int, Meta(ge=5)], "7", 200, "7"),
    ("int", Annotated[int, Meta(ge=5)], "1", 404, ""),
    ("uuid", uuid.UUID, "12345678-1234-5678-1234-567812345678", 200, "UUID('12345678"),
    ("string", uuid.UUID, "12345678-1234-5678-1234-567812345678", 200, "UUID('12345678"),
    ("string", uuid.UUID, "x", 404, ""),
    ("string", int, "7", 200, "7"),
    ("string", int, "x", 404, ""),
    ("string", str, "x", 200, "'x'"),
    ("path", str, "a/b", 200, "'a/b'"),
]


@pytest.mark.parametrize(("converter", "hint", "text", "status", "body"), ACCEPTED, ids=str)
def test_a_path_value_is_converted_or_not_found(
    app: Flask, converter: str, hint: t.Any, text: str, status: int, body: str
) -> None:
    """Item 11."""
    app.get(f"/<{converter}:id>")(returning(hint))
    answer = app.test_client().get(f"/{text}")
    assert answer.status_code == status
    if status == 200:
        assert answer.text.startswith(body)


def test_a_rule_may_not_name_a_marked_argument(app: Flask) -> None:
    @app.get("/<page>")
    @typed
    def show(page: Query[int]) -> str:
        return ""

    with pytest.raises(TypeError, match="The rule '/<page>' names 'page'"):
        app.test_client().get("/1")


def test_two_operations_may_not_have_the_same_id(app: Flask) -> None:
    def view() -> str:
        return ""

    app.get("/a", endpoint="a")(typed(operation_id="same")(view))
    app.get("/b", endpoint="b")(typed(operation_id="same")(view))
    with pytest.raises(ValueError, match="operation_id='same' is used by"):
        app.test_client().get("/a")


def test_one_operation_may_have_two_rules(app: Flask) -> None:
    view = typed(operation_id="same")(lambda: "")  # type: ignore[arg-type]
    app.get("/a", endpoint="a")(view)
    app.get("/b", endpoint="a")(view)
    assert app.test_client().get("/b").status_code == 200


def test_markers_need_the_decorator(app: Flask) -> None:
    app.get("/typed")(typed(lambda: ""))  # type: ignore[arg-type]

    @app.post("/")
    def place(order: Body[Order]) -> str:
        return ""

    with pytest.raises(TypeError, match=r"place\(\) marks 'order'.* has no @typed"):
        app.test_client().get("/typed")


def test_markers_of_methods_need_the_decorator(app: Flask) -> None:
    class Orders(MethodView):
        @typed
        def get(self) -> str:
            return ""

        def post(self, order: Body[Order]) -> str:
            return ""

    app.add_url_rule("/", view_func=Orders.as_view("orders"))
    with pytest.raises(TypeError, match=r"Orders\.post\(\) marks 'order'"):
        app.test_client().get("/")


def test_an_asgi_server_reports_the_error_at_startup(app: Flask) -> None:
    import asyncio

    app.get("/<int:id>")(returning(str))
    sent: list[t.Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.startup"}

    async def send(message: t.Any) -> None:
        sent.append(message)

    asyncio.run(app.asgi_app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send))
    assert sent[0]["type"] == "lifespan.startup.failed"
    assert "The rule '/<int:id>' gives 'id' as int" in sent[0]["message"]


def test_applications_without_operations_are_left_alone(app: Flask) -> None:
    app.get("/")(lambda: "")
    assert app.test_client().get("/").status_code == 200
    assert app._describe_error is None
