"""Error handlers on every level, and views that raise for them.

``app`` > ``outer`` > ``inner``: two nested blueprints. The handlers that exist
depend on the configuration: none, or all of the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from werkzeug.exceptions import (
    BadRequest,
    BadRequestKeyError,
    Forbidden,
    HTTPException,
    ImATeapot,
    InternalServerError,
    NotFound,
    UnprocessableEntity,
)
from werkzeug.routing import RequestRedirect

from flask import Blueprint, Flask, Response, abort, jsonify, request

from .record import error, note


class Trouble(Exception):
    """An application's own exception."""


class DeepTrouble(Trouble):
    """One that is more special."""


class Teapot(ImATeapot):
    """An HTTP exception subclass of the application."""

    description = "I am <short> & stout."


class Beyond(BaseException):
    """Not an Exception: no handler may take it."""


def raise_in_group() -> None:
    """An exception with a cause and a context."""
    try:
        raise KeyError("inner cause")
    except KeyError as cause:
        raise DeepTrouble("outer") from cause


def throw(failure: BaseException) -> None:
    """Raise it."""
    raise failure


RAISERS: dict[str, Callable[[], Any]] = {
    "trouble": lambda: throw(Trouble("trouble")),
    "deep": lambda: throw(DeepTrouble("deep \u00fc")),
    "chained": raise_in_group,
    "zero": lambda: 1 / 0,
    "key": lambda: throw(KeyError("a key")),
    "lookup": lambda: throw(LookupError("look")),
    "type": lambda: throw(TypeError("typed")),
    "group": lambda: throw(ExceptionGroup("many", [Trouble("one"), ValueError("two")])),
    "beyond": lambda: throw(Beyond("beyond")),
    "exit": lambda: throw(SystemExit(3)),
    "stop": lambda: throw(StopIteration("stop")),
    "generator_exit": lambda: throw(GeneratorExit("gone")),
    "key_error_400": lambda: request.form["missing"],
    "bad_key": lambda: throw(BadRequestKeyError("named")),
    "bad": lambda: throw(BadRequest("bad <b>")),
    "forbidden": lambda: abort(403),
    "not_found": lambda: throw(NotFound()),
    "teapot": lambda: throw(Teapot()),
    "unprocessable": lambda: throw(UnprocessableEntity("why", response=Response("own", 422))),
    "gone": lambda: abort(410),
    "server": lambda: abort(500),
    "server_original": lambda: throw(InternalServerError(original_exception=Trouble("wrapped"))),
    "unavailable": lambda: abort(503),
    "redirecting": lambda: throw(RequestRedirect("http://localhost/elsewhere")),
    "base_http": lambda: throw(HTTPException("no code")),
    "coded_http": lambda: throw(coded()),
    "handler_raises": lambda: abort(424),
    "handler_aborts": lambda: abort(406),
    "handler_none": lambda: abort(409),
    "handler_returns_it": lambda: abort(411),
    "handler_tuple": lambda: abort(412),
}


def coded() -> HTTPException:
    """A bare HTTPException that was given a code of its own."""
    failure = HTTPException("coded")
    failure.code = 499
    return failure


def answer(level: str, status: int | None = None) -> Callable[[Exception], Any]:
    """A handler that tells its level and what it was given."""

    def handler(failure: Exception) -> Any:
        original = getattr(failure, "original_exception", None)
        told = f"{level} took {error(failure)}"
        if original is not None:
            told += f" from {error(original)}"
        note(told)
        return told if status is None else (told, status)

    return handler


def raises(failure: Exception) -> Any:
    """A handler that fails itself."""
    raise DeepTrouble(f"while handling {failure}")


def register(target: Flask | Blueprint, level: str) -> None:
    """The handlers of one level: by code, by class, by base class."""
    if level == "app":
        target.register_error_handler(424, raises)
        target.register_error_handler(406, lambda failure: abort(403))
        target.register_error_handler(409, cast(Any, lambda failure: None))
        target.register_error_handler(411, cast(Any, lambda failure: failure))
        target.register_error_handler(412, lambda failure: ({"code": 412}, 299, {"X-H": "1"}))
        target.register_error_handler(403, answer("app 403", 403))
        target.register_error_handler(404, answer("app 404", 404))
        target.register_error_handler(405, answer("app 405", 405))
        target.register_error_handler(413, answer("app 413", 413))
        target.register_error_handler(LookupError, answer("app LookupError", 599))
        target.register_error_handler(DeepTrouble, answer("app DeepTrouble", 590))
    if level == "outer":
        target.register_error_handler(HTTPException, answer("outer HTTPException", 598))
        target.register_error_handler(Trouble, answer("outer Trouble", 591))
        target.register_error_handler(418, answer("outer 418"))
        target.register_error_handler(404, answer("outer 404", 404))
    if level == "inner":
        target.register_error_handler(Forbidden, answer("inner Forbidden", 403))
        target.register_error_handler(Teapot, answer("inner Teapot", 418))
        target.register_error_handler(ZeroDivisionError, answer("inner ZeroDivisionError", 592))
        target.register_error_handler(KeyError, answer("inner KeyError", 593))


def fail(failure: str) -> Any:
    """Raise what the table says."""
    note(f"view raises {failure}")
    RAISERS[failure]()
    return "nothing was raised"


def install(app: Flask, handlers: tuple[str, ...]) -> None:
    """Routes below ``/fail``; handlers on the levels that are named.

    ``500`` and ``Exception`` in ``handlers`` add those two to the app.
    """
    outer = Blueprint("outer", __name__, url_prefix="/outer")
    inner = Blueprint("inner", __name__, url_prefix="/inner")
    levels: dict[str, Flask | Blueprint] = {"app": app, "outer": outer, "inner": inner}
    for level, target in levels.items():
        target.add_url_rule("/fail/<failure>", "fail", fail, methods=["GET", "POST"])
        if level in handlers:
            register(target, level)
    if "500" in handlers:
        app.register_error_handler(500, answer("app 500", 500))
    if "500 raises" in handlers:
        app.register_error_handler(500, raises)
    if "Exception" in handlers:
        app.register_error_handler(Exception, answer("app Exception", 597))
    if "blueprint for app" in handlers:
        outer.app_errorhandler(410)(answer("outer for the app 410", 410))
    outer.register_blueprint(inner)
    app.register_blueprint(outer)

    @app.route("/register-error-handler/<kind>")
    def register_wrongly(kind: str) -> Any:
        wrong: dict[str, Any] = {
            "code": 999,
            "instance": NotFound(),
            "class": str,
            "base": Beyond,
            "text": "404",
        }
        fresh = Flask("fresh")
        try:
            fresh.register_error_handler(wrong[kind], answer("never"))
        except Exception as failure:
            return jsonify(type(failure).__name__)
        return jsonify("accepted")
