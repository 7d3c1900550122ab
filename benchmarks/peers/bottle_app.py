"""The workloads on Bottle, each in the way that its documentation shows.

Bottle's signed cookie is compared with Flask's session. It has no classes as views and no async.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bottle
import jinja2
from bottle import request, response

from benchmarks.peers.data import LINKS, REFUSAL, ROWS, SECRET, STATIC, TEMPLATES, THING, chunks


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    main, routes, hooked = main_app(), routes_app(), hooked_app()
    names = (
        "hello json param post_json form upload template session echo redirect static static304 "
        "notfound url_for10 abort_handler stream100"
    )
    return {**dict.fromkeys(names.split(), main), "routes1000": routes, "hooked": hooked}


def routes_app() -> bottle.Bottle:
    """Return an app with 1,000 dynamic routes."""
    app = bottle.Bottle()

    def pair(first: str, second: str) -> str:
        return f"{first}-{second}"

    for number in range(1000):
        app.route(f"/r{number}/<first>/<second>", callback=pair)
    return app


def hooked_app() -> bottle.Bottle:
    """Return an app with three hooks before and four after; the fourth is the teardown."""
    app = bottle.Bottle()
    for _ in range(3):
        app.add_hook("before_request", lambda: None)
    for _ in range(4):
        app.add_hook("after_request", lambda: None)
    app.route("/hooked/", callback=lambda: "Hello, World!")
    return app


def main_app() -> bottle.Bottle:
    """Return the app with every other workload."""
    app = bottle.Bottle()
    _add_texts_and_json(app)
    _add_bodies(app)
    _add_state(app)
    _add_the_rest(app)
    return app


def _add_texts_and_json(app: bottle.Bottle) -> None:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    template = environment.get_template("table.html")

    @app.route("/")
    def hello() -> str:
        return "Hello, World!"

    @app.route("/json")
    def thing() -> dict[str, Any]:
        return THING

    @app.route("/users/<user_id:int>")
    def user(user_id: int) -> dict[str, Any]:
        return {"id": user_id, "name": "Ada"}

    @app.route("/table")
    def table() -> str:
        return template.render(title="Prices", rows=ROWS)


def _add_bodies(app: bottle.Bottle) -> None:
    @app.post("/orders")
    def order() -> dict[str, Any]:
        data = request.json
        return {"name": data["name"], "count": data["count"], "category": request.query.category}

    @app.post("/form")
    def form() -> str:
        form = request.forms
        return "|".join((form.name, form.city, form.email, form.age, form.note))

    @app.post("/upload")
    def upload() -> str:
        file = request.files.get("file")
        content = file.file.read()
        return f"{request.forms.title} {file.filename} {len(content)} {content[-4:].hex()}"


def _add_state(app: bottle.Bottle) -> None:
    @app.route("/visits")
    def visits() -> str:
        count = request.get_cookie("visits", default=0, secret=SECRET) + 1
        response.set_cookie("visits", count, secret=SECRET, path="/", httponly=True)
        return str(count)

    @app.route("/echo")
    def echo() -> str:
        visitor = request.get_cookie("visitor", "")
        request_id = request.get_header("X-Request-Id")
        response.set_header("X-Request-Id", request_id)
        response.set_header("X-Version", "1")
        response.set_cookie(
            "visitor", visitor, max_age=3600, httponly=True, samesite="lax", path="/"
        )
        return f"{visitor} {request_id}"


def _add_the_rest(app: bottle.Bottle) -> None:
    @app.route("/old")
    def old() -> None:
        bottle.redirect("/new", 302)

    @app.route("/static/<name:path>")
    def static(name: str) -> bottle.HTTPResponse:
        return bottle.static_file(name, root=STATIC)

    @app.route("/links/<kind>/<number:int>", name="link")
    def link(kind: str, number: int) -> str:
        return f"{kind} {number}"

    @app.route("/links")
    def links() -> str:
        return "\n".join([app.get_url("link", kind=kind, number=number) for kind, number in LINKS])

    @app.route("/refuse")
    def refuse() -> None:
        bottle.abort(400, REFUSAL)

    @app.error(400)
    def refused(error: bottle.HTTPError) -> str:
        response.content_type = "application/json"
        return str(bottle.json_dumps({"error": error.body}))

    @app.route("/stream")
    def stream() -> Iterator[str]:
        response.content_type = "text/plain"
        yield from chunks()
