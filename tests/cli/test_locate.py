"""Find the application that the command line names."""

from __future__ import annotations

import functools
import os
import sys
import types
from importlib.machinery import EXTENSION_SUFFIXES

import pytest
from werkzeug.local import LocalProxy

from flask import Flask
from flask.cli import (
    NoAppException,
    find_app_by_string,
    find_best_app,
    locate_app,
    prepare_import,
)

ONE, TWO = Flask("one"), Flask("two")


class Subclass(Flask):
    pass


def make_one() -> Flask:
    return ONE


def make_two() -> Flask:
    return TWO


def make_from(name: str, *, suffix: object = "") -> Flask:
    return Flask(f"{name}{suffix}")


def make_nothing() -> None:
    return None


def stumble() -> Flask:
    raise TypeError("inside the factory")


def stumble_deeper() -> Flask:
    return make_from()  # type: ignore[call-arg]


def module(**names: object) -> types.ModuleType:
    made = types.ModuleType("project")
    vars(made).update(names)
    return made


SUB = Subclass("sub")

FOUND = {
    "app": ({"app": ONE}, ONE),
    "application": ({"application": ONE}, ONE),
    "app before application": ({"application": TWO, "app": ONE}, ONE),
    "app before others": ({"other": TWO, "app": ONE}, ONE),
    "an app that is no application is passed over": ({"app": 3, "application": ONE}, ONE),
    "the only one under any name": ({"anything": ONE}, ONE),
    "an instance of a subclass": ({"anything": SUB}, SUB),
    "the only one before a factory": ({"anything": ONE, "create_app": make_two}, ONE),
    "create_app": ({"create_app": make_one}, ONE),
    "make_app": ({"make_app": make_one}, ONE),
    "create_app before make_app": ({"make_app": make_two, "create_app": make_one}, ONE),
    "make_app if create_app gives nothing": (
        {"create_app": make_nothing, "make_app": make_one},
        ONE,
    ),
    "a factory whose arguments have defaults": ({"create_app": lambda name="x": ONE}, ONE),
}


@pytest.mark.parametrize(("names", "expected"), FOUND.values(), ids=FOUND)
def test_an_application_is_found_by_its_usual_name(
    names: dict[str, object], expected: Flask
) -> None:
    assert find_best_app(module(**names)) is expected


def test_a_proxy_to_an_application_counts_as_one() -> None:
    assert find_best_app(module(app=LocalProxy(lambda: ONE))) == ONE


NOTHING = (
    "Failed to find Flask application or factory in module 'project'."
    " Use 'project:name' to specify one."
)
SEVERAL = (
    "Detected multiple Flask applications in module 'project'."
    " Use 'project:name' to specify the correct one."
)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({}, NOTHING),
        ({"app": 3}, NOTHING),
        ({"create_app": 3}, NOTHING),
        ({"create_app": make_nothing}, NOTHING),
        ({"create_app": functools.partial(make_one)}, NOTHING),
        ({"create_app": Flask}, NOTHING),
        ({"a": ONE, "b": TWO}, SEVERAL),
        ({"a": ONE, "b": ONE}, SEVERAL),
        (
            {"create_app": make_from},
            "Detected factory 'create_app' in module 'project', but could not call it without"
            " arguments. Use 'project:create_app(args)' to specify arguments.",
        ),
    ],
)
def test_a_module_without_one_clear_application_is_refused(
    names: dict[str, object], message: str
) -> None:
    with pytest.raises(NoAppException) as refused:
        find_best_app(module(**names))
    assert refused.value.message.startswith(message)


@pytest.mark.parametrize("factory", [stumble, stumble_deeper])
def test_a_type_error_inside_a_factory_is_not_taken_for_wrong_arguments(factory: object) -> None:
    with pytest.raises(TypeError):
        find_best_app(module(create_app=factory))
    with pytest.raises(TypeError):
        find_app_by_string(module(factory=factory), "factory")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("one", "one"),
        (" one\n", "one"),
        ("one()", "one"),
        ("make_one", "one"),
        ("make_one()", "one"),
        ("make_from('x')", "x"),
        ("make_from('x',)", "x"),
        (" make_from ( 'x' ) ", "x"),
        ("make_from(name='x')", "x"),
        ("make_from('x', suffix=-1)", "x-1"),
        ("make_from('x', suffix=[1, (2,), {3}, {'k': None}])", "x[1, (2,), {3}, {'k': None}]"),
        ("make_from('x', suffix=b'y')", "xb'y'"),
    ],
)
def test_a_reference_names_an_application_or_calls_a_factory(text: str, name: str) -> None:
    names = {"one": ONE, "make_one": make_one, "make_from": make_from}
    assert find_app_by_string(module(**names), text).name == name


UNREADABLE = "Failed to parse {0!r} as an attribute name or function call."
NOT_LITERAL = "Failed to parse arguments as literal values: {0!r}."
NOT_CALLABLE_SO = (
    "The factory {0!r} in module 'project' could not be called with the specified arguments."
)
NO_APP = "A valid Flask application was not obtained from 'project:{0}'."
NO_SIMPLE_NAME = "Function reference must be a simple name: {0!r}."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *((text, UNREADABLE) for text in ("", "1", "a.b", "x y", "make(", "one;two", "make().x")),
        *((text, UNREADABLE) for text in ("lambda: 1", "x = 1", "import os", "one\0", "a + b")),
        ("a.make()", NO_SIMPLE_NAME),
        ("make()()", NO_SIMPLE_NAME),
        *(
            (f"make({args})", NOT_LITERAL)
            for args in ("x", "1 + 1", "*[1]", "f()", "k=x", "{[]: 1}")
        ),
        ("make(**{'name': 'x'})", NOT_LITERAL),
        ("missing", "Failed to find attribute 'missing' in 'project'."),
        ("missing()", "Failed to find attribute 'missing' in 'project'."),
        ("make", NOT_CALLABLE_SO),
        ("make(1, 2)", NOT_CALLABLE_SO),
        ("make(1, other=2)", NOT_CALLABLE_SO),
        ("three", NO_APP),
        ("three()", NO_APP),
        ("nothing", NO_APP),
        ("kind()", NO_APP),
    ],
)
def test_a_reference_that_gives_no_application_is_refused(text: str, message: str) -> None:
    names = {"make": make_from, "three": 3, "nothing": make_nothing, "kind": Flask}
    with pytest.raises(NoAppException) as refused:
        find_app_by_string(module(**names), text)
    assert refused.value.message.startswith(message.format(text))


@pytest.fixture
def packages(project) -> None:
    for path in ("top/__init__.py", "top/low/__init__.py", "folder/mod.py"):
        project.write_file(path, "")


@pytest.mark.parametrize(
    ("path", "name", "directory"),
    [
        ("mod", "mod", "."),
        ("mod.py", "mod", "."),
        ("./mod.py", "mod", "."),
        ("mod/", "mod", "."),
        ("mod/__init__.py", "mod", "."),
        ("mod/__init__", "mod", "."),
        ("a.b.c", "a.b.c", "."),
        ("folder/mod.py", "mod", "folder"),
        ("folder/a.b", "a.b", "folder"),
        ("folder/../mod.py", "mod", "."),
        ("top", "top", "."),
        ("top/mod.py", "top.mod", "."),
        ("top/low/mod", "top.low.mod", "."),
        ("top/low/__init__.py", "top.low", "."),
        ("top/note.txt", "top.note.txt", "."),
    ],
)
@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.usefixtures("packages")
def test_a_path_is_made_importable(
    project, path: str, name: str, directory: str, absolute: bool
) -> None:
    written = os.path.join(project.root, path) if absolute else path
    assert prepare_import(written) == name
    assert sys.path[0] == os.path.normpath(project.root / directory)


def test_a_directory_goes_in_front_of_the_import_path_only_once(project) -> None:
    length = len(sys.path)
    prepare_import("mod")
    prepare_import("other")
    assert len(sys.path) == length + 1


APP = "from flask import Flask\napp = Flask(__name__)\n"


def test_a_module_is_imported_and_its_application_returned(project) -> None:
    project.write(located=APP + "second = Flask('second')\n")
    name = prepare_import("located.py")
    assert locate_app(name, None).name == "located"
    assert locate_app(name, "second").name == "second"


@pytest.mark.parametrize("name", ["missing_module", "missing/module", ".relative", "", "a.b.c"])
def test_a_missing_module_is_an_error_unless_it_may_be_missing(name: str) -> None:
    with pytest.raises(NoAppException) as refused:
        locate_app(name, None)
    assert refused.value.message.startswith(f"Could not import {name!r}.")
    assert locate_app(name, None, raise_if_not_found=False) is None


@pytest.mark.parametrize("may_be_missing", [False, True])
def test_a_failing_import_inside_a_module_is_shown_with_its_traceback(
    project, may_be_missing: bool
) -> None:
    project.write(outer_module="import inner_module", inner_module="import missing_module")
    with pytest.raises(NoAppException) as refused:
        locate_app(prepare_import("outer_module"), None, raise_if_not_found=not may_be_missing)
    message = refused.value.message
    assert message.startswith("While importing 'outer_module', an ImportError was raised:\n\n")
    # The user's files and nothing else: the first frame is the module itself.
    assert f'(most recent call last):\n  File "{project.root}/outer_module.py", line 1' in message
    assert f'File "{project.root}/inner_module.py", line 1' in message
    assert "ModuleNotFoundError: No module named 'missing_module'\n" in message


def test_a_name_that_cannot_be_imported_from_a_module_is_shown_with_its_traceback(project) -> None:
    project.write(importer="from os import missing_name")
    with pytest.raises(NoAppException, match="cannot import name 'missing_name'"):
        locate_app(prepare_import("importer"), None)


def test_a_compiled_module_that_cannot_be_loaded_is_not_taken_for_a_missing_one(project) -> None:
    project.write_file(f"compiled{EXTENSION_SUFFIXES[0]}", "no machine code")
    with pytest.raises(NoAppException, match="While importing 'compiled', an ImportError"):
        locate_app(prepare_import("compiled"), None, raise_if_not_found=False)


@pytest.mark.parametrize(("text", "error"), [("1/0", ZeroDivisionError), ("(", SyntaxError)])
def test_other_errors_of_a_module_pass_through(project, text: str, error: type[Exception]) -> None:
    project.write(faulty=text)
    with pytest.raises(error):
        locate_app(prepare_import("faulty"), None)
