"""Operations without the decorator `typed`: a view and what it returns, on an application."""

from __future__ import annotations

import inspect
import typing as t
from collections.abc import Callable

import pytest

from flask import Flask
from flask.api._answers import compile_answers
from flask.api._operation import Answer, Inputs, Operation, Settings
from flask.testing import FlaskClient


class AsgiClient(FlaskClient):
    """Sends requests over ASGI."""

    asgi = True


both_protocols = pytest.mark.parametrize("protocol", ["wsgi", "asgi"])


def client_of(app: Flask, protocol: str) -> FlaskClient:
    """Return a client of an application for one of the two protocols."""
    app.test_client_class = AsgiClient if protocol == "asgi" else FlaskClient
    return app.test_client()


def answering(
    app: Flask,
    view: Callable[..., object],
    *answers: Answer,
    rule: str = "/",
) -> Flask:
    """Register a view whose answers are declared."""
    operation = Operation(view, Settings(), lambda _: (Inputs(), answers))
    respond: Callable[[object], object] | None = None

    def answer(value: object) -> t.Any:
        nonlocal respond
        if respond is None:
            respond = compile_answers(operation)
        return respond(value)

    if inspect.iscoroutinefunction(view):

        async def registered(**arguments: object) -> t.Any:
            return answer(await view(**arguments))

    else:

        def registered(**arguments: object) -> t.Any:  # type: ignore[misc]
            return answer(view(**arguments))

    app.add_url_rule(rule, f"view of {rule}", registered, methods=["GET", "POST"])
    return app


def returning(app: Flask, value: object, *answers: Answer, **options: t.Any) -> Flask:
    """Register a view that returns a value."""

    def view() -> object:
        return value

    return answering(app, view, *answers, **options)
