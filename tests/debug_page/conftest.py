"""An application in debug mode, served over both protocols as a development server does."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from debug_requests import Ask, ask_asgi, ask_wsgi

from flask import Flask


@pytest.fixture(params=[ask_wsgi, ask_asgi], ids=["wsgi", "asgi"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Send a request over one of the protocols."""
    function: Ask = request.param
    return function


@pytest.fixture
def app() -> Iterator[Flask]:
    """An application in debug mode, whose files are the user's code."""
    app = Flask("debugged", root_path=os.path.dirname(__file__))
    app.debug = True
    app.config["SECRET_KEY"] = "a long secret key"
    yield app
    app.logger.handlers.clear()
