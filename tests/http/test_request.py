"""The request, as views see it."""

from __future__ import annotations

import io
import typing as t

import pytest
import werkzeug.wrappers
from werkzeug.exceptions import (
    BadRequest,
    BadRequestKeyError,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)
from werkzeug.test import EnvironBuilder, encode_multipart

from flask import Blueprint, Flask, Request, request
from flask.testing import FlaskClient


def a_request(*args: t.Any, **kwargs: t.Any) -> Request:
    return Request(EnvironBuilder(*args, **kwargs).get_environ())


# An attribute, how the request is made, and what it is; Werkzeug's own request agrees.
ATTRIBUTES: list[tuple[str, dict[str, t.Any]]] = [
    ("method", {"method": "POST"}),
    ("scheme", {"base_url": "https://x.test/"}),
    ("server", {"base_url": "https://x.test:8443/"}),
    ("host", {"base_url": "https://x.test:8443/"}),
    ("host_url", {"base_url": "https://x.test:8443/root"}),
    ("root_path", {"base_url": "http://x.test/root/é/"}),
    ("script_root", {"base_url": "http://x.test/root/"}),
    ("root_url", {"base_url": "http://x.test/root/"}),
    ("url_root", {"base_url": "http://x.test/root/"}),
    ("path", {"path": "/é/%20x"}),
    ("full_path", {"path": "/é", "query_string": "a=1"}),
    ("full_path", {"path": "/é"}),
    ("query_string", {"query_string": "a=%C3%A9&b"}),
    ("args", {"query_string": "a=1&a=2&b&c=%C3%A9&d=%FF&e=1;f=2&g=+x"}),
    ("url", {"path": "/é", "query_string": "a=%C3%A9"}),
    ("base_url", {"path": "/é", "query_string": "a=%C3%A9"}),
    ("remote_addr", {"environ_overrides": {"REMOTE_ADDR": "10.0.0.1"}}),
    ("remote_user", {"environ_overrides": {"REMOTE_USER": "ann"}}),
    ("access_route", {"headers": {"X-Forwarded-For": "1.1.1.1, 2.2.2.2"}}),
    ("user_agent", {"headers": {"User-Agent": "Agent/1"}}),
    ("referrer", {"headers": {"Referer": "http://r.test/"}}),
    ("origin", {"headers": {"Origin": "http://o.test"}}),
    ("content_type", {"content_type": "text/plain; charset=x"}),
    ("mimetype", {"content_type": "Text/Plain; charset=x"}),
    ("mimetype_params", {"content_type": "text/plain; charset=x"}),
    ("content_length", {"method": "POST", "data": b"abc"}),
    ("content_encoding", {"headers": {"Content-Encoding": "gzip"}}),
    ("authorization", {"auth": ("ann", "secret")}),
    ("accept_mimetypes", {"headers": {"Accept": "text/html;q=0.5, application/json"}}),
    ("accept_languages", {"headers": {"Accept-Language": "de, en;q=0.5"}}),
    ("accept_encodings", {"headers": {"Accept-Encoding": "gzip"}}),
    ("accept_charsets", {"headers": {"Accept-Charset": "utf-8"}}),
    ("cache_control", {"headers": {"Cache-Control": "no-cache"}}),
    ("if_match", {"headers": {"If-Match": '"a"'}}),
    ("if_none_match", {"headers": {"If-None-Match": '"a", W/"b"'}}),
    ("if_modified_since", {"headers": {"If-Modified-Since": "Tue, 02 Jan 2024 03:04:05 GMT"}}),
    ("if_unmodified_since", {"headers": {"If-Unmodified-Since": "x"}}),
    ("range", {"headers": {"Range": "bytes=0-1"}}),
    ("date", {"headers": {"Date": "Tue, 02 Jan 2024 03:04:05 GMT"}}),
    ("max_forwards", {"headers": {"Max-Forwards": "3"}}),
    ("cookies", {"headers": {"Cookie": "a=1; b=2; a=3"}}),
    ("is_json", {"content_type": "application/vnd.x+json"}),
    ("is_secure", {"base_url": "https://x.test/"}),
    ("is_multithread", {"multithread": True}),
    ("is_multiprocess", {"multiprocess": True}),
    ("is_run_once", {"run_once": True}),
    ("form", {"method": "POST", "data": {"a": ["1", "2"]}}),
    ("values", {"method": "POST", "data": {"a": "form"}, "query_string": "a=query"}),
    ("values", {"method": "GET", "data": {"a": "form"}, "query_string": "a=query"}),
    ("values", {"method": "DELETE", "data": {"a": "form"}, "query_string": "a=query"}),
    ("data", {"method": "POST", "data": b"abc", "content_type": "text/plain"}),
    ("data", {"method": "POST", "data": {"a": "b"}}),
    ("json", {"method": "POST", "json": {"a": [1]}}),
    ("access_control_request_method", {"headers": {"Access-Control-Request-Method": "PUT"}}),
    ("want_form_data_parsed", {"method": "POST", "data": {"a": "b"}}),
]


@pytest.mark.parametrize(
    ("name", "options"), [pytest.param(*row, id=f"{row[0]} {row[1]}") for row in ATTRIBUTES]
)
def test_an_attribute_equals_that_of_werkzeugs_request(
    name: str, options: dict[str, t.Any]
) -> None:
    ours = a_request(**options)
    theirs = werkzeug.wrappers.Request(EnvironBuilder(**options).get_environ())
    expected = getattr(theirs, name)
    assert getattr(ours, name) == expected or str(getattr(ours, name)) == str(expected)
    assert getattr(ours, name) == getattr(ours, name)


def test_headers_are_found_in_any_case() -> None:
    headers = a_request(headers={"X-Some-Thing": "a"}).headers
    assert headers["x-some-thing"] == headers["X_SOME_THING"] == "a"
    assert headers.get("missing") is None
    assert dict(a_request(headers={"X-A": "1"}).headers)["X-A"] == "1"


def test_attributes_may_be_set() -> None:
    for name in ("method", "path", "url_rule", "endpoint_of_mine", "remote_addr"):
        made = a_request("/x")
        setattr(made, name, "set")
        assert getattr(made, name) == "set"


def test_an_environment_without_optional_entries_is_read() -> None:
    made = Request(
        {
            "REQUEST_METHOD": "GET",
            "wsgi.url_scheme": "http",
            "SERVER_NAME": "s",
            "SERVER_PORT": "80",
            "wsgi.input": io.BytesIO(),
        }
    )
    assert (made.path, made.root_path, made.query_string, made.method) == ("/", "", b"", "GET")
    assert (made.remote_addr, made.args.to_dict(), made.data) == (None, {}, b"")


def test_it_is_stored_in_the_environment_unless_populate_request_is_false() -> None:
    environ = EnvironBuilder().get_environ()
    made = Request(environ)
    assert environ["werkzeug.request"] is made
    for options in ({"populate_request": False}, {"shallow": True}):
        environ = EnvironBuilder().get_environ()
        Request(environ, **options)
        assert "werkzeug.request" not in environ


def test_a_shallow_request_refuses_to_read_its_body() -> None:
    shallow = Request(EnvironBuilder(method="POST", data=b"x").get_environ(), shallow=True)
    with pytest.raises(RuntimeError):
        _ = shallow.data


def test_what_was_not_matched_is_none() -> None:
    made = a_request()
    assert (made.url_rule, made.view_args, made.routing_exception) == (None, None, None)
    assert (made.endpoint, made.blueprint, made.blueprints) == (None, None, [])


def test_the_matched_rule_is_available(app: Flask) -> None:
    parent, child = Blueprint("par", "x"), Blueprint("ch", "x")
    child.add_url_rule("/<int:n>", "view", lambda n: "")
    parent.register_blueprint(child)
    app.register_blueprint(parent)
    app.add_url_rule("/text", "text", lambda: "")
    with app.test_request_context("/7"):
        assert request.url_rule is not None
        assert (request.url_rule.rule, request.view_args) == ("/<int:n>", {"n": 7})
        assert (request.endpoint, request.blueprint) == ("par.ch.view", "par.ch")
        assert request.blueprints == ["par.ch", "par"]
    with app.test_request_context("/text"):
        assert (request.blueprint, request.blueprints) == (None, [])


def test_a_missing_key_is_a_key_error_and_a_bad_request() -> None:
    made = a_request(method="POST", data={"a": "b"})
    for mapping in (made.args, made.form, made.files, made.cookies):
        with pytest.raises(BadRequestKeyError):
            _ = mapping["missing"]
        with pytest.raises(TypeError):
            mapping["new"] = "x"  # type: ignore[index]


def test_values_are_converted_or_replaced_by_the_default() -> None:
    args = a_request(query_string="a=1&b=x&a=2").args
    assert (args.get("a", type=int), args.get("b", 7, type=int), args.get("c", 8)) == (1, 7, 8)
    assert (args.getlist("a", type=int), args.getlist("b", type=int)) == ([1, 2], [])


def test_form_before_data_takes_the_body_and_data_before_form_keeps_both() -> None:
    made = a_request(method="POST", data={"a": "b"})
    assert (made.form["a"], made.get_data()) == ("b", b"")
    made = a_request(method="POST", data={"a": "b"})
    assert (made.get_data(), made.form["a"]) == (b"a=b", "b")


@pytest.mark.parametrize("length", ["-5", "+5", "abc", None])
def test_a_wrong_length_means_no_body(length: str | None) -> None:
    environ = EnvironBuilder(method="POST", data=b"hello").get_environ()
    environ.pop("CONTENT_LENGTH")
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    assert Request(environ).get_data() == b""


@pytest.fixture
def reader(app: Flask) -> FlaskClient:
    @app.route("/", methods=["POST"])
    def view() -> t.Any:
        return {"json": request.get_json(**app.config.get("OPTIONS", {}))}

    return app.test_client()


READ: list[tuple[str, str, dict[str, t.Any], int]] = [
    ('{"a": 1}', "application/json", {}, 200),
    ('{"a": 1}', "application/json; charset=utf-8", {}, 200),
    ('{"a": 1}', "application/vnd.api+json", {}, 200),
    ("null", "application/json", {}, 200),
    ("7", "text/plain", {}, 415),
    ("7", "text/plain", {"force": True}, 200),
    ("7", "text/plain", {"silent": True}, 200),
    ("{", "application/json", {}, 400),
    ("", "application/json", {}, 400),
    ("{", "application/json", {"silent": True}, 200),
    ("{", "text/plain", {"force": True, "silent": True}, 200),
    ("\xff", "application/json", {}, 400),
]


# JSON ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("body", "content_type", "options", "status"), READ)
def test_reading_json(
    app: Flask,
    reader: FlaskClient,
    body: str,
    content_type: str,
    options: dict[str, t.Any],
    status: int,
) -> None:
    app.config["OPTIONS"] = options
    data = body.encode("latin-1")
    response = reader.post("/", data=data, content_type=content_type)
    assert response.status_code == status
    if status == 200 and not options.get("silent"):
        assert response.json == {"json": app.json.loads(body)}
    if options.get("silent"):
        assert response.json == {"json": None}


def test_json_is_cached_unless_cache_is_false() -> None:
    made = a_request(method="POST", json={"a": 1})
    assert made.json is made.json
    fresh = a_request(method="POST", json={"a": 1})
    assert fresh.get_json(cache=False) == {"a": 1}


def test_json_with_a_byte_order_mark_and_other_encodings() -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        made = a_request(
            method="POST", data='{"a": "é"}'.encode(encoding), content_type="application/json"
        )
        assert made.json == {"a": "é"}


def test_the_error_in_json_is_shown_in_debug_only(app: Flask, reader: FlaskClient) -> None:
    quiet = reader.post("/", data="{", content_type="application/json")
    app.config.update(DEBUG=True, PROPAGATE_EXCEPTIONS=False, TRAP_BAD_REQUEST_ERRORS=False)
    response = reader.post("/", data="{", content_type="application/json")
    assert "Failed to decode JSON object" not in quiet.text
    assert "Failed to decode JSON object" in response.text


def test_how_failing_json_is_answered_may_be_overridden(app: Flask) -> None:
    class Own(Request):
        def on_json_loading_failed(self, e: ValueError | None) -> t.Any:
            return {"failed": e is not None}

    app.request_class = Own
    app.add_url_rule("/", "view", lambda: request.json, methods=["POST"])
    client = app.test_client()
    assert client.post("/", data="{", content_type="application/json").json == {"failed": True}
    assert client.post("/", data="{", content_type="text/plain").json == {"failed": False}


def test_json_outside_an_application_is_read_too() -> None:
    assert a_request(method="POST", json=[1]).json == [1]
    with pytest.raises(BadRequest):
        _ = a_request(method="POST", data="{", content_type="application/json").json
    with pytest.raises(UnsupportedMediaType):
        _ = a_request(method="POST", data="{").json


def multipart(fields: int, size: int) -> dict[str, t.Any]:
    boundary, body = encode_multipart({f"f{n}": "x" * size for n in range(fields)})
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


# Settings, what is posted, what is read, and the status.
def urlencoded_forms_are_limited() -> bool:
    """Return whether this release of Werkzeug applies ``max_form_memory_size`` to them."""
    builder = EnvironBuilder(method="POST", data={"a": "xx"})
    reading = werkzeug.wrappers.Request(builder.get_environ())
    reading.max_form_memory_size = 1
    try:
        return not reading.form
    except RequestEntityTooLarge:
        return True


LIMITS: list[tuple[dict[str, t.Any], dict[str, t.Any], str, int]] = [
    ({"MAX_CONTENT_LENGTH": 10}, {"data": b"x" * 10}, "data", 200),
    ({"MAX_CONTENT_LENGTH": 10}, {"data": b"x" * 11}, "data", 413),
    ({"MAX_CONTENT_LENGTH": 10}, {"data": b"x" * 11}, "nothing", 200),
    ({"MAX_CONTENT_LENGTH": 10}, {"data": {"a": "x" * 20}}, "form", 413),
    ({"MAX_CONTENT_LENGTH": 10}, {"json": "x" * 20}, "json", 413),
    ({"MAX_FORM_MEMORY_SIZE": 100}, multipart(1, 101), "form", 413),
    ({"MAX_FORM_MEMORY_SIZE": 1000}, multipart(1, 101), "form", 200),
    ({"MAX_FORM_MEMORY_SIZE": None}, multipart(1, 600_000), "form", 200),
    ({}, multipart(1, 600_000), "form", 413),
    (
        {},
        {"data": b"a=" + b"x" * 600_000, "content_type": "application/x-www-form-urlencoded"},
        "form",
        413 if urlencoded_forms_are_limited() else 200,
    ),
    ({"MAX_FORM_PARTS": 2}, multipart(3, 1), "form", 413),
    ({"MAX_FORM_PARTS": 3}, multipart(3, 1), "form", 200),
    ({"MAX_FORM_PARTS": None}, multipart(1001, 1), "form", 200),
    ({}, multipart(1001, 1), "form", 413),
]


# Limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "posted", "read", "status"),
    [pytest.param(*row, id=f"{row[0]} {row[2]} {row[3]} {n}") for n, row in enumerate(LIMITS)],
)
def test_limits_of_the_configuration(
    app: Flask, settings: dict[str, t.Any], posted: dict[str, t.Any], read: str, status: int
) -> None:
    app.config.update(settings)

    @app.route("/", methods=["POST"])
    def view() -> str:
        if read != "nothing":
            getattr(request, read)
        return "ok"

    assert app.test_client().post("/", **posted).status_code == status


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_content_length", 5), ("max_form_memory_size", 5), ("max_form_parts", 1)],
)
def test_limits_of_one_request(app: Flask, name: str, value: int) -> None:
    @app.route("/", methods=["POST"])
    def view() -> str:
        setattr(request, name, value)
        assert getattr(request, name) == value
        _ = request.form
        return "ok"

    assert app.test_client().post("/", **multipart(2, 10)).status_code == 413


def test_limits_outside_an_application_are_werkzeugs() -> None:
    made, werkzeugs = a_request(), werkzeug.wrappers.Request(EnvironBuilder().get_environ())
    for name in ("max_content_length", "max_form_memory_size", "max_form_parts"):
        assert getattr(made, name) == getattr(werkzeugs, name)
        setattr(made, name, 3)
        assert getattr(made, name) == 3


def test_limits_of_a_request_class(app: Flask) -> None:
    class Small(Request):
        max_content_length = 5  # type: ignore[assignment]

    app.request_class = Small
    app.add_url_rule("/", "view", lambda: request.data, methods=["POST"])
    assert app.test_client().post("/", data=b"123456").status_code == 413
    assert app.test_client().post("/", data=b"12345").status_code == 200


def test_a_limit_that_is_set_before_the_initializer_is_kept(app: Flask) -> None:
    class Small(Request):
        def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
            self.max_content_length = 5
            super().__init__(*args, **kwargs)

    app.request_class = Small
    app.add_url_rule("/", "view", lambda: request.data, methods=["POST"])
    assert app.test_client().post("/", data=b"123456").status_code == 413


# Files ---------------------------------------------------------------------------------------


def test_files_are_read_and_closed_with_the_request(app: Flask) -> None:
    kept: list[t.Any] = []

    @app.route("/", methods=["POST"])
    def view() -> t.Any:
        file = request.files["file"]
        kept.append(file)
        return [file.filename, file.mimetype, file.read().decode(), request.form["field"]]

    response = app.test_client().post(
        "/", data={"file": (io.BytesIO(b"content"), "n.txt"), "field": "f"}
    )
    assert response.json == ["n.txt", "text/plain", "content", "f"]
    assert kept[0].stream.closed


def test_a_request_without_files_may_be_closed() -> None:
    a_request().close()
    with a_request(method="POST", data={"f": (io.BytesIO(b"x"), "n")}) as made:
        stream = made.files["f"].stream
    assert stream.closed
