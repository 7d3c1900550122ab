"""Blueprints: registration, names, prefixes, nesting, hooks and resources."""

from __future__ import annotations

import typing as t
from pathlib import Path

import click
import pytest

from flask import Blueprint, Flask, request, url_for
from flask.blueprints import BlueprintSetupState


def rules_of(app: Flask) -> list[tuple[str, str]]:
    return [
        (rule.rule, rule.endpoint) for rule in app.url_map.iter_rules() if rule.endpoint != "static"
    ]


# Prefixes of blueprint and registration, the rule, and the path that comes of it.
PREFIXES: list[tuple[str | None, str | None, str, str]] = [
    (None, None, "/x", "/x"),
    ("/p", None, "/x", "/p/x"),
    ("/p/", None, "/x", "/p/x"),
    ("/p", "/r", "/x", "/r/x"),
    (None, "/r", "/x", "/r/x"),
    ("/p", "", "/x", "/x"),
    ("/p", None, "", "/p"),
    ("/p", None, "/", "/p/"),
    ("/p/", None, "/", "/p/"),
    ("/", None, "/x", "/x"),
    ("/<lang>", None, "/x", "/<lang>/x"),
    ("/a//b", None, "//x", "/a//b/x"),
]


@pytest.mark.parametrize(("own", "given", "rule", "expected"), PREFIXES)
def test_a_prefix_comes_before_the_rule(
    app: Flask, own: str | None, given: str | None, rule: str, expected: str
) -> None:
    blueprint = Blueprint("b", "x", url_prefix=own)
    blueprint.add_url_rule(rule, "view", lambda **kwargs: "")
    app.register_blueprint(blueprint, **({} if given is None else {"url_prefix": given}))
    assert rules_of(app) == [(expected, "b.view")]


NESTED: list[tuple[str | None, str | None, str | None, str, str]] = [
    ("/p", "/c", None, "/x", "/p/c/x"),
    ("/p/", "/c/", None, "/x", "/p/c/x"),
    ("/p", "c", None, "/x", "/p/c/x"),
    ("/p", None, None, "/x", "/p/x"),
    (None, "/c", None, "/x", "/c/x"),
    (None, None, None, "/x", "/x"),
    ("/p", "/c", "/given", "/x", "/p/given/x"),
    ("/p", "/c", None, "", "/p/c"),
    ("/p", "q", None, "", "/p/q"),
]


@pytest.mark.parametrize(("outer", "inner", "given", "rule", "expected"), NESTED)
def test_prefixes_of_nested_blueprints_are_joined(
    app: Flask, outer: str | None, inner: str | None, given: str | None, rule: str, expected: str
) -> None:
    parent = Blueprint("par", "x", url_prefix=outer)
    child = Blueprint("ch", "x", url_prefix=inner)
    child.add_url_rule(rule, "view", lambda: "")
    parent.register_blueprint(child, **({} if given is None else {"url_prefix": given}))
    app.register_blueprint(parent)
    assert rules_of(app) == [(expected, "par.ch.view")]
    assert list(app.blueprints) == ["par", "par.ch"]
    assert list(app.iter_blueprints()) == [parent, child]


@pytest.mark.parametrize(
    ("outer", "inner", "given", "expected"),
    [
        ("par", "ch", None, "ch.par"),
        ("par", None, None, "par"),
        (None, "ch", None, "ch"),
        ("par", "ch", "given", "given.par"),
        (None, None, None, ""),
    ],
)
def test_subdomains_of_nested_blueprints_are_joined(
    outer: str | None, inner: str | None, given: str | None, expected: str
) -> None:
    app = Flask("app", subdomain_matching=True, static_folder=None)
    app.config["SERVER_NAME"] = "x.test"
    parent = Blueprint("par", "x", subdomain=outer)
    child = Blueprint("ch", "x", subdomain=inner)
    child.add_url_rule("/", "view", lambda: "found")
    parent.register_blueprint(child, **({} if given is None else {"subdomain": given}))
    app.register_blueprint(parent)
    (rule,) = app.url_map.iter_rules()
    assert rule.subdomain == expected
    host = f"{expected}.x.test".lstrip(".")
    assert app.test_client().get("/", base_url=f"http://{host}/").text == "found"


def test_a_subdomain_may_be_given_at_registration() -> None:
    app = Flask("app", subdomain_matching=True, static_folder=None)
    app.config["SERVER_NAME"] = "x.test"
    blueprint = Blueprint("b", "x", subdomain="own")
    blueprint.add_url_rule("/", "view", lambda: "found")
    app.register_blueprint(blueprint, subdomain="given")
    assert next(app.url_map.iter_rules()).subdomain == "given"


def test_url_defaults_of_blueprint_registration_and_rule(app: Flask) -> None:
    blueprint = Blueprint("b", "x", url_defaults={"a": 1, "b": 1, "c": 1})
    blueprint.add_url_rule("/", "view", lambda **values: values, defaults={"c": 3})
    app.register_blueprint(blueprint, url_defaults={"b": 2})
    assert app.test_client().get("/").json == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize("name", ["", "a.b"])
def test_a_name_must_be_there_and_have_no_dot(name: str) -> None:
    with pytest.raises(ValueError, match="'name' may not"):
        Blueprint(name, "x")


def test_endpoints_and_view_names_have_no_dot() -> None:
    blueprint = Blueprint("b", "x")

    def view() -> str:
        return ""

    with pytest.raises(ValueError, match="'endpoint' may not contain a dot"):
        blueprint.add_url_rule("/", "a.b", view)
    with pytest.raises(ValueError, match="'endpoint' may not contain a dot"):
        blueprint.route("/", endpoint="a.b")(view)
    view.__name__ = "a.b"
    with pytest.raises(ValueError, match="'view_func' name may not contain a dot"):
        blueprint.add_url_rule("/", "a", view)


def test_a_view_without_endpoint_and_without_name_is_an_error(app: Flask) -> None:
    blueprint = Blueprint("b", "x")
    for owner in (app, blueprint):
        with pytest.raises(AssertionError, match="expected view func"):
            owner.add_url_rule("/")


def test_a_name_can_be_taken_once(app: Flask) -> None:
    blueprint, other = Blueprint("b", "x"), Blueprint("b", "x")
    app.register_blueprint(blueprint)
    with pytest.raises(ValueError, match="already registered for this blueprint"):
        app.register_blueprint(blueprint)
    with pytest.raises(ValueError, match="already registered for a different blueprint"):
        app.register_blueprint(other)
    app.register_blueprint(other, name="c")
    with pytest.raises(ValueError, match="'c' is already registered"):
        app.register_blueprint(blueprint, name="c")
    assert list(app.blueprints) == ["b", "c"]


def test_a_blueprint_under_two_names(app: Flask) -> None:
    calls: list[str] = []
    blueprint = Blueprint("b", "x")
    blueprint.before_request(lambda: calls.append(request.endpoint or ""))
    blueprint.before_app_request(lambda: calls.append("app"))
    blueprint.errorhandler(KeyError)(lambda error: "handled")
    blueprint.add_url_rule("/", "index", lambda: url_for(".index"))
    blueprint.add_url_rule("/fail", "fail", lambda: {}["x"])
    app.register_blueprint(blueprint, url_prefix="/1")
    app.register_blueprint(blueprint, url_prefix="/2", name="again")
    client = app.test_client()
    assert (client.get("/1/").text, client.get("/2/").text) == ("/1/", "/2/")
    assert calls == ["app", "b.index", "app", "again.index"]
    assert (client.get("/1/fail").text, client.get("/2/fail").text) == ("handled", "handled")


def test_nested_names_stay_apart(app: Flask) -> None:
    child = Blueprint("ch", "x")
    child.add_url_rule("/", "index", lambda: request.blueprint or "")
    for name in ("one", "two"):
        parent = Blueprint(name, "x", url_prefix=f"/{name}")
        parent.register_blueprint(child)
        app.register_blueprint(parent)
    client = app.test_client()
    assert (client.get("/one/").text, client.get("/two/").text) == ("one.ch", "two.ch")


def test_a_nested_name_may_be_given(app: Flask) -> None:
    parent, child = Blueprint("par", "x"), Blueprint("ch", "x")
    child.add_url_rule("/<x>", "view", lambda x: request.endpoint or "")
    parent.register_blueprint(child, name="other", url_prefix="/a")
    parent.register_blueprint(child, url_prefix="/b")
    app.register_blueprint(parent, name="renamed")
    client = app.test_client()
    assert client.get("/a/1").text == "renamed.other.view"
    assert client.get("/b/1").text == "renamed.ch.view"


def test_a_blueprint_cannot_hold_itself() -> None:
    blueprint = Blueprint("b", "x")
    with pytest.raises(ValueError, match="Cannot register a blueprint on itself"):
        blueprint.register_blueprint(blueprint)


def test_deferred_functions_run_at_each_registration_or_once(app: Flask) -> None:
    states: list[BlueprintSetupState] = []
    once: list[BlueprintSetupState] = []
    blueprint = Blueprint("b", "x", url_prefix="/p")
    blueprint.record(states.append)
    blueprint.record_once(once.append)
    app.register_blueprint(blueprint)
    app.register_blueprint(blueprint, name="again", url_prefix="/q", anything="x")
    assert [state.name for state in states] == ["b", "again"]
    assert [state.first_registration for state in states] == [True, False]
    assert once == states[:1]
    state = states[1]
    assert (state.app, state.blueprint, state.url_prefix) == (app, blueprint, "/q")
    assert state.options["anything"] == "x"
    state.add_url_rule("/late", "late", lambda: "late")
    assert ("/q/late", "again.late") in rules_of(app)


def test_setup_state_and_registering_may_be_overridden(app: Flask) -> None:
    class State(BlueprintSetupState):
        def add_url_rule(self, rule: str, *args: t.Any, **options: t.Any) -> None:
            super().add_url_rule(f"/own{rule}", *args, **options)

    class Own(Blueprint):
        def make_setup_state(self, *args: t.Any, **kwargs: t.Any) -> State:
            return State(self, *args, **kwargs)

        def register(self, app: t.Any, options: dict[str, t.Any]) -> None:
            registered.append(options)
            super().register(app, options)

    registered: list[t.Any] = []
    blueprint = Own("b", "x")
    blueprint.add_url_rule("/x", "x", lambda: "")
    app.register_blueprint(blueprint, url_prefix="/p")
    assert rules_of(app) == [("/p/own/x", "b.x")]
    assert registered == [{"url_prefix": "/p"}]


def test_after_registration_setting_up_is_refused(app: Flask) -> None:
    blueprint = Blueprint("b", "x")
    app.register_blueprint(blueprint)
    for setup in (
        lambda: blueprint.route("/x"),
        lambda: blueprint.add_url_rule("/x", "x"),
        lambda: blueprint.before_request(lambda: None),
        lambda: blueprint.before_app_request(lambda: None),
        lambda: blueprint.after_app_request(lambda r: r),
        lambda: blueprint.teardown_app_request(lambda e: None),
        lambda: blueprint.app_errorhandler(404),
        lambda: blueprint.app_context_processor(dict),
        lambda: blueprint.app_url_defaults(lambda e, v: None),
        lambda: blueprint.app_url_value_preprocessor(lambda e, v: None),
        lambda: blueprint.app_template_filter("x"),
        lambda: blueprint.app_template_test("x"),
        lambda: blueprint.app_template_global("x"),
        lambda: blueprint.record(lambda s: None),
        lambda: blueprint.record_once(lambda s: None),
        lambda: blueprint.register_blueprint(Blueprint("c", "x")),
    ):
        with pytest.raises(AssertionError, match=r"'b'.*already been registered"):
            setup()


def test_all_verbs_and_endpoint_decorators(app: Flask) -> None:
    blueprint = Blueprint("b", "x")
    for verb in ("get", "post", "put", "delete", "patch"):
        getattr(blueprint, verb)("/", endpoint=verb)(lambda verb=verb: verb)
    blueprint.add_url_rule("/later", endpoint="later")

    @blueprint.endpoint("b.later")
    def later() -> str:
        return "later"

    app.register_blueprint(blueprint)
    client = app.test_client()
    for verb in ("get", "post", "put", "delete", "patch"):
        assert client.open("/", method=verb.upper()).text == verb
    assert client.get("/later").text == "later"
    with pytest.raises(TypeError, match="Use the 'route' decorator"):
        Blueprint("c", "x").get("/", methods=["GET"])


def test_error_handlers_for_all_requests(app: Flask) -> None:
    blueprint = Blueprint("b", "x")
    blueprint.app_errorhandler(404)(lambda error: ("from the blueprint", 404))
    blueprint.register_error_handler(KeyError, lambda error: "own")
    app.register_blueprint(blueprint)
    assert app.test_client().get("/missing").text == "from the blueprint"


def test_static_files_of_a_blueprint(tmp_path: Path, app: Flask) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "x.txt").write_text("file")
    (tmp_path / "data.txt").write_text("resource")
    blueprint = Blueprint("b", "x", static_folder="files", url_prefix="/b", root_path=str(tmp_path))
    named = Blueprint(
        "n", "x", static_folder="files", static_url_path="/own/", root_path=str(tmp_path)
    )
    app.register_blueprint(blueprint)
    app.register_blueprint(named)
    client = app.test_client()
    for path in ("/b/files/x.txt", "/own/x.txt"):
        with client.get(path) as response:
            assert response.text == "file"
    with app.test_request_context():
        assert url_for("b.static", filename="x.txt") == "/b/files/x.txt"
    assert (blueprint.static_url_path, blueprint.has_static_folder) == ("/files", True)
    assert blueprint.static_folder == str(tmp_path / "files")
    with blueprint.open_resource("data.txt") as file:
        assert file.read() == b"resource"
    with blueprint.open_resource("data.txt", "r") as file:
        assert (file.read(), file.encoding) == ("resource", "utf-8")
    with pytest.raises(ValueError, match="reading"):
        blueprint.open_resource("data.txt", "w")


def test_a_prefix_only_blueprint_shadows_nothing_of_the_application(
    tmp_path: Path,
) -> None:
    for name in ("app", "bp"):
        (tmp_path / name / "static").mkdir(parents=True)
        (tmp_path / name / "static" / "x.txt").write_text(name)
    app = Flask("app", root_path=str(tmp_path / "app"))
    app.register_blueprint(
        Blueprint("b", "x", static_folder="static", root_path=str(tmp_path / "bp"))
    )
    with app.test_client().get("/static/x.txt") as response:
        assert response.text == "app"


# The group of commands, and where the command is then.
@pytest.mark.parametrize(
    ("own", "given", "args"),
    [
        ({}, {}, ["b", "hi"]),
        ({"cli_group": "named"}, {}, ["named", "hi"]),
        ({"cli_group": None}, {}, ["hi"]),
        ({}, {"cli_group": "given"}, ["given", "hi"]),
        ({"cli_group": "named"}, {"cli_group": None}, ["hi"]),
    ],
    ids=str,
)
def test_commands(app: Flask, own: t.Any, given: t.Any, args: list[str]) -> None:
    blueprint = Blueprint("b", "x", **own)

    @blueprint.cli.command("hi")
    def hi() -> None:
        click.echo("hi")

    app.register_blueprint(blueprint, **given)
    result = app.test_cli_runner().invoke(args=args)
    assert result.output == "hi\n"


def test_it_shows_its_name() -> None:
    assert repr(Blueprint("b", "x")) == "<Blueprint 'b'>"
