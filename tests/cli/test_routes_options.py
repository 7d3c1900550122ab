"""``flask routes`` with ``--all``, ``--filter`` and ``--json``: views, places, shadowed rules."""

from __future__ import annotations

import functools
import json
import typing as t
from pathlib import Path

import pytest
from werkzeug.routing import Rule

from flask import Blueprint, Flask
from flask.cli import FlaskGroup
from flask.cli._shadowed import _read, find_winners
from flask.views import MethodView

HERE = Path(__file__).resolve()


def logged(view: t.Callable[..., object]) -> t.Callable[..., object]:
    @functools.wraps(view)
    def wrapper(**values: object) -> object:
        return view(**values)

    return wrapper


def show() -> str:
    return ""


class Items(MethodView):
    def get(self) -> str:
        return ""


class Called:
    def __call__(self) -> str:
        return ""


def line_of(text: str) -> int:
    """Return the number of the first line of this file that begins with a text."""
    return next(
        number
        for number, line in enumerate(HERE.read_text("utf-8").splitlines(), 1)
        if line.startswith(text)
    )


@pytest.fixture
def app() -> Flask:
    app = Flask("shop")
    app.add_url_rule("/show", "show", show)
    app.add_url_rule("/logged", "logged", logged(show))
    app.add_url_rule("/items", "items", Items.as_view("items"), methods=["GET", "POST"])
    app.add_url_rule("/called", "called", Called())
    app.add_url_rule("/part", "part", functools.partial(show))
    app.websocket("/chat")(show)
    app.add_url_rule("/none", "none")
    return app


@pytest.fixture
def run(runner) -> t.Callable[..., t.Any]:
    def call(app: Flask, *args: str) -> t.Any:
        result = runner.invoke(FlaskGroup(create_app=lambda: app), ["routes", *args])
        assert result.exit_code == 0, result.output
        return result

    return call


def routes(result: t.Any) -> dict[str, dict[str, t.Any]]:
    """Return the routes of a result with ``--json`` by endpoint."""
    return {route["endpoint"]: route for route in json.loads(result.stdout)["routes"]}


def test_json_has_every_field_of_a_route(run, app: Flask) -> None:
    assert routes(run(app, "--json"))["items"] == {
        "endpoint": "items",
        "rule": "/items",
        "domain": None,
        "methods": ["GET", "HEAD", "OPTIONS", "POST"],
        "websocket": False,
        "view": f"{__name__}.Items",
        "file": str(HERE),
        "line": line_of("class Items"),
        "shadowed_by": None,
    }


@pytest.mark.parametrize(
    ("endpoint", "view", "line"),
    [
        ("show", "show", "def show"),
        ("logged", "show", "def show"),
        ("items", "Items", "class Items"),
        ("called", "Called", "    def __call__"),
        ("part", "partial", "def show"),
    ],
)
def test_a_view_has_a_name_and_a_place(
    run, app: Flask, endpoint: str, view: str, line: str
) -> None:
    route = routes(run(app, "--json"))[endpoint]
    assert route["view"].rpartition(".")[2] == view
    assert (route["file"], route["line"]) == (str(HERE), line_of(line))


@pytest.mark.parametrize("endpoint", ["static", "none"])
def test_a_view_that_flask_adds_or_that_is_missing_has_no_place(
    run, app: Flask, endpoint: str
) -> None:
    route = routes(run(app, "--json"))[endpoint]
    assert (route["file"], route["line"]) == (None, None)


def test_a_websocket_is_marked_in_the_table_and_in_json(run, app: Flask) -> None:
    found = routes(run(app, "--json"))
    assert [name for name, route in found.items() if route["websocket"]] == ["show"]
    assert "WebSocket" in run(app).stdout


def test_all_shows_methods_and_places(run, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE.parent)
    lines = run(app, "--all").stdout.splitlines()
    assert lines[0].split() == ["Endpoint", "Methods", "Rule", "View"]
    items = next(line for line in lines if line.startswith("items"))
    assert "GET, HEAD, OPTIONS, POST" in items
    assert items.rstrip().endswith(f"{HERE.name}:{line_of('class Items')}")
    assert next(line for line in lines if line.startswith("static")).rstrip().endswith("built in")


def test_a_place_outside_of_the_current_folder_is_an_absolute_path(
    run, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"{HERE}:{line_of('def show')}" in run(app, "--all").stdout


@pytest.mark.parametrize(
    ("text", "endpoints"),
    [
        ("items", {"items"}),
        ("ITEMS", {"items"}),
        ("post", {"items"}),
        ("websocket", {"show"}),
        ("/ca*", {"called"}),
        ("/?a*", {"called", "part"}),
        ("<path", {"static"}),
        ("[x]", set()),
        (HERE.name, {"called", "items", "logged", "part", "show"}),
    ],
)
def test_a_filter_chooses_routes(run, app: Flask, text: str, endpoints: set[str]) -> None:
    assert set(routes(run(app, "--json", "--filter", text))) == endpoints


def test_a_filter_that_no_route_has_says_so(run, app: Flask) -> None:
    assert run(app, "--filter", "zzz").output == "No route has 'zzz'.\n"


def test_without_routes_json_is_an_empty_list(run) -> None:
    assert routes(run(Flask("shop", static_folder=None), "--json")) == {}


def test_the_variables_of_the_options_have_their_names(
    run, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"JSON": "1", "FILTER": "items", "ALL": "1"}.items():
        monkeypatch.setenv(f"FLASK_ROUTES_{name}", value)
    tool = FlaskGroup(create_app=lambda: app)
    context = tool.make_context("flask", ["routes"])
    command = tool.get_command(context, "routes")
    assert command is not None
    with context:
        values = command.make_context("routes", [], parent=context).params
    assert values["json"] and values["all"] and values["filter"] == "items"


SHADOWED: dict[str, tuple[list[dict[str, t.Any]], str | None]] = {
    "the same path": ([{"rule": "/a"}, {"rule": "/a"}], "first"),
    "the same path, other names": ([{"rule": "/<x>"}, {"rule": "/<y>"}], "first"),
    "the same converter": ([{"rule": "/<int:x>/a"}, {"rule": "/<int:y>/a"}], "first"),
    "any text before a UUID": ([{"rule": "/<x>"}, {"rule": "/<uuid:x>"}], "first"),
    "any text before a choice": ([{"rule": "/<x>"}, {"rule": "/<any(a,b):x>"}], "first"),
    "a part that is no whole segment": ([{"rule": "/a-<x>"}, {"rule": "/a-<y>"}], "first"),
    "all methods": ([{"rule": "/a", "methods": ["GET", "POST"]}, {"rule": "/a"}], "first"),
    "a UUID before any text": ([{"rule": "/<uuid:x>"}, {"rule": "/<x>"}], None),
    "a number is tried before text": ([{"rule": "/<x>"}, {"rule": "/<int:x>"}], None),
    "a fixed text is tried first": ([{"rule": "/<x>"}, {"rule": "/a"}], None),
    "a path is tried last": ([{"rule": "/<path:x>"}, {"rule": "/<x>"}], None),
    "a slash at the end": ([{"rule": "/a/"}, {"rule": "/a"}], None),
    "other methods": ([{"rule": "/a", "methods": ["POST"]}, {"rule": "/a"}], None),
    "more methods": ([{"rule": "/a"}, {"rule": "/a", "methods": ["GET", "POST"]}], None),
    "another subdomain": ([{"rule": "/a", "subdomain": "x"}, {"rule": "/a"}], None),
    "a rule that only builds": ([{"rule": "/a", "build_only": True}, {"rule": "/a"}], None),
    "a WebSocket": ([{"rule": "/a", "websocket": True}, {"rule": "/a"}], None),
    "another length": ([{"rule": "/<x>"}, {"rule": "/<uuid:x>/a"}], None),
    "a part that is no whole segment, other": ([{"rule": "/a-<x>"}, {"rule": "/b-<y>"}], None),
}
EXAMPLES = {
    "int": "7",
    "uuid": "12345678-1234-5678-1234-567812345678",
    "any(a,b)": "b",
    "path": "p/q",
    "": "text",
}


def example_of(rule: str) -> str:
    """Return a path that a rule matches."""
    for name, text in EXAMPLES.items():
        for argument in ("x", "y"):
            rule = rule.replace(f"<{name}:{argument}>" if name else f"<{argument}>", text)
    return rule


@pytest.mark.parametrize(("rules", "winner"), SHADOWED.values(), ids=SHADOWED)
def test_a_rule_that_never_matches_names_the_one_that_wins(
    run, rules: list[dict[str, t.Any]], winner: str | None
) -> None:
    app = Flask("shop", static_folder=None, subdomain_matching=True)
    for endpoint, options in zip(("first", "second"), rules, strict=True):
        options = {"methods": ["GET"], **options}
        app.url_map.add(Rule(options.pop("rule"), endpoint=endpoint, **options))
    found = routes(run(app, "--json"))
    assert found["first"]["shadowed_by"] is None
    assert found["second"]["shadowed_by"] == winner
    # Werkzeug's map agrees: it shows the second rule to a request, or never does.
    adapter = app.url_map.bind("example", subdomain=rules[1].get("subdomain", ""))
    paths = [example_of(rules[1]["rule"])]
    methods = rules[1].get("methods", ["GET"])
    ends = {adapter.match(path, method)[0] for path in paths for method in methods}
    assert ("second" in ends) is (winner is None)


def test_several_earlier_rules_win_together(run) -> None:
    app = Flask("shop", static_folder=None)
    app.add_url_rule("/a", "get", show, methods=["GET"])
    app.add_url_rule("/a", "post", lambda: "", methods=["POST"])
    app.add_url_rule("/a", "both", lambda: "", methods=["GET", "POST"])
    assert routes(run(app, "--json"))["both"]["shadowed_by"] == "get"


def test_a_second_rule_for_the_same_view_is_not_reported(run) -> None:
    app = Flask("shop", static_folder=None)
    for _ in range(2):
        app.add_url_rule("/a", "a", show)
    result = run(app)
    assert "never" not in result.output


def test_static_files_of_a_blueprint_without_prefix_are_reported(run) -> None:
    app = Flask("shop", static_folder="static")
    app.register_blueprint(Blueprint("admin", __name__, static_folder="static"))
    result = run(app)
    assert result.stdout.splitlines()[0].split() == ["Endpoint", "Methods", "Rule"]
    assert "'admin.static' /static/<path:filename> never matches: 'static'" in result.output
    assert "'static' /static/<path:filename> wins" in run(app, "--all").stdout


def test_a_large_map_is_compared_in_groups() -> None:
    """Only rules with the same fixed texts are compared, so the work grows with the map."""
    app = Flask("shop", static_folder=None)
    for number in range(500):
        app.add_url_rule(f"/{number}/<name>", f"a{number}", lambda name: "")
        app.add_url_rule(f"/{number}/<uuid:name>", f"b{number}", lambda name: "")
    groups = [_read(rule, False).group() for rule in app.url_map.iter_rules()]
    assert len(set(groups)) == 500
    winners = find_winners(app.url_map)
    assert [winner and winner.endpoint for winner in winners[:4]] == [None, "a0", None, "a1"]


def test_an_earlier_rule_with_the_same_beginning_decides_the_order(run) -> None:
    """The map tries alternatives in the order in which any rule has introduced them."""
    app = Flask("shop", static_folder=None)
    app.add_url_rule("/<uuid:x>/edit", "edit", lambda x: "")
    app.add_url_rule("/<x>", "any", lambda x: "")
    app.add_url_rule("/<uuid:x>", "special", lambda x: "")
    assert app.url_map.bind("example").match(f"/{EXAMPLES['uuid']}")[0] == "special"
    assert routes(run(app, "--json"))["special"]["shadowed_by"] is None
