"""Both watchers report the same changes, each with the files that a test changes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import watchfiles
from polling import wait_until

from flask._development._project import Project
from flask._development._watchers import NotifiedWatcher, StatWatcher, Watcher, create_watcher


class Folder:
    """A project that is watched, and the files that were reported."""

    def __init__(self, root: Path, create: Callable[..., Watcher]) -> None:
        self.root = root
        self.reported: set[str] = set()
        self.project = Project()
        self.project.roots = {str(root)}
        self.project.modules.clear()
        self.watcher = create(self.project, self._report)
        self.watcher.start()

    def _report(self, paths: set[str]) -> None:
        self.reported |= {os.path.relpath(path, self.root) for path in paths}

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def wait_for(self, name: str) -> None:
        wait_until(lambda: name in self.reported, f"a report of {name}; got {self.reported}")


def notified(project: Project, report: Callable[[set[str]], None]) -> Watcher:
    return NotifiedWatcher(project, report)


def recursive(project: Project, report: Callable[[set[str]], None]) -> Watcher:
    return NotifiedWatcher(project, report, recursive=True)


def stat(project: Project, report: Callable[[set[str]], None]) -> Watcher:
    return StatWatcher(project, report, 0.01)


@pytest.fixture(params=[notified, recursive, stat], ids=lambda kind: kind.__name__)
def folder(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Folder:
    monkeypatch.setattr(sys, "path", [])
    root = Path(os.path.realpath(tmp_path))
    (root / "app.py").write_text("1")
    (root / "views").mkdir()
    (root / "views" / "users.py").write_text("1")
    (root / "node_modules").mkdir()
    (root / "node_modules" / "tool.py").write_text("1")
    return Folder(root, request.param)


@pytest.mark.parametrize("name", ["app.py", "views/users.py", "new.py", "later/inner/new.py"])
def test_a_file_that_is_written_is_reported(folder: Folder, name: str) -> None:
    folder.write(name, "2 # longer than before")
    folder.wait_for(name)


def test_a_file_that_an_editor_replaces_is_reported(folder: Folder) -> None:
    folder.write("app.py.new", "2 # longer")
    os.replace(folder.root / "app.py.new", folder.root / "app.py")
    folder.wait_for("app.py")


def test_a_folder_that_is_removed_and_created_again_is_watched(folder: Folder) -> None:
    shutil.rmtree(folder.root / "views")
    folder.write("views/orders.py", "1")
    folder.wait_for("views/orders.py")
    folder.reported.clear()
    folder.write("views/orders.py", "2 # longer")
    folder.wait_for("views/orders.py")


def test_folders_of_tools_are_not_reported(folder: Folder) -> None:
    folder.write("node_modules/tool.py", "2 # longer")
    folder.write("app.py", "2 # longer")
    folder.wait_for("app.py")
    assert not any("node_modules" in name for name in folder.reported)


def test_a_folder_that_is_added_later_is_watched(folder: Folder, tmp_path: Path) -> None:
    other = Path(os.path.realpath(tmp_path)).parent / f"{tmp_path.name}-other"
    other.mkdir()
    (other / "helpers.py").write_text("1")
    folder.project.update({"modules": [str(other / "helpers.py")]})
    folder.watcher.refresh()
    name = os.path.relpath(other / "helpers.py", folder.root)

    def is_reported() -> bool:
        folder.write(str(other / "helpers.py"), "2" * (len((other / "helpers.py").read_text()) + 1))
        return name in folder.reported

    wait_until(is_reported, "a report")  # the stat watcher reads the first time at its next pass


def test_without_watchfiles_times_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    monkeypatch.setattr(sys, "path", [])
    assert create_watcher("auto", Project(), print, 1).name == "stat"
    with pytest.raises(RuntimeError, match="pip install 'watchfiles>=1'"):
        create_watcher("watchfiles", Project(), print, 1)


def test_if_the_system_refuses_notifications_times_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(watchfiles, "watch", refuse)
    monkeypatch.setattr(sys, "path", [])
    (tmp_path / "app.py").write_text("1")
    folder = Folder(Path(os.path.realpath(tmp_path)), NotifiedWatcher)
    folder.project.update({"modules": [str(folder.root / "app.py")]})
    wait_until(lambda: "Times are compared" in capsys.readouterr().err, "a warning")

    def is_reported() -> bool:
        folder.write("app.py", "2" * (len((tmp_path / "app.py").read_text()) + 1))
        return "app.py" in folder.reported

    wait_until(is_reported, "a report")
