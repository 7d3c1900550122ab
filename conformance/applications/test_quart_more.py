"""What a Quart application does, whose base classes are Flask's: sessions, files, commands."""

from __future__ import annotations

import asyncio
import datetime
import logging
import uuid

import click
import pytest
import quart
import quart.json.provider
import quart.views
from asking import ask, body
from markupsafe import Markup
from quart import Blueprint, Quart, g, jsonify, request, session, url_for


@pytest.fixture
def app():
    app = Quart(__name__)
    app.secret_key = "for tests"
    return app


# sessions, templates, files


def test_sessions_and_flashes(app):
    @app.route("/set")
    async def put():
        session["n"] = 1
        session["when"] = (datetime.datetime(2024, 1, 2), b"bytes", uuid.UUID(int=1), Markup("<"))
        session.permanent = True
        await quart.flash("message", "category")
        return "set"

    @app.route("/get")
    async def get():
        messages = quart.get_flashed_messages(with_categories=True)
        return {
            "n": session.get("n"),
            "kinds": [type(v).__name__ for v in session["when"]],
            "messages": messages,
        }

    async def go():
        client = app.test_client()
        response = await client.get("/set")
        first = response.headers["Set-Cookie"]
        answer = await (await client.get("/get")).get_json()
        async with client.session_transaction() as changed:
            changed["n"] = 5
        return first, answer, await (await client.get("/get")).get_json()

    cookie, first, second = asyncio.run(go())
    assert "Expires=" in cookie and "HttpOnly" in cookie
    assert first == {
        "n": 1,
        "kinds": ["datetime", "bytes", "UUID", "Markup"],
        "messages": [["category", "message"]],
    }
    assert second["n"] == 5


def test_no_secret_key():
    app = Quart(__name__)

    @app.route("/")
    async def index():
        session["a"] = 1
        return "ok"

    @app.route("/read")
    async def read():
        return str(session.get("a"))

    assert body(app, "/read") == "None"
    assert ask(app)[0] == 500


def test_templates(app):
    @app.template_filter()
    def shout(value):
        return value.upper()

    @app.template_filter("twice")
    def doubled(value):
        return value * 2

    @app.template_test()
    def big(value):
        return value > 10

    @app.template_global()
    def answer():
        return 42

    @app.context_processor
    async def values():
        return {"name": "ann"}

    shop = Blueprint("shop", __name__, template_folder="templates")
    shop.app_template_filter("wrapped")(lambda value: f"[{value}]")

    @shop.app_context_processor
    def more():
        return {"more": "m"}

    @shop.context_processor
    def only_here():
        return {"here": "h"}

    text = (
        "{{ name|shout }} {{ name|twice }} {{ answer() }} {{ 11 is big }} {{ more|wrapped }}"
        " {{ here }} {{ request.path }} {{ g.x }} {{ url_for('shop.page') }} {{ '<' }}"
    )

    @shop.route("/page")
    async def page():
        g.x = "gx"
        return await quart.render_template_string(text)

    app.register_blueprint(shop)
    assert body(app, "/page") == "ANN annann 42 True [m] h /page gx /page &lt;"


def test_template_files_and_streams(tmp_path):
    (tmp_path / "page.html").write_text("<p>{{ word }}</p>")
    (tmp_path / "page.txt").write_text("{{ word }}")
    app = Quart(__name__, template_folder=str(tmp_path))

    @app.route("/html")
    async def html():
        return await quart.render_template("page.html", word="<")

    @app.route("/txt")
    async def txt():
        return await quart.render_template(["none.txt", "page.txt"], word="<")

    @app.route("/stream")
    async def stream():
        return await quart.stream_template("page.html", word="s")

    assert body(app, "/html") == "<p>&lt;</p>"
    assert body(app, "/txt") == "<"
    assert body(app, "/stream") == "<p>s</p>"
    assert "page.html" in app.jinja_env.list_templates()


def test_static_files(tmp_path):
    (tmp_path / "a.txt").write_text("0123456789")
    app = Quart(__name__, static_folder=str(tmp_path), static_url_path="/files")
    shop = Blueprint(
        "shop", __name__, static_folder=str(tmp_path), url_prefix="/shop", static_url_path="/s"
    )
    app.register_blueprint(shop)
    app.add_url_rule("/u", view_func=lambda: url_for("static", filename="a.txt"), endpoint="u")
    status, headers, text = ask(app, "/files/a.txt")
    assert (status, text, headers["Content-Length"]) == (200, "0123456789", "10")
    assert ask(app, "/files/a.txt", headers={"If-None-Match": headers["ETag"]})[0] == 304
    assert ask(app, "/files/a.txt", headers={"Range": "bytes=2-4"})[::2] == (206, "234")
    assert body(app, "/shop/s/a.txt") == "0123456789"
    assert ask(app, "/files/../x")[0] == 404
    assert body(app, "/u") == "/files/a.txt"


def test_resources(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    app = Quart(__name__, root_path=str(tmp_path), instance_path=str(tmp_path))
    shop = Blueprint("shop", __name__, root_path=str(tmp_path))

    async def go():
        read = []
        for opened in (
            await app.open_resource("a.txt"),
            await app.open_instance_resource("a.txt"),
            await shop.open_resource("a.txt"),
        ):
            async with opened as file:
                read.append(await file.read())
        return read

    assert asyncio.run(go()) == [b"text"] * 3


# the command line, configuration, the rest


def test_commands(app):
    @app.cli.command()
    @click.argument("name")
    def hello(name):
        click.echo(f"hello {name}")

    shop = Blueprint("shop", __name__)
    loose = Blueprint("loose", __name__, cli_group=None)
    named = Blueprint("named", __name__, cli_group="other")
    for blueprint in (shop, loose, named):
        blueprint.cli.command(f"{blueprint.name}-do")(lambda: click.echo("done"))
        app.register_blueprint(blueprint)
    runner = app.test_cli_runner()
    assert runner.invoke(app.cli, ["hello", "ann"]).output == "hello ann\n"
    assert runner.invoke(app.cli, ["shop", "shop-do"]).output == "done\n"
    assert runner.invoke(app.cli, ["loose-do"]).output == "done\n"
    assert runner.invoke(app.cli, ["other", "named-do"]).output == "done\n"
    assert sorted(app.cli.commands) == ["hello", "loose-do", "other", "shop"]
    assert type(shop.cli).__module__.split(".")[0] == "quart"


def test_the_commands_for_routes_and_the_shell(app):
    app.add_url_rule("/a/<int:n>", view_func=lambda n: "", endpoint="a")
    app.websocket("/ws")(lambda: None)
    app.shell_context_processor(lambda: {"x": 1})
    assert app.make_shell_context()["x"] == 1
    from click.testing import CliRunner
    from quart.cli import ScriptInfo, cli

    result = CliRunner().invoke(cli, ["routes"], obj=ScriptInfo(create_app=lambda: app))
    assert "/a/<int:n>" in result.output and "/ws" in result.output, result.output


def test_configuration(monkeypatch, tmp_path):
    monkeypatch.setenv("QUART_NAME", "text")
    monkeypatch.setenv("QUART_LIST", "[1]")
    monkeypatch.setenv("QUART_DEEP__KEY", "1")
    app = Quart(__name__)
    app.config.from_prefixed_env()
    assert (app.config["NAME"], app.config["LIST"], app.config["DEEP"]) == ("text", [1], {"KEY": 1})
    (tmp_path / "c.py").write_text("A = 1\nb = 2\n")
    app.config.from_pyfile(str(tmp_path / "c.py"))
    app.config.from_object(type("C", (), {"B": 2}))
    app.config.from_mapping(C_ONE=1, C_TWO=2)
    assert app.config["A"] == 1 and "b" not in app.config and app.config["B"] == 2
    assert app.config.get_namespace("C_") == {"one": 1, "two": 2}
    assert app.testing is False
    app.testing = True
    assert app.config["TESTING"]
    assert app.permanent_session_lifetime == datetime.timedelta(days=31)


def test_facts(app):
    assert app.name == __name__ and app.import_name == __name__
    assert app.logger.name == app.name and isinstance(app.logger, logging.Logger)
    assert repr(app).startswith("<Quart") and repr(Blueprint("b", __name__)) == "<Blueprint 'b'>"
    assert app.has_static_folder in (True, False)
    assert app.instance_path
    assert app.extensions == {} and app.blueprints == {}
    app.debug = True
    assert app.jinja_env.auto_reload


def test_streams_and_tasks(app):
    done = []

    @app.route("/stream")
    async def stream():
        @quart.stream_with_context
        async def parts():
            yield request.path
            yield "-end"

        return parts()

    @app.route("/task")
    async def task():
        app.add_background_task(lambda: done.append("task"))
        return "ok"

    @app.before_serving
    async def first():
        done.append("first")

    @app.after_serving
    async def last():
        done.append("last")

    @app.while_serving
    async def around():
        done.append("in")
        yield
        done.append("out")

    async def go():
        async with app.test_app() as running:
            client = running.test_client()
            text = await (await client.get("/stream")).get_data(as_text=True)
            await client.get("/task")
            return text

    assert asyncio.run(go()) == "/stream-end"
    assert sorted(done) == ["first", "in", "last", "out", "task"]


def test_forms_and_files(app):
    @app.route("/", methods=["POST"])
    async def index():
        form, files = await request.form, await request.files
        return {"a": form.getlist("a"), "f": files["f"].read().decode() if files else None}

    import io

    from quart.datastructures import FileStorage

    assert body(app, method="POST", form={"a": "1"}) == '{"a":["1"],"f":null}\n'
    sent = {"form": {"a": "1"}, "files": {"f": FileStorage(io.BytesIO(b"data"), "f.txt")}}
    assert body(app, method="POST", **sent) == '{"a":["1"],"f":"data"}\n'


def test_the_test_contexts(app):
    async def go():
        async with app.test_request_context("/x?a=1"):
            assert request.args["a"] == "1"
            g.value = 1
        async with app.app_context():
            assert "value" not in g
            g.setdefault("x", 3)
            return g.pop("x"), g.get("y", 5), quart.current_app.name

    assert asyncio.run(go()) == (3, 5, app.name)


def test_signals(app):
    seen = []

    async def note(sender, **more):
        seen.append(sender)

    quart.request_started.connect(note, app)
    app.add_url_rule("/", view_func=lambda: "ok", endpoint="i")
    try:
        body(app)
    finally:
        quart.request_started.disconnect(note, app)
    assert seen == [app]


def test_tags_of_ones_own():
    from quart.json.tag import JSONTag, TaggedJSONSerializer

    class TagComplex(JSONTag):
        key = " c"

        def check(self, value):
            return isinstance(value, complex)

        def to_json(self, value):
            return [value.real, value.imag]

        def to_python(self, value):
            return complex(*value)

    serializer = TaggedJSONSerializer()
    serializer.register(TagComplex)
    assert serializer.loads(serializer.dumps({"p": complex(1, 2)})) == {"p": complex(1, 2)}


def test_quart_and_flask_in_one_process(app):
    import flask

    other = flask.Flask("other")
    other.add_url_rule("/", view_func=lambda: flask.jsonify(a=1), endpoint="i")
    app.add_url_rule("/", view_func=lambda: jsonify(a=1), endpoint="i")
    assert other.test_client().get("/").json == {"a": 1}
    assert body(app) == '{"a":1}\n'
    assert not isinstance(app, flask.Flask)
