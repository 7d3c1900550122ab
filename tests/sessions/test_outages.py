"""A store that does not answer: what requests get, what is logged, what waits."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable

import pytest

from flask import Flask, Response, jsonify, session, stream_with_context
from flask._sessions import outages
from flask._sessions.memory_store import MemoryStore
from flask.sessions import (
    SecureCookieSessionInterface,
    SessionStoreError,
    SessionStoreUnavailable,
)


class Failing(MemoryStore):
    """Raises an error for the calls that are named."""

    name = "redis://cache:6379/0"

    def __init__(self) -> None:
        super().__init__()
        self.broken: set[str] = set()
        self.error: Exception = SessionStoreError("ConnectionError: refused.")

    def __getattribute__(self, name: str) -> t.Any:
        if name in {"read", "write", "delete", "touch"} and name in self.broken:

            def fail(*arguments: object) -> t.NoReturn:
                raise self.error

            return fail
        return super().__getattribute__(name)


@pytest.fixture
def store() -> Failing:
    return Failing()


@pytest.fixture(params=["503", "empty"])
def errors(request: pytest.FixtureRequest) -> str:
    value: str = request.param
    return value


def add_views(app: Flask) -> None:
    app.add_url_rule("/", "untouched", lambda: "untouched")
    app.add_url_rule("/read", "read", lambda: str(session.get("n")))
    app.add_url_rule("/count", "count", lambda: str(session.increment("n")))
    app.add_url_rule("/end", "end", lambda: session.end() or "ended")
    app.add_url_rule("/new", "new", lambda: session.regenerate() or "new")

    async def count_async() -> str:
        return str(session.increment("n"))

    app.add_url_rule("/async", "async", count_async)


@pytest.fixture
def app(make_app: Callable[..., Flask], store: Failing, protocol: str, errors: str) -> Flask:
    app = make_app(store, protocol, SESSION_STORE_ERRORS=errors)
    add_views(app)
    return app


# Which calls fail; the path; for "503" and "empty" the status and the text, None: an error page.
OUTAGES: list[tuple[set[str], str, str | None, str]] = [
    ({"read", "write", "delete", "touch"}, "/", "untouched", "untouched"),
    ({"read", "write", "delete", "touch"}, "/read", None, "None"),
    ({"read", "write", "delete", "touch"}, "/count", None, "1"),
    ({"read", "write", "delete", "touch"}, "/async", None, "1"),
    ({"read", "write", "delete", "touch"}, "/end", None, "ended"),
    ({"write"}, "/read", "1", "1"),
    ({"write"}, "/count", None, "2"),
    ({"write"}, "/async", None, "2"),
    ({"write"}, "/new", None, "new"),
    ({"delete"}, "/end", None, "ended"),
    ({"touch"}, "/read", "1", "1"),
]


@pytest.mark.parametrize(("broken", "path", "with_503", "with_empty"), OUTAGES)
def test_a_request_is_served_if_it_can_be(
    app: Flask,
    store: Failing,
    errors: str,
    broken: set[str],
    path: str,
    with_503: str | None,
    with_empty: str,
) -> None:
    client = app.test_client()
    assert client.get("/count").text == "1"
    cookie = client.get_cookie("session")
    t.cast("t.Any", app.session_interface)._extended.clear()  # so that it is touched
    store.broken = broken
    response = client.get(path)
    expected = with_503 if errors == "503" else with_empty
    if expected is None:
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert "Sessions are not available at the moment" in response.text
    else:
        assert (response.status_code, response.text) == (200, expected)
    assert "Set-Cookie" not in response.headers
    store.broken = set()
    assert client.get_cookie("session") == cookie
    assert client.get("/count").text == "2"


def test_a_cookie_from_before_the_switch_waits_until_the_store_answers(
    app: Flask, store: Failing, errors: str
) -> None:
    signing = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signing is not None
    client = app.test_client()
    client.set_cookie("session", str(signing.dumps({"n": 5})))
    for broken in ({"read"}, {"write"}, {"read", "write"}):
        store.broken = broken
        response = client.get("/")
        assert (response.text, "Set-Cookie" in response.headers) == ("untouched", False)
    store.broken = {"read"}
    assert client.get("/read").status_code == (503 if errors == "503" else 200)
    store.broken = set()
    assert client.get("/count").text == "6"


@pytest.mark.parametrize("error", [OSError("refused"), ConnectionResetError(), TimeoutError()])
def test_an_operating_system_error_of_a_store_is_an_outage(
    app: Flask, store: Failing, errors: str, error: Exception
) -> None:
    client = app.test_client()
    client.get("/count")
    store.broken, store.error = {"read"}, error
    assert client.get("/read").status_code == (503 if errors == "503" else 200)


def test_another_error_of_a_store_is_a_bug(app: Flask, store: Failing) -> None:
    app.logger.disabled = True
    client = app.test_client()
    client.get("/count")
    store.broken, store.error = {"read"}, ZeroDivisionError()
    assert client.get("/read").status_code == 500


def test_one_line_a_minute_is_logged(
    app: Flask,
    store: Failing,
    errors: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = app.test_client()
    client.get("/count")
    store.broken = {"read"}
    for _ in range(5):
        client.get("/read")
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(
        "The session store redis://cache:6379/0 does not answer: ConnectionError: refused."
    )
    consequence = {"503": "are answered with 503, others are served", "empty": "Sessions are empty"}
    assert consequence[errors] in line
    assert line.endswith("This is logged at most once a minute.")
    later = time.monotonic() + 61
    monkeypatch.setattr(outages.time, "monotonic", lambda: later)
    client.get("/read")
    assert len(caplog.records) == 2
    assert "It happened 4 more times since the last line." in caplog.records[1].getMessage()


def test_the_handler_of_503_is_called(make_app: Callable[..., Flask], protocol: str) -> None:
    store = Failing()
    app = make_app(store, protocol)
    add_views(app)

    @app.errorhandler(SessionStoreUnavailable)
    def explain(error: SessionStoreUnavailable) -> tuple[Response, int, dict[str, str]]:
        return jsonify(error="sessions"), 503, {"X-Own": str(error.retry_after)}

    client = app.test_client()
    client.get("/count")
    for broken in ({"read"}, {"write"}):
        store.broken = broken
        response = client.get("/count")
        assert (response.status_code, response.json) == (503, {"error": "sessions"})
        assert response.headers["X-Own"] == "5"
        assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("kind", ["text", "redirect", "stream", "context", "file", "generator"])
def test_any_response_is_replaced_if_the_session_is_not_stored(
    make_app: Callable[..., Flask], protocol: str, kind: str
) -> None:
    store = Failing()
    app = make_app(store, protocol)
    closed: list[bool] = []

    def body() -> t.Iterator[str]:
        try:
            yield "first"
            yield "second"
        finally:
            closed.append(True)

    @app.route("/")
    def view() -> t.Any:
        from flask import redirect, send_file

        session["a"] = 1
        if kind == "file":
            return send_file(__file__)
        if kind == "context":
            return Response(stream_with_context(body()))
        made = {"text": "text", "redirect": redirect("/x"), "generator": body()}
        return made[kind] if kind in made else Response(body(), headers={"X-View": "1"})

    store.broken = {"write"}
    response = app.test_client().get("/")
    assert response.status_code == 503
    assert "Sessions are not available at the moment" in response.text
    assert int(response.headers["Content-Length"]) == len(response.data)
    assert {"X-View", "Location", "ETag", "Content-Disposition"}.isdisjoint(response.headers.keys())


@pytest.mark.parametrize(
    "data",
    ["", "nonsense", "[]", '{"a":{" u":"no uuid"}}', '{"a":{" b":1}}', "\0"],
)
def test_garbage_in_the_store_is_a_new_session(
    make_app: Callable[..., Flask], protocol: str, data: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore()
    app = make_app(store, protocol)
    add_views(app)
    client = app.test_client()
    client.get("/count")
    (id,) = store._records
    assert store.write(id, data, 1, 1000)
    assert client.get("/read").text == "None"
    assert client.get("/count").text == "1"
    assert client.get("/count").text == "2"
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("A session in memory:// is not readable, and the client gets a new one.")
    assert id in line


class Slow(Failing):
    """Needs some time to fail, on a clock of its own."""

    answers_at_once = False

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.asked = 0

    def read(self, id: str) -> tuple[str, int] | None:
        self.asked += 1
        if self.takes:
            self.now += self.takes
            raise SessionStoreError("TimeoutError")
        return super().read(id)

    takes = 0.0


@pytest.mark.parametrize(("takes", "asked"), [(0.01, 5), (2.0, 1)], ids=["refused", "timeout"])
def test_after_a_timeout_requests_do_not_wait(
    make_app: Callable[..., Flask],
    protocol: str,
    monkeypatch: pytest.MonkeyPatch,
    takes: float,
    asked: int,
) -> None:
    store = Slow()
    app = make_app(store, protocol)
    add_views(app)
    client = app.test_client()
    client.get("/count")
    monkeypatch.setattr("flask._sessions.interface.time.monotonic", lambda: store.now)
    store.takes = takes
    assert [client.get("/read").status_code for _ in range(5)] == [503] * 5
    assert store.asked == asked
    store.now += 1.1
    assert [client.get("/read").status_code for _ in range(5)] == [503] * 5
    assert store.asked == 2 * asked
    store.takes = 0
    store.now += 1.1
    assert [client.get("/read").text for _ in range(3)] == ["1"] * 3


def test_one_call_finds_out_whether_the_store_answers_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr(outages.time, "monotonic", lambda: now[0])
    breaker = outages.CircuitBreaker()
    breaker.note_failure(SessionStoreError("late"), 2)

    def is_allowed() -> bool:
        try:
            breaker.check()
        except SessionStoreError as error:
            assert str(error) == "late"
            return False
        return True

    assert not is_allowed()
    now[0] = 1.5
    assert [is_allowed(), is_allowed()] == [True, False]
    breaker.note_failure(SessionStoreError("late"), 0)
    assert not is_allowed()
    now[0] = 3
    assert is_allowed()
    breaker.note_success()
    assert [is_allowed(), is_allowed()] == [True, True]
