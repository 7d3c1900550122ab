"""Templates: rendering, the names that they know, streaming and signals."""

from __future__ import annotations

import typing as t

import pytest
from jinja2 import TemplateNotFound, TemplatesNotFound, UndefinedError

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    flash,
    g,
    get_template_attribute,
    has_request_context,
    render_template,
    render_template_string,
    request,
    session,
    stream_template,
    stream_template_string,
)
from flask.templating import (
    _default_template_ctx_processor,
)


def test_a_template_is_rendered_with_names(app: Flask) -> None:
    with app.app_context():
        assert render_template("hello.html", name="ann") == "hello ann"
        assert render_template("hello.html") == "hello "
        assert render_template_string("{{ a }}{{ b.c }}", a=1, b={"c": 2}) == "12"


def test_a_list_a_template_object_and_a_missing_one(app: Flask) -> None:
    with app.app_context():
        assert render_template(["no.html", "hello.html"], name="x") == "hello x"
        assert render_template(app.jinja_env.get_template("hello.html"), name="x") == "hello x"
        with pytest.raises(TemplateNotFound, match=r"no\.html"):
            render_template("no.html")
        with pytest.raises(TemplatesNotFound, match=r"also\.html"):
            render_template(["no.html", "also.html"])


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        *((f"escape.{end}", True) for end in ("html", "htm", "xml", "xhtml", "svg")),
        *((f"escape{end}", False) for end in (".HTML", ".html.j2", ".txt", "")),
    ],
)
def test_autoescaping_follows_the_end_of_the_name(app: Flask, name: str, escaped: bool) -> None:
    with app.app_context():
        rendered = render_template(name, value="<b>")
    assert rendered == ("&lt;b&gt;" if escaped else "<b>")


def test_strings_are_escaped_unless_they_say_otherwise(app: Flask) -> None:
    with app.app_context():
        assert render_template_string("{{ v }}{{ v|safe }}", v="<") == "&lt;<"
        text = "{% autoescape false %}{{ v }}{% endautoescape %}"
        assert render_template_string(text, v="<") == "<"


def test_tojson_writes_what_may_stand_in_a_script(app: Flask) -> None:
    with app.app_context():
        rendered = render_template_string("{{ v|tojson }}", v={"b": "<'&>", "a": 1})
    assert rendered == '{"a": 1, "b": "\\u003c\\u0027\\u0026\\u003e"}'


KNOWN = (
    "{{ request.path }}|{{ session.s }}|{{ g.x }}|{{ config.KEY }}|{{ url_for('index') }}"
    "|{{ get_flashed_messages() }}"
)


def test_templates_know_these_names(app: Flask) -> None:
    app.config["KEY"] = "configured"

    @app.route("/")
    def index() -> str:
        session["s"], g.x = "session", "g"
        flash("flashed")
        return render_template_string(KNOWN)

    assert app.test_client().get("/").text == ("/|session|g|configured|/|[&#39;flashed&#39;]")


def test_outside_a_request_there_is_no_request(app: Flask) -> None:
    with app.app_context():
        g.x = 1
        assert render_template_string("{{ g.x }}{{ config.DEBUG }}") == "1False"
        with pytest.raises(UndefinedError):
            render_template_string("{{ nonsense.path }}")


def test_imported_macros_know_only_the_global_names(app: Flask) -> None:
    app.context_processor(lambda: {"processed": "processed"})
    with app.app_context():
        g.x = "g"
        assert render_template("import.html") == "hi ann g "
        assert get_template_attribute("macro.html", "greet")("bob") == "hi bob g "
        assert get_template_attribute("macro.html", "version") == 7
        with pytest.raises(AttributeError):
            get_template_attribute("macro.html", "nothing")


# Who gives "value": the later the entry, the more it counts.
@pytest.mark.parametrize(
    ("givers", "expected"),
    [
        (["global"], "global"),
        (["global", "app"], "app"),
        (["app", "par"], "par"),
        (["app", "par", "ch"], "ch"),
        (["app", "ch", "call"], "call"),
        (["global", "call"], "call"),
    ],
)
def test_the_nearest_giver_of_a_name_wins(app: Flask, givers: list[str], expected: str) -> None:
    parent, child = Blueprint("par", "x"), Blueprint("ch", "x")
    where: dict[str, t.Any] = {"app": app, "par": parent, "ch": child}
    for giver in givers:
        if giver in where:
            where[giver].context_processor(lambda giver=giver: {"value": giver})
    given = {"value": "call"} if "call" in givers else {}
    child.add_url_rule("/", "view", lambda: render_template("context.html", **given))
    parent.register_blueprint(child)
    app.register_blueprint(parent)
    if "global" in givers:
        app.jinja_env.globals["value"] = "global"
    assert app.test_client().get("/").text == expected


def test_processors_win_over_the_built_in_names(app: Flask) -> None:
    app.context_processor(lambda: {"request": "not the request", "g": "not g"})
    app.add_url_rule("/", "view", lambda: render_template_string("{{ request }} {{ g }}"))
    assert app.test_client().get("/").text == "not the request not g"


def test_processors_of_a_blueprint_serve_only_its_requests(app: Flask) -> None:
    blueprint = Blueprint("b", "x")
    blueprint.context_processor(lambda: {"value": "mine"})
    blueprint.app_context_processor(lambda: {"for_all": "all"})
    text = "{{ value }}|{{ for_all }}"
    blueprint.add_url_rule("/b", "view", lambda: render_template_string(text))
    app.add_url_rule("/a", "view", lambda: render_template_string(text))
    app.register_blueprint(blueprint)
    client = app.test_client()
    assert (client.get("/b").text, client.get("/a").text) == ("mine|all", "|all")
    with app.app_context():
        assert render_template_string(text) == "|all"


def test_update_template_context_keeps_what_is_given(app: Flask) -> None:
    app.context_processor(lambda: {"a": "processor", "b": "processor"})
    with app.test_request_context():
        context: dict[str, t.Any] = {"a": "given"}
        app.update_template_context(context)
        assert (context["a"], context["b"]) == ("given", "processor")
        assert {"request", "g"} <= set(context)


def test_filters_tests_and_globals_with_and_without_parentheses(app: Flask) -> None:
    @app.template_filter
    def one(s: str) -> str:
        return f"1{s}"

    @app.template_filter()
    def two(s: str) -> str:
        return f"2{s}"

    @app.template_filter("three")
    def other(s: str) -> str:
        return f"3{s}"

    @app.template_test
    def even(n: int) -> bool:
        return n % 2 == 0

    @app.template_test("odd_one")
    def odd(n: int) -> bool:
        return n % 2 == 1

    @app.template_global
    def double(n: int) -> int:
        return 2 * n

    @app.template_global("half")
    def halve(n: int) -> int:
        return n // 2

    app.add_template_filter(lambda s: f"4{s}", "four")
    app.add_template_test(lambda n: n == 7, "seven")
    app.add_template_global(lambda: "g", "a_global")
    assert (one("x"), even(2), double(2)) == ("1x", True, 4)
    with app.app_context():
        text = "{{ 'x'|one|two|three|four }} {{ 2 is even }} {{ 3 is odd_one }} {{ 7 is seven }}"
        assert render_template_string(text) == "4321x True True True"
        assert render_template_string("{{ double(4) }} {{ half(4) }} {{ a_global() }}") == "8 2 g"


def test_a_blueprint_adds_filters_for_all(app: Flask) -> None:
    blueprint = Blueprint("b", "x")

    @blueprint.app_template_filter
    def one(s: str) -> str:
        return f"1{s}"

    @blueprint.app_template_filter("two")
    def other(s: str) -> str:
        return f"2{s}"

    @blueprint.app_template_test
    def even(n: int) -> bool:
        return n % 2 == 0

    @blueprint.app_template_test("odd_one")
    def odd(n: int) -> bool:
        return n % 2 == 1

    @blueprint.app_template_global
    def double(n: int) -> int:
        return 2 * n

    @blueprint.app_template_global("half")
    def halve(n: int) -> int:
        return n // 2

    blueprint.add_app_template_filter(lambda s: f"4{s}", "four")
    blueprint.add_app_template_test(lambda n: n == 7, "seven")
    blueprint.add_app_template_global(lambda: "g", "a_global")
    app.register_blueprint(blueprint)
    with app.app_context():
        text = "{{ 'x'|one|two|four }} {{ 2 is even }} {{ 3 is odd_one }} {{ 7 is seven }}"
        assert render_template_string(text) == "421x True True True"
        assert render_template_string("{{ double(4) }} {{ half(4) }} {{ a_global() }}") == "8 2 g"


# Streaming -----------------------------------------------------------------------------------


def test_a_template_is_streamed_with_its_request(app: Flask) -> None:
    @app.route("/s")
    def view() -> t.Any:
        return stream_template("loop.html", numbers=range(3))

    @app.route("/string")
    def from_string() -> t.Any:
        return stream_template_string("{{ request.path }}{{ x }}", x=1)

    response = app.test_client().get("/s")
    assert response.text == "0/s 1/s 2/s "
    assert "Content-Length" not in response.headers
    assert app.test_client().get("/string").text == "/string1"
    assert not has_request_context()


def test_a_stream_yields_piece_by_piece(app: Flask) -> None:
    seen: list[int] = []

    def numbers() -> t.Iterator[int]:
        for number in range(3):
            seen.append(number)
            yield number

    with app.app_context():
        stream = stream_template_string(
            "{% for n in numbers %}{{ n }}{% endfor %}", numbers=numbers()
        )
        assert not isinstance(stream, str)
        assert next(stream) == "0"
        assert seen[-1] < 2
        assert "".join(stream) == "12"


# Signals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("streamed", [False, True])
def test_rendering_sends_a_signal_before_and_after(
    app: Flask, received: t.Any, streamed: bool
) -> None:
    seen = received(app, "before_render_template", "template_rendered")

    @app.route("/")
    def view() -> t.Any:
        render = stream_template if streamed else render_template
        return Response(render("hello.html", name="ann"))

    assert app.test_client().get("/").text == "hello ann"
    assert [name for name, _ in seen] == ["before_render_template", "template_rendered"]
    for _, arguments in seen:
        assert arguments["template"].name == "hello.html"
        assert arguments["context"]["name"] == "ann"
        assert "request" in arguments["context"]


def test_the_context_may_be_changed_before_rendering(app: Flask) -> None:
    from flask import before_render_template

    def change(sender: Flask, context: dict[str, t.Any], **kwargs: t.Any) -> None:
        context["name"] = "changed"

    with before_render_template.connected_to(change, app), app.app_context():
        assert render_template("hello.html", name="ann") == "hello changed"


def test_render_may_be_called_by_extensions(app: Flask) -> None:
    from flask.templating import _render

    with app.app_context():
        template = app.jinja_env.get_template("hello.html")
        assert _render(current_app._get_current_object(), template, {"name": "x"}) == "hello x"  # type: ignore[attr-defined]


def test_request_in_a_template_is_the_request(app: Flask) -> None:
    seen: list[t.Any] = []
    app.add_template_global(lambda thing: seen.append(thing) or "", "keep")
    app.add_url_rule(
        "/", "view", lambda: render_template_string("{{ keep(request) }}") + request.path
    )
    assert app.test_client().get("/").text == "/"
    assert seen[0].path == "/"


def test_outside_of_contexts_the_built_in_processor_gives_nothing() -> None:
    assert _default_template_ctx_processor() == {}
