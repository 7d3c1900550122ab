"""The application at its first request and later, and the errors that teardown functions get."""

from __future__ import annotations

import typing as t

import pytest

from flask import (
    Flask,
)


@pytest.fixture(params=[False, True], ids=["cold", "warm"])
def app(app: Flask, request: t.Any) -> Flask:
    """An application at its first request, and later, when it needs no WSGI environment."""
    app.extensions["is warm"] = request.param
    return app


@pytest.fixture
def teardowns(app: Flask) -> list[t.Any]:
    seen: list[t.Any] = []
    app.teardown_request(seen.append)
    return seen
