"""An application as users write it; checked by type checkers, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import assert_type

from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as BaseResponse

from flask import (
    Blueprint,
    Config,
    Flask,
    Request,
    Response,
    ServerSentEvent,
    abort,
    current_app,
    flash,
    g,
    get_flashed_messages,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    send_from_directory,
    session,
    stream_events,
    stream_template,
    stream_with_context,
    url_for,
    websocket,
)
from flask.sessions import OwnedSession, SessionMixin, end_sessions, sessions_of
from flask.typing import ResponseReturnValue

app = Flask(__name__, static_folder="static", template_folder="templates")
bp = Blueprint("users", __name__, url_prefix="/users")


# The proxies have the types of their objects.
def proxies() -> None:
    assert_type(request, Request)
    assert_type(current_app, Flask)
    assert_type(session, SessionMixin)
    assert_type(request.method, str)
    assert_type(request.args.get("a"), "str | None")
    assert_type(request.args.get("a", type=int), "int | None")
    assert_type(request.args.get("a", 1, type=int), int)
    assert_type(request.endpoint, "str | None")
    assert_type(request.blueprints, list[str])
    assert_type(request.max_content_length, "int | None")
    assert_type(current_app.config, Config)
    g.anything = 1
    del g.anything
    session["a"] = 1
    session.permanent = True
    session.pop("a", None)
    session.append("cart", {"id": 1})
    assert_type(session.increment("n"), int)
    assert_type(session.increment("sum", 0.5), float)
    session.owner = 7
    assert_type(sessions_of(7), list[OwnedSession])
    assert_type(end_sessions(7, keep_current=True), int)


# What a view may return.
@app.route("/str")
def returns_str() -> str:
    return "x"


@app.route("/bytes")
def returns_bytes() -> bytes:
    return b"x"


@app.route("/dict")
def returns_dict() -> dict[str, int]:
    return {"a": 1}


@app.route("/list")
def returns_list() -> list[str]:
    return ["a"]


@app.route("/status")
def returns_status() -> tuple[str, int]:
    return "x", 201


@app.route("/enum")
def returns_enum() -> tuple[str, HTTPStatus]:
    return "x", HTTPStatus.CREATED


@app.route("/headers")
def returns_headers() -> tuple[str, dict[str, str]]:
    return "x", {"X-A": "1"}


@app.route("/pairs")
def returns_pairs() -> tuple[str, list[tuple[str, str]]]:
    return "x", [("X-A", "1")]


@app.route("/three")
def returns_three() -> tuple[dict[str, int], int, dict[str, str]]:
    return {"a": 1}, 201, {"X-A": "1"}


@app.route("/response")
def returns_response() -> Response:
    return make_response("x", 201)


@app.route("/jsonify")
def returns_jsonify() -> Response:
    return jsonify(a=1)


@app.route("/base")
def returns_base() -> BaseResponse:
    return redirect(url_for("returns_str"))


@app.route("/generator")
def returns_generator() -> Iterator[str]:
    yield "x"


@app.route("/streamed")
def returns_stream() -> Iterator[str]:
    @stream_with_context
    def body() -> Iterator[str]:
        yield request.path

    return body()


@app.route("/streamed-generator")
def returns_stream_of_generator() -> ResponseReturnValue:
    return stream_with_context(part for part in ["a", "b"])


@app.route("/template")
def returns_template() -> str:
    return render_template("x.html", a=1)


@app.route("/stream-template")
def returns_stream_template() -> Iterator[str]:
    return stream_template("x.html", a=1)


@app.route("/files/<path:name>")
def returns_file(name: str) -> Response:
    if name == "x":
        return send_file("x.txt", mimetype="text/plain")
    return send_from_directory("files", name)


@app.route("/any")
def returns_any_of_these() -> ResponseReturnValue:
    return {"a": 1}, 200


@app.route("/abort")
def aborts() -> str:
    if request.args:
        abort(404)
    return "x"


@app.route("/http-exception")
def returns_http_exception() -> HTTPException:
    return NotFound()


# Async views and hooks.
@app.get("/async")
async def async_view() -> str:
    return "x"


@app.post("/async/<int:n>")
async def async_view_with_argument(n: int) -> tuple[dict[str, int], int]:
    return {"n": n}, 201


@app.before_request
async def async_before() -> None: ...


@app.after_request
async def async_after(response: Response) -> Response:
    return response


@app.teardown_request
async def async_teardown(error: BaseException | None) -> None: ...


@app.errorhandler(KeyError)
async def async_handler(error: KeyError) -> str:
    return str(error)


# Hooks.
@app.before_request
def before() -> ResponseReturnValue | None:
    return None


@app.before_request
def before_that_returns_nothing() -> None: ...


@app.after_request
def after(response: Response) -> Response:
    response.headers["X-A"] = "1"
    return response


@app.teardown_request
def teardown(error: BaseException | None) -> None: ...


@app.teardown_appcontext
def teardown_app(error: BaseException | None) -> None: ...


@app.context_processor
def context() -> dict[str, int]:
    return {"a": 1}


@app.shell_context_processor
def shell() -> dict[str, int]:
    return {"a": 1}


@app.url_value_preprocessor
def preprocess(endpoint: str | None, values: dict[str, object] | None) -> None: ...


# Error handlers with the concrete type of what they handle.
class OwnError(Exception):
    detail: str = ""


@app.errorhandler(OwnError)
def handle_own(error: OwnError) -> tuple[str, int]:
    return error.detail, 400


@app.errorhandler(404)
def handle_404(error: NotFound) -> tuple[str, int]:
    return error.description or "", 404


@app.errorhandler(HTTPException)
def handle_http(error: HTTPException) -> HTTPException:
    return error


@bp.app_errorhandler(500)
def handle_500(error: Exception) -> str:
    return str(error)


app.register_error_handler(ValueError, lambda error: "x")


# Decorators keep the type of what they decorate.
@app.route("/kept/<int:n>")
def kept(n: int, *, flag: bool = False) -> str:
    return str(n)


assert_type(kept(1, flag=True), str)
assert_type(handle_own(OwnError()), tuple[str, int])
assert_type(after(Response()), Response)


# Filters, tests and globals, with and without parentheses.
@app.template_filter
def bare(text: str) -> str:
    return text


@app.template_filter()
def with_parentheses(text: str) -> str:
    return text


@app.template_filter("named")
def with_name(text: str) -> str:
    return text


@app.template_test
def bare_test(number: int) -> bool:
    return number > 0


@app.template_global("named_global")
def a_global() -> int:
    return 1


@bp.app_template_filter
def blueprint_filter(text: str) -> str:
    return text


assert_type(bare("x"), str)
assert_type(with_parentheses("x"), str)
assert_type(with_name("x"), str)
assert_type(bare_test(1), bool)
assert_type(a_global(), int)


# Blueprints, test client, contexts.
@bp.route("/")
def users() -> str:
    flash("x", "info")
    get_flashed_messages(with_categories=True)
    return url_for(".users", _external=True)


app.register_blueprint(bp, url_prefix="/other")


def use_the_client() -> None:
    app.testing = True
    app.secret_key = "x"
    with app.test_client() as client:
        response = client.post("/", json={"a": 1}, follow_redirects=True)
        assert_type(response.status_code, int)
        assert_type(response.text, str)
        with client.session_transaction() as kept_session:
            kept_session["a"] = 1
    with app.app_context(), app.test_request_context("/x") as request_context:
        request_context.push()
        request_context.pop()
    app.run(debug=True, port=5000)


async def generate() -> AsyncIterator[str]:
    yield "x"


# Both protocols: WebSockets, events, startup and shutdown, clients.
@app.websocket("/chat/<topic>")
async def chat(topic: str) -> None:
    await websocket.accept(subprotocol="a")
    async for message in websocket:
        assert_type(message, str | bytes)
        await websocket.send(message)
    assert_type(await websocket.receive(), str | bytes)
    await websocket.send_json({"a": 1})
    await websocket.close(1000, "over")


@app.before_websocket
def only_members() -> tuple[str, int] | None:
    return None


@app.get("/events", blocking=False)
def events() -> Response:
    return stream_events(iter([ServerSentEvent("x", event="own", id=1), "text"]), retry=10)


@app.before_serving
async def connect() -> None:
    app.add_background_task(print, "a", sep="")


@app.while_serving
async def around() -> AsyncIterator[None]:
    yield


async def use_the_async_client() -> None:
    async with app.test_async_client() as client:
        response = await client.get("/")
        assert_type(response.status_code, int)
        async with client.websocket("/chat/a") as session:
            assert_type(await session.receive(), str | bytes)
    with app.test_client(asgi=True).websocket_connect("/chat/a") as sync_session:
        assert_type(sync_session.receive(), str | bytes)
