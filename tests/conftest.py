"""Fixtures and options for all tests."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from importing import is_in

import flask
from flask import Flask
from flask._core import current
from flask.testing import FlaskClient

EXAMPLES = Path(__file__).parents[1] / "examples"

SIGNALS = (
    "appcontext_pushed",
    "request_started",
    "before_render_template",
    "template_rendered",
    "message_flashed",
    "got_request_exception",
    "request_finished",
    "request_tearing_down",
    "appcontext_tearing_down",
    "appcontext_popped",
)


# A shell that starts the tests in the background has Ctrl-C ignored; what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)


# Hypothesis tries the same examples each time, and never fails because the machine is slow.
# "pytest --hypothesis-profile=explore" tries new examples.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("tests", settings.get_profile("explore"), derandomize=True, database=None)
settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--requests",
        type=int,
        default=1000,
        help="requests of each kind in the tests that look at memory (1000)",
    )


@pytest.fixture
def requests(pytestconfig: pytest.Config) -> int:
    """How many requests a test that looks at memory makes."""
    count: int = pytestconfig.getoption("requests")
    return count


@pytest.fixture(autouse=True, scope="module")
def _forgotten_examples() -> Iterator[None]:
    """No application of ``examples`` stays imported: later tests would find its modules."""
    yield
    found = [name for name, module in sys.modules.items() if is_in(EXAMPLES, module)]
    assert not found, "import these with importing.import_from()"


@pytest.fixture(autouse=True)
def _quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the caller's shell steers an application."""
    for name in list(os.environ):
        if name.startswith("FLASK_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _private_app_variable() -> Iterator[None]:
    """A test that imports ``_cv_app`` does not change how later tests set it."""
    before = current.published.copy()
    current.published.clear()
    yield
    current.published[:] = before


@pytest.fixture
def app() -> Iterator[Flask]:
    """An application with a secret key, as it serves in production: nothing propagates."""
    app = Flask("a_test_application", root_path=os.path.dirname(__file__))
    app.config["SECRET_KEY"] = "a key for tests"
    yield app
    logger = logging.getLogger(app.name)
    logger.disabled = False
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def no_context_left() -> Iterator[None]:
    """The test leaves no context behind on this thread."""
    yield
    assert not flask.has_request_context()
    assert not flask.has_app_context()


@pytest.fixture
def received() -> Iterator[Callable[..., list[tuple[str, dict[str, t.Any]]]]]:
    """Make a list that fills with ``(signal, arguments)`` for one sender."""
    connected: list[tuple[t.Any, t.Any]] = []

    def listen(app: Flask, *names: str) -> list[tuple[str, dict[str, t.Any]]]:
        seen: list[tuple[str, dict[str, t.Any]]] = []
        for name in names or SIGNALS:
            signal_object = getattr(flask, name)

            def receive(sender: t.Any, name: str = name, **kwargs: t.Any) -> None:
                assert sender is app
                kwargs.pop("_async_wrapper", None)
                seen.append((name, kwargs))

            signal_object.connect(receive, app)
            connected.append((signal_object, receive))
        return seen

    yield listen
    for signal_object, receive in connected:
        signal_object.disconnect(receive)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """The garbage collector is off: what is freed is freed by reference count."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
