"""Errors that explain themselves in debug mode."""

from __future__ import annotations

import io
import logging
import typing as t
from pathlib import Path

import pytest
from jinja2 import DictLoader
from werkzeug.exceptions import BadRequestKeyError
from werkzeug.routing import RequestRedirect

from flask import Blueprint, Flask, render_template, request
from flask.debughelpers import (
    DebugFilesKeyError,
    FormDataRoutingRedirect,
    UnexpectedUnicodeError,
)


@pytest.fixture
def debug(app: Flask) -> Flask:
    app.config.update(DEBUG=True, PROPAGATE_EXCEPTIONS=True)
    app.add_url_rule("/upload", "upload", lambda: request.files["file"].filename, methods=["POST"])
    return app


def test_a_file_that_came_as_text_is_explained(debug: Flask) -> None:
    with pytest.raises(DebugFilesKeyError) as caught:
        debug.test_client().post("/upload", data={"file": "photo.jpg"})
    text = str(caught.value)
    assert "'file'" in text
    assert 'enctype="multipart/form-data"' in text
    assert "'photo.jpg'" in text
    assert "'application/x-www-form-urlencoded'" in text
    assert isinstance(caught.value, KeyError)


def test_a_file_that_was_not_sent_at_all_is_an_unmodified_key_error(debug: Flask) -> None:
    for data in ({"other": "x"}, {}):
        with pytest.raises(BadRequestKeyError) as caught:
            debug.test_client().post("/upload", data=data)
        assert not isinstance(caught.value, DebugFilesKeyError)


def test_a_file_that_came_is_given(debug: Flask) -> None:
    response = debug.test_client().post("/upload", data={"file": (io.BytesIO(b"x"), "name.txt")})
    assert response.text == "name.txt"


def test_without_debug_it_is_a_400_without_details(debug: Flask) -> None:
    debug.config.update(DEBUG=False, PROPAGATE_EXCEPTIONS=False)
    assert debug.test_client().post("/upload", data={"file": "photo.jpg"}).status_code == 400


def test_the_files_are_still_a_mapping(debug: Flask) -> None:
    debug.add_url_rule(
        "/get",
        "get",
        lambda: f"{request.files.get('file')} {'file' in request.files} {len(request.files)}",
        methods=["POST"],
    )
    assert debug.test_client().post("/get", data={"file": "x"}).text == "None False 0"


# Method, code of the redirect, debug mode, and whether it is explained.
REDIRECTS = [
    ("POST", 301, True, True),
    ("POST", 302, True, True),
    ("PUT", 303, True, True),
    ("POST", 307, True, False),
    ("POST", 308, True, False),
    ("GET", 301, True, False),
    ("HEAD", 301, True, False),
    ("OPTIONS", 301, True, False),
    ("POST", 301, False, False),
]


@pytest.mark.parametrize(("method", "code", "is_debug", "explained"), REDIRECTS)
def test_a_redirect_that_loses_the_body_is_explained(
    app: Flask, method: str, code: int, is_debug: bool, explained: bool
) -> None:
    app.config["DEBUG"] = is_debug
    with app.test_request_context("/form", method=method) as context:
        redirect = RequestRedirect("http://localhost/form/")
        redirect.code = code
        context.request.routing_exception = redirect
        expected = FormDataRoutingRedirect if explained else RequestRedirect
        with pytest.raises(expected) as caught:
            app.raise_routing_exception(context.request)
    if explained:
        text = str(caught.value)
        assert "'http://localhost/form'" in text
        assert "'http://localhost/form/'" in text
        assert "trailing slash" in text
        assert isinstance(caught.value, AssertionError)


def test_a_redirect_elsewhere_does_not_speak_of_slashes(app: Flask) -> None:
    with app.test_request_context("/form", method="POST") as context:
        context.request.routing_exception = RequestRedirect("http://localhost/other")
        assert "trailing slash" not in str(FormDataRoutingRedirect(context.request))


def test_an_ordinary_slash_redirect_keeps_the_body_and_is_not_explained(debug: Flask) -> None:
    debug.add_url_rule("/slash/", "slash", lambda: "ok", methods=["POST"])
    assert debug.test_client().post("/slash", data={"a": "b"}).status_code == 308


def test_an_unexpected_text_is_both_errors() -> None:
    assert issubclass(UnexpectedUnicodeError, AssertionError)
    assert issubclass(UnexpectedUnicodeError, UnicodeError)


@pytest.fixture
def explaining(app: Flask, tmp_path: Path) -> Flask:
    """An application with a blueprint, both with a folder of templates."""
    for name in ("app", "bp"):
        (tmp_path / name / "templates").mkdir(parents=True)
        (tmp_path / name / "templates" / "both.html").write_text(name)
        (tmp_path / name / "templates" / f"{name}.html").write_text(name)
    explaining = Flask("explaining", root_path=str(tmp_path / "app"))
    blueprint = Blueprint("bp", "bp", root_path=str(tmp_path / "bp"), template_folder="templates")

    @blueprint.route("/<name>")
    def show(name: str) -> str:
        return render_template(name)

    explaining.register_blueprint(blueprint)
    explaining.config["EXPLAIN_TEMPLATE_LOADING"] = True
    explaining.testing = True
    return explaining


@pytest.mark.parametrize(
    ("template", "parts"),
    [
        (
            "app.html",
            ["1: trying loader of application 'explaining'", "-> found (", "-> no match"],
        ),
        (
            "bp.html",
            ["2: trying loader of blueprint 'bp' (bp)", "-> no match", "-> found ("],
        ),
        ("both.html", ["Warning: multiple loaders returned a match for the template."]),
        (
            "none.html",
            [
                "Error: the template could not be found.",
                "belongs to the blueprint 'bp'",
                "Maybe you did not place a template in the right folder?",
            ],
        ),
    ],
)
def test_where_a_template_was_looked_for_is_logged(
    explaining: Flask, caplog: pytest.LogCaptureFixture, template: str, parts: list[str]
) -> None:
    with caplog.at_level(logging.INFO):
        try:
            explaining.test_client().get(f"/{template}")
        except Exception as error:
            assert type(error).__name__ == "TemplateNotFound"
    (record,) = (r for r in caplog.records if r.name == "explaining")
    text = record.getMessage()
    assert text.startswith(f"Locating template '{template}':")
    assert [part for part in parts if part not in text] == []
    assert "class: jinja2.loaders.FileSystemLoader" in text
    assert "encoding: 'utf-8'" in text
    assert "searchpath:" in text


def test_outside_a_request_no_blueprint_is_named(
    explaining: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    explaining.jinja_loader = DictLoader({"both.html": "dict"})
    with caplog.at_level(logging.INFO), explaining.app_context():
        assert render_template("both.html") == "dict"
    text = caplog.records[-1].getMessage()
    assert "class: jinja2.loaders.DictLoader" in text
    assert "blueprint 'bp' (bp)" in text
    assert "belongs to the blueprint" not in text


def test_unreadable_attributes_of_a_loader_are_left_out(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    class Loader(DictLoader):
        def __init__(self) -> None:
            super().__init__({"x.html": "x"})
            self.names: t.Any = ["a", "b"]
            self.mixed: t.Any = ["a", 1]
            self._private = "p"

    app.config["EXPLAIN_TEMPLATE_LOADING"] = True
    app.jinja_loader = Loader()
    with caplog.at_level(logging.INFO), app.app_context():
        render_template("x.html")
    text = caplog.records[-1].getMessage()
    assert "names:\n         - a\n         - b" in text
    assert "mixed" not in text
    assert "_private" not in text
