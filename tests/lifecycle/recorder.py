"""An application whose hooks, handlers, views and signals are recorded as they are called."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

from werkzeug.exceptions import HTTPException

from flask import Blueprint, Flask, Response, abort, after_this_request, signals
from flask.sessions import SecureCookieSessionInterface

SIGNAL_NAMES = (
    "appcontext_pushed",
    "request_started",
    "got_request_exception",
    "request_finished",
    "request_tearing_down",
    "appcontext_tearing_down",
    "appcontext_popped",
)


class Handled(Exception):
    """An error with a handler."""


class Crash(Exception):
    """An error without one."""


class Recorder:
    """An application, a blueprint and a blueprint in it, that write down all that happens."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.app = Flask("recorder", static_folder=None)
        self.app.config["SECRET_KEY"] = "key"
        self.app.logger.disabled = True
        self.app.session_interface = self._interface()
        parent, child = Blueprint("par", "recorder"), Blueprint("ch", "recorder")
        for name, scaffold in (("app", self.app), ("par", parent), ("ch", child)):
            self._hooks(name, scaffold)
        self.app.teardown_appcontext(lambda exc: self.note("teardown_appcontext 1", exc))
        self.app.teardown_appcontext(lambda exc: self.note("teardown_appcontext 2", exc))
        for target in (self.app, child):
            self._views(target)
        parent.register_blueprint(child, url_prefix="/ch")
        self.app.register_blueprint(parent, url_prefix="/par")
        self.receivers = [self._listen(name) for name in SIGNAL_NAMES]

    def note(self, event: str, exc: BaseException | None = None) -> None:
        self.events.append(event if exc is None else f"{event} {type(exc).__name__}")

    def _interface(self) -> SecureCookieSessionInterface:
        note = self.note

        class Interface(SecureCookieSessionInterface):
            def open_session(self, *args: t.Any) -> t.Any:
                note("open_session")
                return super().open_session(*args)

            def save_session(self, *args: t.Any) -> None:
                note("save_session")
                super().save_session(*args)

        return Interface()

    def _hooks(self, name: str, scaffold: t.Any) -> None:
        def say(event: str, answer: t.Any = None) -> Callable[..., t.Any]:
            def hook(*args: t.Any) -> t.Any:
                self.note(f"{name}.{event}")
                return answer

            return hook

        def after(event: str) -> Callable[[Response], Response]:
            def hook(response: Response) -> Response:
                self.note(f"{name}.{event}")
                return response

            return hook

        def teardown(event: str) -> Callable[[BaseException | None], None]:
            return lambda exc: self.note(f"{name}.{event}", exc)

        scaffold.url_value_preprocessor(say("url_value"))
        scaffold.before_request(say("before 1"))
        scaffold.before_request(say("before 2"))
        scaffold.after_request(after("after 1"))
        scaffold.after_request(after("after 2"))
        scaffold.teardown_request(teardown("teardown 1"))
        scaffold.teardown_request(teardown("teardown 2"))

        @scaffold.errorhandler(Handled)
        def handled(error: Handled) -> tuple[str, int]:
            self.note(f"{name}.handler Handled")
            return "handled", 418

        @scaffold.errorhandler(409)
        def conflict(error: HTTPException) -> tuple[str, int]:
            self.note(f"{name}.handler 409")
            return "conflict", 409

    def _views(self, target: t.Any) -> None:
        def view() -> str:
            self.note("view")
            after_this_request(self._after_this)
            return "answer"

        def http_error() -> t.NoReturn:
            self.note("view")
            abort(409)

        def unhandled_http_error() -> t.NoReturn:
            self.note("view")
            abort(403)

        def handled() -> t.NoReturn:
            self.note("view")
            raise Handled

        def crash() -> t.NoReturn:
            self.note("view")
            raise Crash

        def stream() -> Response:
            self.note("view")

            def body() -> Iterator[str]:
                self.note("chunk")
                yield "a"
                self.note("chunk")
                yield "b"

            response = Response(body())
            response.call_on_close(lambda: self.note("closed"))
            return response

        for function in (view, http_error, unhandled_http_error, handled, crash, stream):
            name = function.__name__
            target.add_url_rule(f"/{name}", name, function, methods=["GET", "POST"])

    def _after_this(self, response: Response) -> Response:
        self.note("after_this_request")
        return response

    def _listen(self, name: str) -> Callable[..., None]:
        def receive(sender: t.Any, **kwargs: t.Any) -> None:
            self.note(f"*{name}", kwargs.get("exc") or kwargs.get("exception"))

        getattr(signals, name).connect(receive, self.app)
        return receive
