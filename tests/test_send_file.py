"""What views call to send files, and the views of static files."""

from __future__ import annotations

import io
import os
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.test import EnvironBuilder

from flask import (
    Blueprint,
    Flask,
    send_file,
    send_from_directory,
)


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
