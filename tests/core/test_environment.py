"""The debug flag, the root path and the instance path."""

from __future__ import annotations

import os
import sys
import types
import typing as t
from pathlib import Path

import pytest

from flask import Flask
from flask.helpers import get_debug_flag, get_load_dotenv, get_root_path
from flask.sansio.scaffold import find_package


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((off, False) for off in ("", "0", "false", "False", "no", "NO")),
        *((on, True) for on in ("1", "true", "yes", "2", "on", "anything", "off")),
    ],
)
def test_the_debug_flag(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("FLASK_DEBUG", value)
    assert get_debug_flag() is expected
    assert Flask("app").debug is expected


def test_the_debug_flag_is_off_without_a_variable() -> None:
    assert get_debug_flag() is False


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", False), ("true", False), ("0", True), ("false", True), ("no", True)],
)
def test_dotenv_files_may_be_skipped(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: bool
) -> None:
    monkeypatch.setenv("FLASK_SKIP_DOTENV", value)
    assert (get_load_dotenv(True), get_load_dotenv(False)) == (expected, expected)


def test_dotenv_files_are_read_by_default() -> None:
    assert (get_load_dotenv(), get_load_dotenv(False)) == (True, False)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Path]:
    """A folder on the path with modules and packages; what is imported is forgotten again."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("a_package/__init__.py", "a_package/inner.py", "a_module.py"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("")
    (tmp_path / "a_namespace" / "part").mkdir(parents=True)
    (tmp_path / "a_namespace" / "part" / "__init__.py").write_text("")
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("a_module", "."),
        ("a_package", "a_package"),
        ("a_package.inner", "a_package"),
        ("a_namespace.part", "a_namespace/part"),
    ],
)
@pytest.mark.parametrize("is_loaded", [False, True])
def test_the_root_path_is_beside_the_module(
    project: Path, name: str, folder: str, is_loaded: bool
) -> None:
    if is_loaded:
        __import__(name)
    assert Path(get_root_path(name)) == (project / folder).resolve()


@pytest.mark.parametrize("name", ["no_such_module", "__main__x", "no_such.module"])
def test_an_unknown_name_lives_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Path(get_root_path(name)) == tmp_path


def test_a_namespace_package_has_no_root_path(project: Path) -> None:
    __import__("a_namespace")
    with pytest.raises(RuntimeError, match=r"No root path can be found .*'a_namespace'"):
        get_root_path("a_namespace")


def test_a_module_of_an_importer_of_old(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A loader without ``get_filename`` that writes the file into the module."""
    import importlib.machinery
    import importlib.util

    class Loader:
        def create_module(self, spec: t.Any) -> None:
            return None

        def exec_module(self, module: types.ModuleType) -> None:
            module.__file__ = str(tmp_path / "exotic.py")

    class Finder:
        def find_spec(self, name: str, path: t.Any = None, target: t.Any = None) -> t.Any:
            if name == "exotic":
                return importlib.machinery.ModuleSpec(name, Loader())  # type: ignore[arg-type]
            return None

    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    try:
        assert Path(get_root_path("exotic")) == tmp_path
    finally:
        sys.modules.pop("exotic", None)


@pytest.mark.parametrize(
    ("name", "instance"),
    [
        ("a_module", "instance"),
        ("a_package", "instance"),
        ("a_package.inner", "instance"),
        ("a_namespace.part", "instance"),
    ],
)
def test_in_a_project_the_instance_folder_is_beside_the_top_package(
    project: Path, name: str, instance: str
) -> None:
    __import__(name)
    assert find_package(name) == (None, str(project.resolve())) or find_package(name)[0] is None
    assert Path(Flask(name).instance_path) == project.resolve() / instance


INSTALLED = [
    ("lib/python3.11/site-packages", "."),
    ("Lib/site-packages", "."),
    ("site-packages", "."),
    ("deep/lib/python3.9/site-packages", "deep"),
]


@pytest.mark.parametrize(("site", "prefix"), INSTALLED)
@pytest.mark.parametrize("kind", ["module", "package", "namespace"])
def test_of_an_installed_package_it_is_below_the_prefix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: str, prefix: str, kind: str
) -> None:
    folder = tmp_path / site
    folder.mkdir(parents=True)
    name = f"installed_{kind}"
    if kind == "module":
        (folder / f"{name}.py").write_text("")
    elif kind == "package":
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("")
    else:
        (folder / name).mkdir()
        (folder / name / "inner.py").write_text("")
        name += ".inner"
    monkeypatch.syspath_prepend(str(folder))
    __import__(name)
    try:
        expected = (tmp_path / prefix).resolve()
        assert find_package(name) == (str(expected), str(folder))
        assert Path(Flask(name).instance_path) == expected / "var" / f"{name}-instance"
    finally:
        for loaded in [known for known in sys.modules if known.startswith("installed_")]:
            del sys.modules[loaded]


def test_a_namespace_of_several_folders_is_that_of_the_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("one", "two"):
        (tmp_path / place / "a_split" / place).mkdir(parents=True)
        (tmp_path / place / "a_split" / place / "__init__.py").write_text("")
        monkeypatch.syspath_prepend(str(tmp_path / place))
    for place in ("one", "two"):
        assert find_package(f"a_split.{place}") == (None, str(tmp_path / place))
    for name in [known for known in sys.modules if known.startswith("a_split")]:
        del sys.modules[name]


def test_a_package_below_the_interpreters_prefix_is_installed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(project.resolve()))
    assert find_package("a_package") == (str(project.resolve()), str(project.resolve()))


def test_an_unknown_package_lives_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_package("no_such_package") == (None, str(tmp_path))


def test_the_instance_path_may_be_given_but_not_relative(tmp_path: Path) -> None:
    assert Flask("app", instance_path=str(tmp_path)).instance_path == str(tmp_path)
    with pytest.raises(ValueError, match="must be absolute"):
        Flask("app", instance_path="relative")


def test_a_script_is_named_by_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    main = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert Flask("__main__", root_path=os.getcwd()).name == "__main__"
    main.__file__ = os.path.join("folder", "the_script.py")
    assert Flask("__main__", root_path=os.getcwd()).name == "the_script"
    assert Flask("other").name == "other"
