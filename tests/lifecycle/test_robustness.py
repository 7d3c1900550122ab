"""Cases in which official Flask 3.1 fails: threads, streams, teardown."""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile

import pytest
from jinja2 import DictLoader
from polling import LONGEST
from werkzeug.exceptions import ClientDisconnected
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask import (
    Flask,
    Response,
    copy_current_request_context,
    g,
    has_app_context,
    has_request_context,
    render_template,
    request,
    session,
    stream_with_context,
)

THREADS = 32


def test_a_copied_context_works_in_many_threads_at_once(app: Flask) -> None:
    together = threading.Barrier(THREADS)

    @app.route("/<name>")
    def view(name: str) -> t.Any:
        session["name"] = name

        @copy_current_request_context
        def work(number: int) -> str:
            together.wait(timeout=LONGEST)  # all of them are inside at the same time
            assert "number" not in g
            g.number = number
            return f"{request.path} {session['name']} {g.number}"

        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(work, range(THREADS)))

    answers = app.test_client().get("/ann").json
    assert answers == [f"/ann ann {number}" for number in range(THREADS)]


def test_a_copied_context_may_be_called_again_and_inside_the_request_itself(app: Flask) -> None:
    torn_down: list[str] = []
    app.teardown_request(lambda exc: torn_down.append(repr(exc)))
    with app.test_request_context("/x"):
        work = copy_current_request_context(lambda: request.path)
        assert [work(), work()] == ["/x", "/x"]
        failing = copy_current_request_context(lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            failing()
        assert request.path == "/x"
    assert work() == "/x"
    assert torn_down == [
        *("None", "None", "ZeroDivisionError('division by zero')", "None", "None"),
    ]


def test_a_copied_context_keeps_the_functions_name_and_result(app: Flask) -> None:
    with app.test_request_context("/x"):

        @copy_current_request_context
        def documented(a: int, *, b: int = 2) -> int:
            """Adds."""
            return a + b

    assert (documented.__name__, documented.__doc__) == ("documented", "Adds.")
    assert documented(1, b=3) == 4


class Workers:
    """A few threads that answer requests, as a server's workers do."""

    def __init__(self, app: Flask, count: int) -> None:
        self.app = app
        self.pools = [ThreadPoolExecutor(1) for _ in range(count)]

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for pool in self.pools:
            pool.shutdown()

    def ask(self, worker: int, path: str) -> t.Any:
        """Answer a request on a worker; the body is not read yet."""
        return self.pools[worker].submit(self._begin, path).result(timeout=LONGEST)

    def _begin(self, path: str) -> t.Any:
        body, status, _ = run_wsgi_app(self.app, EnvironBuilder(path).get_environ())
        return body, status

    def do(self, worker: int, function: t.Callable[..., t.Any], *args: t.Any) -> t.Any:
        return self.pools[worker].submit(function, *args).result(timeout=LONGEST)


def test_an_abandoned_stream_leaves_nothing_on_any_worker(app: Flask) -> None:
    counts = {"request": 0, "app": 0, "closed": 0}

    def count(name: str) -> None:
        counts[name] += 1

    app.teardown_request(lambda exc: count("request"))
    app.teardown_appcontext(lambda exc: count("app"))

    @app.route("/stream")
    def stream() -> Response:
        @stream_with_context
        def body() -> Iterator[str]:
            try:
                while True:
                    yield request.path
            finally:
                count("closed")

        return Response(body())

    @app.route("/")
    def index() -> str:
        assert not hasattr(g, "used")
        g.used = True
        return "ok"

    with Workers(app, 4) as workers:
        body, _ = workers.ask(0, "/stream")
        assert workers.do(0, next, body) == b"/stream"
        workers.do(1, body.close)
        assert counts == {"request": 2, "app": 2, "closed": 1}
        for worker in range(4):
            assert not workers.do(worker, has_request_context)
            assert not workers.do(worker, has_app_context)
        for number in range(100):
            answer, status = workers.ask(number % 4, "/")
            assert (b"".join(answer), status) == (b"ok", "200 OK")
        assert counts == {"request": 102, "app": 102, "closed": 1}


def test_streams_that_are_read_in_turn_do_not_see_each_other(app: Flask) -> None:
    @app.route("/<name>")
    def stream(name: str) -> Response:
        def body() -> Iterator[str]:
            for number in range(3):
                g.seen = getattr(g, "seen", "") + name
                yield f"{request.path}{number}{g.seen} "

        return Response(stream_with_context(body()))

    one, *_ = run_wsgi_app(app, EnvironBuilder("/a").get_environ())
    two, *_ = run_wsgi_app(app, EnvironBuilder("/b").get_environ())
    read = [next(stream) for _ in range(3) for stream in (one, two)]
    assert read == [b"/a0a ", b"/b0b ", b"/a1aa ", b"/b1bb ", b"/a2aaa ", b"/b2bbb "]
    for stream_ in (one, two):
        stream_.close()
    assert not has_request_context()


def test_a_stream_may_take_each_step_on_another_thread(app: Flask) -> None:
    @app.route("/s")
    def stream() -> Response:
        return Response(stream_with_context(f"{request.path}{n}" for n in range(4)))

    with Workers(app, 4) as workers:
        body, _ = workers.ask(0, "/s")
        assert [workers.do(n, next, body) for n in range(4)] == [b"/s0", b"/s1", b"/s2", b"/s3"]
        assert workers.do(2, next, body, "end") == "end"


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_body_that_raises_midway_closes_everything_once(app: Flask, after: int) -> None:
    events: list[str] = []
    app.teardown_request(lambda exc: events.append(f"request {type(exc).__name__}"))
    app.teardown_appcontext(lambda exc: events.append(f"app {type(exc).__name__}"))

    @app.route("/")
    def stream() -> Response:
        def body() -> Iterator[str]:
            try:
                for number in range(after):
                    yield str(number)
                raise ValueError(request.path)
            finally:
                events.append("body closed")

        response = Response(stream_with_context(body()))
        response.call_on_close(lambda: events.append("response closed"))
        return response

    body: t.Any = app(EnvironBuilder("/").get_environ(), lambda status, headers: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(ValueError, match="/"):
        list(body)
    body.close()
    assert events == [
        *("request NoneType", "app NoneType"),
        *("body closed", "request ValueError", "app ValueError"),
        "response closed",
    ]
    assert not has_request_context()


def test_a_sync_generator_body_that_raises_is_closed_once(app: Flask) -> None:
    events: list[str] = []

    @app.route("/")
    def stream() -> Response:
        def body() -> Iterator[bytes]:
            try:
                yield b"a"
                raise ValueError
            finally:
                events.append("body")

        response = Response(body())
        response.call_on_close(lambda: events.append("response"))
        return response

    body, *_ = run_wsgi_app(app, EnvironBuilder("/").get_environ())
    with pytest.raises(ValueError):
        list(body)
    body.close()
    assert events == ["body", "response"]


# Teardown callbacks by name, those that raise in capitals; newest first is the order.
RAISING = [
    (["a", "B", "c"], "B"),
    (["A", "B", "C"], "C"),
    (["A", "b", "c"], "A"),
    (["a", "b", "C"], "C"),
]


@pytest.mark.parametrize(("names", "raised"), RAISING)
@pytest.mark.parametrize("kind", ["teardown_request", "teardown_appcontext"])
def test_every_teardown_runs_and_the_first_error_is_raised(
    app: Flask, kind: str, names: list[str], raised: str
) -> None:
    ran: list[str] = []

    def callback(name: str) -> t.Callable[[BaseException | None], None]:
        def run(exc: BaseException | None) -> None:
            ran.append(name)
            if name.isupper():
                raise ValueError(name)

        return run

    for name in names:
        getattr(app, kind)(callback(name))
    app.teardown_appcontext_funcs.insert(0, lambda exc: ran.append("last"))
    app.add_url_rule("/", "view", lambda: "ok")
    with pytest.raises(ValueError, match=raised):
        app.test_client().get("/")
    assert ran == [*reversed(names), "last"]
    assert not has_request_context()
    assert not has_app_context()


def test_a_raising_teardown_still_lets_the_signals_go_out(app: Flask, received: t.Any) -> None:
    app.teardown_request(lambda exc: 1 / 0)  # type: ignore[arg-type, return-value]
    seen = received(app, "request_tearing_down", "appcontext_tearing_down", "appcontext_popped")
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/")
    assert [name for name, _ in seen][:2] == ["request_tearing_down", "appcontext_tearing_down"]


def test_a_raising_receiver_of_a_teardown_signal_does_not_stop_the_rest(app: Flask) -> None:
    from flask import request_tearing_down

    ran: list[str] = []
    app.teardown_appcontext(lambda exc: ran.append("app"))

    def receive(sender: Flask, **kwargs: t.Any) -> None:
        raise ValueError("receiver")

    with request_tearing_down.connected_to(receive, app), pytest.raises(ValueError):
        app.test_client().get("/")
    assert ran == ["app"]


def test_stream_with_context_as_a_decorator_takes_arguments(app: Flask) -> None:
    @app.route("/")
    def view() -> Response:
        @stream_with_context
        def body(*words: str, end: str) -> Iterator[str]:
            yield from words
            yield request.path + end

        return Response(body("a", "b", end="!"))

    assert app.test_client().get("/").text == "ab/!"


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_a_body_that_is_not_sent_is_closed_once(app: Flask, method: str, status: int) -> None:
    events: list[str] = []

    class Body:
        def __iter__(self) -> t.Self:
            return self

        def __next__(self) -> str:
            pytest.fail("must not be read")

        def close(self) -> None:
            events.append("closed")

    app.add_url_rule("/", "view", lambda: Response(Body(), status))
    app.test_client().open("/", method=method, buffered=True)
    assert events == ["closed"]


# Isolation -------------------------------------------------------------------------------------

REQUESTS = 500


@pytest.mark.slow
def test_requests_in_many_threads_never_see_each_other(app: Flask) -> None:
    """32 threads x 500 requests, with a token in everything that belongs to one request."""
    app.jinja_loader = DictLoader(
        {"page": "{{ processed }} {{ g.token }} {{ request.args.token }} {{ session.token }}"}
    )

    @app.before_request
    def keep() -> None:
        assert "token" not in g
        g.token = request.args["token"]

    @app.context_processor
    def tokens() -> dict[str, str]:
        return {"processed": g.token}

    @app.route("/<token>")
    def view(token: str) -> str:
        session["token"] = token
        return f"{token} {request.path[1:]} {session['token']} {render_template('page')}"

    @app.after_request
    def mark(response: Response) -> Response:
        response.headers["X-Token"] = g.token
        return response

    start = threading.Barrier(THREADS)
    wrong: list[t.Any] = []

    def run(thread: int) -> None:
        template = EnvironBuilder("/").get_environ()
        cookie = ""
        start.wait(timeout=LONGEST)
        for number in range(REQUESTS):
            token = f"t{thread}-{number}"
            seen: dict[str, str] = {}
            environ = {**template, "PATH_INFO": f"/{token}", "QUERY_STRING": f"token={token}"}
            if cookie:
                environ["HTTP_COOKIE"] = cookie
            body = app(environ, lambda status, headers, seen=seen: seen.update(headers))
            text = b"".join(body).decode()
            cookie = seen["Set-Cookie"].partition(";")[0]
            if {*text.split(), seen["X-Token"]} != {token}:
                wrong.append((token, text))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run, range(THREADS)))
    assert wrong == []


@pytest.mark.parametrize("size", [100_000, 900_000])
def test_a_file_whose_upload_is_aborted_is_closed(
    app: Flask, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[t.Any] = []

    def make_file(*args: t.Any) -> t.Any:
        files.append(SpooledTemporaryFile(500_000))  # noqa: SIM115  # what is tested closes it
        return files[-1]

    monkeypatch.setattr("flask._http.multipart.default_stream_factory", make_file)
    app.config["MAX_FILE_MEMORY_SIZE"] = 0
    body = b'--B\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n' + b"c" * size
    kind = "multipart/form-data; boundary=B"
    length = {"CONTENT_LENGTH": str(len(body) + 100)}
    with app.test_request_context(
        "/", method="POST", content_type=kind, data=body, environ_overrides=length
    ):
        with pytest.raises(ClientDisconnected):
            _ = request.files
        assert [file.closed for file in files] == [True]
