"""What applications change on requests and contexts takes effect on the fast paths too."""

from __future__ import annotations

import asyncio
import typing as t

import pytest
from changed_app import answering, get
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder

from flask import (
    Flask,
    Request,
    Response,
    request,
    url_for,
)
from flask.ctx import RequestContext
from flask.globals import request_ctx
from flask.views import View


def test_a_request_class_may_look_at_another_environment() -> None:
    class Versioned(Request):
        def __init__(self, environ: dict[str, t.Any], *args: t.Any, **kwargs: t.Any) -> None:
            path = environ["PATH_INFO"].removeprefix("/v1")
            super().__init__({**environ, "PATH_INFO": path}, *args, **kwargs)

    app = answering(lambda: "index")
    app.request_class = Versioned
    assert get(app, "/v1/")[2] == b"index"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_hook_may_turn_a_request_into_one_for_the_options(app: Flask, method: str) -> None:
    app.add_url_rule("/", "index", lambda: "index", methods=[method])

    @app.before_request
    def ask_for_the_options() -> None:
        request.method = "OPTIONS"

    answer = app.test_client().open("/", method=method)
    assert (answer.text, method in answer.allow) == ("", True)


def test_a_given_request_decides_the_route() -> None:
    app = answering(lambda: "index")
    get(app)
    given = Request(EnvironBuilder("/").get_environ())
    with RequestContext(app, EnvironBuilder("/other").get_environ(), request=given):
        assert given.endpoint == "index"


def test_made_up_hosts_of_clients_do_not_displace_the_real_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flask._http.fast_paths._MOST_HOSTS", 3)
    app = answering(lambda: "index")
    for number in range(5):
        get(app, base_url=f"http://made-up-{number}.example")
    get(app, base_url="http://real.example")
    assert "real.example" in app._fast_paths.accepted_hosts
    assert len([host for host in app._fast_paths.accepted_hosts if isinstance(host, str)]) <= 3


@pytest.mark.parametrize("change", ["set", "script_name"])
def test_a_url_adapter_that_was_changed_builds_urls(change: str) -> None:
    def view() -> str:
        if change == "set":
            request_ctx.url_adapter = app.url_map.bind("localhost", "/below")
        else:
            request_ctx.url_adapter.script_name = "/below/"
        return url_for("index")

    app = answering(view)
    assert get(app)[2] == b"/below/"


def test_a_map_whose_adapters_are_changed_matches_the_url(app: Flask) -> None:
    class Below(Flask.url_map_class):  # type: ignore[name-defined,misc]
        def bind_to_environ(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
            adapter = super().bind_to_environ(*args, **kwargs)
            adapter.script_name = "/below/"
            return adapter

    class Own(Flask):
        url_map_class = Below

    app = Own("own")
    app.add_url_rule("/", "index", lambda: url_for("index"))
    assert get(app)[2] == b"/below/"


def test_a_rule_that_overrides_build_builds_the_url() -> None:
    class Marked(Rule):
        def build(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
            built = super().build(*args, **kwargs)
            return built and (built[0], f"{built[1]}!")

    class Own(Flask):
        url_rule_class = Marked

    app = Own("own")
    app.add_url_rule("/", "index", lambda: url_for("index"))
    assert get(app)[2] == b"/!"


def test_a_cached_view_is_used_although_it_is_falsy(app: Flask) -> None:
    class Falsy(View):
        init_every_request = False
        made = 0

        def __init__(self) -> None:
            type(self).made += 1

        def __bool__(self) -> bool:
            return False

        def dispatch_request(self) -> str:
            return "falsy"

    app.add_url_rule("/", view_func=Falsy.as_view("falsy"))
    assert get(app)[2] == b"falsy"
    assert Falsy.made == 1


def test_changing_the_environment_does_not_change_the_request() -> None:
    inner = Flask("inner")
    inner.add_url_rule("/inner", "inner", lambda: request.url)

    def mount() -> t.Any:
        request.environ.update(
            SCRIPT_NAME="/mount",
            PATH_INFO="/inner",
            QUERY_STRING="b=2",
            REQUEST_METHOD="GET",
            REMOTE_ADDR="9.9.9.9",
            SERVER_NAME="elsewhere",
        )
        request.environ["wsgi.url_scheme"] = "https"
        return inner

    app = Flask("outer")
    app.add_url_rule("/here", "here", mount, methods=["POST"])

    @app.after_request
    def add_header(response: Response) -> Response:
        response.headers["X-Line"] = f"{request.method} {request.url} {request.args.to_dict()}"
        response.headers["X-From"] = str(request.remote_addr)
        response.headers["X-Built"] = url_for("here", _external=True)
        return response

    for _ in range(2):
        answer = app.test_client().post("/here?a=1")
        assert answer.text == "https://localhost/mount/inner?b=2"
        assert answer.headers["X-Line"] == "POST http://localhost/here?a=1 {'a': '1'}"
        assert answer.headers["X-From"] == "127.0.0.1"
        assert answer.headers["X-Built"] == "http://localhost/here"


def test_an_adapter_is_bound_to_the_current_environment(app: Flask) -> None:
    app.add_url_rule("/there", "there", str)
    with app.test_request_context("/here"):
        request.environ["PATH_INFO"] = "/there"
        assert request_ctx.url_adapter is not None
        assert request_ctx.url_adapter.path_info == "/here"
        adapter = app.create_url_adapter(request)
        assert adapter is not None
        assert adapter.match() == ("there", {})


def test_a_request_class_may_change_the_environment_before_it_is_matched(app: Flask) -> None:
    class Moved(Request):
        def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
            super().__init__(*args, **kwargs)
            self.environ["PATH_INFO"] = "/there"

    app.request_class = Moved
    app.add_url_rule("/there", "there", lambda: "there")
    assert get(app, "/here")[2] == b"there"


def test_a_query_that_is_set_is_the_one_that_is_read(app: Flask) -> None:
    with app.test_request_context("/?a=1"):
        request.query_string = b"b=%C3%BC"
        assert request.args.to_dict() == {"b": "\u00fc"}
        assert request.url == "http://localhost/?b=\u00fc"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Flask, "preprocess_request"),
        (Flask, "process_response"),
        (Flask, "finalize_request"),
        (Flask, "do_teardown_request"),
        (Flask, "do_teardown_appcontext"),
        (Flask, "ensure_sync"),
        (Flask, "create_url_adapter"),
        (Flask, "app_context"),
        (Flask, "url_for"),
        (Flask, "inject_url_defaults"),
        (Request, "__init__"),
        (Request, "close"),
        (Response, "__init__"),
        (Response, "get_wsgi_headers"),
        (Response, "get_app_iter"),
    ],
)
def test_a_step_replaced_on_a_class_is_seen_by_the_test_client_at_once(
    kind: t.Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = answering(lambda: url_for("index"))
    client = app.test_client()
    seen: list[str] = []
    original = getattr(kind, name)

    def replacement(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        seen.append(name)
        return original(self, *args, **kwargs)

    assert client.get("/").text == "/"
    with monkeypatch.context() as patch:
        patch.setattr(kind, name, replacement)
        assert client.get("/").text == "/"
        assert set(seen) == {name}
    seen.clear()
    assert client.get("/").text == "/"
    assert seen == []


@pytest.mark.parametrize("client", ["sync", "async"])
def test_hosts_that_a_class_trusts_from_now_on_are_seen_by_every_test_client(
    client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = answering(lambda: "x")
    sync, awaited = app.test_client(), app.test_async_client()

    def status() -> int:
        if client == "sync":
            return sync.get("/").status_code
        return asyncio.run(awaited.get("/")).status_code

    assert status() == 200
    with monkeypatch.context() as patch:
        patch.setattr(Request, "trusted_hosts", ["trusted.test"])
        assert status() == 400
    assert status() == 200


@pytest.mark.parametrize("is_warm", [False, True])
@pytest.mark.parametrize("name", ["make_form_data_parser", "_load_form_data"])
def test_a_patched_way_to_parse_forms_is_used(
    name: str, is_warm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: request.form["a"], methods=["POST"])
    client = app.test_client()
    original: t.Any = getattr(Request, name)
    seen: list[str] = []

    def replacement(self: t.Any) -> t.Any:
        seen.append(name)
        return original(self)

    if is_warm:
        assert client.post("/", data={"a": "b"}).text == "b"
    monkeypatch.setattr(Request, name, replacement)
    assert client.post("/", data={"a": "b"}).text == "b"
    assert seen == [name]
