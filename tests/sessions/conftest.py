"""The stores, each as a parameter, and applications that use them over both protocols."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis_server import RedisServer, needs_redis
from warm_app import warm_up

from flask import Flask
from flask._sessions.configuration import make_store
from flask.sessions import SessionStore
from flask.testing import FlaskClient

REDIS = pytest.param("redis", marks=[pytest.mark.slow, needs_redis])
STORES = ["memory", "sqlite", REDIS]


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server that all tests share; no test may stop it."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture(params=STORES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """``SESSION_STORE`` for each store, which is empty."""
    if request.param == "memory":
        return "memory://"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/sessions.sqlite"
    server: RedisServer = request.getfixturevalue("redis_server")
    server.flush()
    return server.url


@pytest.fixture
def store(store_url: str) -> Iterator[SessionStore]:
    made = make_store(store_url, "")
    yield made
    close(made)


def close(store: object) -> None:
    getattr(store, "close", lambda: None)()


class AsgiClient(FlaskClient):
    """Asks by ASGI."""

    asgi = True


class WarmAsgiClient(AsgiClient):
    """Asks an application that has met the host before, and so needs no WSGI environment."""

    def open(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        warm_up(self.application)
        return super().open(*args, **kwargs)


CLIENTS = {"wsgi": None, "asgi": AsgiClient, "warm asgi": WarmAsgiClient}


@pytest.fixture(params=CLIENTS)
def protocol(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Make applications that are closed afterwards."""
    made: list[Flask] = []

    def make(store: object = "memory://", protocol: str = "wsgi", **settings: object) -> Flask:
        app = Flask(f"stored_{len(made)}", instance_path=str(tmp_path / "instance"))
        app.config.update(SECRET_KEY="a key for tests", SESSION_STORE=store)
        app.config.update(settings)
        app.test_client_class = CLIENTS[protocol]
        made.append(app)
        return app

    yield make
    for app in made:
        close(getattr(app.session_interface, "store", None))
        app.logger.handlers.clear()
        app.logger.disabled = False


@pytest.fixture
def stored_app(make_app: Callable[..., Flask], store_url: str, protocol: str) -> Flask:
    """An application with each store, asked over each protocol."""
    return make_app(store_url, protocol)
