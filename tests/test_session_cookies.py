"""Several session cookies of one name, and sessions that are copied."""

from __future__ import annotations

import copy
import gc
import pickle
import time
import typing as t
from collections.abc import Callable
from types import FunctionType, ModuleType

import pytest
from itsdangerous import URLSafeTimedSerializer

from flask import Flask, session
from flask.sessions import NullSession, SecureCookieSession, SecureCookieSessionInterface

KEY = "a secret key of this application"
COPIES: dict[str, Callable[[t.Any], t.Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda session: pickle.loads(pickle.dumps(session)),
}


@pytest.fixture
def app() -> Flask:
    app = Flask("app")
    app.config["SECRET_KEY"] = KEY

    @app.route("/read")
    def read() -> dict[str, t.Any]:
        return dict(session)

    @app.route("/untouched")
    def untouched() -> str:
        return ""

    @app.route("/write/<value>")
    def write(value: str) -> str:
        session["written"] = value
        return ""

    return app


def sign(app: Flask, data: t.Any, key: str = KEY) -> str:
    app.config["SECRET_KEY"] = key
    try:
        serializer = t.cast("t.Any", app.session_interface).get_signing_serializer(app)
        return str(serializer.dumps(data))
    finally:
        app.config["SECRET_KEY"] = KEY


def cookies_of(app: Flask, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Cookies by kind; those in upper case are genuine."""
    other = URLSafeTimedSerializer(KEY, "another salt")
    cookies = {
        "UNTAGGED": sign(app, {"a": "UNTAGGED"}),
        "TAGGED": sign(app, {"a": "TAGGED", "b": (1, 2)}),
        "COMPRESSED": sign(app, {"a": "COMPRESSED", "b": "x" * 200}),
        "PERMANENT": sign(app, {"a": "PERMANENT", "_permanent": True}),
        "foreign": sign(app, {"a": "foreign"}, "another key"),
        "salted": str(other.dumps({"a": "salted"})),
        "text": "nothing-that-was-signed",
        "dots": "...",
        "none": "",
        "quoted": '"a b"',
        "cut": sign(app, {"a": "cut"})[:-3],
        "long": "x" * 3000,
    }
    long_ago = time.time() - 100 * 24 * 3600
    monkeypatch.setattr(time, "time", lambda: long_ago)
    cookies["expired"] = sign(app, {"a": "expired"})
    monkeypatch.undo()
    return cookies


GENUINE = ("UNTAGGED", "TAGGED", "COMPRESSED", "PERMANENT")
OTHERS = ("foreign", "salted", "text", "dots", "none", "quoted", "cut", "long", "expired")
ROWS = [
    *([genuine] for genuine in GENUINE),
    *([other, genuine] for other in OTHERS for genuine in GENUINE),
    *([genuine, other] for other in OTHERS for genuine in GENUINE),
    *([first, second] for first in GENUINE for second in GENUINE),
    ["foreign", "text", "none", "TAGGED", "UNTAGGED"],
]


@pytest.mark.parametrize("asgi", [False, True], ids=["wsgi", "asgi"])
class TestTheFirstGenuineCookieCounts:
    def ask(self, app: Flask, asgi: bool, path: str, *values: str, between: str = "; ") -> t.Any:
        client = app.test_client(use_cookies=False, asgi=asgi)
        client.get(path)  # so that the next request is one that takes the fast path
        header = between.join(["x=y", *(f"session={value}" for value in values), "z=1"])
        return client.get(path, headers={"Cookie": header})

    @pytest.mark.parametrize("kinds", ROWS, ids="-".join)
    def test_reading(
        self, app: Flask, asgi: bool, monkeypatch: pytest.MonkeyPatch, kinds: list[str]
    ) -> None:
        cookies = cookies_of(app, monkeypatch)
        expected = next(kind for kind in kinds if kind in GENUINE)
        values = [cookies[kind] for kind in kinds]
        for between in ("; ", ";"):
            assert self.ask(app, asgi, "/read", *values, between=between).json["a"] == expected

    @pytest.mark.parametrize("kind", OTHERS)
    def test_none_that_is_genuine(
        self, app: Flask, asgi: bool, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        cookies = cookies_of(app, monkeypatch)
        assert self.ask(app, asgi, "/read", cookies[kind], cookies["text"]).json == {}

    def test_what_is_written_begins_with_it(
        self, app: Flask, asgi: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cookies = cookies_of(app, monkeypatch)
        for genuine in GENUINE:
            answer = self.ask(app, asgi, "/write/new", cookies["foreign"], cookies[genuine])
            sent = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
            data = self.ask(app, asgi, "/read", sent).json
            assert (data["a"], data["written"]) == (genuine, "new")

    def test_a_permanent_one_behind_another_lives_on(
        self, app: Flask, asgi: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cookies = cookies_of(app, monkeypatch)
        answer = self.ask(app, asgi, "/untouched", cookies["foreign"], cookies["PERMANENT"])
        assert "Expires=" in answer.headers["Set-Cookie"]
        answer = self.ask(app, asgi, "/untouched", cookies["foreign"], cookies["UNTAGGED"])
        assert "Set-Cookie" not in answer.headers

    def test_another_interface_reads_them_the_same_way(
        self, app: Flask, asgi: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Own(SecureCookieSessionInterface):
            salt = "own"

        app.session_interface = Own()
        foreign, own = sign(app, {"a": 1}, "another key"), sign(app, {"a": 2})
        assert self.ask(app, asgi, "/read", foreign, own).json == {"a": 2}

    def test_a_client_cannot_have_any_number_of_them_verified(self, app: Flask, asgi: bool) -> None:
        genuine = sign(app, {"a": 1})
        assert self.ask(app, asgi, "/read", *["x"] * 19, genuine).json == {"a": 1}
        assert self.ask(app, asgi, "/read", *["x"] * 20, genuine).json == {}


@pytest.mark.parametrize("make_copy", COPIES.values(), ids=COPIES.keys())
@pytest.mark.parametrize("asgi", [False, True], ids=["wsgi", "asgi"])
def test_a_copy_is_equal_and_independent(
    app: Flask, asgi: bool, make_copy: Callable[[t.Any], t.Any]
) -> None:
    seen: list[bool] = []

    @app.route("/copy")
    def copied() -> str:
        original = t.cast("t.Any", session)._get_current_object()
        other = make_copy(original)
        seen.append(type(other) is SecureCookieSession and other is not original)
        seen.append(other == original == {"a": [1], "b": "x"})
        seen.append(other.permanent == original.permanent)
        other["b"] = "y"
        seen.append(other.modified and original["b"] == "x" and not original.modified)
        return ""

    client = app.test_client(asgi=asgi)
    with client.session_transaction() as transaction:
        transaction.update(a=[1], b="x")
    assert client.get("/copy").status_code == 200
    assert seen == [True] * 4


@pytest.mark.parametrize("make_copy", COPIES.values(), ids=COPIES.keys())
def test_an_empty_session_of_no_key_is_copied(make_copy: Callable[[t.Any], t.Any]) -> None:
    assert type(make_copy(NullSession())) is NullSession


@pytest.mark.parametrize("kind", GENUINE)
def test_a_session_does_not_carry_the_secret_key(
    app: Flask, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    cookie = cookies_of(app, monkeypatch)[kind]
    with app.test_request_context(headers={"Cookie": f"session={cookie}"}):
        original = t.cast("t.Any", session)._get_current_object()
        assert original["a"] == kind
        found: list[t.Any] = [original]
        for thing in found:
            assert thing != KEY
            found += [
                referent
                for referent in gc.get_referents(thing)
                if not isinstance(referent, (type, ModuleType, FunctionType))
                and not any(referent is known for known in found)
            ]
        assert KEY.encode() not in pickle.dumps(original)
