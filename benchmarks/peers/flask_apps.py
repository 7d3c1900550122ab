"""The workloads on Flask: the very same file for this package and for the official release.

So it uses public names only, and nothing that one of the two lacks.
"""

from __future__ import annotations

from typing import Any

from benchmarks.peers.data import LINKS, REFUSAL, ROWS, SECRET, THING, chunks
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.views import MethodView


def applications() -> dict[str, Any]:
    """Return the application of each workload.

    Most share one, as in a real app; hooks have one of their own, as with the other peers.
    """
    main, routes, hooked = main_app(), routes_app(), hooked_app()
    names = (
        "hello json param post_json form upload template session echo redirect static "
        "static304 notfound url_for10 abort_handler stream100 method_view async_view"
    )
    return {**dict.fromkeys(names.split(), main), "routes1000": routes, "hooked": hooked}


def routes_app() -> Flask:
    """Return an app with 1,000 dynamic routes."""
    app = Flask(__name__)
    add_routes(app)
    return app


def add_routes(app: Flask) -> None:
    """Add 1,000 dynamic routes."""

    def pair(first: str, second: str) -> str:
        return f"{first}-{second}"

    for number in range(1000):
        app.add_url_rule(f"/r{number}/<first>/<second>", f"pair{number}", pair)


def main_app() -> Flask:
    """Return the app with every other workload."""
    app = Flask(__name__)
    add_main_views(app)
    return app


def add_main_views(app: Flask) -> None:
    """Add the views of all workloads but two, which have applications of their own."""
    app.secret_key = SECRET
    _add_texts_and_json(app)
    _add_bodies(app)
    _add_state(app)
    _add_the_rest(app)


def hooked_app() -> Flask:
    """Return an app whose one blueprint has hooks."""
    app = Flask(__name__)
    app.register_blueprint(hooked_blueprint())
    return app


def _add_texts_and_json(app: Flask) -> None:
    @app.route("/")
    def hello() -> str:
        return "Hello, World!"

    @app.route("/json")
    def thing() -> Response:
        return jsonify(THING)

    @app.route("/users/<int:user_id>")
    def user(user_id: int) -> Response:
        return jsonify(id=user_id, name="Ada")

    @app.route("/table")
    def table() -> str:
        return render_template("table.html", title="Prices", rows=ROWS)

    @app.route("/async")
    async def asynchronous() -> str:
        return "Hello, World!"


def _add_bodies(app: Flask) -> None:
    @app.route("/orders", methods=["POST"])
    def order() -> Response:
        data = request.json
        return jsonify(
            name=data["name"], count=data["count"], category=request.args.get("category")
        )

    @app.route("/form", methods=["POST"])
    def form() -> str:
        form = request.form
        return "|".join((form["name"], form["city"], form["email"], form["age"], form["note"]))

    @app.route("/upload", methods=["POST"])
    def upload() -> str:
        file = request.files["file"]
        content = file.read()
        return f"{request.form['title']} {file.filename} {len(content)} {content[-4:].hex()}"


def _add_state(app: Flask) -> None:
    @app.route("/visits")
    def visits() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return str(session["visits"])

    @app.route("/echo")
    def echo() -> Response:
        visitor = request.cookies.get("visitor", "")
        response = make_response(f"{visitor} {request.headers['X-Request-Id']}")
        response.headers["X-Request-Id"] = request.headers["X-Request-Id"]
        response.headers["X-Version"] = "1"
        response.set_cookie("visitor", visitor, max_age=3600, httponly=True, samesite="Lax")
        return response


class Class(MethodView):
    """A view with a method for each HTTP method."""

    def get(self, item_id: int) -> str:
        """Answer a GET."""
        return f"item {item_id}"


def _add_the_rest(app: Flask) -> None:
    app.add_url_rule("/class/<int:item_id>", view_func=Class.as_view("class"))

    @app.route("/old")
    def old() -> Any:
        return redirect("/new")

    @app.route("/links/<kind>/<int:number>")
    def link(kind: str, number: int) -> str:
        return f"{kind} {number}"

    @app.route("/links")
    def links() -> str:
        return "\n".join([url_for("link", kind=kind, number=number) for kind, number in LINKS])

    @app.route("/refuse")
    def refuse() -> str:
        abort(400, REFUSAL)

    @app.errorhandler(400)
    def refused(error: Any) -> tuple[Response, int]:
        return jsonify(error=error.description), 400

    @app.route("/stream")
    def stream() -> Response:
        return Response(chunks(), mimetype="text/plain")


def hooked_blueprint() -> Blueprint:
    """Return a blueprint with three hooks before, three after and a teardown."""
    hooked = Blueprint("hooked", __name__, url_prefix="/hooked")

    def before() -> None:
        return None

    def after(response: Response) -> Response:
        return response

    def teardown(error: BaseException | None) -> None:
        return None

    for _ in range(3):
        hooked.before_request(before)
        hooked.after_request(after)
    hooked.teardown_request(teardown)

    @hooked.route("/")
    def index() -> str:
        return "Hello, World!"

    return hooked
