"""Synchronous code around ``async def`` code: its own loop, and awaitable return values."""

from __future__ import annotations

import asyncio
import functools
import logging
import types
import typing as t
from collections.abc import Callable
from unittest.mock import AsyncMock

import pytest
from werkzeug.local import LocalProxy

from flask import Flask, Response, after_this_request, g, render_template_string, session
from flask.testing import FlaskClient
from flask.views import MethodView, View

Starter = Callable[[t.Any], t.Any]


async def answer() -> str:
    await asyncio.sleep(0)
    return "awaited"


def by_new_loop(coroutine: t.Any) -> t.Any:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


STARTERS = {"asyncio.run": asyncio.run, "run_until_complete": by_new_loop}


@pytest.fixture(params=STARTERS)
def start(request: t.Any) -> Starter:
    """What code in the wild begins a loop with."""
    return STARTERS[request.param]


def wrapper_that_starts(start: Starter) -> Callable[..., t.Any]:
    def decorator(function: Callable[..., t.Any]) -> Callable[..., t.Any]:
        @functools.wraps(function)
        def wrapper(*args: t.Any, **kwargs: t.Any) -> t.Any:
            result = function(*args, **kwargs)
            return start(result) if asyncio.iscoroutine(result) else result

        return wrapper

    return decorator


class TestOwnLoops:
    """The request runs in a thread, where a loop may be started."""

    def test_around_a_view(self, app: Flask, client: FlaskClient, start: Starter) -> None:
        app.add_url_rule("/", "view", wrapper_that_starts(start)(answer))
        assert [client.get("/").text for _ in range(3)] == ["awaited"] * 3

    def test_around_a_class_based_view(
        self, app: Flask, client: FlaskClient, start: Starter
    ) -> None:
        decorator = wrapper_that_starts(start)

        class Decorated(MethodView):
            decorators: t.ClassVar = [decorator]

            async def get(self) -> str:
                return await answer()

        class Method(MethodView):
            @decorator
            async def get(self) -> str:
                return await answer()

        class Dispatched(MethodView):
            async def get(self) -> str:
                return await answer()

            def dispatch_request(self, **kwargs: t.Any) -> t.Any:
                return start(self.get())

        class AroundTheFunction(MethodView):
            async def get(self) -> str:
                return await answer()

        for kind in (Decorated, Method, Dispatched):
            app.add_url_rule(f"/{kind.__name__}", view_func=kind.as_view(kind.__name__))

        def starts(**kwargs: t.Any) -> t.Any:
            assert start(answer()) == "awaited"
            return around(**kwargs)

        around = AroundTheFunction.as_view("around")
        app.add_url_rule("/around", "around", functools.wraps(around)(starts))
        for path in ("/Decorated", "/Method", "/Dispatched", "/around"):
            assert client.get(path).text == "awaited", path

    def test_in_hooks_and_handlers_of_a_sync_view(
        self, app: Flask, client: FlaskClient, start: Starter
    ) -> None:
        ended: list[str] = []
        app.before_request(lambda: g.setdefault("user", start(answer())) and None)
        app.teardown_request(lambda error: ended.append(start(answer())))
        app.register_error_handler(ValueError, lambda error: start(answer()))

        @app.get("/")
        def fail() -> t.NoReturn:
            raise ValueError(g.user)

        assert client.get("/").text == "awaited"
        assert ended == ["awaited"]

    def test_in_hooks_of_an_async_view_that_blocks(
        self, app: Flask, client: FlaskClient, start: Starter
    ) -> None:
        app.before_request(lambda: g.setdefault("user", start(answer())) and None)
        app.get("/", blocking=True)(answer)
        assert client.get("/").text == "awaited"

    def test_where_a_view_function_chooses_a_thread(
        self, app: Flask, client: FlaskClient, start: Starter
    ) -> None:
        async def view() -> str:
            return await answer()

        view.blocking = True  # type: ignore[attr-defined]
        app.add_url_rule("/", view_func=view)
        app.before_request(lambda: g.setdefault("user", start(answer())) and None)
        assert [client.get("/").text for _ in range(3)] == ["awaited"] * 3


PLACES = ["before_request", "after_request", "teardown_request", "errorhandler", "template"]


@pytest.mark.parametrize("place", PLACES)
def test_a_sync_hook_that_starts_a_loop_beside_an_async_view_is_named(
    app: Flask, client: FlaskClient, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    if app.test_client_class is None:
        pytest.skip("under WSGI no loop is running: it works")
    app.testing = False

    def start_a_loop(*args: t.Any) -> t.Any:
        coroutine = answer()
        try:
            asyncio.run(coroutine)
        finally:
            coroutine.close()
        return {} if place == "template" else args[0] if args else None

    if place == "errorhandler":
        app.register_error_handler(ValueError, start_a_loop)
    else:
        getattr(app, "context_processor" if place == "template" else place)(start_a_loop)

    @app.get("/")
    async def index() -> str:
        if place == "errorhandler":
            raise ValueError
        return render_template_string("page") if place == "template" else "page"

    with caplog.at_level(logging.ERROR, app.name):
        try:
            assert client.get("/").status_code == 500
            error, *_ = [entry.exc_info[1] for entry in caplog.records if entry.exc_info]
        except RuntimeError as raised:  # a teardown function's reaches the server
            error = raised
    (note,) = error.__notes__  # type: ignore[union-attr]
    assert "start_a_loop() in" in note
    assert "blocking=True" in note


def test_a_coroutine_that_starts_a_loop_gets_the_error_of_asyncio_alone(
    app: Flask, client: FlaskClient
) -> None:
    @app.get("/")
    async def index() -> t.Any:
        coroutine = answer()
        try:
            return asyncio.run(coroutine)
        finally:
            coroutine.close()

    app.testing = True
    with pytest.raises(RuntimeError, match="running event loop") as caught:
        client.get("/")
    assert not hasattr(caught.value, "__notes__")


# What is returned ---------------------------------------------------------------------------------


class Callee:
    async def __call__(self, *args: t.Any) -> str:
        return await answer()

    def bound(self, *args: t.Any) -> t.Any:
        return answer()


class Later:
    """Awaitable, and no coroutine."""

    def __await__(self) -> t.Any:
        return answer().__await__()


AWAITED: dict[str, t.Any] = {
    "lambda": lambda *args: answer(),
    "callable object": Callee(),
    "partial": functools.partial(Callee().bound, 1),
    "partial of an object": functools.partial(Callee(), 1),
    "sync wrapper": functools.wraps(answer)(lambda *args: answer()),
    "bound method": Callee().bound,
    "object": lambda *args: Later(),
    "mock": AsyncMock(spec=[], return_value="awaited"),
}


@pytest.mark.parametrize("kind", AWAITED)
class TestWhatPlainFunctionsReturn:
    """Whatever awaitable it is, it is awaited."""

    def test_a_view(self, app: Flask, client: FlaskClient, kind: str) -> None:
        app.add_url_rule("/", "index", AWAITED[kind])
        assert [client.get("/").text for _ in range(3)] == ["awaited"] * 3

    def test_an_error_handler(self, app: Flask, client: FlaskClient, kind: str) -> None:
        app.register_error_handler(404, AWAITED[kind])
        app.register_error_handler(ValueError, AWAITED[kind])

        @app.get("/")
        async def index() -> t.NoReturn:
            raise ValueError

        assert client.get("/").text == client.get("/missing").text == "awaited"

    def test_a_handler_of_unhandled_errors(
        self, app: Flask, client: FlaskClient, kind: str
    ) -> None:
        app.logger.disabled = True
        app.register_error_handler(500, AWAITED[kind])
        app.add_url_rule("/", "index", lambda: 1 / 0)
        assert client.get("/").text == "awaited"

    def test_a_hook_that_answers(self, app: Flask, client: FlaskClient, kind: str) -> None:
        app.before_request(AWAITED[kind])
        assert client.get("/").text == "awaited"


@pytest.mark.parametrize("view", ["async", "sync"])
def test_every_hook_may_return_something_awaitable(
    app: Flask, client: FlaskClient, view: str
) -> None:
    seen: list[str] = []

    def say(what: str, result: t.Callable[..., t.Any] = lambda *args: None) -> t.Any:
        async def saying(*args: t.Any) -> t.Any:
            await asyncio.sleep(0)
            seen.append(what)
            return result(*args)

        return lambda *args: saying(*args)

    app.before_request(say("before"))
    app.after_request(say("after", lambda response: response))
    app.teardown_request(say("teardown"))
    app.teardown_appcontext(say("end"))
    app.context_processor(say("template", lambda: {"name": "Ann"}))

    def page() -> str:
        after_this_request(say("after this", lambda response: response))
        session.get("nothing")
        return render_template_string("{{ name }}")

    async def asynchronous() -> str:
        return page()

    app.add_url_rule("/", "page", page if view == "sync" else asynchronous)
    assert client.get("/").text == "Ann"
    assert seen == ["before", "template", "after this", "after", "teardown", "end"]


def test_methods_of_classes_may_return_something_awaitable(app: Flask, client: FlaskClient) -> None:
    class Whole(View):
        def dispatch_request(self) -> t.Any:
            return answer()

    class ByMethod(MethodView):
        def get(self) -> t.Any:
            return answer()

    app.add_url_rule("/whole", view_func=Whole.as_view("whole"))
    app.add_url_rule("/method", view_func=ByMethod.as_view("method"))
    assert client.get("/whole").text == client.get("/method").text == "awaited"


def test_a_subclass_that_dispatches_sees_what_was_awaited(client: FlaskClient, app: Flask) -> None:
    def dispatch_request(self: Flask) -> t.Any:
        return f"<{Flask.dispatch_request(self)}>"

    app.dispatch_request = types.MethodType(dispatch_request, app)  # type: ignore[method-assign]
    app.add_url_rule("/", "index", lambda: answer())
    assert client.get("/").text == "<awaited>"


def test_a_proxy_is_awaitable_if_its_object_is(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/sync", "sync", lambda: LocalProxy(lambda: Response("a response")))
    assert client.get("/sync").text == "a response"
