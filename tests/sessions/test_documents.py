"""Writers that are slower than others: tries, their limit, and what was deleted meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flask import Flask, session
from flask._sessions import documents
from flask._sessions.documents import BusySessionError, Document, update
from flask._sessions.memory_store import MemoryStore
from flask.sessions import SecureCookieSession

ID, HOUR = "a" * 64, 3600


def add_one(data: dict[str, object]) -> dict[str, object]:
    return {**data, "n": int(str(data.get("n", 0))) + 1}


def change(store: MemoryStore, known: Document, must_exist: bool = True) -> Document | None:
    return update(store, ID, known, add_one, HOUR, must_exist)


def test_a_change_is_applied_to_the_newest_version() -> None:
    store = MemoryStore()
    store.write(ID, '{"n":1}', 0, HOUR)
    store.write(ID, '{"n":5,"a":1}', 1, HOUR)
    assert change(store, Document({"n": 1}, 1)) == Document({"n": 6, "a": 1}, 3)
    assert store.read(ID) == ('{"n":6,"a":1}', 3)


@pytest.mark.parametrize("version", [0, 3])
def test_what_was_deleted_is_created_again_only_if_that_is_allowed(version: int) -> None:
    store = MemoryStore()
    known = Document({"n": 7}, version)
    if version:
        assert change(store, known) is None
        assert store.read(ID) is None
    assert change(store, known, must_exist=False) is not None
    assert store.read(ID) == ('{"n":1}' if version else '{"n":8}', 1)


def test_garbage_that_another_program_wrote_meanwhile_is_replaced() -> None:
    store = MemoryStore()
    store.write(ID, "garbage", 0, HOUR)
    assert change(store, Document({"n": 1}, 7)) == Document({"n": 1}, 1)


class NeverFirst(MemoryStore):
    """Another writer is always faster."""

    answers_at_once = False

    def write(self, id: str, data: str, version: int, lifetime: int) -> bool:
        super().write(id, '{"n":0}', version, lifetime)
        return False


def test_a_writer_that_is_never_first_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_LONGEST", 0.02)
    with pytest.raises(BusySessionError, match="other requests always wrote first"):
        change(NeverFirst(), Document({}, 0))


def test_a_request_that_gives_up_is_a_503_and_others_go_on(
    make_app: Callable[..., Flask], protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "_LONGEST", 0.2)
    app = make_app(NeverFirst(), protocol)
    app.add_url_rule("/", "view", lambda: str(session.get("n")))
    app.add_url_rule("/count", "count", lambda: str(session.increment("n")))
    assert app.test_client().get("/count").status_code == 503
    assert app.test_client().get("/").text == "None"
    interface = app.session_interface
    interface._breaker.check()  # type: ignore[attr-defined]  # it stays closed


def test_a_session_of_another_class_is_explained(make_app: Callable[..., Flask]) -> None:
    from flask.globals import request_ctx

    app = make_app("memory://", TESTING=True)

    @app.route("/")
    def view() -> str:
        request_ctx._open_session = SecureCookieSession({"a": 1})  # type: ignore[attr-defined]
        return ""

    with pytest.raises(TypeError, match="was replaced by an object of another class"):
        app.test_client().get("/")
