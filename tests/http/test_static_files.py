"""Static files are sent as by Werkzeug's ``send_file``."""

from __future__ import annotations

import io
import mimetypes
import os
import typing as t
from pathlib import Path

import pytest
from werkzeug.http import is_entity_header
from werkzeug.wsgi import FileWrapper

import flask
import flask.helpers
from flask import Flask, Response, send_file, send_from_directory
from flask._http import static_files
from flask._http.headers import _ENTITY_HEADERS

FILES = {
    "page.html": b"<p>hello",
    "plain.txt": b"0123456789" * 400,
    "empty.txt": b"",
    "archive.tar.gz": b"\x1f\x8b",
    "noextension": b"?",
    "Upper.TXT": b"x",
    "two words; and=signs.txt": b"x",
    'a"quote.txt': b"x",
    "é日.css": b"x",
    "large.bin": b"x" * 100_000,
    "inner/script.js": b"1",
}
MODIFIED = 1_700_000_000.5
LONG_AGO = "Mon, 01 Jan 2001 00:00:00 GMT"
LATER = "Fri, 01 Jan 2100 00:00:00 GMT"


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    folder = tmp_path / "static"
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (MODIFIED, MODIFIED))
    os.mkfifo(folder / "pipe")
    return Flask(__name__, root_path=str(tmp_path))


@pytest.fixture(autouse=True)
def nothing_known() -> None:
    static_files._cached_files.clear()


def ask(app: Flask, path: str, **kwargs: t.Any) -> tuple[str, list[tuple[str, str]], bytes]:
    """Ask twice, so that what is kept of the first answer shows in the second; mask times."""
    for _ in range(2):
        with app.test_client().open(path, **kwargs) as response:
            headers = [
                (name, "(a time)" if name in {"Date", "Expires"} else value)
                for name, value in response.headers
            ]
            seen = response.status, headers, response.get_data()
    return seen


def both(app: Flask, path: str, **kwargs: t.Any) -> tuple[t.Any, t.Any]:
    """The responses of the fast path and of Werkzeug."""
    ours = ask(app, path, **kwargs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flask.helpers, "make_file_response", lambda *_: None)
        return ours, ask(app, path, **kwargs)


def agree(app: Flask, path: str, **kwargs: t.Any) -> None:
    ours, theirs = both(app, path, **kwargs)
    assert ours == theirs


NAMES = [*FILES, "none.txt", "inner", "inner/", "../static/page.html", "pipe", "a\0b", "page.html/"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("max_age", [None, 0, 60])
def test_every_file(app: Flask, name: str, method: str, max_age: int | None) -> None:
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = max_age
    agree(app, f"/static/{name}", method=method)


def tag_of(app: Flask, name: str) -> str:
    with app.test_client().get(f"/static/{name}") as response:
        return response.headers["ETag"]


CONDITIONS: list[dict[str, str]] = [
    {"If-None-Match": "TAG"},
    {"If-None-Match": "W/TAG"},
    {"If-None-Match": '"other"'},
    {"If-None-Match": '"other", TAG'},
    {"If-None-Match": "*"},
    {"If-None-Match": ""},
    {"If-None-Match": '"other"', "If-Modified-Since": LATER},
    {"If-None-Match": "TAG", "If-Modified-Since": LONG_AGO},
    {"If-None-Match": "", "If-Modified-Since": "SAME"},
    {"If-Modified-Since": "SAME"},
    {"If-Modified-Since": LATER},
    {"If-Modified-Since": LONG_AGO},
    {"If-Modified-Since": "nonsense"},
    {"If-Unmodified-Since": LONG_AGO},
    {"If-Match": "TAG"},
    {"If-Match": '"other"'},
    {"If-Match": '"other"', "If-None-Match": "TAG"},
    {"Range": "bytes=0-3"},
    {"Range": "bytes=-3"},
    {"Range": "bytes=999999-"},
    {"Range": "bytes=0-1,3-4"},
    {"Range": "lines=1-2"},
    {"Range": "bytes=0-3", "If-Range": "TAG"},
    {"Range": "bytes=0-3", "If-Range": '"other"'},
    {"Range": "bytes=0-3", "If-None-Match": "TAG"},
    {"If-Range": "TAG"},
]


@pytest.mark.parametrize("name", ["plain.txt", "empty.txt", "large.bin"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("conditions", CONDITIONS, ids=str)
def test_every_condition(app: Flask, name: str, method: str, conditions: dict[str, str]) -> None:
    tag = tag_of(app, name)
    with app.test_client().get(f"/static/{name}") as response:
        same = response.headers["Last-Modified"]
    headers = {
        key: value.replace("TAG", tag).replace("SAME", same) for key, value in conditions.items()
    }
    agree(app, f"/static/{name}", method=method, headers=headers)


def test_a_condition_that_holds_is_answered_without_content(app: Flask) -> None:
    status, headers, body = ask(
        app, "/static/plain.txt", headers={"If-None-Match": tag_of(app, "plain.txt")}
    )
    assert (status, body) == ("304 NOT MODIFIED", b"")
    assert "Content-Length" not in dict(headers)


MUTATIONS: dict[str, t.Callable[[Response], object]] = {
    "header set": lambda response: response.headers.set("X-Own", "1"),
    "header removed": lambda response: response.headers.remove("Content-Length"),
    "headers cleared": lambda response: response.headers.clear(),
    "content type": lambda response: setattr(response, "content_type", "a/b"),
    "location": lambda response: setattr(response, "location", "/é"),
    "cookie": lambda response: response.set_cookie("a", "1"),
    "status": lambda response: setattr(response, "status_code", 418),
    "no content": lambda response: setattr(response, "status_code", 204),
    "not modified": lambda response: setattr(response, "status_code", 304),
    "status line": lambda response: setattr(response, "status", "299 Fine"),
    "data": lambda response: response.set_data(b"other"),
    "iterable": lambda response: setattr(response, "response", [b"a", b"b"]),
    "callback": lambda response: response.call_on_close(lambda: None),
    "tag": lambda response: response.set_etag("own"),
    "frozen": lambda response: setattr(response, "direct_passthrough", False),
    "read": lambda response: (
        setattr(response, "direct_passthrough", False),
        response.set_data(response.get_data()),
    ),
    "compressed": lambda response: (
        setattr(response, "direct_passthrough", False),
        setattr(response, "data", response.data[::-1]),
        response.headers.set("Content-Encoding", "own"),
    ),
    "looked at": lambda response: (
        repr(response),
        response.is_streamed,
        response.is_sequence,
        response.mimetype,
        response.content_length,
        response.last_modified,
        response.cache_control.no_cache,
    ),
}


# A body that is replaced leaves its file to the collector, here and there.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("held", [False, True], ids=["whole", "not modified"])
def test_hooks_see_and_change_what_werkzeug_makes(
    app: Flask, mutation: str, method: str, held: bool
) -> None:
    change = MUTATIONS[mutation]

    @app.after_request
    def look(response: Response) -> Response:
        if "X-Change" in flask.request.headers:
            change(response)
        return response

    headers = {"X-Change": "yes"}
    if held:
        headers["If-None-Match"] = tag_of(app, "plain.txt")
    agree(app, "/static/plain.txt", method=method, headers=headers)


def test_the_body_of_a_shallow_request_cannot_be_read(app: Flask) -> None:
    with app.test_request_context():
        response = app.send_static_file("page.html")
        assert response.direct_passthrough
        with pytest.raises(RuntimeError, match="passthrough"):
            response.get_data()
        assert isinstance(response.response, FileWrapper)
        assert list(response.response) == [b"<p>hello"]
        response.close()


def test_a_small_file_that_is_deleted_after_it_was_read_is_sent(app: Flask) -> None:
    with app.test_request_context():
        response = app.send_static_file("page.html")
        os.unlink(os.path.join(app.static_folder or "", "page.html"))
        assert b"".join(t.cast("t.Iterable[bytes]", response.response)) == b"<p>hello"
        response.close()


def test_a_changed_file_is_sent_with_its_new_content(app: Flask) -> None:
    path = Path(app.static_folder or "", "page.html")
    first = ask(app, "/static/page.html")
    path.write_bytes(b"<p>world")
    os.utime(path, (MODIFIED + 10, MODIFIED + 10))
    second = ask(app, "/static/page.html")
    assert second[2] == b"<p>world"
    assert dict(first[1])["ETag"] != dict(second[1])["ETag"]
    agree(app, "/static/page.html")


def test_a_media_type_that_is_added_later_counts(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(app, "/static/page.html")
    monkeypatch.setitem(mimetypes.types_map, ".html", "text/x-own")
    assert dict(ask(app, "/static/page.html")[1])["Content-Type"].startswith("text/x-own")
    agree(app, "/static/page.html")


@pytest.mark.parametrize("name", ["plain.txt", "large.bin"])
def test_the_servers_own_way_of_sending_files_is_used(app: Flask, name: str) -> None:
    wrapped = []

    def wrap(file: t.IO[bytes], size: int) -> t.Iterable[bytes]:
        wrapped.append(file.name)
        return FileWrapper(file, size)

    agree(app, f"/static/{name}", environ_overrides={"wsgi.file_wrapper": wrap})
    assert len(wrapped) == 4


def test_the_path_may_be_set_for_the_server(app: Flask) -> None:
    app.config["USE_X_SENDFILE"] = True
    agree(app, "/static/plain.txt")
    assert dict(ask(app, "/static/plain.txt")[1])["X-Sendfile"].endswith("plain.txt")


def test_a_subclass_decides_how_long_caches_keep_a_file(tmp_path: Path, app: Flask) -> None:
    asked = []

    class Own(Flask):
        def get_send_file_max_age(self, filename: str | None) -> int | None:
            asked.append(filename)
            return 3600 if filename and filename.endswith(".js") else None

    own = Own(__name__, root_path=str(tmp_path))
    agree(own, "/static/inner/script.js")
    assert "public, max-age=3600" in dict(ask(own, "/static/inner/script.js")[1]).values()
    asked.clear()
    agree(own, "/static/page.html")
    assert asked[: len(asked) // 2] == asked[len(asked) // 2 :]


def test_a_subclass_may_override_how_static_files_are_sent(tmp_path: Path, app: Flask) -> None:
    class Own(Flask):
        def send_static_file(self, filename: str) -> Response:
            response = super().send_static_file(filename)
            response.headers["X-Own"] = filename
            return response

    own = Own(__name__, root_path=str(tmp_path))
    agree(own, "/static/page.html")
    assert dict(ask(own, "/static/page.html")[1])["X-Own"] == "page.html"


class Conditional(Response):
    def make_conditional(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        self.headers["X-Own"] = "1"
        return super().make_conditional(*args, **kwargs)


class Called(Response):
    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        self.headers["X-Own"] = "1"
        return super().__call__(environ, start_response)


class Mine(Response):
    pass


@pytest.mark.parametrize("kind", [Conditional, Called, Mine])
def test_the_methods_of_a_response_class_are_used(app: Flask, kind: type[Response]) -> None:
    app.response_class = kind
    kinds = []
    app.after_request(lambda response: kinds.append(type(response)) or response)  # type: ignore[func-returns-value]
    agree(app, "/static/page.html")
    assert set(kinds) == {kind}
    assert ("X-Own", "1") in ask(app, "/static/page.html")[1] or kind is Mine


SENDINGS: dict[str, t.Callable[[], Response]] = {
    "path": lambda: send_file("static/page.html"),
    "whole path": lambda: send_file(os.path.join(flask.current_app.root_path, "static/page.html")),
    "age": lambda: send_file("static/page.html", max_age=5),
    "age by path": lambda: send_file("static/page.html", max_age=lambda path: len(path or "") % 7),
    "attachment": lambda: send_file("static/page.html", as_attachment=True),
    "name": lambda: send_file("static/page.html", download_name="b.txt"),
    "type": lambda: send_file("static/page.html", mimetype="a/b"),
    "no tag": lambda: send_file("static/page.html", etag=False),
    "own tag": lambda: send_file("static/page.html", etag="own"),
    "unconditional": lambda: send_file("static/page.html", conditional=False),
    "own time": lambda: send_file("static/page.html", last_modified=0),
    "path object": lambda: send_file(Path("static/page.html")),
    "file object": lambda: send_file(io.BytesIO(b"x"), mimetype="a/b"),
    "folder": lambda: send_from_directory("static", "page.html"),
    "folder with age": lambda: send_from_directory("static", "page.html", max_age=9),
    "folder, attachment": lambda: send_from_directory("static", "page.html", as_attachment=True),
    "folder object": lambda: send_from_directory(Path("static"), "page.html"),
    "outside": lambda: send_from_directory("static", "../secret"),
    "nothing": lambda: send_from_directory("static", "none"),
}


@pytest.mark.parametrize("sending", SENDINGS)
def test_every_argument(app: Flask, sending: str) -> None:
    app.add_url_rule("/", view_func=SENDINGS[sending])
    agree(app, "/")


def test_without_a_request_it_is_an_error() -> None:
    for sending in (SENDINGS["path"], SENDINGS["folder"]):
        with pytest.raises(RuntimeError, match="request context"):
            sending()


def test_what_describes_a_content_is_what_werkzeug_says() -> None:
    names = {"allow", "content-encoding", "content-language", "content-length", "content-location"}
    names |= {"content-md5", "content-range", "content-type", "expires", "last-modified"}
    assert all(is_entity_header(name) for name in names)
    assert names - {"expires", "content-location"} == _ENTITY_HEADERS


def test_what_is_known_of_files_does_not_pile_up(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static_files, "_MOST_KNOWN", 2)
    for name in ("page.html", "plain.txt", "empty.txt"):
        ask(app, f"/static/{name}")
    assert len(static_files._cached_files) <= 2
