"""Values of many levels, which clients may send: they are answered, or refused, but no error."""

from __future__ import annotations

import typing as t

import pytest
from hand_made import both_protocols, client_of
from msgspec import Struct

from flask import Flask
from flask.api import Body, Patch, typed


class Tree(Struct):
    below: list[Tree] = []


class SecretTree(Tree):
    secret: str = "s"


class Person(Struct):
    boss: Person | None = None
    more: dict[str, t.Any] | None = None


LEVELS = [100, 200, 300, 350, 400, 450, 500, 700, 1000, 3000, 20_000]


@pytest.fixture
def views(app: Flask) -> Flask:
    @app.post("/")
    @typed
    def echo(tree: Body[Tree]) -> Tree:
        return tree

    @app.post("/secret")
    @typed
    def echo_secret(tree: Body[Tree]) -> Tree:
        deepest = tree
        while deepest.below:
            deepest = deepest.below[0]
        deepest.below = [SecretTree()]
        return tree

    @app.patch("/")
    @typed
    def change(changes: Patch[Person]) -> Person:
        return changes.apply(Person())

    return app


@both_protocols
@pytest.mark.parametrize("levels", LEVELS)
def test_a_deep_value_is_answered_or_refused(views: Flask, protocol: str, levels: int) -> None:
    """Item 6, and item 12 at each level."""
    client = client_of(views, protocol)
    data = b'{"below":[' * levels + b"]}" * levels
    for path in ("/", "/secret"):
        response = client.post(path, data=data, content_type="application/json")
        assert response.status_code in ({200} if levels <= 300 else {200, 400})
        assert b"secret" not in response.data


@both_protocols
@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("begin", [b"", b'{"more":'], ids=["models", "dicts"])
def test_a_deep_patch_is_applied_or_refused(
    views: Flask, protocol: str, levels: int, begin: bytes
) -> None:
    """Item 6."""
    data = begin + b'{"boss":' * levels + b"{}" + b"}" * levels + (b"}" if begin else b"")
    response = client_of(views, protocol).patch("/", data=data, content_type="application/json")
    assert response.status_code in ({200} if levels <= 200 else {200, 400, 422})
