"""The same questions as requests to two applications, one of them on Werkzeug's unmodified map."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from converter_cases import CONVERTER_CASES
from rule_cases import RULE_CASES
from two_maps import CONVERTERS, IS_NEW, environ_of, wsgi
from werkzeug.routing import BaseConverter, Rule
from werkzeug.routing import Map as WerkzeugMap
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask import Flask, abort, current_app, render_template_string, request, url_for


class FlaskWithWerkzeugMap(Flask):
    url_map_class = WerkzeugMap


class Reply(t.NamedTuple):
    status: str
    body: str
    location: str | None
    allow: frozenset[str]


def make(kind: type[Flask], rules: t.Iterable[t.Any]) -> Flask:
    app = kind("app", static_folder=None)
    app.url_map.converters.update(CONVERTERS)
    numbers = itertools.count()
    for entry in rules:
        text, options = (entry, {}) if isinstance(entry, str) else entry
        options = {"endpoint": f"{text} {next(numbers)}", "methods": ["GET"], **options}
        app.url_map.add(Rule(text, **options))
        app.view_functions[options["endpoint"]] = show
    return app


def show(**arguments: t.Any) -> str:
    assert request.url_rule is not None
    assert arguments == request.view_args
    return f"{request.endpoint} {request.url_rule.rule} {sorted(arguments.items())}"


def ask(app: Flask, environ: dict[str, t.Any]) -> Reply:
    body, status, headers = run_wsgi_app(app, environ)
    return Reply(
        status,
        b"".join(body).decode(),
        headers.get("Location"),
        frozenset(headers.get("Allow", "").replace(" ", "").split(",")),
    )


@pytest.mark.parametrize(
    ("rules", "questions"),
    [pytest.param(*case[1:], id=case[0]) for case in CONVERTER_CASES + RULE_CASES],
)
def test_an_application_answers_as_on_werkzeugs_map(
    rules: t.Any, questions: t.Iterable[tuple[str, str, t.Any, str]]
) -> None:
    ours, unmodified = make(Flask, rules), make(FlaskWithWerkzeugMap, rules)
    for path, method, *_ in questions:
        expected = ask(unmodified, environ_of(path, method))
        for turn in ("first", "second"):  # the table answers once the map has accepted the host
            assert (path, turn, ask(ours, environ_of(path, method))) == (path, turn, expected)


def hello_app(**options: t.Any) -> Flask:
    app = Flask("app", static_folder=None, **options)
    app.add_url_rule("/", "hello", lambda: "hello")
    return app


def status_for(app: Flask, path: str = "/", **environ: t.Any) -> int:
    client = app.test_client()
    return client.get(path, environ_overrides=environ).status_code


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({}, 200),
        ({"HTTP_HOST": "other.test"}, 200),
        ({"HTTP_HOST": "a..b"}, 400),
        ({"HTTP_HOST": "x" * 5000}, 400),
        ({"PATH_INFO": "/missing"}, 404),
        ({"PATH_INFO": ""}, 308),
        ({"wsgi.url_scheme": "ws"}, 400),
        ({"HTTP_UPGRADE": "websocket", "HTTP_CONNECTION": "Upgrade"}, 400),
        ({"HTTP_UPGRADE": "h2c", "HTTP_CONNECTION": "Upgrade"}, 200),
        ({"HTTP_UPGRADE": "websocket"}, 200),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_other_keys_of_the_environment_take_effect_the_second_time_too(
    environ: dict[str, str], status: int
) -> None:
    app = hello_app()
    assert status_for(app) == 200
    for _ in range(2):
        assert status_for(app, **environ) == status


def test_a_host_that_one_application_accepts_may_be_refused_by_another() -> None:
    # With SERVER_NAME the Host header is not read for binding, without it is.
    named, unnamed = hello_app(), hello_app()
    named.config["SERVER_NAME"] = "named.test"
    host = {"HTTP_HOST": "one..two"}
    before = status_for(unnamed, **host)
    status_for(named, **host)
    status_for(named, **host)
    assert (before, status_for(unnamed, **host)) == (400, 400)


def test_a_missing_path_and_a_missing_host_are_served() -> None:
    app = hello_app()
    environ = EnvironBuilder().get_environ()
    del environ["PATH_INFO"], environ["HTTP_HOST"]
    for _ in range(2):
        assert ask(app, dict(environ)).status == "200 OK"


def test_trusted_hosts_take_effect_when_they_are_set() -> None:
    app = hello_app()
    assert [status_for(app), status_for(app)] == [200, 200]
    app.config["TRUSTED_HOSTS"] = ["good.test"]
    assert [status_for(app), status_for(app, HTTP_HOST="good.test")] == [400, 200]
    app.config["TRUSTED_HOSTS"] = None
    assert status_for(app) == 200


def test_trusted_hosts_of_the_request_class_take_effect() -> None:
    app = hello_app()

    class Strict(app.request_class):  # type: ignore[name-defined, misc]
        trusted_hosts = ["good.test"]

    assert status_for(app) == 200
    app.request_class = Strict
    assert [status_for(app), status_for(app, HTTP_HOST="good.test")] == [400, 200]


def test_a_rule_that_is_added_while_serving_is_found() -> None:
    app = hello_app()
    assert [status_for(app, "/late"), status_for(app, "/late")] == [404, 404]
    app.url_map.add(Rule("/late", endpoint="hello", methods=["GET"]))
    assert [status_for(app, "/late"), status_for(app, "/late")] == [200, 200]
    app.url_map.add(Rule("/<name>/late", endpoint="args", methods=["GET"]))
    app.view_functions["args"] = lambda name: name
    assert [status_for(app, "/x/late"), status_for(app, "/")] == [200, 200]


def test_a_rule_keeps_the_converter_that_it_was_registered_with() -> None:
    class First(BaseConverter):
        regex = "a+"

    class Second(BaseConverter):
        regex = "b+"

    app = hello_app()
    app.url_map.converters["x"] = First
    app.add_url_rule("/<x:value>", "show", show)
    app.url_map.converters["x"] = Second
    for _ in range(2):
        assert [status_for(app, "/aa"), status_for(app, "/bb")] == [200, 404]


def test_another_map_class_and_another_map_object_are_used() -> None:
    app = hello_app()
    assert status_for(app) == 200
    app.url_map = WerkzeugMap([Rule("/other", endpoint="hello")])
    assert [status_for(app), status_for(app, "/other"), status_for(app, "/other")] == [
        404,
        200,
        200,
    ]


@pytest.mark.parametrize("where", ["instance", "subclass", "class"])
def test_an_overridden_url_adapter_decides(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def bind_elsewhere(app: Flask, request: t.Any) -> t.Any:
        return app.url_map.bind("localhost", path_info="/elsewhere")

    class Elsewhere(Flask):
        def create_url_adapter(self, request: t.Any) -> t.Any:
            return bind_elsewhere(self, request)

    app = (Elsewhere if where == "subclass" else Flask)("app", static_folder=None)
    app.add_url_rule("/", "hello", lambda: "hello")
    app.add_url_rule("/elsewhere", "elsewhere", lambda: "elsewhere")
    client = app.test_client()
    # On the class it must be there before the first request: then it is found out who decides.
    if where == "class":
        monkeypatch.setattr(Flask, "create_url_adapter", bind_elsewhere)
    if where == "instance":
        assert [client.get("/").text, client.get("/").text] == ["hello", "hello"]
        app.create_url_adapter = lambda request: bind_elsewhere(app, request)  # type: ignore[method-assign]
    assert [client.get("/").text, client.get("/").text] == ["elsewhere", "elsewhere"]


SUBDOMAINS = [
    ("example.test", "/", "root"),
    ("api.example.test", "/", "api"),
    ("ann.users.example.test", "/", "user ann"),
    ("bob.users.example.test", "/", "user bob"),
    ("other.example.test", "/", None),
]


def test_subdomains_decide_with_subdomain_matching() -> None:
    app = Flask("app", static_folder=None, subdomain_matching=True)
    app.config["SERVER_NAME"] = "example.test"
    app.add_url_rule("/", "root", lambda: "root")
    app.add_url_rule("/", "api", lambda: "api", subdomain="api")
    app.add_url_rule("/", "user", lambda user: f"user {user}", subdomain="<user>.users")
    for _ in range(2):
        for host, path, body in SUBDOMAINS:
            response = app.test_client().get(path, base_url=f"http://{host}/")
            assert (host, response.status_code) == (host, 404 if body is None else 200)
            assert body is None or response.text == body


def test_a_subdomain_without_subdomain_matching_is_never_found() -> None:
    app = Flask("app", static_folder=None)
    app.config["SERVER_NAME"] = "example.test"
    app.add_url_rule("/", "api", lambda: "api", subdomain="api")
    for _ in range(2):
        assert app.test_client().get("/", base_url="http://api.example.test/").status_code == 404


def test_hosts_decide_with_host_matching() -> None:
    app = Flask("app", static_folder=None, host_matching=True)
    app.add_url_rule("/", "one", lambda: "one", host="one.test")
    app.add_url_rule("/", "any", lambda name: name, host="<name>.two.test")
    client = app.test_client()
    for _ in range(2):
        assert client.get("/", base_url="http://one.test/").text == "one"
        assert client.get("/", base_url="http://x.two.test/").text == "x"
        assert client.get("/", base_url="http://three.test/").status_code == 404


def test_a_mounted_application_matches_what_is_behind_the_mount() -> None:
    app = hello_app()
    app.add_url_rule("/b/", "branch", lambda: "branch")
    client = app.test_client()
    for _ in range(2):
        assert client.get("/", base_url="http://localhost/mounted/").text == "hello"
        answer = client.get("/b", base_url="http://localhost/mounted/")
        assert answer.headers["Location"] == "http://localhost/mounted/b/"


def test_a_redirect_keeps_the_query() -> None:
    app = hello_app()
    app.add_url_rule("/é/", "branch", lambda: "branch")
    for _ in range(2):
        answer = app.test_client().get("/é?a=1&b=%20")
        assert answer.headers["Location"] == "http://localhost/%C3%A9/?a=1&b=%20"


def test_bytes_that_are_no_utf_8_become_replacement_characters() -> None:
    app = hello_app()
    app.add_url_rule("/<x>", "show", lambda x: x)
    for _ in range(2):
        answer = app.test_client().get("/", environ_overrides={"PATH_INFO": wsgi("/a") + "\xff"})
        assert answer.text == "a�"


def test_the_url_of_the_first_rule_that_fits_is_built_as_by_werkzeug() -> None:
    app = hello_app()
    app.add_url_rule("/p/<int:n>", "p", lambda n: "")
    app.add_url_rule("/p", "p", view_func=app.view_functions["p"], defaults={"n": 1})
    with app.test_request_context():
        assert app.url_for("p", n=1) == "/p"
        assert app.url_for("p", n=2) == "/p/2"


@pytest.mark.parametrize("rule", ["/<part:name>", "/<part:name>/more", "/in/<part:name>/<other>"])
def test_a_converter_may_answer_with_an_error(rule: str) -> None:
    class Part(BaseConverter):
        def to_python(self, value: str) -> str:
            return value if value == "here" else abort(410)

    app = Flask("app")
    app.url_map.converters["part"] = Part
    app.add_url_rule(rule, "view", lambda **arguments: arguments["name"])
    client = app.test_client()
    here = rule.replace("<part:name>", "here").replace("<other>", "x")
    asked = [client.get(path).status_code for path in (here, here.replace("here", "gone")) * 3]
    assert asked == [200, 410] * 3


BUILDS: dict[str, t.Callable[[], str]] = {
    "url_for": lambda: url_for("index"),
    "an external one": lambda: url_for("index", _external=True),
    "of the blueprint": lambda: url_for(".index"),
    "of the application": lambda: current_app.url_for("index"),
    "in a template": lambda: render_template_string("{{ url_for('index') }}"),
}


@pytest.mark.parametrize("asgi", [False, True])
@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS.keys())
@pytest.mark.parametrize("host", ["evil.test", "not a host", *(["x" * 5000] if IS_NEW else [])])
def test_a_url_for_a_host_that_was_refused_is_an_error_that_names_the_host(
    app: Flask, asgi: bool, build: t.Callable[[], str], host: str
) -> None:
    app.config.update(TRUSTED_HOSTS=["good.test"], SERVER_NAME="good.test")
    app.add_url_rule("/", "index", lambda: build())
    messages: list[str] = []

    @app.errorhandler(400)
    def refused(error: Exception) -> tuple[str, int]:
        with pytest.raises(RuntimeError) as raised:
            build()
        messages.append(str(raised.value))
        return "refused", 400

    client = app.test_client(asgi=asgi)
    assert client.get("/", headers={"Host": "good.test"}).status_code == 200
    assert client.get("/", headers={"Host": host}).text == "refused"
    assert messages == [
        f"Unable to build URLs for this request, because its host {host[:255]!r} was refused. See"
        " 'TRUSTED_HOSTS'. What answers such a request, as an error page does, must not build URLs."
    ]


def test_a_request_without_an_adapter_has_another_error_than_no_request(app: Flask) -> None:
    app.create_url_adapter = lambda request: None  # type: ignore[method-assign]
    with (
        app.test_request_context("/"),
        pytest.raises(RuntimeError, match="'create_url_adapter' returned None"),
    ):
        url_for("index")
    with app.app_context(), pytest.raises(RuntimeError, match="outside an active request"):
        url_for("index")
