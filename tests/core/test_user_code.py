"""Tests of `_core.user_code`: which files are the user's, and how errors name them."""

import json
import os
import sysconfig
from pathlib import Path

import pytest

import flask
from flask._core.user_code import find_caller, find_last_line, find_library, shorten_path

SCRIPTS = sysconfig.get_path("scripts")
STANDARD_LIBRARY = sysconfig.get_path("stdlib")
INSTALLED = "/venv/lib/python3.11/site-packages"


@pytest.mark.parametrize(
    ("path", "root", "library"),
    [
        # The user's code.
        ("/srv/shop/app.py", "", None),
        ("/srv/shop/app.py", "/srv/shop", None),
        ("/srv/site-packages.py", "", None),
        ("app.py", "", None),
        ("<template>", "", None),
        ("<stdin>", "", None),
        # An installed package; of its folder, too.
        (f"{INSTALLED}/jinja2/environment.py", "", "jinja2"),
        (f"{INSTALLED}/flask_login/utils.py", "/srv/shop", "flask_login"),
        (f"{INSTALLED}/six.py", "", "six"),
        ("/usr/lib/python3/dist-packages/six.py", "", "six"),
        (f"{INSTALLED}/jinja2", "", "jinja2"),
        (INSTALLED, "", "site-packages"),
        ("/srv/shop/.venv/lib/site-packages/x.py", "/srv/shop", "x"),
        # An application that is an installed package.
        (f"{INSTALLED}/shop/app.py", f"{INSTALLED}/shop", None),
        (f"{INSTALLED}/shop_tools/app.py", f"{INSTALLED}/shop", "shop_tools"),
        (f"{INSTALLED}/six.py", f"{INSTALLED}/shop", "six"),
        # Python.
        (json.__file__, "", "Python"),
        (os.path.realpath(json.__file__), "", "Python"),
        (STANDARD_LIBRARY, "", "Python"),
        (os.path.join(SCRIPTS, "gunicorn"), "", "Python"),
        ("<frozen importlib._bootstrap>", "", "Python"),
        # This package, installed or not.
        (flask.__file__, "", "flask"),
        (flask.__file__, os.path.dirname(flask.__file__), "flask"),
        (f"{INSTALLED}/flask/app.py", "", "flask"),
    ],
)
def test_whose_code_it_is(path: str, root: str, library: str | None) -> None:
    assert find_library(path, root) == library


def test_a_link_to_a_library_is_no_code_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "python").symlink_to(STANDARD_LIBRARY)
    assert find_library(str(tmp_path / "python" / "json" / "decoder.py")) == "Python"
    assert find_library(str(tmp_path / "app.py")) is None


def test_paths_are_relative_to_the_working_directory_or_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for path, shown in {
        str(tmp_path / "shop" / "app.py"): "shop/app.py",
        str(tmp_path / ".venv/lib/site-packages/six.py"): "six.py",
        f"{INSTALLED}/jinja2/loaders.py": "jinja2/loaders.py",
        flask.__file__: "flask/__init__.py",
        json.__file__: "json/__init__.py",
        "/other/app.py": "/other/app.py",
        f"{tmp_path}-2/app.py": f"{tmp_path}-2/app.py",
    }.items():
        assert shorten_path(path) == shown


def test_paths_are_whole_if_the_working_directory_was_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert shorten_path("/srv/app.py") == "/srv/app.py"


def test_the_caller_is_never_a_line_of_the_standard_library() -> None:
    hook = eval("lambda pairs: find_caller()", {"find_caller": find_caller, "__name__": "flask.x"})
    code = test_the_caller_is_never_a_line_of_the_standard_library.__code__
    line = code.co_firstlineno + 4
    assert json.loads('{"a": 1}', object_pairs_hook=hook) == f"{__file__}, line {line}"


def test_an_error_of_the_standard_library_is_located_at_its_call() -> None:
    with pytest.raises(ValueError) as raised:
        json.loads("{")
    first = raised.traceback[0]
    assert find_last_line(raised.value) == f"{__file__}, line {first.lineno + 1}"
