"""The application's logger."""

from __future__ import annotations

import io
import logging
import sys
import threading
import typing as t

import pytest

from flask import Flask, current_app
from flask._core.threads import Threads
from flask.logging import create_logger, default_handler, has_level_handler, wsgi_errors_stream


@pytest.fixture
def bare() -> t.Iterator[t.Callable[[], None]]:
    """Take the handlers off the root logger, as in a program that sets nothing up."""
    kept, level = logging.root.handlers, logging.root.level

    def take_off() -> None:
        # When the test calls it: pytest puts its own handlers on after the fixtures have run.
        logging.root.handlers = []
        logging.root.setLevel(logging.WARNING)

    yield take_off
    logging.root.handlers = kept
    logging.root.setLevel(level)


Bare = t.Callable[[], None]


def test_it_has_the_applications_name_and_is_made_once(app: Flask, bare: Bare) -> None:
    bare()
    assert app.logger is app.logger
    assert app.logger is logging.getLogger(app.name)
    assert app.logger.handlers == [default_handler]


def test_in_debug_mode_its_level_is_debug_unless_set(app: Flask, bare: Bare) -> None:
    bare()
    app.config["DEBUG"] = True
    assert app.logger.level == logging.DEBUG
    other = Flask("other_logging_app")
    logging.getLogger(other.name).setLevel(logging.ERROR)
    other.config["DEBUG"] = True
    assert other.logger.level == logging.ERROR


def test_without_debug_its_level_is_left_alone(app: Flask, bare: Bare) -> None:
    bare()
    assert app.logger.level == logging.NOTSET


def test_no_handler_is_added_where_one_covers_the_level(app: Flask, bare: Bare) -> None:
    bare()
    logging.root.addHandler(logging.NullHandler())
    assert app.logger.handlers == []


def test_a_handler_of_a_higher_level_is_not_enough(app: Flask, bare: Bare) -> None:
    bare()
    handler = logging.NullHandler()
    handler.setLevel(logging.CRITICAL)
    logging.root.addHandler(handler)
    assert app.logger.handlers == [default_handler]


# The logger, its parent, and whether messages propagate; handlers by level.
COVERED = [
    ([], [], True, False),
    ([logging.NOTSET], [], True, True),
    ([logging.ERROR], [], True, False),
    ([], [logging.NOTSET], True, True),
    ([], [logging.NOTSET], False, False),
    ([logging.CRITICAL], [logging.WARNING], True, True),
]


@pytest.mark.parametrize(("own", "parents", "propagates", "covered"), COVERED)
def test_a_level_is_covered_by_a_handler_as_far_as_messages_propagate(
    own: list[int], parents: list[int], propagates: bool, covered: bool
) -> None:
    parent, child = logging.Logger("parent"), logging.Logger("child")
    child.parent, child.propagate, parent.propagate = parent, propagates, False
    child.setLevel(logging.WARNING)
    for logger, levels in ((child, own), (parent, parents)):
        for level in levels:
            handler = logging.NullHandler()
            handler.setLevel(level)
            logger.addHandler(handler)
    assert has_level_handler(child) is covered


def test_messages_go_to_the_servers_stream_in_a_request(
    app: Flask, bare: Bare, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare()
    errors, stderr = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)

    @app.route("/")
    def view() -> str:
        current_app.logger.error("in a request")
        return "ok"

    app.test_client().get("/", errors_stream=errors)
    app.logger.error("outside")
    assert errors.getvalue().endswith("] ERROR in test_logging: in a request\n")
    assert stderr.getvalue().endswith("] ERROR in test_logging: outside\n")


def test_the_stream_is_read_at_every_use(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    assert wsgi_errors_stream._get_current_object() is stream  # type: ignore[attr-defined]
    with app.test_request_context(errors_stream=io.StringIO()) as context:
        expected = context.request.environ["wsgi.errors"]
        assert wsgi_errors_stream._get_current_object() is expected  # type: ignore[attr-defined]


def test_an_exception_is_logged_through_log_exception(app: Flask) -> None:
    logged: list[t.Any] = []
    app.logger.error = lambda message, **kwargs: logged.append((message, kwargs))  # type: ignore[method-assign, assignment]
    with app.test_request_context("/path", method="POST"):
        app.log_exception((None, None, None))
    del app.logger.error  # type: ignore[attr-defined]
    assert logged == [("Exception on /path [POST]", {"exc_info": (None, None, None)})]


def test_a_logger_is_created_for_any_object_with_a_name() -> None:
    class Named:
        name = "named_for_logging"
        debug = False

    assert create_logger(Named()).name == "named_for_logging"


def failing() -> t.NoReturn:
    raise ValueError("on purpose")


def request_without_handler(app: Flask) -> None:
    app.add_url_rule("/", "index", failing)
    assert app.test_client().get("/").status_code == 500


def finalizing_an_error(app: Flask) -> None:
    app.after_request(lambda response: failing())
    request_without_handler(app)


def background_task(app: Flask) -> None:
    app.add_background_task(failing)
    app._lifespan.background.drain(app)


def waiting_for_a_thread(app: Flask) -> None:
    pool = Threads("tests", 1, None, "Wait.")
    begun, may_end = threading.Event(), threading.Event()
    pool.start(lambda: (begun.set(), may_end.wait()), app)
    begun.wait()
    pool.start(lambda: None, app)
    may_end.set()


@pytest.mark.parametrize(
    "log", [request_without_handler, finalizing_an_error, background_task, waiting_for_a_thread]
)
def test_a_record_names_the_module_that_users_know(
    log: t.Callable[[Flask], None], caplog: pytest.LogCaptureFixture
) -> None:
    log(Flask(__name__))
    assert {record.module for record in caplog.records} == {"app"}
    assert {record.name for record in caplog.records} == {__name__}
