"""What takes an application, given one that is no ``Flask`` object.

Another framework's application, or an object made for a test, has what is documented, and nothing
else. So has what builds on the classes of ``flask.sansio``, as Quart does.
"""

from __future__ import annotations

import io
import typing as t
from collections import defaultdict
from datetime import timedelta

import click
import jinja2
import pytest
from werkzeug.routing import Map, Rule
from werkzeug.test import create_environ
from werkzeug.wrappers import Response as WerkzeugResponse

import flask
from flask import Flask
from flask.cli import ScriptInfo
from flask.ctx import AppContext, RequestContext, _AppCtxGlobals
from flask.json.provider import DefaultJSONProvider, JSONProvider
from flask.logging import create_logger
from flask.sansio.app import App
from flask.sansio.blueprints import Blueprint as SansioBlueprint
from flask.sansio.blueprints import BlueprintSetupState
from flask.sansio.scaffold import Scaffold
from flask.sessions import SecureCookieSessionInterface
from flask.templating import DispatchingJinjaLoader, Environment
from flask.testing import EnvironBuilder, FlaskClient, FlaskCliRunner


class Other:
    """An application that has what it is given."""

    def __init__(self, **members: t.Any) -> None:
        self.__dict__.update(members)


class OtherServer(Other):
    """An application that answers, too."""

    def __call__(self, environ: t.Any, start_response: t.Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["PATH_INFO"].encode(), environ["wsgi.input"].read()]


def other_application() -> Other:
    """Return an application that has what contexts and sessions need."""
    rules = Map([Rule("/", endpoint="index")])
    app = OtherServer(
        name="other",
        app_ctx_globals_class=_AppCtxGlobals,
        config=Flask.default_config,
        create_url_adapter=lambda request: request and rules.bind_to_environ(request.environ),
        debug=False,
        do_teardown_appcontext=lambda error=None: None,
        do_teardown_request=lambda error=None: None,
        ensure_sync=lambda function: function,
        permanent_session_lifetime=timedelta(days=1),
        request_class=flask.Request,
        response_class=flask.Response,
        secret_key="secret",
        session_interface=SecureCookieSessionInterface(),
    )
    app.__dict__["app_context"] = lambda: AppContext(t.cast("t.Any", app))
    app.__dict__["json"] = DefaultJSONProvider(app)
    return app


def in_request(function: t.Callable[[], t.Any], path: str = "/?a=1", **options: t.Any) -> t.Any:
    """Call a function in a request of another application."""
    app: t.Any = other_application()
    with RequestContext(app, create_environ(path, **options)):
        return function()


def in_application(function: t.Callable[[], t.Any], **members: t.Any) -> t.Any:
    """Call a function where another application is current."""
    app: t.Any = other_application()
    app.__dict__.update(members)
    with AppContext(app):
        return function()


# JSON


def json_answer(**members: t.Any) -> bytes:
    app = Other(**members)
    return DefaultJSONProvider(app).response({"b": 1, "a": [2]}).get_data()


@pytest.mark.parametrize("response_class", [flask.Response, WerkzeugResponse])
@pytest.mark.parametrize(
    ("debug", "text"),
    [(False, b'{"a":[2],"b":1}\n'), (True, b'{\n  "a": [\n    2\n  ],\n  "b": 1\n}\n')],
)
def test_a_json_provider_answers(response_class: type, debug: bool, text: bytes) -> None:
    assert json_answer(debug=debug, response_class=response_class) == text


def test_a_json_provider_needs_nothing_to_read_and_write() -> None:
    app = Other()
    provider = DefaultJSONProvider(app)
    assert (provider.dumps([1]), provider.loads("[1]")) == ("[1]", [1])


def test_a_custom_json_provider_is_used() -> None:
    class Own(JSONProvider):
        def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
            return repr(obj)

    app = Other(response_class=flask.Response)
    assert Own(app).response(1, 2).get_data() == b"(1, 2)"


class SetsOnlyTheApplication(DefaultJSONProvider):
    def __init__(self, app: t.Any) -> None:
        self._app = app


def test_a_json_provider_answers_for_the_application_that_it_refers_to() -> None:
    app, other = Flask("app"), Flask("other")
    other.debug = True
    app.json = SetsOnlyTheApplication(app)
    with app.app_context():
        assert flask.jsonify([]).get_data() == b"[]\n"
    provider = DefaultJSONProvider(app)
    provider._app = other
    assert provider.response([1]).get_data() == b"[\n  1\n]\n"


def test_a_json_provider_reports_that_its_application_was_freed() -> None:
    provider = DefaultJSONProvider(Other(debug=False, response_class=flask.Response))
    with pytest.raises(ReferenceError):
        provider.response(1)


# sessions


def test_a_session_is_saved_and_opened_again() -> None:
    app: t.Any = other_application()
    interface = app.session_interface
    session = interface.open_session(app, flask.Request(create_environ()))
    session["a"] = (1, b"x")
    session.permanent = True
    response = flask.Response()
    interface.save_session(app, session, response)
    cookie = response.headers["Set-Cookie"].partition(";")[0]
    again = interface.open_session(app, Other(cookies={"session": cookie.partition("=")[2]}))
    assert again["a"] == (1, b"x")


def test_without_a_key_there_is_no_session() -> None:
    app: t.Any = Other(secret_key=None, config=Flask.default_config)
    interface = SecureCookieSessionInterface()
    request: t.Any = Other(cookies={})
    assert interface.open_session(app, request) is None
    assert interface.get_signing_serializer(app) is None
    assert interface.get_cookie_name(app) == "session"


# templates, logging, the command line


def test_templates_are_found() -> None:
    blueprint = Other(jinja_loader=jinja2.DictLoader({"b": "from {{ 1 + 1 }}"}))
    app: t.Any = Other(
        jinja_loader=jinja2.DictLoader({"a": "from a"}),
        iter_blueprints=lambda: [blueprint],
        config={"EXPLAIN_TEMPLATE_LOADING": False},
    )
    app.create_global_jinja_loader = lambda: DispatchingJinjaLoader(app)
    environment = Environment(app)
    assert environment.get_template("a").render() == "from a"
    assert environment.get_template("b").render() == "from 2"
    assert sorted(environment.list_templates()) == ["a", "b"]


def test_templates_are_rendered() -> None:
    environment = Environment(t.cast("t.Any", Other(create_global_jinja_loader=lambda: None)))
    members = {
        "jinja_env": environment,
        "update_template_context": lambda context: context.update(known=1),
    }
    text = "{{ known }} {{ given }}"
    render: t.Any = flask.render_template_string
    stream: t.Any = flask.stream_template_string
    assert in_application(lambda: render(text, given=2), **members) == "1 2"
    assert in_application(lambda: "".join(stream(text, given=2)), **members) == "1 2"


def test_a_logger_is_made() -> None:
    logger = create_logger(t.cast("t.Any", Other(name="tests.other", debug=True)))
    assert (logger.name, logger.level) == ("tests.other", 10)


def test_the_command_line_loads_it() -> None:
    app: t.Any = Other(debug=False)
    assert ScriptInfo(create_app=lambda: app).load_app() is app
    command = click.Command("hello", callback=lambda: click.echo("hello"))
    assert FlaskCliRunner(t.cast("t.Any", Other(cli=command))).invoke().output == "hello\n"


# contexts and what reads them

IN_A_REQUEST: dict[str, tuple[t.Callable[[], t.Any], t.Any]] = {
    "arguments": (lambda: flask.request.args["a"], "1"),
    "rule": (lambda: flask.request.endpoint, "index"),
    "application": (lambda: flask.current_app.name, "other"),
    "session": (lambda: flask.session.setdefault("a", 1), 1),
    "flashes": (lambda: (flask.flash("x"), flask.get_flashed_messages())[1], ["x"]),
    "json": (lambda: flask.jsonify(a=1).get_data(), b'{"a":1}\n'),
    "limits": (lambda: flask.request.max_form_parts, 1_000),
    "after this request": (lambda: flask.after_this_request(len) is not None, True),
    "copied": (lambda: flask.copy_current_request_context(lambda: flask.request.path)(), "/"),
}


@pytest.mark.parametrize("name", IN_A_REQUEST)
def test_a_request_context_is_made(name: str) -> None:
    function, expected = IN_A_REQUEST[name]
    assert in_request(function) == expected


def test_a_request_context_reads_a_body() -> None:
    read: t.Callable[[], t.Any] = lambda: (dict(flask.request.form), flask.request.get_json())  # noqa: E731
    assert in_request(lambda: dict(flask.request.form), method="POST", data={"a": "1"}) == {
        "a": "1"
    }
    assert in_request(read, method="POST", json={"a": 1}) == ({}, {"a": 1})


def test_a_request_context_keeps_what_it_is_given_and_what_routing_raised() -> None:
    app: t.Any = other_application()
    request = flask.Request(create_environ("/nowhere"))
    with RequestContext(app, request.environ, request=request):
        assert flask.request == request
        assert type(request.routing_exception).__name__ == "NotFound"


def test_a_stream_keeps_the_request() -> None:
    def parts() -> t.Iterator[str]:
        yield flask.request.path

    iterator = in_request(lambda: flask.stream_with_context(parts()))
    assert list(iterator) == ["/"]


def test_helpers_call_the_methods_of_the_current_application() -> None:
    members = {
        "redirect": lambda location, code=302: (location, code),
        "url_for": lambda endpoint, **values: endpoint,
        "make_response": lambda value: ("made", value),
        "aborter": lambda status: ("aborted", status),
    }
    asked: list[tuple[t.Callable[[], t.Any], t.Any]] = [
        (lambda: flask.redirect("/x"), ("/x", 302)),
        (lambda: flask.url_for("x"), "x"),
        (lambda: flask.make_response("x"), ("made", "x")),
        (lambda: flask.json.dumps([1]), "[1]"),
        (lambda: flask.json.loads("[1]"), [1]),
    ]
    for function, expected in asked:
        assert in_application(function, **members) == expected


def test_a_file_is_sent() -> None:
    def send() -> t.Any:
        return flask.send_file(io.BytesIO(b"content"), mimetype="text/plain").status_code

    app: t.Any = other_application()
    app.__dict__.update(root_path="/", get_send_file_max_age=lambda name: 5)
    with RequestContext(app, create_environ()):
        assert send() == 200


# test clients


def test_a_test_client_sends_requests() -> None:
    app: t.Any = other_application()
    client = FlaskClient(app, flask.Response)
    assert client.get("/path").text == "/path"
    assert client.post("/", json={"a": 1}).data == b'/{"a": 1}'
    with client:
        assert client.get("/in/block").text == "/in/block"


def test_a_test_client_changes_a_session() -> None:
    app: t.Any = other_application()
    app.__dict__["test_request_context"] = lambda *given, **options: RequestContext(
        app, EnvironBuilder(app, *given, **options).get_environ()
    )
    client = FlaskClient(app, flask.Response)
    with client.session_transaction() as session:
        session["a"] = 1
    with client.session_transaction() as session:
        assert session["a"] == 1


# blueprints

REGISTERS = (
    *("before_request_funcs", "after_request_funcs", "teardown_request_funcs"),
    *("template_context_processors", "url_value_preprocessors", "url_default_functions"),
)


def test_a_blueprint_needs_the_registers_that_official_flask_has() -> None:
    rules: list[t.Any] = []
    app: t.Any = Other(
        blueprints={},
        view_functions={},
        error_handler_spec=defaultdict(lambda: defaultdict(dict)),
        add_url_rule=lambda *given, **options: rules.append(given[:2]),
        **{register: defaultdict(list) for register in REGISTERS},
    )
    inner = flask.Blueprint("inner", __name__)
    inner.url_defaults(lambda endpoint, values: None)
    outer = flask.Blueprint("outer", __name__)
    outer.before_request(lambda: None)
    outer.before_app_request(lambda: None)
    outer.add_url_rule("/", "index", lambda: "")
    outer.register_blueprint(inner)
    outer.register(app, {})
    assert (rules, list(app.blueprints)) == ([("/", "outer.index")], ["outer", "outer.inner"])
    assert list(app.before_request_funcs) == ["outer", None]
    assert list(app.url_default_functions) == ["outer.inner"]


def test_a_setup_state_adds_rules() -> None:
    rules: list[t.Any] = []
    app: t.Any = Other(add_url_rule=lambda *given, **options: rules.append(given))
    blueprint = flask.Blueprint("b", __name__, url_prefix="/b")
    BlueprintSetupState(blueprint, app, {}, True).add_url_rule("/x", "e", len)
    assert rules == [("/b/x", "b.e", len)]


# frameworks on the classes of flask.sansio


@pytest.mark.parametrize("kind", [Scaffold, App, SansioBlueprint])
def test_the_classes_of_sansio_leave_websockets_to_others(kind: type) -> None:
    assert [name for name in dir(kind) if "websocket" in name and not name.startswith("_")] == []


class HasOwnWebSockets(Scaffold):
    """Fills its own register, which has the name of one of ours."""

    def before_websocket(self, function: t.Any) -> None:
        register: t.Any = self.before_websocket_funcs  # type: ignore[attr-defined]
        register[None].append(function)


class OwnApp(HasOwnWebSockets, App):
    default_config = Flask.default_config
    response_class = flask.Response

    def __init__(self, *given: t.Any, **options: t.Any) -> None:
        super().__init__(*given, **options)
        self.before_websocket_funcs: t.Any = defaultdict(list)
        self.cli = click.Group()


class OwnBlueprint(HasOwnWebSockets, SansioBlueprint):
    def __init__(self, *given: t.Any, **options: t.Any) -> None:
        super().__init__(*given, **options)
        self.before_websocket_funcs: t.Any = defaultdict(list)
        self.cli = click.Group()

    def _merge_blueprint_funcs(self, app: t.Any, name: str) -> None:
        super()._merge_blueprint_funcs(app, name)
        app.before_websocket_funcs[name].extend(self.before_websocket_funcs[None])


@pytest.mark.parametrize("is_nested", [False, True])
def test_hooks_of_another_framework_are_registered_once(is_nested: bool) -> None:
    app, blueprint = OwnApp(__name__), OwnBlueprint("b", __name__)
    blueprint.before_websocket(len)
    blueprint.before_request(len)
    blueprint.cli.add_command(click.Command("hello"))
    name = "b"
    if is_nested:
        around = OwnBlueprint("around", __name__)
        around.register_blueprint(t.cast("t.Any", blueprint))
        app.register_blueprint(around)
        name = "around.b"
    else:
        app.register_blueprint(blueprint)
    assert app.before_websocket_funcs[name] == [len]
    assert app.before_request_funcs[name] == [len]
    assert list(app.cli.commands) == [name]


def test_an_application_on_sansio_has_what_needs_no_request() -> None:
    app = OwnApp("own", static_folder=None)
    app.register_blueprint(flask.Blueprint("b", __name__))
    assert app.json.response(a=1).get_data() == b'{"a":1}\n'
    assert app.redirect("/x").headers["Location"] == "/x"
    assert (app.name, app.logger.name, app.secret_key) == ("own", "own", None)
