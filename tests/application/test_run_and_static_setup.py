"""``run``, the shell context, resources and static folders of an application."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import werkzeug.serving

from flask import Blueprint, Flask, g
from flask._debug.wsgi import Debugger


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[t.Any, ...]]:
    """What ``run_simple`` was called with; no server is started."""
    calls: list[tuple[t.Any, ...]] = []

    def run_simple(host: str, port: int, app: t.Any, **options: t.Any) -> None:
        if isinstance(app, Debugger):  # ours, and Werkzeug's is off
            assert not options["use_debugger"]
            app, options["use_debugger"] = app.app, True
        calls.append((host, port, app, options))

    monkeypatch.setattr(werkzeug.serving, "run_simple", run_simple)
    monkeypatch.chdir(tmp_path)
    return calls


# SERVER_NAME, what run() is given, and where it listens.
ADDRESSES: list[tuple[str | None, dict[str, t.Any], str, int]] = [
    (None, {}, "127.0.0.1", 5000),
    ("x.test", {}, "x.test", 5000),
    ("x.test:8080", {}, "x.test", 8080),
    ("x.test:8080", {"host": "0.0.0.0"}, "0.0.0.0", 8080),
    ("x.test:8080", {"port": 80}, "x.test", 80),
    (None, {"port": "8000"}, "127.0.0.1", 8000),
    (None, {"port": 0}, "127.0.0.1", 0),
]


@pytest.mark.parametrize(("server_name", "given", "host", "port"), ADDRESSES)
def test_where_it_listens(
    app: Flask,
    served: list[t.Any],
    server_name: str | None,
    given: dict[str, t.Any],
    host: str,
    port: int,
) -> None:
    app.config["SERVER_NAME"] = server_name
    app.run(**given)
    assert served == [
        (host, port, app, {"use_reloader": False, "use_debugger": False, "threaded": True})
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"debug": True}, {"use_reloader": True, "use_debugger": True, "threaded": True}),
        (
            {"debug": True, "use_reloader": False, "threaded": False},
            {"use_reloader": False, "use_debugger": True, "threaded": False},
        ),
        (
            {"ssl_context": "adhoc"},
            {
                "ssl_context": "adhoc",
                "use_reloader": False,
                "use_debugger": False,
                "threaded": True,
            },
        ),
    ],
    ids=str,
)
def test_how_it_serves(
    app: Flask, served: list[t.Any], given: dict[str, t.Any], expected: dict[str, t.Any]
) -> None:
    app.run(**given)
    assert served[0][3] == expected
    assert app.debug is bool(given.get("debug"))


def test_it_shows_a_banner(
    app: Flask, served: list[t.Any], capsys: pytest.CaptureFixture[str]
) -> None:
    app.run()
    assert f"Serving Flask app '{app.name}'" in capsys.readouterr().out
    assert len(served) == 1


def test_set_up_may_go_on_after_the_server_has_stopped(app: Flask, served: list[t.Any]) -> None:
    app.test_client().get("/")
    app.run()
    app.add_url_rule("/late", "late", lambda: "late")
    assert app.test_client().get("/late").text == "late"
    assert len(served) == 1


def test_variables_of_dotenv_files_are_used(
    app: Flask, served: list[t.Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("dotenv")
    monkeypatch.setenv("FLASK_DEBUG", "0")
    monkeypatch.delenv("FLASK_DEBUG")
    (tmp_path / ".flaskenv").write_text("FLASK_DEBUG=1\n")
    app.run(load_dotenv=False)
    assert app.debug is False
    app.run()
    assert app.debug is True
    assert len(served) == 2


def test_under_the_flask_command_it_does_nothing(
    app: Flask,
    served: list[t.Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")
    app.run()
    assert served == []
    assert "Ignoring a call to 'app.run()'" in capsys.readouterr().out
    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
    app.run()
    assert (served, capsys.readouterr().out) == ([], "")


def test_the_names_of_the_shell(app: Flask) -> None:
    app.shell_context_processor(lambda: {"x": 1})
    assert app.make_shell_context() == {"app": app, "g": g, "x": 1}


def test_resources_are_opened_for_reading(app: Flask, tmp_path: Path) -> None:
    own = Flask("own", root_path=str(tmp_path), instance_path=str(tmp_path / "instance"))
    (tmp_path / "data.txt").write_text("é", encoding="utf-8")
    (tmp_path / "instance").mkdir()
    with own.open_resource("data.txt") as file:
        assert file.read() == "é".encode()
    with own.open_resource("data.txt", "r", encoding="latin-1") as file:
        assert file.read() == "Ã©"
    with own.open_resource("data.txt", mode="rt", encoding="utf-8") as file:
        assert file.read() == "é"
    for mode in ("w", "x", "a", "r+"):
        with pytest.raises(ValueError, match="reading"):
            own.open_resource("data.txt", mode)
    with own.open_instance_resource("new.txt", "w") as file:
        file.write("é")
    with own.open_instance_resource("new.txt") as file:
        assert file.read() == "é".encode()
    with own.open_instance_resource("new.txt", "r") as file:
        assert file.read() == "é"


@pytest.mark.parametrize(
    ("folder", "url_path", "path", "expected"),
    [
        ("static", None, "static", "/static"),
        ("static/", None, "static", "/static"),
        ("a/b", None, "a/b", "/b"),
        ("static", "/own", "static", "/own"),
        ("static", "/own/", "static", "/own"),
        ("static", "", "static", ""),
        (Path("static"), None, "static", "/static"),
        (None, None, None, None),
        (None, "/own", None, "/own"),
    ],
)
def test_where_static_files_are(
    tmp_path: Path, folder: t.Any, url_path: str | None, path: str | None, expected: str | None
) -> None:
    app = Flask("app", static_folder=folder, static_url_path=url_path, root_path=str(tmp_path))
    assert app.static_folder == (None if path is None else str(tmp_path / path))
    assert app.static_url_path == expected
    assert app.has_static_folder is (folder is not None)
    rules = [rule.rule for rule in app.url_map.iter_rules()]
    assert rules == ([] if folder is None else [f"{expected}/<path:filename>"])


def test_the_static_views_have_the_names_that_protections_exempt() -> None:
    app = Flask("app")
    app.register_blueprint(Blueprint("files", "app", static_folder="static", url_prefix="/files"))
    names = {end: f"{view.__module__}.{view.__name__}" for end, view in app.view_functions.items()}
    assert names == {
        "static": "flask.app.<lambda>",
        "files.static": "flask.blueprints.send_static_file",
    }


def test_the_static_host_and_host_matching_go_together() -> None:
    for options in ({"host_matching": True}, {"static_host": "x.test"}):
        with pytest.raises(AssertionError, match="static_host/host_matching"):
            Flask("app", **options)
    app = Flask("app", host_matching=True, static_host="x.test")
    assert next(app.url_map.iter_rules()).host == "x.test"
    assert list(Flask("app", host_matching=True, static_folder=None).url_map.iter_rules()) == []


def test_two_static_folders_at_one_url_are_allowed(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("root")
    app = Flask("app", static_folder=str(tmp_path), static_url_path="")
    with app.test_client().get("/x.txt") as response:
        assert response.text == "root"


def test_a_subclass_may_have_its_own_constructor() -> None:
    class Own(Flask):
        def __init__(self, *args: t.Any, extra: str, **kwargs: t.Any) -> None:
            super().__init__(*args, **kwargs)
            self.extra = extra
            self.route("/")(lambda: extra)

    assert Own("own", extra="x").test_client().get("/").text == "x"


def test_it_shows_its_name(app: Flask) -> None:
    assert repr(app) == f"<Flask '{app.name}'>"
    assert (app.cli.name, app.import_name) == (app.name, app.name)
