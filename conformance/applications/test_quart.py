"""What a Quart application does, whose base classes are Flask's."""

from __future__ import annotations

import asyncio
import datetime
import decimal
import uuid
from dataclasses import dataclass

import pytest
import quart
import quart.json.provider
import quart.views
from asking import ask, body
from markupsafe import Markup
from quart import Blueprint, Quart, g, jsonify, request, url_for, websocket


@pytest.fixture
def app():
    app = Quart(__name__)
    app.secret_key = "for tests"
    return app


# JSON


@dataclass
class Point:
    x: int
    y: int


VALUES = {
    "dict": {"a": 1, "b": [1, 2]},
    "list": [1, "two", None],
    "date": datetime.date(2024, 1, 2),
    "datetime": datetime.datetime(2024, 1, 2, 3, 4, 5),
    "decimal": decimal.Decimal("1.50"),
    "uuid": uuid.UUID(int=1),
    "dataclass": Point(1, 2),
    "markup": Markup("<b>"),
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("debug", [False, True])
def test_jsonify(app, name, debug):
    app.debug = debug

    @app.route("/")
    async def index():
        return jsonify(VALUES[name])

    status, headers, text = ask(app)
    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert app.json.loads(text) is not None
    assert text.endswith("\n")


def test_a_dict_and_a_list_are_json(app):
    app.add_url_rule("/d", view_func=lambda: {"b": 1, "a": 2}, endpoint="d")
    app.add_url_rule("/l", view_func=lambda: [1, 2], endpoint="l")
    app.add_url_rule("/k", view_func=lambda: ({"a": 1}, 201, {"X-A": "b"}), endpoint="k")
    assert body(app, "/d") == '{"a":2,"b":1}\n'
    assert body(app, "/l") == "[1,2]\n"
    status, headers, _ = ask(app, "/k")
    assert (status, headers["X-A"]) == (201, "b")


def test_a_provider_of_ones_own(app):
    class Provider(quart.json.provider.DefaultJSONProvider):
        sort_keys = False
        mimetype = "application/problem+json"

        @staticmethod
        def default(value):
            return f"<{type(value).__name__}>"

    app.json = Provider(app)
    app.add_url_rule("/", view_func=lambda: {"b": object(), "a": 1}, endpoint="i")
    _, headers, text = ask(app)
    assert text == '{"b":"<object>","a":1}\n'
    assert headers["Content-Type"] == "application/problem+json"


def test_a_provider_class_of_ones_own():
    class Provider(quart.json.provider.DefaultJSONProvider):
        compact = False

    class Application(Quart):
        json_provider_class = Provider

    app = Application(__name__)
    app.add_url_rule("/", view_func=lambda: {"a": 1}, endpoint="i")
    assert body(app) == '{\n  "a": 1\n}\n'


def test_json_outside_a_request(app):
    assert quart.json.dumps({"a": 1}) == '{"a": 1}'
    assert quart.json.loads("[1]") == [1]

    async def go():
        async with app.app_context():
            return quart.json.dumps(VALUES["uuid"])

    assert asyncio.run(go()) == f'"{uuid.UUID(int=1)}"'


def test_reading_json(app):
    @app.route("/", methods=["POST"])
    async def index():
        return {"got": await request.get_json()}

    assert body(app, method="POST", json={"a": [1]}) == '{"got":{"a":[1]}}\n'
    assert ask(app, method="POST", data="{", headers={"Content-Type": "application/json"})[0] == 400


# hooks, errors


def test_hooks_in_order(app):
    log = []
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    for name, place in (("app", app), ("outer", outer), ("inner", inner)):

        def before(name=name):
            log.append(f"before {name}")

        async def after(response, name=name):
            log.append(f"after {name}")
            return response

        async def teardown(error, name=name):
            log.append(f"teardown {name}")

        place.before_request(before)
        place.after_request(after)
        place.teardown_request(teardown)

    @inner.route("/")
    async def index():
        log.append("view")
        return "ok"

    outer.register_blueprint(inner, url_prefix="/inner")
    app.register_blueprint(outer, url_prefix="/outer")

    @app.teardown_appcontext
    async def end(error):
        log.append("end")

    assert body(app, "/outer/inner/") == "ok"
    assert log == [
        "before app",
        "before outer",
        "before inner",
        "view",
        "after inner",
        "after outer",
        "after app",
        "teardown inner",
        "teardown outer",
        "teardown app",
        "end",
    ]


@pytest.mark.parametrize("nested", [False, True])
def test_websocket_hooks_run_once_each(app, nested):
    log, torn = [], []
    shop = Blueprint("shop", __name__)
    for name, place in (("app", app), ("shop", shop)):

        async def before(name=name):
            log.append(f"before {name}")

        async def after(response, name=name):
            log.append(f"after {name}")
            return response

        async def teardown(error, name=name):
            torn.append(name)

        place.before_websocket(before)
        place.after_websocket(after)
        place.teardown_websocket(teardown)

    async def app_wide():
        log.append("app-wide")

    shop.before_app_websocket(app_wide)

    @shop.websocket("/ws")
    async def ws():
        log.append("view")
        await websocket.send(await websocket.receive())

    if nested:
        around = Blueprint("around", __name__)
        around.register_blueprint(shop)
        app.register_blueprint(around)
    else:
        app.register_blueprint(shop)

    async def go():
        async with app.test_client().websocket("/ws") as connection:
            await connection.send("hello")
            return await connection.receive()

    assert asyncio.run(go()) == "hello"
    assert len(torn) == len(set(torn))
    assert log == [
        "before app",
        "app-wide",
        "before shop",
        "view",
        "after shop",
        "after app",
    ]


def test_websocket_rules(app):
    app.add_websocket("/a/<int:number>", "number", view_func=None)

    @app.endpoint("number")
    async def number(number):
        await websocket.accept()
        await websocket.send_json({"number": number})

    @app.websocket("/b")
    async def other():
        quart.abort(403)

    app.add_url_rule("/a/1", view_func=lambda: "http", endpoint="http")

    async def go():
        client = app.test_client()
        async with client.websocket("/a/3") as connection:
            first = await connection.receive_json()
        try:
            async with client.websocket("/b") as connection:
                await connection.receive()
        except quart.testing.WebsocketResponseError as error:
            return first, error.response.status_code

    assert asyncio.run(go()) == ({"number": 3}, 403)
    assert body(app, "/a/1") == "http"
    assert ask(app, "/a/3")[0] in (400, 404, 405)


def test_error_handlers(app):
    shop = Blueprint("shop", __name__)

    @app.errorhandler(404)
    async def missing(error):
        return "nothing here", 404

    @app.errorhandler(ZeroDivisionError)
    def zero(error):
        return "divided", 400

    @shop.errorhandler(ZeroDivisionError)
    async def shop_zero(error):
        return "shop divided", 400

    @shop.app_errorhandler(418)
    def tea(error):
        return "tea", 418

    app.add_url_rule("/0", view_func=lambda: 1 / 0, endpoint="zero")
    app.add_url_rule("/tea", view_func=lambda: quart.abort(418), endpoint="tea")
    shop.add_url_rule("/0", view_func=lambda: 1 / 0, endpoint="zero")
    app.register_blueprint(shop, url_prefix="/shop")
    assert ask(app, "/none")[::2] == (404, "nothing here")
    assert ask(app, "/0")[::2] == (400, "divided")
    assert ask(app, "/shop/0")[::2] == (400, "shop divided")
    assert ask(app, "/tea")[::2] == (418, "tea")


def test_an_unhandled_error_is_a_500(app, caplog):
    app.add_url_rule("/", view_func=lambda: 1 / 0, endpoint="zero")
    assert ask(app)[0] == 500
    assert "ZeroDivisionError" in caplog.text


# routes and URLs


def test_methods_and_options(app):
    @app.get("/")
    async def read():
        return "get"

    @app.post("/")
    async def write():
        return "post"

    assert body(app) == "get"
    assert body(app, method="POST") == "post"
    assert ask(app, method="DELETE")[0] == 405
    assert set(ask(app, method="OPTIONS")[1]["Allow"].split(", ")) >= {"GET", "HEAD", "OPTIONS"}


def test_building_urls(app):
    shop = Blueprint("shop", __name__, url_prefix="/shop")

    @shop.route("/<int:item>")
    async def item(item):
        return url_for(".item", item=item + 1, q="a b")

    app.register_blueprint(shop)
    app.register_blueprint(shop, name="second", url_prefix="/second")

    @app.websocket("/ws")
    async def ws(): ...

    @app.route("/outer")
    async def outer():
        return "|".join(
            [url_for("second.item", item=1), url_for("ws", _scheme="wss", _external=True)]
        )

    assert body(app, "/shop/1") == "/shop/2?q=a+b"
    assert body(app, "/outer") == "/second/1|wss://localhost/ws"


def test_url_values_and_defaults(app):
    shop = Blueprint("shop", __name__, url_prefix="/<lang>")

    @shop.url_value_preprocessor
    def take(endpoint, values):
        g.lang = values.pop("lang")

    @shop.url_defaults
    def give(endpoint, values):
        values.setdefault("lang", g.lang)

    @shop.route("/here")
    async def here():
        return url_for("shop.there")

    @shop.route("/there")
    async def there():
        return g.lang

    @app.errorhandler(418)
    def tea(error):
        return "tea"

    app.url_build_error_handlers.append(lambda error, endpoint, values: f"/built/{endpoint}")
    app.add_url_rule("/b", view_func=lambda: url_for("nowhere"), endpoint="b")
    app.register_blueprint(shop)
    assert body(app, "/de/here") == "/de/there"
    assert body(app, "/fr/there") == "fr"
    assert body(app, "/b") == "/built/nowhere"


def test_a_custom_converter(app):
    from werkzeug.routing import BaseConverter

    class Letters(BaseConverter):
        def to_python(self, value):
            return value.split("-")

        def to_url(self, value):
            return "-".join(value)

    app.url_map.converters["letters"] = Letters

    @app.route("/<letters:letters>")
    async def index(letters):
        return url_for("index", letters=[*letters, "z"])

    assert body(app, "/a-b") == "/a-b-z"


def test_strict_slashes_and_redirects(app):
    app.add_url_rule("/a/", view_func=lambda: "a", endpoint="a")
    app.add_url_rule("/r", view_func=lambda: quart.redirect("/a/"), endpoint="r")
    assert ask(app, "/a")[0] == 308
    status, headers, _ = ask(app, "/r")
    assert (status, headers["Location"]) == (302, "/a/")


def test_hosts_and_subdomains():
    app = Quart(__name__, host_matching=True, static_host="static.test")
    app.add_url_rule("/", view_func=lambda: "one", endpoint="one", host="one.test")
    app.add_url_rule("/", view_func=lambda: "two", endpoint="two", host="two.test")
    assert body(app, headers={"Host": "two.test"}) == "two"

    class Application(Quart):
        pass

    other = Application(__name__, subdomain_matching=True)
    other.config["SERVER_NAME"] = "example.test"
    shop = Blueprint("shop", __name__, subdomain="shop")
    shop.add_url_rule("/", view_func=lambda: "shop", endpoint="i")
    other.register_blueprint(shop)
    assert body(other, headers={"Host": "shop.example.test"}) == "shop"


def test_method_views(app):
    class Items(quart.views.MethodView):
        decorators = []
        init_every_request = False

        async def get(self, number):
            return f"get {number}"

        def post(self, number):
            return f"post {number}"

    class Page(quart.views.View):
        methods = ["GET", "PUT"]

        async def dispatch_request(self):
            return request.method

    app.add_url_rule("/items/<int:number>", view_func=Items.as_view("items"))
    app.add_url_rule("/page", view_func=Page.as_view("page"))
    assert body(app, "/items/1") == "get 1"
    assert body(app, "/items/2", method="POST") == "post 2"
    assert body(app, "/page", method="PUT") == "PUT"
