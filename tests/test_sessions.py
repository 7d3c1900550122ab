"""Session classes and the signed cookie, without a request around them."""

from __future__ import annotations

import hashlib
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from itsdangerous import URLSafeTimedSerializer

from flask import Flask, Request, Response, session
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import (
    NullSession,
    SecureCookieSession,
    SecureCookieSessionInterface,
    SessionInterface,
    SessionMixin,
    session_json_serializer,
)

# What is done to a session with {"a": 1}, and whether it is modified then.
CHANGES: list[tuple[str, t.Callable[[t.Any], t.Any], bool]] = [
    ("nothing", lambda s: None, False),
    ("get", lambda s: s.get("a"), False),
    ("[]", lambda s: s["a"], False),
    ("in", lambda s: "a" in s, False),
    ("setdefault known", lambda s: s.setdefault("a", 2), False),
    ("pop missing", lambda s: s.pop("b", None), False),
    ("copy", lambda s: dict(s), False),
    ("set", lambda s: s.__setitem__("a", 1), True),
    ("delete", lambda s: s.__delitem__("a"), True),
    ("setdefault new", lambda s: s.setdefault("b", 2), True),
    ("pop", lambda s: s.pop("a"), True),
    ("popitem", lambda s: s.popitem(), True),
    ("update", lambda s: s.update(b=1), True),
    ("|=", lambda s: s.__ior__({"b": 1}), True),
    ("clear", lambda s: s.clear(), True),
    ("permanent", lambda s: setattr(s, "permanent", True), True),
]


@pytest.mark.parametrize(
    ("change", "modified"), [pytest.param(*row[1:], id=row[0]) for row in CHANGES]
)
def test_what_modifies_a_session(change: t.Callable[[t.Any], t.Any], modified: bool) -> None:
    made = SecureCookieSession({"a": 1})
    assert not made.modified
    change(made)
    assert made.modified is modified


def test_a_session_is_a_dict_with_marks() -> None:
    made = SecureCookieSession([("a", 1)])
    assert isinstance(made, dict)
    assert isinstance(made, SessionMixin)
    assert (made, made.new, made.accessed, made.permanent) == ({"a": 1}, False, False, False)
    made.permanent = True
    assert made == {"a": 1, "_permanent": True}
    assert made.permanent
    made.permanent = False
    assert made["_permanent"] is False
    assert SecureCookieSession() == {}


@pytest.mark.parametrize(
    "write",
    [
        lambda s: s.__setitem__("a", 1),
        lambda s: s.__delitem__("a"),
        lambda s: s.clear(),
        lambda s: s.pop("a", None),
        lambda s: s.popitem(),
        lambda s: s.update(a=1),
        lambda s: s.setdefault("a", 1),
        lambda s: setattr(s, "permanent", True),
    ],
)
def test_a_null_session_can_only_be_read(write: t.Callable[[t.Any], t.Any]) -> None:
    null = NullSession()
    assert (null.get("a"), len(null), null.permanent) == (None, 0, False)
    with pytest.raises(RuntimeError, match="secret_key"):
        write(null)


def test_the_base_interface_requires_two_methods(app: Flask) -> None:
    interface = SessionInterface()
    with pytest.raises(NotImplementedError):
        interface.open_session(app, t.cast("Request", None))
    with pytest.raises(NotImplementedError):
        interface.save_session(app, NullSession(), Response())


def test_null_sessions_are_made_and_known(app: Flask) -> None:
    interface = SessionInterface()
    null = interface.make_null_session(app)
    assert isinstance(null, NullSession)
    assert interface.is_null_session(null)
    assert not interface.is_null_session(SecureCookieSession())
    assert interface.null_session_class is NullSession
    assert interface.pickle_based is False


def test_the_cookies_attributes_come_from_the_configuration(app: Flask) -> None:
    interface = SecureCookieSessionInterface()

    def attributes() -> list[t.Any]:
        return [
            interface.get_cookie_name(app),
            interface.get_cookie_domain(app),
            interface.get_cookie_path(app),
            interface.get_cookie_httponly(app),
            interface.get_cookie_secure(app),
            interface.get_cookie_samesite(app),
            interface.get_cookie_partitioned(app),
        ]

    assert attributes() == ["session", None, "/", True, False, None, False]
    app.config["APPLICATION_ROOT"] = "/root"
    assert interface.get_cookie_path(app) == "/root"
    app.config.update(
        SESSION_COOKIE_NAME="n",
        SESSION_COOKIE_DOMAIN="d",
        SESSION_COOKIE_PATH="/p",
        SESSION_COOKIE_HTTPONLY=False,
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PARTITIONED=True,
    )
    assert attributes() == ["n", "d", "/p", False, True, "Lax", True]


def test_only_a_permanent_session_expires(app: Flask) -> None:
    interface, made = SecureCookieSessionInterface(), SecureCookieSession()
    assert interface.get_expiration_time(app, made) is None
    made.permanent = True
    end = interface.get_expiration_time(app, made)
    assert end is not None
    assert timedelta(days=30) < end - datetime.now(UTC) <= timedelta(days=31)


@pytest.mark.parametrize(
    ("modified", "permanent", "refresh", "expected"),
    [
        (False, False, True, False),
        (True, False, True, True),
        (False, True, True, True),
        (False, True, False, False),
        (True, True, False, True),
    ],
)
def test_when_the_cookie_is_set(
    app: Flask, modified: bool, permanent: bool, refresh: bool, expected: bool
) -> None:
    app.config["SESSION_REFRESH_EACH_REQUEST"] = refresh
    made = SecureCookieSession({"_permanent": permanent})
    made.modified = modified
    assert SecureCookieSessionInterface().should_set_cookie(app, made) is expected


VALUE = {"a": (1, b"x"), "_flashes": [("message", "text")], "long": "x" * 200}


def itsdangerous_serializer(keys: t.Any) -> URLSafeTimedSerializer:
    """What is documented of the cookie, made by this test."""
    return URLSafeTimedSerializer(
        keys,
        salt="cookie-session",
        serializer=TaggedJSONSerializer(),
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha1},
    )


def test_the_cookie_is_flasks_in_both_directions(app: Flask) -> None:
    app.add_url_rule("/set", "set", lambda: session.update(VALUE) or "")
    app.add_url_rule("/get", "get", lambda: str(session == VALUE))
    client = app.test_client()
    client.get("/set")
    cookie = client.get_cookie("session")
    assert cookie is not None
    assert cookie.value.startswith(".")  # compressed
    assert itsdangerous_serializer(app.secret_key).loads(cookie.value) == VALUE
    client.set_cookie(
        "session", t.cast("str", itsdangerous_serializer(app.secret_key).dumps(VALUE))
    )
    assert client.get("/get").text == "True"


def test_a_cookie_of_official_flask_is_read(app: Flask) -> None:
    """Made by official Flask 3.1.3 with the key of the tests; never too old."""
    app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(days=365 * 100)
    app.add_url_rule("/", "view", lambda: repr(dict(session)))
    client = app.test_client()
    client.set_cookie("session", OFFICIAL_COOKIE)
    assert client.get("/").text == "{'a': (1, b'x'), 'name': 'Ann é'}"


OFFICIAL_COOKIE = (
    "eyJhIjp7IiB0IjpbMSx7IiBiIjoiZUE9PSJ9XX0sIm5hbWUiOiJBbm4gXHUwMGU5In0.awMkkw.hnufm"
    "EXye76V5lgT3dDQC6cEPbo"
)


# What a session's cookie may hold although its signature is right.
INSIDES: list[tuple[bytes, dict[str, t.Any]]] = [
    (b'{"a":1}', {"a": 1}),
    (b"{}", {}),
    (b"[1]", {}),
    (b'"text"', {}),
    (b"null", {}),
    (b"{", {}),
    (b"", {}),
    (b"\xff", {}),
    (b"[" * 100_000, {}),
    (b'{"a":{" u":"no uuid"}}', {}),
    (b'{"a":{" d":5}}', {}),
    (b'{"a":{" b":7}}', {}),
]


class AsItIs:
    """A serializer that signs what it is given."""

    dumps = loads = staticmethod(lambda value, **options: value)


@pytest.mark.parametrize(("inside", "expected"), INSIDES, ids=lambda value: repr(value)[:30])
def test_a_genuine_cookie_that_cannot_be_read_is_an_empty_session(
    app: Flask, inside: bytes, expected: dict[str, t.Any]
) -> None:
    interface = SecureCookieSessionInterface()
    interface.serializer = AsItIs()
    signing = interface.get_signing_serializer(app)
    assert signing is not None
    client = app.test_client()
    client.set_cookie("session", signing.dumps(inside).decode())  # type: ignore[union-attr]
    app.add_url_rule("/", "index", lambda: dict(session))
    answer = client.get("/")
    assert (answer.status_code, answer.json) == (200, expected)


def test_the_signing_serializer_needs_a_key(app: Flask) -> None:
    interface = SecureCookieSessionInterface()
    assert interface.get_signing_serializer(app) is not None
    app.secret_key = None
    assert interface.get_signing_serializer(app) is None
    app.secret_key = b"bytes are a key"
    assert interface.get_signing_serializer(app) is not None


def test_fallback_keys_verify_and_the_key_signs(app: Flask) -> None:
    interface = SecureCookieSessionInterface()
    app.config["SECRET_KEY_FALLBACKS"] = ["old", "older"]
    signing = interface.get_signing_serializer(app)
    assert signing is not None
    for key in ("a key for tests", "old", "older"):
        assert signing.loads(itsdangerous_serializer(key).dumps({"k": 1})) == {"k": 1}
    assert itsdangerous_serializer("a key for tests").loads(signing.dumps({"k": 1})) == {"k": 1}


def test_a_key_that_changes_is_used_at_once(app: Flask) -> None:
    interface = SecureCookieSessionInterface()
    for key in ("first", "second"):
        app.secret_key = key
        signing = interface.get_signing_serializer(app)
        assert signing is not None
        assert itsdangerous_serializer(key).loads(signing.dumps({})) == {}


def test_parts_of_the_interface_may_be_replaced(app: Flask) -> None:
    class Own(SecureCookieSession):
        pass

    class OwnInterface(SecureCookieSessionInterface):
        salt = "own-salt"
        key_derivation = "django-concat"
        digest_method = staticmethod(hashlib.sha256)
        session_class = Own

    app.session_interface = interface = OwnInterface()
    app.add_url_rule("/set", "set", lambda: session.update(a=1) or "")
    app.add_url_rule(
        "/",
        "view",
        lambda: f"{type(session._get_current_object()).__name__} {dict(session)}",  # type: ignore[attr-defined]
    )
    client = app.test_client()
    client.get("/set")
    assert client.get("/").text == "Own {'a': 1}"
    signing = interface.get_signing_serializer(app)
    assert signing is not None
    assert signing.salt == b"own-salt"


def test_the_serializer_is_the_tagged_one() -> None:
    assert isinstance(session_json_serializer, TaggedJSONSerializer)
    assert SecureCookieSessionInterface.serializer is session_json_serializer
    assert SecureCookieSessionInterface.salt == "cookie-session"
    assert SecureCookieSessionInterface.key_derivation == "hmac"
    assert SecureCookieSessionInterface.digest_method(b"x").digest() == hashlib.sha1(b"x").digest()


def test_a_secret_key_that_changes_within_a_request_signs_the_answer(app: Flask) -> None:
    @app.get("/")
    def turn() -> str:
        session["a"] = session.get("a", 0) + 1
        if session["a"] == 2:  # now there was a cookie, which the first key had signed
            app.secret_key = "the next key"
        return "x"

    @app.get("/read")
    def read() -> str:
        return str(session.get("a"))

    app.secret_key = "the first key"
    client = app.test_client()
    client.get("/")
    client.get("/")
    assert app.secret_key == "the next key"
    assert client.get("/read").text == "2"
