"""How a session is opened with and without the request object, and what may replace that."""

from __future__ import annotations

import typing as t

import pytest

from flask import Flask, Request, Response, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin


def marked(*args: object) -> SessionMixin:
    return SecureCookieSession({"by": "the override"})


def replace_on_the_interface(app: Flask, patch: pytest.MonkeyPatch) -> str:
    patch.setattr(app.session_interface, "open_session", marked)
    return "SecureCookieSession {'by': 'the override'}"


def replace_on_the_class(app: Flask, patch: pytest.MonkeyPatch) -> str:
    patch.setattr(SecureCookieSessionInterface, "open_session", marked)
    return "SecureCookieSession {'by': 'the override'}"


def replace_the_interface(app: Flask, patch: pytest.MonkeyPatch) -> str:
    class Own(SecureCookieSessionInterface):
        open_session = marked

    app.session_interface = Own()
    return "SecureCookieSession {'by': 'the override'}"


def replace_the_serializer(app: Flask, patch: pytest.MonkeyPatch) -> str:
    patch.setattr(app.session_interface, "get_signing_serializer", lambda app: None)
    return "NullSession {}"


def remove_the_key(app: Flask, patch: pytest.MonkeyPatch) -> str:
    app.secret_key = None
    return "NullSession {}"


def replace_nothing(app: Flask, patch: pytest.MonkeyPatch) -> str:
    return "SecureCookieSession {}"


@pytest.mark.parametrize("is_asgi", [False, True])
@pytest.mark.parametrize(
    "replace",
    [
        replace_nothing,
        replace_on_the_interface,
        replace_on_the_class,
        replace_the_interface,
        replace_the_serializer,
        remove_the_key,
    ],
)
def test_what_opens_a_session_may_be_replaced_after_the_first_request(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    replace: t.Callable[[Flask, pytest.MonkeyPatch], str],
    is_asgi: bool,
) -> None:
    app.session_interface = SecureCookieSessionInterface()

    @app.get("/")
    def view() -> str:
        return f"{type(session._get_current_object()).__name__} {dict(session)}"  # type: ignore[attr-defined]

    client = app.test_client(asgi=is_asgi)
    assert client.get("/").text == "SecureCookieSession {}"
    expected = replace(app, monkeypatch)
    response = client.get("/")
    assert response.text == expected
    assert response.headers.get("Vary") == (None if "Null" in expected else "Cookie")


def test_an_interface_of_another_class_opens_sessions(app: Flask) -> None:
    class Interface:
        opens_on_demand = True

        def open_session(self, app: Flask, request: Request) -> SessionMixin:
            return SecureCookieSession({"path": request.path})

        def is_null_session(self, session: object) -> bool:
            return False

        def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
            response.headers["X-Saved"] = session["path"]

    app.session_interface = Interface()  # type: ignore[assignment]
    app.add_url_rule("/a", "view", lambda: session["path"])
    response = app.test_client().get("/a")
    assert (response.text, response.headers["X-Saved"]) == ("/a", "/a")


COOKIES = {
    "none": None,
    "another": "a=1",
    "an empty one": "session=",
    "a forged one": "session=eyJhIjoxfQ.aaaaaa.bbbbbb",
    "two of one name": "session=x; session={signed}",
    "in quotes": 'session="{signed}"',
    "among others": "a=1; session={signed}; b=2",
    "with a tab": "a=1;\tsession={signed}",
    "no ASCII": "a=é; session={signed}",
}


@pytest.mark.parametrize("is_asgi", [False, True])
@pytest.mark.parametrize("header", COOKIES.values(), ids=COOKIES.keys())
def test_a_session_is_the_same_whether_the_request_object_exists_or_not(
    app: Flask, header: str | None, is_asgi: bool
) -> None:
    signing = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signing is not None
    app.add_url_rule("/without", "without", lambda: dict(session))
    app.add_url_rule("/with", "with", lambda: (request.cookies and "") or dict(session))
    client = app.test_client(asgi=is_asgi)
    headers = {}
    if header is not None:
        headers["Cookie"] = header.replace("{signed}", str(signing.dumps({"a": 1})))
    for _ in range(2):
        answers = [client.get(path, headers=headers) for path in ("/without", "/with")]
        assert answers[0].data == answers[1].data
        assert [answer.headers.get("Vary") for answer in answers] == ["Cookie", "Cookie"]


def test_a_request_class_may_read_the_cookies_elsewhere(app: Flask) -> None:
    class Own(Request):
        @property
        def cookies(self) -> t.Any:
            return {"session": self.headers["X-Session"]}

    app.request_class = Own
    app.add_url_rule("/", "view", lambda: dict(session))
    signing = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signing is not None
    signed = str(signing.dumps({"a": 1}))
    headers = {"Cookie": "session=other", "X-Session": signed}
    assert app.test_client().get("/", headers=headers).json == {"a": 1}
