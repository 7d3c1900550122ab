"""The sessions of a user: ``owner``, ``sessions_of``, ``end_sessions``."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from uuid import UUID

import pytest

from flask import Flask, session
from flask._sessions import owners
from flask.sessions import (
    SessionStore,
    SessionStoreError,
    SessionStoreUnavailable,
    end_sessions,
    sessions_of,
)

DAY = 86400


@pytest.fixture
def app(stored_app: Flask) -> Flask:
    app = stored_app

    @app.route("/login/<user>/<device>")
    def login(user: str, device: str) -> str:
        session.regenerate()
        session.owner = user
        session["device"] = device
        return "in"

    @app.route("/devices")
    def devices() -> list[object]:
        return [[found.data["device"], found.is_current] for found in sessions_of(session.owner)]

    @app.route("/out-everywhere")
    async def out_everywhere() -> str:
        return str(end_sessions(session.owner))

    @app.route("/out-elsewhere")
    def out_elsewhere() -> str:
        return str(end_sessions(session.owner, keep_current=True))

    app.add_url_rule("/out", "out", lambda: session.end() or "")
    app.add_url_rule("/clear", "clear", lambda: session.clear() or "")
    app.add_url_rule("/me", "me", lambda: str(session.owner))
    return app


def log_in(app: Flask, user: str, device: str) -> t.Any:
    client = app.test_client()
    assert client.get(f"/login/{user}/{device}").text == "in"
    return client


def devices_of(app: Flask, user: object) -> list[str]:
    with app.app_context():
        return [found.data["device"] for found in sessions_of(user)]


def test_a_user_sees_all_sessions_and_which_one_is_current(app: Flask) -> None:
    phone, laptop = log_in(app, "ann", "phone"), log_in(app, "ann", "laptop")
    log_in(app, "bob", "tablet")
    assert phone.get("/devices").json == [["phone", True], ["laptop", False]]
    assert laptop.get("/devices").json == [["phone", False], ["laptop", True]]
    assert devices_of(app, "eve") == []


def test_log_out_everywhere_ends_all_sessions_of_the_user_only(app: Flask) -> None:
    phone, laptop = log_in(app, "ann", "phone"), log_in(app, "ann", "laptop")
    bob = log_in(app, "bob", "tablet")
    response = phone.get("/out-everywhere")
    assert response.text == "2"
    assert response.headers["Set-Cookie"].startswith("session=;")
    assert [client.get("/me").text for client in (phone, laptop, bob)] == ["None", "None", "bob"]
    assert devices_of(app, "ann") == []


def test_log_out_elsewhere_keeps_the_current_session(app: Flask) -> None:
    phone, laptop = log_in(app, "ann", "phone"), log_in(app, "ann", "laptop")
    assert phone.get("/out-elsewhere").text == "1"
    assert [client.get("/me").text for client in (phone, laptop)] == ["ann", "None"]


@pytest.mark.parametrize("path", ["/out", "/clear"])
def test_a_session_that_ended_is_not_listed(app: Flask, path: str) -> None:
    phone, _ = log_in(app, "ann", "phone"), log_in(app, "ann", "laptop")
    phone.get(path)
    assert devices_of(app, "ann") == ["laptop"]


def test_a_session_that_gets_another_owner_moves(app: Flask) -> None:
    client = log_in(app, "ann", "phone")
    client.get("/login/bob/phone")
    assert (devices_of(app, "ann"), devices_of(app, "bob")) == ([], ["phone"])


def test_the_owner_can_be_changed_without_a_new_identifier(app: Flask) -> None:
    app.add_url_rule("/be/<user>", "be", lambda user: setattr(session, "owner", user) or "")
    app.add_url_rule("/none", "none", lambda: setattr(session, "owner", None) or "")
    client = log_in(app, "ann", "phone")
    client.get("/be/bob")
    assert (devices_of(app, "ann"), devices_of(app, "bob")) == ([], ["phone"])
    client.get("/none")
    assert devices_of(app, "bob") == []
    assert client.get("/me").text == "None"


@pytest.mark.parametrize("owner", [7, "7", UUID(int=7), "\u00e4\U0001f600"], ids=str)
def test_an_owner_is_a_number_a_text_or_a_uuid(stored_app: Flask, owner: object) -> None:
    @stored_app.route("/")
    def view() -> str:
        session.owner = owner
        return ""

    stored_app.test_client().get("/")
    with stored_app.app_context():
        assert [found.data for found in sessions_of(owner)] == [{"_owner": owner}]
        assert end_sessions(owner) == 1
        assert sessions_of(owner) == []


def test_a_session_without_a_store_has_no_list(app: Flask) -> None:
    other = Flask("other")
    other.secret_key = "key"
    with other.app_context():
        for function in (sessions_of, end_sessions):
            with pytest.raises(RuntimeError, match="needs sessions in a store"):
                function("ann")


def test_functions_work_before_the_first_request(
    make_app: Callable[..., Flask], store_url: str
) -> None:
    app = make_app(store_url)
    with app.app_context():
        assert sessions_of("ann") == []
        assert end_sessions("ann") == 0


# The list itself -------------------------------------------------------------------------------


def test_a_list_forgets_ended_sessions(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "_CLEANED_FROM", 3)
    for number in range(4):
        id = f"{number}" * 64
        owners.add_session(store, "ann", id, DAY)
        if number != 1:
            store.write(id, "{}", 0, DAY)
    assert owners.list_sessions(store, "ann") == ["0" * 64, "2" * 64, "3" * 64]


def test_a_list_is_bounded_and_the_oldest_sessions_end(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "_CLEANED_FROM", 3)
    monkeypatch.setattr(owners, "MOST_SESSIONS", 3)
    for number in range(6):
        store.write(str(number), "{}", 0, DAY)
        owners.add_session(store, "ann", str(number), DAY)
    assert owners.list_sessions(store, "ann") == ["3", "4", "5"]
    assert [store.read(str(number)) is None for number in range(6)] == [True] * 3 + [False] * 3


def test_concurrent_logins_are_all_listed(store: SessionStore) -> None:
    from test_stores import in_threads

    in_threads(16, lambda number: owners.add_session(store, "ann", str(number), DAY))
    assert sorted(owners.list_sessions(store, "ann"), key=int) == [str(n) for n in range(16)]


@pytest.mark.parametrize("garbage", ["nonsense", "[]", "{}", '{"sessions":1}', '{"sessions":[1]}'])
def test_a_list_that_is_garbage_is_written_again(store: SessionStore, garbage: str) -> None:
    store.write(owners._index_id("ann"), garbage, 0, DAY)
    assert owners.list_sessions(store, "ann") == []
    owners.remove_session(store, "ann", "1", DAY)
    owners.add_session(store, "ann", "1", DAY)
    assert owners.list_sessions(store, "ann") == ["1"]


def test_a_store_that_does_not_answer_is_unavailable(make_app: Callable[..., Flask]) -> None:
    class Down:
        name = "down"

        def read(self, id: str) -> t.NoReturn:
            raise SessionStoreError("refused")

        write = delete = touch = read

    app = make_app(Down())
    with app.app_context():
        for function in (sessions_of, end_sessions):
            with pytest.raises(SessionStoreUnavailable):
                function("ann")
