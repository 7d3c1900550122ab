"""What views call: build URLs, redirect, abort, flash, send files."""

from __future__ import annotations

import io
import os
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import werkzeug.wrappers
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import BuildError
from werkzeug.test import EnvironBuilder

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    request,
    send_file,
    send_from_directory,
    url_for,
)

# URLs ----------------------------------------------------------------------------------------


@pytest.fixture
def routed(app: Flask) -> Flask:
    def view(**values: t.Any) -> str:
        return ""

    for rule, endpoint in [
        ("/", "index"),
        ("/user/<name>", "user"),
        ("/int/<int:n>", "int"),
        ("/any/<any(a,b):x>", "any"),
        ("/path/<path:p>", "path"),
        ("/float/<float:f>", "float"),
        ("/both", "both"),
        ("/both/<int:page>", "both"),
    ]:
        app.add_url_rule(rule, endpoint, view)
    app.add_url_rule("/m", "method", view, methods=["GET"])
    app.add_url_rule("/m/post", "method", view, methods=["POST"])
    app.add_url_rule("/build", "build", view, build_only=True)
    blueprint = Blueprint("bp", "x", url_prefix="/bp")
    blueprint.add_url_rule("/", "index", lambda: url_for(".other"))
    blueprint.add_url_rule("/other", "other", view)
    app.register_blueprint(blueprint)
    return app


BUILT: list[tuple[str, dict[str, t.Any], str]] = [
    ("index", {}, "/"),
    ("index", {"q": 1}, "/?q=1"),
    ("index", {"q": ["a", "b"]}, "/?q=a&q=b"),
    ("index", {"q": None}, "/"),
    ("index", {"q": "é &="}, "/?q=%C3%A9+%26%3D"),
    ("index", {"_anchor": "x y"}, "/#x%20y"),
    ("index", {"_anchor": "é&?/"}, "/#%C3%A9&?/"),
    ("index", {"_anchor": ""}, "/#"),
    ("index", {"_external": True}, "http://localhost/"),
    ("index", {"_external": False}, "/"),
    ("index", {"_scheme": "https"}, "https://localhost/"),
    ("index", {"_scheme": "https", "_external": True}, "https://localhost/"),
    ("index", {"_scheme": "", "_external": True}, "//localhost/"),
    ("user", {"name": "é/x"}, "/user/%C3%A9/x"),
    ("int", {"n": -3}, "/int/-3"),
    ("int", {"n": "007"}, "/int/7"),
    ("path", {"p": "a/b c"}, "/path/a/b%20c"),
    ("float", {"f": 1.5}, "/float/1.5"),
    ("both", {}, "/both"),
    ("both", {"page": 2}, "/both/2"),
    ("both", {"page": 2, "q": "x"}, "/both/2?q=x"),
    ("method", {"_method": "POST"}, "/m/post"),
    ("method", {"_method": "GET"}, "/m"),
    ("method", {}, "/m"),
    ("build", {}, "/build"),
    ("bp.index", {}, "/bp/"),
    (".index", {}, "/"),
    ("static", {"filename": "a b.css"}, "/static/a%20b.css"),
]


@pytest.mark.parametrize(("endpoint", "values", "url"), BUILT, ids=str)
def test_a_url_is_built(routed: Flask, endpoint: str, values: dict[str, t.Any], url: str) -> None:
    with routed.test_request_context("/elsewhere"):
        assert url_for(endpoint, **values) == url
        assert routed.url_for(endpoint, **values) == url


def test_a_dot_means_the_current_blueprint(routed: Flask) -> None:
    assert routed.test_client().get("/bp/").text == "/bp/other"


@pytest.mark.parametrize(
    ("endpoint", "values"),
    [("nowhere", {}), ("user", {}), ("index", {"_method": "POST"}), (".other", {})],
    ids=str,
)
def test_what_cannot_be_built_is_a_build_error(
    routed: Flask, endpoint: str, values: dict[str, t.Any]
) -> None:
    with routed.test_request_context(), pytest.raises(BuildError, match="Could not build url"):
        url_for(endpoint, **values)


def test_a_value_that_a_converter_refuses_is_a_value_error(routed: Flask) -> None:
    with routed.test_request_context(), pytest.raises(ValueError, match="'c' is not one of"):
        url_for("any", x="c")


def test_a_scheme_needs_an_external_url(routed: Flask) -> None:
    with (
        routed.test_request_context(),
        pytest.raises(ValueError, match="When specifying '_scheme', '_external' must be True"),
    ):
        url_for("index", _scheme="https", _external=False)


OUTSIDE: list[tuple[dict[str, str], dict[str, t.Any], str]] = [
    ({}, {}, "http://x.test/"),
    ({}, {"_external": False}, "/"),
    ({}, {"_scheme": "https"}, "https://x.test/"),
    ({"APPLICATION_ROOT": "/root"}, {}, "http://x.test/root/"),
    ({"PREFERRED_URL_SCHEME": "https"}, {}, "https://x.test/"),
]


@pytest.mark.parametrize(("settings", "values", "url"), OUTSIDE, ids=str)
def test_outside_a_request_urls_are_external(
    routed: Flask, settings: dict[str, str], values: dict[str, t.Any], url: str
) -> None:
    routed.config.update(SERVER_NAME="x.test", **settings)
    with routed.app_context():
        assert url_for("index", **values) == url
    assert routed.url_for("index", **values) == url


def test_outside_a_request_a_server_name_is_needed(routed: Flask) -> None:
    with routed.app_context(), pytest.raises(RuntimeError, match="SERVER_NAME"):
        url_for("index")
    with pytest.raises(RuntimeError, match="SERVER_NAME"):
        routed.url_for("index")


def test_in_a_request_the_server_name_is_the_external_host(routed: Flask) -> None:
    routed.config["SERVER_NAME"] = "named.test"
    with routed.test_request_context(base_url="http://asked.test/"):
        assert url_for("index", _external=True) == "http://named.test/"


def test_url_defaults_run_for_the_target_endpoint(app: Flask) -> None:
    order: list[str] = []
    parent, child = Blueprint("par", "x"), Blueprint("ch", "x")
    for name, scaffold in (("app", app), ("par", parent), ("ch", child)):
        scaffold.url_defaults(
            lambda endpoint, values, name=name: order.append(f"{name} {endpoint}")
        )
    child.app_url_defaults(lambda endpoint, values: values.setdefault("lang", "de"))
    child.add_url_rule("/<lang>/", "view", lambda lang: "")
    parent.register_blueprint(child)
    app.register_blueprint(parent)
    app.add_url_rule("/plain", "plain", lambda: "")
    with app.test_request_context("/plain"):
        assert url_for("par.ch.view") == "/de/"
        assert url_for("plain") == "/plain?lang=de"
    assert order == ["app par.ch.view", "par par.ch.view", "ch par.ch.view", "app plain"]


def test_build_errors_are_handled_by_the_first_that_knows(app: Flask) -> None:
    seen: list[t.Any] = []

    def first(error: Exception, endpoint: str, values: dict[str, t.Any]) -> str | None:
        seen.append((endpoint, dict(values)))
        return None

    def second(error: Exception, endpoint: str, values: dict[str, t.Any]) -> str:
        assert isinstance(error, BuildError)
        raise BuildError("replaced", {}, None)

    def third(error: Exception, endpoint: str, values: dict[str, t.Any]) -> str:
        if endpoint == "unknown":
            raise error
        return f"/handled/{endpoint}"

    app.url_build_error_handlers.extend([first, second, third])  # type: ignore[list-item]
    with app.test_request_context():
        assert url_for("known", a=1, _anchor="x") == "/handled/known"
        with pytest.raises(BuildError, match="'replaced'"):
            url_for("unknown")
    assert seen[0] == (
        "known",
        {"a": 1, "_anchor": "x", "_method": None, "_scheme": None, "_external": False},
    )


def test_values_named_self_and_endpoint_like_are_no_trouble(app: Flask) -> None:
    app.add_url_rule("/<self>", "view", lambda **values: "")
    with app.test_request_context():
        assert url_for("view", self="x") == "/x"


# Redirect and abort --------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("code", [301, 302, 303, 305, 307, 308])
def test_a_redirect(app: Flask, inside: bool, code: int) -> None:
    if inside:
        with app.app_context():
            response = redirect("/x?a=<b>", code)
        assert type(response) is Response
    else:
        response = redirect("/x?a=<b>", code)
        assert type(response) is werkzeug.wrappers.Response
    assert (response.status_code, response.headers["Location"]) == (code, "/x?a=<b>")
    assert "/x?a=&lt;b&gt;" in response.get_data(True)
    assert app.redirect("/y").status_code == 302


def test_a_redirect_without_an_application_takes_a_class() -> None:
    class Own(werkzeug.wrappers.Response):
        pass

    assert type(redirect("/x", Response=Own)) is Own


def test_a_redirect_in_an_application_goes_through_its_method(app: Flask) -> None:
    app.redirect = lambda location, code=302: Response(f"{location} {code}")  # type: ignore[method-assign]
    with app.app_context():
        assert redirect("/x", 301).get_data(True) == "/x 301"


def test_abort_uses_the_applications_aborter(app: Flask) -> None:
    class Own(HTTPException):
        code = 499

    app.aborter.mapping[499] = Own
    with app.app_context(), pytest.raises(Own):
        abort(499)
    with pytest.raises(LookupError):
        abort(499)


@pytest.mark.parametrize(
    "code",
    [
        *(400, 401, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418),
        *(421, 422, 423, 424, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505),
    ],
)
def test_these_codes_abort(app: Flask, code: int) -> None:
    for context in (app.app_context(), None):
        with pytest.raises(HTTPException) as caught:
            if context is None:
                abort(code, response=Response("own"))
            with context:
                abort(code, response=Response("own"))
        assert caught.value.code == code
        assert caught.value.response is not None


# make_response -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "status", "body", "header"),
    [
        ((), 200, b"", None),
        (("x",), 200, b"x", None),
        ((("x", 201),), 201, b"x", None),
        (("x", 201), 201, b"x", None),
        (("x", {"X-A": "1"}), 200, b"x", "1"),
        (("x", 201, {"X-A": "1"}), 201, b"x", "1"),
        (({"a": 1},), 200, b'{"a":1}\n', None),
    ],
    ids=repr,
)
def test_make_response(
    app: Flask, args: t.Any, status: int, body: bytes, header: str | None
) -> None:
    with app.app_context():
        response = make_response(*args)
    assert (response.status_code, response.data) == (status, body)
    assert response.headers.get("X-A") == header


# Flash ---------------------------------------------------------------------------------------


def test_a_flash_is_told(app: Flask, received: t.Any) -> None:
    seen = received(app, "message_flashed")
    with app.test_request_context():
        flash("text", "category")
        flash("plain")
    assert seen == [
        ("message_flashed", {"message": "text", "category": "category"}),
        ("message_flashed", {"message": "plain", "category": "message"}),
    ]


# Files ---------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> Flask:
    static = tmp_path / "static"
    (static / "folder").mkdir(parents=True)
    (static / "hello.txt").write_text("hello file")
    (static / "folder" / "inner.txt").write_text("inner")
    (static / ".hidden").write_text("hidden")
    (static / "é ü.txt").write_text("unicode")
    (tmp_path / "secret.txt").write_text("secret")
    for path in static.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return Flask("files", root_path=str(tmp_path))


STATIC: list[tuple[str, dict[str, str], int, bytes | None]] = [
    ("/static/hello.txt", {}, 200, b"hello file"),
    ("/static/folder/inner.txt", {}, 200, b"inner"),
    ("/static/.hidden", {}, 200, b"hidden"),
    ("/static/é ü.txt", {}, 200, b"unicode"),
    ("/static/folder", {}, 404, None),
    ("/static/", {}, 404, None),
    ("/static/missing.txt", {}, 404, None),
    ("/static/../secret.txt", {}, 404, None),
    ("/static/folder/../hello.txt", {}, 200, b"hello file"),
    ("/static//hello.txt", {}, 308, None),
    ("/static/hello.txt", {"Range": "bytes=0-4"}, 206, b"hello"),
    ("/static/hello.txt", {"Range": "bytes=-4"}, 206, b"file"),
    ("/static/hello.txt", {"Range": "bytes=6-"}, 206, b"file"),
    ("/static/hello.txt", {"Range": "bytes=100-"}, 416, None),
    ("/static/hello.txt", {"Range": "bytes=0-1,3-4"}, 416, None),
    ("/static/hello.txt", {"Range": "lines=0-1"}, 416, None),
    ("/static/hello.txt", {"If-Modified-Since": "Tue, 14 Nov 2023 22:13:20 GMT"}, 304, b""),
    ("/static/hello.txt", {"If-Modified-Since": "Tue, 14 Nov 2023 22:13:19 GMT"}, 200, None),
    ("/static/hello.txt", {"If-None-Match": "*"}, 304, b""),
    ("/static/hello.txt", {"If-None-Match": '"other"'}, 200, None),
]


@pytest.mark.parametrize(("path", "headers", "status", "body"), STATIC, ids=str)
def test_static_files(
    files: Flask, path: str, headers: dict[str, str], status: int, body: bytes | None
) -> None:
    with files.test_client().get(path, headers=headers) as response:
        assert response.status_code == status
        if body is not None:
            assert response.data == body
    with files.test_client().head(path, headers=headers) as head:
        assert (head.status_code, head.data) == (status, b"")


def test_the_headers_of_a_static_file(files: Flask) -> None:
    with files.test_client().get("/static/hello.txt") as response:
        headers = dict(response.headers)
        etag = headers.pop("ETag")
        assert headers.pop("Date")
        headers.setdefault("Accept-Ranges", "bytes")  # not of older releases of Werkzeug
    assert headers == {
        "Content-Disposition": "inline; filename=hello.txt",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": "10",
        "Last-Modified": "Tue, 14 Nov 2023 22:13:20 GMT",
        "Cache-Control": "no-cache",
        "Accept-Ranges": "bytes",
    }
    assert etag.startswith('"1700000000.0-10-')
    with files.test_client().get("/static/hello.txt", headers={"If-None-Match": etag}) as again:
        assert again.status_code == 304
    assert files.test_client().post("/static/hello.txt").status_code == 405


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (None, "no-cache"),
        (3600, "public, max-age=3600"),
        (timedelta(hours=1), "public, max-age=3600"),
    ],
)
def test_how_long_caches_keep_a_file(files: Flask, setting: t.Any, expected: str) -> None:
    blueprint = Blueprint(
        "bp", "x", static_folder="static", url_prefix="/bp", root_path=files.root_path
    )
    files.register_blueprint(blueprint)
    files.config["SEND_FILE_MAX_AGE_DEFAULT"] = setting
    for path in ("/static/hello.txt", "/bp/static/hello.txt"):
        with files.test_client().get(path) as response:
            assert response.headers["Cache-Control"] == expected
    with files.app_context():
        age = None if setting is None else 3600
        assert files.get_send_file_max_age("x") == age
        assert blueprint.get_send_file_max_age("x") == age


def test_how_long_may_be_decided_by_name() -> None:
    class Own(Flask):
        def get_send_file_max_age(self, filename: str | None) -> int:
            return 7 if filename and filename.endswith(".py") else 1

    app = Own("own", root_path=os.path.dirname(__file__), static_folder=".")
    with app.test_request_context():
        with send_file(__file__) as response:
            assert response.cache_control.max_age == 7
        with send_file(io.BytesIO(b"x"), download_name="x.txt") as response:
            assert response.cache_control.max_age == 1
        with send_file(__file__, max_age=3) as response:
            assert response.cache_control.max_age == 3
        with app.send_static_file(os.path.basename(__file__)) as response:
            assert response.cache_control.max_age == 7


def sent(app: Flask, *args: t.Any, **kwargs: t.Any) -> t.Any:
    with app.test_request_context(headers=kwargs.pop("headers", None)):
        return send_file(*args, **kwargs)


def test_a_path_is_relative_to_the_root(files: Flask) -> None:
    for path in (
        "static/hello.txt",
        Path("static/hello.txt"),
        Path(files.root_path) / "secret.txt",
    ):
        response = sent(files, path)
        response.direct_passthrough = False
        assert response.get_data() in (b"hello file", b"secret")
        response.close()
    with pytest.raises(FileNotFoundError):
        sent(files, "missing.txt")


@pytest.mark.parametrize(
    ("options", "disposition"),
    [
        ({}, "inline; filename=hello.txt"),
        ({"as_attachment": True}, "attachment; filename=hello.txt"),
        ({"download_name": "other.bin"}, "inline; filename=other.bin"),
        (
            {"as_attachment": True, "download_name": "é.txt"},
            "attachment; filename=e.txt; filename*=UTF-8''%C3%A9.txt",
        ),
    ],
    ids=str,
)
def test_the_name_to_save_it_under(
    files: Flask, options: dict[str, t.Any], disposition: str
) -> None:
    with sent(files, "static/hello.txt", **options) as response:
        assert response.headers["Content-Disposition"] == disposition


def test_a_file_object_needs_a_type_or_a_name(files: Flask) -> None:
    with pytest.raises(TypeError):
        sent(files, io.BytesIO(b"x"))
    with pytest.raises(TypeError):
        sent(files, io.BytesIO(b"x"), mimetype="text/plain", as_attachment=True)
    with pytest.raises(ValueError):
        sent(files, io.StringIO("x"), mimetype="text/plain")
    assert sent(files, io.BytesIO(b"x"), mimetype="text/x").mimetype == "text/x"
    assert sent(files, io.BytesIO(b"x"), download_name="x.css").mimetype == "text/css"


def test_other_facts_of_a_sent_file(files: Flask) -> None:
    moment = datetime(2024, 1, 2, tzinfo=UTC)
    with sent(files, "static/hello.txt", last_modified=moment, etag="mine") as response:
        assert response.last_modified == moment
        assert response.get_etag() == ("mine", False)
    with sent(files, "static/hello.txt", etag=False, conditional=False) as response:
        assert response.get_etag() == (None, None)
    files.config["USE_X_SENDFILE"] = True
    with sent(files, "static/hello.txt") as response:
        assert response.headers["X-Sendfile"] == os.path.join(files.root_path, "static/hello.txt")


def test_a_servers_own_wrapper_of_files_is_used(files: Flask) -> None:
    class Wrapper:
        def __init__(self, file: t.Any, size: int = 8192) -> None:
            self.file = file

        def __iter__(self) -> t.Iterator[bytes]:
            return iter([b"wrapped"])

        def close(self) -> None:
            self.file.close()

    environ = EnvironBuilder("/static/hello.txt").get_environ()
    environ["wsgi.file_wrapper"] = Wrapper
    body: t.Any = files(environ, lambda status, headers: None)  # type: ignore[arg-type, return-value]
    assert list(body) == [b"wrapped"]
    body.close()


def test_only_what_is_below_the_folder_is_sent(files: Flask) -> None:
    with files.test_request_context():
        for folder in ("static", Path("static"), os.path.join(files.root_path, "static")):
            with send_from_directory(folder, "hello.txt") as response:
                response.direct_passthrough = False
                assert response.get_data() == b"hello file"
        for path in ("../secret.txt", "/etc/passwd", "missing", "folder", "a/../../secret.txt"):
            with pytest.raises(NotFound):
                send_from_directory("static", path)
        with send_from_directory("static", "hello.txt", as_attachment=True) as response:
            assert response.headers["Content-Disposition"].startswith("attachment")


def test_without_a_static_folder_there_are_no_static_files() -> None:
    app = Flask("app", static_folder=None)
    assert app.test_client().get("/static/x").status_code == 404
    assert "static" not in app.view_functions
    with app.test_request_context(), pytest.raises(RuntimeError, match="static_folder"):
        app.send_static_file("x")
    blueprint = Blueprint("b", "x")
    with app.test_request_context(), pytest.raises(RuntimeError, match="static_folder"):
        blueprint.send_static_file("x")


def test_the_request_is_the_one_of_flask() -> None:
    from flask import helpers

    assert helpers.request is request
