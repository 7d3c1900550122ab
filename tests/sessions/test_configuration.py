"""The settings ``SESSION_...``, the command, and what an application without them pays."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import typing as t
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from flask import Flask, session
from flask._sessions.configuration import make_store
from flask._sessions.memory_store import MemoryStore


@pytest.mark.parametrize(
    ("setting", "error", "message"),
    [
        ("", ValueError, "SESSION_STORE is the URL ''. Set it to 'sqlite:///sessions.sqlite'"),
        ("sqlite", ValueError, "SESSION_STORE is the URL 'sqlite'"),
        ("sqlite://", ValueError, "'sqlite://'"),
        ("sqlite:///", ValueError, "'sqlite:///'"),
        ("sqlite:///:memory:", ValueError, "'memory://'"),
        ("sqlite://host/file", ValueError, "'sqlite://host/file'"),
        ("postgresql://me:secret@host/db", ValueError, "'postgresql://...@host/db'"),
        (7, TypeError, r"SESSION_STORE is a int without read, write, delete, touch\(\)"),
    ],
)
def test_an_unknown_store_is_explained(
    setting: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        make_store(setting, "/folder")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SESSION_STORE_ERRORS", "ignore"),
        ("SESSION_CONFLICT", None),
        ("SESSION_STORE_LIFETIME", None),
        ("SESSION_STORE_LIFETIME", "1 day"),
        ("SESSION_STORE_LIFETIME", 0),
    ],
)
def test_an_unknown_value_of_a_setting_is_explained(
    make_app: Callable[..., Flask], name: str, value: object
) -> None:
    app = make_app("memory://", **{name: value})
    with pytest.raises(ValueError, match=f"{name} is {value!r}. Set it to "):
        app.test_client().get("/")


def test_a_mistake_in_a_setting_fails_at_startup(make_app: Callable[..., Flask]) -> None:
    async def start(app: Flask) -> None:
        async with app.lifespan():
            pass

    with pytest.raises(ValueError, match="SESSION_STORE is the URL 'nonsense'"):
        asyncio.run(start(make_app("nonsense")))


def test_settings_from_the_environment_work(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(None)
    for name, value in {
        "SESSION_STORE": "memory://",
        "SESSION_STORE_ERRORS": "503",  # read as a number
        "SESSION_STORE_LIFETIME": "60",
    }.items():
        monkeypatch.setenv(f"FLASK_{name}", value)
    app.config.from_prefixed_env()
    app.add_url_rule("/", "view", lambda: str(session.increment("n")))
    client = app.test_client()
    assert [client.get("/").text for _ in range(2)] == ["1", "2"]


def test_an_object_with_the_methods_of_a_store_can_be_the_store(
    make_app: Callable[..., Flask],
) -> None:
    class Own:
        def __init__(self) -> None:
            self.inner = MemoryStore()
            self.lifetimes: list[int] = []

        def read(self, id: str) -> tuple[str, int] | None:
            return self.inner.read(id)

        def write(self, id: str, data: str, version: int, lifetime: int) -> bool:
            self.lifetimes.append(lifetime)
            return self.inner.write(id, data, version, lifetime)

        def delete(self, id: str) -> None:
            self.inner.delete(id)

        def touch(self, id: str, lifetime: int) -> None:
            self.lifetimes.append(-lifetime)

    own = Own()
    app = make_app(own, SESSION_STORE_LIFETIME=100, PERMANENT_SESSION_LIFETIME=1000)
    app.add_url_rule("/", "view", lambda: str(session.increment("n")))
    app.add_url_rule("/keep", "keep", lambda: setattr(session, "permanent", True) or "")
    client = app.test_client()
    assert client.get("/").text == "1"
    client.get("/keep")
    assert own.lifetimes == [100, 1000]


def test_the_end_of_a_session_is_postponed_but_not_at_each_request(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    store = MemoryStore()
    touched: list[int] = []
    monkeypatch.setattr(store, "touch", lambda id, lifetime: touched.append(lifetime))
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    app = make_app(store, SESSION_STORE_LIFETIME=timedelta(seconds=100))
    app.add_url_rule("/", "view", lambda: session.setdefault("a", "ok"))
    client = app.test_client()

    def ask_at(second: float) -> list[int]:
        now[0] = 1000 + second
        touched.clear()
        client.get("/")
        return touched.copy()

    assert [ask_at(second) for second in (0, 0.5, 1.1, 1.5, 2.2)] == [[], [], [100], [], [100]]


def test_a_permanent_session_is_extended_with_its_cookie_unless_switched_off(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app("memory://")
    app.add_url_rule("/", "view", lambda: str(session.get("a")))
    client = app.test_client()
    with client.session_transaction() as kept:
        kept.update(a=1, _permanent=True)
    interface = t.cast("t.Any", app.session_interface)
    interface._extended.clear()  # as in another process
    assert "Expires" in client.get("/").headers["Set-Cookie"]
    assert "Set-Cookie" not in client.get("/").headers
    interface._extended.clear()
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    assert "Set-Cookie" not in client.get("/").headers


def test_what_a_process_knows_about_sessions_is_bounded(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    from flask._sessions import interface, memory_store

    monkeypatch.setattr(interface, "_MOST_KNOWN", 10)
    monkeypatch.setattr(memory_store, "_BETWEEN_PURGES", 5)
    app = make_app("memory://", SESSION_STORE_LIFETIME=1)
    app.add_url_rule("/", "view", lambda: str(session.increment("n")))
    for _ in range(25):
        app.test_client().get("/")
    assert len(t.cast("t.Any", app.session_interface)._extended) <= 10


def test_the_memory_store_forgets_expired_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    store = MemoryStore()
    for number in range(1500):
        now[0] += 1
        store.write(str(number), "{}", 0, 10)
    assert len(store._records) < 600  # they were searched after 1000 new ones
    store.purge()
    assert len(store._records) == 10


APP = """
from flask import Flask
app = Flask(__name__, instance_path=__file__.removesuffix("app.py") + "instance")
app.config.update(SECRET_KEY="k", SESSION_STORE={store!r})
"""


def run_flask(folder: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "flask", "--app", "app", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_the_command_purges_sqlite(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP.format(store="sqlite:///sessions.sqlite"))
    store = t.cast("t.Any", make_store(f"sqlite:///{tmp_path}/instance/sessions.sqlite", ""))
    store.write("a", "{}", 0, -1)
    store.write("b", "{}", 0, 3600)
    store.close()
    assert run_flask(tmp_path, "sessions", "purge") == (
        0,
        "Expired sessions that were deleted: 1.\n",
    )
    assert run_flask(tmp_path, "sessions", "purge") == (
        0,
        "Expired sessions that were deleted: 0.\n",
    )
    assert "sessions" in run_flask(tmp_path, "--help")[1]


def invoke(app: Flask, *arguments: str) -> t.Any:
    from flask.cli import FlaskGroup, ScriptInfo

    group = FlaskGroup(create_app=lambda: app)
    return app.test_cli_runner().invoke(
        group, list(arguments), obj=ScriptInfo(create_app=lambda: app)
    )


def test_the_command_has_nothing_to_do_for_a_store_without_purge(
    make_app: Callable[..., Flask],
) -> None:
    class Own:
        read = write = delete = touch = lambda self: None

    result = invoke(make_app(Own()), "sessions", "purge")
    assert (result.exit_code, "Nothing to do" in result.output) == (0, True)


def test_the_command_explains_a_store_that_does_not_answer(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    result = invoke(make_app(f"sqlite:///{tmp_path}/file/s.sqlite"), "sessions", "purge")
    assert result.exit_code == 1
    assert "Error: The session store does not answer" in result.output


def test_without_a_store_there_is_no_command(make_app: Callable[..., Flask]) -> None:
    result = invoke(make_app(None), "sessions", "purge")
    assert (result.exit_code, "No such command" in result.output) == (2, True)


def test_a_command_of_the_application_takes_precedence(make_app: Callable[..., Flask]) -> None:
    app = make_app("memory://")

    @app.cli.command("sessions")
    def sessions() -> None:
        print("my own")

    assert invoke(app, "sessions").output == "my own\n"


UNUSED = """
import sys
from flask import Flask, session
app = Flask("app")
app.secret_key = "k"
app.add_url_rule("/", "index", lambda: session.update(a=1) or "Hello")
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "a", "SERVER_PORT": "80"}
environ["wsgi.url_scheme"] = "http"
assert b"".join(app(environ, lambda *args: None)) == b"Hello"
print(*(name for name in sys.modules if name.startswith(("flask._sessions", "redis", "sqlite3"))))
"""


def test_an_application_without_a_store_imports_nothing_of_it() -> None:
    # Measuring coverage in the process would import more modules.
    variables = {name: it for name, it in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", UNUSED], capture_output=True, check=True, text=True, env=variables
    )
    assert done.stdout.split() == []


def test_the_same_operations_work_in_a_cookie(app: Flask) -> None:
    @app.route("/")
    def view() -> list[object]:
        session.append("items", 1)
        session.regenerate()
        session.owner = "ann"
        return [session.increment("n"), session["items"], session.owner]

    app.add_url_rule("/out", "out", lambda: session.end() or "")
    client = app.test_client()
    assert client.get("/").json == [1, [1], "ann"]
    assert client.get("/").json == [2, [1, 1], "ann"]
    client.get("/out")
    assert client.get_cookie("session") is None


@pytest.mark.parametrize("size", [4093, 1000])
def test_a_session_that_is_too_large_for_a_cookie_is_explained(app: Flask, size: int) -> None:
    app.config["MAX_COOKIE_SIZE"] = size
    keys = {"small": 1, "cart": [f"{n * 7919:x}" for n in range(900)], "notes": "x" * 300}
    app.add_url_rule("/", "view", lambda: session.update(keys) or "")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        response = app.test_client().get("/")
    assert response.headers["Set-Cookie"]
    ours = [str(warning.message) for warning in caught if "does not fit" in str(warning.message)]
    assert len(ours) == 1
    assert f"browsers ignore more than {size} (MAX_COOKIE_SIZE)" in ours[0]
    assert ours[0].index("'cart' (") < ours[0].index("'notes' (302 bytes)")
    assert "SESSION_STORE = 'sqlite:///sessions.sqlite'" in ours[0]


def test_a_session_that_is_too_large_for_a_cookie_can_be_an_error(app: Flask) -> None:
    app.config.update(SESSION_OVERFLOW="error", TESTING=True)
    app.add_url_rule("/", "view", lambda: session.update(a=[f"{n:x}" for n in range(9000)]) or "")
    with pytest.raises(ValueError, match=r"Its largest keys: 'a' \(\d+ bytes\)"):
        app.test_client().get("/")


def test_a_session_that_fits_is_not_explained(app: Flask) -> None:
    app.config["SESSION_OVERFLOW"] = "error"
    app.add_url_rule("/<int:n>", "view", lambda n: session.update(a="%x" % 7**n) or "")
    for n in (1, 1000, 4000):
        assert app.test_client().get(f"/{n}").status_code == 200
