"""When a request sends ``Set-Cookie`` and ``Vary``, as a table, and custom session interfaces."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest

from flask import Flask, Request, Response, flash, get_flashed_messages, redirect, request, session
from flask.sessions import NullSession, SecureCookieSession, SessionInterface, SessionMixin

COOKIE, VARY, DELETED = "Set-Cookie", "Vary", "deleted"


def make_permanent() -> None:
    session.permanent = True


# What the view does; what the client's session holds before; what the answer has.
TOUCHES: list[tuple[str, t.Callable[[], t.Any], dict[str, t.Any] | None, set[str]]] = [
    ("nothing", lambda: None, None, set()),
    ("nothing", lambda: None, {"a": 1}, set()),
    ("nothing", lambda: None, {"_permanent": True, "a": 1}, {COOKIE, VARY}),
    ("get", lambda: session.get("a"), None, {VARY}),
    ("get", lambda: session.get("a"), {"a": 1}, {VARY}),
    ("in", lambda: "a" in session, None, {VARY}),
    ("len", lambda: len(session), None, {VARY}),
    ("bool", lambda: bool(session), None, {VARY}),
    ("==", lambda: session == {}, None, {VARY}),
    ("repr", lambda: repr(session), None, {VARY}),
    ("iter", lambda: list(session), {"a": 1}, {VARY}),
    ("set", lambda: session.update(a=1), None, {COOKIE, VARY}),
    ("set the same", lambda: session.update(a=1), {"a": 1}, {COOKIE, VARY}),
    ("setdefault new", lambda: session.setdefault("a", 1), None, {COOKIE, VARY}),
    ("setdefault known", lambda: session.setdefault("a", 2), {"a": 1}, {VARY}),
    ("pop known", lambda: session.pop("a"), {"a": 1, "b": 2}, {COOKIE, VARY}),
    ("pop missing", lambda: session.pop("b", None), {"a": 1}, {VARY}),
    ("delete the last", lambda: session.pop("a"), {"a": 1}, {COOKIE, VARY, DELETED}),
    ("clear", lambda: session.clear(), {"a": 1}, {COOKIE, VARY, DELETED}),
    ("clear the empty", lambda: session.clear(), None, {COOKIE, VARY, DELETED}),
    ("popitem", lambda: session.popitem(), {"a": 1, "b": 2}, {COOKIE, VARY}),
    ("change inside", lambda: session["a"].append(1), {"a": []}, {VARY}),
    ("modified", lambda: setattr(session, "modified", True), {"a": 1}, {COOKIE, VARY}),
    ("permanent", make_permanent, None, {COOKIE, VARY}),
    ("flash", lambda: flash("x"), None, {COOKIE, VARY}),
    ("read flashes", lambda: get_flashed_messages(), None, {VARY}),
]


def headers_after(app: Flask, before: dict[str, t.Any] | None, path: str = "/") -> set[str]:
    client = app.test_client()
    if before is not None:
        with client.session_transaction() as kept:
            kept.update(before)
    response = client.get(path)
    found = {name for name in (COOKIE, VARY) if name in response.headers}
    if "Expires=Thu, 01 Jan 1970" in response.headers.get(COOKIE, ""):
        found.add(DELETED)
    assert response.headers.get(VARY, "Cookie") == "Cookie"
    return found


@pytest.mark.parametrize(
    ("touch", "before", "expected"),
    [pytest.param(*row[1:], id=f"{row[0]}, {row[2]}") for row in TOUCHES],
)
def test_the_answer_has_these_headers(
    app: Flask,
    touch: t.Callable[[], t.Any],
    before: dict[str, t.Any] | None,
    expected: set[str],
) -> None:
    app.add_url_rule("/", "view", lambda: (touch() and "") or "")
    assert headers_after(app, before) == expected


def test_a_permanent_session_is_refreshed_even_by_a_404_unless_switched_off(app: Flask) -> None:
    before = {"_permanent": True, "a": 1}
    assert headers_after(app, before, "/missing") == {COOKIE, VARY}
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    assert headers_after(app, before, "/missing") == set()


def test_a_session_that_failed_in_the_view_is_saved_with_the_error_page(app: Flask) -> None:
    app.logger.disabled = True

    @app.route("/")
    def view() -> t.NoReturn:
        session["a"] = 1
        raise ValueError

    assert headers_after(app, None) == {COOKIE, VARY}


def test_changes_while_streaming_come_too_late(app: Flask) -> None:
    from flask import stream_with_context

    @app.route("/")
    def view() -> t.Any:
        session["early"] = 1

        def body() -> t.Iterator[str]:
            session["late"] = 1
            yield session["early"] and "ok"

        return stream_with_context(body())

    client = app.test_client()
    assert client.get("/").text == "ok"
    with client.session_transaction() as kept:
        assert dict(kept) == {"early": 1}


def test_a_session_that_is_first_read_while_streaming_is_the_clients(app: Flask) -> None:
    from flask import stream_with_context

    def body() -> t.Iterator[str]:
        yield str(session.get("a"))

    app.add_url_rule("/", "view", lambda: Response(stream_with_context(body())))
    client = app.test_client()
    assert client.get("/").text == "None"
    with client.session_transaction() as kept:
        kept["a"] = 1
    assert client.get("/").text == "1"


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({}, ["HttpOnly", "Path=/"]),
        ({"SESSION_COOKIE_HTTPONLY": False}, ["Path=/"]),
        ({"SESSION_COOKIE_SECURE": True}, ["Secure", "HttpOnly", "Path=/"]),
        ({"SESSION_COOKIE_SAMESITE": "Lax"}, ["HttpOnly", "Path=/", "SameSite=Lax"]),
        ({"SESSION_COOKIE_SAMESITE": "Strict"}, ["HttpOnly", "Path=/", "SameSite=Strict"]),
        ({"SESSION_COOKIE_DOMAIN": "x.test"}, ["Domain=x.test", "HttpOnly", "Path=/"]),
        ({"SESSION_COOKIE_PATH": "/p"}, ["HttpOnly", "Path=/p"]),
        ({"APPLICATION_ROOT": "/root"}, ["HttpOnly", "Path=/root"]),
        (
            {"SESSION_COOKIE_PARTITIONED": True},
            ["Secure", "HttpOnly", "Path=/", "Partitioned"],
        ),
    ],
    ids=str,
)
def test_the_cookie_has_these_attributes(
    app: Flask, settings: dict[str, t.Any], parts: list[str]
) -> None:
    app.config.update(settings)
    app.add_url_rule("/", "view", lambda: session.update(a=1) or "")
    cookie = app.test_client().get("/").headers[COOKIE]
    name, *attributes = cookie.split("; ")
    assert name.startswith("session=")
    assert attributes == parts


def test_the_cookies_name_and_the_lifetime_are_configured(app: Flask) -> None:
    app.config.update(SESSION_COOKIE_NAME="mine", PERMANENT_SESSION_LIFETIME=60)

    @app.route("/")
    def view() -> str:
        session.permanent = True
        return ""

    cookie = app.test_client().get("/").headers[COOKIE]
    assert cookie.startswith("mine=")
    assert "Expires=" in cookie
    assert app.permanent_session_lifetime == timedelta(seconds=60)


def test_a_session_is_kept_from_request_to_request(app: Flask) -> None:
    @app.route("/")
    def count() -> str:
        session["n"] = session.get("n", 0) + 1
        return str(session["n"])

    client = app.test_client()
    assert [client.get("/").text for _ in range(3)] == ["1", "2", "3"]


def test_a_cookie_that_was_tampered_with_or_is_old_is_an_empty_session(app: Flask) -> None:
    app.add_url_rule("/", "view", lambda: session.get("a", "empty"))
    app.add_url_rule("/set", "set", lambda: session.update(a="kept") or "")
    client = app.test_client()
    client.get("/set")
    cookie = client.get_cookie("session")
    assert cookie is not None
    assert client.get("/").text == "kept"
    # Not the signature's last character: two of its six bits mean nothing.
    forged = cookie.value[:-2] + ("A" if cookie.value[-2] != "A" else "B") + cookie.value[-1]
    for value in ("nonsense", forged, "."):
        client.set_cookie("session", value)
        response = client.get("/")
        assert (response.status_code, response.text) == (200, "empty")
    client.set_cookie("session", cookie.value)
    app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(seconds=-10)
    assert client.get("/").text == "empty"


def test_an_old_key_still_reads_and_the_new_one_signs(app: Flask) -> None:
    app.add_url_rule("/", "view", lambda: session.get("a", "empty"))
    app.add_url_rule("/set/<v>", "set", lambda v: session.update(a=v) or "")
    client = app.test_client()
    client.get("/set/first")
    app.config.update(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["a key for tests"])
    assert client.get("/").text == "first"
    client.get("/set/second")
    app.config["SECRET_KEY_FALLBACKS"] = None
    assert client.get("/").text == "second"
    app.config["SECRET_KEY"] = "another"
    assert client.get("/").text == "empty"


def test_without_a_key_reading_works_and_writing_is_explained(app: Flask) -> None:
    app.secret_key = None
    with app.test_request_context():
        assert session.get("a") is None
        assert len(session) == 0
        for write in (
            lambda: session.update(a=1),
            lambda: session.__setitem__("a", 1),
            lambda: session.pop("a"),
            lambda: session.clear(),
            lambda: session.setdefault("a", 1),
        ):
            with pytest.raises(RuntimeError, match="no secret key was set"):
                write()
    app.add_url_rule("/", "view", lambda: str(session.get("a")))
    response = app.test_client().get("/")
    assert (response.text, COOKIE in response.headers) == ("None", False)


class Stored(dict[str, t.Any], SessionMixin):
    pass


class Storage(SessionInterface):
    """Keeps sessions on the server and notes each call."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.kept: dict[str, t.Any] = {}

    def open_session(self, app: Flask, request: Request) -> Stored | None:
        self.calls.append(f"open {request.endpoint}")
        return Stored(self.kept)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        self.calls.append("save")
        self.kept = dict(session)


@pytest.mark.parametrize("path", ["/", "/missing"])
def test_a_custom_interface_opens_before_routing_and_saves_every_request(
    app: Flask, path: str
) -> None:
    app.session_interface = storage = Storage()
    app.add_url_rule("/", "view", lambda: "untouched")
    app.test_client().get(path)
    assert storage.calls == ["open None", "save"]


def test_a_custom_interface_without_the_base_class_is_served_too(app: Flask) -> None:
    class Duck:
        calls: t.ClassVar[list[str]] = []

        def open_session(self, app: Flask, request: Request) -> Stored:
            self.calls.append("open")
            return Stored()

        def is_null_session(self, obj: object) -> bool:
            return False

        def save_session(self, app: Flask, session: t.Any, response: Response) -> None:
            self.calls.append("save")

    app.session_interface = Duck()  # type: ignore[assignment]
    app.add_url_rule("/", "view", lambda: "ok")
    assert app.test_client().get("/").text == "ok"
    assert Duck.calls == ["open", "save"]


def test_a_session_that_could_not_be_opened_is_a_null_session(app: Flask) -> None:
    class Nothing(Storage):
        def open_session(self, app: Flask, request: Request) -> None:
            self.calls.append("open")

    app.session_interface = storage = Nothing()
    app.add_url_rule(
        "/", "view", lambda: str(isinstance(session._get_current_object(), NullSession))
    )  # type: ignore[attr-defined]
    assert app.test_client().get("/").text == "True"
    assert storage.calls == ["open"]


def test_an_error_while_opening_a_session_is_an_error_of_the_request(app: Flask) -> None:
    app.logger.disabled = True

    class Broken(Storage):
        def open_session(self, app: Flask, request: Request) -> t.NoReturn:
            raise OSError("storage is down")

    app.session_interface = Broken()
    torn_down: list[bool] = []
    app.teardown_appcontext(lambda exc: torn_down.append(True))
    app.add_url_rule("/", "view", lambda: "ok")
    assert app.test_client().get("/").status_code == 500
    assert torn_down == [True]


def test_an_open_session_is_read_from_the_request_context(app: Flask) -> None:
    from flask.globals import request_ctx

    with app.test_request_context():
        session["a"] = 1
        assert request_ctx.session == {"a": 1}
        assert isinstance(request_ctx.session, SecureCookieSession)


def test_a_flash_lives_until_it_is_read(app: Flask) -> None:
    @app.route("/flash")
    def put() -> t.Any:
        flash("one")
        flash("two", "error")
        return redirect("/")

    @app.route("/")
    def show() -> t.Any:
        assert get_flashed_messages() == get_flashed_messages()
        return get_flashed_messages(
            with_categories="pairs" in request.args,
            category_filter=request.args.getlist("category"),
        )

    client = app.test_client()
    assert client.get("/flash", follow_redirects=True).json == ["one", "two"]
    assert client.get("/").json == []
    client.get("/flash")
    assert client.get("/?pairs").json == [["message", "one"], ["error", "two"]]
    client.get("/flash")
    assert client.get("/?category=error").json == ["two"]
    assert client.get("/").json == []
