"""A client that sends the same request over WSGI or ASGI."""

from __future__ import annotations

import pytest
from protocol_client import Client

from flask import Flask


@pytest.fixture(params=["wsgi", "asgi"])
def client(request: pytest.FixtureRequest, app: Flask) -> Client:
    """A client of ``app``, over each protocol."""
    return Client(app, request.param)
