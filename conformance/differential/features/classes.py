"""Class-based views and async views."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    g,
    has_request_context,
    jsonify,
    request,
    session,
)
from flask.views import MethodView, View

from .record import attempt, note, where

SET_ASYNC: ContextVar[str] = ContextVar("set_async", default="unset")


def tagged(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that shows where it stands."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(**values: Any) -> Any:
            note(f"enter {name}")
            response = current_app.make_response(view(**values))
            response.headers.add("X-Tag", name)
            return response

        return wrapped

    return decorate


class Plain(View):
    """One method; made anew for each request."""

    methods = ["GET", "POST"]
    decorators = [tagged("first"), tagged("last")]

    def __init__(self, greeting: str = "hello") -> None:
        self.greeting, self.count = greeting, 0

    def dispatch_request(self, **values: Any) -> Any:
        """Count the calls on this instance."""
        self.count += 1
        return jsonify(greeting=self.greeting, count=self.count, values=values)


class Kept(Plain):
    """One instance for all requests; the count is only ever shown modulo 1."""

    init_every_request = False

    def dispatch_request(self, **values: Any) -> Any:
        """Tell that the instance is the same one."""
        same = getattr(self, "itself", self) is self
        self.itself = self
        return jsonify(same=same)


class Unfinished(View):
    """No dispatch_request at all."""


class Items(MethodView):
    """A view with a method for most verbs."""

    def get(self, n: int) -> Any:
        """Answers HEAD as well."""
        return jsonify(verb="get", n=n, method=request.method)

    def post(self, n: int) -> Any:
        """With a status."""
        return {"verb": "post", "n": n}, 201

    async def put(self, n: int) -> Any:
        """Awaited."""
        await asyncio.sleep(0)
        return f"put {n}"

    def delete(self, n: int) -> Any:
        """Nothing to say."""
        return "", 204


class MoreItems(Items):
    """Inherits verbs and adds one."""

    decorators = [tagged("more")]

    def patch(self, n: int) -> Any:
        """The added one."""
        return f"patch {n}"


class HeadOnly(MethodView):
    """HEAD alone, and a verb that HTTP does not know."""

    def head(self) -> Any:
        """Headers only."""
        return "", {"X-Head": "yes"}

    def purge(self) -> str:
        """Not an HTTP method for MethodView."""
        return "purged"


class Limited(MethodView):
    """Lists fewer methods than it defines."""

    methods = ["GET"]

    def get(self) -> str:
        """Listed."""
        return "get"

    def post(self) -> str:
        """Not listed."""
        return "post"


async def awaited(**values: object) -> Any:
    """An async view sees every proxy, before and after an await."""
    g.token = "before"
    session["async"] = "yes"
    await asyncio.sleep(0)
    SET_ASYNC.set("in the view")
    seen = where(**values)
    return jsonify(seen, g.token, session["async"], has_request_context())


async def gathered() -> Any:
    """Tasks started by the view see its context."""

    async def ask(n: int) -> str:
        await asyncio.sleep(0)
        return f"{n}{request.path}"

    return jsonify(await asyncio.gather(*(ask(n) for n in range(3))))


async def async_raises(failure: str) -> Any:
    """Raise from an async view."""
    from .errors import RAISERS

    await asyncio.sleep(0)
    RAISERS[failure]()


async def async_generator() -> Any:
    """An async generator is no body."""

    async def generate() -> Any:
        yield "a"

    return generate()


async def async_coroutine() -> Any:
    """A coroutine that a view forgot to await."""

    async def inner() -> str:
        return "inner"

    forgotten = inner()
    forgotten.close()
    return forgotten


def synced() -> Any:
    """``ensure_sync`` and ``async_to_sync`` called by hand."""

    async def add(a: int, b: int) -> int:
        await asyncio.sleep(0)
        return a + b

    def minus(a: int, b: int) -> int:
        return a - b

    return jsonify(
        asynchronous=attempt(lambda: current_app.ensure_sync(add)(2, 3)),
        plain=attempt(lambda: current_app.ensure_sync(minus)(2, 3)),
        same=current_app.ensure_sync(minus) is minus,
        to_sync=attempt(lambda: current_app.async_to_sync(add)(4, 5)),
    )


def variable() -> Any:
    """What an async hook before this view set in a context variable."""
    return jsonify(SET_ASYNC.get())


def install(app: Flask) -> None:
    """Routes below ``/class`` and ``/async``."""
    app.add_url_rule("/class/plain", view_func=Plain.as_view("plain_view"))
    app.add_url_rule("/class/greet/<name>", view_func=Plain.as_view("greeting", greeting="hi"))
    app.add_url_rule("/class/kept", view_func=Kept.as_view("kept"))
    app.add_url_rule("/class/unfinished", view_func=Unfinished.as_view("unfinished"))
    app.add_url_rule("/class/items/<int:n>", view_func=Items.as_view("items"))
    app.add_url_rule("/class/more/<int:n>", view_func=MoreItems.as_view("more_items"))
    app.add_url_rule("/class/head", view_func=HeadOnly.as_view("head_only"))
    app.add_url_rule(
        "/class/head-any", view_func=HeadOnly.as_view("head_any"), methods=["PURGE", "HEAD"]
    )
    app.add_url_rule("/class/limited", view_func=Limited.as_view("limited"))
    install_async(app)


def install_async(app: Flask) -> None:
    """A blueprint with async hooks of its own, for they cost much time."""
    blueprint = Blueprint("asynchronous", __name__, url_prefix="/async")
    blueprint.add_url_rule("/view", view_func=awaited)
    blueprint.add_url_rule("/view/<int:n>", view_func=awaited)
    blueprint.add_url_rule("/fail/<failure>", view_func=async_raises)
    for function in (gathered, async_generator, async_coroutine, synced, variable):
        blueprint.add_url_rule(f"/{function.__name__}", view_func=function)

    @blueprint.before_request
    async def set_variable() -> None:
        SET_ASYNC.set("in a hook")

    @blueprint.after_request
    async def add_header(response: Response) -> Response:
        response.headers["X-Async-After"] = SET_ASYNC.get()
        return response

    app.register_blueprint(blueprint)
