"""What happens to an error without a handler: logged, signalled, propagated, or answered."""

from __future__ import annotations

import logging
import typing as t

import pytest
from error_classes import CLASSES, Leaf, Middle
from werkzeug.exceptions import (
    BadRequest,
    BadRequestKeyError,
    HTTPException,
)

from flask import Flask, Response, abort, redirect, request


def test_a_crash_is_logged_once_and_the_next_request_is_served(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    @app.route("/crash", methods=["GET", "POST"])
    def crash() -> t.NoReturn:
        raise Leaf("secret detail")

    app.add_url_rule("/", "ok", lambda: "ok")
    client = app.test_client()
    response = client.post("/crash?q=1")
    assert response.status_code == 500
    assert "secret detail" not in response.text
    (record,) = caplog.records
    assert (record.levelno, record.name) == (logging.ERROR, app.name)
    assert record.getMessage() == "Exception on /crash [POST]"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], Leaf)
    assert client.get("/").text == "ok"
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("settings", "propagates"),
    [
        ({}, False),
        ({"TESTING": True}, True),
        ({"DEBUG": True}, True),
        ({"PROPAGATE_EXCEPTIONS": True}, True),
        ({"TESTING": True, "PROPAGATE_EXCEPTIONS": False}, False),
        ({"DEBUG": True, "PROPAGATE_EXCEPTIONS": False}, False),
    ],
    ids=str,
)
def test_these_settings_let_errors_through(
    app: Flask, settings: dict[str, bool], propagates: bool
) -> None:
    app.logger.disabled = True
    app.config.update(settings)

    @app.route("/")
    def view() -> t.NoReturn:
        raise Leaf

    if propagates:
        with pytest.raises(Leaf):
            app.test_client().get("/")
    else:
        assert app.test_client().get("/").status_code == 500


def test_only_unhandled_errors_are_signalled(app: Flask, received: t.Any) -> None:
    app.logger.disabled = True
    seen = received(app, "got_request_exception")
    raised = Middle()

    @app.route("/<int:number>")
    def view(number: int) -> t.NoReturn:
        if number == 1:
            raise raised
        if number == 2:
            raise Leaf
        abort(number)

    app.register_error_handler(Leaf, lambda error: "handled")
    for number in (1, 2, 404, 500):
        app.test_client().get(f"/{number}")
    assert seen == [("got_request_exception", {"exception": raised})]


def test_teardown_gets_only_unhandled_errors(app: Flask) -> None:
    app.logger.disabled = True
    seen: list[str] = []
    app.teardown_request(lambda exc: seen.append(type(exc).__name__))
    app.register_error_handler(Leaf, lambda error: "handled")
    app.register_error_handler(500, lambda error: "answered")

    @app.route("/<name>")
    def view(name: str) -> t.NoReturn:
        if name == "abort":
            abort(404)
        raise CLASSES[name]

    for path in ("/Leaf", "/Base", "/abort"):
        app.test_client().get(path)
    assert seen == ["NoneType", "Base", "NoneType"]


def test_should_ignore_error_keeps_an_error_from_teardown() -> None:
    class Ignoring(Flask):
        def should_ignore_error(self, error: BaseException | None) -> bool:
            return isinstance(error, Leaf)

    app = Ignoring("ignoring")
    app.logger.disabled = True
    seen: list[BaseException | None] = []
    app.teardown_request(seen.append)

    @app.route("/")
    def view() -> t.NoReturn:
        raise Leaf

    app.test_client().get("/")
    assert seen == [None]


@pytest.mark.parametrize(
    ("settings", "trapped"),
    [
        ({}, []),
        ({"TRAP_HTTP_EXCEPTIONS": True}, ["404", "400", "key"]),
        ({"TRAP_BAD_REQUEST_ERRORS": True}, ["400", "key"]),
        ({"DEBUG": True}, ["key"]),
        ({"DEBUG": True, "TRAP_BAD_REQUEST_ERRORS": False}, []),
    ],
    ids=str,
)
def test_trapped_http_errors_propagate(
    app: Flask, settings: dict[str, bool], trapped: list[str]
) -> None:
    app.config.update(settings)
    app.config["PROPAGATE_EXCEPTIONS"] = True

    @app.route("/<what>")
    def view(what: str) -> str:
        if what == "key":
            return request.form["missing"]
        abort(int(what))

    got: list[str] = []
    for what in ("404", "400", "key"):
        try:
            app.test_client().get(f"/{what}")
        except HTTPException:
            got.append(what)
    assert got == trapped


def test_a_trapped_error_still_reaches_its_handler(app: Flask) -> None:
    app.config["TRAP_HTTP_EXCEPTIONS"] = True
    app.register_error_handler(404, lambda error: ("handled", 404))
    assert app.test_client().get("/missing").text == "handled"


def test_a_missing_form_key_names_itself_only_where_it_may(app: Flask) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.logger.disabled = True
    app.add_url_rule("/", "view", lambda: request.form["the_key"], methods=["POST"])
    response = app.test_client().post("/")
    assert response.status_code == 400
    assert "the_key" not in response.text
    app.config.update(DEBUG=True, TRAP_BAD_REQUEST_ERRORS=False)
    assert "the_key" in app.test_client().post("/").text
    app.config.update(PROPAGATE_EXCEPTIONS=True, TRAP_BAD_REQUEST_ERRORS=True)
    with pytest.raises(BadRequestKeyError, match="the_key"):
        app.test_client().post("/")


def test_abort_takes_a_response_and_a_description(app: Flask) -> None:
    app.add_url_rule("/response", "response", lambda: abort(Response("own", 499)))
    app.add_url_rule("/redirect", "redirect", lambda: abort(redirect("/x")))
    app.add_url_rule("/text", "text", lambda: abort(403, "because"))
    app.add_url_rule("/return", "return", lambda: BadRequest("returned"))
    client = app.test_client()
    assert (client.get("/response").status_code, client.get("/response").text) == (499, "own")
    assert client.get("/redirect").headers["Location"] == "/x"
    assert "because" in client.get("/text").text
    assert client.get("/return").status_code == 400


@pytest.mark.parametrize("code", [200, 299, 999])
def test_abort_with_a_code_that_is_no_error_is_a_lookup_error(app: Flask, code: int) -> None:
    with app.app_context(), pytest.raises(LookupError):
        abort(code)


def test_what_is_no_exception_but_a_base_exception_passes_through(app: Flask) -> None:
    seen: list[BaseException | None] = []
    app.teardown_request(seen.append)
    app.register_error_handler(Exception, lambda error: pytest.fail("must not be asked"))

    @app.route("/")
    def view() -> t.NoReturn:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        app.test_client().get("/")
    assert [type(exc) for exc in seen] == [SystemExit]


def test_an_untrusted_host_is_a_400_that_handlers_catch(app: Flask) -> None:
    app.config["TRUSTED_HOSTS"] = ["good.test", ".sub.test"]
    before: list[str] = []
    app.before_request(lambda: before.append("before"))
    app.add_url_rule("/", "view", lambda: "ok")
    client = app.test_client()
    for host, status in [
        ("good.test", 200),
        ("a.sub.test", 200),
        ("sub.test", 200),
        ("bad.test", 400),
        ("xgood.test", 400),
    ]:
        assert (host, client.get("/", base_url=f"http://{host}/").status_code) == (host, status)
    assert client.get("/missing", base_url="http://bad.test/").status_code == 400
    app.error_handler_spec[None][400][BadRequest] = lambda error: "handled"
    assert client.get("/", base_url="http://bad.test/").text == "handled"
    assert len(before) == 7
