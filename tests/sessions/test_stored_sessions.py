"""Sessions in a store, used by views: with each store, over both protocols."""

from __future__ import annotations

import copy
import typing as t
from collections.abc import Callable

import pytest

from flask import Flask, Response, flash, get_flashed_messages, session
from flask._sessions.identifiers import hash_identifier, verify
from flask.sessions import SessionMixin
from flask.testing import FlaskClient

COOKIE, VARY, DELETED = "Set-Cookie", "Vary", "deleted"
KEY = "a key for tests"


def headers_of(response: t.Any) -> set[str]:
    found = {name for name in (COOKIE, VARY) if name in response.headers}
    if "Expires=Thu, 01 Jan 1970" in response.headers.get(COOKIE, ""):
        found.add(DELETED)
    assert len(response.headers.getlist(COOKIE)) <= 1
    return found


def cookie_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("session")
    assert cookie is not None
    return cookie.value


def id_of(cookie: str) -> str:
    verified = verify(cookie, [KEY])
    assert verified is not None
    return hash_identifier(verified[0])


def view_of(app: Flask, function: Callable[[], object]) -> None:
    app.add_url_rule("/", "view", lambda: (function() and "") or "")


def store_of(app: Flask) -> t.Any:
    app._compute_fast_paths()
    return t.cast("t.Any", app.session_interface).store


def test_a_session_is_kept_from_request_to_request(stored_app: Flask) -> None:
    @stored_app.route("/")
    def count() -> str:
        session["n"] = session.get("n", 0) + 1
        return str(session["n"])

    client = stored_app.test_client()
    assert [client.get("/").text for _ in range(3)] == ["1", "2", "3"]
    assert stored_app.test_client().get("/").text == "1"


def test_the_same_for_an_async_view(stored_app: Flask) -> None:
    @stored_app.route("/")
    async def count() -> str:
        session["cart"] = session.get("cart", {})
        session["cart"]["n"] = session["cart"].get("n", 0) + 1
        return str(session["cart"]["n"])

    client = stored_app.test_client()
    assert [client.get("/").text for _ in range(3)] == ["1", "2", "3"]


def make_permanent() -> None:
    session.permanent = True


# What the view does; what the session holds before; what the response has.
TOUCHES: list[tuple[str, Callable[[], t.Any], dict[str, t.Any] | None, set[str]]] = [
    ("nothing", lambda: None, None, set()),
    ("nothing", lambda: None, {"a": 1}, set()),
    ("nothing", lambda: None, {"_permanent": True, "a": 1}, set()),
    ("get", lambda: session.get("a"), None, {VARY}),
    ("get", lambda: session.get("a"), {"a": 1}, {VARY}),
    ("set", lambda: session.update(a=1), None, {COOKIE, VARY}),
    ("set", lambda: session.update(a=2), {"a": 1}, {VARY}),
    ("set", lambda: session.update(a=2), {"_permanent": True}, {COOKIE, VARY}),
    ("pop known", lambda: session.pop("a"), {"a": 1, "b": 2}, {VARY}),
    ("pop missing", lambda: session.pop("b", None), {"a": 1}, {VARY}),
    ("delete the last", lambda: session.pop("a"), {"a": 1}, {COOKIE, VARY, DELETED}),
    ("clear", lambda: session.clear(), {"a": 1}, {COOKIE, VARY, DELETED}),
    ("clear the empty", lambda: session.clear(), None, {VARY}),
    ("clear and set", lambda: (session.clear(), session.update(b=1)), {"a": 1}, {COOKIE, VARY}),
    ("end", lambda: session.end(), {"a": 1}, {COOKIE, VARY, DELETED}),
    ("end the empty", lambda: session.end(), None, {VARY}),
    ("end and set", lambda: (session.end(), session.update(b=1)), {"a": 1}, {COOKIE, VARY}),
    ("regenerate", lambda: session.regenerate(), {"a": 1}, {COOKIE, VARY}),
    ("regenerate the empty", lambda: session.regenerate(), None, {VARY}),
    ("change inside", lambda: session["a"].append(1), {"a": []}, {VARY}),
    ("modified", lambda: setattr(session, "modified", True), {"a": 1}, {VARY}),
    ("permanent", make_permanent, {"a": 1}, {COOKIE, VARY}),
    ("not permanent", lambda: session.pop("_permanent"), {"a": 1, "_permanent": True},
     {COOKIE, VARY}),
    ("flash", lambda: flash("x"), None, {COOKIE, VARY}),
    ("read flashes", lambda: get_flashed_messages(), None, {VARY}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("touch", "before", "expected"),
    [pytest.param(*row[1:], id=f"{row[0]}, {row[2]}") for row in TOUCHES],
)
def test_the_response_has_these_headers(
    make_app: Callable[..., Flask],
    protocol: str,
    touch: Callable[[], t.Any],
    before: dict[str, t.Any] | None,
    expected: set[str],
) -> None:
    app = make_app("memory://", protocol)
    view_of(app, touch)
    client = app.test_client()
    if before is not None:
        with client.session_transaction() as kept:
            kept.update(before)
    assert headers_of(client.get("/")) == expected


class Counting:
    """A store that notes each call."""

    name = "counting"

    def __init__(self, store: t.Any) -> None:
        self.store = store
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> t.Any:
        if name == "answers_at_once":
            raise AttributeError(name)
        self.calls.append(name)
        return getattr(self.store, name)


def count_calls(app: Flask) -> list[str]:
    interface: t.Any = app.session_interface
    interface.store = counting = Counting(interface.store)
    return counting.calls


@pytest.mark.parametrize(
    ("touch", "expected"),
    [
        (lambda: None, []),
        (lambda: session.get("a"), ["read"]),
        (lambda: session.update(a=1), ["read"]),  # the same value
        (lambda: session.update(a=2), ["read", "write"]),
        (lambda: session["b"].append(1), ["read", "write"]),
        (lambda: session.append("b", 1), ["read", "write"]),
        (lambda: session.end(), ["read", "delete"]),
        (lambda: session.clear(), ["read", "write", "delete"]),
        (lambda: session.regenerate(), ["read", "read", "write", "delete"]),
    ],
)
def test_the_store_is_called_only_if_needed(
    make_app: Callable[..., Flask], protocol: str, touch: Callable[[], t.Any], expected: list[str]
) -> None:
    app = make_app("memory://", protocol)
    view_of(app, touch)
    app.add_url_rule("/set", "set", lambda: session.update(a=1, b=[]) or "")
    client = app.test_client()
    client.get("/set")
    calls = count_calls(app)
    client.get("/")
    assert calls == expected


def test_a_new_visitor_costs_no_read(make_app: Callable[..., Flask], protocol: str) -> None:
    app = make_app("memory://", protocol)
    view_of(app, lambda: session.update(a=1))
    store_of(app)
    calls = count_calls(app)
    app.test_client().get("/")
    assert calls == ["write"]


def test_the_store_has_neither_identifier_nor_cookie(stored_app: Flask) -> None:
    view_of(stored_app, lambda: session.update(a=1))
    client = stored_app.test_client()
    client.get("/")
    cookie = cookie_of(client)
    store = store_of(stored_app)
    assert store.read(id_of(cookie)) == ('{"a":1}', 1)
    for part in (cookie, *cookie.split(".")):
        assert store.read(part) is None


def test_a_changed_session_has_the_cookie_that_it_had(stored_app: Flask) -> None:
    view_of(stored_app, lambda: session.increment("n"))
    client = stored_app.test_client()
    client.get("/")
    before = cookie_of(client)
    assert COOKIE not in client.get("/").headers
    assert cookie_of(client) == before


def test_regenerate_keeps_the_data_and_deletes_the_old_identifier(stored_app: Flask) -> None:
    app = stored_app
    app.add_url_rule("/", "count", lambda: str(session.increment("n")))
    app.add_url_rule("/login", "login", lambda: session.regenerate() or session.update(u=1) or "")
    client = app.test_client()
    client.get("/")
    old = cookie_of(client)
    client.get("/login")
    new = cookie_of(client)
    assert id_of(old) != id_of(new)
    assert store_of(app).read(id_of(old)) is None
    assert client.get("/").text == "2"
    client.set_cookie("session", old)
    assert client.get("/").text == "1"
    assert cookie_of(client) not in {old, new}


def test_a_login_that_clears_the_session_has_another_identifier(stored_app: Flask) -> None:
    """Applications that were written for cookies do this, and do not call `regenerate`."""
    app = stored_app

    @app.route("/login")
    def login() -> str:
        session.clear()
        session["user"] = 7
        return ""

    app.add_url_rule("/", "view", lambda: str(session.setdefault("a", 1)))
    client = app.test_client()
    client.get("/")
    planted = cookie_of(client)
    client.get("/login")
    assert store_of(app).read(id_of(planted)) is None
    assert store_of(app).read(id_of(cookie_of(client))) == ('{"user":7}', 1)


def test_a_stored_session_without_data_is_used(stored_app: Flask) -> None:
    app = stored_app
    app.add_url_rule("/", "view", lambda: str(session.increment("n")))
    client = app.test_client()
    client.get("/")
    id = id_of(cookie_of(client))
    assert store_of(app).write(id, "{}", 1, 1000)
    assert "Set-Cookie" not in client.get("/").headers
    assert store_of(app).read(id) == ('{"n":1}', 3)


def test_end_deletes_the_session_in_the_store(stored_app: Flask) -> None:
    app = stored_app
    app.add_url_rule("/", "count", lambda: str(session.increment("n")))
    app.add_url_rule("/out", "out", lambda: session.end() or flash("Bye.") or "")
    client = app.test_client()
    client.get("/")
    old = cookie_of(client)
    client.get("/out")
    assert store_of(app).read(id_of(old)) is None
    with client.session_transaction() as kept:
        assert dict(kept) == {"_flashes": [("message", "Bye.")]}
    client.set_cookie("session", old)
    assert client.get("/").text == "1"


def test_a_request_cannot_bring_back_a_session_that_was_ended_meanwhile(
    stored_app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    app = stored_app
    other = app.test_client()

    @app.route("/")
    def view() -> str:
        session.increment("n")
        if session["n"] == 2:
            other.set_cookie("session", cookie_of(client))
            other.get("/out")
        return str(session["n"])

    app.add_url_rule("/out", "out", lambda: session.end() or "")
    client = app.test_client()
    client.get("/")
    response = client.get("/")
    assert (response.text, COOKIE in response.headers) == ("2", False)
    assert "The changes of a request that ran at the same time were dropped" in caplog.text
    assert client.get("/").text == "1"


def test_a_session_that_another_request_added_to_is_not_deleted_by_a_clear(
    stored_app: Flask,
) -> None:
    app = stored_app
    other = app.test_client()

    @app.route("/clear")
    def clear() -> str:
        session.clear()
        other.set_cookie("session", cookie_of(client))
        other.get("/add")
        return ""

    app.add_url_rule("/set", "set", lambda: session.update(a=1) or "")
    app.add_url_rule("/add", "add", lambda: session.update(b=2) or "")
    app.add_url_rule("/", "view", lambda: dict(session))
    client = app.test_client()
    client.get("/set")
    assert COOKIE not in client.get("/clear").headers
    assert client.get("/").json == {"b": 2}


@pytest.mark.parametrize("setting", ["merge", "raise"])
def test_the_later_write_of_a_key_wins_or_is_a_conflict(
    make_app: Callable[..., Flask], store_url: str, protocol: str, setting: str
) -> None:
    app = make_app(store_url, protocol, SESSION_CONFLICT=setting)
    other = app.test_client()

    @app.route("/slow")
    def slow() -> str:
        session["a"] = "slow"
        session["b"] = "slow"
        other.set_cookie("session", cookie_of(client))
        assert other.get("/fast").status_code == 200
        return "stored"

    app.add_url_rule("/fast", "fast", lambda: session.update(a="fast", c="fast") or "")
    app.add_url_rule("/", "view", lambda: dict(session))
    client = app.test_client()
    client.get("/fast")
    with client.session_transaction() as kept:
        kept["a"] = "before"
    response = client.get("/slow")
    if setting == "merge":
        assert (response.status_code, response.text) == (200, "stored")
        assert client.get("/").json == {"a": "slow", "b": "slow", "c": "fast"}
    else:
        assert response.status_code == 409
        assert "Another request changed these keys of the session meanwhile" in response.text
        assert client.get("/").json == {"a": "fast", "c": "fast"}


def test_a_session_can_be_copied(stored_app: Flask) -> None:
    def view() -> None:
        session.update(a=[1])
        copied = copy.deepcopy(session._get_current_object())  # type: ignore[attr-defined]
        copied["a"].append(2)
        assert session["a"] == [1]
        assert isinstance(copied, SessionMixin)

    view_of(stored_app, view)
    assert stored_app.test_client().get("/").status_code == 200


def test_a_session_is_new_until_it_is_stored(stored_app: Flask) -> None:
    stored_app.add_url_rule("/", "v", lambda: f"{session.new} {session.update(a=1)}")
    client = stored_app.test_client()
    assert [client.get("/").text for _ in range(2)] == ["True None", "False None"]


def test_a_session_is_stored_if_the_view_fails(stored_app: Flask) -> None:
    stored_app.logger.disabled = True

    @stored_app.route("/")
    def view() -> t.NoReturn:
        session.increment("n")
        raise ValueError(str(session["n"]))

    @stored_app.errorhandler(ValueError)
    def explain(error: ValueError) -> Response:
        return Response(str(error))

    client = stored_app.test_client()
    assert [client.get("/").text for _ in range(2)] == ["1", "2"]


def test_a_session_is_stored_once_if_a_later_step_fails(stored_app: Flask) -> None:
    from flask import request_finished

    stored_app.logger.disabled = True
    view_of(stored_app, lambda: session.increment("n"))
    client = stored_app.test_client()

    def fail(sender: object, **values: object) -> None:
        raise ValueError

    with request_finished.connected_to(fail, stored_app):
        assert client.get("/").status_code == 500  # process_response ran a second time
    with client.session_transaction() as kept:
        assert kept["n"] == 1


def test_without_a_secret_key_the_session_is_read_only(make_app: Callable[..., Flask]) -> None:
    app = make_app("memory://", SECRET_KEY=None)
    app.add_url_rule("/", "view", lambda: str(session.get("a")))
    assert app.test_client().get("/").text == "None"
    with app.test_request_context(), pytest.raises(RuntimeError, match="no secret key was set"):
        session["a"] = 1


def test_an_interface_that_is_set_takes_precedence(make_app: Callable[..., Flask]) -> None:
    from flask.sessions import SecureCookieSessionInterface

    class Own(SecureCookieSessionInterface):
        pass

    app = make_app("memory://")
    app.session_interface = own = Own()
    view_of(app, lambda: session.update(a=1))
    app.test_client().get("/")
    assert app.session_interface is own

    class OwnApp(Flask):
        session_interface = own

    other = OwnApp("own")
    other.config.update(SECRET_KEY=KEY, SESSION_STORE="memory://")
    other.test_client().get("/")
    assert other.session_interface is own
