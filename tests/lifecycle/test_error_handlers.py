"""Which handler answers an error."""

from __future__ import annotations

import typing as t

import pytest
from error_classes import CLASSES, ForbiddenSubclass, Leaf, Middle, Teapot
from werkzeug.exceptions import (
    Forbidden,
    HTTPException,
    InternalServerError,
    NotFound,
    default_exceptions,
)
from werkzeug.routing import RequestRedirect

from flask import Blueprint, Flask, Response, abort

# Handlers as "where: what"; what is raised in a view of the child blueprint; who answers.
# Codes come before classes; child before parent before application; then the nearest base.
PRECEDENCE: list[tuple[list[str], t.Any, str | None]] = [
    (["app: 403"], Forbidden, "app: 403"),
    (["app: 403", "ch: 403"], Forbidden, "ch: 403"),
    (["app: 403", "par: 403"], Forbidden, "par: 403"),
    (["app: 403", "ch: HTTPException"], Forbidden, "app: 403"),
    (["app: HTTPException", "ch: Exception"], Forbidden, "ch: Exception"),
    (["ch: Exception", "ch: HTTPException"], Forbidden, "ch: HTTPException"),
    (["app: Exception"], Forbidden, "app: Exception"),
    (["app: 403", "app: ForbiddenSubclass"], ForbiddenSubclass, "app: ForbiddenSubclass"),
    (["app: ForbiddenSubclass", "ch: 403"], ForbiddenSubclass, "ch: 403"),
    (["app: ForbiddenSubclass"], Forbidden, None),
    (["app: 403"], ForbiddenSubclass, "app: 403"),
    (["app: 404"], Forbidden, None),
    (["app: Teapot"], Teapot, "app: Teapot"),
    (["app: 418"], Teapot, None),
    (["app: Leaf"], Leaf, "app: Leaf"),
    (["app: Base", "app: Middle"], Leaf, "app: Middle"),
    (["app: Leaf", "ch: Base"], Leaf, "ch: Base"),
    (["app: Leaf", "par: Base"], Leaf, "par: Base"),
    (["app: Leaf"], Middle, None),
    (["app: 500"], Leaf, "app: 500"),
    (["app: 500", "app: Base"], Leaf, "app: Base"),
    (["app: 500", "app: Exception"], Leaf, "app: Exception"),
    (["app: InternalServerError"], Leaf, "app: InternalServerError"),
    (["app: HTTPException"], Leaf, "app: HTTPException"),
    (["ch: 500", "app: 500"], Leaf, "ch: 500"),
    (["app: 500"], InternalServerError, "app: 500"),
    (["other: 403", "other: Exception"], Forbidden, None),
    ([], Forbidden, None),
    ([], Leaf, None),
]


def build(app: Flask, handlers: list[str], view: t.Callable[[], t.Any]) -> None:
    app.logger.disabled = True
    where: dict[str, t.Any] = {"app": app}
    for name in ("par", "ch", "other"):
        where[name] = Blueprint(name, __name__)
    for entry in handlers:
        place, _, what = entry.partition(": ")
        key = int(what) if what.isdigit() else CLASSES[what]
        where[place].register_error_handler(key, lambda error, entry=entry: entry)
    where["ch"].add_url_rule("/", "view", view)
    where["par"].register_blueprint(where["ch"], url_prefix="/ch")
    app.register_blueprint(where["par"], url_prefix="/par")
    app.register_blueprint(where["other"])


@pytest.mark.parametrize(
    ("handlers", "raised", "answered_by"),
    [pytest.param(*row, id=f"{row[1].__name__} with {', '.join(row[0])}") for row in PRECEDENCE],
)
def test_this_handler_answers(
    app: Flask, handlers: list[str], raised: type[Exception], answered_by: str | None
) -> None:
    def view() -> t.NoReturn:
        raise raised

    build(app, handlers, view)
    response = app.test_client().get("/par/ch/")
    if answered_by is None:
        assert response.status_code == getattr(raised, "code", 500)
        assert response.mimetype == "text/html"
        assert "<h1>" in response.text
    else:
        assert (response.status_code, response.text) == (200, answered_by)


def test_an_unknown_url_below_a_blueprint_is_the_applications_404(app: Flask) -> None:
    build(app, ["app: 404", "ch: 404", "par: 404"], lambda: "ok")
    assert app.test_client().get("/par/ch/missing").text == "app: 404"


def test_an_error_before_a_blueprints_view_is_the_blueprints(app: Flask) -> None:
    build(app, ["app: Base", "ch: Base"], lambda: "ok")

    @app.before_request
    def fail() -> None:
        raise Leaf

    assert app.test_client().get("/par/ch/").text == "ch: Base"


def test_a_405_reaches_its_handler_and_keeps_its_methods(app: Flask) -> None:
    app.add_url_rule("/", "view", lambda: "ok", methods=["PUT", "POST"])
    response = app.test_client().get("/")
    assert response.status_code == 405
    assert response.allow.as_set() == {"put", "post", "options"}
    app.error_handler_spec[None][405][default_exceptions[405]] = lambda error: error.valid_methods
    assert set(app.test_client().get("/").json or ()) == {"PUT", "POST", "OPTIONS"}


def test_routing_redirects_reach_no_handler(app: Flask) -> None:
    app.register_error_handler(Exception, lambda error: pytest.fail("must not be asked"))
    app.register_error_handler(308, lambda error: pytest.fail("must not be asked")) if (
        308 in default_exceptions
    ) else None
    app.add_url_rule("/a/", "a", lambda: "a")

    @app.route("/raise")
    def raising() -> t.NoReturn:
        raise RequestRedirect("http://localhost/elsewhere")

    assert app.test_client().get("/a").headers["Location"] == "http://localhost/a/"
    assert app.test_client().get("/raise").headers["Location"] == "http://localhost/elsewhere"


def test_an_http_exception_without_a_code_reaches_no_handler(app: Flask) -> None:
    app.register_error_handler(HTTPException, lambda error: pytest.fail("must not be asked"))

    @app.route("/")
    def view() -> t.NoReturn:
        raise HTTPException("what")

    response = app.test_client().get("/")
    assert response.status_code == 200
    assert "None Unknown Error" in response.text


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        ("text", 200, "text"),
        (("text", 404), 404, "text"),
        ({"a": 1}, 200, '{"a":1}\n'),
        (Response("r", 410), 410, "r"),
        (NotFound(response=Response("own", 499)), 499, "own"),
    ],
    ids=str,
)
def test_a_handler_may_return_the_same_values_as_a_view(
    app: Flask, answer: t.Any, status: int, text: str
) -> None:
    app.register_error_handler(404, lambda error: answer)
    response = app.test_client().get("/missing")
    assert (response.status_code, response.text) == (status, text)


def test_a_handler_may_return_the_error_itself(app: Flask) -> None:
    app.register_error_handler(404, lambda error: error)
    assert app.test_client().get("/missing").status_code == 404


def test_an_error_in_a_handler_is_a_500_and_reaches_no_other_handler(app: Flask) -> None:
    app.logger.disabled = True
    app.register_error_handler(404, lambda error: abort(403))
    app.register_error_handler(403, lambda error: pytest.fail("must not be asked"))
    assert app.test_client().get("/missing").status_code == 500


def test_an_error_in_the_500_handler_reaches_the_server(app: Flask) -> None:
    app.logger.disabled = True

    @app.errorhandler(500)
    def broken(error: InternalServerError) -> t.NoReturn:
        raise ValueError("broken handler")

    @app.route("/")
    def view() -> t.NoReturn:
        raise Leaf

    with pytest.raises(ValueError, match="broken handler"):
        app.test_client().get("/")


def test_the_500_handler_gets_the_original_error(app: Flask) -> None:
    app.logger.disabled = True
    seen: list[t.Any] = []
    raised = Leaf("original")

    @app.errorhandler(500)
    def handle(error: InternalServerError) -> str:
        seen.append((type(error), error.original_exception))
        return "handled"

    @app.route("/crash")
    def crash() -> t.NoReturn:
        raise raised

    app.add_url_rule("/abort", "abort", lambda: abort(500))
    app.test_client().get("/crash")
    app.test_client().get("/abort")
    assert seen == [(InternalServerError, raised), (InternalServerError, None)]


@pytest.mark.parametrize(
    ("what", "error"),
    [
        (999, ValueError),
        (200, ValueError),
        (NotFound(), TypeError),
        (ValueError("x"), TypeError),
        (int, ValueError),
        (KeyboardInterrupt, ValueError),
    ],
    ids=repr,
)
def test_no_handler_can_be_registered_for(app: Flask, what: t.Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        app.register_error_handler(what, lambda e: "")
    with pytest.raises(error):
        app.errorhandler(what)(lambda e: "")
