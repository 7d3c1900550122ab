"""Private names of dependencies are listed in one table, and the installed releases have them."""

from __future__ import annotations

import ast
import asyncio
import io
import json
import tempfile
import typing as t

import pytest
from modules import MODULES, Module
from werkzeug.datastructures import EnvironHeaders, Headers
from werkzeug.routing import Map, Rule
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import LimitedStream

from flask._core.dependencies import PRIVATE_NAMES, PrivateName

DOCUMENTED = {
    "_current_frames",
    "_exit",
    "_fields",
    "_get_current_object",
    "_getframe",
    "_value2member_map_",
}
"""Names with an underscore that the documentation of Python and Werkzeug lists."""


def make_request() -> Request:
    request = Request(EnvironBuilder(data=b"text").get_environ())
    request.get_data()
    return request


def make_rule() -> Rule:
    rule = Rule("/<int:number>", endpoint="view")
    Map([rule])
    return rule


def make_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.close()
    return loop


def make_file() -> object:
    with tempfile.SpooledTemporaryFile() as file:
        return file


SAMPLES: dict[str, t.Callable[[], object]] = {
    "asyncio:BaseEventLoop": make_loop,
    "json:JSONDecoder": json.JSONDecoder,
    "tempfile:SpooledTemporaryFile": make_file,
    "werkzeug.datastructures:EnvironHeaders": lambda: EnvironHeaders({}),
    "werkzeug.datastructures:Headers": Headers,
    "werkzeug.routing:Rule": make_rule,
    "werkzeug.test:Client": lambda: Client(Response()),
    "werkzeug.wrappers:Request": make_request,
    "werkzeug.wrappers:Response": Response,
    "werkzeug.wsgi:LimitedStream": lambda: LimitedStream(io.BytesIO(), 1),
}
"""Objects of the classes whose initializers or methods set the names."""


def find_owner(owner: str) -> object:
    """Return the module, class or object that has the name."""
    if owner in SAMPLES:
        return SAMPLES[owner]()
    module, _, name = owner.partition(":")
    found = pytest.importorskip(module)
    return getattr(found, name) if name else found


@pytest.mark.parametrize("entry", PRIVATE_NAMES, ids=lambda entry: f"{entry.owner}.{entry.name}")
def test_the_installed_release_has_the_name(entry: PrivateName) -> None:
    owner = find_owner(entry.owner)
    has_name = hasattr(owner, entry.name)
    if not has_name and entry.is_optional:
        pytest.skip("this release has no such name, and the package works without it")
    assert has_name


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def names_defined_in(module: Module) -> t.Iterator[str]:
    """Yield the names that a module defines or assigns to ``self`` or ``cls``."""
    for node in ast.walk(module.tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Name(ctx=ast.Store()):
                yield node.id
            case ast.Attribute(ast.Name("self" | "cls"), ctx=ast.Store()):
                yield node.attr


def names_accessed_in(module: Module) -> t.Iterator[str]:
    """Yield the attributes of a module, and the names that it imports from other distributions."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Attribute():
                yield node.attr
            case ast.ImportFrom(str(origin), aliases, 0) if origin != "_typeshed.wsgi":
                yield from origin.split(".")
                yield from (alias.name for alias in aliases)


def texts_of(module: Module) -> t.Iterator[str]:
    """Yield the texts of a module, which may be arguments of ``getattr``."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


USED = {
    module.name: {*names_accessed_in(module), *names_defined_in(module), *texts_of(module)}
    for module in MODULES
    if module.name != "_core/dependencies"
}
OURS = {name for module in MODULES for name in names_defined_in(module)}
LISTED = {entry.name for entry in PRIVATE_NAMES}


def test_no_module_accesses_a_private_name_that_is_not_listed() -> None:
    unlisted = {
        (module.name, name)
        for module in MODULES
        for name in names_accessed_in(module)
        if is_private(name) and name not in OURS | LISTED | DOCUMENTED
    }
    assert unlisted == set()


def is_listed_for(entry: PrivateName, module: str) -> bool:
    return any(module == place or module.startswith(f"{place}/") for place in entry.modules)


@pytest.mark.parametrize("entry", PRIVATE_NAMES, ids=lambda entry: f"{entry.owner}.{entry.name}")
def test_a_name_is_used_by_the_listed_modules_and_no_others(entry: PrivateName) -> None:
    users = {name for name, used in USED.items() if entry.name in used}
    for place in entry.modules:
        assert any(user == place or user.startswith(f"{place}/") for user in users), place
    if entry.name not in OURS:  # otherwise the users may mean an attribute of this package
        assert {user for user in users if not is_listed_for(entry, user)} == set()


def test_each_entry_has_a_user_and_a_reason() -> None:
    assert all(entry.modules and entry.reason for entry in PRIVATE_NAMES)
