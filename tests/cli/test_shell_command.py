"""``flask shell``: its names, its input and its completion."""

from __future__ import annotations

import code
import importlib.machinery
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

    def run(*args: str) -> tuple[dict[str, Any], str]:
        opened: list[tuple[dict[str, Any], str]] = []

        def interact(banner: str, local: dict[str, Any]) -> None:
            assert current_app == app
            opened.append((local, banner))

        monkeypatch.setattr(code, "interact", interact)
        result = runner.invoke(
            FlaskGroup(create_app=lambda: app), ["shell", *args], catch_exceptions=False
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


class TestIPython:
    @pytest.fixture
    def started(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        """How a replacement of IPython was started."""
        calls: list[dict[str, Any]] = []

        class Config:
            def __getattr__(self, name: str) -> Any:
                section = types.SimpleNamespace()
                setattr(self, name, section)
                return section

        ipython = types.ModuleType("IPython")
        vars(ipython).update(
            start_ipython=lambda **options: calls.append({**options, "app": current_app.name})
        )
        ipython.__spec__ = importlib.machinery.ModuleSpec("IPython", None)
        traitlets = types.ModuleType("traitlets.config")
        vars(traitlets).update(Config=Config)
        monkeypatch.setitem(sys.modules, "IPython", ipython)
        monkeypatch.setitem(sys.modules, "traitlets", types.ModuleType("traitlets"))
        monkeypatch.setitem(sys.modules, "traitlets.config", traitlets)
        return calls

    def run(self, runner, app: Flask, *args: str, **variables: str) -> Any:
        tool = FlaskGroup(create_app=lambda: app)
        return runner.invoke(tool, ["shell", *args], env=variables)

    @pytest.mark.parametrize(
        ("args", "variables"),
        [(["--interface", "ipython"], {}), ([], {"FLASK_SHELL_INTERFACE": "ipython"})],
    )
    def test_it_is_used_if_it_is_chosen(
        self, started, runner, app: Flask, args: list[str], variables: dict[str, str]
    ) -> None:
        result = self.run(runner, app, *args, **variables)
        assert result.exit_code == 0, result.output
        (call,) = started
        assert call["app"] == "shop" and call["argv"] == []
        assert call["user_ns"].keys() == {"app", "g", "stock"}
        banner = call["config"].TerminalInteractiveShell.banner1
        assert banner.endswith(f"App: shop\nInstance: {app.instance_path}\n")

    @pytest.mark.parametrize(("is_terminal", "count"), [(True, 1), (False, 0)])
    def test_it_is_used_by_itself_if_a_user_types(
        self, started, shell, monkeypatch: pytest.MonkeyPatch, is_terminal: bool, count: int
    ) -> None:
        monkeypatch.setattr("flask.cli._shell._is_terminal", lambda: is_terminal)
        if is_terminal:
            with pytest.raises(IndexError):  # Python's own shell is not opened
                shell()
        else:
            assert "stock" in shell()[0]
        assert len(started) == count

    def test_python_can_be_chosen(self, started, shell, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("flask.cli._shell._is_terminal", lambda: True)
        assert "stock" in shell("--interface", "python")[0]
        assert started == []

    def test_choosing_it_without_installing_it_is_an_error(
        self, runner, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "IPython", None)
        result = self.run(runner, app, "--interface", "ipython")
        assert result.exit_code == 2
        assert "pip install ipython" in result.stderr

    def test_without_it_python_is_used(self, shell, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "IPython", None)
        monkeypatch.setattr("flask.cli._shell._is_terminal", lambda: True)
        assert "stock" in shell()[0]
