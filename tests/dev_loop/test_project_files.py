"""Which files the reloader watches, and which changes cause a restart."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from flask._development import _project
from flask._development._project import Project, list_traceback_files, list_tree


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of ``sys.path``, the only one of a project."""
    root = Path(os.path.realpath(tmp_path)) / "shop"
    root.mkdir()
    monkeypatch.setattr(sys, "path", [str(root)])
    monkeypatch.setattr(_project, "list_module_files", set)  # none of this process
    return root


def create(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_all_folders_are_watched_except_those_of_tools_and_environments(root: Path) -> None:
    create(
        root,
        *("app.py", "views/admin/users.py", "data/a.csv"),
        *(".git/objects/a", ".venv/pyvenv.cfg", ".hidden/a.py", "__pycache__/app.pyc"),
        *("node_modules/left-pad/a.py", "env/pyvenv.cfg", "env/bin/a.py", "conda/conda-meta/a"),
        *("lib/python3.11/site-packages/a.py", "views/node_modules/a.py"),
    )
    found = {os.path.relpath(folder, root) for folder in list_tree(str(root))}
    assert found == {".", "views", "views/admin", "data", "lib", "lib/python3.11"}


def test_a_link_to_a_folder_is_not_followed(root: Path, tmp_path: Path) -> None:
    create(tmp_path, "elsewhere/inner/a.py")
    (root / "link").symlink_to(tmp_path / "elsewhere")
    (root / "loop").symlink_to(root)
    assert list(list_tree(str(root))) == [str(root)]


@pytest.mark.parametrize(
    ("path", "is_restart"),
    [
        ("app.py", True),
        ("views/users.py", True),
        ("not_yet_there.py", True),
        ("extra.toml", True),
        ("watched/a.py", True),
        ("watched/a.txt", False),
        ("README.md", False),
        ("app.db", False),
        ("app.pyc", False),
        ("skipped/a.py", False),
        ("../beside/a.py", False),
    ],
)
def test_python_files_and_extra_files_cause_a_restart(
    root: Path, path: str, is_restart: bool
) -> None:
    create(root, "watched/a.py")
    extra = [str(root / "extra.toml"), str(root / "watched")]
    project = Project(extra, ["*/skipped/*"])
    assert project.causes_restart(os.path.normpath(root / path)) is is_restart


def test_files_beside_an_imported_module_of_another_folder_are_watched(
    root: Path, tmp_path: Path
) -> None:
    create(tmp_path, "library/helpers.py", "library/new.py")
    library = Path(os.path.realpath(tmp_path)) / "library"
    project = Project()
    assert not project.causes_restart(str(library / "new.py"))
    assert project.update({"modules": [str(library / "helpers.py")]})
    assert project.causes_restart(str(library / "helpers.py"))
    assert project.causes_restart(str(library / "new.py"))
    assert str(library) in project.list_folders()[0]
    assert not project.update({"modules": [str(library / "helpers.py")]})


@pytest.mark.parametrize(
    ("path", "asset"),
    [
        ("templates/shop/cart.html", ("template", "shop/cart.html")),
        ("templates/mail.txt", ("template", "mail.txt")),
        ("static/css/shop.css", ("static", "css/shop.css")),
        ("static/.shop.css.swp", None),
        ("templates/cart.html~", None),
        ("templates/#cart.html#", None),
        ("templates/4913", None),
        ("other/cart.html", None),
    ],
)
def test_templates_and_static_files_concern_the_browser(
    root: Path, path: str, asset: tuple[str, str] | None
) -> None:
    project = Project()
    project.update({"templates": [str(root / "templates")], "static_files": [str(root / "static")]})
    assert project.find_asset(str(root / path)) == asset


def test_a_home_folder_is_not_watched_as_a_whole(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(root, "photos/a.jpg", "work/app.py")
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.setattr(sys, "path", [str(root), "/"])
    project = Project()
    project.modules = {str(root / "work" / "app.py")}
    assert project.list_watched_roots() == set()
    assert project.list_folders()[0] == sorted(["/", str(root), str(root / "work")])


def test_the_number_of_folders_is_limited(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create(root, *(f"{number}/a.py" for number in range(9)))
    assert Project().list_folders()[1] is False
    monkeypatch.setattr(_project, "MOST_FOLDERS", 5)
    folders, is_cut = Project().list_folders()
    assert len(folders) == 5
    assert is_cut


@pytest.mark.parametrize("text", ["1/0", "x = (", "import not_there_at_all"])
def test_a_module_that_cannot_be_imported_is_watched(
    root: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (root / "broken_module.py").write_text(text)
    with pytest.raises(Exception) as raised:
        __import__("broken_module")
    assert str(root / "broken_module.py") in list_traceback_files(raised.value)
