"""``async def`` views, hooks, handlers and receivers in an application that serves WSGI."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import sys
import threading
import typing as t

import pytest

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    copy_current_request_context,
    current_app,
    g,
    render_template_string,
    request,
    request_started,
    session,
)
from flask.views import MethodView, View

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


async def pause() -> None:
    """Give the loop a turn, as a real awaited call does."""
    await asyncio.sleep(0)


@pytest.fixture
def asynchronous(app: Flask) -> Flask:
    """Every kind of function that may be ``async``, in one application."""
    app.logger.disabled = True

    @app.route("/")
    async def index() -> str:
        await pause()
        return f"{request.path} {g.before} {session.get('a')}"

    @app.route("/error")
    async def error() -> t.NoReturn:
        await pause()
        raise ValueError("failed")

    @app.route("/abort")
    async def aborted() -> t.NoReturn:
        await pause()
        abort(418)

    @app.route("/args/<int:n>")
    async def args(n: int) -> dict[str, int]:
        await pause()
        return {"n": n}

    @app.route("/template")
    def template() -> str:
        return render_template_string("{{ word }}")

    @app.before_request
    async def before() -> None:
        await pause()
        g.before = "before"

    @app.after_request
    async def after(response: Response) -> Response:
        await pause()
        response.headers["X-After"] = g.before
        return response

    @app.teardown_request
    async def teardown(exc: BaseException | None) -> None:
        await pause()
        app.extensions.setdefault("teardowns", []).append(f"request {request.path} {exc!r}")

    @app.teardown_appcontext
    async def teardown_app(exc: BaseException | None) -> None:
        await pause()
        app.extensions.setdefault("teardowns", []).append("app")

    @app.errorhandler(ValueError)
    async def handle(error: ValueError) -> tuple[str, int]:
        await pause()
        return f"handled {error}", 400

    @app.errorhandler(418)
    async def teapot(error: Exception) -> tuple[str, int]:
        await pause()
        return "short and stout", 418

    @app.context_processor
    async def words() -> dict[str, str]:
        await pause()
        return {"word": "processed"}

    class AsMethods(MethodView):
        async def get(self) -> str:
            await pause()
            return "get"

        async def post(self) -> str:
            await pause()
            return "post"

    class AsView(View):
        async def dispatch_request(self) -> str:
            await pause()
            return "view"

    app.add_url_rule("/methods", view_func=AsMethods.as_view("methods"))
    app.add_url_rule("/class", view_func=AsView.as_view("class"))
    return app


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/", 200, "/ before None"),
        ("HEAD", "/", 200, ""),
        ("GET", "/error", 400, "handled failed"),
        ("GET", "/abort", 418, "short and stout"),
        ("GET", "/args/7", 200, '{"n":7}\n'),
        ("GET", "/template", 200, "processed"),
        ("GET", "/methods", 200, "get"),
        ("POST", "/methods", 200, "post"),
        ("GET", "/class", 200, "view"),
    ],
)
@pytest.mark.parametrize("where", ["here", "in a running loop", "in a thread"])
def test_an_async_function_works_where_a_sync_one_does(
    asynchronous: Flask, method: str, path: str, status: int, text: str, where: str
) -> None:
    def ask() -> t.Any:
        return asynchronous.test_client().open(path, method=method)

    async def ask_in_loop() -> t.Any:
        return ask()

    if where == "here":
        response = ask()
    elif where == "in a running loop":
        response = asyncio.run(ask_in_loop())
    else:
        answers: list[t.Any] = []
        thread = threading.Thread(target=lambda: answers.append(ask()))
        thread.start()
        thread.join()
        (response,) = answers
    assert (response.status_code, response.text) == (status, text)
    assert response.headers["X-After"] == "before"
    assert asynchronous.extensions["teardowns"] == [f"request {path} None", "app"]


def test_an_unhandled_error_of_an_async_view_keeps_its_traceback(app: Flask) -> None:
    async def failing_view() -> t.NoReturn:
        await pause()
        raise ZeroDivisionError

    app.add_url_rule("/", "view", failing_view)
    app.testing = True
    for run in (lambda ask: ask(), lambda ask: asyncio.run(in_loop(ask))):
        with pytest.raises(ZeroDivisionError) as caught:
            run(lambda: app.test_client().get("/"))
        assert "failing_view" in [entry.name for entry in caught.traceback]


async def in_loop(function: t.Callable[[], t.Any]) -> t.Any:
    return function()


def test_context_variables_that_are_set_inside_are_seen_after(app: Flask) -> None:
    seen: list[str] = []

    @app.before_request
    async def before() -> None:
        variable.set("before")
        await pause()

    @app.route("/")
    async def view() -> str:
        await pause()
        seen.append(variable.get())
        variable.set("view")
        return "ok"

    @app.after_request
    def after(response: Response) -> Response:
        seen.append(variable.get())
        return response

    contextvars.copy_context().run(lambda: app.test_client().get("/"))
    contextvars.copy_context().run(lambda: asyncio.run(in_loop(lambda: app.test_client().get("/"))))
    assert seen == ["before", "view", "before", "view"]
    assert variable.get() == "unset"


def test_the_proxies_work_inside(app: Flask) -> None:
    app.config["KEY"] = "configured"

    @app.route("/<x>")
    async def view(x: str) -> str:
        await pause()
        session["s"] = x
        g.g = x
        return f"{request.view_args} {current_app.config['KEY']} {session['s']} {g.g}"

    assert app.test_client().get("/a").text == "{'x': 'a'} configured a a"


def test_async_functions_of_a_blueprint(app: Flask) -> None:
    blueprint = Blueprint("b", __name__, url_prefix="/b")

    @blueprint.before_request
    async def before() -> None:
        await pause()
        g.who = "blueprint"

    @blueprint.route("/")
    async def view() -> str:
        await pause()
        raise KeyError(g.who)

    @blueprint.errorhandler(KeyError)
    async def handle(error: KeyError) -> str:
        await pause()
        return f"handled {error.args[0]}"

    app.register_blueprint(blueprint)
    assert app.test_client().get("/b/").text == "handled blueprint"


def test_an_async_receiver_of_a_signal(app: Flask) -> None:
    seen: list[str] = []

    async def receive(sender: Flask, **kwargs: t.Any) -> None:
        await pause()
        seen.append(request.path)

    app.add_url_rule("/", "view", lambda: "ok")
    with request_started.connected_to(receive, app):
        assert app.test_client().get("/").text == "ok"
    assert seen == ["/"]


def test_an_async_before_request_may_answer(app: Flask) -> None:
    @app.before_request
    async def before() -> str:
        await pause()
        return "answered"

    assert app.test_client().get("/missing").text == "answered"


def test_ensure_sync_returns_sync_functions_and_wraps_the_others(app: Flask) -> None:
    def sync() -> int:
        return 1

    async def waits(a: int, *, b: int) -> int:
        await pause()
        return a + b

    class Callable_:
        def __call__(self) -> int:
            return 3

        async def method(self) -> int:
            await pause()
            return 4

    thing = Callable_()
    assert app.ensure_sync(sync) is sync
    assert app.ensure_sync(waits)(1, b=2) == 3
    assert app.ensure_sync(thing) is thing
    assert app.ensure_sync(thing.method)() == 4
    assert app.async_to_sync(waits)(1, b=2) == 3


def test_an_overridden_async_to_sync_is_how_it_waits(app: Flask) -> None:
    def run(function: t.Any) -> t.Any:
        return lambda **kwargs: asyncio.run(function(**kwargs)) + " by us"

    app.async_to_sync = run  # type: ignore[method-assign]

    @app.route("/")
    async def view() -> str:
        return "run"

    assert app.test_client().get("/").text == "run by us"


def test_a_copied_context_reaches_an_async_function(app: Flask) -> None:
    @app.route("/")
    async def view() -> str:
        @copy_current_request_context
        def path() -> str:
            return request.path

        return await asyncio.to_thread(path)

    assert app.test_client().get("/").text == "/"


def test_concurrent_tasks_in_one_view_share_its_context(app: Flask) -> None:
    @app.route("/")
    async def view() -> str:
        async def part(n: int) -> str:
            await pause()
            return f"{request.path}{n}"

        return " ".join(await asyncio.gather(*(part(n) for n in range(3))))

    assert app.test_client().get("/").text == "/0 /1 /2"


def test_a_loop_that_was_used_once_serves_again(app: Flask) -> None:
    """Tasks that a view leaves behind do not break the next request on this thread."""
    loops: list[int] = []

    @app.route("/")
    async def view() -> str:
        loops.append(id(asyncio.get_running_loop()))
        await pause()
        return "ok"

    client = app.test_client()
    assert [client.get("/").text for _ in range(3)] == ["ok"] * 3
    assert len(loops) == 3


def test_a_view_inside_a_view_both_async(app: Flask) -> None:
    @app.route("/inner")
    async def inner() -> str:
        await pause()
        return request.path

    @app.route("/outer")
    async def outer() -> str:
        await pause()
        text = app.test_client().get("/inner").text
        return f"{text} in {request.path}"

    assert app.test_client().get("/outer").text == "/inner in /outer"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="inspect cannot mark coroutine functions")
def test_views_that_are_equal_are_not_taken_for_each_other(app: Flask) -> None:
    class Named:
        def __init__(self, view: t.Any) -> None:
            self.view = view

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Named)

        def __hash__(self) -> int:
            return 1

        def __call__(self) -> t.Any:
            return self.view()

    async def awaited() -> str:
        return "awaited"

    mark: t.Any = vars(inspect)["markcoroutinefunction"]
    app.add_url_rule("/sync", "sync", Named(lambda: "sync"))
    app.add_url_rule("/awaited", "awaited", mark(Named(awaited)))
    client = app.test_client()
    for _ in range(3):
        assert [client.get(path).text for path in ("/sync", "/awaited")] == ["sync", "awaited"]


def test_a_view_may_be_equal_to_another_one_or_have_no_hash(app: Flask) -> None:
    async def awaited() -> str:
        return "awaited"

    class Equal:
        def __eq__(self, other: object) -> bool:
            return other is awaited or other is self

        def __hash__(self) -> int:
            return hash(awaited)

        def __call__(self) -> str:
            return "equal"

    class WithoutHash(Equal):
        def __hash__(self) -> int:
            raise RuntimeError

    app.add_url_rule("/awaited", "awaited", awaited)
    app.add_url_rule("/equal", "equal", Equal())
    app.add_url_rule("/without", "without", WithoutHash())
    client = app.test_client()
    for _ in range(3):
        texts = [client.get(path).text for path in ("/awaited", "/equal", "/without")]
        assert texts == ["awaited", "equal", "equal"]


def test_an_error_that_was_taken_is_not_being_handled_any_more(app: Flask) -> None:
    torn_down: list[BaseException | None] = []
    app.teardown_request(torn_down.append)

    @app.route("/")
    async def view() -> str:
        try:
            async with asyncio.timeout(0):
                await asyncio.sleep(10)
        except TimeoutError:
            pass
        context = app.test_request_context("/inner")
        context.push()
        context.pop()
        return repr(sys.exc_info()[1])

    assert app.test_client().get("/").text == "None"
    assert torn_down == [None, None]
