"""What happens in one request, and in which order, as tables."""

from __future__ import annotations

import typing as t

import pytest
from recorder import Crash, Handled, Recorder

from flask import Blueprint, Flask, Response, after_this_request, g, session

OPEN = ["*appcontext_pushed", "open_session", "*request_started"]
APP_BEFORE = ["app.url_value", "app.before 1", "app.before 2"]
APP_AFTER = ["app.after 2", "app.after 1", "save_session", "*request_finished"]
CHILD_BEFORE = [
    *("app.url_value", "par.url_value", "ch.url_value"),
    *("app.before 1", "app.before 2", "par.before 1", "par.before 2", "ch.before 1", "ch.before 2"),
]
CHILD_AFTER = [
    *("ch.after 2", "ch.after 1", "par.after 2", "par.after 1", *APP_AFTER),
]


def app_teardown(error: str = "") -> list[str]:
    return [
        f"app.teardown 2{error}",
        f"app.teardown 1{error}",
        f"*request_tearing_down{error}",
        f"teardown_appcontext 2{error}",
        f"teardown_appcontext 1{error}",
        f"*appcontext_tearing_down{error}",
        "*appcontext_popped",
    ]


def child_teardown(error: str = "") -> list[str]:
    inner = ["ch.teardown 2", "ch.teardown 1", "par.teardown 2", "par.teardown 1"]
    return [f"{event}{error}" for event in inner] + app_teardown(error)


ORDERS: list[tuple[str, str, int, list[str]]] = [
    (
        "GET",
        "/view",
        200,
        [*OPEN, *APP_BEFORE, "view", "after_this_request", *APP_AFTER, *app_teardown()],
    ),
    (
        "HEAD",
        "/view",
        200,
        [*OPEN, *APP_BEFORE, "view", "after_this_request", *APP_AFTER, *app_teardown()],
    ),
    ("OPTIONS", "/view", 200, [*OPEN, *APP_BEFORE, *APP_AFTER, *app_teardown()]),
    ("PUT", "/view", 405, [*OPEN, *APP_BEFORE, *APP_AFTER, *app_teardown()]),
    ("GET", "/missing", 404, [*OPEN, *APP_BEFORE, *APP_AFTER, *app_teardown()]),
    ("GET", "/par/ch/missing", 404, [*OPEN, *APP_BEFORE, *APP_AFTER, *app_teardown()]),
    (
        "GET",
        "/http_error",
        409,
        [*OPEN, *APP_BEFORE, "view", "app.handler 409", *APP_AFTER, *app_teardown()],
    ),
    (
        "GET",
        "/unhandled_http_error",
        403,
        [*OPEN, *APP_BEFORE, "view", *APP_AFTER, *app_teardown()],
    ),
    (
        "GET",
        "/handled",
        418,
        [*OPEN, *APP_BEFORE, "view", "app.handler Handled", *APP_AFTER, *app_teardown()],
    ),
    (
        "GET",
        "/crash",
        500,
        [
            *(*OPEN, *APP_BEFORE, "view", "*got_request_exception Crash", *APP_AFTER),
            *app_teardown(" Crash"),
        ],
    ),
    (
        "GET",
        "/stream",
        200,
        [*OPEN, *APP_BEFORE, "view", *APP_AFTER, *app_teardown(), "chunk", "chunk", "closed"],
    ),
    ("HEAD", "/stream", 200, [*OPEN, *APP_BEFORE, "view", *APP_AFTER, *app_teardown(), "closed"]),
    (
        "GET",
        "/par/ch/view",
        200,
        [*OPEN, *CHILD_BEFORE, "view", "after_this_request", *CHILD_AFTER, *child_teardown()],
    ),
    ("OPTIONS", "/par/ch/view", 200, [*OPEN, *CHILD_BEFORE, *CHILD_AFTER, *child_teardown()]),
    (
        "GET",
        "/par/ch/http_error",
        409,
        [*OPEN, *CHILD_BEFORE, "view", "ch.handler 409", *CHILD_AFTER, *child_teardown()],
    ),
    (
        "GET",
        "/par/ch/handled",
        418,
        [*OPEN, *CHILD_BEFORE, "view", "ch.handler Handled", *CHILD_AFTER, *child_teardown()],
    ),
    (
        "GET",
        "/par/ch/crash",
        500,
        [
            *(*OPEN, *CHILD_BEFORE, "view", "*got_request_exception Crash", *CHILD_AFTER),
            *child_teardown(" Crash"),
        ],
    ),
]


@pytest.mark.parametrize(
    ("method", "path", "status", "events"),
    [pytest.param(*row, id=f"{row[0]} {row[1]}") for row in ORDERS],
)
@pytest.mark.parametrize("turn", ["first request", "second request"])
def test_events_come_in_this_order(
    method: str, path: str, status: int, events: list[str], turn: str
) -> None:
    recorder = Recorder()
    client = recorder.app.test_client()
    if turn == "second request":
        client.open(path, method=method, buffered=True)
        recorder.events.clear()
    response = client.open(path, method=method, buffered=True)
    assert response.status_code == status
    assert recorder.events == events


def test_a_crash_that_propagates_tears_down_with_the_error_and_answers_nothing() -> None:
    recorder = Recorder()
    recorder.app.testing = True
    with pytest.raises(Crash):
        recorder.app.test_client().get("/crash")
    assert recorder.events == [
        *(*OPEN, *APP_BEFORE, "view", "*got_request_exception Crash"),
        *app_teardown(" Crash"),
    ]


@pytest.mark.parametrize(
    ("raises_in", "expected"),
    [
        ("app.before 1", [*CHILD_BEFORE[:3], "app.before 1"]),
        ("par.before 1", [*CHILD_BEFORE[: CHILD_BEFORE.index("par.before 1") + 1]]),
        ("ch.url_value", CHILD_BEFORE[:3]),
    ],
)
def test_an_error_in_a_hook_skips_the_rest_and_reaches_the_nearest_handler(
    raises_in: str, expected: list[str]
) -> None:
    recorder = Recorder()
    original_note = recorder.note

    def note(event: str, exc: BaseException | None = None) -> None:
        original_note(event, exc)
        if event == raises_in:
            raise Handled

    recorder.note = note  # type: ignore[method-assign]
    assert recorder.app.test_client().get("/par/ch/view").status_code == 418
    between = recorder.events[len(OPEN) : recorder.events.index("ch.after 2")]
    assert between == [*expected, "ch.handler Handled"]


@pytest.mark.parametrize("answer", ["text", ("text", 202), "", {"a": 1}, []])
def test_what_before_request_returns_is_the_answer(app: Flask, answer: t.Any) -> None:
    app.before_request(lambda: answer)
    app.before_request(lambda: pytest.fail("must be skipped"))  # type: ignore[arg-type, return-value]
    app.add_url_rule("/", "view", lambda: pytest.fail("must be skipped"))
    with app.test_request_context():
        expected = app.make_response(answer)
    response = app.test_client().get("/")
    assert (response.status_code, response.data) == (expected.status_code, expected.data)


def test_an_after_request_that_raises_runs_the_chain_again_for_the_500(app: Flask) -> None:
    calls: list[str] = []
    app.logger.disabled = True

    def first(response: Response) -> Response:
        calls.append(f"first {response.status_code}")
        return response

    def raising(response: Response) -> Response:
        calls.append(f"raising {response.status_code}")
        if response.status_code == 200:
            raise Crash
        return response

    app.after_request(first)
    app.after_request(raising)
    app.add_url_rule("/", "view", lambda: "ok")
    assert app.test_client().get("/").status_code == 500
    assert calls == ["raising 200", "raising 500", "first 500"]


def test_an_after_request_that_always_raises_is_logged_and_the_500_is_sent(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    @app.after_request
    def raising(response: Response) -> Response:
        raise Crash

    app.add_url_rule("/", "view", lambda: "ok")
    assert app.test_client().get("/").status_code == 500
    assert [record.getMessage() for record in caplog.records] == [
        "Exception on / [GET]",
        "Request finalizing failed with an error while handling an error",
    ]


def test_an_after_request_must_return_a_response(app: Flask) -> None:
    app.after_request(lambda response: None)  # type: ignore[arg-type, return-value]
    app.add_url_rule("/", "view", lambda: "ok")
    app.testing = True
    with pytest.raises(TypeError):
        app.test_client().get("/")


def test_after_this_request_runs_in_order_and_only_once(app: Flask) -> None:
    @app.route("/")
    def view() -> str:
        for number in (1, 2):

            @after_this_request
            def mark(response: Response, number: int = number) -> Response:
                response.headers.add("X-Order", number)
                return response

        return "ok"

    @app.route("/sync")
    def sync() -> str:
        return "ok"

    app.after_request(lambda response: (response.headers.add("X-Order", "app"), response)[1])
    client = app.test_client()
    assert client.get("/").headers.getlist("X-Order") == ["1", "2", "app"]
    assert client.get("/sync").headers.getlist("X-Order") == ["app"]


def test_after_request_does_not_see_the_session_cookie_but_may_still_write_it(app: Flask) -> None:
    seen: list[bool] = []

    @app.after_request
    def late(response: Response) -> Response:
        seen.append("Set-Cookie" in response.headers)
        session["late"] = True
        return response

    app.add_url_rule("/", "view", lambda: session.update(early=True) or "ok")
    client = app.test_client()
    client.get("/")
    assert seen == [False]
    with client.session_transaction() as kept:
        assert dict(kept) == {"early": True, "late": True}


def test_hooks_of_a_sibling_blueprint_do_not_run(app: Flask) -> None:
    calls: list[str] = []
    for name in ("one", "two"):
        blueprint = Blueprint(name, "app", url_prefix=f"/{name}")
        blueprint.before_request(lambda name=name: calls.append(name))
        blueprint.add_url_rule("/", "view", lambda: "ok")
        app.register_blueprint(blueprint)
    client = app.test_client()
    client.get("/one/")
    client.get("/two/")
    client.get("/two/nowhere")
    assert calls == ["one", "two"]


def test_app_wide_hooks_of_a_blueprint_run_everywhere(app: Flask) -> None:
    calls: list[str] = []
    blueprint = Blueprint("b", "app")
    blueprint.app_url_value_preprocessor(lambda endpoint, values: calls.append("url_value"))
    blueprint.before_app_request(lambda: calls.append("before"))
    blueprint.after_app_request(lambda response: (calls.append("after"), response)[1])
    blueprint.teardown_app_request(lambda exc: calls.append("teardown"))
    app.register_blueprint(blueprint)
    app.register_blueprint(blueprint, name="again")
    app.test_client().get("/missing")
    assert calls == ["url_value", "before", "after", "teardown"]


def test_url_values_may_be_changed_before_the_view(app: Flask) -> None:
    @app.url_value_preprocessor
    def take_language(endpoint: str | None, values: dict[str, t.Any] | None) -> None:
        assert values is not None
        g.language = values.pop("language")

    app.add_url_rule("/<language>/<page>", "page", lambda page: f"{g.language}: {page}")
    assert app.test_client().get("/de/home").text == "de: home"


def test_teardown_after_a_request_gets_the_session_and_g_still(app: Flask) -> None:
    seen: list[t.Any] = []

    @app.route("/")
    def view() -> str:
        g.x = session["y"] = 1
        return "ok"

    app.teardown_request(lambda exc: seen.append((g.x, session["y"])))
    app.teardown_appcontext(lambda exc: seen.append(g.x))
    app.test_client().get("/")
    assert seen == [(1, 1), 1]
