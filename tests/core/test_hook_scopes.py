"""The scopes of hooks that a request meets, and their order."""

from __future__ import annotations

import pytest

from flask._core.hook_scopes import blueprint_names, scopes_inward, scopes_outward
from flask.helpers import _split_blueprint_path


@pytest.mark.parametrize(
    ("endpoint", "names"),
    [
        ("view", []),
        ("b.view", ["b"]),
        ("a.b.view", ["a.b", "a"]),
        ("a.b.c.view", ["a.b.c", "a.b", "a"]),
    ],
)
def test_the_nearest_blueprint_comes_first_outward_and_last_inward(
    endpoint: str, names: list[str]
) -> None:
    assert list(blueprint_names(endpoint)) == names
    assert list(scopes_outward(endpoint)) == [*names, None]
    assert list(scopes_inward(endpoint)) == [None, *reversed(names)]


def test_without_an_endpoint_there_is_only_the_application() -> None:
    assert list(scopes_inward(None)) == [None]
    assert list(scopes_outward(None)) == [None]


@pytest.mark.parametrize(
    ("name", "split"), [("a", ["a"]), ("a.b", ["a.b", "a"]), ("a.b.c", ["a.b.c", "a.b", "a"])]
)
def test_a_dotted_name_is_split(name: str, split: list[str]) -> None:
    assert _split_blueprint_path(name) == split
