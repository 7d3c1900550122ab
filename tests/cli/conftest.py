"""A fresh process environment, a project folder, and a runner for the tests of the command line."""

from __future__ import annotations

import importlib
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from flask_serve_process import Served


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """No variable that steers the command line, and none left behind."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(("FLASK_", "WERKZEUG_")) or name == "PYTHONSTARTUP":
            del os.environ[name]
    yield
    os.environ.clear()
    os.environ.update(before)


if not hasattr(CliRunner().invoke(click.Command("none")), "output_bytes"):  # before click 8.2

    def _skip(result: object) -> None:
        pytest.skip("this release of click does not capture standard error separately")

    Result.stderr = property(_skip)  # type: ignore[assignment, method-assign]


class Project:
    """A folder that is the current directory; what is imported from it is forgotten afterwards."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, **files: str) -> None:
        """Write modules by their names: ``write(app="...")`` writes ``app.py``."""
        for name, text in files.items():
            self.write_file(f"{name}.py", text)

    def write_file(self, path: str, text: str) -> Path:
        """Write one file, and the folders on the way to it."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        return target


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    root = tmp_path.resolve()
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "path", sys.path[:])
    yield Project(root)
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(str(root)):
            del sys.modules[name]


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


def accepts(path: str) -> bool:
    """Return whether a server listens on a Unix socket; a file may have been left behind."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path) == 0


@pytest.fixture
def serve(folder: Path) -> Iterator[Callable[..., Served]]:
    """Starts ``flask serve`` for the ``shop.py`` of a test module's ``folder``."""
    started: list[Served] = []

    def start(*args: str) -> Served:
        server = Served(folder, *args)
        started.append(server)
        server.wait_for("Started worker-1")
        if "--uds" in args:
            path = args[args.index("--uds") + 1]
            server.wait_until(lambda: accepts(path))
        else:
            server.wait_until(server.listens)
        return server

    yield start
    for server in started:
        server.stop()
