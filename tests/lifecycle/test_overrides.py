"""Each step may be replaced on an instance and in a subclass; the replacement runs."""

from __future__ import annotations

import functools
import typing as t

import pytest

from flask import Flask, Response, g, request, session, url_for
from flask.ctx import AppContext, RequestContext
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient

# A step, and a request that meets it.
STEPS = [
    ("wsgi_app", "/"),
    ("full_dispatch_request", "/"),
    ("preprocess_request", "/"),
    ("dispatch_request", "/"),
    ("make_response", "/"),
    ("finalize_request", "/"),
    ("process_response", "/"),
    ("handle_exception", "/crash"),
    ("handle_user_exception", "/crash"),
    ("handle_user_exception", "/missing"),
    ("handle_http_exception", "/missing"),
    ("trap_http_exception", "/missing"),
    ("raise_routing_exception", "/missing"),
    ("log_exception", "/crash"),
    ("should_ignore_error", "/crash"),
    ("create_url_adapter", "/"),
    ("request_context", "/"),
    ("app_context", "/"),
    ("ensure_sync", "/"),
    ("ensure_sync", "/hooked"),
    ("async_to_sync", "/async"),
    ("make_default_options_response", "OPTIONS /"),
    ("do_teardown_request", "/"),
    ("do_teardown_appcontext", "/"),
    ("inject_url_defaults", "/url"),
    ("handle_url_build_error", "/bad-url"),
    ("update_template_context", "/template"),
    ("create_jinja_environment", "/template"),
    ("select_jinja_autoescape", "/template"),
    ("redirect", "/redirect"),
    ("url_for", "/url"),
    ("send_static_file", "/static/x.txt"),
    ("get_send_file_max_age", "/static/x.txt"),
]


def fill(app: Flask) -> None:
    from flask import redirect, render_template_string

    app.logger.disabled = True

    @app.route("/")
    def index() -> str:
        return "index"

    @app.route("/crash")
    def crash() -> t.NoReturn:
        raise ValueError

    @app.route("/async")
    async def waits() -> str:
        return "async"

    app.add_url_rule("/url", "url", lambda: url_for("index"))
    app.add_url_rule("/bad-url", "bad-url", lambda: url_for("nowhere"))
    app.add_url_rule("/redirect", "redirect", lambda: redirect("/"))
    app.add_url_rule("/template", "template", lambda: render_template_string("{{ g }}"))
    app.add_url_rule("/hooked", "hooked", lambda: "hooked")


def ask(app: Flask, path: str) -> t.Any:
    method, _, target = path.rpartition(" ")
    return app.test_client().open(target, method=method or "GET", buffered=True)


WHERE = ["instance", "instance after a request", "subclass", "class"]


# Asked once, when the template environment is made.
ONCE = {"create_jinja_environment", "select_jinja_autoescape"}


@pytest.mark.parametrize(
    ("step", "path", "where"),
    [
        (step, path, where)
        for step, path in STEPS
        for where in WHERE
        if not (step in ONCE and where == "instance after a request")
    ],
)
def test_a_replaced_step_is_called(
    step: str, path: str, where: str, monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any
) -> None:
    calls: list[str] = []
    original = getattr(Flask, step)

    @functools.wraps(original)  # as who instruments a class does
    def replacement(self: Flask, *args: t.Any, **kwargs: t.Any) -> t.Any:
        calls.append(step)
        return original(self, *args, **kwargs)

    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "x.txt").write_text("x")
    kind = Flask
    if where == "subclass":
        kind = type("Sub", (Flask,), {step: replacement})
    app = kind("app", root_path=str(tmp_path))
    fill(app)
    if where == "instance after a request":
        ask(app, path)
    if where.startswith("instance"):
        setattr(app, step, lambda *args, **kwargs: replacement(app, *args, **kwargs))
    if where == "class":
        monkeypatch.setattr(Flask, step, replacement)
    app.before_request_funcs.setdefault(None, []).append(lambda: None)
    ask(app, path)
    first = len(calls)
    assert first >= 1
    ask(app, path)
    if step not in ONCE:
        assert len(calls) == 2 * first


def test_call_of_the_class_may_be_replaced(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Flask.__call__
    calls: list[str] = []

    def tracked(self: Flask, environ: t.Any, start_response: t.Any) -> t.Any:
        calls.append(environ["PATH_INFO"])
        return original(self, environ, start_response)

    monkeypatch.setattr(Flask, "__call__", tracked)
    app.test_client(asgi=False).get("/x")  # an override of three arguments knows WSGI alone
    assert calls == ["/x"]


def test_middleware_wraps_wsgi_app(app: Flask) -> None:
    class Middleware:
        def __init__(self, wrapped: t.Any) -> None:
            self.wrapped = wrapped

        def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
            environ["PATH_INFO"] = "/inner" + environ["PATH_INFO"]
            return self.wrapped(environ, start_response)

    app.wsgi_app = Middleware(app.wsgi_app)  # type: ignore[method-assign]
    app.add_url_rule("/inner/x", "x", lambda: request.path)
    assert app.test_client().get("/x").text == "/inner/x"


@pytest.mark.parametrize("where", ["instance", "subclass"])
def test_dispatch_may_answer_by_itself(where: str) -> None:
    def dispatch(*args: t.Any) -> str:
        return f"dispatched {request.path}"

    app = (Flask if where == "instance" else type("Sub", (Flask,), {"dispatch_request": dispatch}))(
        "app"
    )
    if where == "instance":
        app.dispatch_request = dispatch  # type: ignore[method-assign]
    assert app.test_client().get("/anything").text == "dispatched /anything"


def test_a_replaced_make_response_takes_what_views_return(app: Flask) -> None:
    original = app.make_response

    def make(value: t.Any) -> Response:
        return original({"number": value} if isinstance(value, int) else value)

    app.make_response = make  # type: ignore[method-assign]
    app.add_url_rule("/", "view", lambda: 7)  # type: ignore[arg-type, return-value]
    assert app.test_client().get("/").json == {"number": 7}


def test_replaced_classes_are_used() -> None:
    class OwnRequest(Flask.request_class):  # type: ignore[name-defined, misc]
        @property
        def shout(self) -> str:
            return str(self.path).upper()

    class OwnResponse(Flask.response_class):  # type: ignore[name-defined, misc]
        default_mimetype = "text/plain"

    class OwnGlobals:
        kind = "own"

    class OwnFlask(Flask):
        request_class = OwnRequest
        response_class = OwnResponse
        app_ctx_globals_class = OwnGlobals

    app = OwnFlask("app")
    app.add_url_rule("/x", "view", lambda: f"{request.shout} {g.kind}")  # type: ignore[attr-defined]
    response = app.test_client().get("/x")
    assert (response.text, response.mimetype) == ("/X own", "text/plain")


def test_classes_may_be_replaced_on_the_instance_too(app: Flask) -> None:
    class OwnResponse(Response):
        default_mimetype = "text/plain"

        def get_wsgi_headers(self, environ: t.Any) -> t.Any:
            headers = super().get_wsgi_headers(environ)
            headers["X-Own"] = "yes"
            return headers

    app.add_url_rule("/", "view", lambda: "x")
    assert app.test_client().get("/").mimetype == "text/html"
    app.response_class = OwnResponse
    response = app.test_client().get("/")
    assert (response.mimetype, response.headers["X-Own"]) == ("text/plain", "yes")


@pytest.mark.parametrize("step", ["__call__", "get_app_iter", "get_wsgi_response", "iter_encoded"])
def test_a_response_class_may_change_how_it_is_sent(app: Flask, step: str) -> None:
    calls: list[str] = []
    original = getattr(Response, step)

    def replacement(self: Response, *args: t.Any) -> t.Any:
        calls.append(step)
        return original(self, *args)

    app.response_class = type("OwnResponse", (Response,), {step: replacement})
    app.add_url_rule("/", "view", lambda: "x")
    assert app.test_client().get("/").text == "x"
    assert calls[:1] == [step]


def test_custom_contexts_are_used(app: Flask) -> None:
    made: list[str] = []

    class OwnAppContext(AppContext):
        def push(self) -> None:
            made.append("app push")
            super().push()

    class OwnRequestContext(RequestContext):
        def push(self) -> None:
            made.append("request push")
            super().push()

        def match_request(self) -> None:
            made.append("match")
            super().match_request()

    app.app_context = lambda: OwnAppContext(app)  # type: ignore[method-assign]
    app.request_context = lambda environ: OwnRequestContext(app, environ)  # type: ignore[method-assign]
    app.add_url_rule("/", "view", lambda: "x")
    assert app.test_client().get("/").text == "x"
    assert made == ["request push", "app push", "match"]


def test_a_handler_of_exceptions_on_the_instance_answers(app: Flask) -> None:
    fill(app)
    app.handle_exception = lambda e: Response(f"replaced {type(e).__name__}", 503)  # type: ignore[method-assign]
    response = app.test_client().get("/crash")
    assert (response.status_code, response.text) == (503, "replaced ValueError")


def test_a_user_exception_handler_on_the_instance_answers(app: Flask) -> None:
    fill(app)
    app.handle_user_exception = lambda e: ("replaced", 418)  # type: ignore[method-assign]
    for path in ("/crash", "/missing"):
        response = app.test_client().get(path)
        assert (response.status_code, response.text) == (418, "replaced")


def test_the_built_in_interface_with_one_method_replaced_runs_it(app: Flask) -> None:
    calls: list[str] = []

    class Noted(SecureCookieSessionInterface):
        def save_session(self, *args: t.Any) -> None:
            calls.append("save")
            super().save_session(*args)

    app.session_interface = Noted()
    app.add_url_rule("/", "view", lambda: "x")
    app.test_client().get("/")
    assert calls == ["save"]


def test_the_built_in_interface_may_be_changed_on_the_instance(app: Flask) -> None:
    calls: list[str] = []
    app.session_interface = interface = SecureCookieSessionInterface()
    original = interface.save_session

    def save(*args: t.Any) -> None:
        calls.append("save")
        original(*args)

    interface.save_session = save  # type: ignore[method-assign]
    app.add_url_rule("/", "view", lambda: "x")
    app.add_url_rule("/set", "set", lambda: session.update(a=1) or "x")
    app.test_client().get("/")
    app.test_client().get("/set")
    assert calls == ["save", "save"]


@pytest.mark.parametrize("where", ["subclass", "instance"])
def test_a_static_file_view_may_be_overridden(where: str) -> None:
    def send(*args: t.Any, **kwargs: t.Any) -> Response:
        return Response("own file")

    app = (type("Sub", (Flask,), {"send_static_file": send}) if where == "subclass" else Flask)(
        "app"
    )
    if where == "instance":
        app.send_static_file = send  # type: ignore[method-assign]
    assert app.test_client().get("/static/x").text == "own file"


def test_the_test_client_class_may_be_replaced(app: Flask) -> None:
    class Own(FlaskClient):
        def __init__(self, *args: t.Any, extra: str = "", **kwargs: t.Any) -> None:
            super().__init__(*args, **kwargs)
            self.extra = extra

    app.test_client_class = Own
    client = app.test_client(extra="x")
    assert isinstance(client, Own)
    assert client.extra == "x"


# Steps that the application calls or extends ------------------------------------------------------


@pytest.mark.parametrize("step", ["do_teardown_request", "do_teardown_appcontext"])
@pytest.mark.parametrize("is_raised", [True, False])
def test_a_teardown_step_that_is_called_directly_passes_the_error_being_handled(
    app: Flask, step: str, is_raised: bool
) -> None:
    seen: list[BaseException | None] = []
    app.teardown_request(seen.append)
    app.teardown_appcontext(seen.append)
    error = ValueError()
    with app.test_request_context():
        try:
            if is_raised:
                raise error
            getattr(app, step)()
        except ValueError:
            getattr(app, step)()
        assert seen == [error if is_raised else None]


def test_a_step_that_is_extended_may_find_no_hooks() -> None:
    class Own(Flask):
        def preprocess_request(self) -> t.Any:
            found = super().preprocess_request()
            assert found is None
            return "from the step"

    app = Own("own")
    app.add_url_rule("/", "view", lambda: "from the view")
    assert app.test_client().get("/").text == "from the step"
