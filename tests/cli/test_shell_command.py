"""``flask shell``: its names, its input and its completion."""

from __future__ import annotations

import code
import sys
import types
from typing import Any

import pytest

from flask import Flask, current_app
from flask.cli import FlaskGroup


@pytest.fixture
def app() -> Flask:
    app = Flask("shop")
    app.shell_context_processor(lambda: {"stock": 41})
    return app


@pytest.fixture
def shell(app: Flask, runner, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command; gives the namespace and the banner that the console was opened with."""
    monkeypatch.delattr(sys, "__interactivehook__", raising=False)

    def run() -> tuple[dict[str, Any], str]:
        opened: list[tuple[dict[str, Any], str]] = []

        def interact(banner: str, local: dict[str, Any]) -> None:
            assert current_app == app
            opened.append((local, banner))

        monkeypatch.setattr(code, "interact", interact)
        result = runner.invoke(
            FlaskGroup(create_app=lambda: app), ["shell"], catch_exceptions=False
        )
        assert result.exit_code == 0
        return opened[0]

    return run


def test_it_has_the_application_and_what_its_processors_give(shell, app: Flask) -> None:
    namespace, _ = shell()
    assert namespace.keys() == {"app", "g", "stock"}
    assert namespace["app"] is app
    assert namespace["stock"] == 41


def test_it_prints_where_it_is(shell, app: Flask) -> None:
    _, banner = shell()
    assert banner == (
        f"Python {sys.version} on {sys.platform}\nApp: shop\nInstance: {app.instance_path}"
    )


def test_the_startup_file_runs_first_and_the_application_wins(
    shell, project, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "# -*- coding: latin-1 -*-\nseen = sorted(globals())\nstock = 'é'\nmine = stock\n"
    (project.root / "startup.py").write_bytes(text.encode("latin-1"))
    monkeypatch.setenv("PYTHONSTARTUP", "startup.py")
    namespace, _ = shell()
    assert namespace["mine"] == "é"
    assert namespace["stock"] == 41
    assert namespace["seen"] == ["__builtins__"]


def test_a_startup_file_that_is_missing_is_passed_over(
    shell, project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONSTARTUP", "missing.py")
    assert "app" in shell()[0]


class TestCompletion:
    @pytest.fixture
    def completers(self, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        made: list[Any] = []
        readline = types.ModuleType("readline")
        vars(readline).update(
            set_completer=made.append,
            parse_and_bind=lambda line: None,
            get_completer=lambda: made[-1],
        )
        monkeypatch.setitem(sys.modules, "readline", readline)
        return made

    def test_the_tab_key_completes_names_of_the_shell(
        self, shell, completers: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "__interactivehook__", lambda: None, raising=False)
        shell()
        assert completers[-1]("sto", 0) == "stock"
        assert completers[-1]("app.import_n", 0) == "app.import_name"

    def test_a_hook_that_sets_its_own_completer_keeps_it(
        self, shell, completers: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            sys, "__interactivehook__", lambda: completers.append("own"), raising=False
        )
        shell()
        assert completers[-1] == "own"

    def test_nothing_is_set_up_if_python_has_no_hook(self, shell, completers: list[Any]) -> None:
        shell()
        assert completers == []

    def test_a_python_without_line_editing_still_runs_its_hook(
        self, shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        called: list[str] = []
        monkeypatch.setitem(sys.modules, "readline", None)
        monkeypatch.setattr(
            sys, "__interactivehook__", lambda: called.append("hook"), raising=False
        )
        shell()
        assert called == ["hook"]
