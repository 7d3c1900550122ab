"""Every test of the lifecycle that asks an application does so over both protocols."""

from __future__ import annotations

import typing as t

import pytest

from flask import Flask
from flask.testing import FlaskClient


class AsgiClient(FlaskClient):
    """Asks by ASGI."""

    asgi = True


@pytest.fixture(params=["wsgi", "asgi"])
def app(app: Flask, request: t.Any) -> Flask:
    """An application whose test clients ask it by WSGI, and then by ASGI."""
    if request.param == "asgi":
        app.test_client_class = AsgiClient
    return app
