"""Applications with channels, over both transports."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis_server import PROGRAM, RedisServer

from flask import Flask
from flask.channels import Channels

MakeApp = Callable[..., Flask]


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server for tests that neither stop nor count it."""
    if PROGRAM is None:
        pytest.skip("redis-server is not installed; Debian's package has the same name")
    server = RedisServer(tmp_path_factory.mktemp("redis"), keeps_data=False)
    yield server
    server.kill()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server for one test, which may stop it."""
    if PROGRAM is None:
        pytest.skip("redis-server is not installed; Debian's package has the same name")
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder)
    yield server
    server.kill()


@pytest.fixture
def make_app() -> Iterator[MakeApp]:
    """Create applications with channels, which end with the test."""
    apps: list[Flask] = []

    def make(**config: t.Any) -> Flask:
        app = Flask(f"an_app_with_channels_{len(apps)}")
        app.config.update(SECRET_KEY="a key for tests", **config)
        Channels(app)
        apps.append(app)
        return app

    yield make
    for app in apps:
        app.extensions["channels"].close()


@pytest.fixture(params=["memory", "redis"])
def config(request: pytest.FixtureRequest) -> dict[str, t.Any]:
    """The settings of one transport. Each test has its own keys in Redis."""
    if request.param == "memory":
        return {"CHANNELS_URL": "memory://"}
    server: RedisServer = request.getfixturevalue("shared_redis")
    return {"CHANNELS_URL": server.url, "CHANNELS_PREFIX": f"test:{request.node.name}"}


@pytest.fixture
def app(make_app: MakeApp, config: dict[str, t.Any]) -> Flask:
    return make_app(**config)


@pytest.fixture
def channels(app: Flask) -> Iterator[Channels]:
    """The channels of the application, which is current."""
    with app.app_context():
        yield Channels(app)
