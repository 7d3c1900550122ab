"""What others change, on classes and objects and from any side, is seen by the short ways too.

Each test was seen to fail where the short way did not look; official Flask answers as it says.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import pickle
import typing as t
from datetime import UTC, datetime

import pytest
import werkzeug.wrappers
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder

from flask import (
    Flask,
    Request,
    Response,
    abort,
    make_response,
    redirect,
    request,
    session,
    url_for,
)
from flask.ctx import RequestContext
from flask.globals import request_ctx
from flask.json.provider import DefaultJSONProvider
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionInterface
from flask.views import View


def get(app: Flask, path: str = "/", **options: t.Any) -> tuple[str, Headers, bytes]:
    """Return status, headers and body of the second answer: the first one decides things."""
    for _ in range(2):
        answer = app.test_client(use_cookies=False).get(path, **options)
    return answer.status, answer.headers, answer.data


def answering(answer: t.Callable[[], t.Any]) -> Flask:
    app = Flask("outside")
    app.secret_key = "a secret"
    app.add_url_rule("/", "index", answer)
    return app


# Responses ---------------------------------------------------------------------------------------


def assert_refused(app: Flask) -> None:
    """Assert that no header with a line break reaches the server; the test client would refuse."""
    app.testing = True
    with pytest.raises(ValueError, match="newline"):
        app(EnvironBuilder().get_environ(), lambda status, headers, error=None: print)


@pytest.mark.parametrize(
    "answer",
    [
        lambda: Response("x", mimetype="text/html\r\nSet-Cookie: a=b"),
        lambda: Response("x", mimetype="text/html\nSet-Cookie: a=b"),
        lambda: redirect("/a\r\nSet-Cookie: a=b"),
        lambda: ("x", {"X": "a\r\nSet-Cookie: a=b"}),
    ],
)
def test_a_line_break_begins_no_header(answer: t.Callable[[], t.Any]) -> None:
    assert_refused(answering(answer))


def test_the_media_type_of_json_begins_no_header(app: Flask) -> None:
    app.json.mimetype = "application/json\r\nSet-Cookie: a=b"  # type: ignore[attr-defined]
    app.add_url_rule("/", "index", dict)
    assert_refused(app)


class Counting(Headers):
    """Headers with a way of their own."""

    def add(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().add(*args, **kwargs)
        super().add("X-Counted", "1")


@pytest.mark.parametrize("headers", [{"A": "b"}, [("A", "b")], Headers({"A": "b"})], ids=repr)
def test_headers_may_be_replaced_by_what_headers_are_made_of(headers: t.Any) -> None:
    app = answering(lambda: "hello")

    @app.after_request
    def replace(response: Response) -> Response:
        response.headers = headers
        return response

    assert [*get(app)[1]] == [("A", "b"), ("Content-Length", "5")]


def test_headers_of_a_class_of_their_own_are_asked() -> None:
    def view() -> Response:
        response = make_response("x")
        response.headers = Counting()
        response.set_cookie("a", "b")
        return response

    assert get(answering(view))[1]["X-Counted"] == "1"


@pytest.mark.parametrize("place", ["response", "class", "class, late"])
@pytest.mark.parametrize("path", ["/", "/own"])
def test_a_location_is_made_absolute_where_that_is_asked_for(
    place: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own(Response):
        autocorrect_location_header = place == "class"

    def own() -> Response:
        response = make_response("x", 302)
        response.headers["Location"] = "/x"
        return response

    app = answering(lambda: redirect("/x"))
    app.add_url_rule("/own", "own", own)
    app.response_class = Own
    if place == "response":

        @app.after_request
        def correct(response: Response) -> Response:
            response.autocorrect_location_header = True
            return response

    elif place == "class, late":
        Own.autocorrect_location_header = True
    assert get(app, path)[1]["Location"] == "http://localhost/x"


def test_a_length_that_shall_not_be_told_is_not() -> None:
    app = answering(lambda: "hello")

    @app.after_request
    def hide(response: Response) -> Response:
        del response.headers["Content-Length"]
        response.automatically_set_content_length = False
        return response

    assert "Content-Length" not in get(app)[1]


def test_attributes_of_a_response_class_may_be_set_before_the_first_request() -> None:
    class Late(Response):
        pass

    Late.default_status = 203
    app = answering(lambda: "hello")
    app.response_class = Late
    assert get(app)[0] == "203 NON AUTHORITATIVE INFORMATION"


def test_a_status_that_was_made_known_later_has_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HTTP_STATUS_CODES, 460, "Client Gone")
    assert get(answering(lambda: Response("x", 460)))[0] == "460 CLIENT GONE"
    assert get(answering(lambda: ("x", 460)))[0] == "460 CLIENT GONE"


def test_a_response_class_may_turn_exceptions_into_responses() -> None:
    class Forcing(Response):
        @classmethod
        def force_type(cls, response: t.Any, environ: t.Any = None) -> Response:
            if isinstance(response, HTTPException):
                return cls(f"forced {response.code}", response.code)
            return super().force_type(response, environ)

    app = answering(lambda: abort(403))
    app.response_class = Forcing
    assert get(app)[2] == b"forced 403"


def test_a_response_of_another_class_is_sent_as_the_applications() -> None:
    class Marking(Response):
        def get_wsgi_headers(self, environ: t.Any) -> Headers:
            headers = super().get_wsgi_headers(environ)
            headers["X-Mark"] = "1"
            return headers

    app = answering(lambda: Response("x"))
    app.response_class = Marking
    assert get(app)[1]["X-Mark"] == "1"
    app.response_class = type("Bare", (werkzeug.wrappers.Response,), {})
    assert get(app)[2] == b"x"


def test_a_response_class_may_take_some_arguments_of_a_cookie_by_name() -> None:
    class Secure(Response):
        def set_cookie(self, key: str, value: str = "", **options: t.Any) -> None:  # type: ignore[override]
            super().set_cookie(key, value, **{**options, "secure": True})

        def delete_cookie(self, key: str, **options: t.Any) -> None:  # type: ignore[override]
            super().delete_cookie(key, **{**options, "path": "/gone"})

    app = answering(lambda: session.update(a=1) or "set")
    app.add_url_rule("/clear", "clear", lambda: session.update(a=1) or session.clear() or "")
    app.response_class = Secure
    assert "; Secure" in get(app)[1]["Set-Cookie"]
    assert "Path=/gone" in get(app, "/clear")[1]["Set-Cookie"]


@pytest.mark.parametrize("code", [204, 304])
def test_an_error_without_a_body_has_none_for_hooks_either(code: int) -> None:
    def view() -> t.NoReturn:
        raise type("Empty", (HTTPException,), {"code": code})()

    app = answering(view)

    @app.after_request
    def show(response: Response) -> Response:
        response.headers["X-Body"] = repr(response.get_data())
        return response

    assert get(app)[1]["X-Body"] == "b''"


def test_a_response_is_pickled_as_werkzeugs_own() -> None:
    response = Response("hello", 201)
    response.set_cookie("a", "b")
    state = response.__getstate__()
    assert state.keys() == vars(werkzeug.wrappers.Response("hello")).keys()
    again = pickle.loads(pickle.dumps(response))
    assert get(answering(lambda: again))[::2] == ("201 CREATED", b"hello")
    assert again.headers.getlist("Set-Cookie") == ["a=b; Path=/"]


def test_a_response_that_official_flask_pickled_is_read() -> None:
    response = Response.__new__(Response)
    theirs = werkzeug.wrappers.Response("hello", 201, {"X-A": "b"})
    response.__setstate__(vars(theirs))
    status, headers, body = get(answering(lambda: response))
    assert (status, headers["X-A"], body) == ("201 CREATED", "b", b"hello")


def test_a_copy_shares_its_headers() -> None:
    response = Response("x")
    copy.copy(response).headers["X-Copy"] = "1"
    assert response.headers["X-Copy"] == "1"


# Requests and contexts ---------------------------------------------------------------------------


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


def test_a_request_that_is_given_decides_about_the_route() -> None:
    app = answering(lambda: "index")
    get(app)
    given = Request(EnvironBuilder("/").get_environ())
    with RequestContext(app, EnvironBuilder("/other").get_environ(), request=given):
        assert given.endpoint == "index"


def test_hosts_that_clients_make_up_do_not_keep_out_the_real_one(
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


def test_a_map_whose_adapters_are_changed_is_asked(app: Flask) -> None:
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


def test_a_rule_that_builds_its_own_urls_is_asked() -> None:
    class Marked(Rule):
        def build(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
            built = super().build(*args, **kwargs)
            return built and (built[0], f"{built[1]}!")

    class Own(Flask):
        url_rule_class = Marked

    app = Own("own")
    app.add_url_rule("/", "index", lambda: url_for("index"))
    assert get(app)[2] == b"/!"


def test_a_kept_view_is_kept_though_it_is_false(app: Flask) -> None:
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


def test_who_changes_the_environment_does_not_change_the_request() -> None:
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
    def tell(response: Response) -> Response:
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


def test_an_adapter_that_is_asked_for_binds_to_the_environment_as_it_is(app: Flask) -> None:
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
        (werkzeug.wrappers.Response, "get_app_iter"),
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


@pytest.mark.parametrize("client", ["plain", "async"])
def test_hosts_that_a_class_trusts_from_now_on_are_seen_by_every_test_client(
    client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = answering(lambda: "x")
    plain, awaited = app.test_client(), app.test_async_client()

    def status() -> int:
        if client == "plain":
            return plain.get("/").status_code
        return asyncio.run(awaited.get("/")).status_code

    assert status() == 200
    with monkeypatch.context() as patch:
        patch.setattr(Request, "trusted_hosts", ["trusted.test"])
        assert status() == 400
    assert status() == 200


# Sessions ----------------------------------------------------------------------------------------


def session_app(interface: SecureCookieSessionInterface) -> Flask:
    app = answering(lambda: session.update(a=1) or "set")
    app.add_url_rule("/other", "other", lambda: "does not look at the session")
    app.session_interface = interface
    return app


def cookie_of(app: Flask) -> str:
    return get(app)[1]["Set-Cookie"].split(";")[0]


class Marked(SecureCookieSession):
    permanent = True  # type: ignore[assignment]


CHANGES: dict[str, t.Any] = {
    "salt": "another",
    "digest_method": staticmethod(hashlib.sha256),
    "key_derivation": "django-concat",
    "get_signing_serializer": lambda self, app: None,
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("late", [False, True])
def test_what_changes_the_signature_counts_whenever_it_is_set(name: str, late: bool) -> None:
    def own_serializer(self: SecureCookieSessionInterface, app: Flask) -> t.Any:
        app.secret_key, key = "another", app.secret_key
        try:
            return SecureCookieSessionInterface.get_signing_serializer(self, app)
        finally:
            app.secret_key = key

    class Own(SecureCookieSessionInterface):
        pass

    app = session_app(Own())
    plain = cookie_of(app)
    app = app if late else session_app(Own())
    setattr(Own, name, own_serializer if name == "get_signing_serializer" else CHANGES[name])
    own = cookie_of(app)
    assert own.split(".")[0] == plain.split(".")[0]
    assert own.split(".")[2] != plain.split(".")[2]
    signing = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    assert signing.loads(own.partition("=")[2]) == {"a": 1}
    # Nor is what the one interface signed a session for the other.
    assert cookie_of(session_app(SecureCookieSessionInterface())).split(".")[2] != own.split(".")[2]


def always(self: t.Any, app: t.Any, session: t.Any) -> bool:
    return True


@pytest.mark.parametrize(
    ("name", "value"), [("should_set_cookie", always), ("session_class", Marked)]
)
@pytest.mark.parametrize("place", ["class", "class, late", "object"])
def test_a_session_that_is_always_saved_is_saved_though_nobody_asked_for_it(
    name: str, value: t.Any, place: str
) -> None:
    own = type("Own", (SecureCookieSessionInterface,), {name: value} if place == "class" else {})
    interface = own()
    if place == "class, late":
        setattr(own, name, value)
    elif place == "object":
        setattr(interface, name, value.__get__(interface) if value is always else value)
    app = session_app(interface)
    _, headers, _ = get(app, "/other", headers={"Cookie": cookie_of(app)})
    assert "session=" in headers["Set-Cookie"]


@pytest.mark.parametrize("name", ["open_session", "save_session"])
def test_a_step_of_the_built_in_interface_may_be_replaced(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    built_in = getattr(SecureCookieSessionInterface, name)
    monkeypatch.setattr(
        SecureCookieSessionInterface, name, lambda *args: seen.append(name) or built_in(*args)
    )
    get(session_app(SecureCookieSessionInterface()), "/other")
    assert seen == [name] * 2


@pytest.mark.parametrize("place", ["class, late", "object", "base"])
def test_an_attribute_of_the_cookie_may_be_decided_late(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = type("Own", (SecureCookieSessionInterface,), {})
    app = session_app(own())
    assert "; Secure" not in get(app)[1]["Set-Cookie"]
    if place == "object":
        app.session_interface.get_cookie_secure = lambda app: True  # type: ignore[method-assign]
    else:
        base = own if place == "class, late" else SessionInterface
        monkeypatch.setattr(base, "get_cookie_secure", lambda self, app: True)
    assert "; Secure" in get(app)[1]["Set-Cookie"]


def test_an_interface_that_is_taken_away_again_is_forgotten() -> None:
    seen = []

    class Eager(SecureCookieSessionInterface):
        def open_session(self, app: t.Any, request: t.Any) -> SecureCookieSession | None:
            seen.append("opened")
            return super().open_session(app, request)

    class Own(Flask):
        session_interface = Eager()

    app = Own("own")
    app.session_interface = SecureCookieSessionInterface()
    app.add_url_rule("/", "index", lambda: "index")
    get(app)
    assert seen == []
    del app.session_interface
    get(app)
    assert seen == ["opened", "opened"]


@pytest.mark.parametrize("written", ["{}={}", "{} = {}", '{}="{}"', "a=b; {}={}"])
@pytest.mark.parametrize("size", [1, 500])
def test_a_permanent_session_is_renewed_however_its_cookie_is_written(
    written: str, size: int
) -> None:
    def index() -> str:
        session.permanent = True
        session["a"] = "x" * size
        return ""

    app = answering(index)
    app.add_url_rule("/other", "other", lambda: "does not look at the session")
    cookie = written.format(*cookie_of(app).split("="))
    environ = {"HTTP_COOKIE": cookie}  # as it is; the client would write it anew
    assert "Set-Cookie" in get(app, "/other", environ_overrides=environ)[1]


def test_a_patched_clock_is_the_sessions_clock_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def index() -> str:
        session.permanent = True
        return ""

    app = answering(index)
    app.add_url_rule("/show", "show", lambda: repr(dict(session)))
    headers = {"Cookie": cookie_of(app)}
    assert get(app, "/show", headers=headers)[2] == b"{'_permanent': True}"
    later = datetime.now(UTC) + 2 * app.permanent_session_lifetime
    monkeypatch.setattr("time.time", later.timestamp)
    assert get(app, "/show", headers=headers)[2] == b"{}"


def test_tags_are_read_whatever_white_space_the_applications_json_writes(app: Flask) -> None:
    class Indented(DefaultJSONProvider):
        def dumps(self, obj: t.Any, **options: t.Any) -> str:
            return super().dumps(obj, indent=0)

    app.json = Indented(app)
    app.secret_key = "a secret"
    app.add_url_rule("/", "index", lambda: session.update(a=(1, 2)) or "")
    app.add_url_rule("/show", "show", lambda: repr(session["a"]))
    assert get(app, "/show", headers={"Cookie": cookie_of(app)})[2] == b"(1, 2)"


def test_an_interface_that_cannot_open_a_session_is_asked_once_and_told_to_save_none() -> None:
    events: list[t.Any] = []

    class Broken(SessionInterface):
        def open_session(self, app: t.Any, request: t.Any) -> t.Any:
            events.append("open")
            raise ConnectionError

        def save_session(self, app: t.Any, session: t.Any, response: t.Any) -> None:
            events.append((session, response.status_code))

    app = answering(lambda: "never")
    app.logger.disabled = True
    app.session_interface = Broken()
    assert get(app, headers={"Cookie": "session=x"})[0] == "500 INTERNAL SERVER ERROR"
    assert events == ["open", (None, 500)] * 2


# JSON --------------------------------------------------------------------------------------------


class Unhashable:
    """A function that cannot be a key."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return other is self

    def __call__(self, value: t.Any) -> str:
        return "told"


def in_an_envelope(self: t.Any, args: t.Any, kwargs: t.Any) -> t.Any:
    return {"data": args[0]}


@pytest.mark.parametrize(
    ("name", "value", "body"),
    [
        ("dumps", lambda self, obj, **options: "own", b"own\n"),
        ("_prepare_response_obj", in_an_envelope, b'{"data":{"a":1}}\n'),
        ("default", Unhashable(), b'{"a":1}\n'),
        ("compact", False, b'{\n  "a": 1\n}\n'),
    ],
)
@pytest.mark.parametrize("base", [True, False])
def test_a_part_of_the_json_provider_may_be_set_late(
    name: str, value: t.Any, body: bytes, base: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own(DefaultJSONProvider):
        pass

    app = answering(lambda: {"a": 1})
    app.json = Own(app)
    assert get(app)[2] == b'{"a":1}\n'
    monkeypatch.setattr(DefaultJSONProvider if base else Own, name, value, raising=False)
    assert get(app)[2] == body


def test_an_applications_json_is_given_text_of_a_session(app: Flask) -> None:
    seen = set()

    class Own(DefaultJSONProvider):
        def loads(self, s: str | bytes, **options: t.Any) -> t.Any:
            seen.add(type(s))
            return super().loads(s, **options)

    app.json = Own(app)
    app.secret_key = "a secret"
    app.add_url_rule("/", "index", lambda: session.update(a=1) or "")
    app.add_url_rule("/show", "show", lambda: repr(dict(session)))
    assert get(app, "/show", headers={"Cookie": cookie_of(app)})[2] == b"{'a': 1}"
    assert seen == {str}


@pytest.mark.parametrize("base", [True, False])
def test_a_setting_of_json_may_be_set_late_on_a_class(
    base: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own(DefaultJSONProvider):
        pass

    app = answering(lambda: {"b": "é", "a": app})
    app.json = Own(app)
    kind = DefaultJSONProvider if base else Own
    for name, value, body in [
        ("default", staticmethod(lambda value: "app"), b'{"a":"app","b":"\\u00e9"}\n'),
        ("sort_keys", False, b'{"b":"\\u00e9","a":"app"}\n'),
        ("ensure_ascii", False, '{"b":"é","a":"app"}\n'.encode()),
    ]:
        monkeypatch.setattr(kind, name, value)
        assert get(app)[2] == body
    assert app.json.dumps([1, 2], separators=[",", ":"]) == "[1,2]"
