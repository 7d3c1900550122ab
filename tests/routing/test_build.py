"""The fast path builds the same URLs as Werkzeug's map."""

from __future__ import annotations

import typing as t
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.routing import BuildError, Rule, Submount

from flask import Flask, url_for
from flask._routing.map import Map

RULES = [
    "/",
    "/a/",
    "/a/<x>",
    "/a/<int:x>",
    "/a/<int(fixed_digits=3):x>",
    "/a/<float:x>/b",
    "/<x>/<y>",
    "/<x>/b/<int:y>/",
    "/p/<path:x>",
    "/u/<uuid:x>",
    "/any/<any(a,b):x>",
    "/mixed-<x>",
    "/é/<x>",
    "/a b/<x>",
    "/short/<string(length=2):x>",
]
VALUES = st.one_of(
    st.text(st.sampled_from("ab/ é%?#.~-_0"), max_size=5),
    st.integers(-5, 5000),
    st.sampled_from([None, 1.5, True, ["a"], uuid.UUID(int=7), b"x"]),
)


def maps_of(rule: str) -> Map:
    return Map([Rule(rule, endpoint="one", methods=["GET"])])


@pytest.mark.parametrize("rule", RULES)
@given(values=st.dictionaries(st.sampled_from(["x", "y", "z"]), VALUES, max_size=3))
def test_a_built_path_is_the_maps(rule: str, values: dict[str, t.Any]) -> None:
    url_map = maps_of(rule)
    builder = url_map.find_builder("one")
    path = None if builder is None else builder.build(values)
    if path is not None:
        assert path == url_map.bind("localhost").build("one", values)


HAS_BUILDER = dict.fromkeys(RULES, True) | {"/mixed-<x>": False, "/é/<x>": False, "/a b/<x>": False}


@pytest.mark.parametrize(("rule", "has_builder"), HAS_BUILDER.items())
def test_these_rules_are_built_quickly(rule: str, has_builder: bool) -> None:
    assert (maps_of(rule).find_builder("one") is not None) is has_builder


def test_rules_with_options_are_left_to_the_map() -> None:
    for options in ({"defaults": {"x": 1}}, {"alias": True}, {"websocket": True}, {"host": "h"}):
        url_map = Map([Rule("/a", endpoint="one", **options)], host_matching="host" in options)  # type: ignore[arg-type]
        assert url_map.find_builder("one") is None
    two = Map([Rule("/a", endpoint="one"), Rule("/b/<x>", endpoint="one")])
    assert two.find_builder("one") is None
    assert two.find_builder("none") is None
    assert "none" not in two.builders


def test_a_rule_that_comes_later_counts() -> None:
    url_map = Map([Rule("/a", endpoint="one")])
    assert url_map.find_builder("one") is not None
    url_map.add(Submount("/s", [Rule("/b", endpoint="one")]))
    assert url_map.find_builder("one") is None


@pytest.fixture
def app() -> Flask:
    app = Flask("app")
    app.add_url_rule("/a/<x>", "one", lambda x: x)
    app.add_url_rule("/url", "url", lambda: url_for("one", x="b c", q="1"))
    return app


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({"x": "b"}, "/a/b"),
        ({"x": "b", "q": ["1", "2"]}, "/a/b?q=1&q=2"),
        ({"x": "b", "q": None}, "/a/b"),
        ({"x": "b", "_anchor": "c d"}, "/a/b#c%20d"),
        ({"x": "b", "_external": True}, "http://localhost/a/b"),
        ({"x": "b", "_external": False}, "/a/b"),
        ({"x": "b", "_scheme": "https"}, "https://localhost/a/b"),
        ({"x": "b", "_method": "GET"}, "/a/b"),
    ],
)
def test_url_for_returns_the_same_by_the_map_and_by_the_builder(
    app: Flask, options: dict[str, t.Any], url: str
) -> None:
    with app.test_request_context("/a/x"):  # the first asks the map, for the host is new
        assert url_for("one", **options) == url
    with app.test_request_context("/a/x"):
        assert url_for("one", **options) == url
        assert app.url_for("one", **options) == url
        with pytest.raises(BuildError):
            url_for("one")
        with pytest.raises(BuildError):
            url_for("none")


def test_a_mounted_application_builds_below_its_prefix(app: Flask) -> None:
    for _ in range(2):
        answer = app.test_client().get("/url", base_url="http://localhost/mounted")
        assert answer.text == "/mounted/a/b%20c?q=1"


def test_an_application_that_overrides_url_building_is_used(app: Flask) -> None:
    app.url_for = lambda endpoint, **values: f"own {endpoint}"  # type: ignore[method-assign, assignment, misc]
    assert [app.test_client().get("/url").text for _ in range(2)] == ["own one"] * 2


def test_defaults_are_added_once_to_each_url(app: Flask) -> None:
    calls: list[str] = []

    @app.url_defaults
    def add(endpoint: str, values: dict[str, t.Any]) -> None:
        calls.append(endpoint)
        values["q"] = "added"

    assert [app.test_client().get("/url").text for _ in range(2)] == ["/a/b%20c?q=added"] * 2
    assert calls == ["one", "one"]


def test_an_endpoint_whose_name_begins_with_a_dot_is_relative_in_a_request() -> None:
    app = Flask("plain")
    for name in ("view", ".view"):
        app.add_url_rule(f"/{name}/<x>", name, lambda x: "")
    with app.test_request_context():
        assert url_for("..view", x=1) == "/.view/1"
        assert url_for(".view", x=1) == "/view/1"
