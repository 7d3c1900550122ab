"""What applications change on sessions and JSON takes effect on the fast paths too."""

from __future__ import annotations

import hashlib
import typing as t
from datetime import UTC, datetime

import pytest
from changed_app import Marked, answering, get

from flask import (
    Flask,
    session,
)
from flask.json.provider import DefaultJSONProvider
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionInterface


def session_app(interface: SecureCookieSessionInterface) -> Flask:
    app = answering(lambda: session.update(a=1) or "set")
    app.add_url_rule("/other", "other", lambda: "does not look at the session")
    app.session_interface = interface
    return app


def cookie_of(app: Flask) -> str:
    return get(app)[1]["Set-Cookie"].split(";")[0]


CHANGES: dict[str, t.Any] = {
    "salt": "another",
    "digest_method": staticmethod(hashlib.sha256),
    "key_derivation": "django-concat",
    "get_signing_serializer": lambda self, app: None,
}


# Sessions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("late", [False, True])
def test_what_changes_the_signature_counts_whenever_it_is_set(name: str, late: bool) -> None:
    def own_serializer(self: SecureCookieSessionInterface, app: Flask) -> t.Any:
        app.secret_key, key = "another", app.secret_key
        try:
            return SecureCookieSessionInterface.get_signing_serializer(self, app)
        finally:
            app.secret_key = key

    class Own(SecureCookieSessionInterface):
        pass

    app = session_app(Own())
    usual = cookie_of(app)
    app = app if late else session_app(Own())
    setattr(Own, name, own_serializer if name == "get_signing_serializer" else CHANGES[name])
    own = cookie_of(app)
    assert own.split(".")[0] == usual.split(".")[0]
    assert own.split(".")[2] != usual.split(".")[2]
    signing = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    assert signing.loads(own.partition("=")[2]) == {"a": 1}
    # Nor is what the one interface signed a session for the other.
    assert cookie_of(session_app(SecureCookieSessionInterface())).split(".")[2] != own.split(".")[2]


def always(self: t.Any, app: t.Any, session: t.Any) -> bool:
    return True


@pytest.mark.parametrize(
    ("name", "value"), [("should_set_cookie", always), ("session_class", Marked)]
)
@pytest.mark.parametrize("place", ["class", "class, late", "object"])
def test_a_session_that_is_always_saved_is_saved_without_an_access(
    name: str, value: t.Any, place: str
) -> None:
    own = type("Own", (SecureCookieSessionInterface,), {name: value} if place == "class" else {})
    interface = own()
    if place == "class, late":
        setattr(own, name, value)
    elif place == "object":
        setattr(interface, name, value.__get__(interface) if value is always else value)
    app = session_app(interface)
    _, headers, _ = get(app, "/other", headers={"Cookie": cookie_of(app)})
    assert "session=" in headers["Set-Cookie"]


@pytest.mark.parametrize("name", ["open_session", "save_session"])
def test_a_step_of_the_built_in_interface_may_be_replaced(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    built_in = getattr(SecureCookieSessionInterface, name)
    monkeypatch.setattr(
        SecureCookieSessionInterface, name, lambda *args: seen.append(name) or built_in(*args)
    )
    get(session_app(SecureCookieSessionInterface()), "/other")
    assert seen == [name] * 2


@pytest.mark.parametrize("place", ["class, late", "object", "base"])
def test_an_attribute_of_the_cookie_may_be_overridden_late(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = type("Own", (SecureCookieSessionInterface,), {})
    app = session_app(own())
    assert "; Secure" not in get(app)[1]["Set-Cookie"]
    if place == "object":
        app.session_interface.get_cookie_secure = lambda app: True  # type: ignore[method-assign]
    else:
        base = own if place == "class, late" else SessionInterface
        monkeypatch.setattr(base, "get_cookie_secure", lambda self, app: True)
    assert "; Secure" in get(app)[1]["Set-Cookie"]


def test_an_interface_that_is_removed_again_has_no_effect() -> None:
    seen = []

    class Eager(SecureCookieSessionInterface):
        def open_session(self, app: t.Any, request: t.Any) -> SecureCookieSession | None:
            seen.append("opened")
            return super().open_session(app, request)

    class Own(Flask):
        session_interface = Eager()

    app = Own("own")
    app.session_interface = SecureCookieSessionInterface()
    app.add_url_rule("/", "index", lambda: "index")
    get(app)
    assert seen == []
    del app.session_interface
    get(app)
    assert seen == ["opened", "opened"]


@pytest.mark.parametrize("written", ["{}={}", "{} = {}", '{}="{}"', "a=b; {}={}"])
@pytest.mark.parametrize("size", [1, 500])
def test_a_permanent_session_is_renewed_with_every_kind_of_cookie(written: str, size: int) -> None:
    def index() -> str:
        session.permanent = True
        session["a"] = "x" * size
        return ""

    app = answering(index)
    app.add_url_rule("/other", "other", lambda: "does not look at the session")
    cookie = written.format(*cookie_of(app).split("="))
    environ = {"HTTP_COOKIE": cookie}  # as it is; the client would write it again
    assert "Set-Cookie" in get(app, "/other", environ_overrides=environ)[1]


def test_a_patched_clock_is_the_sessions_clock_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def index() -> str:
        session.permanent = True
        return ""

    app = answering(index)
    app.add_url_rule("/show", "show", lambda: repr(dict(session)))
    headers = {"Cookie": cookie_of(app)}
    assert get(app, "/show", headers=headers)[2] == b"{'_permanent': True}"
    later = datetime.now(UTC) + 2 * app.permanent_session_lifetime
    monkeypatch.setattr("time.time", later.timestamp)
    assert get(app, "/show", headers=headers)[2] == b"{}"


def test_tags_are_read_with_any_white_space_of_the_applications_json(app: Flask) -> None:
    class Indented(DefaultJSONProvider):
        def dumps(self, obj: t.Any, **options: t.Any) -> str:
            return super().dumps(obj, indent=0)

    app.json = Indented(app)
    app.secret_key = "a secret"
    app.add_url_rule("/", "index", lambda: session.update(a=(1, 2)) or "")
    app.add_url_rule("/show", "show", lambda: repr(session["a"]))
    assert get(app, "/show", headers={"Cookie": cookie_of(app)})[2] == b"(1, 2)"


def test_an_interface_that_opens_no_session_is_called_once_and_saves_none() -> None:
    events: list[t.Any] = []

    class Broken(SessionInterface):
        def open_session(self, app: t.Any, request: t.Any) -> t.Any:
            events.append("open")
            raise ConnectionError

        def save_session(self, app: t.Any, session: t.Any, response: t.Any) -> None:
            events.append((session, response.status_code))

    app = answering(lambda: "never")
    app.logger.disabled = True
    app.session_interface = Broken()
    assert get(app, headers={"Cookie": "session=x"})[0] == "500 INTERNAL SERVER ERROR"
    assert events == ["open", (None, 500)] * 2


class Unhashable:
    """A function that cannot be a key."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return other is self

    def __call__(self, value: t.Any) -> str:
        return "own"


def in_an_envelope(self: t.Any, args: t.Any, kwargs: t.Any) -> t.Any:
    return {"data": args[0]}


# JSON --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "body"),
    [
        ("dumps", lambda self, obj, **options: "own", b"own\n"),
        ("_prepare_response_obj", in_an_envelope, b'{"data":{"a":1}}\n'),
        ("default", Unhashable(), b'{"a":1}\n'),
        ("compact", False, b'{\n  "a": 1\n}\n'),
    ],
)
@pytest.mark.parametrize("base", [True, False])
def test_a_part_of_the_json_provider_may_be_set_late(
    name: str, value: t.Any, body: bytes, base: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own(DefaultJSONProvider):
        pass

    app = answering(lambda: {"a": 1})
    app.json = Own(app)
    assert get(app)[2] == b'{"a":1}\n'
    monkeypatch.setattr(DefaultJSONProvider if base else Own, name, value, raising=False)
    assert get(app)[2] == body


def test_an_applications_json_is_given_text_of_a_session(app: Flask) -> None:
    seen = set()

    class Own(DefaultJSONProvider):
        def loads(self, s: str | bytes, **options: t.Any) -> t.Any:
            seen.add(type(s))
            return super().loads(s, **options)

    app.json = Own(app)
    app.secret_key = "a secret"
    app.add_url_rule("/", "index", lambda: session.update(a=1) or "")
    app.add_url_rule("/show", "show", lambda: repr(dict(session)))
    assert get(app, "/show", headers={"Cookie": cookie_of(app)})[2] == b"{'a': 1}"
    assert seen == {str}


@pytest.mark.parametrize("base", [True, False])
def test_a_setting_of_json_may_be_set_late_on_a_class(
    base: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own(DefaultJSONProvider):
        pass

    app = answering(lambda: {"b": "é", "a": app})
    app.json = Own(app)
    kind = DefaultJSONProvider if base else Own
    for name, value, body in [
        ("default", staticmethod(lambda value: "app"), b'{"a":"app","b":"\\u00e9"}\n'),
        ("sort_keys", False, b'{"b":"\\u00e9","a":"app"}\n'),
        ("ensure_ascii", False, '{"b":"é","a":"app"}\n'.encode()),
    ]:
        monkeypatch.setattr(kind, name, value)
        assert get(app)[2] == body
    assert app.json.dumps([1, 2], separators=[",", ":"]) == "[1,2]"
