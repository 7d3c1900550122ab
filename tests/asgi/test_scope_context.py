"""A request without a WSGI environment behaves like one with it."""

from __future__ import annotations

import asyncio
import time
import typing as t
from collections.abc import Callable

import pytest
from warm_app import warm_up

from flask import Flask, Request, Response, g, redirect, request, session, url_for
from flask.asgi import ScopeError, _scope_context
from flask.globals import request_ctx

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


def ask(app: Flask, **changes: t.Any) -> Answer:
    """Ask once, as a server would; ``headers`` come after the host."""
    scope: dict[str, t.Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"a=1",
        "root_path": "",
        "client": ("10.0.0.1", 4000),
        "server": ("localhost", 80),
        **changes,
        "headers": [*changes.get("host", [(b"host", b"localhost")]), *changes.get("headers", [])],
    }
    scope["headers"] = changes.get("headers_as_they_are", scope["headers"])
    messages = [{"type": "http.request", "body": b"text", "more_body": False}]
    sent: list[dict[str, t.Any]] = []

    async def receive() -> dict[str, t.Any]:
        return messages.pop(0) if messages else await asyncio.Event().wait()

    async def send(message: t.Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    body = b"".join(message["body"] for message in sent[1:])
    return sent[0]["status"], sent[0]["headers"], body


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[t.Any]:
    """The environments that are made for a request without one, at the first access."""
    made: list[t.Any] = []
    make_environ = _scope_context.make_environ

    def make(*arguments: t.Any) -> t.Any:
        made.append(make_environ(*arguments))
        return made[-1]

    monkeypatch.setattr(_scope_context, "make_environ", make)
    return made


# When there is an environment --------------------------------------------------------------------


async def untouched() -> str:
    g.name = "unused"
    return t.cast("str", g.name) + url_for("view")


async def looks() -> str:
    return request.path


async def looks_at_headers() -> str:
    return request.headers["Host"]


async def keeps() -> str:
    session["name"] = "Ada"
    return "kept"


@pytest.mark.parametrize(
    ("view", "count"), [(untouched, 0), (looks, 0), (keeps, 0), (looks_at_headers, 1)]
)
def test_an_environment_is_created_only_if_the_view_uses_it(
    app: Flask, made: list[t.Any], view: Callable[..., t.Any], count: int
) -> None:
    app.add_url_rule("/", "view", view)
    warm_up(app)
    assert ask(app)[0] == 200
    assert len(made) == count


def wrap(app: Flask) -> None:
    inner = app.wsgi_app

    def middleware(environ: t.Any, start_response: t.Any) -> t.Any:
        environ["REMOTE_USER"] = "from the middleware"
        return inner(environ, start_response)

    app.wsgi_app = middleware  # type: ignore[method-assign]


class OwnRequest(Request):
    def __init__(self, environ: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__({**environ, "REMOTE_USER": "from the request"}, *args, **kwargs)


def make_own_request(app: Flask) -> None:
    app.request_class = OwnRequest


def make_own_context(app: Flask) -> None:
    make = app.request_context

    def request_context(environ: t.Any) -> t.Any:
        return make({**environ, "REMOTE_USER": "from the context"})

    app.request_context = request_context  # type: ignore[method-assign]


def wrap_asgi(app: Flask) -> None:
    inner = app.asgi_app

    def middleware(scope: t.Any, receive: t.Any, send: t.Any) -> t.Any:
        return inner({**scope, "path": "/wrapped"}, receive, send)

    app.asgi_app = middleware  # type: ignore[method-assign]


def test_middleware_for_asgi_is_called_until_it_is_removed(app: Flask) -> None:
    @app.get("/", defaults={"path": "sync"})
    @app.get("/<path>")
    async def view(path: str) -> str:
        return path

    warm_up(app)
    assert ask(app)[2] == b"sync"
    wrap_asgi(app)
    assert [ask(app)[2] for _ in range(3)] == [b"wrapped"] * 3
    del app.asgi_app
    assert ask(app)[2] == b"sync"


def test_a_subclass_may_have_its_own_asgi_app() -> None:
    class Own(Flask):
        def asgi_app(self, scope: t.Any, receive: t.Any, send: t.Any) -> t.Any:
            return super().asgi_app({**scope, "path": "/own"}, receive, send)

    app = Own("own")
    app.add_url_rule("/own", "view", untouched_text)
    warm_up(app)
    assert [ask(app)[2] for _ in range(3)] == [b"own"] * 3


async def untouched_text() -> str:
    return "own"


def test_a_connection_without_a_type_is_refused_later_too(app: Flask) -> None:
    app.add_url_rule("/", "view", untouched)
    warm_up(app)
    assert ask(app)[0] == 200
    with pytest.raises(ScopeError):
        app({"method": "GET"}, t.cast("t.Any", "receive"), t.cast("t.Any", "send"))


@pytest.mark.parametrize(
    ("change", "user"),
    [
        (wrap, "from the middleware"),
        (make_own_request, "from the request"),
        (make_own_context, "from the context"),
    ],
)
def test_every_overridden_method_is_called(
    app: Flask, change: Callable[[Flask], None], user: str
) -> None:
    @app.route("/")
    async def view() -> str:
        return str(request.remote_user)

    warm_up(app)
    assert ask(app)[2] == b"None"
    change(app)
    warm_up(app)
    assert ask(app)[2] == user.encode()


# Nothing else differs ---------------------------------------------------------------------------


def fill(app: Flask) -> None:
    """Give an application a view of each kind that returns all it can read."""

    def describe(**arguments: t.Any) -> Response:
        response = Response(repr(arguments))
        response.headers["X-Method"] = request.method
        response.headers["X-By"] = request.headers.get("X-By", "")
        response.headers["X-Url"] = request.url
        response.headers["X-Client"] = f"{request.remote_addr} {request.environ['REMOTE_PORT']}"
        response.headers["X-Body"] = request.get_data(as_text=True)
        response.headers["X-Cookies"] = repr(dict(request.cookies))
        return response

    async def describe_later(**arguments: t.Any) -> Response:
        await asyncio.sleep(0)
        return describe(**arguments)

    for kind, view in (("sync", describe), ("later", describe_later)):
        methods = ["GET", "POST"]
        app.add_url_rule(f"/{kind}", kind, view, methods=methods)
        app.add_url_rule(f"/{kind}/<int:number>", f"{kind}_number", view, methods=methods)
        app.add_url_rule(f"/{kind}/folder/", f"{kind}_folder", view, defaults={"page": 1})
        app.add_url_rule(f"/{kind}/caf\u00e9", f"{kind}_cafe", view)

    @app.get("/count")
    async def count() -> dict[str, int]:
        session["count"] = session.get("count", 0) + 1
        return {"count": session["count"]}

    @app.get("/stream")
    async def stream() -> Response:
        return Response(iter(["one ", "two"]))

    @app.get("/empty")
    async def empty() -> tuple[str, int]:
        return "", 204

    @app.get("/away")
    async def away() -> t.Any:
        return redirect("/sync")

    @app.get("/corrected")
    async def corrected() -> t.Any:
        response = redirect("/sync")
        response.autocorrect_location_header = True
        return response

    @app.get("/text")
    async def text() -> tuple[str, dict[str, str]]:
        return "text", {"Set-Cookie": "a=b", "X-Header": "\u00e9"}

    @app.get("/crash")
    async def crash() -> str:
        raise RuntimeError("on purpose")

    @app.get("/pieces")
    async def pieces() -> Response:
        return InPieces("unused")

    app.logger.disabled = True


class InPieces(Response):
    """Answers with a tuple, which WSGI allows."""

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [("X-Pieces", "2")])
        return b"one ", b"two"


PATHS = [
    *("/sync", "/sync/7", "/sync/x", "/sync/folder/", "/sync/folder", "//sync", "/sync/"),
    *("/later", "/later/7", "/later/folder/", "/later/caf\u00e9", "/later/caf\u00c3\u00a9"),
    *("/count", "/stream", "/empty", "/away", "/corrected", "/text", "/crash", "/pieces"),
    *("/nowhere", "", "/\ufffd"),
]
CHANGES: dict[str, dict[str, t.Any]] = {
    "as usual": {},
    "HEAD": {"method": "HEAD"},
    "POST": {"method": "POST", "headers": [(b"content-length", b"4")]},
    "OPTIONS": {"method": "OPTIONS"},
    "an unknown method": {"method": "PROPFIND"},
    "cookies": {"headers": [(b"cookie", b"a=1; b=\xe9")]},
    "cookies apart": {"headers": [(b"cookie", b"a=1"), (b"cookie", b"b=2")]},
    "another header twice": {"headers": [(b"x-by", b"a"), (b"x-by", b"b")]},
    "two hosts": {"host": [(b"host", b"evil.test"), (b"host", b"localhost")]},
    "another host": {"host": [(b"host", b"other.test:81")]},
    "a malformed host": {"host": [(b"host", b"a b")]},
    "no host": {"host": []},
    "an upgrade": {"headers": [(b"upgrade", b"websocket"), (b"connection", b"upgrade")]},
    "below a root": {"root_path": "/sync"},
    "over TLS": {"scheme": "https"},
    "as a WebSocket's": {"scheme": "wss"},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_an_answer_is_the_same_with_and_without_an_environment(changes: dict[str, t.Any]) -> None:
    with_it, without = Flask("with_it"), Flask("without")
    for app in (with_it, without):
        app.secret_key = "a key"
        fill(app)
    wrap(with_it)
    for path in PATHS:
        warm_up(without)
        assert ask(without, path=path, **changes) == ask(with_it, path=path, **changes), path


def test_a_hook_may_turn_a_request_into_one_for_the_head(app: Flask) -> None:
    @app.before_request
    def ask_for_the_head() -> None:
        request.environ["REQUEST_METHOD"] = "HEAD"

    @app.get("/")
    async def view() -> str:
        return "seen"

    expected = app.test_client().get("/")
    assert (expected.text, expected.headers["Content-Length"]) == ("", "4")
    warm_up(app)
    status, headers, body = ask(app)
    assert (status, dict(headers)[b"content-length"], body) == (200, b"4", b"")


def test_a_host_that_is_not_trusted_is_refused_later_too(app: Flask) -> None:
    @app.get("/")
    async def view() -> str:
        return "seen"

    warm_up(app)
    assert ask(app)[0] == 200
    app.config["TRUSTED_HOSTS"] = ["a.test"]
    assert ask(app)[0] == 400


def test_a_malformed_scope_is_an_error_when_it_is_read(app: Flask) -> None:
    @app.get("/")
    async def view() -> str:
        return request.path

    warm_up(app)
    with pytest.raises(ScopeError, match="malformed: AttributeError"):
        ask(app, query_string="a text")
    assert ask(app)[0] == 200


def test_a_copied_context_has_the_same_request(app: Flask) -> None:
    @app.get("/")
    async def view() -> str:
        copied = request_ctx.copy()
        assert copied is not request_ctx._get_current_object()  # type: ignore[attr-defined]
        return str(copied.request is request._get_current_object())  # type: ignore[attr-defined]

    warm_up(app)
    assert ask(app)[2] == b"True"


def test_a_thread_of_the_views_and_the_loop_agree_on_the_body(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[t.Any] = []
    make_exchange = _scope_context.HttpConnection

    def make(*arguments: t.Any) -> t.Any:
        time.sleep(0.05)  # the other one reads meanwhile
        made.append(make_exchange(*arguments))
        return made[-1]

    @app.post("/")
    async def view() -> bytes:
        return await asyncio.to_thread(lambda: request.get_data())

    warm_up(app)
    ask(app, method="POST")
    monkeypatch.setattr(_scope_context, "HttpConnection", make)
    assert ask(app, method="POST")[2] == b"text"
    assert len(made) == 1


def test_headers_that_can_be_read_once_are_read_once(app: Flask) -> None:
    @app.get("/")
    async def view() -> str:
        return request.headers["X-Name"]

    warm_up(app)
    assert ask(app, headers=[(b"x-name", b"Ada")])[2] == b"Ada"
    scope_headers = iter([(b"host", b"localhost"), (b"x-name", b"Bob")])
    assert ask(app, headers_as_they_are=scope_headers)[2] == b"Bob"


def test_a_host_of_any_length_is_not_remembered(app: Flask) -> None:
    app.get("/")(untouched)
    ask(app, host=[(b"host", b"a" * 1000)])
    ask(app, host=[(b"host", b"a.test")])
    assert app._fast_paths.accepted_hosts == {"a.test", b"a.test"}


def test_each_way_to_make_a_context_sets_the_same(app: Flask) -> None:
    found: list[set[str]] = []

    @app.get("/")
    async def view() -> str:
        found.append(set(vars(request_ctx._get_current_object())))  # type: ignore[attr-defined]
        return ""

    warm_up(app)
    ask(app)
    app.test_client().get("/")
    by_scope, by_environ = found
    own = {
        "_scope",
        "_receive",
        "_send",
        "_connection",
        "content_length",
        "content_type",
        "may_block",
    }
    # The environment is created at its first access.
    assert by_scope - own == by_environ - {"_environ"}
