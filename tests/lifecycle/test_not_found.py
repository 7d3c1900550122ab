"""The page of a URL without a rule is made in fewer steps only where nothing can see it."""

from __future__ import annotations

import typing as t

import pytest
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound
from werkzeug.test import EnvironBuilder

from flask import Blueprint, Flask, Response, got_request_exception, request, request_started
from flask.typing import ResponseReturnValue

Change = t.Callable[[Flask], object]


def get(app: Flask, method: str = "GET", path: str = "/missing") -> tuple[str, t.Any, bytes]:
    """Send a request as a server does: without the test client, which sets ``TESTING``."""
    sent: list[t.Any] = []
    environ = EnvironBuilder(path, method=method).get_environ()
    body = app.wsgi_app(environ, lambda status, headers, _=None: sent.extend((status, headers)))
    return sent[0], sent[1], b"".join(body)


class Watched(Flask):
    """Overrides a step, so all steps are taken."""

    def handle_http_exception(self, e: HTTPException) -> t.Any:
        return super().handle_http_exception(e)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "get"])
def test_the_page_is_the_one_that_all_steps_make(method: str) -> None:
    assert get(Flask("app"), method) == get(Watched("app"), method)
    assert get(Flask("app"), method)[0] == "404 NOT FOUND"


STEPS = {
    "dispatch_request": lambda *_: "mine",
    "handle_user_exception": lambda *_: "mine",
    "handle_http_exception": lambda *_: "mine",
    "_find_error_handler": lambda *_: lambda error: "mine",
    "make_response": lambda *_: Response("mine"),
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("when", ["before the first request", "after it"])
@pytest.mark.parametrize("where", ["the class", "the application"])
def test_an_override_of_a_step_is_called(name: str, when: str, where: str) -> None:
    kind = type("Application", (Flask,), {})
    app: Flask = kind("app")
    if when == "after it":
        assert get(app)[0] == "404 NOT FOUND"
    setattr(kind if where == "the class" else app, name, STEPS[name])
    assert get(app)[2] == b"mine"


@pytest.mark.parametrize("name", ["raise_routing_exception", "trap_http_exception"])
def test_an_override_of_a_step_without_an_answer_is_called(name: str) -> None:
    called = []

    class Application(Flask):
        pass

    app = Application("app")
    get(app)

    def note(self: Flask, value: t.Any) -> t.Any:
        called.append(value)
        return getattr(Flask, name)(self, value)

    setattr(Application, name, note)
    assert get(app)[0] == "404 NOT FOUND"
    assert len(called) == 1


def handler(error: Exception) -> ResponseReturnValue:
    return f"handled {type(error).__name__}", 404


@pytest.mark.parametrize("key", [404, NotFound, HTTPException, Exception])
@pytest.mark.parametrize("when", ["before the first request", "after it"])
def test_a_handler_is_called(key: t.Any, when: str) -> None:
    app = Flask("app")
    if when == "after it":
        get(app)
        app._got_first_request = False  # registering later is an error otherwise
    app.register_error_handler(key, handler)
    assert get(app)[2] == b"handled NotFound"


def test_a_handler_of_a_blueprint_for_the_application_is_called() -> None:
    app, pages = Flask("app"), Blueprint("pages", "pages")
    pages.app_errorhandler(404)(handler)
    app.register_blueprint(pages)
    assert get(app)[2] == b"handled NotFound"


def test_handlers_of_other_errors_and_of_blueprints_are_not_called() -> None:
    app, pages = Flask("app"), Blueprint("pages", "pages")
    pages.errorhandler(404)(handler)
    app.register_error_handler(400, handler)
    app.register_error_handler(InternalServerError, handler)
    app.register_blueprint(pages, url_prefix="/pages")
    assert get(app) == get(Flask("app"))


def test_a_register_that_the_application_replaced_is_read() -> None:
    app = Flask("app")
    get(app)
    app.error_handler_spec = {None: {404: {NotFound: handler}}}
    assert get(app)[2] == b"handled NotFound"


def trap(app: Flask) -> None:
    app.config.update(TRAP_HTTP_EXCEPTIONS=True, PROPAGATE_EXCEPTIONS=True)


def test_a_setting_that_traps_errors_is_read_for_each_request() -> None:
    app, raised = Flask("app"), []
    get(app)
    trap(app)
    got_request_exception.connect(lambda _, exception: raised.append(exception), app, weak=False)
    with pytest.raises(NotFound) as found:
        get(app)
    assert raised == [found.value]


def test_debug_mode_is_read_for_each_request() -> None:
    app = Flask("app")
    before = get(app)
    app.debug = True
    assert get(app) != before  # it explains which rules there are
    app.debug = False
    assert get(app) == before


def test_hooks_see_the_error_and_the_response() -> None:
    app = Flask("app")
    seen: list[object] = []

    @app.after_request
    def note(response: Response) -> Response:
        seen.append((request.routing_exception, request.url_rule, response.status_code))
        response.headers["X-Seen"] = "yes"
        return response

    @app.teardown_request
    def end(error: BaseException | None) -> None:
        seen.append(error)

    assert ("X-Seen", "yes") in get(app)[1]
    (error, rule, status), end_error = t.cast("t.Any", seen)
    assert type(error) is NotFound
    assert (rule, status, end_error) == (None, 404, None)


def test_a_hook_may_answer() -> None:
    app = Flask("app")
    app.before_request(lambda: "answered")
    assert get(app)[2] == b"answered"


def test_a_hook_may_replace_the_error() -> None:
    app = Flask("app")

    @app.before_request
    def replace() -> None:
        request.routing_exception = NotFound("another text")

    assert b"another text" in get(app)[2]


def test_a_receiver_may_change_the_error() -> None:
    app = Flask("app")

    def change(sender: Flask, **_: object) -> None:
        t.cast("HTTPException", request.routing_exception).description = "another text"

    with request_started.connected_to(change, app):
        assert b"another text" in get(app)[2]


def test_a_class_of_responses_that_overrides_its_creation_creates_the_page() -> None:
    class Own(Response):
        @classmethod
        def force_type(cls, response: t.Any, environ: t.Any = None) -> t.Any:
            forced = super().force_type(response, environ)
            forced.headers["X-Own"] = "yes"
            return forced

    class Application(Flask):
        response_class = Own

    assert ("X-Own", "yes") in get(Application("app"))[1]


def test_a_class_of_responses_that_overrides_nothing_is_used() -> None:
    class Own(Response):
        def is_own(self) -> bool:
            return True

    class Application(Flask):
        response_class = Own

    app, kinds = Application("app"), []
    app.after_request(lambda response: kinds.append(type(response)) or response)
    get(app)
    assert kinds == [Own]
