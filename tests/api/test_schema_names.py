"""Names of models in a document."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import typing as t

import msgspec
import pytest
from described import describe, make_names
from msgspec import Struct

from flask.api._names import Names, component

Item = t.TypeVar("Item")


class Page(Struct, t.Generic[Item]):
    items: list[Item]


class Order(Struct):
    id: int


@component("Line")
class OrderLine(Struct):
    count: int


class Outer:
    class Item(Struct):
        outer: int


class Item_(Struct):  # its name is set below
    own: int


Item_.__name__ = "Item"


def make_model(module: str, name: str = "Item", **fields: type) -> t.Any:
    return msgspec.defstruct(name, list(fields.items()) or [("id", int)], module=module)


def names_of(*hints: object) -> list[str]:
    names = make_names()
    parts, components = names.finish(
        {str(place): names.describe(it) for place, it in enumerate(hints)}
    )
    references = [str(part["$ref"]).rpartition("/")[2] for part in parts.values()]
    assert set(references) <= set(components)
    return references


@pytest.mark.parametrize(
    ("hint", "name"),
    [
        (Order, "Order"),
        (Page[Order], "Page_Order"),
        (Page[Page[Order]], "Page_Page_Order"),
        (Page[int], "Page_int"),
        (Page[list[Order]], "Page_list_Order"),
        (Page[dict[str, int]], "Page_dict_str_int"),
        (Page[int | None], "Page_int_None"),
        (Page[t.Literal["a", "b"]], "Page_a_b"),
        (Page[t.Annotated[str, msgspec.Meta(max_length=3)]], "Page_str"),
        (Page[t.Any], "Page_Any"),
        (Page, "Page"),
        (OrderLine, "Line"),
        (Page[OrderLine], "Page_Line"),
        (make_model("shop", "Überweisung"), "berweisung"),
        (make_model("shop", "Заказ"), "Model"),
    ],
    ids=str,
)
def test_a_name_is_made_of_the_class_and_its_arguments(hint: object, name: str) -> None:
    """Item 18: BlackSheep#550."""
    assert names_of(hint) == [name]


def test_no_reference_has_a_character_that_a_name_may_not_have() -> None:
    _, components = describe(tuple[Page[Page[int | None]], dict[str, OrderLine]])
    assert [name for name in components if re.search(r"[^\w.-]", name)] == []


@pytest.mark.parametrize(
    ("modules", "names"),
    [
        (("shop.orders", "shop.users"), ["orders_Item", "users_Item"]),
        (("shop.orders.models", "shop.users.models"), ["orders_Item", "users_Item"]),
        (("shop.models", "shop.v2.models", "shop.v3.models"), ["shop_Item", "v2_Item", "v3_Item"]),
        (("shop", "shop.models"), ["shop_Item", "models_Item"]),
        (("a.x.b", "a.x.c", "a.y.c"), ["a_x_b_Item", "a_x_c_Item", "a_y_c_Item"]),
        (("shop._orders", "shop.__main__"), ["orders_Item", "main_Item"]),
    ],
)
def test_models_of_one_name_all_get_the_part_of_their_module_that_differs(
    modules: tuple[str, ...], names: list[str]
) -> None:
    """Item 18: litestar#488."""
    models = [make_model(module) for module in modules]
    for order in itertools.permutations(range(len(models))):
        found = names_of(*(models[place] for place in order))
        assert found == [names[place] for place in order]


def test_generics_of_models_of_one_name_follow() -> None:
    one, two = make_model("shop.orders"), make_model("shop.users")
    assert names_of(Page[one], Page[two]) == ["Page_orders_Item", "Page_users_Item"]


def test_the_classes_around_a_model_count_as_parts_of_its_module() -> None:
    assert names_of(Outer.Item, Item_) == ["Outer_Item", "test_schema_names_Item"]


def test_models_of_one_function_are_numbered_by_their_content() -> None:
    one, two = make_model("shop", a=int), make_model("shop", b=int)
    assert names_of(one, two) == ["shop_Item", "shop_Item_2"]
    assert names_of(two, one) == ["shop_Item_2", "shop_Item"]


def test_a_chosen_name_stays_and_the_other_model_gets_its_module() -> None:
    chosen = component("Item")(make_model("shop.orders", "Thing"))
    assert names_of(chosen, make_model("shop.users")) == ["Item", "users_Item"]


def test_a_chosen_name_is_not_inherited() -> None:
    assert names_of(type("Shorter", (OrderLine,), {})) == ["Shorter"]


def test_two_models_with_one_chosen_name_are_an_error() -> None:
    one, two = component("A")(make_model("shop.b")), component("A")(make_model("shop.a"))
    with pytest.raises(ValueError, match=r"'A' to two models, of shop\.a and shop\.b"):
        names_of(one, two)


@pytest.mark.parametrize("name", ["", "Page[int]", "a b", "ä", "a/b"])
def test_a_name_that_cannot_be_part_of_a_reference_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a component"):
        component(name)


def test_models_that_nothing_refers_to_are_absent() -> None:
    names = Names(lambda hint, names: {})
    used = names.refer("a", "A", "m", lambda: {"type": "object"})
    names.refer("b", "B", "m", lambda: {"type": "object"})
    assert names.finish({"it": used})[1] == {"A": {"type": "object"}}


DETERMINISTIC = """
import enum, typing as t
from flask import Flask
from flask.api import Query, Struct, typed
from flask.api._api import API
class Color(enum.Enum):
    RED = "red"; BLUE = "blue"; GREEN = "green"
class One(Struct, tag="one"): color: Color
class Two(Struct, tag="two"): sizes: set[t.Literal["s", "m", "l"]]
app = Flask("shop")
for name in ("c", "a", "b"):
    @app.route(f"/{name}/<any(z, y, x):kind>", endpoint=name, methods=["PUT", "GET", "DELETE"])
    @typed(tags=[name, "all"], errors=[404, 409, 401])
    def view(kind: str, by: Query[t.Literal["up", "down"]] = "up") -> One | Two: ...
print(app.test_cli_runner().invoke(args=["openapi"]).output if API(app, title="Shop") else "")
"""


@pytest.mark.slow
def test_a_document_is_the_same_in_each_process() -> None:
    """Item 15."""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", DETERMINISTIC],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in (0, 1, 2)
    }
    (output,) = outputs
    assert '"z",\n' in output and output.index('"red"') < output.index('"blue"')
