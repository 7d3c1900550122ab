"""Contexts: g, nested requests, copies for threads, work outside of any."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context
from typing import Any

import flask
from flask import (
    Flask,
    after_this_request,
    copy_current_request_context,
    current_app,
    g,
    has_app_context,
    has_request_context,
    jsonify,
    request,
    session,
    stream_with_context,
    url_for,
)

from .record import error, note, shown


def first_line(ask: Callable[[], object]) -> Any:
    """What it gives, or the exception's class and its first line."""
    try:
        return shown(ask())
    except AttributeError:
        return "AttributeError"
    except Exception as failure:
        return error(failure).splitlines()[0]


OUTSIDE: dict[str, Callable[[], object]] = {
    "g": lambda: g.x,
    "g_get": lambda: g.get("x"),
    "current_app": lambda: current_app.name,
    "request": lambda: request.path,
    "session": lambda: session.get("a"),
    "session_set": lambda: session.__setitem__("a", 1),
    "has": lambda: [has_app_context(), has_request_context()],
    "truth": lambda: [bool(request), bool(session), bool(g), bool(current_app)],
    "repr": lambda: [repr(request), repr(session), repr(current_app)],
    "url_for": lambda: url_for("home"),
    "flash": lambda: flask.flash("x"),
    "flashed": lambda: flask.get_flashed_messages(),
    "jsonify": lambda: flask.jsonify(1).data,
    "json_dumps": lambda: flask.json.dumps({"b": 1, "a": 2}),
    "json_loads": lambda: flask.json.loads("[1]"),
    "make_response": lambda: flask.make_response("x").data,
    "redirect": lambda: flask.redirect("/x").headers["Location"],
    "abort": lambda: flask.abort(404),
    "abort_odd": lambda: flask.abort(999),
    "render": lambda: flask.render_template_string("{{ 1 + 1 }}"),
    "render_missing": lambda: flask.render_template("missing.html"),
    "stream_template": lambda: "".join(flask.stream_template_string("{{ 1 + 1 }}")),
    "send_file": lambda: flask.send_file("site/static/hello.txt").status,
    "stream": lambda: list(stream_with_context(iter("ab"))),
    "after": lambda: after_this_request(lambda response: response),
    "copy": lambda: copy_current_request_context(lambda: None),
    "attribute": lambda: flask.get_template_attribute("macros.html", "field")("a", "b"),
    "escape": lambda: getattr(flask, "escape", "no such name"),
    "app_ctx": lambda: flask.globals.app_ctx.app,
    "request_ctx": lambda: flask.globals.request_ctx.request,
}


def outside(what: str) -> Any:
    """Without any context, with an app context, with a test request."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    ask = OUTSIDE[what]

    def with_app() -> Any:
        with app.app_context():
            return first_line(ask)

    def with_request() -> Any:
        with app.test_request_context("/tested?x=1"):
            return first_line(ask)

    return jsonify(
        nothing=Context().run(lambda: first_line(ask)),
        app=Context().run(with_app),
        request=Context().run(with_request),
    )


G_STEPS: dict[str, Callable[[], object]] = {
    "get": lambda: g.get("a", "default"),
    "missing": lambda: g.a,
    "set": lambda: setattr(g, "a", 1),
    "set_more": lambda: setattr(g, "b", 2),
    "delete": lambda: delattr(g, "a"),
    "pop": lambda: g.pop("a"),
    "pop_default": lambda: g.pop("a", None),
    "setdefault": lambda: g.setdefault("a", "d"),
    "in": lambda: "a" in g,
    "iterate": lambda: sorted(g),
    "repr": lambda: repr(g),
    "app_context": lambda: app_context_inside(),
}


def app_context_inside() -> Any:
    """A fresh app context inside the request has a g of its own."""
    with current_app.app_context():
        seen = g.get("a"), request.path
    return [seen, g.get("a")]


def use_g(g_steps: str) -> Any:
    """A program of steps on g."""
    results = []
    for step in g_steps.split(","):
        action = G_STEPS.get(step)
        results.append([step, first_line(action) if action else "no such step"])
    return jsonify(results)


def nested() -> Any:
    """A request to the same app from inside a view."""
    g.outer, session["outer"] = "outer", "1"
    note("nested: before")
    inner = current_app.test_client().get("/context/inner?from=outer")
    note("nested: after")
    return jsonify(
        inner=inner.json,
        path=request.path,
        outer=g.get("outer"),
        inner_g=g.get("inner"),
        session=dict(session),
    )


def inner() -> Any:
    """What the nested request sees."""
    seen = g.get("outer")
    g.inner = "inner"
    return jsonify(outer=seen, path=request.path, session=dict(session), args=request.args)


def pushed() -> Any:
    """A test request context pushed inside a request, and popped again."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    with app.test_request_context("/string/other?x=2", method="POST", data={"a": "b"}):
        inside = [request.path, request.method, request.form.get("a"), request.endpoint]
    with app.test_request_context("/no such path"):
        missing = [str(request.routing_exception), request.endpoint]
    with app.test_request_context("/base", base_url="https://example.org:444/mount"):
        based = [request.url, request.script_root, url_for("string", s="x", _external=True)]
    return jsonify(inside=inside, missing=missing, based=based, path=request.path)


def copied() -> Any:
    """A copy of the context, used on another thread."""
    session["a"] = "b"
    g.token = "of the view"
    results: list[Any] = []

    @copy_current_request_context
    def work() -> None:
        results.append([request.path, session.get("a"), g.get("token"), has_app_context()])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return jsonify(results=results, still=request.path)


def later() -> Any:
    """Functions for after this request, in the order they run."""
    for number in range(3):

        @after_this_request
        def add(response: flask.Response, number: int = number) -> flask.Response:
            note(f"later {number}")
            response.headers.add("X-Later", str(number))
            return response

    return "later"


def identities() -> Any:
    """The proxies lead to the real objects."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    from flask.globals import app_ctx, request_ctx

    return jsonify(
        app=isinstance(app, Flask),
        name=current_app.name,
        same_app=app_ctx.app is app,
        same_request=request_ctx.request is request._get_current_object(),  # type: ignore[attr-defined]
        same_session=request_ctx.session is session._get_current_object(),  # type: ignore[attr-defined]
        same_g=app_ctx.g is g._get_current_object(),
        adapters=[app_ctx.url_adapter is not None, request_ctx.url_adapter is not None],
        flashes=shown(request_ctx.flashes),
        texts=[repr(current_app), repr(app)],
    )


def install(app: Flask) -> None:
    """Routes below ``/context``."""
    app.add_url_rule("/context/outside/<what>", view_func=outside)
    app.add_url_rule("/context/g/<g_steps>", view_func=use_g)
    for function in (nested, inner, pushed, copied, later, identities):
        app.add_url_rule(f"/context/{function.__name__}", view_func=function)
