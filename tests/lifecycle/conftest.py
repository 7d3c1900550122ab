"""The tests of the lifecycle run over both protocols."""

from __future__ import annotations

import typing as t

import pytest
from warm_app import warm_up

from flask import Flask
from flask.testing import FlaskClient


class AsgiClient(FlaskClient):
    """Asks by ASGI."""

    asgi = True


class WarmAsgiClient(AsgiClient):
    """Asks an application that has met the host before, and so needs no WSGI environment."""

    def open(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        warm_up(self.application)
        return super().open(*args, **kwargs)


@pytest.fixture(params=["wsgi", "asgi", "warm asgi"])
def app(app: Flask, request: t.Any) -> Flask:
    """An application whose test clients ask it by WSGI, and then by ASGI."""
    if request.param != "wsgi":
        app.test_client_class = AsgiClient if request.param == "asgi" else WarmAsgiClient
    return app
