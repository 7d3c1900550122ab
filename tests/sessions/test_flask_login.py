"""Flask-Login with stored sessions: a login gives the session another identifier."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from flask import Flask, session
from flask.sessions import end_sessions

flask_login = pytest.importorskip("flask_login")

# Flask-Login calls it for its own cookie.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


class User(flask_login.UserMixin):  # type: ignore[misc, name-defined]
    def __init__(self, name: str) -> None:
        self.id = name


@pytest.fixture
def app(stored_app: Flask) -> Flask:
    app = stored_app
    manager = flask_login.LoginManager(app)
    manager.user_loader(User)

    @app.route("/")
    def index() -> str:
        return str(session.increment("n"))

    @app.route("/login/<name>")
    def login(name: str) -> str:
        flask_login.login_user(User(name), remember=True)
        session.owner = name
        return "in"

    @app.route("/async-login/<name>")
    async def async_login(name: str) -> str:
        flask_login.login_user(User(name))
        return "in"

    @app.route("/logout")
    def logout() -> str:
        flask_login.logout_user()
        return "out"

    @app.route("/me")
    @flask_login.login_required  # type: ignore[untyped-decorator]
    def me() -> str:
        return str(flask_login.current_user.id)

    @app.route("/everywhere")
    def everywhere() -> str:
        return str(end_sessions(flask_login.current_user.id))

    return app


def identifier_of(client: object) -> str:
    cookie = client.get_cookie("session")  # type: ignore[attr-defined]
    return str(cookie.value).partition(".")[0]


@pytest.mark.parametrize("path", ["/login/ann", "/async-login/ann"])
def test_a_login_regenerates_and_keeps_the_data(app: Flask, path: str) -> None:
    client = app.test_client()
    client.get("/")
    before = identifier_of(client)
    assert client.get(path).text == "in"
    assert identifier_of(client) != before
    assert client.get("/me").text == "ann"
    assert client.get("/").text == "2"
    planted = app.test_client()
    planted.set_cookie("session", before)
    assert planted.get("/me").status_code == 401


def test_a_login_by_the_remember_cookie_regenerates(app: Flask) -> None:
    client = app.test_client()
    client.get("/login/ann")
    client.delete_cookie("session")
    client.get("/")  # an anonymous session, which an attacker may have planted
    before = identifier_of(client)
    assert client.get("/me").text == "ann"
    assert identifier_of(client) != before


def test_a_logout_and_a_logout_everywhere_work(app: Flask) -> None:
    first, second = app.test_client(), app.test_client()
    for client in (first, second):
        client.get("/login/ann")
        client.delete_cookie("remember_token")
    assert first.get("/logout").text == "out"
    assert first.get("/me").status_code == 401
    assert second.get("/everywhere").text == "2"
    assert second.get("/me").status_code == 401


def test_a_cookie_session_is_not_changed(app: Flask, make_app: Callable[..., Flask]) -> None:
    app.test_client().get("/login/ann")  # connects the signals
    other = make_app(None)
    flask_login.LoginManager(other).user_loader(User)
    other.add_url_rule("/", "view", lambda: str(flask_login.login_user(User("ann"))))
    assert other.test_client().get("/").text == "True"


def test_flask_login_is_not_imported() -> None:
    code = (
        "import sys; from flask import Flask, session; app = Flask('app');"
        "app.config.update(SECRET_KEY='k', SESSION_STORE='memory://');"
        "app.add_url_rule('/', 'v', lambda: str(session.increment('n')));"
        "assert app.test_client().get('/').text == '1'; print('flask_login' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
